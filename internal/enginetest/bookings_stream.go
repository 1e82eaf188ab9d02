package enginetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// guests are the members of the streams of bookings.
var guests = []string{"anna", "ben", "cleo", "dora", "emil", "gold"}

// wishes makes random commands about two sessions, which others take the place of after
// half a day.
type wishes struct {
	pick pick
	now  time.Time
	n    int
	// day counts the sessions, and starts is when those of now start.
	day    int
	starts time.Time
	sent   []loyalty.Command
	// last is who asked for seats, or joined a list, and where; merged the last merge.
	last   [2]string
	held   bool
	merged loyalty.Merge
}

// daily is how many wishes there are for two sessions.
const daily = 70

// open opens the next two sessions.
func (w *wishes) open() []loyalty.Command {
	w.day++
	w.starts = w.now.Add(8 * time.Hour).Truncate(time.Hour)
	var cmds []loyalty.Command
	for i, id := range w.sessions() {
		cmds = append(cmds, booking.Open{Key: "open", Session: eveningOf(id, w.starts.Add(time.Duration(i)*time.Hour), 4)})
	}
	w.sent = nil
	return cmds
}

func (w *wishes) sessions() []string {
	return []string{fmt.Sprint("one-", w.day), fmt.Sprint("two-", w.day)}
}

func (w *wishes) key() string {
	w.n++
	return fmt.Sprint("k", w.n)
}

// next is the next command: now and then one that was sent before.
func (w *wishes) next() loyalty.Command {
	if len(w.sent) > 0 && w.pick("again", 12) == 0 {
		return w.sent[w.pick("which", len(w.sent))]
	}
	cmd := w.fresh()
	w.sent = append(w.sent, cmd)
	return cmd
}

func (w *wishes) fresh() loyalty.Command {
	member, key := oneOf(w.pick, "member", guests...), w.key()
	sessions := w.sessions()
	if w.pick("turn", 2) == 1 {
		sessions[0], sessions[1] = sessions[1], sessions[0]
	}
	session, party := sessions[0], int64(1+w.pick("party", 3))
	if w.last[1] == session && w.pick("go on", 2) == 0 {
		member = w.last[0]
	}
	price := 100 * points.Amount(party)
	if w.pick("wrong price", 20) == 0 {
		price++
	}
	const reason, actor = "asked", "shop"
	wish := w.pick("wish", 40)
	if w.now.After(w.starts.Add(-time.Hour)) && w.pick("come", 2) == 0 {
		wish = 28
	}
	if w.held && member == w.last[0] && w.pick("confirm", 2) == 0 {
		wish = 17
	}
	if w.held = wish >= 7 && wish < 17; wish < 17 {
		w.last = [2]string{member, session}
	}
	switch wish {
	case 0, 1, 2, 3, 4, 5, 6:
		return booking.Book{Member: member, Key: key, Session: session, Party: party, Unit: "star", Points: price}
	case 7, 8, 9, 10:
		return booking.Hold{Member: member, Key: key, Session: session, Party: party, Unit: "star", Points: price}
	case 11, 12, 13, 14, 15, 16:
		return booking.Join{Member: member, Key: key, Session: session, Party: party, Unit: "star", Points: price}
	case 17, 18, 19, 20:
		return booking.Confirm{Member: member, Key: key, Session: session}
	case 21, 22, 23, 24, 25:
		return booking.Cancel{Member: member, Key: key, Session: session}
	case 26, 27:
		return booking.Reschedule{Member: member, Key: key, Session: session, To: sessions[1], Unit: "star", Points: price}
	case 28, 29:
		return booking.CheckIn{Member: member, Key: key, Session: session}
	case 30:
		return booking.HandOver{Member: member, Key: key, Session: session, Guest: oneOf(w.pick, "guest", "Ida", "Max", "")}
	case 31:
		return booking.Dismiss{Key: key, Session: session, Who: member, Reason: reason, Actor: actor}
	case 32:
		return booking.Dismiss{Key: key, Session: session, Who: member, Waiting: true, Class: w.pick("class", 2), Number: int64(1 + w.pick("number", 6)), Reason: reason, Actor: actor}
	case 33:
		changed := eveningOf(session, w.starts.Add(time.Duration(w.pick("later", 3))*time.Hour), int64(3+w.pick("seats", 5)))
		return booking.Change{Key: key, Session: changed, Reason: reason, Actor: actor}
	case 34:
		if w.pick("call off", 6) > 0 {
			return gift(member, key, 150)
		}
		return booking.CallOff{Key: key, Session: session, Reason: reason, Actor: actor}
	case 35:
		return loyalty.Spend{Member: member, Key: key, Unit: "star", Points: 120}
	case 36:
		if w.pick("merge", 6) > 0 {
			return gift(member, key, 250)
		}
		w.merged = loyalty.Merge{Member: member, Key: key, From: oneOf(w.pick, "from", guests...), UndoUntil: w.now.Add(12 * time.Hour)}
		return w.merged
	case 37:
		return loyalty.UnMerge{Member: w.merged.Member, Key: key, From: w.merged.From, Reason: reason, Actor: actor}
	case 38:
		if w.pick("erase", 20) > 0 {
			return gift(member, key, 50)
		}
		return loyalty.Erase{Member: member, Key: key, Reason: reason, Actor: actor}
	default:
		return booking.Promote{Member: member, Key: key, Session: session, Class: w.pick("class", 2), Number: int64(w.pick("number", 4)), Unit: "star", Points: price}
	}
}

// equalBookings sends one stream of wishes to two stores. Every answer, and in the end
// every row, is the same, and both sets of books are right.
func equalBookings(t testing.TB, a, b storage.Store, seed uint64, size int) error {
	t.Helper()
	w := &wishes{pick: seeded(seed), now: start}
	program := stars("bookings")
	clock := func() time.Time { return w.now }
	hosts := []*host{newHost(t, program, a, clock), newHost(t, program, b, clock)}
	send := func(cmd loyalty.Command) error {
		var answers [2]string
		for i, h := range hosts {
			receipt, err := h.desk.Do(t.Context(), cmd)
			answers[i] = answered(cmd, receipt, err)
		}
		return differ(answers[:1], answers[1:])
	}
	var first []loyalty.Command
	for _, member := range guests {
		first = append(first, loyalty.Enroll{Member: member, Key: "enroll"}, gift(member, "gift", 600))
	}
	for n := range size {
		if n%daily == 0 {
			first = append(first, w.open()...)
		}
		for _, cmd := range append(first, w.next()) {
			if err := send(cmd); err != nil {
				return err
			}
		}
		first = nil
		w.now = w.now.Add(time.Duration(oneOf(w.pick, "minutes", 0, 0, 0, 1, 5, 14, 40)) * time.Minute)
		if w.pick("run due", 6) > 0 {
			continue
		}
		var done [2]string
		for i, h := range hosts {
			_, advanced, err := h.desk.RunDue(t.Context(), nil)
			done[i] = fmt.Sprintf("%+v %v", advanced, err)
		}
		if err := differ(done[:1], done[1:]); err != nil {
			return err
		}
	}
	for _, h := range hosts {
		if err := h.audited(t.Context(), w.sessions()...); err != nil {
			return err
		}
	}
	return equalDumps(t.Context(), a, b, program.ID)
}
