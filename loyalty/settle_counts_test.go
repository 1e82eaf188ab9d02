package loyalty_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// lodgings is a feature whose nights are counted when a stay ends.
type lodgings struct {
	// watch, if set, is called when a tier changes.
	watch func(tx *loyalty.Tx, change loyalty.TierChange) error
	// settle, if set, is called instead of counting.
	settle func(ctx context.Context, tx *loyalty.Tx, record storage.Record) error
}

func (lodgings) Name() string                { return "stays" }
func (lodgings) Kinds() []string             { return []string{"stay"} }
func (lodgings) Commands() []loyalty.Command { return []loyalty.Command{lodge{}} }

func (f lodgings) Settle(ctx context.Context, tx *loyalty.Tx, record storage.Record) error {
	if f.settle != nil {
		if err := f.settle(ctx, tx, record); err != nil {
			return err
		}
	} else if n, err := strconv.ParseInt(string(record.Data), 10, 64); err != nil {
		return err
	} else if err := tx.Count("spend", points.Amount(n), "stay"); err != nil {
		return err
	}
	record.DueAt = points.Never
	return tx.PutRecord(record)
}

func (f lodgings) TierChanged(_ context.Context, tx *loyalty.Tx, change loyalty.TierChange) error {
	if f.watch == nil {
		return nil
	}
	return f.watch(tx, change)
}

// lodge is a stay that counts when it ends.
type lodge struct {
	Member, Key string
	Spend       int64
	Until       time.Time
}

func (c lodge) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c lodge) Apply(_ context.Context, tx *loyalty.Tx) error {
	return tx.PutRecord(storage.Record{Kind: "stay", ID: c.Key, DueAt: c.Until, Data: json.RawMessage(strconv.FormatInt(c.Spend, 10))})
}

// openInn is a shop with lodgings.
func openInn(t *testing.T, program loyalty.Program, feature lodgings) *shop {
	t.Helper()
	s := openShop(t, program)
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 8, Features: []loyalty.Feature{feature},
	})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	return s
}

// seen is what shows of a member's tiers.
type seen struct {
	tier, since, until string
	beans              points.Amount
	promoted           int
}

func (s *shop) seen() seen {
	s.t.Helper()
	m, err := s.Member(s.t.Context(), "anna")
	require.NoError(s.t, err)
	shown := seen{beans: total(m.Balances, "bean"), promoted: len(s.events("tier-promoted"))}
	if on := m.Tier("status"); on.Tier != "" {
		shown.tier, shown.since, shown.until = on.Tier, on.Since.Format(time.DateOnly), on.Until.Format(time.DateOnly)
	}
	return shown
}

func TestWhatASettleStepCountsDecidesTiersInItsCommit(t *testing.T) {
	for _, test := range []struct {
		name   string
		settle func(s *shop)
	}{
		{"at once", func(s *shop) { s.now = s.now.AddDate(0, 0, 10); s.runDue() }},
		{"days later", func(s *shop) { s.now = s.now.AddDate(0, 0, 19); s.runDue() }},
		{"with the next command", func(s *shop) {
			s.now = s.now.AddDate(0, 0, 19)
			s.must(loyalty.Adjust{Member: "anna", Key: "adjust", Unit: "bean", Points: 1, Reason: "goodwill", Actor: "desk"})
			s.must(loyalty.Adjust{Member: "anna", Key: "back", Unit: "bean", Points: -1, Reason: "goodwill", Actor: "desk"})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := openInn(t, regulars(), lodgings{})
			s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 99)})
			s.must(lodge{Member: "anna", Key: "inn", Spend: 401, Until: s.now.AddDate(0, 0, 10)})
			require.Equal(t, seen{beans: 99}, s.seen())
			test.settle(s)
			require.Equal(t, seen{tier: "gold", since: "2027-03-10", until: "2028-12-31", beans: 149, promoted: 1}, s.seen())
			s.now = time.Date(2029, time.June, 1, 0, 0, 0, 0, time.UTC)
			require.Empty(t, s.seen().tier)
			s.runDue()
			require.Len(t, s.events("tier-demoted"), 1)
			s.verify()
		})
	}
}

