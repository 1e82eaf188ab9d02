package points_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

// earned is the state of an order of three filters for 30.00 and a cake for 10.00,
// with a point per euro and a welcome bonus of 50.
func earned(t *testing.T) points.OrderState {
	t.Helper()
	o := order(points.Line{ID: "filter", Quantity: 3, Amount: dec("30.00")}, line("cake", "10.00"))
	rules := []points.Rule{{Code: "base", Spend: eur(1, "1")}, {Code: "welcome", Bonus: 50}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	return points.NewOrderState(o, awards)
}

func pieces(line string, n int64) points.Refund {
	return points.Refund{Lines: []points.RefundLine{{Line: line, Quantity: n}}}
}

func part(line, amount string) points.Refund {
	return points.Refund{Lines: []points.RefundLine{{Line: line, Amount: dec(amount)}}}
}

func amount(text string) points.Refund { return points.Refund{Amount: dec(text)} }

func TestRefund(t *testing.T) {
	full := points.Refund{Full: true}
	for _, c := range []struct {
		name    string
		refunds []points.Refund
		takes   []points.Amount
	}{
		{"a full refund takes all 90 points", []points.Refund{full}, []points.Amount{90}},
		{"a second full refund takes nothing", []points.Refund{full, full}, []points.Amount{90, 0}},
		{"a line takes its own points and its share of the bonus", []points.Refund{pieces("cake", 1)}, []points.Amount{22}},
		{"the rest of a line needs no number", []points.Refund{pieces("cake", 0)}, []points.Amount{22}},
		{"a piece takes a third of its line", []points.Refund{pieces("filter", 1)}, []points.Amount{22}},
		{"thirds add up", []points.Refund{pieces("filter", 1), pieces("filter", 1), pieces("filter", 1)}, []points.Amount{22, 23, 23}},
		{"two pieces, then the rest", []points.Refund{pieces("filter", 2), pieces("filter", 0)}, []points.Amount{45, 23}},
		{"line after line is everything", []points.Refund{pieces("filter", 3), pieces("cake", 1)}, []points.Amount{68, 22}},
		{"part of a line's money", []points.Refund{part("filter", "7.50")}, []points.Amount{17}},
		{"pieces and money of one line", []points.Refund{pieces("filter", 1), part("filter", "20.00")}, []points.Amount{22, 46}},
		{"money without a line is a part of the whole", []points.Refund{amount("10.00")}, []points.Amount{22}},
		{"all the money is everything", []points.Refund{amount("39.99"), amount("0.01")}, []points.Amount{89, 1}},
		{"money, then a line", []points.Refund{amount("10.00"), pieces("cake", 1)}, []points.Amount{22, 22}},
		{"a line, then money", []points.Refund{pieces("cake", 1), amount("10.00")}, []points.Amount{22, 22}},
		{"a line and money, then the full rest", []points.Refund{{Lines: []points.RefundLine{{Line: "cake"}}, Amount: dec("10.00")}, full}, []points.Amount{44, 46}},
		{"a cent takes nothing yet", []points.Refund{amount("0.01")}, []points.Amount{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := earned(t)
			var takes []points.Amount
			for _, refund := range c.refunds {
				take, err := state.Refund(refund)
				require.NoError(t, err)
				require.Len(t, take, 1)
				assert.Equal(t, "bean", take[0].Unit)
				takes = append(takes, take[0].Points)
			}
			assert.Equal(t, c.takes, takes)
		})
	}
}

func TestRefundOfMoreThanIsLeftChangesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		before []points.Refund
		refund points.Refund
		left   points.RefundError
	}{
		{"more pieces than the line has", nil, pieces("filter", 4), points.RefundError{Line: "filter", QuantityLeft: 3, AmountLeft: dec("30")}},
		{"more pieces than are left", []points.Refund{pieces("filter", 2)}, pieces("filter", 2), points.RefundError{Line: "filter", QuantityLeft: 1, AmountLeft: dec("10")}},
		{"more money than the line has left", []points.Refund{pieces("filter", 1)}, part("filter", "20.01"), points.RefundError{Line: "filter", QuantityLeft: 2, AmountLeft: dec("20")}},
		{"a line that is refunded already", []points.Refund{pieces("cake", 1)}, pieces("cake", 0), points.RefundError{Line: "cake"}},
		{"a line that the order does not have", nil, pieces("tea", 1), points.RefundError{Line: "tea", Unknown: true}},
		{"a line's number where it has an id", nil, pieces("1", 1), points.RefundError{Line: "1", Unknown: true}},
		{"more money than the order cost", nil, amount("40.01"), points.RefundError{AmountLeft: dec("40")}},
		{"more money than is left", []points.Refund{pieces("filter", 1), amount("5")}, amount("25.01"), points.RefundError{AmountLeft: dec("25")}},
		{"a line whose money was refunded without naming it", []points.Refund{amount("35")}, pieces("cake", 1), points.RefundError{AmountLeft: dec("5")}},
		{"anything after a full refund", []points.Refund{{Full: true}}, amount("0.01"), points.RefundError{}},
		{"a good line before a bad one", nil, points.Refund{Lines: []points.RefundLine{{Line: "cake"}, {Line: "filter", Quantity: 9}}}, points.RefundError{Line: "filter", QuantityLeft: 3, AmountLeft: dec("30")}},
		{"the same line twice", nil, points.Refund{Lines: []points.RefundLine{{Line: "filter", Quantity: 2}, {Line: "filter", Quantity: 2}}}, points.RefundError{Line: "filter", QuantityLeft: 1, AmountLeft: dec("10")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := earned(t)
			for _, refund := range c.before {
				_, err := state.Refund(refund)
				require.NoError(t, err)
			}
			before, err := json.Marshal(state)
			require.NoError(t, err)

			takes, err := state.Refund(c.refund)
			require.ErrorIs(t, err, points.ErrRefund)
			assert.Nil(t, takes)
			var left *points.RefundError
			require.ErrorAs(t, err, &left)
			assert.Equal(t, c.left.Line, left.Line)
			assert.Equal(t, c.left.QuantityLeft, left.QuantityLeft)
			assert.True(t, c.left.AmountLeft.Equal(left.AmountLeft), "left are %s", left.AmountLeft)
			assert.Equal(t, c.left.Unknown, left.Unknown)
			assert.Equal(t, c.left.Unknown, strings.Contains(left.Error(), "no line"))

			after, err := json.Marshal(state)
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
		})
	}
}

