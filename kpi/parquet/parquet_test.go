package parquet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"testing"
	"time"

	pq "github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/parquet"
)

func amount(t testing.TB, text string) kpi.Amount {
	t.Helper()
	a, err := kpi.ParseTotal(text)
	require.NoError(t, err)
	return a
}

// generated are orders of members in turn, an hour apart.
func generated(n int) iter.Seq2[kpi.Order, error] {
	return func(yield func(kpi.Order, error) bool) {
		names := make([]string, 100)
		for i := range names {
			names[i] = fmt.Sprintf("member-%d", i)
		}
		start := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
		for i := range n {
			a, _ := kpi.NewAmount(int64(i%10_000-500), 2)
			if !yield(kpi.Order{Member: names[i%100], At: start.Add(time.Duration(i) * time.Second), Amount: a}, nil) {
				return
			}
		}
	}
}

func read(file []byte, o *parquet.OrderOptions) (orders []kpi.Order, errs []error) {
	for order, err := range parquet.ReadOrders(bytes.NewReader(file), int64(len(file)), o) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		orders = append(orders, order)
	}
	return orders, errs
}

func TestOrdersComeBackAsTheyWere(t *testing.T) {
	orders := []kpi.Order{
		{Member: "anna", At: time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC), Amount: amount(t, "12.5")},
		{Member: "änna", At: time.Date(2199, time.December, 31, 23, 59, 59, 999999000, time.UTC), Amount: amount(t, "-0.000000000001")},
		{Member: "anna", At: time.Date(2027, time.March, 1, 9, 30, 0, 1000, time.UTC), Amount: amount(t, "999999999999999.999999999999")},
		{Member: "b", At: time.Date(1969, time.December, 31, 23, 59, 59, 0, time.UTC), Amount: amount(t, "-999999999999999.999999999999")},
		{Member: "b", At: time.Date(2027, time.March, 1, 9, 30, 0, 0, time.UTC)},
	}
	for _, currency := range []string{"", "EUR"} {
		var file bytes.Buffer
		n, err := parquet.WriteOrders(&file, kpi.Orders(slices.Values(orders)), currency)
		require.NoError(t, err)
		assert.EqualValues(t, len(orders), n)
		found := ""
		got, errs := read(file.Bytes(), &parquet.OrderOptions{Columns: kpi.CSVOptions{CurrencyFound: func(c string) { found = c }}})
		assert.Empty(t, errs)
		assert.Equal(t, orders, got)
		assert.Equal(t, currency, found)
	}
}

func TestManyRowGroupsAreReadInOrder(t *testing.T) {
	var file bytes.Buffer
	_, err := parquet.WriteOrders(&file, generated(200_000), "")
	require.NoError(t, err)
	next, stop := iter.Pull2(generated(200_000))
	defer stop()
	for got, err := range parquet.ReadOrders(bytes.NewReader(file.Bytes()), int64(file.Len()), nil) {
		require.NoError(t, err)
		want, _, ok := next()
		require.True(t, ok)
		if want != got {
			require.Equal(t, want, got)
		}
	}
	_, _, more := next()
	assert.False(t, more)
}

