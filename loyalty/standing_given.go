package loyalty

import (
	"maps"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// settleGiven gives what members get once on entering tiers, for what entered after a
// day and has not had it, and takes back what was given for entering that turns out not
// to have been. Of a member whom the command is not about, a settle step of their own takes
// it back, which is due at once. While the undoing of a merge is not finished, all is left
// as it is.
func (v *verdictOn) settleGiven(changes []tiers.Change, after tiers.Day) (given []givenState, entered, undone []string, err error) {
	if v.parting {
		return v.state.Given, nil, nil, nil
	}
	had := make([]bool, len(v.state.Given))
	for i := range v.state.Given {
		if v.state.Given[i].Day <= after {
			given, had[i] = append(given, v.state.Given[i]), true
		}
	}
	inherited := map[[2]int]bool{}
	for on := range eachEntered(changes) {
		if v.inherits(on.tier, on.day, after, inherited) {
			continue
		}
		g := givenState{Tier: on.tier, Day: on.day}
		at := slices.IndexFunc(v.state.Given, func(g givenState) bool { return g.Tier == on.tier })
		for at >= 0 && had[at] {
			more := slices.IndexFunc(v.state.Given[at+1:], func(g givenState) bool { return g.Tier == on.tier })
			if at += more + 1; more < 0 {
				at = -1
			}
		}
		if at >= 0 {
			had[at], g.Points, g.Rewards = true, v.state.Given[at].Points, v.state.Given[at].Rewards
		} else {
			entered = append(entered, on.tier)
			if g.Points, g.Rewards, err = v.give(on.tier); err != nil {
				return nil, nil, nil, err
			}
		}
		given = append(given, g)
	}
	v.freeInherited(after, inherited)
	for i, had := range had {
		if had {
			continue
		}
		g := v.state.Given[i]
		switch {
		case slices.Contains(v.party.opened, v.state.Code):
			continue // It was entered elsewhere only.
		case v.party != v.party.tx.Party:
			given = append(given, g)
			v.state.Again, v.store = true, true
			continue
		}
		undone = append(undone, g.Tier)
		if err := v.takeBack(&g, nil); err != nil {
			return nil, nil, nil, err
		}
	}
	return given, entered, undone, nil
}

// entryRule is what entries call the points for entering a tier.
func (v *verdictOn) entryRule() string { return "tier:" + v.state.Code }

// give credits the points of entering a tier, and issues its rewards. A closed account gets
// nothing.
func (v *verdictOn) give(code string) ([]givenPoints, []givenReward, error) {
	tier, rank := v.ladder.Find(code)
	if rank < 0 || v.party.row.Status == storage.Closed {
		return nil, nil, nil
	}
	credited, err := v.credit(tier)
	if err != nil {
		return nil, nil, err
	}
	issued, err := v.issueEntry(tier)
	return credited, issued, err
}

// credit credits the points of entering a tier.
func (v *verdictOn) credit(tier *tiers.Tier) ([]givenPoints, error) {
	code := tier.Code
	p, rev := v.party, v.party.tx.rev
	var given []givenPoints
	for _, unitCode := range slices.Sorted(maps.Keys(tier.Benefits.Points)) {
		amount := points.Amount(tier.Benefits.Points[unitCode])
		unit, err := rev.spendable("unit", unitCode)
		if err != nil {
			return nil, p.tx.fail(err)
		}
		from := rev.activation(&unit, amount).From(p.tx.occurred, rev.zone)
		lot, err := p.credit(unit, amount, creditTerms{
			source: code, rule: v.entryRule(), from: points.Issued, kind: points.EntryEarn, at: p.tx.occurred, qualifies: true,
			revision: rev.number, availableFrom: from, expiresAt: p.expiry(rev, &unit, "").From(from, rev.zone),
		})
		if err != nil {
			return nil, err
		}
		given = append(given, givenPoints{Unit: unitCode, Points: amount, Lot: lot.ID})
		if p == p.tx.Party {
			p.tx.receipt.Awards = append(p.tx.receipt.Awards, AwardReceipt{
				Unit: unitCode, Points: amount, Lot: lot.ID, AvailableFrom: lot.AvailableFrom, ExpiresAt: lot.ExpiresAt,
				Rules: []RuleReceipt{{Rule: v.entryRule(), Points: amount, Label: "entry to " + code}},
			})
		}
	}
	return given, nil
}

// takeBack takes the points and rewards of entering a tier back, as a refund does. The path
// is that of who was given them, where a merge brought them.
func (v *verdictOn) takeBack(given *givenState, path []string) error {
	tx := v.party.tx
	if err := v.takeRewards(given, path); err != nil {
		return err
	}
	for _, g := range given.Points {
		pattern := points.Entry{
			Unit: g.Unit, Kind: points.EntryReverse, To: points.Reversed, Rule: v.entryRule(), Reference: given.Tier, OccurredAt: tx.occurred,
		}
		row := storage.Record{}
		if g.Lot > 0 {
			row.Lots = []points.LotID{g.Lot}
		}
		missing, err := tx.clawBack(&row, points.Take{Unit: g.Unit, Points: g.Points}, pattern)
		if err != nil {
			return err
		}
		if missing > 0 {
			tx.receipt.Shortfalls = append(tx.receipt.Shortfalls, Shortfall{Unit: g.Unit, Amount: missing})
		}
	}
	return nil
}
