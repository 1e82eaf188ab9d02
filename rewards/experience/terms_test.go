package experience_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

var start = time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)

func tasting() experience.Session {
	return experience.Session{
		ID: "tasting", Event: "spring", Title: "Tasting", Venue: "Roastery", Zone: "Europe/Vienna",
		Start: start, End: start.Add(2 * time.Hour), Capacity: 12, MaxParty: 4, Unit: "bean",
		Prices: []experience.Price{
			{Points: 300, Money: decimal.RequireFromString("4.50"), Currency: "EUR"},
			{Tier: "silver", Points: 250},
			{Tier: "gold", Points: 200},
		},
		Opens: []experience.Opening{
			{Tier: "gold", From: start.AddDate(0, 0, -14)}, {Tier: "silver", From: start.AddDate(0, 0, -10)}, {From: start.AddDate(0, 0, -7)},
		},
		ClosesMinutes: 30, HoldMinutes: 15, DoorsMinutes: 45,
		List: &experience.List{Priority: []string{"gold", "silver"}, OfferMinutes: 120, ClosesMinutes: 60},
		Cancellation: []experience.CancelRule{
			{Minutes: 48 * 60},
			{Minutes: 24 * 60, Points: 50},
			{Minutes: 120, Percent: 50},
			{Tier: "gold", Minutes: 120},
			{Tier: "gold", Minutes: 0, Percent: 25},
		},
	}
}

func TestAPriceDoesNotDependOnTheOrderInWhichPricesAreListed(t *testing.T) {
	prices := []experience.Price{
		{Points: 100},
		{Tier: "gold", Points: 50, Money: decimal.RequireFromString("10"), Currency: "EUR"},
		{Tier: "student", Points: 50, Money: decimal.RequireFromString("5"), Currency: "EUR"},
		{Tier: "staff", Points: 50, Money: decimal.RequireFromString("5.00"), Currency: "EUR"},
	}
	for range 2 {
		session := tasting()
		session.Prices = prices
		require.NoError(t, session.Validate())
		require.Equal(t, "student", session.Price([]string{"gold", "student"}).Tier, "as many points, and less money")
		require.Equal(t, "staff", session.Price([]string{"student", "staff"}).Tier, "of what is the same, the first by code")
		prices = slices.Clone(prices)
		slices.Reverse(prices)
	}
}

func TestACancellationCostsByTimeAndTier(t *testing.T) {
	session := tasting()
	gold := []string{"gold"}
	tests := []struct {
		name   string
		tiers  []string
		before time.Duration
		paid   points.Amount
		want   experience.Fee
	}{
		{"free two days before", nil, 48 * time.Hour, 600, experience.Fee{MoneyBack: 100}},
		{"50 points a seat a moment later", nil, 48*time.Hour - time.Microsecond, 600, experience.Fee{Points: 100, MoneyBack: 100}},
		{"never more than the price", nil, 30 * time.Hour, 60, experience.Fee{Points: 60, MoneyBack: 100}},
		{"half on the day, rounded down", nil, 3 * time.Hour, 601, experience.Fee{Points: 300, MoneyBack: 50}},
		{"everything in the last two hours", nil, 2*time.Hour - time.Microsecond, 600, experience.Fee{Points: 600}},
		{"gold is free up to two hours before", gold, 2 * time.Hour, 400, experience.Fee{MoneyBack: 100}},
		{"gold pays a quarter at the door", gold, time.Microsecond, 400, experience.Fee{Points: 100, MoneyBack: 75}},
		{"a tier without rules has those of everybody", []string{"silver"}, 3 * time.Hour, 500, experience.Fee{Points: 250, MoneyBack: 50}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fee, err := session.Fee(test.tiers, 2, test.paid, start.Add(-test.before))
			require.NoError(t, err)
			require.Equal(t, test.want, fee)
		})
	}
	_, err := session.Fee(nil, 2, 600, start)
	require.ErrorIs(t, err, experience.ErrStarted)
}

func TestTiersBookEarlierAndForLess(t *testing.T) {
	session := tasting()
	require.EqualValues(t, 200, session.Price([]string{"silver", "gold"}).Points, "the best of the member's prices")
	require.Equal(t, "4.5", session.Price([]string{"bronze"}).Money.String())
	tests := []struct {
		name  string
		tiers []string
		at    time.Time
		party int64
		want  error
	}{
		{"gold two weeks before", []string{"gold"}, start.AddDate(0, 0, -14), 1, nil},
		{"silver not yet", []string{"silver"}, start.AddDate(0, 0, -14), 1, experience.ErrNotOpen},
		{"everybody a week before", nil, start.AddDate(0, 0, -7), 4, nil},
		{"a party of five", nil, start.AddDate(0, 0, -7), 5, experience.ErrParty},
		{"nobody in the last half hour", []string{"gold"}, start.Add(-30 * time.Minute), 1, experience.ErrClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.ErrorIs(t, session.MayBook(test.tiers, test.party, test.at), test.want)
		})
	}
	require.ErrorIs(t, session.MayJoin(nil, 1, start.Add(-time.Hour)), experience.ErrClosed, "the list ends an hour before")
	session.Opens = session.Opens[:2]
	require.ErrorContains(t, session.MayBook(nil, 1, start.AddDate(0, 0, -1)), "is not open to the member")
}

