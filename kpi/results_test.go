package kpi_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Why a figure comes without a part that others have.
const (
	undated   = "its input has no dates; who knows them says so by Figure.In"
	everybody = "everybody was counted; of a sample Figure.OfSample tells the interval"
	derived   = "it is no quotient of two counts, but comes of a model or of other figures"
	given     = "it is of numbers that the caller gives without their errors"
	statistic = "it is the statistic of a test, which takes the place of an interval"
)

// lacking says of the figures of calculators, by key, which parts they do not have and why.
// A part that is not listed must be there, and one that is listed must not.
var lacking = map[string]struct{ quotient, period, interval string }{
	"acquisition_cost":                   {interval: everybody},
	"acquisition_to_retention_cost":      {quotient: derived, interval: given},
	"average_order_value":                {interval: everybody},
	"breakage_rate":                      {period: undated, interval: everybody},
	"ces1_mean":                          {period: undated},
	"ces_agreeing":                       {period: undated},
	"ces_index":                          {period: undated},
	"ces_mean":                           {period: undated},
	"churn_rate":                         {interval: everybody},
	"cohort_retention_rate":              {period: undated, interval: everybody},
	"compound_churn_rate":                {quotient: derived},
	"control_rate":                       {period: undated},
	"csat":                               {period: undated},
	"csat_mean":                          {period: undated},
	"customer_lifespan":                  {quotient: derived, period: undated, interval: given},
	"expected_future_redemptions":        {period: undated, interval: given},
	"expected_redemption_of_outstanding": {period: undated, interval: given},
	"goal_progress":                      {quotient: derived, interval: given},
	"gross_revenue_churn_rate":           {interval: everybody},
	"hazard_ratio":                       {period: undated},
	"inactive_rate":                      {interval: everybody},
	"incremental_hits":                   {quotient: derived, period: undated},
	"lifetime_margin":                    {quotient: derived, period: undated, interval: given},
	"lifetime_revenue":                   {quotient: derived, period: undated, interval: given},
	"lifetime_value_to_acquisition_cost": {quotient: derived, interval: given},
	"lift_difference":                    {quotient: derived, period: undated},
	"lift_p_value":                       {quotient: derived, period: undated, interval: statistic},
	"lift_p_value_larger":                {quotient: derived, period: undated, interval: statistic},
	"lift_ratio":                         {period: undated},
	"lift_z":                             {quotient: derived, period: undated, interval: statistic},
	"mean_spend":                         {period: undated},
	"net_revenue_churn_rate":             {interval: everybody},
	"new_customer_share":                 {interval: everybody},
	"nps":                                {period: undated},
	"nps_difference":                     {quotient: derived, period: undated},
	"nps_difference_p_value":             {quotient: derived, period: undated, interval: statistic},
	"period_return_rate":                 {interval: everybody},
	"perpetuity_value":                   {quotient: derived, period: undated, interval: given},
	"purchase_frequency":                 {interval: everybody},
	"redemption_rate":                    {period: undated, interval: everybody},
	"relative_lift":                      {period: undated},
	"repeat_purchase_rate":               {interval: everybody},
	"retention_cost":                     {interval: everybody},
	"retention_cost_per_start":           {interval: everybody},
	"retention_rate":                     {interval: everybody},
	"second_purchase_median_days":        {quotient: derived, period: undated},
	"second_purchase_rate":               {quotient: derived, period: undated},
	"spend_degrees_of_freedom":           {quotient: derived, period: undated, interval: statistic},
	"spend_difference":                   {quotient: derived, period: undated},
	"spend_p_value":                      {quotient: derived, period: undated, interval: statistic},
	"spend_t":                            {quotient: derived, period: undated, interval: statistic},
	"tier_downgrade_rate":                {interval: everybody},
	"tier_exit_rate":                     {interval: everybody},
	"tier_move_probability":              {interval: everybody},
	"tier_stay_rate":                     {interval: everybody},
	"tier_upgrade_rate":                  {interval: everybody},
	"treated_rate":                       {period: undated},
	"ultimate_breakage_rate":             {period: undated, interval: given},
	"ultimate_redemption_rate":           {period: undated, interval: given},
}

