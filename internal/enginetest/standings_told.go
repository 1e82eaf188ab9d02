package enginetest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/ladders"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// shownTier is what was last told of a member on a ladder, and what entering its tiers gave.
type shownTier struct {
	tier         string
	rank         int
	since, until tiers.Day
	granted      bool
	lapsed       tiers.Day
	entered      []string
	// lead is that of the last reminder, or of one that there was nothing to say for.
	lead tiers.Span
}

func tellOf(paper *ladders.Paper) shownTier {
	t := shownTier{lapsed: paper.Lapsed(), rank: -1, entered: slices.Sorted(slices.Values(paper.Entered))}
	if t.tier, t.since, t.until, t.granted = paper.Holding(); t.granted {
		t.lapsed = 0
	}
	if t.tier != "" {
		_, t.rank = paper.Ladder.Find(t.tier)
	}
	return t
}

// change is the kind of a change from one standing to the next, empty for none.
func (t *shownTier) change(next *shownTier) tiers.ChangeKind {
	switch {
	case next.rank > t.rank:
		return tiers.Promoted
	case next.rank < t.rank:
		return tiers.Demoted
	case next.lapsed != 0 && t.lapsed == 0:
		return tiers.Lapsing
	case next.until > t.until || next.lapsed == 0 && t.lapsed != 0:
		return tiers.Retained
	case next.until != t.until || next.since != t.since || next.granted != t.granted || !slices.Equal(next.entered, t.entered):
		return loyalty.Corrected
	default:
		return ""
	}
}

// look decides all days up to one, and returns what is to be told of them.
func (p *lodger) look(today tiers.Day) []string {
	type line struct {
		day  tiers.Day
		text string
	}
	var lines []line
	for l := range p.ladders {
		first := min(p.looked+1, today)
		paper := p.on(l, first)
		for day := first; day <= today; day++ {
			paper.To(day)
			next := tellOf(paper)
			if kind := p.told[l].change(&next); kind != "" {
				lines = append(lines, line{day, fmt.Sprintf("%s: %s of %s from %q to %q", p.id, kind, p.ladders[l].Code, p.told[l].tier, next.tier)})
			}
			if text := p.remind(l, paper, &next, day, today); text != "" {
				lines = append(lines, line{day, text})
			}
			p.told[l] = next
		}
	}
	p.looked = today
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.day, b.day) })
	var texts []string
	for _, line := range lines {
		texts = append(texts, line.text)
	}
	return texts
}

// maxLead is more days than any lead of a house has.
const maxLead = 40

// ending is the day on which a tier is lost, or grace begins, if nothing more happens in
// the next days, and the tier then.
func (t *shownTier) ending(paper *ladders.Paper, day tiers.Day) (ends tiers.Day, to string) {
	if t.rank < 0 || !t.granted && paper.Ladder.End != tiers.WhileHeld && t.until > day+maxLead {
		return 0, ""
	}
	then := paper.Copy()
	for d := day + 1; d <= day+maxLead; d++ {
		then.To(d)
		switch next := tellOf(then); {
		case next.rank < t.rank, next.lapsed != 0 && t.lapsed == 0 && !t.granted && next.tier == t.tier && !covered(then, t.rank, d):
			return d, next.tier
		case next.tier != t.tier, next.until != t.until, next.granted != t.granted:
			return 0, ""
		}
	}
	return 0, ""
}

// covered reports whether a grant holds a tier on a day that is as high as one.
func covered(paper *ladders.Paper, rank int, day tiers.Day) bool {
	return slices.ContainsFunc(paper.Grants, func(g tiers.Grant) bool {
		_, has := paper.Ladder.Find(g.Tier)
		return g.From <= day && day < g.Until && has >= rank
	})
}

// remind is the reminder that a day brings which is read on another one, empty for none:
// of leads that came meanwhile the nearest to the end counts.
func (p *lodger) remind(l int, paper *ladders.Paper, next *shownTier, day, read tiers.Day) string {
	if len(paper.Ladder.Remind) == 0 {
		return ""
	}
	before := p.told[l]
	ends, to := next.ending(paper, day)
	end := next.until
	if ends != 0 {
		end = ends
	}
	lead := leadOf(&paper.Ladder, end, day)
	if next.tier == "" {
		lead = tiers.Span{}
	}
	if next.tier != before.tier || next.since != before.since {
		next.lead = lead
		return ""
	}
	var none tiers.Span
	if lead == none || before.lead != none && inDays(lead) >= inDays(before.lead) {
		next.lead = lead
		return ""
	}
	if next.lead = before.lead; ends == 0 {
		return ""
	}
	next.lead = lead
	if leadOf(&paper.Ladder, end, read) != lead {
		return ""
	}
	return fmt.Sprintf("%s: reminded of %s %q until %s, then %q", p.id, paper.Ladder.Code, next.tier, ends, to)
}

// leadOf is the lead nearest to an end that has come by a day, as far as it has not ended.
func leadOf(l *tiers.Ladder, end, day tiers.Day) (lead tiers.Span) {
	for _, r := range l.Remind {
		came := end - tiers.Day(r.Days)
		if r.Months > 0 {
			came = end.AddMonths(-r.Months)
		}
		if end < tiers.LastDay && came <= day && day < end && (lead == (tiers.Span{}) || inDays(r) < inDays(lead)) {
			lead = r
		}
	}
	return lead
}

// inDays is about how long a lead is: those of a house are far apart.
func inDays(lead tiers.Span) int { return lead.Days + 30*lead.Months }
