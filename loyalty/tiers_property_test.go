package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// drawRungs draws a ladder over nights and euros of one of the shapes that shops have.
func drawRungs(t *rapid.T) tiers.Ladder {
	l := tiers.Ladder{Code: "status"}
	l.Window = rapid.SampledFrom([]tiers.Window{
		{Kind: tiers.Lifetime},
		{Kind: tiers.Rolling, Span: tiers.Span{Months: 3}},
		{Kind: tiers.Rolling, Span: tiers.Span{Days: 45}},
		{Kind: tiers.Calendar, Span: tiers.Span{Months: 3}},
		{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		{Kind: tiers.Anniversary, Span: tiers.Span{Months: 6}},
		{Kind: tiers.TierAnniversary, Span: tiers.Span{Months: 4}},
		{Kind: tiers.Cycle, Span: tiers.Span{Days: 100}, From: tiers.Date(2027, 2, 28)},
	}).Draw(t, "window")
	periodic := l.Window.Kind != tiers.Lifetime && l.Window.Kind != tiers.Rolling
	ends := []tiers.End{tiers.AfterSpan, tiers.WhileHeld}
	if periodic {
		ends = []tiers.End{tiers.AfterSpan, tiers.EndOfPeriod, tiers.EndOfNextPeriod}
		l.Start = rapid.SampledFrom([]tiers.Start{tiers.AtOnce, tiers.NextPeriod}).Draw(t, "start")
	}
	if l.End = rapid.SampledFrom(ends).Draw(t, "end"); l.End == tiers.AfterSpan {
		l.Lasts = tiers.Span{Months: 2}
	}
	if l.End != tiers.WhileHeld {
		l.Down = rapid.SampledFrom([]tiers.Down{tiers.Recompute, tiers.OneStep}).Draw(t, "down")
	}
	l.Grace = rapid.SampledFrom([]int{0, 10}).Draw(t, "grace")
	if periodic && l.Grace == 0 && rapid.Bool().Draw(t, "rolls over") {
		l.Rollover = []tiers.Rollover{{Metric: "night", Most: 4}}
	}
	silver := rapid.Int64Range(1, 6).Draw(t, "silver")
	l.Tiers = []tiers.Tier{
		{Code: "silver", Enter: of("night", silver), Benefits: tiers.Benefits{Points: map[string]int64{"bean": 10}}},
		{Code: "gold", Enter: tiers.Condition{Any: []tiers.Need{{Metric: "night", AtLeast: silver + 5}, {Metric: "spend", AtLeast: 100}}}, Benefits: tiers.Benefits{Points: map[string]int64{"bean": 100}}},
	}
	if rapid.Bool().Draw(t, "other thresholds to keep and to come back") {
		gold := &l.Tiers[1]
		gold.Keep, gold.Reenter = of("night", rapid.Int64Range(1, 12).Draw(t, "keep")), of("night", rapid.Int64Range(1, 12).Draw(t, "come back"))
	}
	return l
}

// drawPlace draws a zone from UTC−11 to UTC+14, and a day of enrollment that some years or
// months do not have.
func drawPlace(t *rapid.T) (*time.Location, time.Time) {
	zone, err := time.LoadLocation(rapid.SampledFrom([]string{
		"Europe/Vienna", "Pacific/Pago_Pago", "America/Los_Angeles", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati",
	}).Draw(t, "zone"))
	require.NoError(t, err)
	year, month, day := 2027, time.January, 31
	if rapid.Bool().Draw(t, "on 29 February") {
		year, month, day = 2028, time.February, 29
	}
	return zone, time.Date(year, month, day, 8, 0, 0, 0, zone).UTC()
}

// happening is something that counts for tiers.
type happening struct {
	at     time.Time
	id     string
	nights int64
	euros  int64
	// refunded orders are taken back after so many days; 0 is never.
	refunded int
}

func drawHappenings(t *rapid.T, start time.Time) []happening {
	list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) happening {
		h := happening{at: start.AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "day")).Add(time.Duration(rapid.IntRange(0, 23).Draw(t, "hour")) * time.Hour)}
		if rapid.Bool().Draw(t, "stays") {
			h.nights = rapid.Int64Range(1, 5).Draw(t, "nights")
			return h
		}
		h.euros = rapid.Int64Range(1, 70).Draw(t, "euros")
		h.refunded = rapid.SampledFrom([]int{0, 0, 1, 40}).Draw(t, "refunded after")
		return h
	}), 0, 12).Draw(t, "happenings")
	for i := range list {
		list[i].id = fmt.Sprint("h", i)
	}
	return list
}

// stay is a shop at which one member stays and buys.
type stay struct {
	*loyalty.Engine
	t     *rapid.T
	now   time.Time
	store *memory.Store
}