func TestAReadShowsTheTierOfWhatIsDueToBeCounted(t *testing.T) {
	s := openInn(t, regulars(), lodgings{})
	s.must(lodge{Member: "anna", Key: "inn", Spend: 500, Until: s.now.AddDate(0, 0, 10)})
	s.now = s.now.AddDate(0, 0, 19)
	require.Equal(t, seen{tier: "gold", since: "2027-03-10", until: "2028-12-31", beans: 50}, s.seen(), "nothing is stored by a read")
	s.runDue()
	require.Equal(t, seen{tier: "gold", since: "2027-03-10", until: "2028-12-31", beans: 50, promoted: 1}, s.seen())
	s.verify()
}

func TestWhatAWatcherOfTiersCountsDecidesTiersToo(t *testing.T) {
	watch := func(tx *loyalty.Tx, change loyalty.TierChange) error {
		if change.To != "silver" {
			return nil
		}
		return tx.Count("spend", 400, "silver counts")
	}
	t.Run("of a command", func(t *testing.T) {
		s := openInn(t, regulars(), lodgings{watch: watch})
		r := s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
		require.Len(t, r.Tiers, 2)
		require.Equal(t, tiers.Promoted, r.Tiers[1].Kind)
		require.Equal(t, seen{tier: "gold", since: "2027-02-28", until: "2028-12-31", beans: 150, promoted: 1}, s.seen())
		s.verify()
	})
	t.Run("of a settle step", func(t *testing.T) {
		s := openInn(t, regulars(), lodgings{watch: watch})
		s.must(lodge{Member: "anna", Key: "inn", Spend: 100, Until: s.now.AddDate(0, 0, 10)})
		s.now = s.now.AddDate(0, 0, 19)
		s.runDue()
		require.Equal(t, seen{tier: "gold", since: "2027-03-10", until: "2028-12-31", beans: 50, promoted: 1}, s.seen())
		s.verify()
	})
}

func TestWatchersThatCountWithoutEndAreRefused(t *testing.T) {
	s := openInn(t, regulars(), lodgings{watch: func(tx *loyalty.Tx, change loyalty.TierChange) error {
		if change.To == "" {
			return tx.Count("spend", 1, "up")
		}
		return tx.Count("spend", -1, "down")
	}})
	_, err := s.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	require.ErrorContains(t, err, "features count at every change of a tier")
	require.Equal(t, seen{}, s.seen())
	s.verify()
}

// withNights is a revision with a second ladder, of nights that counted for none before.
func withNights(first loyalty.Program, from time.Time) loyalty.Program {
	next := first
	next.EffectiveAt = from
	next.Ladders = append([]tiers.Ladder{}, first.Ladders...)
	next.Ladders = append(next.Ladders, tiers.Ladder{
		Code: "sleepers", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "owl", Enter: of("nights", 10), Benefits: tiers.Benefits{Points: map[string]int64{"bean": 7}}}},
	})
	return next
}

func TestALadderThatARevisionBringsCountsWhatWasBeforeThoughAnotherEndsSince(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Units = append(p.Units, points.Unit{Code: "nights", Kind: points.Metric}) })
	next := withNights(first, day(2028, time.January, 1))
	for _, often := range []bool{true, false} {
		s := openShop(t, first)
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
		s.must(loyalty.Fact{Member: "anna", Key: "2", Activity: "nights", Amount: 10})
		s.revise(first, next)
		if often {
			s.now = day(2028, time.June, 1)
			s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "nights", Points: 1, Reason: "goodwill", Actor: "desk"})
		}
		s.now = day(2029, time.June, 1)
		s.runDue()
		m, err := s.Member(t.Context(), "anna")
		require.NoError(t, err)
		require.Empty(t, m.Tier("status").Tier)
		require.Equal(t, "owl", m.Tier("sleepers").Tier, "settled often: %v", often)
		s.verify()
	}
}

