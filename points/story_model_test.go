package points_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

// story is what one member does over time, and what rules that count and are capped
// make of it, written for clarity: every answer is found by going through all that
// happened before. What is left after conditions and counts is a plain set of rules,
// for which there is another model.
type story struct {
	rules  []points.Rule
	events []happening
}

type happening struct {
	at       time.Time
	order    points.Order
	tiers    []string
	segments []string
	// counted, times and given are by rule code.
	counted map[string]int64
	times   map[string]int64
	given   map[string]points.Amount
}

// tell adds a happening and returns what each rule gives for it.
func (s *story) tell(h happening) (map[string]points.Amount, error) {
	h.counted, h.times, h.given = map[string]int64{}, map[string]int64{}, map[string]points.Amount{}
	var plain []points.Rule
	times := map[string]int64{}
	for _, rule := range s.rules {
		times[rule.Code] = 1
		if !s.meets(rule, h) {
			times[rule.Code] = 0
		} else if rule.Count != nil {
			times[rule.Code] = s.completes(rule, h)
		}
		if times[rule.Code] == 0 {
			continue
		}
		if rule.Bonus > 0 {
			rule.Bonus *= points.Amount(times[rule.Code])
			if rule.Only != nil && len(rule.Only.Combination) > 0 {
				rule.Match = points.Match{Items: s.taken(rule, h.order)}
			}
		}
		rule.Only, rule.Count, rule.Caps, rule.Budgets, rule.When = nil, nil, nil, nil, points.When{}
		plain = append(plain, rule)
	}
	awards, err := points.Evaluate(plain, []points.Unit{bean}, h.order, points.Env{At: h.at, Zone: vienna})
	if err != nil {
		return nil, err
	}
	for _, award := range awards {
		for _, share := range award.ByRule() {
			s.give(&h, share, times[share.Rule])
		}
	}
	s.events = append(s.events, h)
	return h.given, nil
}

// give cuts what a rule would give to what its caps and budgets leave.
func (s *story) give(h *happening, share points.Share, times int64) {
	rule := s.rules[slices.IndexFunc(s.rules, func(r points.Rule) bool { return r.Code == share.Rule })]
	if rule.Bonus == 0 {
		times = 1
	}
	given := share.Points
	if given == 0 {
		return
	}
	each := given / points.Amount(times)
	for _, bound := range slices.Concat(rule.Caps, rule.Budgets) {
		var usedTimes int64
		var usedPoints points.Amount
		for _, before := range s.events {
			if samePeriod(bound.Per, before.at, h.at) {
				usedTimes += before.times[rule.Code]
				usedPoints += before.given[rule.Code]
			}
		}
		if bound.Times > 0 {
			times = min(times, max(0, bound.Times-usedTimes))
			given = min(given, each*points.Amount(times))
		} else {
			given = min(given, max(0, bound.Points-usedPoints))
		}
	}
	if given > 0 {
		h.times[rule.Code], h.given[rule.Code] = times, given
	}
}

// completes counts what happened before and now, and how often that came to the
// number now.
func (s *story) completes(rule points.Rule, h happening) int64 {
	n := int64(0)
	for _, line := range h.order.Lines {
		if s.countable(rule, line) {
			n += max(line.Quantity, 1)
		}
	}
	if !rule.Count.Pieces {
		n = min(n, 1)
	}
	h.counted[rule.Code] = n
	before := int64(0)
	for _, other := range s.events {
		if rule.Count.Per == "" || samePeriod(rule.Count.Per, other.at, h.at) {
			before += other.counted[rule.Code]
		}
	}
	if rule.Count.Every > 0 {
		return (before+n)/rule.Count.Every - before/rule.Count.Every
	}
	if before < rule.Count.Nth && before+n >= rule.Count.Nth {
		return 1
	}
	return 0
}

func (s *story) countable(rule points.Rule, line points.Line) bool {
	if line.StoredValue || line.Amount.IsZero() || !rule.Match.Line(line) {
		return false
	}
	return rule.Only == nil || len(rule.Only.Combination) == 0 || slices.ContainsFunc(rule.Only.Combination, func(part points.Pieces) bool {
		return part.Match.Line(line)
	})
}

// taken lists the items on lines that a rule and its combination take. Items of the
// stories have one kind of line each.
func (s *story) taken(rule points.Rule, order points.Order) []string {
	items := []string{"nothing"}
	for _, line := range order.Lines {
		for _, part := range rule.Only.Combination {
			if rule.Match.Line(line) && part.Match.Line(line) {
				items = append(items, line.Item)
			}
		}
	}
	return items
}

