package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// shop writes a log of a made-up shop: 200 customers who come for a while, some of
// them often, with a refund and a bad row.
func shop(t *testing.T) string {
	t.Helper()
	random := rand.New(rand.NewPCG(11, 1))
	start := time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
	var text strings.Builder
	text.WriteString("order_id,member,occurred_at,amount,currency\n")
	for customer := range 200 {
		at := start.AddDate(0, 0, random.IntN(150))
		pace, leaves, spend := 3+60*random.Float64()*random.Float64(), 0.05+0.4*random.Float64(), 10+40*random.Float64()
		for at.Before(start.AddDate(0, 14, 0)) {
			fmt.Fprintf(&text, "o,m-%03d,%s,%.2f,EUR\n", customer, at.Format(time.RFC3339), spend*(0.5+random.Float64()))
			if random.Float64() < leaves {
				break
			}
			at = at.Add(time.Duration(24 * pace * random.ExpFloat64() * float64(time.Hour)))
		}
	}
	text.WriteString("o,m-001,2027-10-01,-5.00,EUR\no,m-001,someday,5.00,EUR\n")
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
	return path
}

// tested is a log-rank test.
type tested struct {
	Groups []struct {
		Name               string
		Observed, Expected float64
	}
}

// printed is the JSON as its readers see it.
type printed struct {
	Schema string
	Log    struct {
		Orders int
		Bad    int    `json:"rows_left_out"`
		AsOf   string `json:"as_of"`
	}
	Figures map[string]struct {
		Key         string
		Value       *float64
		Undefined   string
		Unit        string
		Numerator   *json.Number
		Denominator *json.Number
		Interval    *struct{ Lower, Upper, Level float64 }
		Convention  string
		Notes       []string
	}
	Cohorts struct {
		Rows []struct {
			Month  string
			Size   int
			Active []int
			// Remaining came then or later.
			Remaining []int
		}
	}
	Goals   []struct{ Key, State, Reason string }
	Journal struct {
		Sale, Points []struct{ Debit, Credit decimal.Decimal }
	}
	CohortTest tested `json:"cohort_log_rank"`
	GroupTest  tested `json:"group_log_rank"`
	RFM        struct{ Segments []struct{ Name string } }
	Models     struct {
		Name   string
		AtRisk []struct {
			Member string
			Risk   float64 `json:"churn_risk"`
		} `json:"top_at_risk"`
		Holdout *struct {
			Model  string
			Length float64
		}
	}
}

func runJSON(t *testing.T, args ...string) (printed, string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitOK, run(append(args, "-json"), &stdout, &stderr, io.Discard), stderr.String())
	var p printed
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &p))
	return p, stderr.String()
}

