package kpi_test

import (
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// readAll lists orders as text, and what is wrong with rows.
func readAll(text string, o *kpi.CSVOptions) (orders, problems []string) {
	for order, err := range kpi.ReadCSV(strings.NewReader(text), o) {
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		orders = append(orders, fmt.Sprintf("%s %s %s", order.Member, order.At.UTC().Format(time.RFC3339Nano), order.Amount))
	}
	return orders, problems
}

func TestReadCSV(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	for _, c := range []struct {
		name, text string
		options    *kpi.CSVOptions
		want       []string
	}{
		{"a plain file", "member,occurred_at,amount\nanna,2027-03-01,12.50\n", nil, []string{"anna 2027-03-01T00:00:00Z 12.5"}},
		{"other columns are passed over", "order_id,amount,note,member,occurred_at\n1,7,\"a, b\",anna,2027-03-01\n", nil, []string{"anna 2027-03-01T00:00:00Z 7"}},
		{"a date is the zone's", "member,occurred_at,amount\nanna,2027-07-01,1\n", &kpi.CSVOptions{Zone: vienna}, []string{"anna 2027-06-30T22:00:00Z 1"}},
		{"a time without an offset too", "member,occurred_at,amount\nanna,2027-07-01 09:30:00,1\n", &kpi.CSVOptions{Zone: vienna}, []string{"anna 2027-07-01T07:30:00Z 1"}},
		{"an offset wins", "member,occurred_at,amount\nanna,2027-07-01T09:30:00.25-05:00,1\n", &kpi.CSVOptions{Zone: vienna}, []string{"anna 2027-07-01T14:30:00.25Z 1"}},
		{"29 February", "member,occurred_at,amount\nanna,2028-02-29T23:59:59Z,1\n", nil, []string{"anna 2028-02-29T23:59:59Z 1"}},
		{"columns of other names", "who,day,eur\nanna,2027-03-01,3\n", &kpi.CSVOptions{Member: "who", Time: "day", Amount: "eur"}, []string{"anna 2027-03-01T00:00:00Z 3"}},
		{"quotes, a byte order mark and Windows line ends", "\ufeffmember,\"occurred_at\",amount\r\n\"O\"\"Hara, Ann\",2027-03-01,\"4.0\"\r\n", nil, []string{"O\"Hara, Ann 2027-03-01T00:00:00Z 4"}},
		{"two quoted fields in a row", "member,occurred_at,amount\n\"a\"\"b\",\"2027-03-01\",\"1\"\n", nil, []string{"a\"b 2027-03-01T00:00:00Z 1"}},
		{"no line end at the end, and empty lines", "member,occurred_at,amount\n\nanna,2027-03-01,3\n\nbo,2027-03-02,-1.25", nil, []string{"anna 2027-03-01T00:00:00Z 3", "bo 2027-03-02T00:00:00Z -1.25"}},
		{"one currency", "member,occurred_at,amount,currency\na,2027-03-01,3,EUR\nb,2027-03-01,3,EUR\n", nil, []string{"a 2027-03-01T00:00:00Z 3", "b 2027-03-01T00:00:00Z 3"}},
		{"a large exact amount", "member,occurred_at,amount\na,2027-03-01,999999999999999.999999999999\n", nil, []string{"a 2027-03-01T00:00:00Z 999999999999999.999999999999"}},
		{"a header only", "member,occurred_at,amount\n", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			orders, problems := readAll(c.text, c.options)
			assert.Empty(t, problems)
			assert.Equal(t, c.want, orders)
		})
	}
}

func TestReadCSVNamesLineAndColumn(t *testing.T) {
	const head = "member,occurred_at,amount\n"
	for _, c := range []struct{ name, text, want string }{
		{"an empty file", "", "line 1: the file is empty"},
		{"no amount column", "member,occurred_at\n", "line 1, column amount: the header lacks it"},
		{"a column twice", "member,member,occurred_at,amount\n", "line 1, column member: the header names it twice"},
		{"no member", head + ",2027-03-01,1\n", "line 2, column member: is empty"},
		{"30 February", head + "a,2027-02-30,1\n", "line 2, column occurred_at: \"2027-02-30\" is neither a date"},
		{"29 February of 2100", head + "a,2100-02-29,1\n", "line 2, column occurred_at: \"2100-02-29\" is neither"},
		{"a 25th hour", head + "a,2027-02-20T24:00:00Z,1\n", "line 2, column occurred_at"},
		{"an American date", head + "a,02/20/2027,1\n", "line 2, column occurred_at"},
		{"the year 1066", head + "a,1066-10-14,1\n", "line 2, column occurred_at: the year must be 1900 to 2199, is 1066"},
		{"a decimal comma", head + "a,2027-02-20,\"1,50\"\n", "line 2, column amount: \"1,50\" is not an amount such as 12.50"},
		{"an exponent", head + "a,2027-02-20,1e9\n", "line 2, column amount"},
		{"thirteen decimals", head + "a,2027-02-20,0.0000000000001\n", "line 2, column amount"},
		{"an amount too large", head + "a,2027-02-20,1000000000000000\n", "line 2, column amount"},
		{"too few fields", head + "a,2027-02-20\n", "line 2: has 2 fields where the header names 3"},
		{"too many fields", head + "a,2027-02-20,1,\n", "line 2: has 4 fields"},
		{"a quote inside", head + "a\"b,2027-02-20,1\n", "line 2, column member: has a quote inside"},
		{"a quote that stays open", head + "\"a,2027-02-20,1\n", "line 2, column member: its quote is not closed"},
		{"text after a quote", head + "\"a\"b,2027-02-20,1\n", "line 2, column member: goes on after its closing quote"},
		{"two currencies", "member,occurred_at,amount,currency\na,2027-03-01,3,EUR\nb,2027-03-01,3,USD\n", "line 3, column currency: \"USD\" where other rows have \"EUR\""},
		{"a line without end", head + strings.Repeat("a", 70_000) + "\nb,2027-03-01,1\n", "line 2: has more than 65536 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := readAll(c.text, nil)
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0], c.want)
		})
	}
}

