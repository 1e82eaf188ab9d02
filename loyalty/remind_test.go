package loyalty_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// reminded is a program that reminds a month, a week and a day before.
func reminded() loyalty.Program {
	program := beans(points.ExpireAfter(12, points.Months).At(points.EndOfMonth))
	program.Reminders = []loyalty.Reminder{{Unit: "bean", Leads: []points.Span{{N: 1, Unit: points.Days}, {N: 1, Unit: points.Months}, {N: 1, Unit: points.Weeks}}}}
	return program
}

func (s *shop) runDue() {
	s.t.Helper()
	report, err := s.RunDue(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Failed)
}

// told lists the reminders so far, such as "5 bean at 2028-03-31 22:00 1 weeks ahead".
func (s *shop) told() []string {
	var all []string
	for _, event := range s.reminders() {
		var r loyalty.ExpiryReminder
		require.NoError(s.t, json.Unmarshal(event.Data, &r))
		why := ""
		if r.Inactivity {
			why = " unless active"
		}
		all = append(all, fmt.Sprintf("%d %s at %s, %s ahead%s", r.Points, r.Unit, r.ExpiresAt.Format("2006-01-02 15:04"), r.Lead, why))
	}
	return all
}

func TestEachLeadIsRemindedOnce(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Adjust{Member: "anna", Key: "b", Unit: "bean", Points: 3, Reason: "gift", Actor: "ada"})
	s.runDue()
	require.Empty(t, s.told())
	for range 400 { // a day at a time, over both changes of the clocks and 29 February
		s.now = s.now.AddDate(0, 0, 1)
		s.runDue()
		s.runDue()
	}
	require.Equal(t, []string{
		"8 bean at 2028-03-31 22:00, 1 months ahead",
		"8 bean at 2028-03-31 22:00, 1 weeks ahead",
		"8 bean at 2028-03-31 22:00, 1 days ahead",
	}, s.told())
	s.verify()
}

func TestEachUnitIsRemindedByItsOwnLeads(t *testing.T) {
	program := reminded()
	program.Units = append(program.Units, points.Unit{Code: "star", Expiry: points.ExpireAfter(12, points.Months).At(points.EndOfMonth)})
	program.Reminders = []loyalty.Reminder{
		{Unit: "star", Leads: []points.Span{{N: 3, Unit: points.Days}}}, {Unit: "bean", Leads: []points.Span{{N: 2, Unit: points.Weeks}}},
	}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Adjust{Member: "anna", Key: "b", Unit: "star", Points: 3, Reason: "gift", Actor: "ada"})
	for range 400 {
		s.now = s.now.AddDate(0, 0, 1)
		s.runDue()
	}
	require.Equal(t, []string{
		"5 bean at 2028-03-31 22:00, 2 weeks ahead",
		"3 star at 2028-03-31 22:00, 3 days ahead",
	}, s.told())
	s.verify()
}

func TestAfterAnOutageOnlyTheNearestIsSent(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	s.now = day(2028, time.March, 28)
	s.runDue()
	require.Equal(t, []string{"5 bean at 2028-03-31 22:00, 1 weeks ahead"}, s.told())
	s.now = day(2028, time.April, 2)
	s.runDue()
	require.Len(t, s.told(), 1, "nobody is reminded of what is gone")
	s.verify()
}

func TestPointsThatCameLateAreNotRemindedOfLeadsBefore(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	s.now = day(2027, time.May, 1)
	s.must(loyalty.Adjust{Member: "anna", Key: "b", Unit: "bean", Points: 2, ExpiresAt: day(2027, time.May, 11), Reason: "gift", Actor: "ada"})
	s.must(loyalty.Adjust{Member: "anna", Key: "c", Unit: "bean", Points: 1, ExpiresAt: day(2027, time.June, 20), Reason: "gift", Actor: "ada"})
	s.now = day(2027, time.May, 20)
	s.runDue()
	require.Equal(t, []string{"1 bean at 2027-06-20 12:00, 1 months ahead"}, s.told(), "of the two others one is gone and one has time")
	s.verify()
}

func TestInactivityIsRemindedAndActivityPutsItOff(t *testing.T) {
	program := sleepy()
	program.Reminders = reminded().Reminders
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(sale("1001", 40))
	s.now = day(2027, time.December, 1)
	s.must(loyalty.Fact{Member: "anna", Key: "hello", Activity: "visit"})
	s.now = day(2028, time.February, 20)
	s.runDue()
	require.Empty(t, s.told(), "the visit put it off")
	s.now = day(2028, time.November, 5)
	s.runDue()
	require.Equal(t, []string{"40 bean at 2028-12-01 23:00, 1 months ahead unless active"}, s.told())
	s.verify()
}