func TestEveryKeyComesWithWhatItNeeds(t *testing.T) {
	got, warnings := runJSON(t, "-orders", shop(t), "-as-of", "2028-02-29", "-calibration-end", "2027-08-31", "-zone", "Europe/Vienna",
		"-surveys", "testdata/surveys.csv", "-costs", "testdata/costs.json")
	assert.Equal(t, "loyaltykit.kpis/1", got.Schema)
	assert.Equal(t, 1, got.Log.Bad)
	units := map[string]string{}
	for _, k := range keyfigures.Keys() {
		units[k.Name] = string(k.Unit)
		f, ok := got.Figures[k.Name]
		if !assert.True(t, ok, "the input allows %s", k.Name) {
			continue
		}
		assert.Equal(t, k.Name, f.Key)
		assert.Equal(t, string(k.Unit), f.Unit, k.Name)
		assert.NotNil(t, f.Value, "%s is undefined: %s", k.Name, f.Undefined)
	}
	for key := range got.Figures {
		assert.Contains(t, units, key, "every key is documented")
	}
	for _, key := range []string{"repeat_purchase_rate", "inactive_rate", "cohort_retention_month_1", "nps", "csat_5", "ces_mean", "period_return_rate"} {
		f := got.Figures[key]
		require.NotNil(t, f.Numerator, key)
		require.NotNil(t, f.Denominator, key)
		require.NotNil(t, f.Interval, key)
		assert.LessOrEqual(t, f.Interval.Lower, *f.Value, key)
		assert.GreaterOrEqual(t, f.Interval.Upper, *f.Value, key)
	}
	for _, key := range []string{
		"expected_active_customers", "churn_risk_mean", "expected_purchases_12_months", "expected_revenue_12_months", "expected_value_12_months_mean",
		"new_customer_revenue_12_months", "new_customer_margin_12_months", "value_to_acquisition_cost", "holdout_purchases_expected", "holdout_error",
		"bgbb_active_customers", "bgbb_purchase_periods_12_months",
		"sbg_next_renewal_rate", "sbg_retention_12_periods", "sbg_expected_lifetime_periods", "sbg_residual_lifetime_periods", "sbg_contract_value",
	} {
		f := got.Figures[key]
		require.NotNil(t, f.Interval, "%s: %v", key, f.Notes)
		assert.Less(t, f.Interval.Lower, *f.Value, key)
		assert.Greater(t, f.Interval.Upper, *f.Value, key)
	}
	// The high end of Fader and Hardie (2007): alpha 0.668, beta 3.806.
	assert.InDelta(t, (3.80609498+7)/(0.66808835+3.80609498+7), *got.Figures["sbg_next_renewal_rate"].Value, 1e-5)
	assert.InDelta(t, 0.4*20, *got.Figures["sbg_contract_value"].Value / *got.Figures["sbg_expected_lifetime_periods"].Value, 1e-9, "a margin of 40 % of 20.00 a period")
	assert.InDelta(t, 100.0/9, *got.Figures["nps"].Value, 1e-12, "the answers of 2029 are not in it")
	assert.Equal(t, []string{"1 without an answer are left out"}, got.Figures["nps"].Notes)
	assert.InDelta(t, 300, *got.Figures["points_cost_liability"].Value, 0)
	assert.InDelta(t, 0.13, *got.Figures["churn_rate"].Value, 0)
	assert.InDelta(t, 0.035, *got.Figures["lift_difference"].Value, 1e-12)
	assert.Contains(t, got.Figures["lift_difference"].Notes, "causal estimate: holdout control")
	assert.Equal(t, json.Number("10"), *got.Figures["tier_upgrade_rate"].Numerator)
	// Example 52 of IFRS 15.
	for key, want := range map[string]float64{
		"allocated_to_goods": 91_324, "allocated_to_points": 8_676, "points_revenue": 3_493, "points_liability": 1_073,
		"gift_card_revenue": 5_000, "gift_card_breakage_revenue": 500, "gift_card_liability": 5_000,
	} {
		assert.InDelta(t, want, *got.Figures[key].Value, 0.5, key)
		require.NotNil(t, got.Figures[key].Numerator, key)
	}
	debits, credits := decimal.Zero, decimal.Zero
	for _, l := range append(got.Journal.Sale, got.Journal.Points...) {
		debits, credits = debits.Add(l.Debit), credits.Add(l.Credit)
	}
	assert.Len(t, got.Journal.Sale, 4)
	assert.Len(t, got.Journal.Points, 8, "deferral and recognition, then recognition and a change in estimate")
	assert.Equal(t, debits.String(), credits.String())
	require.Len(t, got.GroupTest.Groups, 2)
	assert.Equal(t, "app", got.GroupTest.Groups[0].Name)
	assert.Greater(t, len(got.CohortTest.Groups), 3)
	assert.NotNil(t, got.Figures["groups_second_purchase_ratio"].Interval)
	require.Len(t, got.Goals, 1)
	assert.Equal(t, "behind", got.Goals[0].State)
	assert.Contains(t, got.Goals[0].Reason, "on the way to 99 % by 2029-01-01")
	require.NotNil(t, got.Models.Holdout)
	assert.Contains(t, warnings, "left out: line ")
	for _, line := range []string{"line 7: answer: must be from 0 to 10", "line 15: scale", "line 16: \"some\" is no whole number", "line 17: "} {
		assert.Contains(t, warnings, line)
	}
}