func TestASessionIsData(t *testing.T) {
	text, err := json.Marshal(tasting())
	require.NoError(t, err)
	var back experience.Session
	require.NoError(t, json.Unmarshal(text, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	require.NoError(t, back.Validate())
}

func TestEveryProblemOfASessionHasItsPath(t *testing.T) {
	session := experience.Session{
		Zone: "Local", Start: start, End: start, Capacity: 0, MaxParty: -1, HoldMinutes: -1, Event: strings.Repeat("x", 65),
		Prices:       []experience.Price{{Points: -1}, {Money: decimal.NewFromInt(3), Currency: "euro"}},
		Opens:        []experience.Opening{{From: start}, {From: time.Time{}}},
		List:         &experience.List{Priority: []string{"gold", "gold"}, Max: -1},
		Cancellation: []experience.CancelRule{{Percent: 101}, {Minutes: 5, Points: 1, Percent: 1}},
	}
	err := session.Validate()
	var problems points.Problems
	require.ErrorAs(t, err, &problems)
	paths := map[string]bool{}
	for _, p := range problems {
		paths[p.Path] = true
	}
	for _, path := range []string{
		"id", "event", "zone", "end", "capacity", "maxParty", "holdMinutes", "prices[0].points", "prices[1].tier", "prices[1].currency",
		"opens[0].from", "opens[1].from", "opens[1].tier", "list.priority[1]", "list.max", "list.offerMinutes",
		"cancellation[0].percent", "cancellation[1]",
	} {
		require.True(t, paths[path], "%s in %v", path, err)
	}
}

func TestABoardRefusesWhatDoesNotFit(t *testing.T) {
	session := tasting()
	session.Capacity = 2
	board := experience.NewBoard(&session)
	require.NoError(t, board.Take(2, experience.Booked))
	_, err := board.Join(3, 1, 9)
	require.ErrorIs(t, err, experience.ErrNoList)
	silver, err := board.Join(1, 1, 9)
	require.NoError(t, err)
	gold, err := board.Join(0, 1, 9)
	require.NoError(t, err)
	require.NoError(t, board.Release(1, experience.Booked))
	before := board.Clone()
	never, always := func(int64) bool { return false }, func(int64) bool { return true }

	require.ErrorIs(t, board.Take(1, experience.Booked), experience.ErrSoldOut, "a freed seat is the list's")
	require.ErrorIs(t, board.Promote(silver, 1, never), experience.ErrNotNext, "gold comes first")
	require.ErrorIs(t, board.Promote(experience.Place{Class: 0, Number: 1}, 1, always), experience.ErrNotNext, "nobody is there")
	require.ErrorIs(t, board.Promote(gold, 2, never), experience.ErrSoldOut)
	require.ErrorIs(t, board.SkipGone(experience.Place{Class: 0, Number: 1}, never), experience.ErrNotNext)
	require.ErrorIs(t, board.Release(2, experience.Booked), experience.ErrSeats)
	require.ErrorIs(t, board.Settle(1, experience.Held), experience.ErrSeats)
	require.ErrorIs(t, board.CheckIn(2), experience.ErrSeats)
	require.ErrorIs(t, board.Resize(1), experience.ErrCapacity)
	require.Equal(t, before, board, "a refusal changes nothing")

	require.NoError(t, board.Promote(gold, 1, never))
	require.NoError(t, board.Resize(3))
	require.EqualValues(t, 1, board.Offered, "a new seat is the list's while somebody waits")
	require.NoError(t, board.Leave(silver))
	require.EqualValues(t, 1, board.Free, "and anybody's once nobody does")
	require.Error(t, board.Leave(gold), "who was promoted does not wait")
	require.NoError(t, board.Check())
	board.CallOff()
	require.ErrorIs(t, board.Take(1, experience.Booked), experience.ErrCalledOff)
}

func barista() experience.Service {
	return experience.Service{
		ID: "coaching", Minutes: 50, GapMinutes: 10,
		Resources: []experience.Resource{
			{ID: "mia", Hours: []experience.Hours{{Weekdays: points.Mon | points.Tue, From: "09:00", To: "12:00"}}},
			{
				ID: "jo", Hours: []experience.Hours{{Weekdays: points.Tue, From: "13:30", To: "15:30"}},
				Away: []experience.Away{{From: time.Date(2027, 3, 2, 13, 20, 0, 0, time.UTC), To: time.Date(2027, 3, 2, 14, 0, 0, 0, time.UTC)}},
			},
		},
		Ahead: []experience.Ahead{{Tier: "gold", Days: 30}, {Days: 14}},
		Terms: experience.Session{Zone: "Europe/Vienna", Title: "Coaching", Unit: "bean", Prices: []experience.Price{{Points: 500}}},
	}
}

func TestAServiceIsCutIntoSessions(t *testing.T) {
	service := barista()
	from := time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC) // a Monday
	sessions, err := service.Sessions(from, from.AddDate(0, 0, 2))
	require.NoError(t, err)
	var ids []string
	for _, s := range sessions {
		ids = append(ids, s.ID)
		require.NoError(t, s.Validate())
		require.EqualValues(t, 1, s.Capacity)
	}
	require.Equal(t, []string{
		"coaching/mia/20270301T0800Z", "coaching/mia/20270301T0900Z", "coaching/mia/20270301T1000Z",
		"coaching/mia/20270302T0800Z", "coaching/mia/20270302T0900Z", "coaching/mia/20270302T1000Z",
		"coaching/jo/20270302T1230Z",
	}, ids, "jo is away from 14:20 Vienna time")
	opened, ever := sessions[0].Opened([]string{"gold"})
	require.True(t, ever)
	require.Equal(t, time.Date(2027, time.January, 30, 8, 0, 0, 0, time.UTC), opened)
}

func TestHoursAreThoseOfTheVenuesClock(t *testing.T) {
	service := barista()
	service.Resources = []experience.Resource{{ID: "mia", Hours: []experience.Hours{{Weekdays: points.Sun, From: "01:00", To: "05:00"}}}}
	day := time.Date(2027, time.March, 28, 0, 0, 0, 0, time.UTC) // clocks go from 2:00 to 3:00
	sessions, err := service.Sessions(day.Add(-time.Hour), day.Add(22*time.Hour))
	require.NoError(t, err)
	var at []string
	zone, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	for _, s := range sessions {
		at = append(at, s.Start.In(zone).Format("15:04"))
	}
	require.Equal(t, []string{"01:00", "03:00", "04:00"}, at)
}

func TestNoAppointmentEndsAfterHoursWhereTheClockIsPutForward(t *testing.T) {
	service := barista()
	service.Minutes = 120
	service.Resources = []experience.Resource{{ID: "mia", Hours: []experience.Hours{{Weekdays: points.Sun, From: "01:00", To: "03:00"}}}}
	for _, test := range []struct {
		night time.Time
		want  int
	}{
		{time.Date(2027, time.March, 28, 0, 0, 0, 0, time.UTC), 0}, // from 1:00 to 3:00 is one hour
		{time.Date(2027, time.April, 4, 0, 0, 0, 0, time.UTC), 1},
		{time.Date(2027, time.October, 31, 0, 0, 0, 0, time.UTC), 1},
	} {
		sessions, err := service.Sessions(test.night.Add(-3*time.Hour), test.night.Add(22*time.Hour))
		require.NoError(t, err)
		require.Len(t, sessions, test.want, test.night)
	}
}

func TestDaysAheadAreThoseOfTheCalendar(t *testing.T) {
	service := barista()
	service.Minutes, service.Ahead = 45, []experience.Ahead{{Days: 1}}
	service.Resources = []experience.Resource{{ID: "mia", Hours: []experience.Hours{{Weekdays: points.Wed | points.Sun, From: "09:00", To: "09:45"}}}}
	for day, opens := range map[string]string{
		"2028-03-01": "2028-02-29T08:00:00Z", // a leap day is a day
		"2027-03-28": "2027-03-27T08:00:00Z", // 23 hours before, at the same time of day
		"2027-10-31": "2027-10-30T07:00:00Z", // 25 hours
	} {
		from, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		sessions, err := service.Sessions(from, from.AddDate(0, 0, 1))
		require.NoError(t, err)
		require.Len(t, sessions, 1, day)
		opened, ever := sessions[0].Opened(nil)
		require.True(t, ever)
		require.Equal(t, opens, opened.Format(time.RFC3339))
	}
}

func TestABadServiceSaysWhere(t *testing.T) {
	service := barista()
	service.ID, service.Minutes = "a/b", 0
	service.Resources[0].Hours[0] = experience.Hours{From: "9", To: "09:00"}
	service.Ahead[1].Tier = "gold"
	service.Terms.Zone = ""
	err := service.Validate()
	for _, path := range []string{"id: ", "minutes", "resources[0].hours[0].weekdays", "resources[0].hours[0].from", "ahead[1].tier", "terms.zone"} {
		require.ErrorContains(t, err, path)
	}
	_, err = service.Sessions(start, start.AddDate(0, 0, 1))
	require.Error(t, err)
}