func TestACountOfASettleStepIsNotLostWhereALadderIsAdoptedWithIt(t *testing.T) {
	for _, by := range []time.Time{day(2027, time.March, 5), day(2027, time.March, 20)} {
		first := regulars(func(p *loyalty.Program) { p.Units = append(p.Units, points.Unit{Code: "nights", Kind: points.Metric}) })
		next := withNights(first, by)
		settle := func(_ context.Context, tx *loyalty.Tx, _ storage.Record) error { return tx.Count("nights", 6, "stay") }
		s := openInn(t, first, lodgings{settle: settle})
		s.must(loyalty.Fact{Member: "anna", Key: "2", Activity: "nights", Amount: 4})
		s.must(lodge{Member: "anna", Key: "inn", Until: day(2027, time.March, 11)})
		engine, err := loyalty.New(loyalty.Revisions{first, next}, s.store, &loyalty.Options{
			Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 8, Features: []loyalty.Feature{lodgings{settle: settle}},
		})
		require.NoError(t, err)
		s.Engine = engine
		s.now = day(2027, time.April, 1)
		for range 2 {
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, "owl", m.Tier("sleepers").Tier)
			require.Equal(t, points.Amount(7), total(m.Balances, "bean"))
			s.runDue()
		}
		require.Len(t, s.events("tier-promoted"), 1)
		s.verify()
	}
}

// TestWhatASettleStepEarnsIsAsRecentAsItsInstant books a fact by a deadline that is settled
// after the program's window for what is told late.
func TestWhatASettleStepEarnsIsAsRecentAsItsInstant(t *testing.T) {
	program := regulars(func(p *loyalty.Program) {
		p.LateWindow = points.Span{N: 3, Unit: points.Days}
		p.Earning = append(p.Earning, points.Rule{
			Code: "stays", Activity: "spend", Bonus: 5, Caps: []points.Cap{{Points: 12, Per: points.PerMonth}},
		})
	})
	beansBy := map[bool]points.Amount{}
	for _, late := range []bool{false, true} {
		s := openInn(t, program, lodgings{settle: func(ctx context.Context, tx *loyalty.Tx, _ storage.Record) error {
			return loyalty.Fact{Member: tx.Member(), Activity: "spend", Amount: 40}.Apply(ctx, tx)
		}})
		for n := range 4 {
			s.must(lodge{Member: "anna", Key: strconv.Itoa(n), Until: s.now.AddDate(0, 0, 10+n)})
		}
		for n := range 200 {
			s.now = s.now.AddDate(0, 0, 1)
			if !late || n == 199 {
				s.runDue()
			}
		}
		require.Equal(t, "silver", s.tier("anna"), "late: %v", late)
		beansBy[late] = s.seen().beans
		s.verify()
	}
	require.Equal(t, map[bool]points.Amount{false: 12, true: 12}, beansBy)
}

// TestAMergeThatARevisionFindsUnfinishedCountsWhatWasBefore stops a merge, and its undoing,
// after each of their commits, and finishes them by a revision with a ladder more.
func TestAMergeThatARevisionFindsUnfinishedCountsWhatWasBefore(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Units = append(p.Units, points.Unit{Code: "nights", Kind: points.Metric}) })
	next := withNights(first, day(2028, time.January, 1))
	for _, undone := range []bool{false, true} {
		for n := 1; ; n++ {
			s := openShop(t, first)
			for member, nights := range map[string]points.Amount{"anna": 10, "bert": 12} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
				s.must(loyalty.Earn{Member: member, Key: "1", Order: bought(member, 20)})
				s.must(loyalty.Fact{Member: member, Key: "2", Activity: "nights", Amount: nights})
			}
			if s.now = day(2027, time.December, 31); undone {
				s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "bert"})
			}
			dead, stopped := s.commits+n, false
			s.fail = func(commit int) error {
				if stopped = stopped || commit > dead; stopped {
					return errors.New("the power is out")
				}
				return nil
			}
			if undone {
				s.must(loyalty.UnMerge{Member: "anna", Key: "part", From: "bert"})
			} else {
				s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "bert"})
			}
			s.fail = nil
			s.revise(first, next)
			s.now = day(2028, time.February, 1)
			s.runDue()
			members := []string{"anna"}
			if undone {
				members = append(members, "bert")
			}
			for _, member := range members {
				m, err := s.Member(t.Context(), member)
				require.NoError(t, err)
				require.Equal(t, "owl", m.Tier("sleepers").Tier, "%s, undone: %v, after %d commits", member, undone, n)
			}
			for _, member := range members {
				s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 1, Reason: "goodwill", Actor: "desk"})
			}
			require.Len(t, s.events("tier-promoted"), len(members))
			s.verify()
			if !stopped {
				break
			}
		}
	}
}
