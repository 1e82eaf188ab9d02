package loyalty

import "github.com/loyaltykit/loyaltykit/points"

// membershipsOf names the records of the pools that members may be in.
func membershipsOf(revisions []*revision, members ...string) []RecordRef { return nil }

// oneMembership returns why the pools of two members do not let them become one.
func (tx *Tx) oneMembership(from *Party) error { return nil }

// PoolKind is a kind of group.
type PoolKind struct{ Code string }

func poolProblems(string, []PoolKind, []points.Unit) points.Problems { return nil }
