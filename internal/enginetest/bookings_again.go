package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/storage"
)

// bookingsAgain records a random stream of bookings, lives it again, and compares books and
// boards. It returns how many commands there were.
func bookingsAgain(t testing.TB, open Open, seed uint64, size int) (int64, error) {
	t.Helper()
	w := &wishes{pick: seeded(seed), now: start}
	program, store := stars("bookings-again"), open(t)
	clock := func() time.Time { return w.now }
	recorded := newHost(t, program, store, clock)
	var sessions []string
	for n := range size {
		var cmds []loyalty.Command
		for _, member := range guests {
			if n == 0 {
				cmds = append(cmds, loyalty.Enroll{Member: member, Key: "enroll"}, gift(member, "gift", 600))
			}
		}
		if n%daily == 0 {
			cmds = append(cmds, w.open()...)
			sessions = append(sessions, w.sessions()...)
		}
		for _, cmd := range append(cmds, w.next()) {
			if _, erases := cmd.(loyalty.Erase); erases {
				continue // what is erased is not lived again
			}
			if receipt, err := recorded.desk.Do(t.Context(), cmd); err != nil && receipt.Command != "" {
				return 0, err
			}
		}
		w.now = w.now.Add(time.Duration(oneOf(w.pick, "minutes", 0, 0, 0, 1, 5, 14, 40)) * time.Minute)
		if w.pick("run due", 6) == 0 {
			if _, _, err := recorded.desk.RunDue(t.Context(), nil); err != nil {
				return 0, err
			}
		}
	}
	if report, err := recorded.RunDue(t.Context(), nil); err != nil || len(report.Failed) > 0 {
		return 0, errors.Join(append(report.Failed, err)...)
	}
	var lived []storage.Store
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), recorded.Engine, store), loyalty.Revisions{program}, loyalty.Revisions{program},
		func() (storage.Store, error) {
			lived = append(lived, open(t))
			return lived[len(lived)-1], nil
		},
		&whatif.Options{Until: w.now, Profile: goldIsGold, Features: []loyalty.Feature{booking.Feature{}}})
	if err != nil {
		return 0, err
	}
	if err := asRecorded(t.Context(), recorded.Engine, report); err != nil {
		return report.Events, err
	}
	for _, session := range sessions {
		want, err := recorded.desk.Session(t.Context(), session)
		if err != nil {
			return report.Events, err
		}
		for _, side := range lived {
			got, err := newHost(t, program, side, clock).desk.Session(t.Context(), session)
			if err != nil {
				return report.Events, err
			}
			if fmt.Sprintf("%+v", got.Board) != fmt.Sprintf("%+v", want.Board) {
				return report.Events, fmt.Errorf("session %s lived again is %+v, recorded is %+v", session, got.Board, want.Board)
			}
		}
	}
	return report.Events, nil
}