// everyResult has what each calculator that returns figures makes of a shop's input, and
// of an input of which figures are undefined.
func everyResult(t *testing.T) map[string][]any {
	t.Helper()
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	march := kpi.CalendarMonth(2027, time.March, vienna)
	orders := func(a kpi.Adder) {
		for i := range 30 {
			member, first := fmt.Sprint("member-", i), march.Start.AddDate(0, 0, i-9)
			require.NoError(t, a.Add(kpi.Order{Member: member, At: first, Amount: amount(t, "12.50")}))
			if i%4 > 0 {
				require.NoError(t, a.Add(kpi.Order{Member: member, At: first.AddDate(0, 0, 2+i%7), Amount: amount(t, "8.00")}))
			}
		}
	}
	month := kpi.Customers{Start: 1000, New: 200, End: 1050, LostFromStart: new(int64(130)), Period: march}
	nobody := kpi.Customers{LostFromStart: new(int64), Period: march}
	churn := must(kpi.Churn(month, ""))
	sampled := must(churn.OfSample(0))
	points := kpi.PointCounts{Issued: 100_000, Matured: 80_000, Redeemed: 45_000, Expired: 5_000}
	spent := kpi.Spending{Amount: dec("50000"), Customers: 400, Currency: "EUR", Period: march}
	unspent := kpi.Spending{Currency: "EUR", Period: march}
	won, kept := must(kpi.AcquisitionCost(spent)), must(kpi.RetentionCost(spent, 500))
	lifetime := must(kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4, Churn: 0.25, Margin: new(0.3), Currency: "EUR"}))
	endless := must(kpi.SimpleLifetimeValue(kpi.Value{OrderValue: 60, Frequency: 4}))
	promoters, detractors := kpi.Opinions{Detractors: 20, Passives: 30, Promoters: 50}, kpi.Opinions{Detractors: 50, Passives: 30, Promoters: 20}
	satisfaction := answers(t, kpi.Satisfaction5, map[int]int64{1: 4, 3: 6, 4: 20, 5: 9})
	ease, effort := answers(t, kpi.Ease7, map[int]int64{1: 4, 4: 6, 7: 20}), answers(t, kpi.Effort5, map[int]int64{1: 4, 4: 6, 5: 20})
	var members, others, none kpi.Spend
	for i := range 5 {
		require.NoError(t, members.Add(eur("40").Add(eur(fmt.Sprint(i)))))
		require.NoError(t, others.Add(eur("30").Sub(eur(fmt.Sprint(i)))))
	}
	moves, still := must(kpi.NewTierMoves("base", "gold")), must(kpi.NewTierMoves("base", "gold"))
	for _, from := range []string{"base", "gold"} {
		for _, to := range []string{"base", "gold", kpi.NoTier} {
			require.NoError(t, moves.AddN(from, to, 7))
		}
	}
	goal := kpi.Goal{Key: "churn_rate", Baseline: 0.2, Target: 0.1, Start: march.Start, Due: march.End}
	purchases := must(kpi.NewPurchaseAccumulator(march, kpi.ByDay))
	returning := must(kpi.NewReturningAccumulator(march))
	inactive := must(kpi.NewInactivityAccumulator(march.End, 20, vienna))
	second := must(kpi.NewSecondPurchaseAccumulator(march.End, vienna))
	for _, a := range []kpi.Adder{purchases, returning, inactive, second} {
		orders(a)
	}
	lasts := must(kpi.NewInactivity(march.End, 20, vienna))
	lasts.Add(march.Start)
	again, never := must(second.Result(nil)), must(must(kpi.NewSecondPurchaseAccumulator(march.End, vienna)).Result(nil))
	var fast, slow kpi.SurvivalAccumulator
	for i := range 9 {
		require.NoError(t, fast.Add(kpi.Lifetime{Exit: float64(i + 1), Event: true}))
		require.NoError(t, slow.Add(kpi.Lifetime{Exit: float64(3*i + 2), Event: true}))
	}
	ranks, three := must(kpi.LogRank(&fast, &slow)), must(kpi.LogRank(&fast, &slow, &fast))
	noOrder := must(kpi.NewPurchaseAccumulator(march, kpi.ByDay)).Result()
	noMember := must(kpi.NewReturningAccumulator(march)).Result()
	return map[string][]any{
		"AcquisitionCost":     {won, must(kpi.AcquisitionCost(unspent))},
		"AverageOrderValue":   {must(kpi.AverageOrderValue(dec("104.50"), 4, "EUR")).In(march), must(kpi.AverageOrderValue(dec("0"), 0, "EUR"))},
		"Breakage":            {must(kpi.Breakage(points)), must(kpi.Breakage(kpi.PointCounts{}))},
		"CES":                 {must(kpi.CES(ease, nil)), must(kpi.CES(answers(t, kpi.Ease7, nil), nil))},
		"CSAT":                {must(kpi.CSAT(satisfaction, nil)), must(kpi.CSAT(answers(t, kpi.Satisfaction5, nil), nil))},
		"Churn":               {churn, must(kpi.Churn(month, kpi.OverAverage)), must(kpi.Churn(month, kpi.OverStartPlusNew)), must(kpi.Churn(month, kpi.NetOfTotals)), must(kpi.Churn(nobody, ""))},
		"CohortRetention":     {must(kpi.CohortRetention(124, 781)), must(kpi.CohortRetention(0, 0))},
		"CompareNPS":          {must(kpi.CompareNPS(promoters, detractors, nil)), must(kpi.CompareNPS(promoters, kpi.Opinions{}, nil))},
		"CompoundChurn":       {must(kpi.CompoundChurn(sampled, 12)), must(kpi.CompoundChurn(must(kpi.Churn(nobody, "")), 12))},
		"CostRatio":           {must(kpi.CostRatio(won, kept.PerRetained)), must(kpi.CostRatio(won, must(kpi.AcquisitionCost(unspent))))},
		"CustomerEffort1":     {must(kpi.CustomerEffort1(effort, nil)), must(kpi.CustomerEffort1(answers(t, kpi.Effort5, nil), nil))},
		"EstimateUltimate":    {must(kpi.EstimateUltimate([]kpi.PointDevelopment{{{Issued: 900, Redeemed: 300}, {Redeemed: 200}}}, nil)), must(kpi.EstimateUltimate(nil, nil))},
		"Goal.Standing":       {must(goal.Standing(churn, march.End)), must(goal.Standing(must(kpi.Churn(nobody, "")), march.End))},
		"InactiveRate":        {must(kpi.InactiveRate(412, 2357, 90)).In(march), must(kpi.InactiveRate(0, 0, 90))},
		"Inactivity.Figure":   {lasts.Figure(), must(kpi.NewInactivity(march.End, 20, vienna)).Figure()},
		"LogRankResult.Ratio": {must(ranks.Ratio(0)), must(three.Ratio(0))},
		"NPS":                 {must(kpi.NPS([]int{10, 9, 7, 3}, nil)), must(kpi.NPS(nil, nil))},
		"NPSOf":               {must(kpi.NPSOf(answers(t, kpi.Recommend, map[int]int64{9: 3, 8: 2, 1: 1}), nil))},
		"NPSOfOpinions":       {must(kpi.NPSOfOpinions(promoters, &kpi.NPSOptions{Method: kpi.ScoreTest})), must(kpi.NPSOfOpinions(kpi.Opinions{}, nil))},
		"Perpetuity":          {must(kpi.Perpetuity(kpi.PaidAtPeriodEnd, 72, 0.8, 0.1)), must(kpi.Perpetuity(kpi.PaidAtPeriodEnd, 72, 1, 0))},
		"ProportionLift": {
			must(kpi.ProportionLift(kpi.Arm{Hits: 320, Total: 2000}, kpi.Arm{Hits: 250, Total: 2000}, nil)),
			must(kpi.ProportionLift(kpi.Arm{Hits: 320, Total: 2000}, kpi.Arm{}, nil)),
		},
		"PurchaseFrequency":            {must(kpi.PurchaseFrequency(3291, 1200)).In(march), must(kpi.PurchaseFrequency(0, 0))},
		"Purchases.AverageOrderValue":  {must(purchases.Result().AverageOrderValue("EUR")), must(noOrder.AverageOrderValue("EUR"))},
		"Purchases.PurchaseFrequency":  {must(purchases.Result().PurchaseFrequency()), must(noOrder.PurchaseFrequency())},
		"Purchases.RepeatPurchaseRate": {must(purchases.Result().RepeatPurchaseRate()), must(noOrder.RepeatPurchaseRate())},
		"Redemption":                   {must(kpi.Redemption(points, kpi.OfIssued)), must(kpi.Redemption(points, kpi.OfMatured)), must(kpi.Redemption(points, kpi.PeriodFlow)), must(kpi.Redemption(kpi.PointCounts{}, kpi.OfIssued))},
		"RepeatPurchaseRate":           {must(kpi.RepeatPurchaseRate(946, 2357)).In(march), must(kpi.RepeatPurchaseRate(0, 0))},
		"Retention":                    {must(kpi.Retention(month)), must(kpi.Retention(kpi.Customers{Start: 10, New: 2, End: 9, Period: march})), must(kpi.Retention(nobody))},
		"RetentionCost":                {kept, must(kpi.RetentionCost(unspent, 0))},
		"Returning.NewShare":           {must(returning.Result().NewShare()), must(noMember.NewShare())},
		"Returning.ReturnRate":         {must(returning.Result().ReturnRate()), must(noMember.ReturnRate())},
		"RevenueChurn":                 {must(kpi.RevenueChurn(kpi.RecurringRevenue{Start: eur("20000"), Lost: eur("900"), Expansion: eur("1100"), Period: march})), must(kpi.RevenueChurn(kpi.RecurringRevenue{Period: march}))},
		"SecondPurchases.Median":       {again.Median(), never.Median()},
		"SecondPurchases.Within":       {again.Within(20), never.Within(20)},
		"SimpleLifetimeValue":          {lifetime, endless},
		"Spend.Mean":                   {must(members.Mean(0)), must(none.Mean(0))},
		"SpendLift":                    {must(kpi.SpendLift(&members, &others, nil)), must(kpi.SpendLift(&members, &none, nil))},
		"TierMoves.Migration":          {moves.Migration(march), still.Migration(march)},
		"Ultimate":                     {must(kpi.Ultimate(points, dec("0.75"))), must(kpi.Ultimate(kpi.PointCounts{}, dec("0.75")))},
		"UltimateOf":                   {must(kpi.UltimateOf(points, dec("75000")))},
		"ValueToCost":                  {must(kpi.ValueToCost(lifetime.Margin, won)), must(kpi.ValueToCost(endless.Margin, kpi.Undefined("acquisition_cost", kpi.Money, "").Priced("")))},
		"InactivityAccumulator.Result": {inactive.Result(), must(kpi.NewInactivityAccumulator(march.End, 20, vienna)).Result()},
	}
}

