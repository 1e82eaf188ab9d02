package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/rewards"
)

// Errors of rewards. What may not happen to a redemption is [rewards.ErrTransition].
var (
	// ErrUnknownReward reports a code that is not in the catalog.
	ErrUnknownReward = errors.New("the catalog has no such reward")
	// ErrNotEligible reports a member who may not redeem a reward; see
	// [IneligibleError].
	ErrNotEligible = errors.New("the member may not redeem this")
	// ErrOutOfStock reports a reward of which too few are left; see [IneligibleError].
	ErrOutOfStock = errors.New("out of stock")
	// ErrUnknownRedemption reports a redemption that the member does not have.
	ErrUnknownRedemption = errors.New("the member has no such redemption")
	// ErrRedemptionExists reports a redemption id in use.
	ErrRedemptionExists = errors.New("the member has a redemption with this id")
	// ErrUnknownVoucher reports a code that no redemption has.
	ErrUnknownVoucher = errors.New("there is no such voucher")
	// ErrOverUse reports a use of more than is left of a gift card.
	ErrOverUse = errors.New("more than is left of the gift card")
)

// IneligibleError says every reason why a member may not redeem a reward. It is an
// [ErrNotEligible], an [ErrOutOfStock] where too few are left, and an [ErrLimit] where a
// limit is reached.
type IneligibleError struct {
	Reward  string
	Reasons []rewards.Reason
}

// Error says every reason.
func (e *IneligibleError) Error() string {
	texts := make([]string, len(e.Reasons))
	for i, reason := range e.Reasons {
		texts[i] = reason.String()
	}
	return fmt.Sprintf("%s %s", e.Reward, strings.Join(texts, "; "))
}

// Is reports that the error is an ErrNotEligible, and what else it is.
func (e *IneligibleError) Is(target error) bool {
	switch target {
	case ErrNotEligible:
		return true
	case ErrOutOfStock:
		return e.has(rewards.OutOfStock)
	case ErrLimit:
		return e.has(rewards.LimitReached)
	default:
		return false
	}
}

func (e *IneligibleError) has(why rewards.Why) bool {
	return slices.ContainsFunc(e.Reasons, func(r rewards.Reason) bool { return r.Why == why })
}