func TestRefundNamesItsProblems(t *testing.T) {
	for _, c := range []struct {
		name   string
		refund points.Refund
		says   string
	}{
		{"nothing", points.Refund{}, "say what is refunded"},
		{"full with an amount", points.Refund{Full: true, Amount: dec("1")}, "full: a full refund names no lines and no amount"},
		{"full with lines", points.Refund{Full: true, Lines: []points.RefundLine{{Line: "cake"}}}, "full: "},
		{"negative money", amount("-1"), "amount: must not be negative"},
		{"negative money of a line", part("cake", "-1"), "lines[0].amount: must not be negative"},
		{"endless money", points.Refund{Amount: decimal.New(1, 1_000_000)}, "amount: money has at most"},
		{"negative pieces", pieces("cake", -1), "lines[0].quantity: -1"},
		{"pieces and money of one line", points.Refund{Lines: []points.RefundLine{{Line: "cake", Quantity: 1, Amount: dec("1")}}}, "lines[0]: give \"quantity\" or \"amount\""},
		{"no line", pieces("", 1), "lines[0].line: must not be empty"},
		{"a thousand and one lines", points.Refund{Lines: make([]points.RefundLine, 1001)}, "lines: at most 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := earned(t)
			_, err := state.Refund(c.refund)
			require.ErrorContains(t, err, c.says)
			var problems points.Problems
			assert.ErrorAs(t, err, &problems)
		})
	}
}

func TestRefundOfSeveralUnits(t *testing.T) {
	o := order(points.Line{ID: "filter", Quantity: 2, Amount: dec("20")}, points.Line{ID: "gift", Amount: dec("20"), StoredValue: true})
	units := []points.Unit{bean, {Code: "spend", Kind: points.Metric, Scale: 2}, {Code: "visits", Kind: points.Metric}}
	rules := []points.Rule{
		{Code: "base", Spend: eur(1, "1")},
		{Code: "spend", Unit: "spend", Spend: &points.SpendRate{Points: 100, Per: dec("1"), Currency: "EUR", Basis: points.Basis{StoredValue: true}}},
		{Code: "visit", Unit: "visits", Bonus: 1},
	}
	awards, err := points.Evaluate(rules, units, o, points.Env{At: monday})
	require.NoError(t, err)
	state := points.NewOrderState(o, awards)

	takes, err := state.Refund(pieces("filter", 1))
	require.NoError(t, err)
	assert.Equal(t, []points.Take{{"bean", 10}, {"spend", 1000}, {"visits", 0}}, takes)

	takes, err = state.Refund(amount("5"))
	require.NoError(t, err)
	assert.Equal(t, []points.Take{{"bean", 1}, {"spend", 500}, {"visits", 0}}, takes, "a sixth of the 30 that are left, of the filter and of the gift card alike")

	takes, err = state.Refund(points.Refund{Full: true})
	require.NoError(t, err)
	assert.Equal(t, []points.Take{{"bean", 9}, {"spend", 2500}, {"visits", 1}}, takes)
}

