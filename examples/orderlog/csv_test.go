package orderlog

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

const header = "order_id,member,occurred_at,amount,currency,quantity,category\n"

func vienna(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	return zone
}

func TestARowThatIsNoOrderIsNamedByLineColumnAndReason(t *testing.T) {
	for name, c := range map[string]struct {
		row, want string
	}{
		"no order id":                        {",m-1,2027-03-08,4.50,EUR,,", "line 2, column order_id: must not be empty"},
		"an order id that is too long":       {strings.Repeat("x", 121) + ",m-1,2027-03-08,4.50,EUR,,", "line 2, column order_id: must have at most 120 bytes, has 121"},
		"no member":                          {"1001,,2027-03-08,4.50,EUR,,", "line 2, column member: must not be empty"},
		"a member in Latin-1":                {"1001,Andr\xe9,2027-03-08,4.50,EUR,,", "line 2, column member: must be valid UTF-8"},
		"a member with NUL":                  {"1001,m\x00,2027-03-08,4.50,EUR,,", "line 2, column member: must not contain NUL"},
		"a German date":                      {"1001,m-1,8.3.2027,4.50,EUR,,", `line 2, column occurred_at: "8.3.2027" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00`},
		"the 30th of February":               {"1001,m-1,2027-02-30,4.50,EUR,,", `line 2, column occurred_at: "2027-02-30" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00`},
		"no date":                            {"1001,m-1,,4.50,EUR,,", `line 2, column occurred_at: "" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00`},
		"the year 0":                         {"1001,m-1,0000-01-01,4.50,EUR,,", "line 2, column occurred_at: the year must be 1900 to 9000, is -1"},
		"a negative amount":                  {"1001,m-1,2027-03-08,-4.50,EUR,,", `line 2, column amount: "-4.50" is negative; a log holds sales only`},
		"an amount with a comma":             {`1001,m-1,2027-03-08,"4,50",EUR,,`, `line 2, column amount: "4,50" is not an amount such as 12.50`},
		"an amount that is a power":          {"1001,m-1,2027-03-08,1e9,EUR,,", `line 2, column amount: "1e9" is not an amount such as 12.50`},
		"an amount that is no number":        {"1001,m-1,2027-03-08,NaN,EUR,,", `line 2, column amount: "NaN" is not an amount such as 12.50`},
		"an amount that ends in a point":     {"1001,m-1,2027-03-08,4.,EUR,,", `line 2, column amount: "4." is not an amount such as 12.50`},
		"an amount of nineteen digits":       {"1001,m-1,2027-03-08,1234567890123456789,EUR,,", "line 2, column amount: has more than 18 digits before the point or 12 after it"},
		"a currency in lower case":           {"1001,m-1,2027-03-08,4.50,eur,,", `line 2, column currency: "eur" is not a currency such as USD`},
		"a quantity that is not whole":       {"1001,m-1,2027-03-08,4.50,EUR,1.5,", `line 2, column quantity: "1.5" is not a number of pieces`},
		"a quantity beyond any shop":         {"1001,m-1,2027-03-08,4.50,EUR,1000000001,", `line 2, column quantity: "1000000001" is more than 1000000000 pieces`},
		"a category that is too long":        {"1001,m-1,2027-03-08,4.50,EUR,," + strings.Repeat("c", 129), "line 2, column category: must have at most 128 bytes, has 129"},
		"too few fields":                     {"1001,m-1,2027-03-08,4.50", "line 2: has 4 fields where the header names 7"},
		"too many fields":                    {"1001,m-1,2027-03-08,4.50,EUR,,,", "line 2: has 8 fields where the header names 7"},
		"a quote that is not closed":         {`1001,"m-1,2027-03-08,4.50,EUR,,`, "line 2, column member: its quote is not closed on the same line"},
		"a quote inside":                     {`1001,m"1,2027-03-08,4.50,EUR,,`, "line 2, column member: has a quote inside; quote the field as a whole and double the quotes inside it"},
		"something after the closing quote":  {`1001,"m"1,2027-03-08,4.50,EUR,,`, "line 2, column member: goes on after its closing quote"},
		"a line as long as a book":           {strings.Repeat("x", 3*maxLine), "line 2: has more than 65536 bytes"},
		"the first of several, in one order": {"1001,,yesterday,much,money,,", "line 2, column member: must not be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			orders, err := openOrders(strings.NewReader(header+c.row+"\n1002,m-2,2027-03-09,3.00,EUR,,\n"), vienna(t))
			require.NoError(t, err)
			_, err = orders.next()
			var bad *kpi.RowError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, c.want, bad.Error())

			good, err := orders.next()
			require.NoError(t, err, "the row after it is read")
			assert.Equal(t, 3, good.Line)
			_, err = orders.next()
			assert.ErrorIs(t, err, io.EOF)
		})
	}
}

func TestAHeaderThatLacksOrRepeatsAColumnIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ header, want string }{
		"nothing at all":         {"", "line 1: the file is empty; its first line must name the columns"},
		"no currency":            {"order_id,member,occurred_at,amount\n", "line 1, column currency: the header lacks it; it must name order_id, member, occurred_at, amount, currency"},
		"two members":            {"order_id,member,member,occurred_at,amount,currency\n", "line 1, column member: the header names it twice"},
		"a quote that stays":     {"order_id,\"member\n", "line 1: its quote is not closed on the same line"},
		"another kind of header": {"Order Number;Customer\n", "line 1, column order_id: the header lacks it; it must name order_id, member, occurred_at, amount, currency"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openOrders(strings.NewReader(c.header), time.UTC)
			var bad *kpi.RowError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, c.want, bad.Error())
		})
	}
}

