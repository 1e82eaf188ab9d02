package tiers_test

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// atLeast asks for so much of one metric.
func atLeast(metric string, n int64) tiers.Condition {
	return tiers.Condition{All: []tiers.Need{{Metric: metric, AtLeast: n}}}
}

// did is something that a member did on a day.
type did struct {
	on     tiers.Day
	metric string
	amount int64
}

// life evaluates a ladder for a member up to a day, and prints what changes.
func life(ladder tiers.Ladder, enrolled, to tiers.Day, what ...did) (tiers.State, *tiers.Member) {
	member := &tiers.Member{Enrolled: enrolled, Counts: tiers.Counts{}}
	for _, d := range what {
		if err := member.Counts.Add(d.metric, d.on, d.amount); err != nil {
			fmt.Println(err)
		}
	}
	state, changes := ladder.Evaluate(tiers.State{}, member, to)
	for _, c := range changes {
		fmt.Printf("%s %s: %q to %q, until %s\n", c.Day, c.Kind, c.From, c.To, c.Until)
	}
	return state, member
}

// An airline's members qualify in one year for the next: by miles and segments both, and a
// little less keeps it.
func ExampleLadder_Evaluate_nextPeriod() {
	all := func(miles, segments int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "mile", AtLeast: miles}, {Metric: "segment", AtLeast: segments}}}
	}
	life(
		tiers.Ladder{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
			Start: tiers.NextPeriod, End: tiers.EndOfPeriod,
			Tiers: []tiers.Tier{{Code: "silver", Enter: all(25_000, 20), Keep: all(20_000, 15)}},
		},
		tiers.Date(2027, time.January, 5), tiers.Date(2030, time.January, 1),
		did{tiers.Date(2027, time.April, 2), "mile", 26_000},
		did{tiers.Date(2027, time.October, 9), "segment", 20},
		did{tiers.Date(2028, time.May, 5), "mile", 20_000},
		did{tiers.Date(2028, time.May, 5), "segment", 15},
	)
	// Output:
	// 2028-01-01 promoted: "" to "silver", until 2029-01-01
	// 2029-01-01 retained: "silver" to "silver", until 2030-01-01
	// 2030-01-01 demoted: "silver" to "", until 9999-12-31
}

// A retailer looks at what was spent in the last twelve months, in cents. When it is too
// little, the tier is held for 30 more days, in which an order can save it.
func ExampleLadder_Evaluate_whileHeld() {
	life(
		tiers.Ladder{
			Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, End: tiers.WhileHeld, Grace: 30,
			Tiers: []tiers.Tier{{Code: "gold", Enter: atLeast("cent", 500_00)}},
		},
		tiers.Date(2027, time.January, 5), tiers.Date(2029, time.June, 1),
		did{tiers.Date(2027, time.February, 1), "cent", 300_00},
		did{tiers.Date(2027, time.June, 1), "cent", 200_00},
		did{tiers.Date(2028, time.February, 20), "cent", 300_00},
	)
	// Output:
	// 2027-06-01 promoted: "" to "gold", until 9999-12-31
	// 2028-02-01 lapsing: "gold" to "gold", until 2028-03-02
	// 2028-02-20 retained: "gold" to "gold", until 9999-12-31
	// 2028-06-01 lapsing: "gold" to "gold", until 2028-07-01
	// 2028-07-01 demoted: "gold" to "", until 9999-12-31
}

