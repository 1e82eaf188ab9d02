package kpi_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// naiveOccasions counts months from sets of them.
func naiveOccasions(orders []kpi.Order, until time.Time, zone *time.Location) []kpi.MemberOccasions {
	month := func(at time.Time) int { return at.In(zone).Year()*12 + int(at.In(zone).Month()) - 1 }
	months := map[string]map[int]bool{}
	for _, o := range orders {
		if o.Amount.Sign() < 0 || !o.At.Before(until) {
			continue
		}
		if months[o.Member] == nil {
			months[o.Member] = map[int]bool{}
		}
		months[o.Member][month(o.At)] = true
	}
	whole := month(until) - 1 // the month of until itself has not ended
	var all []kpi.MemberOccasions
	for _, member := range slices.Sorted(maps.Keys(months)) {
		bought := slices.Sorted(maps.Keys(months[member]))
		o := kpi.MemberOccasions{Member: member, Number: whole - bought[0]}
		for _, m := range bought[1:] {
			if m <= whole {
				o.Frequency++
				o.Last = m - bought[0]
			}
		}
		if o.Number > 0 {
			all = append(all, o)
		}
	}
	return all
}

func TestOccasionsAreTheWholePeriodsAfterTheFirstInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		orders, zone := drawLog(t), drawZone(t)
		until := time.Date(rapid.IntRange(2000, 2033).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 28).Draw(t, "day"), 12, 0, 0, 0, zone)
		o := &kpi.CohortOptions{Zone: zone, Until: until}
		whole, merged := inAnyOrder(t, orders, func() *kpi.CohortAccumulator { return got[*kpi.CohortAccumulator](t)(kpi.NewCohortAccumulator(o)) })
		want := naiveOccasions(orders, until, zone)
		assert.Equal(t, want, slices.Collect(whole.Occasions()))
		assert.Equal(t, want, slices.Collect(merged.Occasions()))
	})
}

func TestAMonthThatHasEndedIsAnOccasion(t *testing.T) {
	a := must(kpi.NewCohortAccumulator(&kpi.CohortOptions{Until: time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)}))
	for _, at := range []time.Time{date(t, "2027-01-31"), date(t, "2027-03-31")} {
		require.NoError(t, a.Add(kpi.Order{Member: "anna", At: at, Amount: amount(t, "5")}))
	}
	assert.Equal(t, []kpi.MemberOccasions{{Member: "anna", Frequency: 1, Last: 2, Number: 2}}, slices.Collect(a.Occasions()))
	for range a.Occasions() {
		break
	}
	assert.Empty(t, slices.Collect(must(kpi.NewCohortAccumulator(nil)).Occasions()), "nothing was seen")
}

func ExampleCohortAccumulator_Occasions() {
	a, err := kpi.NewCohortAccumulator(&kpi.CohortOptions{Until: time.Date(2027, time.May, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []string{"2027-01-09", "2027-02-03", "2027-02-20", "2027-04-11"} {
		at, _ := time.Parse(time.DateOnly, day)
		if err := a.Add(kpi.Order{Member: "anna", At: at}); err != nil {
			fmt.Println(err)
		}
	}
	for o := range a.Occasions() {
		fmt.Printf("%s bought in %d of %d months, last in the one numbered %d\n", o.Member, o.Frequency, o.Number, o.Last)
	}
	// Output: anna bought in 2 of 3 months, last in the one numbered 3
}
