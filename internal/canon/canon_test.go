package canon_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
)

type earn struct {
	Member     string            `json:"member"`
	Key        string            `json:"key"`
	OccurredAt time.Time         `json:"occurredAt,omitzero"`
	Order      points.Order      `json:"order"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

var sale = earn{
	Member: "m-7301", Key: "order-1001",
	OccurredAt: time.Date(2026, 3, 2, 9, 30, 0, 120_000_000, time.FixedZone("CET", 3600)),
	Order: points.Order{ID: "1001", Currency: "EUR", Lines: []points.Line{
		{Item: "beans", Amount: decimal.RequireFromString("12.40"), Tags: []string{"coffee", "<new>"}},
	}},
}

const saleText = `{"key":"order-1001","member":"m-7301","occurredAt":"2026-03-02T08:30:00.12Z",` +
	`"order":{"currency":"EUR","id":"1001","lines":[{"amount":"12.4","item":"beans","tags":["coffee","<new>"]}]}}`

func TestACommandHasTheSameBytesInEveryRelease(t *testing.T) {
	require.Equal(t, saleText, text(t, sale))
	require.Equal(t, saleText, text(t, &sale))
	var back earn
	require.NoError(t, canon.Decode([]byte(saleText), &back))
	require.Equal(t, saleText, text(t, back))
}

type (
	base    struct{ ID, Note string }
	inner   struct{ Note, Shop string }
	wrapped struct {
		base
		*Extra

		Count int
	}
	Extra struct {
		Color string `json:"color"`
	}
	twins struct {
		base
		inner
	}
	node struct {
		Name string  `json:"name"`
		Next *node   `json:"next"`
		Kids []*node `json:"kids"`
	}
)

func TestGoldenForms(t *testing.T) {
	dec := decimal.RequireFromString
	at := time.Date(2026, 3, 29, 0, 59, 59, 999_999_999, time.UTC)
	zero, no := 0, false
	cases := map[string]struct {
		value any
		want  string
	}{
		"nothing":                                {nil, `null`},
		"a nil pointer":                          {(*earn)(nil), `null`},
		"an empty command":                       {earn{}, `{}`},
		"keys of a map in byte order":            {map[string]int{"b": 0, "a": 2, "B": 1, "é": 3}, `{"B":1,"a":2,"b":0,"é":3}`},
		"1.00 is 1":                              {dec("1.00"), `"1"`},
		"1.0 is 1":                               {dec("1.0"), `"1"`},
		"hundreds without exponent":              {decimal.New(12, 2), `"1200"`},
		"cents":                                  {dec("-0.0500"), `"-0.05"`},
		"ten":                                    {dec("10"), `"10"`},
		"money beyond 64 bits":                   {dec("123456789012345678901234567890.10"), `"123456789012345678901234567890.1"`},
		"the smallest 64-bit coefficient":        {decimal.New(-1<<63, -2), `"-92233720368547758.08"`},
		"a zero decimal in a list":               {[]decimal.Decimal{{}, dec("0.00")}, `["0","0"]`},
		"a zero decimal in a field":              {points.Line{Amount: dec("0.00")}, `{}`},
		"nanoseconds are cut":                    {at, `"2026-03-29T00:59:59.999999Z"`},
		"a whole second":                         {at.Truncate(time.Second), `"2026-03-29T00:59:59Z"`},
		"never":                                  {points.Never, `"` + points.Never.UTC().Format("2006-01-02T15:04:05.999999") + `Z"`},
		"an instant below a microsecond is zero": {earn{OccurredAt: time.Time{}.Add(999)}, `{}`},
		"only needed escapes":                    {"a\"\\/\b\f\n\r\t\x01\x7f<&>\u2028é😀", `"a\"\\/\b\f\n\r\t\u0001` + "\x7f<&>\u2028é😀\""},
		"bytes":                                  {[]byte{0, 0xff}, `"AP8="`},
		"an array of bytes":                      {[2]byte{0, 0xff}, `[0,255]`},
		"an empty list":                          {[]int{}, `[]`},
		"a zero array is left out":               {struct{ A [2]decimal.Decimal }{}, `{}`},
		"a zero element of an array stays":       {struct{ A [2]int }{[2]int{0, 1}}, `{"A":[0,1]}`},
		"empty lists and maps are left out": {struct {
			L []int
			M map[string]int
		}{[]int{}, map[string]int{}}, `{}`},
		"a pointer to zero is written": {struct {
			N *int
			B *bool
			O *points.Order
		}{&zero, &no, &points.Order{}}, `{"B":false,"N":0,"O":{}}`},
		"a nested struct of zeros is left out": {struct {
			S struct{ T struct{ D decimal.Decimal } }
		}{}, `{}`},
		"zero structs in lists stay":          {[]points.Line{{}}, `[{}]`},
		"a nil pointer in a list":             {[]*int{nil, &zero}, `[null,0]`},
		"embedded structs are flat":           {wrapped{base{"1", "n"}, &Extra{"red"}, 2}, `{"Count":2,"ID":"1","Note":"n","color":"red"}`},
		"a nil embedded pointer":              {wrapped{Count: 2}, `{"Count":2}`},
		"two names of one depth cancel":       {twins{base{"1", "a"}, inner{"b", "s"}}, `{"ID":"1","Shop":"s"}`},
		"a recursive type":                    {node{"a", &node{Name: "b"}, []*node{{Name: "c"}}}, `{"kids":[{"name":"c"}],"name":"a","next":{"name":"b"}}`},
		"text":                                {points.Tue | points.Mon, `"mon,tue"`},
		"text of zero is left out":            {points.When{}, `{}`},
		"an address":                          {netip.MustParseAddr("::1"), `"::1"`},
		"a big integer":                       {big.NewInt(-100), `-100`},
		"raw JSON is made canonical":          {json.RawMessage(` {"b" : [1.50, -0, 1e2, 12.50e-1], "a":"\u00e9\/\ud83d\ude00", "":null} `), `{"":null,"a":"é/😀","b":[1.5,0,100,1.25]}`},
		"raw JSON keeps zeros":                {struct{ R json.RawMessage }{json.RawMessage(`{"a":0,"b":"","c":[],"d":{}}`)}, `{"R":{"a":0,"b":"","c":[],"d":{}}}`},
		"no raw JSON":                         {struct{ R json.RawMessage }{}, `{}`},
		"raw null is nothing":                 {struct{ R json.RawMessage }{json.RawMessage(`null`)}, `{}`},
		"any by what it holds":                {map[string]any{"n": json.Number("1.50"), "t": at, "s": []any{1, "x", nil, true, map[string]any{}}}, `{"n":1.5,"s":[1,"x",null,true,{}],"t":"2026-03-29T00:59:59.999999Z"}`},
		"zero in an any is written":           {struct{ A, B any }{A: 0}, `{"A":0}`},
		"a nil pointer in an any is left out": {struct{ A any }{(*int)(nil)}, `{}`},
		"names of tags": {struct {
			A int `json:"-"`
			B int `json:"-,"` //nolint:staticcheck // a name that encoding/json allows
			C int `json:"ü.1"`
			D int `json:",omitempty"`
			E int `json:"a\"b"` //nolint:staticcheck // a name that encoding/json passes over
			f int
		}{1, 2, 3, 4, 5, 6}, `{"-":2,"D":4,"E":5,"ü.1":3}`},
		"integers of all sizes":     {[]any{int8(-128), uint64(1<<64 - 1), int64(-1 << 63), uint8(255)}, `[-128,18446744073709551615,-9223372036854775808,255]`},
		"a duration in nanoseconds": {time.Second, `1000000000`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, text(t, c.value)) })
	}
}

