package whatif

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Report says what differs between two programs that lived one history.
type Report struct {
	// Names are what the two programs are called.
	Names [2]string `json:"names"`
	// From is the first event's instant, Until the one at which both were compared.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Events counts the commands, Lost those whose text was not kept: it was pruned or
	// erased.
	Events int64 `json:"events"`
	Lost   int64 `json:"lost,omitempty"`
	// Skipped counts the commands of types that no feature of the history's engine has,
	// by type. List the feature there and in Options.Features to have them lived again.
	Skipped []Skipped `json:"skipped,omitempty"`
	// Members counts the members of each side.
	Members [2]int64 `json:"members"`
	// Refusals lists why commands were refused, by type and reason.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Units has the units of both programs, in the order in which they list them.
	Units []Unit `json:"units"`
}

// Skipped counts commands of a type that were not lived again.
type Skipped struct {
	Command string `json:"command"`
	Count   int64  `json:"count"`
}

// Refusal counts, for each side, commands of a type that were refused for a reason.
type Refusal struct {
	Command string   `json:"command"`
	Reason  string   `json:"reason"`
	Count   [2]int64 `json:"count"`
	// Example is the first of them, of the first side that has one.
	Example string `json:"example"`
}

// Unit is what differs in one unit. Amounts are in its smallest step.
type Unit struct {
	Unit  string     `json:"unit"`
	Scale int        `json:"scale,omitempty"`
	Books [2]Figures `json:"books"`
	// Gain, Lose and Same count members by whether the second program gives them
	// more, less or the same to spend; see [Member].
	Gain int64 `json:"gain"`
	Lose int64 `json:"lose"`
	Same int64 `json:"same"`
	// Spread is how the differences are distributed: what at least 0, 5, 25, 50, 75,
	// 95 and 100 % of members gain at most.
	Spread [7]points.Amount `json:"spread"`
	// Gainers and Losers are the members for whom it makes the greatest difference.
	Gainers []Member `json:"gainers,omitempty"`
	Losers  []Member `json:"losers,omitempty"`
}

// Percents are what the places of [Unit.Spread] stand for.
var Percents = [7]int{0, 5, 25, 50, 75, 95, 100}

// Figures are the books of one unit on one side. Counters are net: what came back
// is taken off.
type Figures struct {
	Issued    points.Amount `json:"issued"`
	Redeemed  points.Amount `json:"redeemed"`
	Expired   points.Amount `json:"expired"`
	Reversed  points.Amount `json:"reversed"`
	Adjusted  points.Amount `json:"adjusted"`
	Pending   points.Amount `json:"pending"`
	Available points.Amount `json:"available"`
	Held      points.Amount `json:"held"`
	Debt      points.Amount `json:"debt"`
	// Counted is the total of a metric.
	Counted points.Amount `json:"counted"`
}

// Outstanding is what members have: pending, available and held.
func (f Figures) Outstanding() points.Amount { return f.Pending + f.Available + f.Held }

// Member is what a unit was worth to a member on each side: what they have spent,
// and what they have left less what they owe; of a metric, what was counted.
type Member struct {
	Member string           `json:"member"`
	Worth  [2]points.Amount `json:"worth"`
}

// Gain is what the second program gives the member more than the first.
func (m Member) Gain() points.Amount { return m.Worth[1] - m.Worth[0] }

// Same reports whether the two programs made no difference: not in any figure, to
// any member, nor in what was refused.
func (r Report) Same() bool {
	for _, refusal := range r.Refusals {
		if refusal.Count[0] != refusal.Count[1] {
			return false
		}
	}
	for _, u := range r.Units {
		if u.Books[0] != u.Books[1] || u.Gain != 0 || u.Lose != 0 {
			return false
		}
	}
	return r.Members[0] == r.Members[1]
}

func (c *comparison) report() (Report, error) {
	r := Report{
		Names: c.options.Names, From: c.first, Until: c.last, Events: c.events, Lost: c.lost,
		Members: [2]int64{int64(len(c.sides[0].store.moved)), int64(len(c.sides[1].store.moved))},
	}
	for _, command := range slices.Sorted(maps.Keys(c.skipped)) {
		r.Skipped = append(r.Skipped, Skipped{Command: command, Count: c.skipped[command]})
	}
	r.Refusals = c.refusals()
	for _, unit := range c.units {
		u, err := c.unit(unit)
		if err != nil {
			return r, err
		}
		r.Units = append(r.Units, u)
	}
	return r, nil
}

