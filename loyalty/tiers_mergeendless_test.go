package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// TestAMergeKeepsATierThatHasNoEndOfItsOwn merges twin into anna, who bought nothing, and lets
// solo do what twin does without ever becoming one with anybody. Anna has the tier as long
// as solo.
func TestAMergeKeepsATierThatHasNoEndOfItsOwn(t *testing.T) {
	year := tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 12}}
	type buy struct {
		on    time.Time
		euros int64
	}
	for _, c := range []struct {
		name    string
		ladder  func(l *tiers.Ladder)
		revised func(l *tiers.Ladder)
		buys    []buy
		merged  time.Time
		// lost is the first day without the tier, zero for never.
		lost    time.Time
		granted bool
	}{
		{
			"her year begins later", func(l *tiers.Ladder) { l.Window.Kind = tiers.Anniversary }, nil,
			[]buy{{day(2027, time.June, 20), 500}},
			day(2028, time.January, 15), day(2028, time.January, 20), true,
		}, {
			"it takes less to keep, and it was entered long ago",
			func(l *tiers.Ladder) { l.Window, l.Tiers[1].Keep = year, of("spend", 200) }, nil,
			[]buy{{day(2027, time.January, 25), 250}, {day(2027, time.June, 20), 250}},
			day(2028, time.May, 10), day(2028, time.June, 20), true,
		}, {
			"and then there are days of grace",
			func(l *tiers.Ladder) { l.Window, l.Grace, l.Tiers[1].Keep = year, 30, of("spend", 200) }, nil,
			[]buy{{day(2027, time.January, 25), 250}, {day(2027, time.June, 20), 250}},
			day(2028, time.May, 10), day(2028, time.July, 20), true,
		}, {
			"it took less to come back", func(l *tiers.Ladder) { l.Window, l.Tiers[1].Reenter = year, of("spend", 200) }, nil,
			[]buy{{day(2027, time.January, 25), 500}, {day(2028, time.February, 20), 200}},
			day(2028, time.December, 1), day(2029, time.February, 20), true,
		}, {
			"it took less when it was entered", func(l *tiers.Ladder) { l.Window = tiers.Window{Kind: tiers.Lifetime} },
			func(l *tiers.Ladder) {
				l.Window = tiers.Window{Kind: tiers.Lifetime}
				l.Tiers[1].Enter, l.Tiers[1].Keep = of("spend", 1000), of("spend", 500)
			},
			[]buy{{day(2027, time.January, 25), 500}},
			day(2028, time.December, 1),
			time.Time{},
			true,
		}, {
			"what was counted is enough", func(l *tiers.Ladder) { l.Window = year }, nil,
			[]buy{{day(2027, time.June, 20), 500}},
			day(2028, time.January, 15), day(2028, time.June, 20), false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := regulars(func(p *loyalty.Program) {
				p.Ladders[0].End = tiers.WhileHeld
				c.ladder(&p.Ladders[0])
			})
			program := loyalty.Revisions{first}
			if c.revised != nil {
				program = append(program, regulars(func(p *loyalty.Program) {
					p.Ladders[0].End, p.EffectiveAt = tiers.WhileHeld, day(2028, time.January, 1)
					c.revised(&p.Ladders[0])
				}))
			}
			s := openShop(t, first)
			s.revise(program...)
			s.now = day(2027, time.January, 10)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.now = day(2027, time.January, 20)
			for _, member := range []string{"twin", "solo"} {
				s.must(loyalty.Enroll{Member: member, Key: "enroll"})
			}
			for i, b := range c.buys {
				s.now = b.on
				for _, member := range []string{"twin", "solo"} {
					s.must(loyalty.Earn{Member: member, Key: fmt.Sprint(i), Order: bought(fmt.Sprint(member, i), b.euros)})
				}
			}
			s.now = c.merged
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin", UndoUntil: s.now.AddDate(5, 0, 0)})
			m, err := s.Member(t.Context(), "anna")
			require.NoError(t, err)
			require.Equal(t, c.granted, m.Tier("status").Granted)
			for !s.now.After(c.merged.AddDate(2, 0, 0)) {
				held := c.lost.IsZero() || s.now.Before(c.lost)
				require.Equal(t, held, s.tier("solo") == "gold", "solo on %s", s.now)
				require.Equal(t, held, s.tier("anna") == "gold", "anna on %s", s.now)
				s.now = s.now.AddDate(0, 0, 1)
			}
			s.verify()
			s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "twin"})
			require.Empty(t, s.tier("anna"))
			require.Equal(t, s.tier("solo"), s.tier("twin"))
			s.verify()
		})
	}
}

