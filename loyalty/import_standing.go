package loyalty

import (
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Opened is the kind of a change by which a member comes to a tier with an
// [OpeningStanding].
const Opened tiers.ChangeKind = "opened"

// OpeningStanding is how a member stood on ladders in another system, and what counts
// towards their tiers. [Engine.Export] writes the same, so that a member can move from one
// store to another and stand there as before. What brings a member to a tier gives nothing
// that entering it gives. Bring what counts together with the tier that it made: without it,
// it makes the tier anew. Days are those of the program's zone.
type OpeningStanding struct {
	// Anniversary is the day whose anniversaries start periods, if that is not the one of
	// enrollment.
	Anniversary tiers.Day `json:"anniversary,omitempty"`
	// Counts are what was counted on which day, at most 1500: day by day for ladders that
	// look back so many days, and on any day of it for what a period had so far. What counts for
	// a lifetime only may stand on a day of long ago.
	Counts  []OpeningCount  `json:"counts,omitempty"`
	Ladders []OpeningLadder `json:"ladders,omitempty"`
	// Page and Pages spread more counts over rows of their own, imported in order: the
	// first is page 1, and the last, Page equal to Pages, has the ladders and the anniversary.
	// Until it comes the member's tiers stay as they are, what they do is counted only, and
	// commands on their tiers are refused. Both are 0 for a standing in one row. The export of a
	// member of whom some pages came has no last one: import the rest before moving them on.
	Page  int `json:"page,omitempty"`
	Pages int `json:"pages,omitempty"`
}

// OpeningCount is what was counted of a metric on a day.
type OpeningCount struct {
	Metric string    `json:"metric"`
	Day    tiers.Day `json:"day"`
	// Amount is in the metric's smallest step, and above 0.
	Amount points.Amount `json:"amount"`
}

// OpeningLadder is how a member stood on one ladder.
type OpeningLadder struct {
	Ladder string `json:"ladder"`
	// State is the standing by qualifying at the end of the day At; where At is left out, of
	// yesterday, and see [tiers.Ladder.Opening] for what else may be. What was counted after
	// At is decided by the import. Without tier and At nothing is decided, and all that
	// counts is decided from the day of enrollment on.
	State tiers.State `json:"state,omitzero"`
	// Entered lists tiers that were entered after At, for which the member has had what
	// entering gives.
	Entered []OpeningEntry `json:"entered,omitempty"`
	// Grants are tiers by a match, an override or a merge, and Matched is set where the
	// member's status was ever matched on the ladder.
	Grants  []OpeningGrant `json:"grants,omitempty"`
	Matched bool           `json:"matched,omitempty"`
}

// OpeningEntry is a tier that was entered on a day.
type OpeningEntry struct {
	Tier string    `json:"tier"`
	Day  tiers.Day `json:"day"`
}

// OpeningGrant is a tier that was granted.
type OpeningGrant struct {
	// By is "match", "override" or "merge".
	By string `json:"by"`
	tiers.Grant
}

const (
	// maxOpeningCounts bounds the counts of a row, maxOpeningEntered the tiers that were
	// entered on a ladder, also by those who are one with the member now, and maxOpeningPages
	// the rows of a member.
	maxOpeningCounts  = 1500
	maxOpeningEntered = 1500
	maxOpeningPages   = 100
)

// more reports whether rows of the standing follow.
func (o *OpeningStanding) more() bool { return o.Page < o.Pages }

// openingDay checks a day that must be one, unless it may be left out.
func openingDay(problems *points.Problems, path string, day tiers.Day, optional bool) {
	if day < tiers.FirstDay || day > tiers.LastDay || day == 0 && !optional {
		problems.Add(path, "say a day of the years 1970 to 9999")
	}
}

// problems lists every problem of the standing that shows without a program.
func (o *OpeningStanding) problems() points.Problems {
	var problems points.Problems
	openingDay(&problems, "standing.anniversary", o.Anniversary, true)
	if o.Pages < 0 || o.Pages > maxOpeningPages {
		problems.Add("standing.pages", "%d: must be 0 to %d", o.Pages, maxOpeningPages)
	} else if o.Page < min(1, o.Pages) || o.Page > o.Pages {
		problems.Add("standing.page", "%d: must be 1 to %d, of so many pages", o.Page, o.Pages)
	}
	if o.more() && (o.Anniversary != 0 || len(o.Ladders) > 0) {
		problems.Add("standing.page", "%d of %d has counts only: say the ladders and the anniversary on the last", o.Page, o.Pages)
	}
	if len(o.Counts) > maxOpeningCounts {
		problems.Add("standing.counts", "at most %d fit a row, here are %d: spread them over pages", maxOpeningCounts, len(o.Counts))
		return problems
	}
	for i, count := range o.Counts {
		at := fmt.Sprintf("standing.counts[%d]", i)
		if err := points.CheckID(count.Metric, maxID); err != nil {
			problems.Add(at+".metric", "%v", err)
		}
		openingDay(&problems, at+".day", count.Day, false)
		if count.Amount <= 0 || count.Amount > points.MaxAmount {
			problems.Add(at+".amount", "%d: must be above 0, at most %d", count.Amount, points.MaxAmount)
		}
	}
	if len(o.Ladders) > maxLadders {
		problems.Add("standing.ladders", "at most %d, here are %d", maxLadders, len(o.Ladders))
		return problems
	}
	for i := range o.Ladders {
		l, at := &o.Ladders[i], fmt.Sprintf("standing.ladders[%d]", i)
		if slices.ContainsFunc(o.Ladders[:i], func(other OpeningLadder) bool { return other.Ladder == l.Ladder }) {
			problems.Add(at+".ladder", "%q is named twice", points.Clip(l.Ladder))
		}
		problems = append(problems, l.problems(at)...)
	}
	return problems
}

func (l *OpeningLadder) problems(at string) points.Problems {
	var problems points.Problems
	check := func(path, code string, optional bool) {
		if optional && code == "" {
			return
		}
		if err := points.CheckID(code, maxID); err != nil {
			problems.Add(at+path, "%v", err)
		}
	}
	check(".ladder", l.Ladder, false)
	check(".state.tier", l.State.Tier, true)
	check(".state.highest", l.State.Highest, true)
	check(".state.next", l.State.Next, true)
	for _, date := range []struct {
		path string
		day  tiers.Day
	}{
		{".state.since", l.State.Since},
		{".state.until", l.State.Until},
		{".state.nextFrom", l.State.NextFrom},
		{".state.lapsed", l.State.Lapsed},
		{".state.carriedTo", l.State.CarriedTo},
		{".state.at", l.State.At},
	} {
		openingDay(&problems, at+date.path, date.day, true)
	}
	problems = append(problems, needProblems(at+".state.carried", l.State.Carried)...)
	if len(l.Entered) > maxOpeningEntered {
		problems.Add(at+".entered", "at most %d, here are %d", maxOpeningEntered, len(l.Entered))
	}
	for i, e := range l.Entered[:min(len(l.Entered), maxOpeningEntered)] {
		check(fmt.Sprintf(".entered[%d].tier", i), e.Tier, false)
		openingDay(&problems, fmt.Sprintf("%s.entered[%d].day", at, i), e.Day, false)
	}
	if len(l.Grants) > maxGrants {
		problems.Add(at+".grants", "at most %d, here are %d", maxGrants, len(l.Grants))
	}
	for i := range l.Grants[:min(len(l.Grants), maxGrants)] {
		g, path := &l.Grants[i], fmt.Sprintf(".grants[%d]", i)
		if by := grantKind(g.By); by != byMatch && by != byOverride && by != byMerge {
			problems.Add(at+path+".by", "%q is unknown: say %q, %q or %q", points.Clip(g.By), byMatch, byOverride, byMerge)
		}
		check(path+".tier", g.Tier, false)
		openingDay(&problems, at+path+".from", g.From, false)
		openingDay(&problems, at+path+".until", g.Until, false)
		if g.Until < g.From {
			problems.Add(at+path+".until", "%s is before from (%s)", g.Until, g.From)
		}
		problems = append(problems, needProblems(at+path+".challenge.all", g.Challenge.All)...)
		problems = append(problems, needProblems(at+path+".challenge.any", g.Challenge.Any)...)
	}
	return problems
}
