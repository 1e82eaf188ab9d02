package memory_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// BenchmarkEarn loads and commits what one Earn does: an account, an operation,
// an entry, a lot, a record, a claim and an event.
func BenchmarkEarn(b *testing.B) {
	for _, members := range []int{1, 10_000, 100_000} {
		b.Run(strconv.Itoa(members)+" members", func(b *testing.B) {
			shop := newShop(members)
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
			b.ResetTimer()
			for b.Loop() {
				shop.earn(b)
			}
		})
	}
}

// shop earns points for its members in turn. All but every fourth of a member's
// lots is used up by the next earn, so that open lots stay few.
type shop struct {
	store    *memory.Store
	members  []string
	versions []int64
	earns    int
	now      time.Time
}

func newShop(members int) *shop {
	s := &shop{store: memory.New(), versions: make([]int64, members), now: time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)}
	for i := range members {
		s.members = append(s.members, "member-"+strconv.Itoa(i*7919%1_000_003))
	}
	return s
}

var (
	command = make([]byte, 300)
	receipt = make([]byte, 500)
	digest  = make([]byte, 32)
)

func (s *shop) earn(tb testing.TB) {
	i := s.earns % len(s.members)
	s.earns++
	member, expect := s.members[i], s.versions[i]
	s.now = s.now.Add(time.Second)
	order := "order-" + strconv.Itoa(s.earns)
	claim := storage.ClaimKey{Space: "order", Key: order}

	snapshots, err := s.store.Load(tb.Context(), []storage.LoadRequest{{
		Program: "cafe", Member: member, Key: order, DueBy: s.now, Claims: []storage.ClaimKey{claim},
		Records: []storage.RecordKey{{Kind: "order", ID: order}},
	}})
	if err != nil || (snapshots[0].Account == nil) != (expect == 0) {
		require.NoError(tb, err)
		tb.Fatalf("account of %q: %v", member, snapshots[0].Account)
	}

	account := storage.Account{
		Program: "cafe", Member: member, Kind: storage.Person, Version: expect + 1, Status: storage.Active,
		Balances: []points.Balance{{Unit: "bean", Available: points.Amount(s.earns)}, {Unit: "spend", Counted: 450}},
		Standing: []storage.Standing{{Ladder: "club", Tier: "gold", Since: s.now, Until: points.Never}},
		DueAt:    time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), RecordedAt: s.now, Hash: digest, Data: digest,
	}
	leg := storage.Leg{
		Expect:  expect,
		Account: account,
		Operation: storage.Operation{
			Program: "cafe", Member: member, Version: expect + 1, Key: order, Type: "earn", Reference: order,
			Command: command, Receipt: receipt, Fingerprint: digest, Salt: digest, Digests: digest, Hash: digest,
			OccurredAt: s.now, RecordedAt: s.now,
		},
		Entries: []storage.Entry{{Program: "cafe", Member: member, Version: expect + 1, Entry: points.Entry{
			Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 9,
			Lot: points.LotID(expect + 1), OccurredAt: s.now, RecordedAt: s.now,
		}}},
		Lots: []storage.Lot{s.lot(member, expect+1, 9)},
		Records: []storage.Record{{
			Program: "cafe", Member: member, Kind: "order", ID: order, Status: "earned", Reference: order,
			DueAt: points.Never, Lots: []points.LotID{points.LotID(expect + 1)}, Data: command,
		}},
		Events: []storage.Event{{Program: "cafe", Member: member, Version: expect + 1, Type: "earned", RecordedAt: s.now, Data: command}},
	}
	outcomes, err := s.store.Commit(tb.Context(), []storage.Batch{{
		Program: "cafe", Legs: []storage.Leg{leg},
		Claims: []storage.ClaimChange{{ClaimKey: claim, Holder: member}},
	}})
	if err != nil || outcomes[0].Status != storage.OK {
		require.NoError(tb, err)
		tb.Fatalf("outcome: %v", outcomes[0].Status)
	}
	s.versions[i]++
}

func (s *shop) lot(member string, id int64, amount points.Amount) storage.Lot {
	return storage.Lot{Program: "cafe", Member: member, Lot: points.Lot{
		ID: points.LotID(id), Unit: "bean", State: points.LotOpen, Original: amount, Remaining: amount,
		EarnedAt: s.now, AvailableFrom: s.now, ExpiresAt: time.Date(2027, 3, 31, 0, 0, 0, 0, time.UTC), Qualifies: true,
	}}
}
