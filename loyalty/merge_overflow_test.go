package loyalty_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// A merge that no account could hold would never end, and lock both members out.
func TestTwoWhoHaveMoreTogetherThanAnAccountCanStayApart(t *testing.T) {
	for name, has := range map[string]loyalty.Import{
		"available":              {Unit: "bean", Points: 1},
		"pending":                {Unit: "bean", Points: 1, AvailableFrom: points.Never},
		"counted":                {Unit: "visits", Points: 1},
		"just what one can have": {},
	} {
		t.Run(name, func(t *testing.T) {
			program := beans(points.NeverExpire())
			program.Units = append(program.Units, points.Unit{Code: "visits", Kind: points.Metric})
			s := openShop(t, program)
			has.Member, has.Key = "anna", "import"
			s.must(has)
			for _, unit := range []string{"bean", "visits"} {
				s.must(loyalty.Import{Member: "ben", Key: unit, Unit: unit, Points: math.MaxInt64})
			}
			merge := loyalty.Merge{Member: "anna", Key: "merge", From: "ben"}
			_, err := s.Quote(t.Context(), merge)
			if has.Points == 0 {
				require.NoError(t, err)
				s.must(merge)
			} else {
				require.ErrorIs(t, err, points.ErrOverflow)
				s.refuses(merge, points.ErrOverflow)
			}
			s.must(loyalty.Spend{Member: "ben", Key: "spend", Unit: "bean", Points: math.MaxInt64})
			s.verify()
		})
	}
}