func TestColumnsAreFoundByNameAndOthersIgnored(t *testing.T) {
	text := "\ufeffshop,currency,amount,occurred_at,member,order_id\r\n" +
		"\"Graz, center\",EUR,12.40,2027-02-22T09:30:00.123456+01:00,\"m \"\"7301\"\"\",1001\r\n" +
		"\r\n" +
		"Linz,EUR,0,2027-02-23,m-7302,1002"
	orders, err := openOrders(strings.NewReader(text), vienna(t))
	require.NoError(t, err)

	first, err := orders.next()
	require.NoError(t, err)
	earn := first.Command.(loyalty.Earn)
	assert.Equal(t, 2, first.Line)
	assert.Equal(t, `m "7301"`, earn.Member)
	assert.Equal(t, "1001", earn.Order.ID)
	assert.Equal(t, "EUR", earn.Order.Currency)
	assert.Equal(t, "12.4", earn.Order.Lines[0].Amount.String())
	assert.Equal(t, time.Date(2027, time.February, 22, 8, 30, 0, 123456000, time.UTC), earn.OccurredAt)

	second, err := orders.next()
	require.NoError(t, err)
	earn = second.Command.(loyalty.Earn)
	assert.Equal(t, 4, second.Line)
	assert.True(t, earn.Order.Lines[0].Amount.IsZero())
	assert.Equal(t, time.Date(2027, time.February, 22, 23, 0, 0, 0, time.UTC), earn.OccurredAt, "midnight in Vienna")

	_, err = orders.next()
	assert.ErrorIs(t, err, io.EOF)
}

func TestADateIsTheFirstInstantOfItsDay(t *testing.T) {
	cairo, err := time.LoadLocation("Africa/Cairo")
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		zone *time.Location
		want string
	}{
		"on a day without midnight":     {"2027-04-30", cairo, "2027-04-30T01:00:00+03:00"},
		"on the day clocks go forward":  {"2027-03-28", vienna(t), "2027-03-28T00:00:00+01:00"},
		"on the day after they did":     {"2027-03-29", vienna(t), "2027-03-29T00:00:00+02:00"},
		"on the first day of the month": {"2027-01-01", time.UTC, "2027-01-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := ParseInstant(c.text, c.zone)
			require.NoError(t, err)
			assert.Equal(t, c.want, at.In(c.zone).Format(time.RFC3339))
		})
	}
}

func TestALogThatCannotBeReadEndsWithTheReason(t *testing.T) {
	broken := errors.New("the disk is gone")
	orders, err := openOrders(io.MultiReader(strings.NewReader(header+"1001,m-1,2027-03-08,4.50,EUR,,\n"), failing{broken}), time.UTC)
	require.NoError(t, err)
	var errs []error
	for _, err := range orders.all() {
		errs = append(errs, err)
	}
	require.Len(t, errs, 2)
	require.NoError(t, errs[0])
	assert.ErrorIs(t, errs[1], broken)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzOrders(f *testing.F) {
	for _, seed := range []string{
		"",
		header,
		header + "1001,m-1,2027-03-08,4.50,EUR,2,coffee\n1002,m-1,2027-03-08T09:30:00+01:00,0,USD,,\n",
		header + "1001,m-1,2027-03-08,-4.50,EUR,2,coffee\n",
		header + "\"10,01\",\"m \"\"1\"\"\",2027-03-08,4.50,EUR,,\r\n\r\n\n\"\n",
		"\ufefforder_id,member,occurred_at,amount,currency\n,,,,\n1,2,3\n",
		header + "1,1,9999-12-31,999999999999999999.999999999999,AAA,1000000000,\xff\n",
		header + "1\x00,\x01,0001-01-01T00:00:00Z,00.0,ZZZ,0000000000,\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lines := strings.Count(string(text), "\n") + 1
		orders, err := openOrders(strings.NewReader(string(text)), time.UTC)
		if err != nil {
			requireRowError(t, err, 1)
			return
		}
		last := 1
		for rows := 0; ; rows++ {
			require.Less(t, rows, lines, "a line is at most one row")
			e, err := orders.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				last = requireRowError(t, err, lines)
				continue
			}
			require.Greater(t, e.Line, last, "lines go on")
			last = e.Line
			earn := e.Command.(loyalty.Earn)
			require.NoError(t, earn.Validate(), "what is read, the engine takes")
			require.NotEmpty(t, earn.Member)
			require.LessOrEqual(t, len(earn.Key), 128)
			require.Equal(t, e.At, earn.OccurredAt)
			require.Equal(t, time.UTC, e.At.Location())
		}
	})
}

func requireRowError(t *testing.T, err error, lines int) int {
	t.Helper()
	var bad *kpi.RowError
	require.ErrorAs(t, err, &bad)
	require.Positive(t, bad.Line)
	require.LessOrEqual(t, bad.Line, lines)
	require.Error(t, bad.Err)
	return bad.Line
}