// A club's status holds for a year from the day of each promotion, and is kept by what the
// last twelve months have on its last day. Who comes back needs less.
func ExampleLadder_Evaluate_span() {
	life(
		tiers.Ladder{
			Code: "club", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}},
			End: tiers.AfterSpan, Lasts: tiers.Span{Months: 12},
			Tiers: []tiers.Tier{{Code: "member", Enter: atLeast("visit", 10), Reenter: atLeast("visit", 6)}},
		},
		tiers.Date(2027, time.January, 31), tiers.Date(2029, time.February, 1),
		did{tiers.Date(2027, time.February, 20), "visit", 9},
		did{tiers.Date(2027, time.March, 31), "visit", 1},
		did{tiers.Date(2028, time.May, 2), "visit", 6},
	)
	// Output:
	// 2027-03-31 promoted: "" to "member", until 2028-03-31
	// 2028-03-31 demoted: "member" to "", until 9999-12-31
	// 2028-05-02 promoted: "" to "member", until 2029-05-02
}

// Nights beyond what gold takes count in the next year, up to 10 of them.
func ExampleRollover() {
	state, member := life(
		tiers.Ladder{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
			Rollover: []tiers.Rollover{{Metric: "night", Most: 10}},
			Tiers:    []tiers.Tier{{Code: "gold", Enter: atLeast("night", 25)}},
		},
		tiers.Date(2027, time.January, 5), tiers.Date(2028, time.February, 1),
		did{tiers.Date(2027, time.August, 1), "night", 33},
	)
	fmt.Println(state.Carried[0].AtLeast, "nights carried over to the year of", state.CarriedTo, "of", member.Counts.Sum("night", 0, state.At))
	// Output:
	// 2027-08-01 promoted: "" to "gold", until 2029-01-01
	// 8 nights carried over to the year of 2028-01-01 of 33
}

// Who is gold elsewhere is gold for 90 days, and stays it who spends 8 nights in them.
func ExampleGrant() {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: atLeast("night", 25)}},
	}
	from := tiers.Date(2027, time.March, 1)
	for _, nights := range []int64{7, 8} {
		member := &tiers.Member{Enrolled: from, Counts: tiers.Counts{}, Grants: []tiers.Grant{
			{Tier: "gold", From: from, Until: from + 90, Challenge: atLeast("night", 8)},
		}}
		if err := member.Counts.Add("night", from+30, nights); err != nil {
			fmt.Println(err)
		}
		for _, day := range []tiers.Day{from, from + 90} {
			state, _ := ladder.Evaluate(tiers.State{}, member, day)
			tier, _, until, granted := ladder.Holding(state, member, day)
			fmt.Printf("%d nights, %s: %q until %s, granted %v\n", nights, day, tier, until, granted)
		}
	}
	// Output:
	// 7 nights, 2027-03-01: "gold" until 2027-05-30, granted true
	// 7 nights, 2027-05-30: "" until 1970-01-01, granted false
	// 8 nights, 2027-03-01: "gold" until 2027-05-30, granted true
	// 8 nights, 2027-05-30: "gold" until 2028-01-01, granted false
}

// What a member page shows: 12 nights are 13 short of gold, and so many of this year keep
// silver for the next.
func ExampleLadder_Progress() {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}, {Code: "gold", Enter: atLeast("night", 25)}},
	}
	state, member := life(
		ladder, tiers.Date(2027, time.January, 5), tiers.Date(2028, time.March, 1),
		did{tiers.Date(2027, time.August, 1), "night", 12},
		did{tiers.Date(2028, time.February, 1), "night", 4},
	)
	p := ladder.Progress(state, member, state.At)
	fmt.Printf("%s since %s until %s, then %q\n", p.Tier, p.Since, p.Until, p.Projected)
	fmt.Printf("%d of %d for %s\n", p.Missing[0].Have, p.Missing[0].Need, p.Next)
	fmt.Printf("%d more by %s keep it\n", p.Keeping[0].Left, p.KeepUntil)
	// Output:
	// 2027-08-01 promoted: "" to "silver", until 2028-01-01
	// 2028-01-01 retained: "silver" to "silver", until 2029-01-01
	// silver since 2027-08-01 until 2029-01-01, then ""
	// 4 of 25 for gold
	// 6 more by 2029-01-01 keep it
}

