package points_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		scale  int
		amount points.Amount
		text   string
	}{
		{0, 150, "150"},
		{2, 150, "1.50"},
		{2, 5, "0.05"},
		{2, 0, "0.00"},
		{2, -150, "-1.50"},
		{2, -5, "-0.05"},
		{6, 1, "0.000001"},
		{0, math.MinInt64, "-9223372036854775808"},
		{6, math.MaxInt64, "9223372036854.775807"},
	} {
		unit := points.Unit{Code: "bean", Scale: c.scale}
		assert.Equal(t, c.text, unit.Format(c.amount))
		read, err := unit.Parse(c.text)
		require.NoError(t, err)
		assert.Equal(t, c.amount, read)
	}
}

func TestParse(t *testing.T) {
	unit := points.Unit{Code: "bean", Scale: 2}
	for text, want := range map[string]points.Amount{"1.5": 150, "1": 100, "-0.1": -10, "007": 700} {
		got, err := unit.Parse(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-", ".", "1.", ".5", "1.005", "1,5", "1e3", "+1", "--1", " 1", "1.-5", "٣", "0x10"} {
		_, err := unit.Parse(text)
		assert.Error(t, err, "%q", text)
	}
	_, err := unit.Parse("92233720368547758.08")
	require.ErrorIs(t, err, points.ErrOverflow)
}

func TestParseReadsWhatFormatWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		unit := points.Unit{Code: "bean", Scale: rapid.IntRange(0, points.MaxScale).Draw(t, "scale")}
		amount := drawAmount(t, "amount")
		read, err := unit.Parse(unit.Format(amount))
		require.NoError(t, err)
		require.Equal(t, amount, read)
	})
}

func TestWeekdays(t *testing.T) {
	for days := range points.Weekdays(128) {
		text, err := days.MarshalText()
		require.NoError(t, err)
		var read points.Weekdays
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, days, read)
	}
	assert.Equal(t, "mon,sun", (points.Sun | points.Mon).String())
	var days points.Weekdays
	require.NoError(t, days.UnmarshalText([]byte("sun,mon")), "in any order")
	assert.Equal(t, points.Mon|points.Sun, days)
	for _, text := range []string{"monday", "Mon", "mon, tue", "mon,mon", "mon,", ",", " "} {
		require.Error(t, days.UnmarshalText([]byte(text)), "%q", text)
		assert.Equal(t, points.Mon|points.Sun, days, "what fails changes nothing")
	}
	_, err := points.Weekdays(128).MarshalText()
	require.Error(t, err)
	assert.True(t, points.Mon.Has(time.Monday))
	assert.True(t, points.Sun.Has(time.Sunday))
	assert.False(t, points.Sat.Has(time.Sunday))
}

func TestMatchLine(t *testing.T) {
	espresso := points.Line{Item: "espresso", Category: "coffee", Tags: []string{"new", "organic"}}
	for _, c := range []struct {
		name  string
		match points.Match
		line  points.Line
		want  bool
	}{
		{"everything", points.Match{}, espresso, true},
		{"its item", points.Match{Items: []string{"filter", "espresso"}}, espresso, true},
		{"its category", points.Match{Categories: []string{"coffee"}}, espresso, true},
		{"one of its tags", points.Match{Tags: []string{"organic"}}, espresso, true},
		{"one of several is enough", points.Match{Items: []string{"filter"}, Tags: []string{"new"}}, espresso, true},
		{"another item", points.Match{Items: []string{"filter"}}, espresso, false},
		{"an item by another case", points.Match{Items: []string{"Espresso"}}, espresso, false},
		{"a line that says nothing", points.Match{Items: []string{"filter"}, Categories: []string{"coffee"}, Tags: []string{"new"}}, points.Line{}, false},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, c.match.Line(c.line)) })
	}
}