func (s *story) meets(rule points.Rule, h happening) bool {
	local := h.at.In(vienna)
	when := rule.When
	if when.Weekdays != 0 && !strings.Contains(when.Weekdays.String(), strings.ToLower(local.Format("Mon"))) {
		return false
	}
	if len(when.Days) > 0 && !slices.Contains(when.Days, local.Day()) && !slices.Contains(when.Days, -daysLeft(local)) {
		return false
	}
	if len(when.Months) > 0 && !slices.Contains(when.Months, int(local.Month())) {
		return false
	}
	if len(when.Hours) > 0 && !slices.ContainsFunc(when.Hours, func(hours points.Hours) bool {
		clock := local.Format("15:04")
		return clock >= hours.From.String() && (hours.Until == 0 || clock < hours.Until.String())
	}) {
		return false
	}
	if rule.Spend != nil && rule.Spend.Currency != h.order.Currency {
		return false
	}
	only := rule.Only
	if only == nil {
		return true
	}
	one := func(list []string, values ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(values, func(v string) bool { return slices.Contains(list, v) })
	}
	if !one(only.Channels, h.order.Channel) || !one(only.Stores, h.order.Store) || !one(only.Tiers, h.tiers...) || !one(only.Segments, h.segments...) {
		return false
	}
	if len(only.Minimum) > 0 {
		sum, reached := decimal.Zero, false
		for _, line := range h.order.Lines {
			if rule.Match.Line(line) && !line.StoredValue {
				sum = sum.Add(line.Amount)
			}
		}
		for _, least := range only.Minimum {
			reached = reached || least.Currency == h.order.Currency && sum.GreaterThanOrEqual(least.Amount)
		}
		if !reached {
			return false
		}
	}
	var pieces []points.Line
	for _, line := range h.order.Lines {
		for range max(line.Quantity, 1) {
			pieces = append(pieces, line)
		}
	}
	var wanted []points.Match
	for _, part := range only.Combination {
		for range max(part.Quantity, 1) {
			wanted = append(wanted, part.Match)
		}
	}
	return dealt(wanted, pieces, make([]bool, len(pieces)))
}

// dealt tries every way to give each match a piece of its own.
func dealt(wanted []points.Match, pieces []points.Line, used []bool) bool {
	if len(wanted) == 0 {
		return true
	}
	for i, piece := range pieces {
		if used[i] || !wanted[0].Line(piece) {
			continue
		}
		used[i] = true
		if dealt(wanted[1:], pieces, used) {
			return true
		}
		used[i] = false
	}
	return false
}

// daysLeft is how many days are left of the month, this one included.
func daysLeft(t time.Time) int {
	n := 0
	for day := t; day.Month() == t.Month(); day = day.AddDate(0, 0, 1) {
		n++
	}
	return n
}

func samePeriod(per points.Period, a, b time.Time) bool {
	a, b = a.In(vienna), b.In(vienna)
	monday := func(t time.Time) string {
		for t.Weekday() != time.Monday {
			t = t.AddDate(0, 0, -1)
		}
		return t.Format("2006-01-02")
	}
	quarter := func(t time.Time) string { return fmt.Sprint(t.Year(), (t.Month()-1)/3) }
	switch per {
	case points.PerEvent:
		return false
	case points.PerDay:
		return a.Format("2006-01-02") == b.Format("2006-01-02")
	case points.PerWeek:
		return monday(a) == monday(b)
	case points.PerMonth:
		return a.Format("2006-01") == b.Format("2006-01")
	case points.PerQuarter:
		return quarter(a) == quarter(b)
	case points.PerYear:
		return a.Year() == b.Year()
	default:
		return true
	}
}

var vienna = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		panic(err)
	}
	return zone
}()

// shelf is what the stories sell: an item has one category and its own tags.
var shelf = []points.Line{
	{Item: "filter", Category: "coffee", Tags: []string{"hot"}},
	{Item: "espresso", Category: "coffee"},
	{Item: "torte", Category: "cake", Tags: []string{"organic"}},
	{Item: "voucher", Category: "gift", StoredValue: true},
}