// figuresIn calls visit for each figure within a result.
func figuresIn(v reflect.Value, visit func(kpi.Figure)) {
	if v.Type() == reflect.TypeFor[kpi.Figure]() {
		visit(v.Interface().(kpi.Figure))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			figuresIn(field, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			figuresIn(v.Index(i), visit)
		}
	default:
	}
}

func TestEveryFigureOfEveryCalculatorHasItsPartsOrTheReasonWhyNot(t *testing.T) {
	seen := map[string]bool{}
	for name, results := range everyResult(t) {
		values, voids := 0, 0
		for _, result := range results {
			figuresIn(reflect.ValueOf(result), func(f kpi.Figure) {
				at := name + ": " + f.Key
				assert.NotEmpty(t, f.Unit, at)
				assert.NotEmpty(t, f.Convention, "%s says by which definition", at)
				value, ok := f.Value()
				if !ok {
					voids++
					assert.NotEqual(t, kpi.Figure{}.Reason(), f.Reason(), "%s says why it is undefined", at)
					assert.Zero(t, value, at)
					assert.Nil(t, f.Interval, at)
					return
				}
				values++
				seen[f.Key] = true
				lacks := lacking[f.Key]
				assert.Equal(t, lacks.quotient == "", f.IsQuotient(), "the numerator and denominator of %s", at)
				assert.Equal(t, lacks.period == "", !f.Period.IsZero(), "the period of %s", at)
				assert.Equal(t, lacks.interval == "", f.Interval != nil, "the interval of %s", at)
				if f.Interval != nil {
					assert.True(t, f.Interval.Lower < f.Interval.Upper && f.Interval.Lower <= value && value <= f.Interval.Upper, "%s: %v of %+v", at, value, f.Interval)
					assert.InDelta(t, 0.95, f.Interval.Level, 0, at)
					assert.NotEmpty(t, f.Interval.Method, at)
				}
				if !f.Period.IsZero() {
					require.NotNil(t, f.Period.Zone, at)
					assert.Equal(t, "Europe/Vienna", f.Period.Zone.String(), at)
				}
			})
		}
		assert.NotZero(t, values, "%s has no figure that is defined", name)
		assert.True(t, voids > 0 || len(results) == 1, "%s has no figure that is undefined", name)
	}
	for key := range lacking {
		assert.True(t, seen[key], "no calculator returns %s", key)
	}
}

