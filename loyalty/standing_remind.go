package loyalty

import (
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/tiers"
)

// TierReminderEvent is the type of the event that carries [TierReminders].
const TierReminderEvent = eventTiers + "reminder"

// TierReminders says which of a member's tiers end soon, in the order of the program's
// ladders. RunDue emits it, or the next command on the member.
type TierReminders struct {
	Reminders []TierReminder `json:"reminders"`
}

// TierReminder says that a tier will be lost, as [tiers.Ladder].Remind asks for: once for
// each lead while the member has the tier, and only where it is lost if nothing more
// happens. Of leads that came while the engine did not run only the nearest to the end
// is sent, and those that came before the member had the tier are not. Where a refund makes
// a tier end sooner, or not be kept, the nearest that has come is sent with it; where
// something that is counted puts off the end of a tier that lasts while its window holds
// enough, its leads come again.
type TierReminder struct {
	Ladder string `json:"ladder"`
	Tier   string `json:"tier"`
	// Ends is the first instant without the tier, or the one with which its days of grace
	// begin: To is the tier from then on, empty for none, and Tier where grace begins.
	Ends time.Time  `json:"ends"`
	To   string     `json:"to,omitempty"`
	Lead tiers.Span `json:"lead"`
	// Granted is set where the tier is held by a match or an override, and Lapsing where
	// it was not kept and lasts for the days of grace only.
	Granted bool `json:"granted,omitempty"`
	Lapsing bool `json:"lapsing,omitempty"`
	// Keeping is what is missing to keep the tier: so much must be counted before Ends, of
	// what happens since KeepFrom. It is empty where nothing that is counted keeps it, or
	// where by Ends the ladder is another one by a revision; KeepFrom is then zero.
	Keeping  []MissingMetric `json:"keeping,omitempty"`
	KeepFrom time.Time       `json:"keepFrom,omitzero"`
}

// remind reminds of the end of what is to be told, where a lead has come, and finds the day
// on which the next one comes.
func (v *verdictOn) remind(told toldState) {
	v.wake = tiers.LastDay
	s, before := v.state, v.state.Told
	if len(v.ladder.Remind) == 0 || told.Tier == "" {
		s.Reminded = tiers.Span{}
		return
	}
	ending, ends := v.ending()
	end := told.Until
	if ends {
		end = ending.Day
	}
	lead, next := v.ladder.Lead(end, v.today)
	if told.Tier != before.Tier || told.Since != before.Since {
		s.Reminded = lead
	}
	v.passOver(end)
	switch {
	case s.Reminded.Nearer(lead, end):
		s.Reminded = lead
	case ends && lead.Nearer(s.Reminded, end):
		s.Reminded = lead
		if v.inTime(end, lead) {
			v.party.endings = append(v.party.endings, v.reminder(&ending, lead))
		}
	}
	if ends {
		v.wake = next
	}
}

// passOver passes over the leads that the ladder has only since its present text holds, and
// that had come before, where the member adopts it.
func (v *verdictOn) passOver(end tiers.Day) {
	s, p := v.state, v.party
	row, exists, err := p.kept(standingKind, standingID)
	if err != nil || !exists || row.Sort == v.by.label() {
		return
	}
	number, _ := strconv.Atoi(row.Sort)
	before := p.tx.deciding.engine.ladderText(number, s.Code)
	if before == nil {
		return
	}
	fresh := tiers.Ladder{Remind: slices.DeleteFunc(slices.Clone(v.ladder.Remind), func(lead tiers.Span) bool {
		return slices.Contains(before.Remind, lead)
	})}
	if lead, _ := fresh.Lead(end, v.by.day-1); lead.Nearer(s.Reminded, end) {
		s.Reminded = lead
	}
}

// inTime reports whether a lead is still the nearest to an end now: what settles is as late
// as the engine was away.
func (v *verdictOn) inTime(end tiers.Day, lead tiers.Span) bool {
	if !v.party.tx.settling {
		return true
	}
	nearest, _ := v.ladder.Lead(end, tiers.DayOf(v.party.tx.now, v.party.tx.rev.zone))
	return nearest == lead
}

func (v *verdictOn) reminder(ending *tiers.Ending, lead tiers.Span) TierReminder {
	r := TierReminder{
		Ladder: v.state.Code, Tier: ending.Tier, Ends: v.party.dayStarts(ending.Day), To: ending.To, Lead: lead,
		Granted: ending.Granted, Lapsing: v.now.Lapsed != 0 && !ending.Granted, Keeping: missing(ending.Missing),
	}
	if len(r.Keeping) > 0 {
		r.KeepFrom = v.party.dayStarts(ending.From)
	}
	return r
}

// ending tells how the tier that the member has is lost if nothing more happens, each day by
// the text of the ladder that holds on it.
func (v *verdictOn) ending() (tiers.Ending, bool) {
	p, code, s, l := v.party, v.state.Code, v.now, v.ladder
	tier, _, until, granted := l.Holding(s, &v.member, s.At)
	by := v.by.number
	for {
		ending, ends := l.Ending(s, &v.member)
		_, last := p.tx.deciding.engine.epochOn(s.At)
		if last >= tiers.LastDay || ends && ending.Day <= last {
			return ending, ends
		}
		grace := s.Lapsed != 0
		s, by, _ = p.decideTo(code, s, by, &v.member, last+1, false)
		if l = p.tx.deciding.engine.ladderText(by, code); l == nil {
			return tiers.Ending{}, false // The program has the ladder no more.
		}
		to, _, end, byGrant := l.Holding(s, &v.member, last+1)
		was := rankOf(l, tier)
		switch {
		case was < 0:
			return tiers.Ending{}, false
		case rankOf(l, to) < was || !grace && s.Lapsed != 0 && !byGrant:
			return tiers.Ending{Tier: tier, To: to, Day: last + 1, Granted: granted}, true
		case to != tier || end != until || byGrant != granted:
			return tiers.Ending{}, false
		}
	}
}