func (c *comparison) refusals() []Refusal {
	all := map[refusal]*Refusal{}
	for i := range c.sides {
		for key, r := range c.sides[i].refused {
			if all[key] == nil {
				all[key] = &Refusal{Command: key.command, Reason: key.reason, Example: r.example}
			}
			all[key].Count[i] = r.count
		}
	}
	list := make([]Refusal, 0, len(all))
	for _, r := range all {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Refusal) int {
		return cmp.Or(-cmp.Compare(max(a.Count[0], a.Count[1]), max(b.Count[0], b.Count[1])), cmp.Compare(a.Command, b.Command), cmp.Compare(a.Reason, b.Reason))
	})
	return list
}

// unit compares one unit, member by member.
func (c *comparison) unit(unit points.Unit) (Unit, error) {
	u := Unit{Unit: unit.Code, Scale: unit.Scale}
	ids := map[string]struct{}{}
	for i := range c.sides {
		for id := range c.sides[i].store.moved {
			ids[id] = struct{}{}
		}
	}
	all := make([]Member, 0, len(ids))
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		m := Member{Member: id}
		for i := range c.sides {
			f := c.sides[i].store.figures(id, unit.Code)
			if err := u.Books[i].add(f); err != nil {
				return u, err
			}
			m.Worth[i] = f.Redeemed + f.Outstanding() - f.Debt + f.Counted
		}
		all = append(all, m)
	}
	u.spread(all, c.options.Top)
	return u, nil
}

// spread fills in how the members' differences are distributed.
func (u *Unit) spread(all []Member, top int) {
	slices.SortFunc(all, func(a, b Member) int { return cmp.Or(cmp.Compare(a.Gain(), b.Gain()), cmp.Compare(a.Member, b.Member)) })
	for _, m := range all {
		switch gain := m.Gain(); {
		case gain > 0:
			u.Gain++
		case gain < 0:
			u.Lose++
		default:
			u.Same++
		}
	}
	if len(all) == 0 {
		return
	}
	for i, percent := range Percents {
		u.Spread[i] = all[(len(all)-1)*percent/100].Gain()
	}
	u.Losers = slices.Clone(all[:min(int64(top), u.Lose)])
	u.Gainers = slices.Clone(all[int64(len(all))-min(int64(top), u.Gain):])
	slices.SortFunc(u.Gainers, func(a, b Member) int {
		return cmp.Or(-cmp.Compare(a.Gain(), b.Gain()), cmp.Compare(a.Member, b.Member))
	})
}

// figures are the books of one member.
func (s *scratch) figures(member, unit string) Figures {
	for _, m := range s.moved[member] {
		if m.unit != unit {
			continue
		}
		b := &m.buckets
		return Figures{
			Issued: -b[points.Issued], Redeemed: b[points.Redeemed], Expired: b[points.Expired],
			Reversed: b[points.Reversed], Adjusted: -b[points.Adjusted],
			Pending: b[points.Pending], Available: b[points.Available], Held: b[points.Held], Debt: -b[points.Debt],
			Counted: b[points.Counted],
		}
	}
	return Figures{}
}

func (f *Figures) add(other Figures) error {
	for _, side := range []struct {
		sum *points.Amount
		of  points.Amount
	}{
		{&f.Issued, other.Issued},
		{&f.Redeemed, other.Redeemed},
		{&f.Expired, other.Expired},
		{&f.Reversed, other.Reversed},
		{&f.Adjusted, other.Adjusted},
		{&f.Pending, other.Pending},
		{&f.Available, other.Available},
		{&f.Held, other.Held},
		{&f.Debt, other.Debt},
		{&f.Counted, other.Counted},
	} {
		var err error
		if *side.sum, err = side.sum.Add(side.of); err != nil {
			return err
		}
	}
	return nil
}