func TestReadCSVGoesOnBehindABadRow(t *testing.T) {
	orders, problems := readAll("member,occurred_at,amount\na,2027-03-01,x\nb,2027-03-02,1\n"+strings.Repeat("c", 70_000)+"\nd,2027-03-03,2\n", nil)
	assert.Len(t, problems, 2)
	assert.Equal(t, []string{"b 2027-03-02T00:00:00Z 1", "d 2027-03-03T00:00:00Z 2"}, orders)
	_, err := kpi.Collect(kpi.ReadCSV(strings.NewReader("member,occurred_at,amount\na,2027-03-01,x\n"), nil))
	row, ok := errors.AsType[*kpi.RowError](err)
	require.True(t, ok)
	assert.Equal(t, 2, row.Line)
	assert.Equal(t, "amount", row.Column)
}

func TestReadCSVEndsWithItsReadersError(t *testing.T) {
	var last error
	rows := 0
	for _, err := range kpi.ReadCSV(iotest.TimeoutReader(iotest.HalfReader(strings.NewReader("member,occurred_at,amount\n"+strings.Repeat("a,2027-03-01,1\n", 9000)))), nil) {
		rows++
		last = err
	}
	require.ErrorIs(t, last, iotest.ErrTimeout)
	assert.Less(t, rows, 9001)
}

func TestReadCSVAllocatesNothingPerRow(t *testing.T) {
	var b strings.Builder
	b.WriteString("order_id,member,occurred_at,amount,currency\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "o%d,\"member \"\"%d\"\"\",2027-%02d-01T09:30:00Z,%d.25,EUR\n", i, i%7, i%12+1, i)
	}
	text := b.String()
	allocs := testing.AllocsPerRun(3, func() {
		n := 0
		for _, err := range kpi.ReadCSV(strings.NewReader(text), nil) {
			if err == nil {
				n++
			}
		}
		assert.Equal(t, 10_000, n)
	})
	assert.Less(t, allocs, 60.0)
}

// A reader that gives a byte at a time leaves no whole rows in the buffer, so that each is read
// by itself.
func readOneByOne(text string, o *kpi.CSVOptions) (read []string) {
	return listed(kpi.ReadCSV(iotest.OneByteReader(strings.NewReader(text)), o))
}

func listed(orders iter.Seq2[kpi.Order, error]) (read []string) {
	for o, err := range orders {
		if err != nil {
			read = append(read, err.Error())
			continue
		}
		read = append(read, fmt.Sprintf("%q %s %s", o.Member, o.At.Format(time.RFC3339Nano), o.Amount))
	}
	return read
}

func TestRowsThatAreReadTogetherAreThoseReadOneByOne(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(3, 5))
	fields := [][]string{
		{"anna", "bert", "O\"Hara", "\"a, b\"", "", strings.Repeat("long", 80)},
		{"2027-03-01", "2027-03-01T09:30:00Z", "2027-03-28T02:30:00", "2027-03-01 09:30:00.25+01:00", "2027-02-29", "someday", "1899-12-31", "1900-01-01T00:00:00+14:00", "2027-03-01T25:00:00Z"},
		{"5", "12.50", "-0.01", "1e9", "", "123456789012345678901", "999999999999999.999999999999", "1000000000000000", "0.0000000000001"},
		{"EUR", "EUR", "EUR", "EUR", "", "USD"},
	}
	for range 50 {
		var b strings.Builder
		b.WriteString("member,occurred_at,amount,currency\n")
		for range 400 {
			row := make([]string, len(fields))
			for i, some := range fields {
				// Most fields are good ones.
				row[i] = some[min(random.IntN(len(some)), random.IntN(len(some)))]
			}
			if random.IntN(40) == 0 {
				row = row[:random.IntN(4)]
			}
			b.WriteString(strings.Join(row, ",") + []string{"\n", "\n", "\n", "\r\n", "\n\n"}[random.IntN(5)])
		}
		o := &kpi.CSVOptions{Zone: vienna}
		text := b.String()
		require.Equal(t, readOneByOne(text, o), listed(kpi.ReadCSV(strings.NewReader(text), o)))
	}
}