func drawShelfOrder(t *rapid.T) points.Order {
	o := points.Order{ID: "1001", Currency: rapid.SampledFrom([]string{"EUR", "EUR", "USD"}).Draw(t, "currency")}
	o.Channel = rapid.SampledFrom([]string{"", "app", "shop"}).Draw(t, "channel")
	o.Store = rapid.SampledFrom([]string{"", "graz", "wien"}).Draw(t, "store")
	for range rapid.IntRange(1, 3).Draw(t, "lines") {
		line := rapid.SampledFrom(shelf).Draw(t, "line")
		line.Quantity = rapid.Int64Range(0, 3).Draw(t, "quantity")
		line.Amount = decimal.New(rapid.Int64Range(0, 3000).Draw(t, "amount"), -2)
		o.Lines = append(o.Lines, line)
	}
	return o
}

func drawPeriod(t *rapid.T, list ...points.Period) points.Period {
	return rapid.SampledFrom(append(list, points.PerDay, points.PerWeek, points.PerMonth, points.PerQuarter, points.PerYear, points.Lifetime)).Draw(t, "period")
}

func drawShelfMatch(t *rapid.T) points.Match {
	return rapid.SampledFrom([]points.Match{
		{}, {Items: []string{"filter"}}, {Categories: []string{"coffee"}}, {Tags: []string{"hot", "organic"}}, {Categories: []string{"cake", "gift"}},
	}).Draw(t, "match")
}

func drawCaps(t *rapid.T, list ...points.Period) []points.Cap {
	var caps []points.Cap
	for range rapid.IntRange(0, 2).Draw(t, "caps") {
		bound := points.Cap{Per: drawPeriod(t, list...)}
		if rapid.Bool().Draw(t, "by times") {
			bound.Times = rapid.Int64Range(1, 4).Draw(t, "times")
		} else {
			bound.Points = points.Amount(rapid.Int64Range(1, 60).Draw(t, "points"))
		}
		if !slices.ContainsFunc(caps, func(c points.Cap) bool { return c.Per == bound.Per && (c.Times > 0) == (bound.Times > 0) }) {
			caps = append(caps, bound)
		}
	}
	return caps
}

func drawStoryRules(t *rapid.T) []points.Rule {
	rules := []points.Rule{
		{Code: "euro", Spend: eur(1, "1")},
		{Code: "dollar", Spend: &points.SpendRate{Points: 9, Per: dec("10"), Currency: "USD", Rounding: points.HalfUp}},
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "rules") {
		rule := points.Rule{Code: fmt.Sprintf("r%d", i), Match: drawShelfMatch(t), Priority: rapid.IntRange(-1, 1).Draw(t, "priority")}
		switch rapid.IntRange(0, 2).Draw(t, "kind of rule") {
		case 0:
			rule.Multiply = decimal.New(rapid.Int64Range(1, 40).Draw(t, "multiply"), -1)
			rule.Stack = rapid.SampledFrom([]string{"", "app"}).Draw(t, "stack")
		case 1:
			rule.Spend = eur(points.Amount(rapid.Int64Range(1, 5).Draw(t, "rate")), "1")
		default:
			rule.Bonus = points.Amount(rapid.Int64Range(1, 30).Draw(t, "bonus"))
		}
		rule.Only, rule.When, rule.Count = drawOnly(t), drawWhen(t), drawCount(t)
		rule.Caps, rule.Budgets = drawCaps(t, points.PerEvent), drawCaps(t)
		rules = append(rules, rule)
	}
	return rules
}

func drawCount(t *rapid.T) *points.Count {
	if rapid.Bool().Draw(t, "no count") {
		return nil
	}
	count := &points.Count{Pieces: rapid.Bool().Draw(t, "pieces"), Per: drawPeriod(t, "")}
	if rapid.Bool().Draw(t, "every") {
		count.Every = rapid.Int64Range(1, 4).Draw(t, "every how many")
	} else {
		count.Nth = rapid.Int64Range(1, 4).Draw(t, "nth")
	}
	return count
}

func drawOnly(t *rapid.T) *points.Only {
	only := &points.Only{}
	switch rapid.IntRange(0, 9).Draw(t, "only") {
	case 0:
		only.Channels = []string{"app"}
	case 1:
		only.Stores = []string{"graz", "wien"}
	case 2:
		only.Tiers = []string{"gold"}
	case 3:
		only.Segments = []string{"students"}
	case 4:
		only.Minimum = []points.Minimum{{Amount: dec("15"), Currency: "EUR"}, {Amount: dec("20"), Currency: "USD"}}
	case 5:
		only.Combination = []points.Pieces{{Match: drawShelfMatch(t), Quantity: 2}, {Match: drawShelfMatch(t)}}
	default:
		return nil
	}
	return only
}

