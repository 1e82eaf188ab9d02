package orderlog

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// The columns of an order log.
const (
	OrderColumn    = "order_id"
	MemberColumn   = "member"
	TimeColumn     = "occurred_at"
	AmountColumn   = "amount"
	CurrencyColumn = "currency"
	QuantityColumn = "quantity"
	CategoryColumn = "category"
)

var (
	requiredColumns = []string{OrderColumn, MemberColumn, TimeColumn, AmountColumn, CurrencyColumn}
	optionalColumns = []string{QuantityColumn, CategoryColumn}
)

const (
	// maxOrderID leaves room for the prefix of the order's key.
	maxOrderID  = 120
	maxMemberID = 128
	maxCategory = 128
)

// parseAmount reads money: digits, and perhaps a point and more digits.
func parseAmount(text string) (decimal.Decimal, error) {
	if strings.HasPrefix(text, "-") {
		return decimal.Decimal{}, fmt.Errorf("%q is negative; a log holds sales only", text)
	}
	whole, cents, point := strings.Cut(text, ".")
	if !digits(whole) || (point && !digits(cents)) {
		return decimal.Decimal{}, fmt.Errorf("%q is not an amount such as 12.50", text)
	}
	if len(whole) > 18 || len(cents) > 12 {
		return decimal.Decimal{}, errors.New("has more than 18 digits before the point or 12 after it")
	}
	amount, err := decimal.NewFromString(text)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("%q is not an amount such as 12.50", text)
	}
	return amount, nil
}

func parseCurrency(text string) (string, error) {
	if len(text) == 3 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
		return text, nil
	}
	return "", fmt.Errorf("%q is not a currency such as USD", text)
}

// parseQuantity reads a number of pieces; empty is 0, which stands for 1.
func parseQuantity(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if !digits(text) || len(text) > 10 {
		return 0, fmt.Errorf("%q is not a number of pieces", text)
	}
	var n int64
	for _, c := range []byte(text) {
		n = n*10 + int64(c-'0')
	}
	if n > points.MaxQuantity {
		return 0, fmt.Errorf("%q is more than %d pieces", text, points.MaxQuantity)
	}
	return n, nil
}

func parseCategory(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	return text, points.CheckID(text, maxCategory)
}

func digits(text string) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text != ""
}

// ParseInstant reads RFC 3339 or a date, which is the start of that day in the
// zone.
func ParseInstant(text string, zone *time.Location) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at, err = time.Parse(time.DateOnly, text)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00", text)
		}
		at = startOfDay(at, zone)
	}
	if year := at.UTC().Year(); year < 1900 || year > 9000 {
		return time.Time{}, fmt.Errorf("the year must be 1900 to 9000, is %d", year)
	}
	return at.UTC(), nil
}

// startOfDay is the first instant of a date, also where the clocks skip midnight.
func startOfDay(date time.Time, zone *time.Location) time.Time {
	noonBefore := time.Date(date.Year(), date.Month(), date.Day()-1, 12, 0, 0, 0, zone)
	return points.EndOfDay.Up(noonBefore, zone)
}
