package programs_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/programs"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// year is a program in the hands of one member, and the time of day in its zone.
type year struct {
	*loyalty.Engine
	t       *testing.T
	now     time.Time
	zone    *time.Location
	steps   int
	profile loyalty.Profile
}

func open(t *testing.T, file, enrolled string) *year {
	text, err := programs.Files.ReadFile(file)
	require.NoError(t, err)
	program, err := loyalty.ParseProgram(bytes.NewReader(text))
	require.NoError(t, err)
	zone, err := time.LoadLocation(program.Zone)
	require.NoError(t, err)
	y := &year{t: t, zone: zone}
	y.Engine, err = loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock:   func() time.Time { return y.now },
		Profile: func(context.Context, string, time.Time) (loyalty.Profile, error) { return y.profile, nil },
	})
	require.NoError(t, err)
	y.at(enrolled)
	y.do(loyalty.Enroll{Member: "mia", Key: "enroll"})
	return y
}

// at moves the clock on to a local time, such as "2027-03-01 09:30".
func (y *year) at(local string) {
	y.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", local, y.zone)
	require.NoError(y.t, err)
	require.True(y.t, at.After(y.now), "the clock goes forward only")
	y.now = at
}

func (y *year) do(cmd loyalty.Command) loyalty.Receipt {
	y.t.Helper()
	quote, quoteErr := y.Quote(y.t.Context(), cmd)
	receipt, err := y.Do(y.t.Context(), cmd)
	require.NoError(y.t, err)
	require.NoError(y.t, quoteErr)
	require.Equal(y.t, quote, receipt, "a quote is what the award will be")
	return receipt
}

// earns lets the member order at a local time, and expects what it earns by unit and
// rule: "bean: base 4, card 50".
func (y *year) earns(local string, order points.Order, want ...string) loyalty.Receipt {
	y.t.Helper()
	y.at(local)
	y.steps++
	order.ID = fmt.Sprintf("order-%d", y.steps)
	receipt := y.do(loyalty.Earn{Member: "mia", Key: order.ID, Order: order})
	require.Equal(y.t, want, summary(receipt), receipt.String())
	return receipt
}

// did lets something happen that is no order.
func (y *year) did(local string, fact loyalty.Fact, want ...string) {
	y.t.Helper()
	y.at(local)
	y.steps++
	fact.Member, fact.Key = "mia", fmt.Sprintf("fact-%d", y.steps)
	require.Equal(y.t, want, summary(y.do(fact)))
}

func summary(r loyalty.Receipt) []string {
	var lines []string
	for _, award := range r.Awards {
		var parts []string
		for _, rule := range award.Rules {
			parts = append(parts, fmt.Sprintf("%s %d", rule.Rule, rule.Points))
		}
		lines = append(lines, award.Unit+": "+strings.Join(parts, ", "))
	}
	return lines
}

// total is what the member has of a unit, whether or not it can be spent yet.
func (y *year) total(unit string) points.Amount {
	y.t.Helper()
	m, err := y.Member(y.t.Context(), "mia")
	require.NoError(y.t, err)
	b := m.Balance(unit)
	return b.Available + b.Pending + b.Counted - b.Debt
}

func (y *year) verify() {
	y.t.Helper()
	report, err := y.Verify(y.t.Context(), nil)
	require.NoError(y.t, err)
	require.Empty(y.t, report.Problems)
}

func sale(currency string, lines ...points.Line) points.Order {
	return points.Order{Currency: currency, Lines: lines}
}

func line(category string, quantity int64, amount string, tags ...string) points.Line {
	return points.Line{Category: category, Quantity: quantity, Amount: decimal.RequireFromString(amount), Tags: tags}
}

