package liability

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Movement is how the contract liability moved in a period: Closing is Opening +
// Deferred − Recognized − Remitted.
type Movement struct {
	Period     kpi.Period      `json:"period"`
	Opening    decimal.Decimal `json:"opening"`
	Deferred   decimal.Decimal `json:"deferred"`
	Recognized decimal.Decimal `json:"recognized"`
	Remitted   decimal.Decimal `json:"remitted"`
	Closing    decimal.Decimal `json:"closing"`
	// CatchUp is the part of Recognized that corrects earlier periods, since the
	// estimate of redemptions changed: below 0 where more is expected than before.
	CatchUp decimal.Decimal `json:"catch_up"`
	// Breakage is the part of Recognized that is for points that are not redeemed:
	// beyond the redeemed points' own share of what was deferred.
	Breakage decimal.Decimal `json:"breakage"`
	// Cumulative is what was recognized until the end of the period.
	Cumulative decimal.Decimal `json:"cumulative"`
}

// Roll is a roll-forward with the policy that it follows.
type Roll struct {
	Policy    Policy     `json:"policy"`
	Movements []Movement `json:"movements"`
}

// RollForward says how the liability of a cohort moved, period by period, from its
// states at the end of each. Revenue is cumulative, so that a changed estimate
// catches up in the period in which it changes, and rounding never adds up.
//
// Source: IFRS 15, 44 and B44 to B47, with illustrative example 52; ASC
// 606-10-55-46 to 55-49.
func RollForward(policy Policy, states []State) (Roll, error) {
	policy, err := checkStates(policy, states)
	if err != nil {
		return Roll{}, err
	}
	roll := Roll{Policy: policy, Movements: make([]Movement, len(states))}
	before := &State{}
	for i := range states {
		roll.Movements[i] = policy.movement(before, &states[i])
		before = &states[i]
	}
	return roll, nil
}

func (p Policy) movement(before, now *State) Movement {
	was, brokenBefore := p.revenue(before)
	is, broken := p.revenue(now)
	return Movement{
		Period:     now.Period,
		Opening:    before.Deferred.Sub(was).Sub(before.Remitted),
		Deferred:   now.Deferred.Sub(before.Deferred),
		Recognized: is.Sub(was),
		Remitted:   now.Remitted.Sub(before.Remitted),
		Closing:    now.Deferred.Sub(is).Sub(now.Remitted),
		CatchUp:    p.catchUp(before, now, was),
		Breakage:   broken.Sub(brokenBefore),
		Cumulative: is,
	}
}

// catchUp is what would have been recognized more until the period before, had the
// rate of redemption been expected that is expected now.
func (p Policy) catchUp(before, now *State, was decimal.Decimal) decimal.Decimal {
	if p.Method != Proportional || before.Deferred.IsZero() || now.Expected.IsZero() || before.outstanding().IsZero() {
		return decimal.Zero
	}
	if before.Expected.Mul(now.Issued).Equal(now.Expected.Mul(before.Issued)) {
		return decimal.Zero
	}
	then := portion(before.recognizable(), before.Redeemed.Mul(now.Issued), now.Expected.Mul(before.Issued), p.Step)
	return decimal.Min(then, before.recognizable()).Sub(was)
}

// Total adds the roll-forwards of cohorts up, period by period, as [RollForward] made
// them. They must follow one policy and have their periods in common; a cohort may begin
// in any, and ends in the last or when nothing is owed for it any more.
func Total(rolls ...Roll) (Roll, error) {
	var problems kpi.Problems
	if len(rolls) == 0 {
		return Roll{}, nil
	}
	total := Roll{Policy: rolls[0].Policy}
	sums := map[int64]Movement{}
	for i, roll := range rolls {
		if !total.Policy.same(roll.Policy) {
			problems.Add(fmt.Sprintf("rolls[%d].policy", i), "must be that of the others")
		}
		for _, m := range roll.Movements {
			key := m.Period.Start.UnixNano()
			if sum, known := sums[key]; known && !sum.Period.End.Equal(m.Period.End) {
				problems.Add(fmt.Sprintf("rolls[%d].movements", i), "have a period %s where another has one %s", m.Period, sum.Period)
			}
			sums[key] = sums[key].plus(m)
		}
	}
	total.Movements = slices.SortedFunc(maps.Values(sums), func(a, b Movement) int { return a.Period.Start.Compare(b.Period.Start) })
	total.check(&problems, rolls)
	if err := problems.Err(); err != nil {
		return Roll{}, err
	}
	var recognized decimal.Decimal
	for i := range total.Movements {
		recognized = recognized.Add(total.Movements[i].Recognized)
		total.Movements[i].Cumulative = recognized
	}
	return total, nil
}

// check reports periods that overlap, and cohorts that end while money is owed.
func (r *Roll) check(problems *kpi.Problems, rolls []Roll) {
	for i := 1; i < len(r.Movements); i++ {
		if before := r.Movements[i-1].Period; r.Movements[i].Period.Start.Before(before.End) {
			problems.Add("rolls", "have periods that overlap: %s and %s", before, r.Movements[i].Period)
		}
	}
	for i, roll := range rolls {
		if len(roll.Movements) == 0 {
			continue
		}
		last := roll.Movements[len(roll.Movements)-1]
		if end := r.Movements[len(r.Movements)-1].Period.End; !last.Closing.IsZero() && last.Period.End.Before(end) {
			problems.Add(fmt.Sprintf("rolls[%d].movements", i), "end with %s owed before the last period ends", last.Closing)
		}
	}
}

func (p Policy) same(other Policy) bool {
	return p.Method == other.Method && p.Currency == other.Currency && p.Step.Equal(other.Step)
}

func (m Movement) plus(other Movement) Movement {
	return Movement{
		Period:     other.Period,
		Opening:    m.Opening.Add(other.Opening),
		Deferred:   m.Deferred.Add(other.Deferred),
		Recognized: m.Recognized.Add(other.Recognized),
		Remitted:   m.Remitted.Add(other.Remitted),
		Closing:    m.Closing.Add(other.Closing),
		CatchUp:    m.CatchUp.Add(other.CatchUp),
		Breakage:   m.Breakage.Add(other.Breakage),
	}
}
