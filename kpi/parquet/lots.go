package parquet

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// lotRow is a lot of points as it is now.
type lotRow struct {
	Program       string `parquet:"program,dict"`
	Member        string `parquet:"member,dict"`
	Lot           int64  `parquet:"lot"`
	Unit          string `parquet:"unit,dict"`
	State         string `parquet:"state,dict"`
	Original      int64  `parquet:"original"`
	Remaining     int64  `parquet:"remaining"`
	Held          int64  `parquet:"held"`
	EarnedAt      int64  `parquet:"earned_at,timestamp(microsecond)"`
	AvailableFrom int64  `parquet:"available_from,timestamp(microsecond)"`
	ExpiresAt     int64  `parquet:"expires_at,timestamp(microsecond)"`
	Source        string `parquet:"source"`
	Origin        string `parquet:"origin"`
	Qualifies     bool   `parquet:"qualifies"`
	MergedInto    int64  `parquet:"merged_into"`
	Merged        int64  `parquet:"merged"`
}

var lotColumns = []string{
	"program", "member", "lot", "unit", "state", "original", "remaining", "held", "earned_at", "available_from", "expires_at", "source",
	"origin", "qualifies", "merged_into", "merged",
}

// WriteLots writes the lots of all accounts of a program, open and used up, in one file,
// and returns how many they are. With the parts of [WriteLedger] they are what
// PointCohorts of package kpi/sqlkpi reads. The file holds members' ids and references; after
// an error it lacks its end and is no file.
func WriteLots(ctx context.Context, w io.Writer, store storage.Store, program string) (int64, error) {
	if program == "" {
		var problems kpi.Problems
		problems.Add("program", "must name the program whose lots are written")
		return 0, fmt.Errorf("parquet: %w", problems)
	}
	n, err := writeRows(w, lotsOf(ctx, store, program), rowOfLot)
	if err != nil {
		err = fmt.Errorf("parquet: lots: %w", err)
	}
	return n, err
}

func lotsOf(ctx context.Context, store storage.Store, program string) iter.Seq2[storage.Lot, error] {
	return func(yield func(storage.Lot, error) bool) {
		for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program, Limit: 1000}) {
			if err != nil {
				yield(storage.Lot{}, err)
				return
			}
			for lot, err := range storage.AllLots(ctx, store, storage.MemberQuery{Program: program, Member: account.Member, Limit: 1000}) {
				if !yield(lot, err) || err != nil {
					return
				}
			}
		}
	}
}

func rowOfLot(l storage.Lot) lotRow {
	return lotRow{
		Program: l.Program, Member: l.Member, Lot: int64(l.ID), Unit: l.Unit, State: l.State.String(), Original: int64(l.Original),
		Remaining: int64(l.Remaining), Held: int64(l.Held), EarnedAt: l.EarnedAt.UnixMicro(), AvailableFrom: l.AvailableFrom.UnixMicro(),
		ExpiresAt: l.ExpiresAt.UnixMicro(), Source: l.Source, Origin: l.Origin, Qualifies: l.Qualifies,
		MergedInto: int64(l.MergedInto), Merged: int64(l.Merged),
	}
}

// ReadLots reads a file that [WriteLots] wrote, in the order written: by member. An
// error, which wraps [ErrFile] where the file is at fault, ends the sequence.
func ReadLots(r io.ReaderAt, size int64) iter.Seq2[storage.Lot, error] {
	states := map[string]points.LotState{}
	for _, state := range []points.LotState{points.LotPending, points.LotOpen, points.LotUsed} {
		states[state.String()] = state
	}
	return readRows(r, size, lotColumns, func(row *lotRow) (storage.Lot, error) {
		l := storage.Lot{Program: row.Program, Member: row.Member, Lot: points.Lot{
			ID: points.LotID(row.Lot), Unit: row.Unit, State: states[row.State], Original: points.Amount(row.Original),
			Remaining: points.Amount(row.Remaining), Held: points.Amount(row.Held), EarnedAt: time.UnixMicro(row.EarnedAt).UTC(),
			AvailableFrom: time.UnixMicro(row.AvailableFrom).UTC(), ExpiresAt: time.UnixMicro(row.ExpiresAt).UTC(),
			Source: row.Source, Origin: row.Origin, Qualifies: row.Qualifies,
			MergedInto: points.LotID(row.MergedInto), Merged: points.Amount(row.Merged),
		}}
		if l.State == 0 {
			return l, fmt.Errorf("%q is no state of a lot", cmp.Or(row.State, "an empty text"))
		}
		return l, nil
	})
}