func TestRefundOfChargesAndTax(t *testing.T) {
	o := points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{{Amount: dec("10"), Tax: dec("2")}}, Shipping: dec("4"), Fees: dec("1")}
	rules := []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: dec("1"), Currency: "EUR", Basis: points.Basis{Shipping: true}}}}
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	state := points.NewOrderState(o, awards)

	takes, err := state.Refund(part("shipping", "2"))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(2), takes[0].Points)
	takes, err = state.Refund(pieces("fees", 1))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(0), takes[0].Points, "fees earned nothing")
	takes, err = state.Refund(amount("7"))
	require.NoError(t, err, "17 in all with tax, 3 refunded: half of the rest")
	assert.Equal(t, points.Amount(6), takes[0].Points)
	_, err = state.Refund(amount("7.01"))
	require.ErrorIs(t, err, points.ErrRefund)
	takes, err = state.Refund(amount("7"))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(6), takes[0].Points)
	takes, err = state.Refund(pieces("1", 0))
	require.ErrorIs(t, err, points.ErrRefund)
	assert.Nil(t, takes)
}

func TestARefundWithTaxIsSaidByLineOrByMoney(t *testing.T) {
	o := points.Order{ID: "1", Currency: "EUR", Lines: []points.Line{
		{ID: "coffee", Quantity: 2, Amount: dec("10"), Tax: dec("2")}, {ID: "cake", Amount: dec("30"), Tax: dec("6")},
	}}
	awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		refunds []points.Refund
		taken   points.Amount
	}{
		{"half of each line", []points.Refund{pieces("coffee", 1), part("cake", "15")}, 20},
		{"half of the 48 that were paid", []points.Refund{amount("24")}, 20},
		{"a piece with its tax, then half of the 42 that are left", []points.Refund{pieces("coffee", 1), amount("21")}, 22},
		{"the coffees with their tax, then the 36 of the cake", []points.Refund{pieces("coffee", 0), amount("36")}, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := points.NewOrderState(o, awards)
			for _, refund := range c.refunds {
				_, err := state.Refund(refund)
				require.NoError(t, err)
			}
			assert.Equal(t, c.taken, state.Awards[0].Taken)
		})
	}
	state := points.NewOrderState(o, awards)
	_, err = state.Refund(pieces("coffee", 0))
	require.NoError(t, err)
	_, err = state.Refund(amount("36.01"))
	var left *points.RefundError
	require.ErrorAs(t, err, &left, "the tax of the coffees came back with them")
	assert.Equal(t, "36", left.AmountLeft.String())
}

func TestRefundOfMoneyTakesBonusesToo(t *testing.T) {
	o := order(line("a", "10.00"), line("sample", "0"))
	awards, err := points.Evaluate([]points.Rule{{Code: "welcome", Bonus: 51}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	state := points.NewOrderState(o, awards)

	takes, err := state.Refund(amount("9.99"))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(50), takes[0].Points, "of a bonus as of what money earned")
	untouched := state
	takes, err = state.Refund(amount("0.01"))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(1), takes[0].Points)
	assert.Equal(t, points.Amount(50), untouched.Awards[0].Taken, "a copy made before stays as it was")

	state = points.NewOrderState(o, awards)
	takes, err = state.Refund(pieces("sample", 1))
	require.NoError(t, err)
	assert.Equal(t, points.Amount(25), takes[0].Points, "a line that cost nothing has its share of the bonus")
	_, err = state.Refund(part("sample", "1"))
	require.ErrorIs(t, err, points.ErrRefund)
}

