package loyalty

import (
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
)

// TransferPolicy says how points of a unit move between members. Without one they keep
// their expiry, do not count for status, and move in any amount. Whether a transfer
// counts as activity says [points.Inactivity]; how often one is allowed, [Limit].
type TransferPolicy struct {
	Unit string `json:"unit"`
	// Forbidden lets none move from member to member.
	Forbidden bool `json:"forbidden,omitempty"`
	// Expiry, if set, is that of points that moved, counted from the transfer; zero
	// lets them keep their own.
	Expiry points.Expiry `json:"expiry,omitzero"`
	// Qualifies lets points that count for status go on to do so.
	Qualifies bool `json:"qualifies,omitempty"`
	// Least and Most bound one transfer, in the unit's smallest step; 0 is no bound.
	Least points.Amount `json:"least,omitempty"`
	Most  points.Amount `json:"most,omitempty"`
}

func transferProblems(list []TransferPolicy, units []points.Unit) points.Problems {
	var problems points.Problems
	for i := range list {
		t, at := &list[i], fmt.Sprintf("transfers[%d]", i)
		problems = append(problems, spendableProblems(at+".unit", t.Unit, units)...)
		if slices.ContainsFunc(list[:i], func(other TransferPolicy) bool { return other.Unit == t.Unit }) {
			problems.Add(at+".unit", "%q is named twice", t.Unit)
		}
		if t.Expiry != (points.Expiry{}) {
			problems = append(problems, points.ValidateExpiry(at+".expiry", t.Expiry)...)
		}
		if t.Least < 0 {
			problems.Add(at+".least", "%d: must not be negative", t.Least)
		}
		if t.Most < 0 || t.Most > 0 && t.Most < t.Least {
			problems.Add(at+".most", "%d: must not be below \"least\", nor negative", t.Most)
		}
	}
	return problems
}

// transfers returns how points of a unit move.
func (r *revision) transfers(unit string) TransferPolicy {
	for i := range r.Transfers {
		if r.Transfers[i].Unit == unit {
			return r.Transfers[i]
		}
	}
	return TransferPolicy{Unit: unit}
}

// mayTransfer returns why an amount may not move from member to member, or nil.
func (r *revision) mayTransfer(unit string, amount points.Amount) error {
	policy := r.transfers(unit)
	switch {
	case policy.Forbidden:
		return fmt.Errorf("%w: %q does not move from member to member", ErrForbidden, unit)
	case policy.Least > amount:
		return fmt.Errorf("%w: a transfer of %q is at least %d", ErrForbidden, unit, policy.Least)
	case policy.Most > 0 && policy.Most < amount:
		return fmt.Errorf("%w: a transfer of %q is at most %d", ErrForbidden, unit, policy.Most)
	default:
		return nil
	}
}
