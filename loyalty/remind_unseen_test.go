package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Points mature and a lead passes while nobody looks: it is as if somebody had looked when
// they matured.
func TestPointsThatMatureUnseenAreRemindedOf(t *testing.T) {
	for _, looks := range []bool{true, false} {
		t.Run(fmt.Sprintf("looked at meanwhile: %v", looks), func(t *testing.T) {
			program := reminded()
			program.Units[0].Pending = points.For(14, points.Days).At(points.Exact)
			program.Units[0].Expiry = points.ExpireAfter(2, points.Months).At(points.Exact)
			program.Earning = sleepy().Earning
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(sale("1001", 40)) // Due on 15 May, there from 15 March on.
			if s.now = day(2027, time.March, 20); looks {
				s.runDue()
			}
			s.now = day(2027, time.April, 20)
			s.runDue()
			require.Equal(t, []string{"40 bean at 2027-05-15 08:00, 1 months ahead"}, s.told())
			s.now = day(2027, time.May, 9)
			s.runDue()
			require.Equal(t, "40 bean at 2027-05-15 08:00, 1 weeks ahead", s.told()[1])
			s.verify()
		})
	}
}

func TestPointsThatMatureAfterALeadAreNotRemindedOfIt(t *testing.T) {
	for _, looks := range []bool{true, false} {
		t.Run(fmt.Sprintf("looked at meanwhile: %v", looks), func(t *testing.T) {
			program := reminded()
			program.Units[0].Pending = points.For(14, points.Days).At(points.Exact)
			program.Units[0].Expiry = points.ExpireAfter(3, points.Weeks).At(points.Exact)
			program.Earning = sleepy().Earning
			s := openShop(t, program)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(sale("1001", 40)) // There from 15 March to 5 April, less than a month.
			if s.now = day(2027, time.March, 16); looks {
				s.runDue()
			}
			s.now = day(2027, time.March, 20)
			s.runDue()
			require.Empty(t, s.told())
			s.now = day(2027, time.March, 30)
			s.runDue()
			require.Equal(t, []string{"40 bean at 2027-04-05 08:00, 1 weeks ahead"}, s.told())
			s.verify()
		})
	}
}

// At the lead of a month nothing is left to remind of; what comes afterwards is reminded
// of at the leads that are to come.
func TestInactivityIsRemindedOfThoughThereWereNoPointsAtAnEarlierLead(t *testing.T) {
	program := sleepy()
	program.Reminders = reminded().Reminders
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 40))
	s.must(loyalty.Spend{Member: "anna", Key: "all", Unit: "bean", Points: 40})
	s.now = day(2028, time.February, 5)
	s.runDue()
	require.Empty(t, s.told())
	s.must(gift("gift", 7, points.Never))
	s.now = day(2028, time.February, 25)
	s.runDue()
	require.Equal(t, []string{"7 bean at 2028-03-01 23:00, 1 weeks ahead unless active"}, s.told())
	s.verify()
}

// The points would have gone by inactivity first, and activity puts that off: now they
// expire by time first.
func TestPointsExpireFirstOnceActivityPutsInactivityOff(t *testing.T) {
	program := sleepy()
	program.Reminders = reminded().Reminders
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Fact{Member: "anna", Key: "hello", Activity: "visit"})
	s.must(gift("gift", 7, day(2028, time.April, 10)))
	s.now = day(2028, time.March, 1)
	s.runDue()
	require.Equal(t, []string{"7 bean at 2028-03-01 23:00, 1 days ahead unless active"}, s.told())
	s.must(loyalty.Fact{Member: "anna", Key: "again", Activity: "visit"})
	s.now = day(2028, time.March, 11)
	s.runDue()
	require.Equal(t, []string{
		"7 bean at 2028-03-01 23:00, 1 days ahead unless active", "7 bean at 2028-04-10 12:00, 1 months ahead",
	}, s.told())
	s.verify()
}

// A program begins to remind: who has points by then is reminded of those, once they do
// anything at all.
func TestARevisionThatBeginsToRemindRemindsOfWhatThereIs(t *testing.T) {
	first, second := reminded(), reminded()
	first.Reminders = nil
	second.EffectiveAt = day(2027, time.March, 10)
	s := openShop(t, first)
	engine, err := loyalty.New(loyalty.Revisions{first, second}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("soon", 3, day(2027, time.April, 20)))
	s.must(gift("gone", 1, day(2027, time.April, 5)))
	s.now = day(2027, time.March, 15)
	s.must(gift("late", 5, day(2028, time.January, 10)))
	s.runDue()
	require.Empty(t, s.told(), "the lead of the one that goes soon passed before")
	s.now = day(2027, time.March, 21)
	s.runDue()
	require.Equal(t, []string{"3 bean at 2027-04-20 12:00, 1 months ahead"}, s.told())
	s.now = day(2027, time.March, 30)
	s.runDue()
	require.Equal(t, "1 bean at 2027-04-05 12:00, 1 weeks ahead", s.told()[1])
	s.verify()
}
