package loyalty_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// leads are two months, a month and a week.
var leads = []tiers.Span{{Months: 1}, {Days: 7}, {Months: 2}}

func remindOfTiers(p *loyalty.Program) { p.Ladders[0].Remind = leads }

// endings lists the reminders of tiers so far, such as "silver ends 2028-12-31 23:00, 1m
// ahead: 100 of 100 spend since 2027-12-31".
func (s *shop) endings() []string {
	s.t.Helper()
	return endingsOf(s.t, s.events(loyalty.TierReminderEvent))
}

func endingsOf(t require.TestingT, events []storage.Event) []string {
	var all []string
	for _, event := range events {
		var list loyalty.TierReminders
		require.NoError(t, json.Unmarshal(event.Data, &list))
		for _, r := range list.Reminders {
			all = append(all, endingText(r))
		}
	}
	return all
}

func endingText(r loyalty.TierReminder) string {
	text := strings.Builder{}
	fmt.Fprintf(&text, "%s ends %s, %s ahead", r.Tier, r.Ends.Format("2006-01-02 15:04"), leadText(r.Lead))
	switch {
	case r.Granted:
		text.WriteString(" as granted")
	case r.Lapsing:
		text.WriteString(" in grace")
	}
	if r.To != "" {
		text.WriteString(", then " + r.To)
	}
	for i, m := range r.Keeping {
		text.WriteString([]string{": ", " and "}[min(i, 1)])
		fmt.Fprintf(&text, "%d of %d %s", m.Left, m.Need, m.Metric)
	}
	if len(r.Keeping) > 0 {
		text.WriteString(" since " + r.KeepFrom.Format(time.DateOnly))
	}
	return text.String()
}

func leadText(lead tiers.Span) string {
	if lead.Months > 0 {
		return fmt.Sprint(lead.Months, "m")
	}
	return fmt.Sprint(lead.Days, "d")
}

// days lets the days go by, with everything that is due, up to one.
func (s *shop) daysUntil(year int, month time.Month, day int) {
	s.t.Helper()
	for until := time.Date(year, month, day, 9, 0, 0, 0, time.UTC); s.now.Before(until); {
		s.now = s.now.AddDate(0, 0, 1)
		s.runDue()
	}
}

func TestAMemberIsRemindedOnceForEachLeadOfATierThatIsNotKept(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.daysUntil(2028, time.October, 15)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 60)})
	require.Empty(t, s.endings())
	s.daysUntil(2029, time.March, 1)
	require.Equal(t, []string{
		"silver ends 2028-12-31 23:00, 2m ahead: 40 of 100 spend since 2027-12-31",
		"silver ends 2028-12-31 23:00, 1m ahead: 40 of 100 spend since 2027-12-31",
		"silver ends 2028-12-31 23:00, 7d ahead: 40 of 100 spend since 2027-12-31",
	}, s.endings())
	require.Equal(t, "2028-11-01", s.events(loyalty.TierReminderEvent)[0].RecordedAt.Format(time.DateOnly))
	s.verify()
}

func TestAMemberWhoKeepsATierIsNotReminded(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.daysUntil(2028, time.November, 10)
	require.Len(t, s.endings(), 1)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 100)})
	s.daysUntil(2028, time.December, 10)
	require.Len(t, s.endings(), 1, "the year has what it takes, and the month before passes")
	s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "2", Full: true})
	require.Equal(t, "silver ends 2028-12-31 23:00, 1m ahead: 100 of 100 spend since 2027-12-31", s.endings()[1], "with the refund it has not")
	s.must(loyalty.Earn{Member: "anna", Key: "4", Order: bought("4", 100)})
	s.must(loyalty.Refund{Member: "anna", Key: "5", Order: "4", Full: true})
	require.Equal(t, s.endings()[1], s.endings()[2], "it had the next year meanwhile, and was told so")
	s.must(loyalty.Earn{Member: "anna", Key: "6", Order: bought("6", 100), OccurredAt: s.now.AddDate(0, 0, -3)})
	s.daysUntil(2029, time.February, 1)
	require.Len(t, s.endings(), 3, "told late, it is kept all the same")
	s.verify()
}

