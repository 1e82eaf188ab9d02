package giftlist_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var opening = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)

// shop is an engine with gift lists, and a clock to move.
type shop struct {
	*loyalty.Engine
	t     *testing.T
	store storage.Store

	mu  sync.Mutex
	now time.Time
}

func program() loyalty.Program {
	return loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{
		{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)},
		{Code: "star", Expiry: points.NeverExpire()},
		{Code: "visit", Kind: points.Metric},
	}}
}

// openShop opens a shop whose members have 100 beans each, good for a year.
func openShop(t *testing.T, feature giftlist.Feature, members ...string) *shop {
	t.Helper()
	s := &shop{t: t, now: opening, store: memory.New()}
	s.Engine = s.engine(feature)
	for _, member := range members {
		s.must(loyalty.Enroll{Member: member, Key: "signup"})
		s.must(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"})
	}
	return s
}

// engine is one more engine on the shop's store.
func (s *shop) engine(feature giftlist.Feature) *loyalty.Engine {
	s.t.Helper()
	engine, err := loyalty.New(loyalty.Revisions{program()}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{feature},
	})
	require.NoError(s.t, err)
	return engine
}

func (s *shop) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *shop) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *shop) must(cmd loyalty.Command) loyalty.Receipt {
	s.t.Helper()
	receipt, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
	return receipt
}

// refused runs a command that must be refused, with an error that says why. A quote
// of it must say the same, and nothing may have changed.
func (s *shop) refused(cmd loyalty.Command, want error, says string) {
	s.t.Helper()
	before := s.heads()
	_, quoted := s.Quote(s.t.Context(), cmd)
	_, err := s.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
	require.ErrorContains(s.t, err, says)
	require.EqualError(s.t, quoted, err.Error())
	require.Equal(s.t, before, s.heads(), "a refusal changes nothing")
}

func (s *shop) heads() []loyalty.Head {
	s.t.Helper()
	var heads []loyalty.Head
	for head, err := range s.Heads(s.t.Context()) {
		require.NoError(s.t, err)
		heads = append(heads, head)
	}
	return heads
}

func (s *shop) beans(member string) points.Amount {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	return m.Balance("bean").Available
}

// list returns the member's list with a code, live or not.
func (s *shop) list(owner, code string) giftlist.List {
	s.t.Helper()
	for list, err := range giftlist.Lists(s.t.Context(), s.store, "beans", owner) {
		require.NoError(s.t, err)
		if list.Code == code {
			return list
		}
	}
	require.Fail(s.t, "no such list", "%s of %s", code, owner)
	return giftlist.List{}
}

// gifts names who gave to a list of anna's.
func (s *shop) gifts(code string) []string {
	s.t.Helper()
	var givers []string
	for gift, err := range giftlist.Gifts(s.t.Context(), s.store, "beans", "anna", code) {
		require.NoError(s.t, err)
		givers = append(givers, gift.Giver)
	}
	return givers
}

// record returns the one record of a kind that a member has, as it is stored.
func (s *shop) record(member, kind string) storage.Record {
	s.t.Helper()
	var found []storage.Record
	for record, err := range storage.AllRecords(s.t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: member, Kind: kind}) {
		require.NoError(s.t, err)
		found = append(found, record)
	}
	require.Len(s.t, found, 1, "records %s of %s", kind, member)
	return found[0]
}

// shared returns how many lists are open in the program, and who holds a code.
func (s *shop) shared(code string) (open int64, holder string) {
	s.t.Helper()
	snaps, err := s.store.Load(s.t.Context(), []storage.LoadRequest{{
		Program: "beans", Member: "nobody",
		Claims: []storage.ClaimKey{{Space: "giftlist", Key: code}}, Counters: []storage.CounterKey{{Key: "giftlist/open"}},
	}})
	require.NoError(s.t, err)
	for _, counter := range snaps[0].Counters {
		open = counter.Used
	}
	for _, claim := range snaps[0].Claims {
		holder = claim.Holder
	}
	return open, holder
}

// verify audits the books: chains, balances and lots fit, and every bean that was
// ever given is still there.
func (s *shop) verify(members ...string) {
	s.t.Helper()
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
	var sum points.Amount
	for _, member := range members {
		sum += s.beans(member)
	}
	if len(members) > 0 {
		require.EqualValues(s.t, 100*len(members), sum, "gifts neither make nor lose beans")
	}
}

// birthday is a list of anna's over 100 beans that ends in ten days.
func birthday() giftlist.Create {
	return giftlist.Create{
		Member: "anna", Key: "list-1", Code: "ANNA-30", Title: "A grinder for Anna's 30th", Unit: "bean", Wanted: 100,
		Deadline: opening.AddDate(0, 0, 10),
	}
}

func give(member, key string, amount points.Amount) giftlist.Give {
	return giftlist.Give{Member: member, Key: key, Owner: "anna", Code: "ANNA-30", Unit: "bean", Points: amount}
}