func TestAYearAtTheCoffeeShop(t *testing.T) {
	y := open(t, "coffee-shop.json", "2027-01-04 09:00")
	y.earns("2027-01-04 09:05", sale("EUR", line("coffee", 1, "4.20")), "bean: base 4, welcome 25")
	y.earns("2027-01-05 09:10", sale("EUR", line("coffee", 2, "8.40"), line("cake", 1, "5.10")), "bean: base 13, treat 10")
	y.earns("2027-01-05 17:00", sale("EUR", line("coffee", 1, "4.00"), line("cake", 1, "5.00")), "bean: base 9, treat 0")
	y.earns("2027-02-01 13:59", sale("EUR", line("coffee", 1, "4.00")), "bean: base 4")
	y.earns("2027-02-01 14:00", sale("EUR", line("coffee", 1, "4.00")), "bean: afternoon 4, base 4")
	y.earns("2027-02-01 16:00", sale("EUR", line("coffee", 1, "4.00")), "bean: base 4")
	app := sale("EUR", line("coffee", 2, "8.00"))
	app.Channel = "app"
	y.earns("2027-02-02 15:00", app, "bean: afternoon 8, app 8, base 8")
	y.earns("2027-03-06 15:00", sale("EUR", line("coffee", 1, "4.00"), line("retail", 2, "24.00")), "bean: base 4, card 50, retail 48")
	y.did("2027-03-08 09:00", loyalty.Fact{Activity: "visit"})
	y.did("2027-03-10 09:00", loyalty.Fact{Activity: "visit"})
	y.did("2027-03-14 23:30", loyalty.Fact{Activity: "visit"}, "bean: regular 15")
	y.did("2027-03-15 00:30", loyalty.Fact{Activity: "visit"})
	y.did("2027-04-20 08:00", loyalty.Fact{Activity: "birthday"}, "bean: birthday 100")
	y.did("2027-04-21 08:00", loyalty.Fact{Activity: "birthday"}, "bean: birthday 0")
	y.did("2027-05-01 08:00", loyalty.Fact{Activity: "review", Attributes: map[string]string{"photo": "yes"}}, "bean: review 20")
	y.did("2027-05-31 23:59", loyalty.Fact{Activity: "review", Attributes: map[string]string{"photo": "yes"}}, "bean: review 0")
	y.did("2027-06-01 00:00", loyalty.Fact{Activity: "review", Attributes: map[string]string{"photo": "no"}})
	for day := 2; day <= 6; day++ {
		y.did(fmt.Sprintf("2027-06-%02d 08:00", day), loyalty.Fact{Activity: "referral-made"}, "bean: friend 150")
	}
	y.did("2027-06-07 08:00", loyalty.Fact{Activity: "referral-made"}, "bean: friend 0")
	y.did("2027-06-08 08:00", loyalty.Fact{Activity: "referral-joined"}, "bean: invited 75")
	party := y.earns("2027-07-03 19:00", sale("EUR", line("coffee", 60, "240.00")), "bean: base 200, card 300")
	require.Contains(t, party.String(), "40 bean less by the cap of 200 bean a day")
	require.Contains(t, party.String(), "Every tenth coffee: 0 of 10")
	require.Equal(t, points.Amount(29+23+9+4+8+4+24+102+15+100+20+5*150+75+500), y.total("bean"))
	require.Equal(t, points.Amount(4), y.total("visit"))

	y.at("2027-07-04 09:00")
	y.do(loyalty.Refund{Member: "mia", Key: "broken cups", Order: party.Reference, Lines: []points.RefundLine{{Line: "1", Quantity: 30}}})
	require.Equal(t, points.Amount(1663-250), y.total("bean"))
	y.at("2028-02-01 00:00")
	require.Equal(t, points.Amount(1413-29-23-9), y.total("bean"), "the beans of January 2027 are gone")
	y.at("2028-03-01 00:00")
	require.Equal(t, points.Amount(1352-4-8-4-24), y.total("bean"), "and those of February")
	y.verify()
}

