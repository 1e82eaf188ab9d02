package loyalty_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// coffee gives a bean per euro; beans live to the end of the month after next.
func coffee() loyalty.Program {
	program := beans(points.ExpireAfter(2, points.Months).At(points.EndOfMonth))
	program.Earning = []points.Rule{{
		Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"},
	}}
	program.Units[0].Pending = points.For(1, points.Days)
	return program
}

func sale(id string, euros int64) loyalty.Earn {
	return loyalty.Earn{Member: "anna", Key: id, Order: points.Order{
		ID: id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(euros)}},
	}}
}

// twins are two engines on stores of their own; only the second merges lots.
type twins struct {
	now     time.Time
	engines [2]*loyalty.Engine
	merges  int
}

func newTwins(t require.TestingT) *twins {
	w := &twins{now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)}
	for i, open := range []int{1 << 20, 2} {
		program := coffee()
		program.Catalog = rewards.Catalog{{Code: "mug", Type: rewards.TypeCustom, Prices: []rewards.Price{{Unit: "bean", Points: 7}}}}
		engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
			Clock: func() time.Time { return w.now }, Secret: []byte("a secret of the test"), OpenLots: open,
		})
		require.NoError(t, err)
		w.engines[i] = engine
	}
	return w
}

// both runs a command on both and expects the same of it.
func (w *twins) both(t *rapid.T, cmd loyalty.Command) {
	var receipts [2]loyalty.Receipt
	var errs [2]error
	for i, engine := range w.engines {
		receipts[i], errs[i] = engine.Do(t.Context(), cmd)
		_, err := engine.RunDue(t.Context(), nil)
		require.NoError(t, err)
	}
	why := func(err error) error {
		for err != nil && errors.Unwrap(err) != nil {
			err = errors.Unwrap(err)
		}
		return err
	}
	require.Equal(t, fmt.Sprint(why(errs[0])), fmt.Sprint(why(errs[1])), "%#v", cmd)
	require.Equal(t, receipts[0].Shortfalls, receipts[1].Shortfalls, "%#v", cmd)
	var members [2]loyalty.Member
	for i, engine := range w.engines {
		m, err := engine.Member(t.Context(), "anna")
		require.NoError(t, err)
		members[i] = m
	}
	require.Equal(t, members[0].Balances, members[1].Balances, "%#v", cmd)
	require.Equal(t, members[0].Expiring, members[1].Expiring, "%#v", cmd)
	require.Equal(t, members[0].Maturing, members[1].Maturing, "%#v", cmd)
	if len(members[1].Lots) < len(members[0].Lots) {
		w.merges++
	}
}

func TestRefundsGiveTheSameTotalsWithAndWithoutConsolidation(t *testing.T) {
	merges := 0
	rapid.Check(t, func(t *rapid.T) {
		w := newTwins(t)
		w.both(t, loyalty.Enroll{Member: "anna", Key: "enroll"})
		var orders, holds, tables, mugs []string
		for step := range rapid.IntRange(5, 40).Draw(t, "steps") {
			key := fmt.Sprintf("k%d", step)
			w.now = w.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(t, "hours")) * time.Hour)
			amount := rapid.Int64Range(1, 30).Draw(t, "amount")
			at := func(of []string) string { return rapid.SampledFrom(of).Draw(t, "which") }
			what := rapid.SampledFrom([]string{"sale", "sale", "sale", "gift", "spend", "hold", "void", "refund", "refund", "part", "pay", "back", "redeem", "cancel"}).Draw(t, "what")
			switch {
			case what == "gift":
				w.both(t, loyalty.Adjust{
					Member: "anna", Key: key, Unit: "bean", Points: points.Amount(amount), Reason: "gift", Actor: "shop",
					ExpiresAt: w.now.AddDate(0, 0, int(amount)),
				})
			case what == "pay":
				tables = append(tables, key)
				w.both(t, loyalty.Spend{Member: "anna", Key: key, Unit: "bean", Points: points.Amount(amount), Order: key})
			case what == "back" && len(tables) > 0:
				w.both(t, loyalty.Refund{Member: "anna", Key: key, Order: at(tables), PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: points.Amount(amount)}}})
			case what == "redeem":
				mugs = append(mugs, key)
				w.both(t, loyalty.Redeem{Member: "anna", Key: key, Redemption: key, Reward: "mug"})
			case what == "cancel" && len(mugs) > 0:
				w.both(t, loyalty.CancelRedemption{Member: "anna", Key: key, Redemption: at(mugs)})
			case what == "spend":
				w.both(t, loyalty.Spend{Member: "anna", Key: key, Unit: "bean", Points: points.Amount(amount)})
			case what == "hold":
				holds = append(holds, key)
				w.both(t, loyalty.Hold{Member: "anna", Key: key, ID: key, Unit: "bean", Points: points.Amount(amount), Until: w.now.AddDate(0, 0, int(amount))})
			case what == "void" && len(holds) > 0:
				w.both(t, loyalty.Void{Member: "anna", Key: key, Hold: at(holds)})
			case what == "refund" && len(orders) > 0:
				w.both(t, loyalty.Refund{Member: "anna", Key: key, Order: at(orders), Full: true})
			case what == "part" && len(orders) > 0:
				w.both(t, loyalty.Refund{Member: "anna", Key: key, Order: at(orders), Amount: decimal.NewFromInt(amount)})
			default:
				orders = append(orders, key)
				w.both(t, sale(key, amount))
			}
		}
		merges += w.merges
		for _, engine := range w.engines {
			report, err := engine.Verify(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Problems)
		}
	})
	assert.Positive(t, merges, "no sequence has merged lots")
}

func TestCommandsOverVeryManyLikeLotsMergeThemFirst(t *testing.T) {
	const orders = 1500
	for _, c := range []struct {
		name string
		cmd  loyalty.Command
		left points.Amount
	}{
		{"a hold", loyalty.Hold{Member: "anna", Key: "all", ID: "trip", Unit: "bean", Points: orders, Until: points.Never}, 0},
		{"a transfer", loyalty.Transfer{Member: "anna", Key: "all", To: "bob", Unit: "bean", Points: orders}, 0},
		{"a correction", loyalty.Adjust{Member: "anna", Key: "all", Unit: "bean", Points: -orders, Reason: "error", Actor: "shop"}, 0},
		{"a refund of an order whose points are spent", loyalty.Refund{Member: "anna", Key: "all", Order: "large", Full: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := beans(points.NeverExpire())
			program.Earning = coffee().Earning
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(loyalty.Enroll{Member: "bob", Key: "enroll"})
			s.must(sale("large", orders))
			s.must(loyalty.Spend{Member: "anna", Key: "spent", Unit: "bean", Points: orders})
			for i := range orders {
				s.must(sale(fmt.Sprint(i), 1))
			}
			s.maxRows = 0
			receipt := s.must(c.cmd)
			require.LessOrEqual(t, s.maxRows, 2000)
			require.Equal(t, c.left, s.balance().Available)
			require.True(t, slices.ContainsFunc(receipt.Balances, func(b points.Balance) bool { return b.Available == c.left }))
			s.verify()
		})
	}
}
