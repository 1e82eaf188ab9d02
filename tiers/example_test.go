package tiers_test

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// A hotel counts nights in a calendar year. Status lasts to the end of the next year,
// and who does not keep it lands softly, one tier down.
func Example() {
	nights := func(n int64) tiers.Condition {
		return tiers.Condition{All: []tiers.Need{{Metric: "night", AtLeast: n}}}
	}
	ladder := tiers.Ladder{
		Code:   "status",
		Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		End:    tiers.EndOfNextPeriod,
		Down:   tiers.OneStep,
		Tiers: []tiers.Tier{
			{Code: "silver", Enter: nights(10)},
			{Code: "gold", Enter: nights(25)},
		},
	}
	anna := &tiers.Member{Enrolled: tiers.Date(2027, time.January, 5), Counts: tiers.Counts{}}
	for _, stay := range []struct {
		day    tiers.Day
		nights int64
	}{
		{tiers.Date(2027, time.March, 12), 12},
		{tiers.Date(2027, time.July, 2), 14},
		{tiers.Date(2028, time.May, 20), 4},
	} {
		if err := anna.Counts.Add("night", stay.day, stay.nights); err != nil {
			panic(err)
		}
	}
	state, changes := ladder.Evaluate(tiers.State{}, anna, tiers.Date(2029, time.February, 1))
	for _, c := range changes {
		fmt.Printf("%s %s: %q to %q, until %s\n", c.Day, c.Kind, c.From, c.To, c.Until)
	}
	progress := ladder.Progress(state, anna, state.At)
	fmt.Printf("%s; %d nights to %s\n", progress.Tier, progress.Missing[0].Left, progress.Next)
	// Output:
	// 2027-03-12 promoted: "" to "silver", until 2029-01-01
	// 2027-07-02 promoted: "silver" to "gold", until 2029-01-01
	// 2029-01-01 demoted: "gold" to "silver", until 2030-01-01
	// silver; 25 nights to gold
}