func openStay(t *rapid.T, ladder tiers.Ladder, start time.Time, change ...func(*loyalty.Program)) *stay {
	p := beans(points.Expiry{Never: true})
	p.Debt, p.LateWindow = loyalty.AllowDebt, points.Span{N: 3, Unit: points.Years}
	p.Units = append(p.Units, points.Unit{Code: "spend", Kind: points.Metric}, points.Unit{Code: "night", Kind: points.Metric})
	p.Earning = []points.Rule{{Code: "counts", Unit: "spend", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	p.Ladders = []tiers.Ladder{ladder}
	for _, c := range change {
		c(&p)
	}
	s := openStore(t, p, start)
	s.do(loyalty.Enroll{Member: "anna", Key: "enroll"})
	return s
}

// openStore opens a shop without any member.
func openStore(t *rapid.T, p loyalty.Program, now time.Time) *stay {
	s := &stay{t: t, now: now, store: memory.New()}
	engine, err := loyalty.New(loyalty.Revisions{p}, s.store, &loyalty.Options{Clock: func() time.Time { return s.now }, Secret: []byte("a secret")})
	require.NoError(t, err)
	s.Engine = engine
	return s
}

func (s *stay) do(cmd loyalty.Command) {
	_, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
}

func (s *stay) happen(h happening) {
	if h.nights > 0 {
		s.do(loyalty.Fact{Member: "anna", Key: h.id, Activity: "night", Amount: points.Amount(h.nights), OccurredAt: h.at})
		return
	}
	s.do(loyalty.Earn{Member: "anna", Key: h.id, Order: bought(h.id, h.euros), OccurredAt: h.at})
}

func (s *stay) takeBack(h happening, at time.Time) {
	s.do(loyalty.Refund{Member: "anna", Key: "refund " + h.id, Order: h.id, Full: true, OccurredAt: at})
}

func (s *stay) standing(at time.Time) ([]loyalty.MemberTier, []storage.DayCount, points.Amount) {
	s.now = at
	_, err := s.RunDue(s.t.Context(), nil)
	require.NoError(s.t, err)
	m, err := s.Member(s.t.Context(), "anna")
	require.NoError(s.t, err)
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
	snaps, err := s.store.Load(s.t.Context(), []storage.LoadRequest{{Program: "beans", Member: "anna"}})
	require.NoError(s.t, err)
	b := m.Balance("bean")
	return m.Tiers, snaps[0].Account.Days, b.Available - b.Debt
}

// TestStandingDependsOnWhatHappenedAndNotOnWhenItWasTold lets the same things be
// recorded as they happen, all at the end in any order, and without what is refunded in
// full: the tiers, the counts and the points for entering tiers are the same, and the
// tier is what the pure model says.
func TestStandingDependsOnWhatHappenedAndNotOnWhenItWasTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, start := drawPlace(t)
		ladder, other, list := drawRungs(t), drawRungs(t), drawHappenings(t, start)
		other.Code = "other"
		there := func(p *loyalty.Program) { p.Zone, p.Ladders = zone.String(), append(p.Ladders, other) }
		end := start.AddDate(0, 0, rapid.IntRange(401, 800).Draw(t, "end"))

		live := openStay(t, ladder, start, there)
		for day := range 600 {
			live.now = start.AddDate(0, 0, day).Add(23*time.Hour + 30*time.Minute)
			if live.now.After(end) {
				break
			}
			for _, h := range list {
				if at := h.at.Sub(start); int(at.Hours()/24) == day {
					live.happen(h)
				}
				if at := h.at.AddDate(0, 0, h.refunded); h.refunded > 0 && int(at.Sub(start).Hours()/24) == day {
					live.takeBack(h, at)
				}
			}
			if rapid.IntRange(0, 20).Draw(t, "due runs") == 0 {
				_, err := live.RunDue(t.Context(), nil)
				require.NoError(t, err)
			}
		}
		liveTiers, liveDays, livePoints := live.standing(end)

		late := openStay(t, ladder, start, there)
		late.now = end
		for _, h := range rapid.Permutation(list).Draw(t, "order") {
			late.happen(h)
			if h.refunded > 0 && h.at.AddDate(0, 0, h.refunded).Before(end) {
				late.takeBack(h, end)
			}
		}
		lateTiers, lateDays, latePoints := late.standing(end)
		require.Equal(t, liveTiers, lateTiers)
		require.Equal(t, liveDays, lateDays)
		require.Equal(t, livePoints, latePoints)

		never := openStay(t, ladder, start, there)
		member := &tiers.Member{Enrolled: tiers.DayOf(start, zone), Counts: tiers.Counts{}}
		for _, h := range list {
			if h.refunded > 0 && h.at.AddDate(0, 0, h.refunded).Before(end) {
				continue
			}
			never.now = end
			never.happen(h)
			metric, amount := "night", h.nights
			if h.euros > 0 {
				metric, amount = "spend", h.euros
			}
			require.NoError(t, member.Counts.Add(metric, tiers.DayOf(h.at, zone), amount))
		}
		neverTiers, neverDays, neverPoints := never.standing(end)
		require.Equal(t, neverTiers, lateTiers)
		require.Equal(t, neverDays, lateDays)
		require.Equal(t, neverPoints, latePoints)
		for i, l := range []tiers.Ladder{ladder, other} {
			state, _ := l.Evaluate(tiers.State{}, member, tiers.DayOf(end, zone))
			require.Equal(t, state.Tier, lateTiers[i].Tier)
		}
		if latePoints > 0 {
			late.do(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: latePoints})
			spent, _, _ := late.standing(end)
			require.Equal(t, lateTiers, spent, "spending changes no tier")
		}
	})
}
