package enginetest

import (
	"math/big"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// drawn is what an order or activity used at an instant of a rule that counts or has
// caps or budgets.
type drawn struct {
	use points.Use
	at  time.Time
	// order is which one it was, 0 for an activity.
	order int
}

// env is what the engine should know when it evaluates what somebody did.
func (m *model) env(p *person, program loyalty.Program, at time.Time) points.Env {
	return points.Env{
		At: at, Zone: m.zone, Usage: m.usage(p), Segments: segments(p.id, at), Formulas: formulas(),
		Left: func(rule string, budget points.Cap) (int64, error) { return m.left(rule, budget, at), nil },
	}
}

// usage adds up all that a person ever used of the counts and caps of rules. What was
// refunded of an order does not count.
func (m *model) usage(p *person) *points.Usage {
	var usage points.Usage
	for _, d := range p.drawn {
		rules := m.revision(d.at).Earning
		if order, mine := p.purchase(d.order); mine {
			d.use = kept(rules, d.use, order)
		}
		usage = usage.Add(rules, []points.Use{d.use}, d.at, m.zone)
	}
	return &usage
}

// kept is what was used by what is left of an order. Caps bound what was earned.
func kept(rules []points.Rule, use points.Use, order bought) points.Use {
	i := slices.IndexFunc(rules, func(rule points.Rule) bool { return rule.Code == use.Rule })
	if rules[i].Count == nil {
		return use
	}
	back := order.state.Uncounted(rules[i].Count.Pieces, use.Lines)
	if use.Counted -= back; use.Counted == 0 {
		use.Completed = 0
	}
	return use
}

// purchase is the order that a person has of a number.
func (p *person) purchase(id int) (bought, bool) {
	for _, order := range p.orders {
		if id > 0 && order.id == id {
			return order, true
		}
	}
	return bought{}, false
}

// left is what nobody took of a budget in the period of an instant.
func (m *model) left(rule string, budget points.Cap, at time.Time) int64 {
	left := budget.Most()
	period, _ := budget.Per.On(at, m.zone)
	for _, d := range m.given {
		if then, _ := budget.Per.On(d.at, m.zone); d.use.Rule != rule || then != period {
			continue
		}
		if budget.Times > 0 {
			left -= d.use.Times
		} else {
			left -= int64(d.use.Points)
		}
	}
	return max(0, left)
}

// draw notes what an order or activity used.
func (m *model) draw(p *person, uses []points.Use, at time.Time, order int) {
	p.drawn, m.given = slices.Clip(p.drawn), slices.Clip(m.given)
	for _, use := range uses {
		if use.Times > 0 || use.Counted > 0 {
			p.drawn = append(p.drawn, drawn{use: use, at: at, order: order})
			m.given = append(m.given, drawn{use: use, at: at})
		}
	}
}

// settleUses makes what an order of a person used theirs for good, since the order goes.
func (m *model) settleUses(p *person, order bought) {
	p.drawn = slices.Clone(p.drawn)
	for i, d := range p.drawn {
		if d.order == order.id {
			p.drawn[i] = drawn{use: kept(m.revision(d.at).Earning, d.use, order), at: d.at}
		}
	}
}

// late reports whether something that happened at an instant is recorded too late.
func (m *model) late(now, at time.Time) bool {
	window := m.program.LateWindow
	return window != (points.Span{}) && at.Before(now) && !now.Before(window.After(at, m.zone))
}

// activation says when an award becomes available.
func activation(program loyalty.Program, unit points.Unit, award points.Amount) points.Activation {
	for _, review := range program.Review {
		if review.Unit == unit.Code && award > review.Above {
			return points.UntilConfirmed()
		}
	}
	return unit.Pending
}

// lifespan is the part of an award that lives equally long.
type lifespan struct {
	expiry points.Expiry
	points points.Amount
	// rule is the one that says so, if it is not the unit.
	rule string
}

// lives splits an award by how long the points of its rules live: what lives as long as
// the unit says comes first.
func (m *model) lives(p *person, program loyalty.Program, unit points.Unit, award points.Award) []lifespan {
	parts := []lifespan{{expiry: p.expiryFor(program, unit, "")}}
	rules := make([][]string, 1)
	for _, share := range award.Shares {
		expiry := p.expiryFor(program, unit, share.Rule)
		i := slices.IndexFunc(parts, func(l lifespan) bool { return l.expiry == expiry })
		if i < 0 {
			i = len(parts)
			parts, rules = append(parts, lifespan{expiry: expiry}), append(rules, nil)
		}
		parts[i].points += share.Points
		if share.Points > 0 {
			rules[i] = append(rules[i], share.Rule)
		}
	}
	for i := range parts {
		parts[i].rule = m.ruleOfAll(rules[i])
	}
	return slices.DeleteFunc(parts, func(l lifespan) bool { return l.points == 0 })
}

// ruleOfAll is a rule that says how long all points live that rules gave, whatever the
// revision, or none.
func (m *model) ruleOfAll(rules []string) string {
	says := false
	for _, program := range m.revisions {
		for _, rule := range rules {
			if own := expiryOf(program, points.Unit{}, rule); own != expiryOf(program, points.Unit{}, rules[0]) {
				return ""
			} else if own != (points.Expiry{}) {
				says = true
			}
		}
	}
	if !says {
		return ""
	}
	return rules[0]
}

// expiryOf is how long points of a unit live that a rule gives.
func expiryOf(program loyalty.Program, unit points.Unit, rule string) points.Expiry {
	for _, r := range program.Earning {
		if r.Code == rule && r.Expiry != (points.Expiry{}) {
			return r.Expiry
		}
	}
	return unit.Expiry
}

// transfers is the policy of a unit, if there is one.
func (m *model) transfers(unit string) (loyalty.TransferPolicy, bool) {
	for _, policy := range m.program.Transfers {
		if policy.Unit == unit {
			return policy, true
		}
	}
	return loyalty.TransferPolicy{}, false
}

// sources is where refunds take points from.
func (m *model) sources() []loyalty.RefundSource {
	if from := m.program.Refunds.From; len(from) > 0 {
		return from
	}
	from := []loyalty.RefundSource{loyalty.FromPending, loyalty.FromOwn, loyalty.FromOthers}
	if m.program.Debt == loyalty.AllowDebt {
		from = append(from, loyalty.FromDebt)
	}
	return from
}

// fallShort says what is missing of an award, and what that adds to the worth of all
// that refunds of the order missed.
func (m *model) fallShort(order *bought, award int, missing points.Amount) loyalty.Shortfall {
	state := order.state.Awards[award]
	short := loyalty.Shortfall{Unit: state.Unit, Amount: missing}
	before := order.short[award]
	order.short[award] += missing
	for _, cut := range m.program.Refunds.Cuts {
		if cut.Unit == state.Unit && (cut.Currency == order.currency || cut.Currency == "") {
			short.Currency = order.currency
			short.Money = worth(cut, order, award, order.short[award]).Sub(worth(cut, order, award, before))
			break
		}
	}
	return short
}

// worth is what points of an award are worth by a cut, in whole steps.
func worth(cut loyalty.Cut, order *bought, award int, n points.Amount) decimal.Decimal {
	state, money, per := order.state.Awards[award], cut.Money, cut.Points
	if cut.OrderRate {
		per, money = state.Total(), decimal.Zero
		for l, line := range order.state.Lines {
			switch {
			case state.Eligible == nil:
				money = money.Add(line.Amount)
			case l < len(state.Eligible):
				money = money.Add(state.Eligible[l])
			}
		}
	}
	if per == 0 {
		return decimal.Zero
	}
	step := cut.Step
	if step.IsZero() {
		step = decimal.New(1, -2)
	}
	steps := new(big.Rat).Mul(money.Rat(), big.NewRat(int64(n), int64(per)))
	steps.Quo(steps, step.Rat())
	if cut.Rounding == points.HalfUp {
		steps.Add(steps, big.NewRat(1, 2))
	}
	whole := new(big.Int).Quo(steps.Num(), steps.Denom())
	return decimal.NewFromBigInt(whole, 0).Mul(step)
}
