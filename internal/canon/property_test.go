package canon_test

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
)

// everything has a field of each shape that a command may have.
type everything struct {
	Leg

	Text    string                     `json:"text"`
	Yes     bool                       `json:"yes,omitempty"`
	Small   int8                       `json:"small"`
	Large   uint64                     `json:"large"`
	Money   decimal.Decimal            `json:"money"`
	At      time.Time                  `json:"at"`
	Days    points.Weekdays            `json:"days"`
	Bytes   []byte                     `json:"bytes"`
	Pair    [2]decimal.Decimal         `json:"pair"`
	Tags    []string                   `json:"tags"`
	Legs    []Leg                      `json:"legs"`
	Next    *everything                `json:"next"`
	Maybe   *int                       `json:"maybe"`
	Price   *decimal.Decimal           `json:"price"`
	Labels  map[string]string          `json:"labels"`
	Prices  map[string]decimal.Decimal `json:"prices"`
	Nested  map[string][]Leg           `json:"nested"`
	Raw     json.RawMessage            `json:"raw"`
	Any     any                        `json:"any"`
	Skipped string                     `json:"-"`
}

type Leg struct {
	Unit   string        `json:"unit"`
	Amount points.Amount `json:"amount"`
	Until  time.Time     `json:"until,omitzero"`
}

func decimals() *rapid.Generator[decimal.Decimal] {
	return rapid.Custom(func(t *rapid.T) decimal.Decimal {
		d := decimal.New(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-200, 200)).Draw(t, "coefficient"), rapid.Int32Range(-12, 12).Draw(t, "exponent"))
		if rapid.Bool().Draw(t, "wide") {
			d = d.Mul(d).Mul(d)
		}
		return d
	})
}

func instants() *rapid.Generator[time.Time] {
	zones := []*time.Location{time.UTC, time.FixedZone("NPT", 20700), time.FixedZone("west", -11*3600)}
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.OneOf(rapid.Just(time.Time{}.Unix()), rapid.Int64Range(0, 250_000_000_000)).Draw(t, "seconds")
		nanos := rapid.OneOf(rapid.Int64Range(0, 999_999_999), rapid.SampledFrom([]int64{0, 1, 999, 1000, 120_000_000})).Draw(t, "nanoseconds")
		return time.Unix(seconds, nanos).In(rapid.SampledFrom(zones).Draw(t, "zone"))
	})
}

func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "bean", "\x00\x1f\"\\/", "<&>\u2028", "😀é", "\ufffd"})).
		Filter(utf8.ValidString)
}

func legs() *rapid.Generator[Leg] {
	return rapid.Custom(func(t *rapid.T) Leg {
		return Leg{texts().Draw(t, "unit"), points.Amount(rapid.Int64().Draw(t, "amount")), instants().Draw(t, "until")}
	})
}

func anything(depth int) *rapid.Generator[any] {
	plain := rapid.OneOf(
		rapid.Just[any](nil), texts().AsAny(), rapid.Bool().AsAny(), rapid.Int().AsAny(), rapid.Uint64().AsAny(),
		decimals().AsAny(), instants().AsAny(), legs().AsAny(), rapid.Ptr(rapid.Int(), true).AsAny(),
		rapid.SampledFrom([]json.Number{"0", "-0", "1.50", "1e3", "12345678901234567890.5"}).AsAny(),
	)
	if depth == 0 {
		return plain
	}
	return rapid.OneOf(plain, rapid.SliceOfN(anything(depth-1), 0, 3).AsAny(), rapid.MapOfN(texts(), anything(depth-1), 0, 3).AsAny())
}