type loop struct{ Self *loop }

func TestWhatHasNoCanonicalFormIsRefusedWithItsPath(t *testing.T) {
	round := &loop{}
	round.Self = round
	bad := "caf\xe9"
	cases := map[string]struct {
		value any
		path  string
		says  string
	}{
		"a float":                         {1.5, "", "floating point"},
		"a zero float in a field":         {struct{ Rate float32 }{}, "Rate", "floating point"},
		"a float in an any":               {map[string]any{"a": []any{1, 2.5}}, `["a"][1]`, "floating point"},
		"bad UTF-8 in a line":             {earn{Order: points.Order{Lines: []points.Line{{}, {Item: bad}}}}, "order.lines[1].item", "invalid UTF-8 at byte 3"},
		"bad UTF-8 in a key":              {earn{Attributes: map[string]string{bad: "x"}}, `attributes["caf\xe9"]`, "invalid UTF-8"},
		"a year past 9999":                {earn{OccurredAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "occurredAt", "year 10000"},
		"a year before 0":                 {earn{OccurredAt: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)}, "occurredAt", "year -1"},
		"an exponent that fills memory":   {points.Line{Amount: decimal.New(1, 1<<30)}, "amount", "400 digits"},
		"a tiny decimal":                  {points.Line{Amount: decimal.New(1, -1<<30)}, "amount", "400 digits"},
		"a coefficient that fills memory": {decimal.NewFromBigInt(new(big.Int).Exp(big.NewInt(7), big.NewInt(2000), nil), 0), "", "400 digits"},
		"a channel":                       {struct{ C chan int }{}, "C", "chan int"},
		"a function":                      {func() {}, "", "func()"},
		"a map with numbers as keys":      {map[int]string{}, "", "must be strings"},
		"a struct without fields":         {struct{ L time.Location }{}, "L", "no exported fields"},
		"quoted integers": {struct {
			N int `json:",string"`
		}{}, "", `"string"`},
		"a value that contains itself": {round, strings.TrimSuffix(strings.Repeat("Self.", 251), "."), "nest deeper"},
		"raw text that is no JSON":     {struct{ R json.RawMessage }{json.RawMessage(`{"a":}`)}, "R", "byte 5"},
		"raw JSON with a name twice":   {json.RawMessage(`{"a":1,"\u0061":2}`), "", `name "a" twice`},
		"a number that is none":        {[]json.Number{"1", "0x1"}, "[1]", "no number"},
		"a type that fails to marshal": {points.When{Weekdays: 255}, "weekdays", "only seven"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dst := []byte("kept")
			out, err := canon.Append(dst, c.value)
			var failure *canon.ValueError
			require.ErrorAs(t, err, &failure)
			if !strings.HasPrefix(c.path, "Self") {
				assert.Equal(t, c.path, failure.Path)
			}
			assert.ErrorContains(t, err, c.says)
			assert.Equal(t, "kept", string(out))
		})
	}
}