func TestEveryKeyOfTheJSONHasEveryPartThatItCanHave(t *testing.T) {
	var stdout, stderr bytes.Buffer
	args := []string{
		"-orders", shop(t), "-as-of", "2028-02-29", "-calibration-end", "2027-08-31", "-zone", "Europe/Vienna",
		"-surveys", "testdata/surveys.csv", "-costs", "testdata/costs.json", "-json",
	}
	require.Equal(t, exitOK, run(args, &stdout, &stderr, io.Discard), stderr.String())
	var p struct {
		Figures map[string]map[string]json.RawMessage
	}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &p))
	require.Len(t, p.Figures, len(keyfigures.Keys()))
	for _, k := range keyfigures.Keys() {
		figure := p.Figures[k.Name]
		part := func(name string, to any) bool {
			text, there := figure[name]
			if !there || string(text) == "null" {
				return false
			}
			require.NoError(t, json.Unmarshal(text, to), "%s of %s", name, k.Name)
			return true
		}
		for _, always := range []string{"value", "numerator", "denominator", "interval"} {
			assert.Contains(t, figure, always, "%s says nothing, not even null", k.Name)
		}
		var value float64
		var numerator, denominator decimal.Decimal
		var interval struct {
			Lower, Upper, Level float64
			Method              string
		}
		var period struct{ Start, End, Zone string }
		var convention, currency string
		require.True(t, part("value", &value), k.Name)
		assert.True(t, part("convention", &convention) && convention != "", "the definition of %s", k.Name)
		quotient := part("numerator", &numerator)
		assert.Equal(t, k.NoQuotient == "", quotient, "the numerator of %s", k.Name)
		assert.Equal(t, quotient, part("denominator", &denominator), k.Name)
		if quotient {
			scale := map[bool]float64{true: 100, false: 1}[k.Unit == kpi.Score]
			assert.InEpsilon(t, scale*numerator.Div(denominator).InexactFloat64()+1, value+1, 1e-12, k.Name)
		}
		sampled := part("interval", &interval)
		assert.Equal(t, k.NoInterval == "", sampled, "the interval of %s", k.Name)
		if sampled {
			assert.True(t, interval.Lower <= value && value <= interval.Upper && interval.Lower < interval.Upper, "%s: %v of %+v", k.Name, value, interval)
			assert.InDelta(t, 0.95, interval.Level, 0, k.Name)
			assert.NotEmpty(t, interval.Method, k.Name)
		}
		assert.Equal(t, k.Unit == kpi.Money, part("currency", &currency) && k.Unit == kpi.Money, "the currency of %s", k.Name)
		dated := part("period", &period)
		assert.True(t, dated, "the period of %s", k.Name)
		assert.Equal(t, "Europe/Vienna", period.Zone, k.Name)
		assert.Less(t, period.Start, period.End, k.Name)
	}
}

func TestTheSecondPurchaseIsFoundInAnyOrderOfTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte(`member,occurred_at,amount
ann,2027-01-31,5
ann,2027-01-01T08:00:00Z,5
ann,2027-01-01T18:00:00Z,5
ann,2027-01-11,5
bob,2027-01-01,5
bob,2027-01-21,5
bob,2027-01-02,-5
cem,2027-01-21,5
`), 0o600))
	got, _ := runJSON(t, "-orders", path)
	assert.InDelta(t, 20, *got.Figures["second_purchase_median_days"].Value, 0, "10 days of ann, 20 of bob, and cem is not seen again in 10")
	assert.InDelta(t, 1, *got.Figures["second_purchase_within_90_days"].Value, 0, "all whom the log has seen for long enough")
	assert.Nil(t, got.Figures["second_purchase_within_90_days"].Interval, "the method gives none at the edge")
}

