package rewards

import (
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Env is what an evaluation knows of the member and the moment.
type Env struct {
	// At is the instant, Zone the program's time zone; nil is UTC.
	At   time.Time
	Zone *time.Location
	// Channel is where the member asks; a reward that is for channels is not for none.
	Channel string
	// Tiers and Segments are the member's, EarlyAccess is by how much earlier than
	// others the member may redeem.
	Tiers       []string
	Segments    []string
	EarlyAccess time.Duration
	EnrolledAt  time.Time
	// Closed says that the member may not redeem anything.
	Closed bool
	// Balances are what the member has, Maturing when pending points become available.
	Balances []points.Balance
	Maturing []Maturing
	// Quantity is how many are wanted; 0 is 1.
	Quantity int64
	// Used tells how often the member has redeemed a reward in the period of a limit,
	// or all members have where the limit is for all; nil is never. Sold tells how many
	// of the stock are gone; nil is none.
	Used func(reward *Reward, limit Limit) int64
	Sold func(reward *Reward) int64
}

// Maturing is an amount of pending points, in the unit's smallest step, that become
// available at an instant, or at points.Never once somebody confirms them. A list of them
// is in order of At.
type Maturing struct {
	Unit   string
	At     time.Time
	Points points.Amount
}

// Offer says of one reward what it costs a member now, and whether it can be redeemed.
type Offer struct {
	// Reward is the code.
	Reward string `json:"reward"`
	Type   Type   `json:"type"`
	Label  string `json:"label,omitempty"`
	// Costs are what one costs this member now, for each option; see [Cost.Times].
	Costs []Cost `json:"costs,omitempty"`
	// Redeemable is set where nothing is in the way. Otherwise Reasons has all of it,
	// in a fixed order. Where there are several options, one that can be paid is enough.
	Redeemable bool     `json:"redeemable"`
	Reasons    []Reason `json:"reasons,omitempty"`
	// Left is how many there are, where the reward has a stock.
	Left int64 `json:"left,omitempty"`
}

// From is when all reasons have ended that end by themselves: zero where there are
// none, or where one does not.
func (o Offer) From() time.Time {
	var from time.Time
	for _, reason := range o.Reasons {
		if reason.At.IsZero() {
			return time.Time{}
		}
		if reason.At.After(from) {
			from = reason.At
		}
	}
	return from
}

// Evaluate answers for every reward of a catalog whether a member can redeem it, in
// the catalog's order. It changes nothing, and the same input gives the same offers.
func Evaluate(catalog Catalog, env *Env) []Offer {
	offers := make([]Offer, len(catalog))
	for i := range catalog {
		offers[i] = catalog[i].Offer(env)
	}
	return offers
}

// Offer answers for one reward, as [Evaluate] does.
func (r *Reward) Offer(env *Env) Offer {
	o := Offer{Reward: r.Code, Type: r.Type, Label: r.Label}
	o.Reasons = r.Refuse(env)
	o.Costs = r.costs(env)
	o.Reasons = r.unpaid(env, o.Costs, o.Reasons)
	if r.Stock > 0 {
		o.Left = max(0, r.Stock-env.sold(r))
	}
	o.Redeemable = len(o.Reasons) == 0
	return o
}

// Refuse lists why a member may not redeem a reward, price aside, in a fixed order.
func (r *Reward) Refuse(env *Env) []Reason {
	var reasons []Reason
	add := func(reason Reason) { reasons = append(reasons, reason) }
	if env.Closed {
		add(Reason{Why: Closed})
	}
	if r.Withdrawn {
		add(Reason{Why: Withdrawn})
	}
	if reason, shut := r.shut(env); shut {
		add(reason)
	}
	if !anyOf(r.Only.Tiers, env.Tiers) {
		add(Reason{Why: OtherTiers, Allowed: r.Only.Tiers})
	}
	if !anyOf(r.Only.Segments, env.Segments) {
		add(Reason{Why: OtherSegments, Allowed: r.Only.Segments})
	}
	if len(r.Only.Channels) > 0 && !slices.Contains(r.Only.Channels, env.Channel) {
		add(Reason{Why: OtherChannels, Allowed: r.Only.Channels})
	}
	if r.Only.Enrolled != (points.Span{}) {
		if at := r.Only.Enrolled.After(env.EnrolledAt, env.zone()); at.After(env.At) {
			add(Reason{Why: TooNew, At: at})
		}
	}
	for i := range r.Limits {
		limit := &r.Limits[i]
		used := env.used(r, *limit)
		if used <= limit.Times-env.quantity() {
			continue
		}
		_, end := limit.Per.On(env.At, env.zone())
		if points.IsNever(end) || env.quantity() > limit.Times {
			end = time.Time{}
		}
		reached := *limit
		add(Reason{Why: LimitReached, Limit: &reached, Used: used, At: end})
	}
	if left := r.Stock - env.sold(r); r.Stock > 0 && left < env.quantity() {
		add(Reason{Why: OutOfStock, Left: max(0, left)})
	}
	return reasons
}

// shut says when the reward opens for the member, if it is not open.
func (r *Reward) shut(env *Env) (Reason, bool) {
	w := r.When
	if !w.From.IsZero() {
		w.From = w.From.Add(-max(0, env.EarlyAccess))
		for _, early := range r.Early {
			if anyOf(early.Tiers, env.Tiers) && early.From.Before(w.From) {
				w.From = early.From
			}
		}
	}
	if w.Holds(env.At, env.zone()) {
		return Reason{}, false
	}
	next := opening(&w, env.At, env.zone())
	if points.IsNever(next) {
		return Reason{Why: Over}, true
	}
	return Reason{Why: NotOpen, At: next}, true
}

// costs lists what the reward costs under each option.
func (r *Reward) costs(env *Env) []Cost {
	if len(r.Prices) == 0 {
		return nil
	}
	options := [1]string{r.Prices[0].Option}
	all := options[:]
	if slices.ContainsFunc(r.Prices, func(p Price) bool { return p.Option != options[0] }) {
		all = r.Options()
	}
	costs := make([]Cost, 0, len(all))
	for _, option := range all {
		if cost, ok := r.Cost(option, env.Tiers, env.At, env.zone()); ok {
			costs = append(costs, cost)
		}
	}
	return costs
}

// unpaid adds to reasons, where the member can pay none of the costs, what is missing for
// each.
func (r *Reward) unpaid(env *Env, costs []Cost, reasons []Reason) []Reason {
	if r.Exchange != nil {
		if reason, short := env.short(Cost{Unit: r.Exchange.Unit, Points: r.Exchange.least()}); short {
			reasons = append(reasons, reason)
		}
		return reasons
	}
	if len(costs) == 0 && len(r.Prices) > 0 {
		return append(reasons, Reason{Why: NoPrice})
	}
	before := len(reasons)
	for _, cost := range costs {
		total, err := cost.Times(env.quantity())
		if err != nil {
			total.Points = points.MaxAmount
		}
		reason, short := env.short(total)
		if !short {
			return reasons[:before]
		}
		reasons = append(reasons, reason)
	}
	return reasons
}

// short says what is missing for a cost.
func (env *Env) short(price Cost) (Reason, bool) {
	var have points.Balance
	for _, b := range env.Balances {
		if b.Unit == price.Unit {
			have = b
		}
	}
	if price.Points <= have.Available {
		return Reason{}, false
	}
	reason := Reason{
		Why: TooFewPoints, Option: price.Option, Unit: price.Unit, Needed: price.Points,
		Missing: price.Points - have.Available, Pending: have.Pending,
	}
	missing := reason.Missing + have.Debt
	for _, m := range env.Maturing {
		if m.Unit != price.Unit {
			continue
		}
		if missing -= m.Points; missing <= 0 {
			if !points.IsNever(m.At) {
				reason.At = m.At
			}
			break
		}
	}
	return reason, true
}

func (env *Env) zone() *time.Location {
	if env.Zone == nil {
		return time.UTC
	}
	return env.Zone
}

func (env *Env) quantity() int64 { return max(1, env.Quantity) }

func (env *Env) used(r *Reward, limit Limit) int64 {
	if env.Used == nil {
		return 0
	}
	return env.Used(r, limit)
}

func (env *Env) sold(r *Reward) int64 {
	if env.Sold == nil {
		return 0
	}
	return env.Sold(r)
}
