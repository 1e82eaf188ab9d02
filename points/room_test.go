package points_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestPendingAvailableAndHeldPointsShareTheRoomThatThereIs(t *testing.T) {
	all := points.Balance{Unit: "bean", Pending: points.MaxAmount - 10, Available: 4, Held: 6}
	for _, to := range []points.Bucket{points.Pending, points.Available} {
		b := all
		err := b.Apply(points.Entry{Unit: "bean", From: points.Issued, To: to, Amount: 1})
		require.ErrorIs(t, err, points.ErrOverflow)
		require.Equal(t, all, b)
	}
	b := all
	require.NoError(t, b.Apply(points.Entry{Unit: "bean", From: points.Pending, To: points.Available, Amount: points.MaxAmount - 10}))
	require.NoError(t, b.Apply(points.Entry{Unit: "bean", From: points.Held, To: points.Available, Amount: 6}))
	require.Equal(t, points.Balance{Unit: "bean", Available: points.MaxAmount}, b)
}