// Each customer has a twin of the same orders, who comes later in the log and earlier by id.
func TestMembersAtTheSameRiskAreInOrderOfTheirIds(t *testing.T) {
	text, err := os.ReadFile(shop(t))
	require.NoError(t, err)
	_, rows, _ := strings.Cut(string(text), "\n")
	path := filepath.Join(t.TempDir(), "twins.csv")
	require.NoError(t, os.WriteFile(path, append(text, strings.ReplaceAll(rows, ",m-", ",a-")...), 0o600))
	got, _ := runJSON(t, "-orders", path)
	atRisk := got.Models.AtRisk
	require.Len(t, atRisk, 10)
	for i := 0; i < len(atRisk); i += 2 {
		id := strings.TrimPrefix(atRisk[i].Member, "a-")
		assert.Equal(t, []string{"a-" + id, "m-" + id}, []string{atRisk[i].Member, atRisk[i+1].Member})
		assert.InDelta(t, atRisk[i].Risk, atRisk[i+1].Risk, 0)
	}
}

func TestTheSameInputPrintsTheSame(t *testing.T) {
	orders := shop(t)
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		require.Equal(t, exitOK, run([]string{"-orders", orders, "-json"}, out, io.Discard, io.Discard))
	}
	assert.Equal(t, first.String(), second.String())
}

func TestTheReportForPeople(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitOK, run([]string{"-orders", shop(t), "-surveys", "testdata/surveys.csv", "-costs", "testdata/costs.json"}, &stdout, &stderr, io.Discard), stderr.String())
	for _, text := range []string{"CUSTOMERS AND ORDERS", "repeat purchase rate", "WHAT CUSTOMERS SAY", "chosen", "BOUGHT AGAIN", "Champions", "acquisition cost"} {
		assert.Contains(t, stdout.String(), text)
	}
	assert.NotContains(t, stdout.String(), "NaN")
	assert.NotContains(t, stdout.String(), "%!")
}

func TestALogTooSmallForModelsSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orders.csv")
	require.NoError(t, os.WriteFile(path, []byte("member,occurred_at,amount\nann,2027-01-02,5\nbob,2027-01-03,7.50\n"), 0o600))
	got, _ := runJSON(t, "-orders", path)
	assert.Nil(t, got.Figures["churn_risk_mean"].Value)
	assert.Contains(t, got.Figures["churn_risk_mean"].Undefined, "no model of purchases fits")
	assert.InDelta(t, 6.25, *got.Figures["average_order_value"].Value, 0)
	assert.Equal(t, "0 of 2", got.Figures["repeat_purchase_rate"].Numerator.String()+" of "+got.Figures["repeat_purchase_rate"].Denominator.String())
	assert.Nil(t, got.Figures["cohort_retention_month_12"].Value, "nobody was observed for a year")
	var stdout bytes.Buffer
	require.Equal(t, exitOK, run([]string{"-orders", path}, &stdout, io.Discard, io.Discard))
	assert.Contains(t, stdout.String(), "undefined")
}

func TestSpendThatGoesWithFrequencyIsSaid(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 1))
	for _, c := range []struct {
		name  string
		spend func(orders int) float64
		said  bool
	}{
		{"who buys more often spends more each time", func(orders int) float64 { return 4 * float64(orders) }, true},
		{"who buys more often spends the same", func(int) float64 { return 20 }, false},
	} {
		var text strings.Builder
		text.WriteString("member,occurred_at,amount\n")
		for customer := range 150 {
			orders, habit := 1+customer%8, 0.5+random.Float64()
			for i := range orders {
				at := time.Date(2027, 1, 1+customer%30+i*(7+random.IntN(20)), 9, 0, 0, 0, time.UTC)
				fmt.Fprintf(&text, "m-%03d,%s,%.2f\n", customer, at.Format(time.RFC3339), c.spend(orders)*habit*(0.7+0.6*random.Float64()))
			}
		}
		path := filepath.Join(t.TempDir(), "orders.csv")
		require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o600))
		var stdout bytes.Buffer
		require.Equal(t, exitOK, run([]string{"-orders", path}, &stdout, io.Discard, io.Discard))
		assert.Equal(t, c.said, strings.Contains(stdout.String(), "takes spend to be independent of frequency"), c.name)
	}
}