func TestJSONNames(t *testing.T) {
	instant := time.Date(2027, time.March, 1, 12, 0, 0, 1000, time.UTC)
	for _, c := range []struct {
		name  string
		value any
		text  string
	}{
		{
			"unit",
			points.Unit{Code: "bean", Scale: 2, Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth), Pending: points.For(14, points.Days)},
			`{"code":"bean","scale":2,"expiry":{"after":{"n":12,"unit":"months"},"boundary":"end-of-month"},"pending":{"window":{"n":14,"unit":"days"}}}`,
		},
		{"metric", points.Unit{Code: "nights", Kind: points.Metric}, `{"code":"nights","kind":"metric"}`},
		{"never", points.Unit{Code: "bean", Expiry: points.NeverExpire(), Pending: points.UntilConfirmed()}, `{"code":"bean","expiry":{"never":true},"pending":{"confirm":true}}`},
		{"spend rule", points.Rule{Code: "base", Unit: "bean", Spend: &points.SpendRate{Points: 1, Per: dec("2.5"), Currency: "EUR", Rounding: points.HalfUp, Grouping: points.WholeGroups, Basis: points.Basis{
			BeforeDiscounts: true, Tax: true, Shipping: true, Fees: true, StoredValue: true, PointsTender: true, GiftCardTender: true, Exclude: points.Match{Items: []string{"a"}},
		}}}, `{"code":"base","unit":"bean","spend":{"points":1,"per":"2.5","currency":"EUR","rounding":"half-up","grouping":"whole-groups","basis":{
			"beforeDiscounts":true,"tax":true,"shipping":true,"fees":true,"storedValue":true,"pointsTender":true,"giftCardTender":true,"exclude":{"items":["a"]}}}}`},
		{
			"multiplier",
			points.Rule{Code: "monday", Multiply: dec("2"), When: points.When{Weekdays: points.Mon, From: instant, Until: instant.Add(time.Hour)}, Match: points.Match{Categories: []string{"c"}, Tags: []string{"t"}}, Priority: -1},
			`{"code":"monday","multiply":"2","match":{"categories":["c"],"tags":["t"]},"when":{"weekdays":"mon","from":"2027-03-01T12:00:00.000001Z","until":"2027-03-01T13:00:00.000001Z"},"priority":-1}`,
		},
		{"activity", points.Rule{Code: "birthday", Activity: "birthday", Bonus: 50}, `{"code":"birthday","bonus":50,"activity":"birthday"}`},
		{"order", points.Order{ID: "1001", Currency: "EUR", Shipping: dec("4.9"), Fees: dec("1"), Tenders: []points.Tender{{Kind: points.GiftCardTender, Amount: dec("5")}}, Lines: []points.Line{{
			ID: "a", Item: "i", Category: "c", Tags: []string{"t"}, Quantity: 2, Amount: dec("12.4"), Discount: dec("1"), Tax: dec("2"), StoredValue: true,
		}}}, `{"id":"1001","currency":"EUR","lines":[{"id":"a","item":"i","category":"c","tags":["t"],"quantity":2,"amount":"12.4","discount":"1","tax":"2","storedValue":true}],
			"shipping":"4.9","fees":"1","tenders":[{"kind":"gift-card","amount":"5"}]}`},
		{"plain order", order(line("", "12.4")), `{"id":"1001","currency":"EUR","lines":[{"amount":"12.4"}]}`},
		{"refund", points.Refund{Lines: []points.RefundLine{{Line: "a", Quantity: 1}, {Line: "b", Amount: dec("2")}}, Amount: dec("1")}, `{"lines":[{"line":"a","quantity":1},{"line":"b","amount":"2"}],"amount":"1"}`},
		{"full refund", points.Refund{Full: true}, `{"full":true}`},
		{
			"entry",
			points.Entry{Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Pending, Amount: 12, Lot: 3, Into: 4, Rule: "base", Revision: 2, Reference: "1001", Corrects: points.EntryRef{Version: 5, Ordinal: 1}, OccurredAt: instant, RecordedAt: instant},
			`{"unit":"bean","kind":"earn","from":"issued","to":"pending","amount":12,"lot":3,"into":4,"rule":"base","revision":2,"reference":"1001","corrects":{"version":5,"ordinal":1},"occurredAt":"2027-03-01T12:00:00.000001Z","recordedAt":"2027-03-01T12:00:00.000001Z"}`,
		},
		{
			"lot",
			points.Lot{ID: 3, Unit: "bean", State: points.LotOpen, Original: 12, Remaining: 10, Held: 1, EarnedAt: instant, AvailableFrom: instant, ExpiresAt: points.Never, Source: "1001", Origin: "m-1", Qualifies: true, MergedInto: 9, Merged: 4},
			`{"id":3,"unit":"bean","state":2,"original":12,"remaining":10,"held":1,"earnedAt":"2027-03-01T12:00:00.000001Z","availableFrom":"2027-03-01T12:00:00.000001Z","expiresAt":"9999-12-31T23:59:59.999999Z","source":"1001","origin":"m-1","qualifies":true,"mergedInto":9,"merged":4}`,
		},
		{"balance", points.Balance{Unit: "bean", Pending: 1, Available: 2, Held: 3, Debt: 4, Counted: 5}, `{"unit":"bean","pending":1,"available":2,"held":3,"debt":4,"counted":5}`},
		{"part", points.Part{Lot: 3, Amount: 4}, `{"lot":3,"amount":4}`},
		{"take", points.Take{Unit: "bean", Points: 4}, `{"unit":"bean","points":4}`},
		{"problem", points.Problem{Path: "lines[0].amount", Message: "must not be negative"}, `{"path":"lines[0].amount","message":"must not be negative"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := json.Marshal(c.value)
			require.NoError(t, err)
			assert.JSONEq(t, c.text, string(text))
			read := reflect.New(reflect.TypeOf(c.value))
			decoder := json.NewDecoder(strings.NewReader(string(text)))
			decoder.DisallowUnknownFields()
			require.NoError(t, decoder.Decode(read.Interface()))
			again, err := json.Marshal(read.Elem().Interface())
			require.NoError(t, err)
			assert.Equal(t, string(text), string(again), "there and back")
		})
	}
}

func TestExamplesOfCodesAreValid(t *testing.T) {
	for _, code := range []string{"a", "bean", "bean-2", "b_2", strings.Repeat("b", 32)} {
		assert.Empty(t, points.ValidateUnit("unit", points.Unit{Code: code, Kind: points.Metric}), code)
	}
	assert.NoError(t, points.CheckID("m-7301", 128))
	assert.NoError(t, points.CheckID("مرحبا", 10))
	assert.Error(t, points.CheckID("مرحبا", 9), "bytes count, not letters")
	assert.True(t, slices.IsSorted([]points.Bucket{points.Pending, points.Available, points.Held}))
}
