package loyalty_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// TestABreakdownAddsUpByRuleAndLine buys orders of one to four lines, whose points are
// rounded once, with two rules on every line and one on the order.
func TestABreakdownAddsUpByRuleAndLine(t *testing.T) {
	base, half := euroRate(), points.Rule{Code: "half", Multiply: eur("1.5")}
	s := ruled(t, base, half, points.Rule{Code: "gift", Bonus: 7})
	for n := 1; n <= 4; n++ {
		order := points.Order{ID: fmt.Sprint("o", n), Currency: "EUR"}
		for i := range n {
			order.Lines = append(order.Lines, points.Line{ID: fmt.Sprint("l", i), Item: "bean", Amount: eur(fmt.Sprintf("%d.%d7", 3+i, i))})
		}
		cmd := loyalty.Earn{Member: "anna", Key: order.ID, Order: order}
		quote, err := s.Quote(t.Context(), cmd)
		require.NoError(t, err)
		receipt := s.must(cmd)
		require.Equal(t, quote, receipt)
		award := receipt.Awards[0]
		byRule := points.Amount(0)
		for i := range award.Rules {
			rule := &award.Rules[i]
			byRule += rule.Points
			require.NotEmpty(t, rule.Rule)
			if n == 1 || rule.Rule == "gift" && len(rule.Lines) == 0 {
				continue
			}
			require.Len(t, rule.Lines, n, rule.Rule)
			byLine := points.Amount(0)
			for _, line := range rule.Lines {
				byLine += line.Points
			}
			require.Equal(t, rule.Points, byLine, rule.Rule)
		}
		require.Equal(t, award.Points, byRule)
	}
}

func TestNthPurchasesAreReadOut(t *testing.T) {
	for nth, words := range map[int64]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 111: "111th"} {
		s := ruled(t, euroRate(), points.Rule{Code: "nth", Bonus: 5, Count: &points.Count{Nth: nth}})
		var receipt loyalty.Receipt
		for i := range nth {
			receipt = s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(i), Order: coffees(fmt.Sprint(i), 1)})
		}
		require.Contains(t, receipt.String(), "on the "+words+" order")
	}
}