func TestBadFlagsAndFilesAreNamed(t *testing.T) {
	orders := shop(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"currency":"USD"}`), 0o600))
	typo, joy := filepath.Join(t.TempDir(), "typo.json"), filepath.Join(t.TempDir(), "joy.json")
	require.NoError(t, os.WriteFile(typo, []byte(`{"goal":[]}`), 0o600))
	require.NoError(t, os.WriteFile(joy, []byte(`{"goals":[{"key":"joy"}]}`), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.csv")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "-orders: name a log", nil},
		{exitUsage, "-zone: ", []string{"-orders", orders, "-zone", "Mars/Olympus"}},
		{exitUsage, "-unit: \"fortnight\" is none of", []string{"-orders", orders, "-unit", "fortnight"}},
		{exitUsage, "-as-of: \"soon\" is not a date", []string{"-orders", orders, "-as-of", "soon"}},
		{exitUsage, "-level: ", []string{"-orders", orders, "-level", "95"}},
		{exitUsage, "-calibration-end: must be before", []string{"-orders", orders, "-as-of", "2027-05-01", "-calibration-end", "2027-05-01"}},
		{exitFailed, "-as-of: the first order is of 2027-01-", []string{"-orders", orders, "-as-of", "2020-01-01"}},
		{exitFailed, "-calibration-end: must lie between", []string{"-orders", orders, "-calibration-end", "2020-01-01"}},
		{exitFailed, "the currency is USD, that of the log EUR", []string{"-orders", orders, "-costs", bad}},
		{exitFailed, "unknown field \"goal\"", []string{"-orders", orders, "-costs", typo}},
		{exitFailed, "goals[0]: this report has no figure \"joy\"", []string{"-orders", orders, "-costs", joy}},
		{exitFailed, "no such file", []string{"-orders", orders, "-surveys", "nowhere.csv"}},
		{exitFailed, "empty.csv", []string{"-orders", orders, "-surveys", empty}},
		{exitFailed, "empty.csv", []string{"-orders", empty}},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, c.code, run(c.args, &stdout, &stderr, io.Discard), "%v", c.args)
		assert.Contains(t, stderr.String(), c.want)
		assert.Empty(t, stdout.String())
	}
	var stdout bytes.Buffer
	assert.Equal(t, exitOK, run([]string{"-h"}, &stdout, io.Discard, io.Discard))
	assert.Contains(t, stdout.String(), "-calibration-end")
}

// The reference values of these orders are those of kpi_vectors.json.
func TestRealOrders(t *testing.T) {
	dir := os.Getenv("LOYALTYKIT_DATA")
	if dir == "" {
		t.Skip("LOYALTYKIT_DATA names no folder with cdnow_orders.csv")
	}
	got, _ := runJSON(t, "-orders", filepath.Join(dir, "cdnow_orders.csv"), "-calibration-end", "1997-09-30")
	assert.Equal(t, 69659, got.Log.Orders)
	assert.Equal(t, "1998-06-30", got.Log.AsOf)
	require.Len(t, got.Cohorts.Rows, 3)
	assert.Equal(t, []int{7846, 1157, 964, 810}, got.Cohorts.Rows[0].Active[:4])
	assert.Equal(t, 7846, got.Cohorts.Rows[0].Remaining[0])
	assert.Less(t, got.Cohorts.Rows[0].Remaining[1], 7846)
	assert.Equal(t, []int{7248, 1032, 752, 756}, got.Cohorts.Rows[2].Active[:4])
	assert.Equal(t, json.Number("23570"), *got.Figures["customers"].Numerator)
	require.NotNil(t, got.Models.Holdout)
	assert.InDelta(t, 39, got.Models.Holdout.Length, 1e-9, "39 weeks of calibration, 39 of holdout")
	assert.InDelta(t, 0, *got.Figures["holdout_error"].Value, 0.25)
	assert.Len(t, got.Models.AtRisk, 10)
}