func TestAfterAnOutageOnlyTheNearestReminderOfATierIsSent(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers))
	for _, member := range []string{"anna", "bert", "cleo"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Earn{Member: member, Key: "1", Order: bought(member, 100)})
	}
	s.now = time.Date(2028, time.December, 27, 9, 0, 0, 0, time.UTC)
	s.must(loyalty.Adjust{Member: "bert", Key: "gift", Unit: "bean", Points: 1, Reason: "gift", Actor: "ada"})
	require.Equal(t, []string{"silver ends 2028-12-31 23:00, 7d ahead: 100 of 100 spend since 2027-12-31"}, s.endings())
	s.runDue()
	require.Len(t, s.endings(), 3)
	s.runDue()
	s.now = time.Date(2029, time.March, 1, 9, 0, 0, 0, time.UTC)
	s.runDue()
	require.Len(t, s.endings(), 3)

	late := openShop(t, regulars(remindOfTiers))
	late.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	late.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	late.now = s.now
	late.runDue()
	require.Len(t, late.events("tier-demoted"), 1)
	require.Empty(t, late.endings(), "nobody is reminded of what is gone")
}

func TestReminderOfATierThatIsGrantedSaysWhatTheChallengeLacks(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.MatchTier{Member: "anna", Key: "match", Ladder: "status", Tier: "gold", Days: 30, Challenge: of("spend", 200)})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 120)})
	s.daysUntil(2027, time.March, 25)
	require.Equal(t, []string{
		"gold ends 2027-03-30 22:00, 7d ahead as granted, then silver: 80 of 200 spend since 2027-02-28",
	}, s.endings(), "the month and the two before it had come with the match, and the clocks change meanwhile")
	s.must(loyalty.RevokeTier{Member: "anna", Key: "revoke", Ladder: "status", Reason: "a mistake", Actor: "ada"})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "over", Ladder: "status", Tier: "gold", Until: day(2027, time.May, 5), Reason: "a gift", Actor: "ada"})
	s.daysUntil(2027, time.June, 1)
	require.Equal(t, []string{
		"gold ends 2027-05-05 22:00, 1m ahead as granted, then silver",
		"gold ends 2027-05-05 22:00, 7d ahead as granted, then silver",
	}, s.endings()[1:], "nothing that is counted keeps it")
	s.verify()
}

func TestGraceIsRemindedOfByItself(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers, func(p *loyalty.Program) {
		p.Ladders[0].End, p.Ladders[0].Grace, p.Ladders[0].Remind = tiers.EndOfPeriod, 30, []tiers.Span{{Days: 10}}
		p.Ladders[0].Tiers[0].Keep = of("spend", 150)
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.daysUntil(2028, time.March, 1)
	require.Equal(t, []string{
		"silver ends 2027-12-31 23:00, 10d ahead, then silver: 50 of 150 spend since 2026-12-31",
		"silver ends 2028-01-30 23:00, 10d ahead in grace: 50 of 150 spend since 2026-12-31",
	}, s.endings())
	require.Len(t, s.events("tier-lapsing"), 1)
	s.verify()
}

func TestATierThatLastsWhileItsWindowHoldsEnoughIsRemindedAnewWhenItsEndIsPutOff(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers, func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}, tiers.WhileHeld
		p.Ladders[0].Remind = []tiers.Span{{Days: 30}, {Days: 5}}
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 60)})
	s.daysUntil(2027, time.March, 20)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 60)})
	s.daysUntil(2028, time.February, 1)
	first := "silver ends 2028-02-29 23:00, 30d ahead: 40 of 100 spend since 2027-03-01"
	require.Equal(t, []string{first}, s.endings())
	s.must(loyalty.Earn{Member: "anna", Key: "3", Order: bought("3", 40)})
	s.daysUntil(2028, time.May, 1)
	require.Equal(t, []string{
		first,
		"silver ends 2028-03-19 23:00, 30d ahead: 60 of 100 spend since 2027-03-20",
		"silver ends 2028-03-19 23:00, 5d ahead: 60 of 100 spend since 2027-03-20",
	}, s.endings())
	s.verify()
}

