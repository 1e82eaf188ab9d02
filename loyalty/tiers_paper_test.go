package loyalty_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// onPaper is what somebody writes down of a member's life at a stay: facts, grants and
// anniversaries, from which every tier is decided anew whenever somebody asks.
type onPaper struct {
	*stay
	zone  *time.Location
	start time.Time
	n     int
	// papers are the ladders as they are decided for good.
	papers []*ladders.Paper
	facts  []ladders.Fact
	orders []paperOrder
}

type paperOrder struct {
	id   string
	fact int
}

func openOnPaper(t *rapid.T) *onPaper {
	zone, start := drawPlace(t)
	one, other := drawRungs(t), drawRungs(t)
	other.Code = "other"
	p := &onPaper{zone: zone, start: start}
	p.stay = openStay(t, one, start, func(program *loyalty.Program) {
		program.Zone, program.Ladders = zone.String(), append(program.Ladders, other)
	})
	for _, l := range []tiers.Ladder{one, other} {
		p.papers = append(p.papers, &ladders.Paper{Ladder: l, Enrolled: p.today()})
	}
	return p
}

func (p *onPaper) today() tiers.Day { return tiers.DayOf(p.now, p.zone) }

func (p *onPaper) key() string {
	p.n++
	return fmt.Sprint("k", p.n)
}

// occurred draws when something happened that is told now: as a rule just now.
func (p *onPaper) occurred() time.Time {
	if rapid.IntRange(0, 3).Draw(p.t, "told late") > 0 {
		return p.now
	}
	at := p.now.AddDate(0, 0, -rapid.IntRange(1, 120).Draw(p.t, "days late"))
	if at.Before(p.start) {
		at = p.start
	}
	return at
}

// decided is a ladder as it is decided by the end of today by all that is known.
func (p *onPaper) decided(paper *ladders.Paper) *ladders.Paper {
	now := paper.Copy()
	now.Facts = p.facts
	now.To(p.today())
	return now
}

func (p *onPaper) stays() {
	at, nights := p.occurred(), rapid.Int64Range(1, 5).Draw(p.t, "nights")
	p.do(loyalty.Fact{Member: "anna", Key: p.key(), Activity: "night", Amount: points.Amount(nights), OccurredAt: at})
	p.facts = append(p.facts, ladders.Fact{Day: tiers.DayOf(at, p.zone), Metric: "night", Amount: nights})
}

func (p *onPaper) buys() {
	at, euros, id := p.occurred(), rapid.Int64Range(1, 70).Draw(p.t, "euros"), p.key()
	p.do(loyalty.Earn{Member: "anna", Key: id, Order: bought(id, euros), OccurredAt: at})
	p.orders = append(p.orders, paperOrder{id, len(p.facts)})
	p.facts = append(p.facts, ladders.Fact{Day: tiers.DayOf(at, p.zone), Metric: "spend", Amount: euros})
}

func (p *onPaper) refunds() {
	if len(p.orders) == 0 {
		return
	}
	i := rapid.IntRange(0, len(p.orders)-1).Draw(p.t, "order")
	p.do(loyalty.Refund{Member: "anna", Key: p.key(), Order: p.orders[i].id, Full: true})
	p.facts[p.orders[i].fact].Amount = 0
	p.orders = slices.Delete(p.orders, i, i+1)
}

// told runs a command about a ladder, which is refused where its day is decided for good.
func (p *onPaper) told(cmd loyalty.Command, paper *ladders.Paper, day tiers.Day) bool {
	_, err := p.Do(p.t.Context(), cmd)
	if day <= paper.At() {
		require.ErrorIs(p.t, err, loyalty.ErrTooOld)
		return false
	}
	require.NoError(p.t, err)
	return true
}

func (p *onPaper) pick() (*ladders.Paper, string) {
	paper := rapid.SampledFrom(p.papers).Draw(p.t, "ladder")
	return paper, rapid.SampledFrom(paper.Ladder.Tiers).Draw(p.t, "tier").Code
}

func (p *onPaper) isMatched() {
	paper, tier := p.pick()
	at, days := p.occurred(), rapid.IntRange(1, 150).Draw(p.t, "days")
	var challenge tiers.Condition
	if paper.Ladder.End != tiers.WhileHeld && rapid.Bool().Draw(p.t, "challenged") {
		challenge = of(rapid.SampledFrom([]string{"night", "spend"}).Draw(p.t, "of"), rapid.Int64Range(1, 12).Draw(p.t, "challenge"))
	}
	from := tiers.DayOf(at, p.zone)
	if from+tiers.Day(days) <= p.today() && challenge.IsZero() {
		return
	}
	cmd := loyalty.MatchTier{Member: "anna", Key: p.key(), Ladder: paper.Ladder.Code, Tier: tier, Days: days, Challenge: challenge, Again: true, OccurredAt: at}
	if p.told(cmd, paper, from) {
		paper.Grants = append(paper.Grants, tiers.Grant{Tier: tier, From: from, Until: from + tiers.Day(days), Challenge: challenge})
	}
}