// declared is what the package exports: the fields of structs, and the types that
// functions and methods return, by "Func" or "Type.Method".
type declared struct {
	fields  map[string]map[string]string
	returns map[string][]string
}

func declarations(t *testing.T) declared {
	t.Helper()
	d := declared{map[string]map[string]string{}, map[string][]string{}}
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			d.take(decl)
		}
	}
	return d
}

func (d declared) take(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		name := decl.Name.Name
		if decl.Recv != nil {
			name = typeName(decl.Recv.List[0].Type) + "." + name
		}
		if !ast.IsExported(decl.Name.Name) || !ast.IsExported(name) || decl.Type.Results == nil {
			return
		}
		for _, result := range decl.Type.Results.List {
			d.returns[name] = append(d.returns[name], typeName(result.Type))
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			of, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if fields, ok := of.Type.(*ast.StructType); ok {
				d.fields[of.Name.Name] = map[string]string{}
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						d.fields[of.Name.Name][name.Name] = typeName(field.Type)
					}
				}
			}
		}
	}
}

// typeName is that of a type without pointers and slices.
func typeName(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return typeName(of.X)
	case *ast.ArrayType:
		return typeName(of.Elt)
	case *ast.SelectorExpr:
		return typeName(of.X) + "." + of.Sel.Name
	case *ast.Ident:
		return of.Name
	}
	return ""
}

