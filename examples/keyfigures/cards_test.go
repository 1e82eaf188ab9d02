package keyfigures_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// Of 20 euros on two cards one lapses with 4 left on it, and 6 are still on the other.
func TestGiftCardsOfAnEngineAreInTheReport(t *testing.T) {
	ctx, store := t.Context(), memory.New()
	now := time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(9, points.Years)}},
		Catalog: rewards.Catalog{{
			Code: "card", Type: rewards.TypeGiftCard, Benefit: rewards.Benefit{Amount: decimal.NewFromInt(10), Currency: "EUR"},
			Prices: []rewards.Price{{Unit: "bean", Points: 10}}, Voucher: &rewards.Voucher{}, Valid: points.ExpireAfter(30, points.Days),
		}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	do := func(commands ...loyalty.Command) {
		for _, c := range commands {
			_, err := engine.Do(ctx, c)
			require.NoError(t, err)
		}
	}
	do(
		loyalty.Enroll{Member: "anna", Key: "e"}, loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 100, Reason: "start", Actor: "shop"},
		loyalty.Redeem{Member: "anna", Key: "1", Redemption: "1", Reward: "card"},
		loyalty.UseVoucher{Member: "anna", Key: "u1", Redemption: "1", Money: decimal.NewFromInt(6)},
	)
	now = now.AddDate(0, 0, 29)
	do(
		loyalty.Redeem{Member: "anna", Key: "2", Redemption: "2", Reward: "card"},
		loyalty.UseVoucher{Member: "anna", Key: "u2", Redemption: "2", Money: decimal.NewFromInt(4)},
	)
	now = now.AddDate(0, 0, 3)
	_, err = engine.RunDue(ctx, nil)
	require.NoError(t, err)
	until := now.Add(time.Microsecond)
	cards, err := figures.GiftCards(ctx, engine, store, figures.GiftCardOptions{Currency: "EUR", Until: until})
	require.NoError(t, err)
	options := keyfigures.Options{
		Zone: time.UTC, Unit: kpi.InWeeks, UnitName: "week", InactiveDays: 14, Level: 0.95, Warnings: io.Discard,
		Engine: &keyfigures.Engine{GiftCards: cards},
	}
	report, err := keyfigures.Compute(cafeLog(), options)
	require.NoError(t, err)
	for key, want := range map[string]string{"gift_card_redemption_rate": "10 / 20", "gift_card_breakage_rate": "4 / 20"} {
		f := report.Figures[key]
		assert.Equal(t, want, f.Numerator.String()+" / "+f.Denominator.String(), key)
		assert.Equal(t, until, f.Period.End)
	}
	revenue, liability := report.Figures["gift_card_revenue"], report.Figures["gift_card_liability"]
	assert.Equal(t, "20", revenue.Numerator.Add(liability.Numerator).String(), "all that was issued")
	assert.Equal(t, "6", liability.Numerator.String(), "what is still on the other card")
	assert.Equal(t, "IFRS 15 proportional, from the real cards by month of issue, at their face; the points that they were had for are redeemed in points_revenue", liability.Convention)
	assert.Equal(t, revenue.Numerator.Sub(decimal.NewFromInt(10)).String(), report.Figures["gift_card_breakage_revenue"].Numerator.String(), "what is revenue beyond what was used")
	assert.Equal(t, "EUR", liability.Currency)

	other := *cards
	other.Currency = "CHF"
	options.Engine = &keyfigures.Engine{GiftCards: &other}
	_, err = keyfigures.Compute(cafeLog(), options)
	require.EqualError(t, err, `gift_cards.currency: is "CHF", must be "EUR" as in the order log`)
}

func TestCountsWithoutDatesSaySoAndWrongDatesAreNamed(t *testing.T) {
	compute := func(costs string) (*keyfigures.Report, error) {
		path := filepath.Join(t.TempDir(), "costs.json")
		require.NoError(t, os.WriteFile(path, []byte(costs), 0o600))
		return keyfigures.Compute(cafeLog(), keyfigures.Options{
			Zone: time.UTC, Unit: kpi.InWeeks, UnitName: "week", InactiveDays: 14, Level: 0.95, Warnings: io.Discard, Costs: path,
		})
	}
	report, err := compute(`{"points": {"issued": 9, "matured": 9, "month": {"issued": 2}}, "gift_cards": {"method": "remote", "paid": "5"}}`)
	require.NoError(t, err)
	for _, key := range []string{"breakage_rate", "redemption_rate_period_flow", "breakage_rate_period_flow", "gift_card_liability", "gift_card_breakage_rate"} {
		f := report.Figures[key]
		assert.True(t, f.Period.IsZero(), key)
		assert.Equal(t, []string{"its input does not say of when it is"}, f.Notes, key)
	}
	for key := range report.Figures {
		assert.False(t, strings.HasPrefix(key, "holdout_"), "%s without -calibration-end", key)
	}
	for costs, want := range map[string]string{
		`{"points": {"since": "then"}}`:                                       "costs: points.since: \"then\" is not a date such as 2027-03-08",
		`{"points": {"since": "2027-02-03"}}`:                                 "costs: points.since: must be a day of before 2027-02-03, where the report ends",
		`{"gift_cards": {"method": "remote", "since": "2028-01-01"}}`:         "costs: gift_cards.since: must be a day of before 2027-02-03, where the report ends",
		`{"points": {"month": {"start": "2027-02-01", "end": "2027-02-01"}}}`: "costs: points.month.end: must be after start",
		`{"points": {"month": {"end": "2027-02-01"}}}`:                        "costs: points.month.start: must be said where end is",
		`{"points": {"month": {"start": "2027-02-01"}}}`:                      "costs: points.month.end: must be said where start is",
		`{"points": {"month": {"start": "2027-02-01", "end": "2027-02-31"}}}`: "costs: points.month.end: \"2027-02-31\" is not a date such as 2027-03-08",
		`{"start": "2027-01-01"}`:                                             "FILE: end: must be said where start is",
		`{"end": "2027-01-01"}`:                                               "FILE: start: must be said where end is",
		`{"start": "2027-01-01", "end": "2026-01-01"}`:                        "FILE: end: must be after start",
		`{"lift": {}}`:  "FILE: start, end: must be said: lift is of a period",
		`{"tiers": {}}`: "FILE: start, end: must be said: tiers are of a period",
		`{"contract": {}, "retention_spend": "1"}`: "FILE: start, end: must be said: spending is of a period\nstart, end: must be said: contracts are of a period",
	} {
		_, err := compute(costs)
		require.Error(t, err, costs)
		got := err.Error()
		if rest, of := strings.CutPrefix(want, "FILE"); of {
			_, got, _ = strings.Cut(got, "costs.json")
			want = rest
		}
		assert.Equal(t, want, got, costs)
	}
}
