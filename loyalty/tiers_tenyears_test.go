package loyalty_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// lastQuarter counts the euros of three months, and has points that expire with the month
// after.
func lastQuarter(p *loyalty.Program) {
	p.Units[0].Expiry = points.ExpireAfter(1, points.Months).At(points.EndOfMonth)
	p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 3}}, tiers.WhileHeld
}

// costs is what a member takes.
type costs struct {
	// allocs is what an order allocates, rows those of an order in the year that follows, with
	// what falls due in it.
	rows, allocs float64
	// days are the counts by the day, and bytes what they and the standing take as text.
	days, bytes int
}

// regular is a member of a shop who buys once a day, and sends one order in fifty back.
type regular struct {
	*shop
	member string
	n      int
	// spent has what was spent on each day of the shop.
	spent map[string]int64
	rows  int
}

func (r *regular) buys() {
	r.n++
	r.now = r.now.AddDate(0, 0, 1)
	id := fmt.Sprintf("%s-%d", r.member, r.n)
	r.must(loyalty.Earn{Member: r.member, Key: id, Order: bought(id, int64(1+r.n%3))})
	r.spent[r.dayOf(r.now)] += int64(1 + r.n%3)
}

func (r *regular) dayOf(at time.Time) string {
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(r.t, err)
	return at.In(zone).Format("20060102")
}

func (r *regular) lives(days int) {
	for range days {
		r.buys()
		if r.n%50 == 0 {
			n := r.n - 10
			id := fmt.Sprintf("%s-%d", r.member, n)
			r.must(loyalty.Refund{Member: r.member, Key: "back " + id, Order: id, Full: true})
			r.spent[r.dayOf(r.now.AddDate(0, 0, -10))] -= int64(1 + n%3)
		}
	}
}

func (r *regular) costs() costs {
	c := costs{allocs: testing.AllocsPerRun(40, r.buys), days: len(r.days(r.member))}
	text, err := json.Marshal(r.days(r.member))
	require.NoError(r.t, err)
	c.bytes = len(text) + len(r.standingRow(r.member))
	before := r.rows
	r.lives(365)
	c.rows = float64(r.rows-before) / 365
	return c
}

func openRegular(t *testing.T, change ...func(*loyalty.Program)) *regular {
	t.Helper()
	r := &regular{shop: openShop(t, regulars(change...)), spent: map[string]int64{}, member: "anna"}
	count := r.store.OnCommit
	r.store.OnCommit = func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		for i := range batches {
			r.rows += batches[i].Rows()
		}
		return count(ctx, batches, next)
	}
	r.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	return r
}

// TestAnOrderAfterTenYearsCostsWhatItDidInTheFirst compares a member who orders daily with
// themselves when they were new, after a year, by when the window and the horizon are full,
// and after ten years.
func TestAnOrderAfterTenYearsCostsWhatItDidInTheFirst(t *testing.T) {
	r := openRegular(t, lastQuarter)
	fresh := r.costs()
	young := r.costs()
	r.lives(8 * 365)
	old := r.costs()
	t.Logf("new %+v, after a year %+v, after ten %+v", fresh, young, old)
	require.InDelta(t, young.rows, old.rows, 0.2)
	require.InDelta(t, fresh.rows, old.rows, 1)
	require.InDelta(t, young.allocs, old.allocs, young.allocs/20)
	require.LessOrEqual(t, old.days, 93+90+31+33, "three months, the horizon of 90 days, and by how much the state may be behind")
	require.InDelta(t, young.bytes, old.bytes, float64(young.bytes)/4)
	r.verify()
}

// TestARevisionThatLooksFurtherBackCountsTenYearsAgain lets a ladder that kept three months
// by the day look at two years, so that days are asked for that are not kept.
func TestARevisionThatLooksFurtherBackCountsTenYearsAgain(t *testing.T) {
	r := openRegular(t, lastQuarter)
	r.lives(3650)
	begins := r.now.AddDate(0, 0, 5)
	second := regulars(lastQuarter, func(p *loyalty.Program) {
		p.EffectiveAt = begins
		p.Ladders[0].Window = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 24}}
		p.Ladders[0].Tiers[0].Enter, p.Ladders[0].Tiers[1].Enter = of("spend", 1000), of("spend", 1440)
	})
	engine, err := loyalty.New(loyalty.Revisions{regulars(lastQuarter), second}, r.store, &loyalty.Options{Clock: r.clock, Secret: []byte("a secret of the test")})
	require.NoError(t, err)
	r.Engine = engine
	r.now = begins.AddDate(0, 0, 2)
	r.lives(1)
	counted := map[string]int64{}
	var all, want int64
	for _, d := range r.days("anna") {
		counted[fmt.Sprint(d.Day)] = int64(d.Amount)
		all += int64(d.Amount)
	}
	for _, spent := range r.spent {
		want += spent
	}
	require.Equal(t, want, all, "a whole life")
	from := r.now.AddDate(-2, 0, 0)
	var window int64
	for day := from.AddDate(0, 0, 1); !day.After(r.now); day = day.AddDate(0, 0, 1) {
		require.Equal(t, r.spent[r.dayOf(day)], counted[r.dayOf(day)], r.dayOf(day))
		window += counted[r.dayOf(day)]
	}
	m, err := r.Member(t.Context(), "anna")
	require.NoError(t, err)
	expected := ""
	for _, tier := range second.Ladders[0].Tiers {
		if window >= tier.Enter.All[0].AtLeast {
			expected = tier.Code
		}
	}
	require.Equal(t, expected, m.Tier("status").Tier)
	r.verify()
}

// TestARebuildThatWasKilledIsFinishedByAnotherProcess stops a run that lets members adopt a
// ladder over what was not counted so far, in mid-commit, and goes on with another engine.
func TestARebuildThatWasKilledIsFinishedByAnotherProcess(t *testing.T) {
	for name, resumes := range map[string]bool{"from where it stopped": true, "from the beginning": false} {
		t.Run(name, func(t *testing.T) {
			first := regulars(func(p *loyalty.Program) { p.Ladders = nil })
			second := regulars(func(p *loyalty.Program) { p.EffectiveAt = time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC) })
			s := openShop(t, first)
			const members = 600
			for i := range members {
				member := fmt.Sprintf("m-%03d", i)
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
				s.must(loyalty.Earn{Member: member, Key: "1", Order: bought(member, 60)})
				s.must(loyalty.Fact{Member: member, Key: "2", Activity: "spend", Amount: 50})
			}
			s.now = time.Date(2027, time.April, 3, 12, 0, 0, 0, time.UTC)
			open := func() *loyalty.Engine {
				engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test")})
				require.NoError(t, err)
				return engine
			}
			s.Engine = open()
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			upTo := s.commits + 2
			s.fail = func(commit int) error {
				if commit > upTo {
					kill()
					return context.Canceled
				}
				return nil
			}
			report, err := s.AdoptLadders(ctx, nil)
			require.ErrorIs(t, err, context.Canceled)
			done := len(s.events("tier-promoted"))
			require.Positive(t, done)
			require.Less(t, done, members)

			s.fail, s.Engine = nil, open()
			options := &loyalty.AdoptOptions{}
			if resumes {
				options.After = report.Next
			}
			report, err = s.AdoptLadders(t.Context(), options)
			require.NoError(t, err)
			require.Empty(t, report.Failed)
			require.Len(t, s.events("tier-promoted"), members, "each once")
			require.Equal(t, "silver", s.tier("m-599"))
			s.verify()
		})
	}
}