// When and to what a tier is lost if nothing more happens, and which reminder has come.
func ExampleLadder_Ending() {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, Down: tiers.OneStep,
		Remind: []tiers.Span{{Months: 2}, {Days: 7}},
		Tiers:  []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}, {Code: "gold", Enter: atLeast("night", 25)}},
	}
	state, member := life(
		ladder, tiers.Date(2027, time.January, 5), tiers.Date(2028, time.November, 5),
		did{tiers.Date(2027, time.August, 1), "night", 26},
		did{tiers.Date(2028, time.February, 1), "night", 20},
	)
	ending, ends := ladder.Ending(state, member)
	lead, next := ladder.Lead(ending.Day, state.At)
	fmt.Println(ends, ending.Tier, "to", ending.To, "on", ending.Day, "for want of", ending.Missing[0].Left)
	fmt.Println(lead.Months, "months before; the next reminder is on", next)
	// Output:
	// 2027-08-01 promoted: "" to "gold", until 2028-01-01
	// 2028-01-01 retained: "gold" to "gold", until 2029-01-01
	// true gold to silver on 2029-01-01 for want of 5
	// 2 months before; the next reminder is on 2028-12-25
}

// A program's new text takes the place of the old one: whose tier it does not have comes to
// the highest below that both have.
func ExampleLadder_Adopt() {
	before := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}, {Code: "gold", Enter: atLeast("night", 25)}},
	}
	after := before
	after.Tiers = []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}, {Code: "platinum", Enter: atLeast("night", 50)}}
	state, member := life(before, tiers.Date(2027, time.January, 5), tiers.Date(2027, time.December, 31), did{tiers.Date(2027, time.August, 1), "night", 30})
	_, changes := after.Adopt(state, &before, member, state.At+1)
	fmt.Println(changes[0].Day, changes[0].Kind, "from", changes[0].From, "to", changes[0].To)
	// Output:
	// 2027-08-01 promoted: "" to "gold", until 9999-12-31
	// 2028-01-01 demoted from gold to silver
}

// A member who moves in was silver since June. What is not said is filled in.
func ExampleLadder_Opening() {
	ladder := tiers.Ladder{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, End: tiers.EndOfNextPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: atLeast("night", 10)}},
	}
	member := &tiers.Member{Enrolled: tiers.Date(2019, time.June, 15)}
	moved := tiers.State{Tier: "silver", Since: tiers.Date(2026, time.June, 1), At: tiers.Date(2027, time.February, 28)}
	state, problems := ladder.Opening("state", moved, member)
	fmt.Println(state.Tier, state.Since, state.Until, len(problems))
	moved.Tier = "iron"
	_, problems = ladder.Opening("state", moved, member)
	fmt.Println(problems)
	// Output:
	// silver 2026-06-01 2028-01-01 0
	// state.tier: "iron" is not a tier of ladder "status"
}

// A day is that of the shop's zone, and starts when its clocks say so.
func ExampleDayOf() {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		fmt.Println(err)
		return
	}
	day := tiers.DayOf(time.Date(2027, time.March, 31, 22, 30, 0, 0, time.UTC), vienna)
	fmt.Println(day, "starts", day.Start(vienna).Format(time.RFC3339))
	fmt.Println("a month after", tiers.Date(2027, time.January, 31), "is", tiers.Date(2027, time.January, 31).AddMonths(1))
	// Output:
	// 2027-04-01 starts 2027-03-31T22:00:00Z
	// a month after 2027-01-31 is 2027-02-28
}

// Every problem of a program's ladders comes with the path of its field.
func ExampleValidateLadders() {
	ladders := []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: atLeast("mile", 0)}},
	}}
	for _, problem := range tiers.ValidateLadders("ladders", ladders, []string{"night"}) {
		fmt.Println(problem.Path)
	}
	// Output:
	// ladders[0].end
	// ladders[0].tiers[0].enter.all[0].metric
	// ladders[0].tiers[0].enter.all[0].atLeast
}