func (p *onPaper) isOverridden() {
	paper, tier := p.pick()
	at, until := p.occurred(), p.today()+tiers.Day(rapid.IntRange(1, 150).Draw(p.t, "days"))
	cmd := loyalty.OverrideTier{
		Member: "anna", Key: p.key(), Ladder: paper.Ladder.Code, Tier: tier, Until: until.Start(p.zone), OccurredAt: at, Reason: "a broken bed", Actor: "ada",
	}
	if from := tiers.DayOf(at, p.zone); p.told(cmd, paper, from) {
		paper.Grants = append(paper.Grants, tiers.Grant{Tier: tier, From: from, Until: until})
	}
}

func (p *onPaper) isRevoked() {
	paper, _ := p.pick()
	at := p.occurred()
	day := tiers.DayOf(at, p.zone)
	cmd := loyalty.RevokeTier{Member: "anna", Key: p.key(), Ladder: paper.Ladder.Code, OccurredAt: at, Reason: "a mistake", Actor: "ada"}
	if !slices.ContainsFunc(paper.Grants, func(g tiers.Grant) bool { return g.Until > day }) {
		_, err := p.Do(p.t.Context(), cmd)
		require.Error(p.t, err)
		return
	}
	if !p.told(cmd, paper, day) {
		return
	}
	for i := range paper.Grants {
		if g := &paper.Grants[i]; g.Until > day {
			g.Until, g.Challenge = max(g.From, day), tiers.Condition{}
		}
	}
}

// setsAnniversary decides the ladders that go by anniversaries for good up to the day
// before.
func (p *onPaper) setsAnniversary() {
	at := p.occurred()
	from := tiers.DayOf(at, p.zone)
	day := tiers.Date(2020, time.Month(rapid.IntRange(1, 12).Draw(p.t, "month")), rapid.IntRange(1, 29).Draw(p.t, "day"))
	var concerned []*ladders.Paper
	last := tiers.Day(0)
	for _, paper := range p.papers {
		if kind := paper.Ladder.Window.Kind; kind == tiers.Anniversary || kind == tiers.TierAnniversary {
			concerned, last = append(concerned, paper), max(last, paper.At())
		}
	}
	_, err := p.Do(p.t.Context(), loyalty.SetAnniversary{Member: "anna", Key: p.key(), Day: day, OccurredAt: at})
	if last != 0 && from <= last {
		require.ErrorIs(p.t, err, loyalty.ErrTooOld)
		return
	}
	require.NoError(p.t, err)
	for _, paper := range concerned {
		paper.Facts = p.facts
		paper.To(from - 1)
		paper.Anniversaries = append(paper.Anniversaries, ladders.Anniversary{From: from, Day: day})
	}
}

func (p *onPaper) settles() {
	report, err := p.RunDue(p.t.Context(), nil)
	require.NoError(p.t, err)
	require.Empty(p.t, report.Failed)
}

// check holds the member's page to the paper.
func (p *onPaper) check() {
	m, err := p.Member(p.t.Context(), "anna")
	require.NoError(p.t, err)
	given := points.Amount(0)
	for i, paper := range p.papers {
		now, shown := p.decided(paper), m.Tiers[i]
		tier, since, until, granted := now.Holding()
		want := fmt.Sprintf("%s of %s from %s to %s, granted %t, qualified %s", tier, paper.Ladder.Code, since, until, granted, now.Tier())
		if tier == "" {
			require.Empty(p.t, shown.Tier, want)
			continue
		}
		qualified := shown.Tier
		if shown.Granted {
			qualified = shown.Qualified
		}
		require.Equal(p.t, want, fmt.Sprintf("%s of %s from %s to %s, granted %t, qualified %s",
			shown.Tier, shown.Ladder, tiers.DayOf(shown.Since, p.zone), p.day(shown.Until), shown.Granted, qualified), "%s", now.Log)
	}
	for _, paper := range p.papers {
		for _, entered := range p.decided(paper).Entered {
			tier, _ := paper.Ladder.Find(entered)
			given += points.Amount(tier.Benefits.Points["bean"])
		}
	}
	b := m.Balance("bean")
	require.Equal(p.t, given, b.Pending+b.Available+b.Held-b.Debt, "for entering tiers")
}

func (p *onPaper) day(at time.Time) tiers.Day {
	if points.IsNever(at) {
		return tiers.LastDay
	}
	return tiers.DayOf(at, p.zone)
}

// TestTheEngineDecidesTiersAsOnPaper lets a member of two ladders live through a year or
// two of stays, orders, refunds, matches, overrides, revocations and anniversaries that
// are set, told at once or late, and holds the member's page to what a paper says that is
// decided anew, day by day from all that is known, each time.
func TestTheEngineDecidesTiersAsOnPaper(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := openOnPaper(t)
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			p.now = p.now.AddDate(0, 0, rapid.SampledFrom([]int{0, 0, 1, 3, 10, 30, 90}).Draw(t, "days")).
				Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "hours")) * time.Hour)
			step := rapid.SampledFrom([]string{
				"stays", "stays", "stays", "buys", "buys", "buys", "refunds", "is matched", "is overridden", "is revoked", "sets an anniversary", "settles", "asks",
			}).Draw(t, "step")
			map[string]func(){
				"stays": p.stays, "buys": p.buys, "refunds": p.refunds, "is matched": p.isMatched, "is overridden": p.isOverridden,
				"is revoked": p.isRevoked, "sets an anniversary": p.setsAnniversary, "settles": p.settles, "asks": p.check,
			}[step]()
		}
		p.check()
		p.settles()
		p.check()
		report, err := p.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, report.Problems)
	})
}
