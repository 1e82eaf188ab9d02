package memory

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func instants() *rapid.Generator[time.Time] {
	return rapid.OneOf(
		rapid.Just(time.Time{}), rapid.Just(points.Never),
		rapid.Map(rapid.Int64Range(-1e15, 4e15), func(micros int64) time.Time { return time.UnixMicro(micros).UTC() }),
	)
}

// documents are nil or not empty, as they come back.
func documents() *rapid.Generator[[]byte] {
	return rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) []byte { return list(b) })
}

func operations() *rapid.Generator[storage.Operation] {
	return rapid.Custom(func(t *rapid.T) storage.Operation {
		return storage.Operation{
			Program: "cafe", Member: "ada", Version: rapid.Int64().Draw(t, "version"),
			Key: rapid.String().Draw(t, "key"), Type: rapid.String().Draw(t, "type"),
			Command: documents().Draw(t, "command"), Receipt: documents().Draw(t, "receipt"),
			Fingerprint: documents().Draw(t, "fingerprint"), Reason: rapid.String().Draw(t, "reason"),
			Actor: rapid.String().Draw(t, "actor"), Reference: rapid.String().Draw(t, "reference"),
			Salt: documents().Draw(t, "salt"), Digests: documents().Draw(t, "digests"),
			Library: rapid.String().Draw(t, "library"), Format: rapid.Int().Draw(t, "format"),
			OccurredAt: instants().Draw(t, "occurred"), RecordedAt: instants().Draw(t, "recorded"),
			Hash: documents().Draw(t, "hash"),
		}
	})
}

func entries() *rapid.Generator[storage.Entry] {
	return rapid.Custom(func(t *rapid.T) storage.Entry {
		return storage.Entry{
			Program: "cafe", Member: "ada", Version: rapid.Int64().Draw(t, "version"), Ordinal: rapid.Int().Draw(t, "ordinal"),
			Entry: points.Entry{
				Unit: rapid.String().Draw(t, "unit"), Kind: points.EntryKind(rapid.String().Draw(t, "kind")),
				From: points.Bucket(rapid.Uint8().Draw(t, "from")), To: points.Bucket(rapid.Uint8().Draw(t, "to")),
				Amount: points.Amount(rapid.Int64().Draw(t, "amount")),
				Lot:    points.LotID(rapid.Int64().Draw(t, "lot")), Into: points.LotID(rapid.Int64().Draw(t, "into")),
				Rule: rapid.String().Draw(t, "rule"), Revision: rapid.Int64().Draw(t, "revision"),
				Reference:  rapid.String().Draw(t, "reference"),
				Corrects:   points.EntryRef{Version: rapid.Int64().Draw(t, "corrects"), Ordinal: rapid.Int().Draw(t, "at")},
				OccurredAt: instants().Draw(t, "occurred"), RecordedAt: instants().Draw(t, "recorded"),
			},
		}
	})
}

func events() *rapid.Generator[storage.Event] {
	return rapid.Custom(func(t *rapid.T) storage.Event {
		return storage.Event{
			Program: "cafe", Member: "ada", Version: rapid.Int64().Draw(t, "version"), Ordinal: rapid.Int().Draw(t, "ordinal"),
			Type: rapid.String().Draw(t, "type"), RecordedAt: instants().Draw(t, "recorded"), Data: documents().Draw(t, "data"),
		}
	})
}

func TestPackedHistoryComesBackAsItWas(t *testing.T) {
	a := &account{row: storage.Account{Program: "cafe", Member: "ada"}}
	var c codec
	rapid.Check(t, func(t *rapid.T) {
		op := operations().Draw(t, "operation")
		lines := rapid.SliceOfN(entries(), 0, 3).Draw(t, "entries")
		outbox := rapid.SliceOfN(events(), 0, 3).Draw(t, "events")
		v := packVersion(&c, &op, lines, outbox)

		require.Equal(t, op, v.unpackOperation(a))
		require.Equal(t, lines, append([]storage.Entry{}, slices.Collect(v.unpackEntries(a))...))
		require.Equal(t, outbox, append([]storage.Event{}, slices.Collect(v.unpackEvents(a))...))
		recorded, key, hasBody := v.peek()
		require.Equal(t, op.RecordedAt, recorded)
		require.Equal(t, op.Key, key)
		require.Equal(t, len(op.Command)+len(op.Receipt) > 0, hasBody)
	})
}

func TestPackedRecordsComeBackAsTheyWere(t *testing.T) {
	a := &account{row: storage.Account{Program: "cafe", Member: "ada"}, scratch: &codec{}}
	rapid.Check(t, func(t *rapid.T) {
		row := storage.Record{
			Program: "cafe", Member: "ada", Kind: rapid.String().Draw(t, "kind"), ID: rapid.String().Draw(t, "id"),
			Status: rapid.String().Draw(t, "status"), Reference: rapid.String().Draw(t, "reference"),
			Sort: rapid.String().Draw(t, "sort"), DueAt: instants().Draw(t, "due"), Data: documents().Draw(t, "data"),
		}
		for _, id := range rapid.SliceOfN(rapid.Int64(), 0, 3).Draw(t, "lots") {
			row.Lots = append(row.Lots, points.LotID(id))
		}
		r := newRecord(a, &row)
		require.Equal(t, row, r.unpack())
		require.Equal(t, []string{row.Kind, row.ID, row.Status, row.Reference, row.Sort},
			[]string{r.kind, r.id, r.status, r.reference, r.key})
		require.Equal(t, row.DueAt, r.due)
	})
}

func TestInstantsAreStoredInUTCWithMicroseconds(t *testing.T) {
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	noon := time.Date(2026, 3, 14, 12, 0, 0, 1_999, tokyo)
	require.Equal(t, time.Date(2026, 3, 14, 3, 0, 0, 1_000, time.UTC), instant(noon))
	require.Equal(t, time.Time{}, instant(time.Time{}))
	require.Equal(t, points.Never, instant(points.Never))
}
