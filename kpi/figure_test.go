package kpi_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func dec(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func defined(t *testing.T, f kpi.Figure) float64 {
	t.Helper()
	value, ok := f.Value()
	require.True(t, ok, "%s is undefined: %s", f.Key, f.Reason())
	require.False(t, math.IsNaN(value) || math.IsInf(value, 0))
	return value
}

// exactly fails the test unless two numbers are the same to the last bit.
func exactly(t *testing.T, want, got float64) {
	t.Helper()
	assert.Equal(t, math.Float64bits(want), math.Float64bits(got), "%v is not %v", got, want)
}

func TestAFigureOfNothingIsUndefinedAndSaysWhy(t *testing.T) {
	f := kpi.Quotient("retention_rate", kpi.Fraction, dec("0"), dec("0"))
	_, ok := f.Value()
	assert.False(t, ok)
	assert.ErrorIs(t, f.Err(), kpi.ErrUndefined)
	assert.EqualError(t, f.Err(), "retention_rate is undefined: its denominator is 0")
	text, err := json.Marshal(f)
	require.NoError(t, err)
	assert.Equal(t, `{"key":"retention_rate","value":null,"undefined":"its denominator is 0","unit":"fraction","numerator":0,"denominator":0,"interval":null}`, string(text))
	assert.Nil(t, f.With(kpi.Interval{Upper: 1}).Interval, "what is undefined has no interval")
}

func TestTheZeroFigureIsUndefined(t *testing.T) {
	_, ok := kpi.Figure{}.Value()
	assert.False(t, ok)
	assert.Equal(t, "it was not computed", kpi.Figure{}.Reason())
}

func TestNoFigureIsInfiniteOrNotANumber(t *testing.T) {
	for name, f := range map[string]kpi.Figure{
		"not a number":        kpi.Estimate("median", kpi.Days, math.NaN()),
		"infinite":            kpi.Estimate("median", kpi.Days, math.Inf(1)),
		"larger than float64": kpi.Quotient("aov", kpi.Money, decimal.New(1, 390), dec("1")),
		"absurdly large":      kpi.Quotient("aov", kpi.Money, decimal.New(1, 2_000_000_000), dec("1")),
		"absurdly small":      kpi.Quotient("aov", kpi.Money, dec("1"), decimal.New(1, -2_000_000_000)),
	} {
		_, ok := f.Value()
		assert.False(t, ok, name)
		_, err := json.Marshal(f)
		assert.NoError(t, err, name)
	}
}

func TestAQuotientIsRoundedOnce(t *testing.T) {
	exactly(t, 0.1, defined(t, kpi.Quotient("share", kpi.Fraction, dec("1"), dec("10"))))
	exactly(t, 35.0, defined(t, kpi.Quotient("nps", kpi.Score, dec("35"), dec("100"))))
	exactly(t, 33.333333333333336, defined(t, kpi.Quotient("nps", kpi.Score, dec("1"), dec("3"))))
	exactly(t, 1.0/3, defined(t, kpi.Quotient("aov", kpi.Money, dec("0.01"), dec("0.03"))))
}

func TestAFigureInJSONHasAllItsDigits(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	f := kpi.Quotient("average_order_value", kpi.Money, dec("12345678901234567890.12"), dec("4")).
		Priced("EUR").In(kpi.CalendarMonth(2027, time.March, vienna)).Noted("%d refunds left out", 3)
	text, err := json.Marshal(f)
	require.NoError(t, err)
	assert.Equal(t, `{"key":"average_order_value","value":3086419725308642000,"unit":"money","currency":"EUR",`+
		`"numerator":12345678901234567890.12,"denominator":4,"interval":null,`+
		`"period":{"start":"2027-03-01T00:00:00+01:00","end":"2027-04-01T00:00:00+02:00","zone":"Europe/Vienna"},`+
		`"notes":["3 refunds left out"]}`, string(text))
}

func TestAFigureInOneLine(t *testing.T) {
	f := kpi.Quotient("retention_rate", kpi.Fraction, dec("850"), dec("1000")).As("of those at the start")
	assert.Equal(t, "retention rate 85 %, 850 of 1000; of those at the start", f.String())
	f, err := f.OfSample(0)
	require.NoError(t, err)
	assert.Equal(t, "retention rate 85 % (95 % 82.65 % to 87.08 %), 850 of 1000; of those at the start", f.String())
	assert.Equal(t, "retention rate undefined: its denominator is 0, 0 of 0", kpi.Quotient("retention_rate", kpi.Fraction, dec("0"), dec("0")).String())
}

func TestAnIntervalIsOnlyForAShareOfASample(t *testing.T) {
	for name, f := range map[string]kpi.Figure{
		"an amount of money":  kpi.Quotient("aov", kpi.Money, dec("1"), dec("2")),
		"more than all":       kpi.Quotient("rate", kpi.Fraction, dec("3"), dec("2")),
		"half a customer":     kpi.Quotient("rate", kpi.Fraction, dec("0.5"), dec("2")),
		"fewer than nobody":   kpi.Quotient("rate", kpi.Fraction, dec("-1"), dec("2")),
		"what was not counts": kpi.Estimate("rate", kpi.Fraction, 0.5),
	} {
		_, err := f.OfSample(0)
		assert.ErrorIs(t, err, kpi.ErrInvalid, name)
	}
	undefined, err := kpi.Quotient("rate", kpi.Fraction, dec("0"), dec("0")).OfSample(0)
	require.NoError(t, err)
	assert.Nil(t, undefined.Interval)
}

func TestWilsonAtTheEdges(t *testing.T) {
	none, err := kpi.Wilson(0, 10, 0)
	require.NoError(t, err)
	assert.Zero(t, none.Lower)
	assert.InDelta(t, 0.2775327998628892, none.Upper, 1e-15)
	all, err := kpi.Wilson(10, 10, 0)
	require.NoError(t, err)
	exactly(t, 1.0, all.Upper)
	assert.InDelta(t, 1-none.Upper, all.Lower, 1e-15)
	for _, level := range []float64{-1, 1, 2, math.NaN()} {
		_, err := kpi.Wilson(1, 2, level)
		assert.ErrorIs(t, err, kpi.ErrInvalid, "level %v", level)
	}
	_, err = kpi.Wilson(3, 2, 0)
	assert.EqualError(t, err, "hits: must be at most total 2, is 3")
	_, err = kpi.Wilson(0, 0, 0)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
}

func TestAPeriod(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	march := kpi.CalendarMonth(2027, time.March, vienna)
	assert.Equal(t, "from 2027-03-01 until before 2027-04-01 Europe/Vienna", march.String())
	assert.InDelta(t, 31-1.0/24, march.Days(), 1e-12, "an hour is missing where summer time starts")
	assert.True(t, march.Contains(march.Start))
	assert.False(t, march.Contains(march.End))
	assert.NoError(t, march.Validate())
	assert.ErrorIs(t, kpi.Period{Start: march.End, End: march.Start}.Validate(), kpi.ErrInvalid)
	assert.Equal(t, "no period", kpi.Period{}.String())
	asuncion, err := time.LoadLocation("America/Asuncion")
	require.NoError(t, err)
	october := kpi.CalendarMonth(2017, time.October, asuncion)
	assert.Equal(t, "2017-10-01T01:00:00-03:00", october.Start.In(asuncion).Format(time.RFC3339), "clocks went forward at midnight")
	assert.True(t, october.Start.Equal(kpi.CalendarMonth(2017, time.September, asuncion).End))
}
