package loyalty_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// sleepy is a program whose beans live for three years, or a year without a
// purchase or a visit.
func sleepy() loyalty.Program {
	program := beans(points.ExpireAfter(3, points.Years))
	program.Units[0].Inactivity = &points.Inactivity{After: points.Span{N: 12, Unit: points.Months}, Activities: []string{"earn", "visit"}}
	program.Units = append(program.Units, points.Unit{Code: "visit", Kind: points.Metric})
	program.Earning = []points.Rule{{Code: "base", Unit: "bean", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	return program
}

func day(year int, month time.Month, date int) time.Time {
	return time.Date(year, month, date, 12, 0, 0, 0, time.UTC)
}

func TestActivityMovesTheExpiryOfTheWhole(t *testing.T) {
	s := openShop(t, sleepy())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 40))
	s.now = day(2027, time.June, 1)
	receipt := s.must(sale("1002", 2))
	end := time.Date(2028, time.June, 1, 22, 0, 0, 0, time.UTC) // midnight in Vienna
	require.Equal(t, []loyalty.IdleReceipt{{Unit: "bean", ExpiresAt: end}}, receipt.Idle)

	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, []loyalty.Scheduled{{Unit: "bean", At: end, Points: 42, Inactivity: true}}, m.Expiring)

	s.now = day(2027, time.September, 1)
	s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 2})
	m, err = s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, end, m.Expiring[0].At, "a spend does not count here")
	m, err = s.MemberAt(t.Context(), "anna", end.Add(-time.Microsecond))
	require.NoError(t, err)
	require.Equal(t, points.Amount(40), m.Balance("bean").Available, "one microsecond before")
	m, err = s.MemberAt(t.Context(), "anna", end)
	require.NoError(t, err)
	require.Zero(t, m.Balance("bean").Available, "gone at the instant, whether or not it is booked")
	require.Empty(t, m.Expiring)

	s.now = end.Add(-time.Hour)
	s.must(loyalty.Fact{Member: "anna", Key: "hello", Activity: "visit"})
	s.now = end.Add(time.Hour)
	require.Equal(t, points.Amount(40), s.balance().Available, "the visit came in time")
	s.now = s.now.AddDate(1, 0, 1)
	_, err = s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "late", Unit: "bean", Points: 1})
	require.ErrorIs(t, err, loyalty.ErrInsufficientPoints)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Zero(t, s.balance().Available)
	s.verify()
}

func TestPointsThatComeBackAfterInactivityAreLost(t *testing.T) {
	s := openShop(t, sleepy())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 40))
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "trip", Unit: "bean", Points: 30, Until: points.Never})
	s.now = day(2028, time.May, 1)
	s.must(sale("1002", 7))
	require.Equal(t, points.Amount(7), s.balance().Available)
	require.Equal(t, points.Amount(30), s.balance().Held)
	s.must(loyalty.Void{Member: "anna", Key: "void", Hold: "trip"})
	require.Equal(t, points.Amount(7), s.balance().Available, "what was on hold falls to the inactivity of March")
	s.verify()
}

func TestALateOrderCountsFromWhenItHappened(t *testing.T) {
	s := openShop(t, sleepy())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 40))
	s.now = day(2027, time.December, 1)
	late := sale("1002", 2)
	late.OccurredAt = day(2027, time.October, 10)
	receipt := s.must(late)
	require.Equal(t, time.Date(2028, time.October, 10, 22, 0, 0, 0, time.UTC), receipt.Idle[0].ExpiresAt)
	early := sale("1003", 2)
	early.OccurredAt = day(2027, time.August, 10)
	require.Equal(t, receipt.Idle, s.must(early).Idle, "an earlier activity moves nothing back")
	s.verify()
}

func TestInactivityOfVeryManyLotsIsBookedInSteps(t *testing.T) {
	program := sleepy()
	s := openShop(t, program)
	smallLots(s, 700)
	s.must(loyalty.Fact{Member: "anna", Key: "hello", Activity: "visit"})
	s.maxRows = 0
	s.now = s.now.AddDate(1, 0, 1)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Zero(t, s.balance().Available)
	require.LessOrEqual(t, s.maxRows, 100, "every commit fits the smallest store")
	s.verify()
}

func TestInactivityCostsOneRowAndOnlyWhereThereIsAny(t *testing.T) {
	rows := func(program loyalty.Program) int {
		s := openShop(t, program)
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(sale("1001", 40))
		s.maxRows, s.now = 0, s.now.Add(time.Hour)
		s.must(sale("1002", 40))
		return s.maxRows
	}
	with, without := sleepy(), sleepy()
	without.Units[0].Inactivity = nil
	require.Equal(t, rows(without)+1, rows(with))
}

func TestAJurisdictionBringsInactivityInAndOut(t *testing.T) {
	program := sleepy()
	program.Units[0].Inactivity = nil
	program.Jurisdictions = []loyalty.Jurisdiction{{Code: "CA-QC", Units: []loyalty.UnitTerms{{
		Unit: "bean", Expiry: points.NeverExpire(), Inactivity: &points.Inactivity{After: points.Span{N: 1, Unit: points.Years}, Activities: []string{"earn"}},
	}}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.Empty(t, s.must(sale("1001", 40)).Idle)
	receipt := s.must(loyalty.SetJurisdiction{Member: "anna", Key: "to Quebec", Jurisdiction: "CA-QC"})
	require.Len(t, receipt.Idle, 1, "from now on")
	s.now = s.now.AddDate(0, 6, 0)
	require.Empty(t, s.must(loyalty.SetJurisdiction{Member: "anna", Key: "and back"}).Idle)
	s.now = s.now.AddDate(1, 0, 0)
	require.Equal(t, points.Amount(40), s.balance().Available)
	s.verify()
}

func TestStoreCallsWithInactivityAndReminders(t *testing.T) {
	program := sleepy()
	program.Reminders = []loyalty.Reminder{{Unit: "bean", Leads: []points.Span{{N: 1, Unit: points.Months}}}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	loads, commits := s.count()
	for _, cmd := range []loyalty.Command{
		sale("1001", 40), sale("1002", 2),
		loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 5},
		loyalty.Transfer{Member: "anna", Key: "transfer", To: "ben", Unit: "bean", Points: 1},
		loyalty.Fact{Member: "anna", Key: "visit", Activity: "visit"},
	} {
		*loads, *commits = 0, 0
		s.must(cmd)
		require.Equal(t, [2]int{1, 1}, [2]int{*loads, *commits}, "%T", cmd)
	}
	*loads = 0
	_, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, 1, *loads)
	s.verify()
}

// reminders lists the pending reminders of the shop's members, by program time.
func (s *shop) reminders() []storage.Event {
	var all []storage.Event
	for bucket := range storage.Buckets {
		page, err := s.store.Events(s.t.Context(), storage.EventQuery{Program: "beans", Bucket: bucket})
		require.NoError(s.t, err)
		for _, event := range page.Items {
			if event.Type == loyalty.ExpiryReminderEvent {
				all = append(all, event)
			}
		}
	}
	return all
}
