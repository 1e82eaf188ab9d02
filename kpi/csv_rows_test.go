package kpi_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// readRows reads a file and returns its orders' members and its bad rows.
func readRows(t *testing.T, text string, o *kpi.CSVOptions) (members []string, bad []*kpi.RowError) {
	t.Helper()
	for order, err := range kpi.ReadCSV(strings.NewReader(text), o) {
		if row, ok := errors.AsType[*kpi.RowError](err); ok {
			bad = append(bad, row)
			continue
		}
		require.NoError(t, err)
		members = append(members, order.Member)
	}
	return members, bad
}

// sameColumns holds a file that is collected at once to one that is read order by order.
func sameColumns(t *testing.T, text string) *kpi.Columns {
	t.Helper()
	want, wantErr := kpi.Collect(kpi.ReadCSV(strings.NewReader(text), nil))
	got, err := kpi.CollectCSV(strings.NewReader(text), nil)
	require.Equal(t, wantErr, err)
	if err != nil {
		require.Nil(t, got)
		return nil
	}
	require.Equal(t, want.Members(), got.Members())
	require.Equal(t, slices.Collect(want.All()), slices.Collect(got.All()))
	return got
}

func TestAFileIsCollectedAtOnceAsOrderByOrder(t *testing.T) {
	const header = "member,occurred_at,amount\n"
	var many strings.Builder
	many.WriteString(header)
	for i := range 5000 {
		name := fmt.Sprintf("member-%d", i*7919%611)
		if i%97 == 0 {
			name = `"member, ` + name + `"`
		}
		fmt.Fprintf(&many, "%s,2027-03-%02dT10:00:00Z,%d.%d\r\n", name, 1+i%28, i%50, i%1000)
	}
	columns := sameColumns(t, many.String())
	assert.Equal(t, 5000, columns.Len())
	assert.Equal(t, 611+52, columns.Members())
	var order strings.Builder
	order.WriteString(header)
	names := []string{"a\x00", "a", "a\x00b", "a12345678", "a1234567", "a12345679", "a123456", "ä", "a\xff"}
	for _, name := range names {
		order.WriteString(name + ",2027-03-01,1\n")
	}
	matrix, err := sameColumns(t, order.String()).RFM(nil)
	require.NoError(t, err)
	var got []string
	for _, c := range matrix.Customers {
		got = append(got, c.Member)
	}
	assert.Equal(t, slices.Sorted(slices.Values(names)), got, "members come in the order of their bytes")
	for _, bad := range []string{"", header + "anna,2027-03-01,5\n,2027-03-01,5\n", header + "anna,2027-03-01,999999999999999.5\nbo,2027-03-01,0.000000000001\n", "amount\n", header} {
		sameColumns(t, bad)
	}
}

func TestTheFirstDateOf1900EastOfGreenwichIsARowLeftOut(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	const text = "member,occurred_at,amount\nanna,1900-01-01,5\nbert,1900-01-01,5\ncarl,1900-01-02,5\ndora,1900-01-01T00:30:00+01:00,5\nemil,2199-12-31T23:30:00-01:00,5\n"
	members, bad := readRows(t, text, &kpi.CSVOptions{Zone: vienna})
	assert.Equal(t, []string{"carl"}, members)
	require.Len(t, bad, 4)
	for i, line := range []int{2, 3, 5, 6} {
		assert.Equal(t, line, bad[i].Line)
		assert.Equal(t, "occurred_at", bad[i].Column)
	}
	members, bad = readRows(t, text, nil)
	assert.Equal(t, []string{"anna", "bert", "carl"}, members)
	assert.Len(t, bad, 2)
}

func TestTenZeroBytesAreNoDate(t *testing.T) {
	members, bad := readRows(t, "member,occurred_at,amount\nanna,"+strings.Repeat("\x00", 10)+",5\n", nil)
	assert.Empty(t, members)
	require.Len(t, bad, 1)
	assert.ErrorContains(t, bad[0], "neither a date")
}

func TestARowWithoutACurrencyIsLeftOutWhereverItIs(t *testing.T) {
	const header = "member,occurred_at,amount,currency\n"
	const blank, euro = "anna,2027-03-08,5,\n", "bert,2027-03-08,5,EUR\n"
	for _, text := range []string{header + blank + euro, header + euro + blank} {
		for _, currency := range []string{"", "EUR"} {
			found := ""
			members, bad := readRows(t, text, &kpi.CSVOptions{Currency: currency, CurrencyFound: func(c string) { found += c }})
			assert.Equal(t, []string{"bert"}, members)
			require.Len(t, bad, 1)
			assert.Equal(t, "currency", bad[0].Column)
			assert.Equal(t, "EUR", found)
		}
	}
}