func TestAnOrderRefundedByOlderArithmeticGivesNothingBack(t *testing.T) {
	state := earned(t)
	state.Awards[0].Taken = 60
	takes, err := state.Refund(pieces("cake", 1))
	require.NoError(t, err)
	assert.Zero(t, takes[0].Points, "22 of 60 that are gone already")
	takes, err = state.Refund(points.Refund{Full: true})
	require.NoError(t, err)
	assert.Equal(t, points.Amount(30), takes[0].Points)
}

func TestOrderStateIsShort(t *testing.T) {
	o := order(points.Line{ID: "filter-250g", Item: "filter", Quantity: 2, Amount: dec("12.40")})
	awards, err := points.Evaluate([]points.Rule{{Code: "base", Spend: eur(1, "1")}}, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	state := points.NewOrderState(o, awards)
	text, err := json.Marshal(state)
	require.NoError(t, err)
	assert.Equal(t, `{"l":[{"i":"filter-250g","q":2,"m":"12.4"}],"a":[{"u":"bean","p":[12]}]}`, string(text))

	_, err = state.Refund(points.Refund{Lines: []points.RefundLine{{Line: "filter-250g", Quantity: 1}}, Amount: dec("3.10")})
	require.NoError(t, err)
	text, err = json.Marshal(state)
	require.NoError(t, err)
	assert.Equal(t, `{"l":[{"i":"filter-250g","q":2,"m":"12.4","rq":1}],"a":[{"u":"bean","p":[12],"k":9}],"m":"3.1"}`, string(text))
	var read points.OrderState
	require.NoError(t, json.Unmarshal(text, &read))
	again, err := json.Marshal(read)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again))
}

func drawState(t *rapid.T) points.OrderState {
	rules, o := drawRules(t), drawOrder(t)
	awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
	require.NoError(t, err)
	return points.NewOrderState(o, awards)
}

// drawRefund draws a refund that may ask for too much.
func drawRefund(t *rapid.T, s points.OrderState) points.Refund {
	i := rapid.IntRange(0, len(s.Lines)-1).Draw(t, "line")
	line := points.RefundLine{Line: s.Lines[i].ID}
	if line.Line == "" {
		line.Line = fmt.Sprint(i + 1)
	}
	switch rapid.IntRange(0, 8).Draw(t, "refund") {
	case 0, 1, 2:
		line.Quantity = rapid.Int64Range(1, 3).Draw(t, "pieces")
	case 3, 4:
		line.Amount = drawMoney(t, "of the line", 10000)
	case 5:
	case 6, 7:
		return points.Refund{Amount: drawMoney(t, "of the order", 10000)}
	default:
		return points.Refund{Full: true}
	}
	return points.Refund{Lines: []points.RefundLine{line}}
}

func TestRefundsTakeAtMostWhatWasEarned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := drawState(t)
		if len(state.Awards) == 0 {
			return
		}
		total, taken := state.Awards[0].Total(), points.Amount(0)
		for range rapid.IntRange(1, 8).Draw(t, "refunds") {
			takes, err := state.Refund(drawRefund(t, state))
			if err != nil {
				continue
			}
			assert.GreaterOrEqual(t, takes[0].Points, points.Amount(0), "a refund never gives points")
			taken += takes[0].Points
			require.LessOrEqual(t, taken, total)
			require.Equal(t, taken, state.Awards[0].Taken)
			require.Equal(t, modelTaken(state), int64(taken), "what the model takes")
		}
		takes, err := state.Refund(points.Refund{Full: true})
		require.NoError(t, err)
		require.Equal(t, total, taken+takes[0].Points, "a full refund takes the exact rest")
	})
}

// modelTaken is the cumulative target of P11, by line and in rationals.
func modelTaken(s points.OrderState) int64 {
	award := s.Awards[0]
	named, rest, left := new(big.Rat), new(big.Rat), new(big.Rat)
	for i, l := range s.Lines {
		part := big.NewRat(l.RefundedQuantity, max(1, l.Quantity))
		if !l.Refunded.IsZero() {
			part.Add(part, new(big.Rat).Quo(l.Refunded.Rat(), l.Amount.Rat()))
		}
		kept := new(big.Rat).Sub(big.NewRat(1, 1), part)
		named.Add(named, new(big.Rat).Mul(part, big.NewRat(int64(award.Points[i]), 1)))
		rest.Add(rest, new(big.Rat).Mul(kept, big.NewRat(int64(award.Points[i]), 1)))
		left.Add(left, new(big.Rat).Mul(kept, l.Amount.Add(l.Tax).Rat()))
	}
	switch {
	case s.Full:
		return int64(award.Total())
	case s.Refunded.IsZero():
		return floor(named).Int64()
	}
	share := new(big.Rat).Quo(s.Refunded.Rat(), left)
	return floor(named.Add(named, share.Mul(share, rest))).Int64()
}

func TestHowARefundIsSaidMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules, o := drawRules(t), drawOrder(t)
		awards, err := points.Evaluate(rules, []points.Unit{bean}, o, points.Env{At: monday})
		require.NoError(t, err)
		if len(awards) == 0 {
			return
		}
		percent := rapid.Int64Range(1, 100).Draw(t, "percent")
		of := func(d decimal.Decimal) decimal.Decimal { return d.Mul(decimal.New(percent, -2)) }
		byMoney, byLine, mixed := points.NewOrderState(o, awards), points.NewOrderState(o, awards), points.NewOrderState(o, awards)
		var total decimal.Decimal
		first := rapid.IntRange(0, len(byLine.Lines)-1).Draw(t, "first line by name")
		var lines, named []points.RefundLine
		for i, l := range byLine.Lines {
			total = total.Add(l.Amount).Add(l.Tax)
			line := points.RefundLine{Line: l.ID, Amount: of(l.Amount)}
			if line.Line == "" {
				line.Line = fmt.Sprint(i + 1)
			}
			if !line.Amount.IsZero() {
				lines = append(lines, line)
			}
			if i == first {
				named = []points.RefundLine{{Line: line.Line}}
			}
		}
		if total.IsZero() || slices.ContainsFunc(byLine.Lines, func(l points.LineState) bool { return l.Amount.IsZero() }) {
			return // a line without money cannot be refunded by money
		}
		takes, err := byMoney.Refund(points.Refund{Amount: of(total)})
		require.NoError(t, err)
		other, err := byLine.Refund(points.Refund{Lines: lines})
		require.NoError(t, err)
		require.Equal(t, takes, other, "%d%% of the order, and of each line", percent)
		cent := dec("0.01")
		require.Equal(t, byMoney.RefundedMoney(cent).String(), byLine.RefundedMoney(cent).String())
		every := make([]int, len(byLine.Lines))
		for i := range every {
			every[i] = i
			require.Equal(t, byMoney.RefundedMoney(cent, i).String(), byLine.RefundedMoney(cent, i).String())
		}
		for _, pieces := range []bool{true, false} {
			require.Equal(t, byMoney.Uncounted(pieces, every), byLine.Uncounted(pieces, every))
		}

		_, err = mixed.Refund(points.Refund{Lines: named})
		require.NoError(t, err)
		gross := byLine.Lines[first].Amount.Add(byLine.Lines[first].Tax)
		if rest := total.Sub(gross); !rest.IsZero() {
			_, err = mixed.Refund(points.Refund{Amount: rest})
			require.NoError(t, err, "a line comes back with its tax")
		}
		require.Equal(t, awards[0].Points, mixed.Awards[0].Taken, "a line by name and the rest by money are all of it")
	})
}

func TestHowARefundIsSplitMakesNoDifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := drawState(t)
		if len(state.Awards) == 0 {
			return
		}
		start := state
		var accepted []points.Refund
		for range rapid.IntRange(1, 6).Draw(t, "refunds") {
			refund := drawRefund(t, state)
			if _, err := state.Refund(refund); err == nil && !refund.Full {
				accepted = append(accepted, refund)
			}
		}
		if state.Full || len(accepted) == 0 {
			return
		}
		shuffled, atOnce := start, start
		var all points.Refund
		for _, refund := range rapid.Permutation(accepted).Draw(t, "shuffled") {
			if _, err := shuffled.Refund(refund); err != nil {
				return // "all that is left of a line" means more when it comes first
			}
		}
		for _, refund := range accepted {
			all.Lines = append(all.Lines, refund.Lines...)
			all.Amount = all.Amount.Add(refund.Amount)
		}
		_, err := atOnce.Refund(all)
		require.NoError(t, err)
		require.Equal(t, state.Awards[0].Taken, atOnce.Awards[0].Taken, "at once")
		require.Equal(t, state.Awards[0].Taken, shuffled.Awards[0].Taken, "in another order")
	})
}