func TestRemindersCostNothingWhereThereAreNone(t *testing.T) {
	rows := func(reminders []loyalty.Reminder) int {
		program := reminded()
		program.Reminders = reminders
		s := openShop(t, program)
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.maxRows = 0
		s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
		first := s.maxRows
		s.maxRows, s.now = 0, s.now.AddDate(0, 2, 0)
		s.must(loyalty.Adjust{Member: "anna", Key: "b", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
		return first*100 + s.maxRows
	}
	require.Equal(t, rows(nil)+100, rows(reminded().Reminders), "one row with the first lot and none with the next")
}

// Two workers settle at once, on a store that fails before and after it stored, and
// every reminder is there once.
func TestRemindersComeOnceUnderCrashesAndTwoWorkers(t *testing.T) {
	errDown := errors.New("the store is down")
	rapid.Check(t, func(rt *rapid.T) {
		var mu sync.Mutex
		fault := rapid.SliceOfN(rapid.IntRange(0, 5), 400, 400).Draw(rt, "faults")
		next := func() int {
			mu.Lock()
			defer mu.Unlock()
			if len(fault) == 0 {
				return 5
			}
			f := fault[0]
			fault = fault[1:]
			return f
		}
		store := &storagetest.Hooked{Store: memory.New()}
		flaky := &storagetest.Hooked{Store: store}
		flaky.OnCommit = func(ctx context.Context, batches []storage.Batch, commit storagetest.CommitFunc) ([]storage.Outcome, error) {
			switch next() {
			case 0:
				return nil, errDown
			case 1:
				_, _ = commit(ctx, batches)
				return nil, errDown
			default:
				return commit(ctx, batches)
			}
		}
		now := day(2027, time.March, 1)
		open := func(store storage.Store) *loyalty.Engine {
			engine, err := loyalty.New(loyalty.Revisions{reminded()}, store, &loyalty.Options{
				Clock: func() time.Time { return now }, Secret: []byte("a secret of the test"), Attempts: 8,
			})
			require.NoError(rt, err)
			return engine
		}
		calm, one, two := open(store), open(flaky), open(flaky)
		want := map[string]bool{}
		for i := range 6 {
			member := fmt.Sprintf("m%d", i)
			_, err := calm.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
			require.NoError(rt, err)
			until := now.AddDate(0, 2, rapid.IntRange(0, 10).Draw(rt, "days"))
			_, err = calm.Do(t.Context(), loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 5, ExpiresAt: until, Reason: "gift", Actor: "ada"})
			require.NoError(rt, err)
			for _, lead := range []string{"1 months", "1 weeks", "1 days"} {
				want[member+" "+lead] = true
			}
		}
		for range 85 {
			now = now.AddDate(0, 0, 1)
			var workers sync.WaitGroup
			for _, engine := range []*loyalty.Engine{one, two} {
				workers.Go(func() { _, _ = engine.RunDue(t.Context(), &loyalty.DueOptions{RetryAfter: time.Minute}) })
			}
			workers.Wait()
			_, err := calm.RunDue(t.Context(), nil) // the crashed ones come back within the day
			require.NoError(rt, err)
		}
		have := map[string]int{}
		for bucket := range storage.Buckets {
			page, err := store.Events(t.Context(), storage.EventQuery{Program: "beans", Bucket: bucket, Limit: 1000})
			require.NoError(rt, err)
			for _, event := range page.Items {
				if event.Type != loyalty.ExpiryReminderEvent {
					continue
				}
				var r loyalty.ExpiryReminder
				require.NoError(rt, json.Unmarshal(event.Data, &r))
				have[event.Member+" "+r.Lead.String()]++
			}
		}
		for reminder := range want {
			require.Equal(rt, 1, have[reminder], reminder)
		}
		require.Len(rt, have, len(want))
		report, err := calm.Verify(t.Context(), nil)
		require.NoError(rt, err)
		require.Empty(rt, report.Problems)
	})
}

func TestMoreRemindersAreDueAtOnceThanOneOperationEmits(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	var want []string
	for i := range 20 {
		until := day(2028, time.March, 1+i)
		s.must(loyalty.Adjust{Member: "anna", Key: fmt.Sprint(i), Unit: "bean", Points: points.Amount(1 + i), ExpiresAt: until, Reason: "gift", Actor: "ada"})
		want = append(want, fmt.Sprintf("%d bean at %s, 1 months ahead", 1+i, until.Format("2006-01-02 15:04")))
	}
	s.now = day(2028, time.February, 20)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 1})
	require.Equal(t, want, s.told())
	s.runDue()
	require.Equal(t, want, s.told())
	s.verify()
}

func TestNobodyIsRemindedOfPointsOfAnErasedMember(t *testing.T) {
	s := openShop(t, reminded())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 5, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.now = day(2028, time.March, 28)
	s.runDue()
	require.Empty(t, s.told())
	s.verify()
}