func TestWhatNeverEndsIsNotRemindedOf(t *testing.T) {
	s := openShop(t, regulars(remindOfTiers, func(p *loyalty.Program) {
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Lifetime}, tiers.WhileHeld
		p.Ladders = append(p.Ladders, tiers.Ladder{
			Code: "club", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 1}}, Remind: leads,
			Tiers: []tiers.Tier{{Code: "member"}},
		})
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.now = s.now.AddDate(3, 0, 0)
	s.runDue()
	require.Empty(t, s.endings())
	require.Len(t, s.events("tier-promoted"), 2)
}

func TestRemindersOnTheDayOfARevisionAreSentAndThoseOfLongAgoAreNot(t *testing.T) {
	first := regulars(func(p *loyalty.Program) { p.Ladders[0].Remind = []tiers.Span{{Months: 2}} })
	second := regulars(func(p *loyalty.Program) { p.Ladders[0].Remind = []tiers.Span{{Months: 2}, {Days: 70}, {Days: 7}} })
	second.EffectiveAt = time.Date(2028, time.October, 31, 23, 0, 0, 0, time.UTC) // the day on which two months begin
	s := openShop(t, first)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.revise(first, second)
	s.daysUntil(2029, time.February, 1)
	require.Equal(t, []string{
		"silver ends 2028-12-31 23:00, 2m ahead: 100 of 100 spend since 2027-12-31",
		"silver ends 2028-12-31 23:00, 7d ahead: 100 of 100 spend since 2027-12-31",
	}, s.endings())

	late := openShop(t, regulars())
	late.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	late.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	second.EffectiveAt = time.Date(2028, time.November, 20, 9, 0, 0, 0, time.UTC)
	late.revise(regulars(), second)
	late.daysUntil(2028, time.November, 22)
	_, err := late.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	late.daysUntil(2029, time.February, 1)
	require.Equal(t, []string{"silver ends 2028-12-31 23:00, 7d ahead: 100 of 100 spend since 2027-12-31"}, late.endings())
	late.verify()
}

func TestAMemberIsRemindedOfATierThatTheNextRevisionAsksMoreFor(t *testing.T) {
	first := regulars(remindOfTiers)
	second := regulars(remindOfTiers, func(p *loyalty.Program) { p.Ladders[0].Tiers[0].Keep = of("spend", 200) })
	second.EffectiveAt = time.Date(2028, time.December, 31, 23, 0, 0, 0, time.UTC)
	s := openShop(t, first)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
	s.now = s.now.AddDate(1, 0, 0)
	s.must(loyalty.Earn{Member: "anna", Key: "2", Order: bought("2", 150)})
	s.revise(first, second)
	s.daysUntil(2028, time.December, 28)
	kept := s.endings()
	require.Empty(t, kept, "it had the next year already when the texts changed")
	s.daysUntil(2030, time.January, 10)
	require.Len(t, s.endings(), 3)
	s.verify()
}

func TestAnOrderWithoutAReminderDueWritesTheRowsOfALadderWithoutReminders(t *testing.T) {
	rows := func(remind []tiers.Span) [2]int {
		s := openShop(t, regulars(func(p *loyalty.Program) { p.Ladders[0].Remind = remind }))
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 100)})
		s.maxRows, s.commits = 0, 0
		for i := range 20 {
			s.now = s.now.AddDate(0, 0, 1)
			s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint("n", i), Order: bought(fmt.Sprint("n", i), 3)})
		}
		return [2]int{s.maxRows, s.commits}
	}
	require.Equal(t, rows(nil), rows(leads))
}
