package loyalty

import "github.com/loyaltykit/loyaltykit/points"

// policyProblems reports every problem of the policies about expiry and corrections.
func (p *Program) policyProblems() points.Problems {
	return reminderProblems(p.Reminders, p.Units)
}

// expiryKinds lists the kinds of records that expiry and corrections keep.
func expiryKinds() []string { return []string{idleKind, remindKind, reinstateKind} }
