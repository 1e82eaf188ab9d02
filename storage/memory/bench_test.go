package memory_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// BenchmarkEarn loads and commits what one Earn does: an account, an operation,
// an entry, a lot, a record, a claim and an event. The rows are made in the same
// memory each time, so what is allocated is the store's.
func BenchmarkEarn(b *testing.B) {
	for _, members := range []int{1, 10_000, 100_000} {
		b.Run(strconv.Itoa(members)+" members", func(b *testing.B) {
			shop := newShop(members)
			for range members {
				shop.earn(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				shop.earn(b)
			}
		})
	}
}

// BenchmarkEarnWithHistory earns for one member whose history is already long:
// the cost must not grow with it.
func BenchmarkEarnWithHistory(b *testing.B) {
	for _, history := range []int{100, 10_000, 100_000} {
		b.Run(strconv.Itoa(history)+" entries", func(b *testing.B) {
			shop := newShop(1)
			for range history {
				shop.earn(b)
			}
			b.ReportAllocs()
			for b.Loop() {
				shop.earn(b)
			}
		})
	}
}

// shop earns points for its members in turn. Each earn uses up the member's lot
// of three earns ago, so that open lots stay few.
type shop struct {
	store    *memory.Store
	members  []string
	versions []int64
	earns    int
	now      time.Time

	loads  []storage.LoadRequest
	commit []storage.Batch
}

func newShop(members int) *shop {
	now := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	s := &shop{store: memory.New(), versions: make([]int64, members), now: now}
	for i := range members {
		s.members = append(s.members, "member-"+strconv.Itoa(i*7919%1_000_003))
	}
	document, digest := make([]byte, 300), make([]byte, 32)
	s.loads = []storage.LoadRequest{{
		Program: "cafe",
		Claims:  make([]storage.ClaimKey, 1),
		Records: make([]storage.RecordKey, 1),
		Debits:  []storage.Debit{{Unit: "bean", Amount: 5, Limit: 8}},
	}}
	s.commit = []storage.Batch{{
		Program: "cafe",
		Legs: []storage.Leg{{
			Account: storage.Account{
				Program: "cafe", Kind: storage.Person, Status: storage.Active,
				Balances: []points.Balance{{Unit: "bean", Available: 27}, {Unit: "spend", Counted: 450}},
				Standing: []storage.Standing{{Ladder: "club", Tier: "gold", Since: now, Until: points.Never}},
				DueAt:    expiry, Hash: digest, Data: digest,
			},
			Operation: storage.Operation{
				Program: "cafe", Type: "earn", Command: document, Receipt: document,
				Fingerprint: digest, Salt: digest, Digests: digest, Hash: digest,
			},
			Entries: []storage.Entry{{Program: "cafe", Entry: points.Entry{
				Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 9,
			}}},
			Lots:    []storage.Lot{{Program: "cafe"}, {Program: "cafe"}},
			Records: []storage.Record{{Program: "cafe", Kind: "order", Status: "earned", DueAt: points.Never, Lots: make([]points.LotID, 1), Data: document}},
			Events:  []storage.Event{{Program: "cafe", Type: "earned", Data: document}},
		}},
		Claims: make([]storage.ClaimChange, 1),
	}}
	return s
}

var expiry = time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC)

func (s *shop) earn(tb testing.TB) {
	i := s.earns % len(s.members)
	s.earns++
	s.versions[i]++
	member, version := s.members[i], s.versions[i]
	s.now = s.now.Add(time.Second)
	order := "order-" + strconv.Itoa(s.earns)

	load := &s.loads[0]
	load.Member, load.Key, load.DueBy = member, order, s.now
	load.Claims[0] = storage.ClaimKey{Space: "order", Key: order}
	load.Records[0] = storage.RecordKey{Kind: "order", ID: order}
	load.Debits[0].After = s.now
	snapshots, err := s.store.Load(tb.Context(), s.loads)
	if err != nil || (snapshots[0].Account == nil) != (version == 1) {
		tb.Fatalf("account of %q: %v, %v", member, snapshots[0].Account, err)
	}

	leg := &s.commit[0].Legs[0]
	leg.Expect, leg.Account.Version, leg.Account.Member, leg.Account.RecordedAt = version-1, version, member, s.now
	op, entry, record, event := &leg.Operation, &leg.Entries[0], &leg.Records[0], &leg.Events[0]
	op.Member, op.Version, op.Key, op.Reference, op.OccurredAt, op.RecordedAt = member, version, order, order, s.now, s.now
	entry.Member, entry.Version, entry.Lot, entry.OccurredAt, entry.RecordedAt = member, version, points.LotID(version), s.now, s.now
	record.Member, record.ID, record.Reference, record.Lots[0] = member, order, order, points.LotID(version)
	event.Member, event.Version, event.RecordedAt = member, version, s.now
	leg.Lots = append(leg.Lots[:0], s.lot(member, version, points.LotOpen, 9))
	if version > 3 {
		leg.Lots = append(leg.Lots, s.lot(member, version-3, points.LotUsed, 0))
	}
	s.commit[0].Claims[0] = storage.ClaimChange{ClaimKey: load.Claims[0], Holder: member}
	outcomes, err := s.store.Commit(tb.Context(), s.commit)
	if err != nil || outcomes[0].Status != storage.OK {
		tb.Fatalf("outcome of %q: %v, %v", order, outcomes, err)
	}
}

func (s *shop) lot(member string, id int64, state points.LotState, remaining points.Amount) storage.Lot {
	return storage.Lot{Program: "cafe", Member: member, Lot: points.Lot{
		ID: points.LotID(id), Unit: "bean", State: state, Original: 9, Remaining: remaining,
		EarnedAt: s.now, AvailableFrom: s.now, ExpiresAt: expiry, Qualifies: true,
	}}
}
