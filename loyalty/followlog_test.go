package loyalty_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestALogsDateAheadOfTheClockIsRefusedAndMovesNobodysTime(t *testing.T) {
	s := openShop(t, coffee())
	at := func(order loyalty.Earn, when time.Time) loyalty.Command {
		order.OccurredAt = when
		return order
	}
	commands := []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "enroll", OccurredAt: s.now.AddDate(-1, 0, 0)},
		at(sale("1", 10), s.now.AddDate(0, -6, 0)),
		at(sale("2", 10), s.now.AddDate(7000, 0, 0)),
		at(sale("3", 10), s.now.AddDate(0, -5, 0)),
	}
	var refused []int
	i := 0
	for receipt, err := range s.DoAll(t.Context(), slices.Values(commands), &loyalty.AllOptions{FollowLog: true}) {
		if err != nil {
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			refused = append(refused, i)
		} else {
			require.Equal(t, commands[i].Plan().OccurredAt, receipt.RecordedAt)
		}
		i++
	}
	require.Equal(t, []int{2}, refused)
	require.Equal(t, points.Balance{Unit: "bean"}, s.balance(), "both have expired by now")
}