func TestAYearWithTheAirline(t *testing.T) {
	y := open(t, "airline.json", "2027-01-02 08:00")
	y.earns("2027-01-10 06:00", sale("EUR", line("economy", 1, "200.00"), line("ancillary", 1, "40.00")),
		"mile: extras 80, fare 1000, winter 1080", "qualifying-mile: qualifying 1000", "segment: flown 1")
	y.earns("2027-02-10 06:00", sale("EUR", line("business", 1, "900.00")),
		"mile: business 7200, winter 3920", "qualifying-mile: qualifying 4500", "segment: flown 1")
	y.profile.Tiers = []string{"gold"}
	y.earns("2027-02-20 06:00", sale("EUR", line("economy", 1, "100.00")),
		"mile: fare 500, gold 500, winter 0", "qualifying-mile: qualifying 500", "segment: flown 1")
	y.earns("2027-04-01 06:00", sale("EUR", line("economy", 1, "300.00", "award-ticket"), line("ancillary", 1, "25.00")),
		"mile: extras 50, gold 25", "qualifying-mile: ", "segment: flown 1")
	cancelled := y.earns("2027-05-01 06:00", sale("EUR", line("business", 1, "1000.00")),
		"mile: business 8000, frequent 1500, gold 4000", "qualifying-mile: qualifying 5000", "segment: flown 1")
	y.did("2027-06-01 12:00", loyalty.Fact{Activity: "partner-night", Amount: 7, Attributes: map[string]string{"partner": "harbour"}}, "mile: hotel 800")
	y.did("2027-06-20 12:00", loyalty.Fact{Activity: "partner-night", Amount: 2, Attributes: map[string]string{"partner": "harbour"}}, "mile: hotel 400")
	y.did("2027-06-21 12:00", loyalty.Fact{Activity: "partner-night", Amount: 9, Attributes: map[string]string{"partner": "hostel"}})
	require.Equal(t, points.Amount(2160+11120+1000+75+13500+1200), y.total("mile"))
	require.Equal(t, points.Amount(11000), y.total("qualifying-mile"))
	require.Equal(t, points.Amount(5), y.total("segment"))

	y.at("2027-07-01 09:00")
	y.do(loyalty.Refund{Member: "mia", Key: "flight cancelled", Order: cancelled.Reference, Kind: loyalty.Cancelled, Full: true})
	require.Equal(t, points.Amount(29055-13500), y.total("mile"))
	require.Equal(t, points.Amount(6000), y.total("qualifying-mile"), "status falls with the flight")
	require.Equal(t, points.Amount(4), y.total("segment"))
	y.earns("2027-07-02 06:00", sale("EUR", line("economy", 1, "100.00")),
		"mile: fare 500, frequent 1500, gold 250", "qualifying-mile: qualifying 500", "segment: flown 1")
	y.at("2027-12-31 09:00")
	_, err := y.Do(t.Context(), loyalty.Earn{Member: "mia", Key: "forgotten", OccurredAt: y.now.AddDate(0, -7, 0), Order: points.Order{
		ID: "forgotten", Currency: "EUR", Lines: []points.Line{line("economy", 1, "100.00")},
	}})
	require.ErrorIs(t, err, loyalty.ErrTooOld)
	y.at("2027-12-31 12:00")
	y.do(loyalty.Spend{Member: "mia", Key: "award ticket", Unit: "mile", Points: 15_000})
	require.Equal(t, points.Amount(15555+2250-15000), y.total("mile"))
	require.Equal(t, points.Amount(6500), y.total("qualifying-mile"), "spending never lowers status")
	y.verify()
}

func TestAYearOnTheMarketplace(t *testing.T) {
	y := open(t, "marketplace.json", "2027-01-01 10:00")
	y.earns("2027-01-15 10:00", sale("USD", line("books", 1, "24.50")), "credit: dollar 24")
	y.earns("2027-01-16 10:00", sale("USD", line("books", 1, "25.50")), "credit: dollar 26")
	y.earns("2027-01-31 23:59", sale("EUR", line("garden", 1, "89.99")), "credit: euro 97, payday 50")
	y.earns("2027-02-01 00:00", sale("EUR", line("garden", 1, "90.00")), "credit: euro 97, large-order 250")
	y.earns("2027-02-14 10:00", sale("GBP", line("toys", 2, "80.00", "chosen-seller"), line("toys", 1, "20.00")), "credit: large-order 250, pound 127, sellers-choice 203")
	y.earns("2027-03-31 23:00", sale("USD", line("tools", 1, "150.00")), "credit: dollar 150, payday 50, large-order 0")
	returned := y.earns("2027-04-01 09:00", sale("USD", line("tools", 3, "150.00")), "credit: dollar 150, large-order 250")
	y.profile.Segments = []string{"prime"}
	y.earns("2027-05-05 09:00", sale("USD", line("tools", 1, "60.00"), line("toys", 1, "20.00", "chosen-seller")), "credit: dollar 80, prime 12, sellers-choice 40")
	y.earns("2027-06-06 09:00", sale("USD", line("piano", 1, "900.00")), "credit: dollar 900, large-order 250, prime 30")
	_, err := y.Do(t.Context(), loyalty.Earn{Member: "mia", Key: "yen", Order: points.Order{ID: "yen", Currency: "JPY", Lines: []points.Line{line("books", 1, "3000")}}})
	require.ErrorIs(t, err, points.ErrUnknownCurrency, "an unknown currency is refused, not guessed")
	require.Equal(t, points.Amount(24+26+147+347+580+200+400+132+1180), y.total("credit"))

	y.at("2027-06-30 10:00")
	y.do(loyalty.Refund{Member: "mia", Key: "a tool came back", Order: returned.Reference, Lines: []points.RefundLine{{Line: "1", Quantity: 1}}})
	require.Equal(t, points.Amount(3036-133), y.total("credit"), "a third of 400, rounded down")
	y.at("2027-12-31 10:00")
	m, err := y.Member(t.Context(), "mia")
	require.NoError(t, err)
	require.Equal(t, points.Amount(2903), m.Balance("credit").Available, "all return windows are over")
	y.verify()
}