// TestARefundEndsATierThatAMergeKeptThoughItHadNoEnd takes back what an endless tier rests on.
func TestARefundEndsATierThatAMergeKeptThoughItHadNoEnd(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Ladders[0].End, p.Ladders[0].Window.Kind = tiers.WhileHeld, tiers.Anniversary
	}))
	s.now = day(2027, time.January, 10)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.now = day(2027, time.March, 20)
	s.must(loyalty.Enroll{Member: "twin", Key: "enroll"})
	s.now = day(2027, time.December, 20)
	s.must(loyalty.Earn{Member: "twin", Key: "1", Order: bought("1", 400)})
	s.must(loyalty.Earn{Member: "twin", Key: "2", Order: bought("2", 100)})
	s.now = day(2028, time.January, 15)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	s.must(loyalty.Refund{Member: "anna", Key: "3", Order: "2", Full: true})
	require.Equal(t, "silver", s.tier("anna"))
	s.now = day(2028, time.March, 19)
	require.Equal(t, "silver", s.tier("anna"))
	s.now = day(2028, time.March, 20)
	require.Empty(t, s.tier("anna"), "the end of twin's year")
	s.verify()
}

// TestARevisionEndsATierThatWasCountedForAlsoAfterAMerge lets a revision ask more of all.
func TestARevisionEndsATierThatWasCountedForAlsoAfterAMerge(t *testing.T) {
	life := regulars(func(p *loyalty.Program) {
		p.Ladders[0].End, p.Ladders[0].Window = tiers.WhileHeld, tiers.Window{Kind: tiers.Lifetime}
	})
	more := regulars(func(p *loyalty.Program) {
		p.Ladders[0].End, p.Ladders[0].Window, p.EffectiveAt = tiers.WhileHeld, tiers.Window{Kind: tiers.Lifetime}, day(2028, time.January, 1)
		p.Ladders[0].Tiers[1].Enter = of("spend", 1000)
	})
	s := openShop(t, life)
	s.revise(life, more)
	for _, member := range []string{"anna", "twin", "solo"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for _, member := range []string{"twin", "solo"} {
		s.must(loyalty.Earn{Member: member, Key: "1", Order: bought(member, 500)})
	}
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, []string{"gold", "gold"}, []string{s.tier("anna"), s.tier("solo")})
	s.now = day(2028, time.January, 2)
	require.Equal(t, []string{"silver", "silver"}, []string{s.tier("anna"), s.tier("solo")})
	s.verify()
}

// cameBack is a ladder of all time with other thresholds to come back to a tier.
func cameBack(back [2]int64, change ...func(*loyalty.Program)) loyalty.Program {
	return regulars(append([]func(*loyalty.Program){func(p *loyalty.Program) {
		l := &p.Ladders[0]
		l.End, l.Window = tiers.WhileHeld, tiers.Window{Kind: tiers.Lifetime}
		l.Tiers[0].Reenter, l.Tiers[1].Reenter = of("spend", back[0]), of("spend", back[1])
	}}, change...)...)
}

// TestMergesLeaveRoomForAnActor merges sixty members of a tier without an end into one: where
// what was counted keeps the tier there is no grant, and where it does not, one stands for all.
func TestMergesLeaveRoomForAnActor(t *testing.T) {
	for name, back := range map[string][2]int64{"by what was counted": {150, 400}, "by grants": {300, 400}} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, cameBack(back))
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			for i := range 60 {
				twin := fmt.Sprint("twin", i)
				s.must(loyalty.Enroll{Member: twin, Key: "enroll"})
				s.must(loyalty.Earn{Member: twin, Key: "1", Order: bought(twin, 250)})
				s.must(loyalty.Merge{Member: "anna", Key: "merge" + twin, From: twin})
				s.now = s.now.AddDate(0, 0, 1)
			}
			s.must(loyalty.OverrideTier{Member: "anna", Key: "o", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada"})
			s.must(loyalty.OverrideTier{Member: "anna", Key: "p", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 2, 0), Reason: "sorry", Actor: "ada"})
			require.Equal(t, "gold", s.tier("anna"))
			s.verify()
		})
	}
}

// TestARevisionAsksAsMuchOfWhoWasMergedAsOfOthers raises what gold takes, on a ladder on which
// coming back takes less than that, and more than members have who were never merged.
func TestARevisionAsksAsMuchOfWhoWasMergedAsOfOthers(t *testing.T) {
	life := cameBack([2]int64{50, 400})
	more := cameBack([2]int64{50, 900}, func(p *loyalty.Program) {
		p.EffectiveAt, p.Ladders[0].Tiers[1].Enter = day(2028, time.January, 1), of("spend", 1000)
	})
	s := openShop(t, life)
	s.revise(life, more)
	for _, member := range []string{"anna", "twin", "solo"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for _, member := range []string{"twin", "solo"} {
		s.must(loyalty.Earn{Member: member, Key: "1", Order: bought("of "+member, 500)})
	}
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "twin"})
	require.Equal(t, "gold", s.tier("anna"))
	s.now = day(2028, time.January, 2)
	require.Equal(t, []string{"silver", "silver"}, []string{s.tier("anna"), s.tier("solo")})
	s.verify()
}
