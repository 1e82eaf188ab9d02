package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestALateFactCountsUnderTheRevisionOfItsOwnTime(t *testing.T) {
	first := beans(points.NeverExpire())
	first.Units = append(first.Units, points.Unit{Code: "visit", Kind: points.Metric})
	first.Earning = []points.Rule{{Code: "visit", Activity: "visit", Bonus: 5}}
	second := first
	s := openShop(t, first)
	second.EffectiveAt = s.now.AddDate(0, 1, 0)
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	visited := s.now
	s.now = s.now.AddDate(0, 2, 0)
	s.must(loyalty.Fact{Member: "anna", Key: "visit", Activity: "visit", OccurredAt: visited})
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		for _, e := range op.Entries {
			require.Equalf(t, int64(1), e.Revision, "the %s of %s", e.Kind, e.Unit)
		}
	}
}