func drawWhen(t *rapid.T) points.When {
	switch rapid.IntRange(0, 9).Draw(t, "when") {
	case 0:
		return points.When{Weekdays: points.Sat | points.Sun}
	case 1:
		return points.When{Days: []int{1, 15, -1}}
	case 2:
		return points.When{Months: []int{3, 12}}
	case 3:
		return points.When{Hours: []points.Hours{{From: points.Clock(7, 0), Until: points.Clock(10, 30)}, {From: points.Clock(17, 0)}}}
	default:
		return points.When{}
	}
}

func drawHappening(t *rapid.T, at time.Time) happening {
	return happening{
		at: at, order: drawShelfOrder(t),
		tiers:    rapid.SampledFrom([][]string{nil, {"gold"}, {"silver", "lifetime"}}).Draw(t, "tiers"),
		segments: rapid.SampledFrom([][]string{nil, {"students"}}).Draw(t, "segments"),
	}
}

// teller evaluates a story as an engine would, with what was used so far.
type teller struct {
	rules []points.Rule
	usage points.Usage
	spent map[string]int64
}

func (k *teller) env(h happening) points.Env {
	return points.Env{
		At: h.at, Zone: vienna, Tiers: h.tiers, Segments: h.segments, Usage: &k.usage,
		Left: func(rule string, budget points.Cap) (int64, error) {
			return budget.Most() - k.spent[budgetName(rule, budget, h.at)], nil
		},
	}
}

func budgetName(rule string, budget points.Cap, at time.Time) string {
	name, _ := budget.Per.On(at, vienna)
	return fmt.Sprint(rule, name, budget.Times > 0)
}

func (k *teller) tell(h happening) (points.Result, error) {
	result, err := points.EvaluateOrder(k.rules, []points.Unit{bean}, h.order, k.env(h))
	if err != nil {
		return result, err
	}
	k.usage = k.usage.Add(k.rules, result.Uses, h.at, vienna)
	for _, use := range result.Uses {
		rule := k.rules[slices.IndexFunc(k.rules, func(r points.Rule) bool { return r.Code == use.Rule })]
		for _, budget := range rule.Budgets {
			amount := int64(use.Points)
			if budget.Times > 0 {
				amount = use.Times
			}
			k.spent[budgetName(rule.Code, budget, h.at)] += amount
		}
	}
	return result, nil
}

func byRule(result points.Result) map[string]points.Amount {
	given := map[string]points.Amount{}
	for _, award := range result.Awards {
		for _, share := range award.Shares {
			if share.Points > 0 {
				given[share.Rule] += share.Points
			}
		}
	}
	return given
}

func TestCountsAndCapsOverTimeEqualTheStory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawStoryRules(t)
		require.NoError(t, points.ValidateRules("earning", rules, []points.Unit{bean}).Err())
		told, engine := story{rules: rules}, teller{rules: rules, spent: map[string]int64{}}
		at := monday
		for range rapid.IntRange(1, 8).Draw(t, "events") {
			at = at.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 24, 70, 500, 2500}).Draw(t, "hours later")) * time.Hour)
			h := drawHappening(t, at)
			want, err := told.tell(h)
			require.NoError(t, err)
			got, err := engine.tell(h)
			require.NoError(t, err)
			require.Equal(t, nonZero(want), byRule(got))
			for _, award := range got.Awards {
				var sum points.Amount
				for _, share := range award.Shares {
					require.GreaterOrEqual(t, share.Points, points.Amount(0))
					sum += share.Points
				}
				require.Equal(t, award.Points, sum, "shares add up to the award")
			}
		}
	})
}

func nonZero(given map[string]points.Amount) map[string]points.Amount {
	kept := map[string]points.Amount{}
	for rule, amount := range given {
		if amount > 0 {
			kept[rule] = amount
		}
	}
	return kept
}

func TestAnyOrderOfRulesAndLinesGivesTheSameAwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawStoryRules(t)
		one, other := teller{rules: rules, spent: map[string]int64{}}, teller{rules: rapid.Permutation(rules).Draw(t, "shuffled rules"), spent: map[string]int64{}}
		at := monday
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			at = at.Add(26 * time.Hour)
			h := drawHappening(t, at)
			want, err := one.tell(h)
			require.NoError(t, err)
			h.order.Lines = rapid.Permutation(h.order.Lines).Draw(t, "shuffled lines")
			got, err := other.tell(h)
			require.NoError(t, err)
			require.Equal(t, byRule(want), byRule(got))
			require.Equal(t, one.usage, other.usage)
		}
	})
}
