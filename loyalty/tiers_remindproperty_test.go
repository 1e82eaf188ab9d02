package loyalty_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// reminderBook reminds of tiers as one would on paper: each day it decides the ladder from
// all facts that are known, and looks whether the tier is lost if nothing more happens.
type reminderBook struct {
	ladder tiers.Ladder
	member tiers.Member
	tier   string
	since  tiers.Day
	lead   tiers.Span
	sent   []string
}

// look is a look at the book on a day that is read on another one, as late as that.
func (b *reminderBook) look(day, read tiers.Day) {
	s, _ := b.ladder.Decide(tiers.State{}, &b.member, day)
	tier, since, end, _ := b.ladder.Holding(s, &b.member, day)
	ending, ends := b.ladder.Ending(s, &b.member)
	if ends {
		end = ending.Day
	}
	lead, _ := b.ladder.Lead(end, day)
	if tier == "" {
		lead = tiers.Span{}
	}
	same := tier == b.tier && since == b.since
	nearer := b.lead == tiers.Span{} && lead != tiers.Span{} || lead != tiers.Span{} && left(lead) < left(b.lead)
	b.tier, b.since = tier, since
	if same && nearer && !ends {
		return // It is kept; if it turns out not to be, the lead has come.
	}
	if b.lead = lead; !same || !nearer {
		return
	}
	if now, _ := b.ladder.Lead(end, read); now == lead {
		b.sent = append(b.sent, fmt.Sprintf("%s until %s, %s, then %s", tier, end, leadText(lead), ending.To))
	}
}

// left is about how many days a lead is: those of the test are far apart.
func left(lead tiers.Span) int { return lead.Days + 30*lead.Months }

func (s *stay) reminders() []string {
	var sent []string
	for _, e := range s.allEvents() {
		if e.Type == loyalty.TierReminderEvent {
			sent = append(sent, s.remindersIn(e)...)
		}
	}
	return sent
}

// allEvents lists the events that wait.
func (s *stay) allEvents() []storage.Event {
	var all []storage.Event
	for bucket := range storage.Buckets {
		page, err := s.store.Events(s.t.Context(), storage.EventQuery{Program: "beans", Bucket: bucket, Limit: 2000})
		require.NoError(s.t, err)
		all = append(all, page.Items...)
	}
	return all
}

// TestRemindersOfTiersAreThoseOfABookThatIsKeptByHand lets a member stay and buy, tell of it
// late, be refunded and be given tiers, with an engine that is away for weeks.
func TestRemindersOfTiersAreThoseOfABookThatIsKeptByHand(t *testing.T) {
	sent := 0
	rapid.Check(t, func(t *rapid.T) {
		zone, start := drawPlace(t)
		ladder := drawRungs(t)
		ladder.Remind = []tiers.Span{{Months: 1}, {Days: 7}, {Days: 2}}
		s := openStay(t, ladder, start, func(p *loyalty.Program) { p.Zone = zone.String() })
		first := tiers.DayOf(start, zone)
		book := reminderBook{ladder: ladder, member: tiers.Member{Enrolled: first, Counts: tiers.Counts{}}}
		book.look(first, first)
		looked := first
		catchUp := func(today tiers.Day) {
			for ; looked < today; looked++ {
				book.look(looked+1, today)
			}
		}
		happenings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [3]int {
			return [3]int{rapid.IntRange(0, 330).Draw(t, "day"), rapid.IntRange(0, 5).Draw(t, "what"), rapid.IntRange(1, 40).Draw(t, "how much")}
		}), 0, 10).Draw(t, "happenings")
		away := rapid.IntRange(0, 300).Draw(t, "away from")
		back := away + rapid.SampledFrom([]int{0, 5, 40}).Draw(t, "away for")
		for n := 1; n <= 400; n++ {
			today := first + tiers.Day(n)
			s.now = today.Start(zone).Add(9 * time.Hour)
			if n < away || n >= back {
				catchUp(today)
				_, err := s.RunDue(t.Context(), nil)
				require.NoError(t, err)
			}
			for i, h := range happenings {
				if h[0] == n {
					catchUp(today)
					book.live(s, today, zone, fmt.Sprint(n, "/", i), h[1], h[2])
					book.look(today, today)
				}
			}
		}
		require.Equal(t, book.sent, s.reminders())
		sent += len(book.sent)
		report, err := s.Verify(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, report.Problems)
	})
	if !testing.Short() {
		require.Positive(t, sent)
	}
}

// live lets something happen to both the member of a shop and that of the book.
func (b *reminderBook) live(s *stay, today tiers.Day, zone *time.Location, id string, what, much int) {
	count := func(metric string, day tiers.Day, n int64) {
		require.NoError(s.t, b.member.Counts.Add(metric, day, n))
	}
	switch what {
	case 0, 1: // nights of today, or of some days ago
		day := max(b.member.Enrolled, today-tiers.Day(what*much/2))
		s.happen(happening{id: id, at: later(day.Start(zone).Add(9*time.Hour), b.member.Enrolled.Start(zone).Add(9*time.Hour)), nights: int64(1 + much%5)})
		count("night", day, int64(1+much%5))
	case 2: // an order that stays
		s.happen(happening{id: id, at: s.now, euros: int64(3 * much)})
		count("spend", today, int64(3*much))
	case 3: // an order that is taken back at once
		s.happen(happening{id: id, at: s.now, euros: int64(3 * much)})
		count("spend", today, int64(3*much))
		b.look(today, today)
		s.takeBack(happening{id: id}, s.now)
		count("spend", today, -int64(3*much))
	case 4: // an override
		until := today + tiers.Day(much)
		s.do(loyalty.OverrideTier{
			Member: "anna", Key: id, Ladder: "status", Tier: "gold", Until: until.Start(zone), Reason: "a spoilt stay", Actor: "ada",
		})
		b.member.Grants = append(b.member.Grants, tiers.Grant{Tier: "gold", From: today, Until: until})
	default: // a match, with a challenge where there may be one
		match := loyalty.MatchTier{Member: "anna", Key: id, Ladder: "status", Tier: "silver", Days: 2 * much, Again: true}
		if b.ladder.End != tiers.WhileHeld {
			match.Challenge = of("night", int64(1+much%4))
		}
		s.do(match)
		b.member.Grants = append(b.member.Grants, tiers.Grant{Tier: "silver", From: today, Until: today + tiers.Day(2*much), Challenge: match.Challenge})
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *stay) remindersIn(e storage.Event) []string {
	var sent []string
	var list loyalty.TierReminders
	require.NoError(s.t, json.Unmarshal(e.Data, &list))
	p := s.Program(s.now)
	zone, err := time.LoadLocation(p.Zone)
	require.NoError(s.t, err)
	for _, r := range list.Reminders {
		sent = append(sent, fmt.Sprintf("%s until %s, %s, then %s", r.Tier, tiers.DayOf(r.Ends, zone), leadText(r.Lead), r.To))
	}
	return sent
}
