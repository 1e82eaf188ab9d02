package enginetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// reminding are reminders of which some come close to each other.
func reminding(p *loyalty.Program) {
	p.Reminders = []loyalty.Reminder{
		{Unit: "bean", Leads: []points.Span{{N: 1, Unit: points.Days}, {N: 3, Unit: points.Weeks}, {N: 4, Unit: points.Days}}},
		{Unit: "crumb", Leads: []points.Span{{N: 2, Unit: points.Days}}},
		{Unit: "leaf", Leads: []points.Span{{N: 10, Unit: points.Days}, {N: 2, Unit: points.Days}}},
	}
}

// reminded is a reminder that somebody should get.
type reminded struct {
	member string
	said   string
}

// look sends the reminders whose lead has passed since somebody looked last and since the
// points are there: of several leads of one expiry the nearest.
func (m *model) look(p *person, now time.Time) {
	for _, of := range m.revision(now).Reminders {
		byTime, byIdleness := map[time.Time][]int{}, []int(nil)
		for i, l := range p.lots {
			switch {
			case l.unit != of.Unit || l.pending || l.left == 0:
			case p.tiredBefore(l):
				byIdleness = append(byIdleness, i)
			default:
				byTime[l.until.UTC()] = append(byTime[l.until.UTC()], i)
			}
		}
		for until, lots := range byTime {
			there := points.Never
			for _, i := range lots {
				there = earlier(there, p.lots[i].from)
			}
			m.remind(p, of, loyalty.ExpiryReminder{Points: p.sum(lots), ExpiresAt: until}, there, now)
		}
		idle := p.idle[of.Unit]
		m.remind(p, of, loyalty.ExpiryReminder{Points: p.sum(byIdleness), ExpiresAt: idle.due.UTC(), Inactivity: true}, idle.last, now)
	}
	p.looked = now
}

// tiredBefore reports whether a lot's points go by inactivity before their time, as things
// stand.
func (p *person) tiredBefore(l parcel) bool {
	idle, known := p.idle[l.unit]
	return known && !points.IsNever(idle.due) && !l.until.Before(idle.due)
}

func (p *person) sum(lots []int) points.Amount {
	var sum points.Amount
	for _, i := range lots {
		sum += p.lots[i].left
	}
	return sum
}

func (m *model) remind(p *person, of loyalty.Reminder, say loyalty.ExpiryReminder, there, now time.Time) {
	if say.Points == 0 || p.erased || points.IsNever(say.ExpiresAt) {
		return
	}
	var passed time.Time
	for _, lead := range of.Leads {
		if at := (points.Span{N: -lead.N, Unit: lead.Unit}).After(say.ExpiresAt, m.zone); !at.After(now) && at.After(passed) {
			passed, say.Lead = at, lead
		}
	}
	if passed.After(p.looked) && passed.After(there) {
		say.Unit = of.Unit
		m.reminders = append(slices.Clip(m.reminders), reminded{member: p.id, said: text(say)})
	}
}

// compareReminders says where the engine has sent other reminders than the model since they
// were compared last.
func (s *session) compareReminders() error {
	want := map[reminded]int{}
	for _, r := range s.model.reminders {
		want[r]++
	}
	s.model.reminders = nil
	for _, id := range s.all {
		sent, err := s.sentTo(id)
		if err != nil {
			return err
		}
		for _, said := range sent {
			if r := (reminded{id, said}); want[r] == 0 {
				return fmt.Errorf("%s is reminded of %s, and should not be", id, said)
			}
			want[reminded{id, said}]--
		}
	}
	for r, n := range want {
		if n > 0 && !s.model.person(r.member).erased {
			return fmt.Errorf("%s is not reminded of %s, and should be", r.member, r.said)
		}
	}
	return nil
}

// mostParts is how many lots a reminder names.
const mostParts = 100

// sentTo lists the reminders that were sent to somebody since it was asked last. Those of
// an erased member are gone.
func (s *session) sentTo(id string) ([]string, error) {
	var sent []string
	query := storage.EventQuery{Program: s.revisions[0].ID, Bucket: storage.Bucket(id)}
	for {
		page, err := s.store.Events(s.ctx, query)
		if err != nil {
			return nil, err
		}
		for _, event := range page.Items {
			at, heard := [2]int64{event.Version, int64(event.Ordinal)}, s.heard[id]
			if event.Member != id || event.Type != loyalty.ExpiryReminderEvent || slices.Compare(at[:], heard[:]) <= 0 || len(event.Data) == 0 {
				continue
			}
			s.heard[id] = at
			said, err := readReminder(event.Data)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", id, err)
			}
			sent = append(sent, said)
		}
		if page.Next == "" {
			return sent, nil
		}
		query.After = page.Next
	}
}

// readReminder is what a reminder says, but for the numbers of lots, which add up.
func readReminder(data []byte) (string, error) {
	var r loyalty.ExpiryReminder
	if err := json.Unmarshal(data, &r); err != nil {
		return "", err
	}
	var sum points.Amount
	for _, part := range r.Lots {
		sum += part.Amount
	}
	if r.Inactivity != (len(r.Lots) == 0) || len(r.Lots) > 0 && len(r.Lots) < mostParts && sum != r.Points {
		return "", fmt.Errorf("a reminder of %d points names %v", r.Points, r.Lots)
	}
	r.Lots, r.ExpiresAt = nil, r.ExpiresAt.UTC()
	return text(r), nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