func TestReadingAnOrderAllocatesNothing(t *testing.T) {
	file := func(n int) []byte {
		var b bytes.Buffer
		_, err := parquet.WriteOrders(&b, generated(n), "")
		require.NoError(t, err)
		return b.Bytes()
	}
	count := func(file []byte) (allocs uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, err := range parquet.ReadOrders(bytes.NewReader(file), int64(len(file)), nil) {
			require.NoError(t, err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	small, large := file(20_000), file(60_000)
	count(small)
	assert.Less(t, float64(count(large)-count(small))/40_000, 0.05, "allocations per order")
}

type sink struct{ n int64 }

func (s *sink) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

func TestWritingHoldsNoMoreMemoryForALongerLog(t *testing.T) {
	peak := func(n int) uint64 {
		var m runtime.MemStats
		most, i := uint64(0), 0
		watched := func(yield func(kpi.Order, error) bool) {
			for o, err := range generated(n) {
				if i++; i%20_000 == 0 {
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
				if !yield(o, err) {
					return
				}
			}
		}
		_, err := parquet.WriteOrders(&sink{}, watched, "EUR")
		require.NoError(t, err)
		return most
	}
	peak(140_000)
	short, long := peak(140_000), peak(700_000)
	assert.Less(t, long, short+4<<20, "bytes held for five times as many orders")
}

func TestFilesOfOthersAreRead(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	type cents struct {
		Who   string `parquet:"who"`
		When  int64  `parquet:"when,timestamp(millisecond:local)"`
		Cents int32  `parquet:"cents"`
		Note  string `parquet:"note"`
	}
	type euros struct {
		Member *string `parquet:"member,optional"`
		Day    int32   `parquet:"occurred_at,date"`
		Amount [5]byte `parquet:"amount,decimal(2:11)"`
	}
	type nanos struct {
		Member string `parquet:"member"`
		At     int64  `parquet:"occurred_at,timestamp(nanosecond)"`
		Amount int64  `parquet:"amount,decimal(4:18)"`
	}
	anna := "anna"
	at := time.Date(2027, time.March, 28, 2, 30, 0, 0, time.UTC) // a clock time that Vienna skipped
	day := time.Date(2027, time.March, 28, 0, 0, 0, 0, vienna).UTC()
	for name, c := range map[string]struct {
		file    []byte
		options parquet.OrderOptions
		want    kpi.Order
	}{
		"cents at a time of the zone": {
			written(t, cents{"anna", at.UnixMilli(), -1250, "x"}),
			parquet.OrderOptions{Columns: kpi.CSVOptions{Member: "who", Time: "when", Amount: "cents", Zone: vienna}, Decimals: 2},
			kpi.Order{Member: "anna", At: time.Date(2027, time.March, 28, 1, 0, 0, 0, time.UTC), Amount: amount(t, "-12.5")},
		},
		"decimals of five bytes on a date": {
			written(t, euros{&anna, int32(time.Date(2027, time.March, 28, 0, 0, 0, 0, time.UTC).Unix() / 86400), [5]byte{0xff, 0xff, 0xff, 0xfb, 0x1e}}),
			parquet.OrderOptions{Columns: kpi.CSVOptions{Zone: vienna}},
			kpi.Order{Member: "anna", At: day, Amount: amount(t, "-12.5")},
		},
		"decimals of 64 bits at nanoseconds": {
			written(t, nanos{"anna", at.UnixNano(), 125_000}),
			parquet.OrderOptions{},
			kpi.Order{Member: "anna", At: at, Amount: amount(t, "12.5")},
		},
	} {
		got, errs := read(c.file, &c.options)
		assert.Empty(t, errs, name)
		require.Len(t, got, 1, name)
		assert.True(t, c.want.At.Equal(got[0].At), "%s: %s", name, got[0].At)
		got[0].At = c.want.At
		assert.Equal(t, c.want, got[0], name)
	}
}

func written[Row any](t *testing.T, rows ...Row) []byte {
	t.Helper()
	var file bytes.Buffer
	w := pq.NewGenericWriter[Row](&file)
	_, err := w.Write(rows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return file.Bytes()
}

func TestRowsThatAreNoOrdersAreNamedAndPassed(t *testing.T) {
	type row struct {
		Member   string `parquet:"member,optional"`
		At       int64  `parquet:"occurred_at,timestamp(microsecond)"`
		Amount   int64  `parquet:"amount,decimal(2:18)"`
		Currency string `parquet:"currency,optional"`
	}
	at := time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	file := written(t, row{"anna", at, 100, "EUR"}, row{"", at, 100, "EUR"}, row{"ben", 1 << 62, 100, "EUR"}, row{"ben", at, 1 << 60, "EUR"},
		row{"ben", at, 100, ""}, row{"ben", at, 100, "USD"}, row{"ben", at, 200, "EUR"})
	got, errs := read(file, nil)
	require.Len(t, got, 2)
	assert.Equal(t, "ben", got[1].Member)
	require.Len(t, errs, 5)
	for i, column := range []string{"member", "occurred_at", "amount", "currency", "currency"} {
		var bad *kpi.RowError
		require.ErrorAs(t, errs[i], &bad)
		assert.Equal(t, column, bad.Column)
		assert.Equal(t, i+2, bad.Line)
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	type floats struct {
		Member string  `parquet:"member"`
		At     int64   `parquet:"occurred_at,timestamp(microsecond)"`
		Amount float64 `parquet:"amount"`
	}
	type lists struct {
		Member []string `parquet:"member"`
		At     int64    `parquet:"occurred_at,timestamp(microsecond)"`
		Amount int64    `parquet:"amount"`
	}
	type numbers struct {
		Member string `parquet:"member"`
		At     int64  `parquet:"occurred_at"`
		Amount int64  `parquet:"amount"`
	}
	var good bytes.Buffer
	_, err := parquet.WriteOrders(&good, generated(1000), "")
	require.NoError(t, err)
	broken := bytes.Clone(good.Bytes())
	for i := 4; i < len(broken)/2; i++ {
		broken[i] ^= 0x5a
	}
	for name, file := range map[string][]byte{
		"no Parquet": []byte("member,occurred_at,amount\n"), "nothing": nil, "its first half": good.Bytes()[:good.Len()/2], "broken pages": broken,
		"floats": written(t, floats{"anna", 1, 1.5}), "lists": written(t, lists{nil, 1, 1}), "numbers as times": written(t, numbers{"anna", 1, 1}),
		"no member": written(t, struct {
			Who string `parquet:"who"`
		}{"anna"}),
	} {
		_, errs := read(file, nil)
		require.NotEmpty(t, errs, name)
		require.ErrorIs(t, errs[len(errs)-1], parquet.ErrFile, name)
		_, err := parquet.ReadCohorts(bytes.NewReader(file), int64(len(file)))
		require.ErrorIs(t, err, parquet.ErrFile, name)
		for _, err := range parquet.ReadSummaries(bytes.NewReader(file), int64(len(file))) {
			require.ErrorIs(t, err, parquet.ErrFile, name)
		}
		for _, err := range parquet.ReadLedger(bytes.NewReader(file), int64(len(file))) {
			require.ErrorIs(t, err, parquet.ErrFile, name)
		}
	}
}

func TestTheFirstErrorOfASequenceEndsTheFile(t *testing.T) {
	failed := errors.New("the feed failed")
	_, err := parquet.WriteOrders(io.Discard, func(yield func(kpi.Order, error) bool) { yield(kpi.Order{}, failed) }, "")
	require.ErrorIs(t, err, failed)
}

func TestSummariesAndCohortsComeBackAsTheyWere(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	columns, err := kpi.Collect(generated(20_000))
	require.NoError(t, err)
	middle := time.Date(2026, time.January, 1, 3, 0, 0, 0, time.UTC)
	summaries, err := columns.Summaries(&kpi.SummaryOptions{Grain: kpi.ByInstant, AsOf: middle, HoldoutEnd: middle.Add(time.Hour)})
	require.NoError(t, err)
	var file bytes.Buffer
	_, err = parquet.WriteSummaries(&file, func(yield func(kpi.CustomerSummary, error) bool) {
		for _, c := range summaries.Customers {
			if !yield(c, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	var got []kpi.CustomerSummary
	for c, err := range parquet.ReadSummaries(bytes.NewReader(file.Bytes()), int64(file.Len())) {
		require.NoError(t, err)
		got = append(got, c)
	}
	assert.Equal(t, summaries.Customers, got)

	matrix, err := columns.Cohorts(&kpi.CohortOptions{Zone: vienna, Bucket: kpi.Weekly})
	require.NoError(t, err)
	file.Reset()
	require.NoError(t, parquet.WriteCohorts(&file, matrix))
	back, err := parquet.ReadCohorts(bytes.NewReader(file.Bytes()), int64(file.Len()))
	require.NoError(t, err)
	assert.Equal(t, matrix.Zone.String(), back.Zone.String())
	back.Zone = matrix.Zone
	assert.Equal(t, matrix, back)
}