func (d declared) holdsFigures(name string) bool {
	if name == "Figure" {
		return true
	}
	for _, field := range d.fields[name] {
		if d.holdsFigures(field) {
			return true
		}
	}
	return false
}

func TestEveryCalculatorOfFiguresIsWalked(t *testing.T) {
	makers := []string{"Quotient", "Estimate", "Undefined"}
	d, found := declarations(t), []string{}
	for name, types := range d.returns {
		if !strings.HasPrefix(name, "Figure.") && !slices.Contains(makers, name) && slices.ContainsFunc(types, d.holdsFigures) {
			found = append(found, name)
		}
	}
	assert.ElementsMatch(t, found, slices.Collect(maps.Keys(everyResult(t))))
}

// dateless are results without figures that have no zone and no span of time, with why.
var dateless = map[string]string{
	"Survival":      "its times are in the unit of the lifetimes, which have no dates",
	"LogRankResult": "its times are in the unit of the lifetimes, which have no dates",
	"PointHistory":  "each of its months has its two periods",
}

func TestEveryTableOfACalculatorHasItsZoneAndItsSpan(t *testing.T) {
	d, found := declarations(t), map[string]bool{}
	for name, types := range d.returns {
		of, method, _ := strings.Cut(name, ".")
		tables := method == "Result" || of == "Columns" || name == "LogRank" || name == "CustomersOf"
		if _, isStruct := d.fields[types[0]]; !tables || !isStruct || types[0] == "Figure" {
			continue
		}
		found[types[0]] = true
		fields := d.fields[types[0]]
		dated := fields["Period"] == "Period" || fields["Zone"] == "time.Location" && (fields["Until"] == "time.Time" || fields["AsOf"] == "time.Time")
		assert.Equal(t, dateless[types[0]] == "", dated, "%s, which %s returns", types[0], name)
	}
	for name := range dateless {
		assert.Contains(t, found, name)
	}
	assert.Len(t, found, 10)
}