func TestDecodeIsStrict(t *testing.T) {
	cases := map[string]struct{ data, says string }{
		"an unknown field":               {`{"member":"m","pionts":5}`, `"pionts"`},
		"an unknown field deep down":     {`{"order":{"lines":[{"colour":"red"}]}}`, `"colour"`},
		"text after the value":           {`{"member":"m"} {}`, "after the end"},
		"a name twice":                   {`{"member":"m","member":"n"}`, `"member" twice`},
		"a name twice in other spelling": {`{"member":"m","\u006dember":"n"}`, `"member" twice`},
		"invalid UTF-8":                  {"{\"member\":\"caf\xe9\"}", "UTF-8"},
		"half of a surrogate pair":       {`{"member":"\ud800"}`, "surrogate"},
		"a half pair and another escape": {`{"member":"\ud800\u0041"}`, "surrogate"},
		"nothing":                        {``, "no value"},
		"a cut object":                   {`{"member":"m"`, "not closed"},
		"a trailing comma":               {`{"member":"m",}`, "name of a member"},
		"a number with a leading zero":   {`{"order":{"shipping":01}}`, "no number"},
		"a number that fills memory":     {`{"order":{"shipping":1e1000000}}`, "400 digits"},
		"a string for a list":            {`{"order":{"lines":"none"}}`, "lines"},
		"a control character":            {"{\"member\":\"a\nb\"}", "control character"},
		"endless nesting":                {strings.Repeat("[", 100_000), "nest deeper"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var v earn
			require.ErrorContains(t, canon.Decode([]byte(c.data), &v), c.says)
		})
	}
}

func TestDecimalsAreReadFromStringsAndNumbers(t *testing.T) {
	for _, data := range []string{`{"shipping":"4.50"}`, `{"shipping":4.5}`, `{"shipping":45e-1}`} {
		var order points.Order
		require.NoError(t, canon.Decode([]byte(data), &order))
		require.Equal(t, `{"shipping":"4.5"}`, text(t, order))
	}
}

func TestEqualContentHasEqualBytes(t *testing.T) {
	other := sale
	other.OccurredAt = sale.OccurredAt.UTC().Add(300)
	other.Attributes = map[string]string{}
	other.Order.Shipping = decimal.RequireFromString("0.00")
	other.Order.Lines = []points.Line{sale.Order.Lines[0]}
	other.Order.Lines[0].Amount = decimal.RequireFromString("12.4000")
	require.Equal(t, text(t, sale), text(t, other))
}

func TestAnOrderOfOneLineIsWrittenWithTwoAllocations(t *testing.T) {
	text(t, sale)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := canon.Append(nil, sale); err != nil {
			t.Fatal(err)
		}
	})
	// One is the boxing of the struct by the call itself.
	require.LessOrEqual(t, allocs, 3.0)
	var boxed any = sale
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = canon.Append(nil, boxed) }), 2.0)
	buffer := make([]byte, 0, 512)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = canon.Append(buffer, &sale) }))
}

func BenchmarkAppend(b *testing.B) {
	var boxed any = sale
	buffer := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := canon.Append(buffer[:0], boxed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodingJSON(b *testing.B) {
	var boxed any = sale
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(boxed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := []byte(saleText)
	b.ReportAllocs()
	for b.Loop() {
		var v earn
		if err := canon.Decode(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func text(t testing.TB, v any) string {
	t.Helper()
	out, err := canon.Append(nil, v)
	require.NoError(t, err)
	return string(out)
}

// tag appends its own text; plainTag has the same text without that.
type tag string

func (t tag) MarshalText() ([]byte, error) { return t.AppendText(nil) }

func (t tag) AppendText(text []byte) ([]byte, error) {
	if t == "refused" {
		return text, errors.New("refused")
	}
	return append(text, t...), nil
}

type plainTag string

func (t plainTag) MarshalText() ([]byte, error) { return tag(t).MarshalText() }

func TestATextThatIsAppendedIsWrittenLikeOneThatIsMarshaled(t *testing.T) {
	for _, text := range []string{"", "crema", `"dark" \\ roast`, "café", "line\nbreak", "refused", "broken \xff"} {
		got, gotErr := canon.Append([]byte("x"), struct{ T *tag }{(*tag)(&text)})
		want, wantErr := canon.Append([]byte("x"), struct{ T *plainTag }{(*plainTag)(&text)})
		require.Equal(t, string(want), string(got))
		require.Equal(t, wantErr == nil, gotErr == nil)
	}
}