func TestReadCSVAllocatesNothingPerPlainRow(t *testing.T) {
	file := func(rows int) string {
		var b strings.Builder
		b.WriteString("order_id,member,occurred_at,amount,currency\n")
		for i := range rows {
			fmt.Fprintf(&b, "o%d,m%d,2027-%02d-01T09:30:00Z,%d.25,EUR\n", i, i%7, i%12+1, i)
		}
		return b.String()
	}
	allocs := func(text string) float64 {
		return testing.AllocsPerRun(3, func() {
			for _, err := range kpi.ReadCSV(strings.NewReader(text), nil) {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	assert.InDelta(t, allocs(file(1_000)), allocs(file(20_000)), 0, "twenty times the rows")
}

func FuzzReadCSV(f *testing.F) {
	f.Add("member,occurred_at,amount\nanna,2027-03-01,12.50\n\"b\"\"o\",2027-03-01T09:30:00.5+01:00,-1\n")
	f.Add("a,\"b\nmember,,\"\"\"")
	f.Add("member,occurred_at,amount,currency\r\nx,2028-02-29 23:59:59,000000000000000000000000001.5,EUR")
	f.Fuzz(func(t *testing.T, text string) {
		var kept []kpi.Order
		lines := strings.Count(text, "\n") + 1
		for o, err := range kpi.ReadCSV(strings.NewReader(text), nil) {
			if err == nil {
				kept = append(kept, o)
				continue
			}
			row, ok := errors.AsType[*kpi.RowError](err)
			require.True(t, ok, "%v", err)
			assert.True(t, row.Line >= 1 && row.Line <= lines)
		}
		require.Equal(t, readOneByOne(text, nil), listed(kpi.ReadCSV(strings.NewReader(text), nil)))
		var again strings.Builder
		again.WriteString("member,occurred_at,amount\n")
		for _, o := range kept {
			fmt.Fprintf(&again, "\"%s\",%s,%s\n", strings.ReplaceAll(o.Member, `"`, `""`), o.At.Format(time.RFC3339Nano), o.Amount)
		}
		columns, err := kpi.Collect(kpi.ReadCSV(strings.NewReader(again.String()), nil))
		require.NoError(t, err, "what was read can be written and read again")
		sameColumns(t, again.String())
		sameColumns(t, text)
		require.Equal(t, len(kept), columns.Len())
		i := 0
		for o := range columns.All() {
			assert.Equal(t, kept[i].Member, o.Member)
			assert.Equal(t, kept[i].Amount, o.Amount)
			assert.Equal(t, kept[i].At.UnixMicro(), o.At.UnixMicro())
			i++
		}
	})
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"12.50", "12.5"},
		{"-0.01", "-0.01"},
		{"+7", "7"},
		{"0.000000000001", "0.000000000001"},
		{"-999999999999999.999999999999", "-999999999999999.999999999999"},
		{"000000000000000000012", "12"},
	} {
		a, err := kpi.ParseAmount(c.text)
		require.NoError(t, err, c.text)
		assert.Equal(t, c.want, a.String())
		back, err := kpi.AmountOf(a.Decimal())
		require.NoError(t, err)
		assert.Equal(t, a, back)
		assert.Equal(t, a, a.Neg().Neg())
		assert.InDelta(t, a.Decimal().InexactFloat64(), a.Float64(), 0, "the nearest float of %s", c.text)
		assert.Equal(t, a.Sign(), a.Cmp(kpi.Amount{}))
		assert.Zero(t, a.Add(a.Neg()).Sign())
	}
	large := amount(t, "999999999999999.5")
	for range 20 {
		large = large.Add(large)
	}
	text, err := large.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "1048575999999999475712", string(text))
	var back kpi.Amount
	require.NoError(t, back.UnmarshalText(text))
	assert.Equal(t, large, back, "a sum is read too")
	_, err = kpi.ParseTotal("1" + strings.Repeat("0", 25))
	require.ErrorIs(t, err, kpi.ErrAmount)
	for _, text := range []string{"", "-", ".", "1.", ".5", "1e3", "1,5", "--1", "1.2.3", "1_000", "0x1", "1000000000000000", "0.0000000000001", "NaN"} {
		_, err := kpi.ParseAmount(text)
		assert.Error(t, err, text)
	}
	assert.True(t, slices.IsSortedFunc([]kpi.Amount{amount(t, "-2"), amount(t, "-1.5"), amount(t, "0"), amount(t, "0.1"), amount(t, "999999999999999")}, kpi.Amount.Cmp))
}
