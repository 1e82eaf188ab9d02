package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestABacklogIsSettledInTheOrderInWhichItFellDue(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units = append(program.Units, points.Unit{Code: "crumb", Expiry: points.NeverExpire()})
	program.Debt = loyalty.AllowDebt
	s := openShop(t, program)
	start := s.now
	day := start.AddDate
	adjust := func(key, unit string, n points.Amount) loyalty.Adjust {
		return loyalty.Adjust{Member: "anna", Key: key, Unit: unit, Points: n, Reason: "gift", Actor: "shop"}
	}
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	// More falls due in the first hundred days than one load brings.
	for i := range 450 {
		crumb := adjust(fmt.Sprintf("crumb-%d", i), "crumb", 1)
		crumb.ExpiresAt = start.Add(time.Duration(i+1) * 6 * time.Hour)
		s.must(crumb)
	}
	// A hold lapses after another whose beans have expired by then.
	s.must(adjust("late", "bean", 10))
	s.must(loyalty.Hold{Member: "anna", Key: "late hold", ID: "late", Unit: "bean", Points: 10, Until: day(0, 0, 140)})
	soon := adjust("soon", "bean", 10)
	soon.ExpiresAt = day(0, 0, 130)
	s.must(soon)
	s.must(loyalty.Hold{Member: "anna", Key: "soon hold", ID: "soon", Unit: "bean", Points: 10, Until: day(0, 0, 120)})
	s.must(adjust("debt", "bean", -4))

	want, err := s.MemberAt(t.Context(), "anna", day(0, 0, 300))
	require.NoError(t, err)
	s.now = day(0, 0, 300)
	_, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	var last loyalty.Operation
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		if op.Type != "settle" {
			continue
		}
		for _, e := range op.Entries {
			require.Falsef(t, e.OccurredAt.Before(last.OccurredAt), "%s of %s is booked after %s", e.Kind, e.OccurredAt, last.OccurredAt)
			last.OccurredAt = e.OccurredAt
		}
	}
	got, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, want.Balances, got.Balances)
	s.verify()
}
