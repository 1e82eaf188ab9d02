package loyalty

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
)

// policyProblems reports every problem of the policies about expiry and corrections.
func (p *Program) policyProblems() points.Problems {
	return slices.Concat(reminderProblems(p.Reminders, p.Units), p.refundProblems(), transferProblems(p.Transfers, p.Units),
		limitProblems(p.Limits, p.Units), reviewProblems(p.Review, p.Units))
}

// expiryKinds lists the kinds of records that expiry and corrections keep.
func expiryKinds() []string {
	return []string{idleKind, remindKind, reinstateKind, tenderKind, limitKind, standingKind}
}