func values(depth int) *rapid.Generator[everything] {
	return rapid.Custom(func(t *rapid.T) everything {
		v := everything{
			Leg:    legs().Draw(t, "leg"),
			Text:   texts().Draw(t, "text"),
			Yes:    rapid.Bool().Draw(t, "yes"),
			Small:  rapid.Int8().Draw(t, "small"),
			Large:  rapid.OneOf(rapid.Uint64(), rapid.Just(uint64(math.MaxUint64))).Draw(t, "large"),
			Money:  decimals().Draw(t, "money"),
			At:     instants().Draw(t, "at"),
			Days:   points.Weekdays(rapid.Uint8Range(0, 127).Draw(t, "days")),
			Bytes:  rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"),
			Pair:   [2]decimal.Decimal{decimals().Draw(t, "first"), decimals().Draw(t, "second")},
			Tags:   rapid.SliceOf(texts()).Draw(t, "tags"),
			Legs:   rapid.SliceOfN(legs(), 0, 3).Draw(t, "legs"),
			Maybe:  rapid.Ptr(rapid.Int(), true).Draw(t, "maybe"),
			Price:  rapid.Ptr(decimals(), true).Draw(t, "price"),
			Labels: rapid.MapOf(texts(), texts()).Draw(t, "labels"),
			Prices: rapid.MapOfN(texts(), decimals(), 0, 3).Draw(t, "prices"),
			Nested: rapid.MapOfN(texts(), rapid.SliceOfN(legs(), 0, 2), 0, 2).Draw(t, "nested"),
			Raw:    json.RawMessage(rapid.SampledFrom([]string{"", "null", "0", `{"b":[1.50,{}],"a":""}`, ` "\u00e9" `}).Draw(t, "raw")),
			Any:    anything(2).Draw(t, "any"),
		}
		if depth > 0 && rapid.Bool().Draw(t, "more") {
			next := values(depth-1).Draw(t, "next")
			v.Next = &next
		}
		return v
	})
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(2).Draw(t, "value")
		first, err := canon.Append(nil, v)
		require.NoError(t, err)
		require.True(t, json.Valid(first), "%s", first)

		var back everything
		require.NoError(t, canon.Decode(first, &back))
		second, err := canon.Append(nil, &back)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
		requireSame(t, reflect.ValueOf(v), reflect.ValueOf(back), "")

		var plain everything
		require.NoError(t, json.Unmarshal(first, &plain), "encoding/json reads the same")
		requireSame(t, reflect.ValueOf(v), reflect.ValueOf(plain), "")
	})
}

// requireSame compares what a value means: decimals by worth, instants to the
// microsecond, empty as nil. What is in an any or raw comes back in other types and
// is compared by its bytes elsewhere.
func requireSame(t *rapid.T, a, b reflect.Value, path string) {
	switch x := a.Interface().(type) {
	case decimal.Decimal:
		require.True(t, x.Equal(b.Interface().(decimal.Decimal)), path)
		return
	case time.Time:
		require.True(t, x.Truncate(time.Microsecond).Equal(b.Interface().(time.Time)), path)
		return
	case json.RawMessage:
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).Name != "Any" {
				requireSame(t, a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name)
			}
		}
	case reflect.Slice, reflect.Array:
		require.Equal(t, a.Len(), b.Len(), path)
		for i := range a.Len() {
			requireSame(t, a.Index(i), b.Index(i), path+"[]")
		}
	case reflect.Map:
		require.Equal(t, a.Len(), b.Len(), path)
		for _, key := range a.MapKeys() {
			require.True(t, b.MapIndex(key).IsValid(), path)
			requireSame(t, a.MapIndex(key), b.MapIndex(key), path+"[]")
		}
	case reflect.Pointer:
		require.Equal(t, a.IsNil(), b.IsNil(), path)
		if !a.IsNil() {
			requireSame(t, a.Elem(), b.Elem(), path)
		}
	default:
		require.Equal(t, a.Interface(), b.Interface(), path)
	}
}

func TestANewFieldThatIsNotUsedChangesNothing(t *testing.T) {
	type later struct {
		everything

		Channel string          `json:"channel"`
		Tip     decimal.Decimal `json:"tip"`
		Seats   []Leg           `json:"seats"`
		Guest   struct{ Name string }
		Due     time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		v := values(1).Draw(t, "value")
		before, err := canon.Append(nil, v)
		require.NoError(t, err)
		after, err := canon.Append(nil, later{everything: v, Tip: decimal.New(0, -2), Seats: []Leg{}})
		require.NoError(t, err)
		require.Equal(t, string(before), string(after))
	})
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		saleText, `{}`, `null`, `{"money":1.50,"price":"1e3"}`, `{"raw":{"b":1,"a":[]},"any":[{"x":-0.0}]}`,
		`{"text":"\ud83d\ude00\u0000"}`, `{"at":"2026-03-29T02:30:00.1234567+05:45"}`, `{"next":{"next":{"yes":true}}}`,
		`{"days":"sun,mon"}`, `{"raw":1e400}`, `{"any":{"a":1,"a":2}}`, `{"bytes":"AP8="}`, `{"labels":{"a":""}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v everything
		if err := canon.Decode(data, &v); err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("accepted %q, which is no JSON", data)
		}
		first, err := canon.Append(nil, v)
		if err != nil {
			return // such as a year past 9999 after the move to UTC
		}
		var back everything
		if err := canon.Decode(first, &back); err != nil {
			t.Fatalf("%q was written as %q: %v", data, first, err)
		}
		second, err := canon.Append(nil, back)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%q was written as %q and then as %q: %v", data, first, second, err)
		}
	})
}
