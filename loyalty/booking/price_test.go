package booking_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards"
)

func TestNobodyPaysMoneyThatTheyWereNotShown(t *testing.T) {
	five, ten := decimal.NewFromInt(5), decimal.NewFromInt(10)
	s := openShop(t, priced(), "anna", "ben")
	for name, wrong := range map[string]booking.Book{
		"no money":         {Member: "anna", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 200},
		"that of one seat": {Member: "anna", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 200, Money: five, Currency: "EUR"},
		"other money":      {Member: "anna", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 200, Money: ten, Currency: "CHF"},
		"other points":     {Member: "anna", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 199, Money: ten, Currency: "EUR"},
	} {
		t.Run(name, func(t *testing.T) {
			text := s.refused(wrong, loyalty.ErrPrice)
			require.Contains(t, text, "the party costs 200 bean and EUR 10, not ")
			_, err := s.Engine.Do(t.Context(), wrong)
			var price *loyalty.PriceError
			require.ErrorAs(t, err, &price)
			require.True(t, price.Price.Equal(rewards.Cost{Unit: "bean", Points: 200, Cash: ten, Currency: "EUR"}))
		})
	}
	s.refused(booking.Hold{Member: "anna", Key: "k", Session: "latte-art", Party: 1, Unit: "bean", Points: 100}, loyalty.ErrPrice)
	b := s.booked(booking.Book{Member: "anna", Key: "book", Session: "latte-art", Party: 2, Unit: "bean", Points: 200, Money: decimal.RequireFromString("10.00"), Currency: "EUR"})
	require.Equal(t, "EUR 10", b.Currency+" "+b.Money.String())
	s.booked(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100, Money: five, Currency: "EUR"})
	s.join("cleo", 1000)
	s.refused(booking.Join{Member: "cleo", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 200}, loyalty.ErrPrice)
	s.booked(booking.Join{Member: "cleo", Key: "k", Session: "latte-art", Party: 2, Unit: "bean", Points: 200, Money: ten, Currency: "EUR"})
	s.verify("latte-art")
}

func TestACancellationSaysHowMuchOfTheMoneyGoesBack(t *testing.T) {
	for name, test := range map[string]struct {
		before time.Duration
		back   int
		told   string
	}{
		"free two days before": {49 * time.Hour, 100, "cancelled, 100 % of EUR 5 back"},
		"half on the day":      {2 * time.Hour, 50, "cancelled, 50 bean kept, 50 % of EUR 5 back"},
		"nothing at the door":  {time.Minute, 0, "cancelled, 100 bean kept, 0 % of EUR 5 back"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, priced(), "anna")
			s.booked(booking.Book{Member: "anna", Key: "book", Session: "latte-art", Party: 1, Unit: "bean", Points: 100, Money: decimal.NewFromInt(5), Currency: "EUR"})
			s.at(start.Add(-test.before))
			b := s.booked(cancel("anna"))
			require.Equal(t, test.back, b.MoneyBack)
			require.Contains(t, b.String(), test.told)
			require.Equal(t, test.back, s.of("anna", "latte-art").MoneyBack)
		})
	}
	s := openShop(t, evening(), "anna")
	s.booked(book("anna", 1))
	require.Zero(t, s.booked(cancel("anna")).MoneyBack, "there was no money")
}
