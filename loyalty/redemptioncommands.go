package loyalty

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// redemptionPlan is the plan of a command about a redemption.
func redemptionPlan(member, key, id string, at time.Time, reason, actor string) Plan {
	return Plan{
		Member: member, Key: key, OccurredAt: at, Reason: reason, Actor: actor, Reference: id,
		Records: []RecordRef{{Kind: redemptionKind, ID: id}},
	}
}

// endingIn adds what a redemption that ends gives back.
func (p Plan) endingIn(revisions []*revision) Plan {
	if everOwnLimits(revisions) {
		p.Records = append(p.Records, RecordRef{Kind: rewardUseKind, ID: rewardUseID})
	}
	return p
}

// IssueRedemption issues a redemption that was reserved: its points are taken, and it
// gets its code. One that is in another state, or has lapsed, is a
// [rewards.TransitionError] that says what may be done with it.
type IssueRedemption struct {
	Member     string `json:"member"`
	Key        string `json:"key"`
	Redemption string `json:"redemption"`
	// Code is the voucher's, where the host has the codes.
	Code       string    `json:"code,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c IssueRedemption) Plan() Plan {
	plan := redemptionPlan(c.Member, c.Key, c.Redemption, c.OccurredAt, c.Reason, c.Actor)
	if c.Code != "" {
		plan.Claims = []storage.ClaimKey{{Space: voucherSpace, Key: c.Code}}
	}
	return plan
}

// Validate reports every problem of the command.
func (c IssueRedemption) Validate() error {
	problems := redemptionProblems("redemption", c.Redemption)
	if c.Code != "" {
		problems = append(problems, redemptionProblems("code", c.Code)...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c IssueRedemption) Apply(ctx context.Context, tx *Tx) error {
	state, err := tx.redemption(c.Redemption)
	if err != nil {
		return err
	}
	if _, err := tx.step(state, rewards.Issue, RedemptionStep{}); err != nil {
		return err
	}
	from := len(tx.entries)
	for i := range state.Parts {
		part := &state.Parts[i]
		if err := tx.captureLot(points.Part{Lot: part.Lot, Amount: part.Amount}, state.ID); err != nil {
			return err
		}
		part.Lot = tx.entries[from+i].Lot
		part.Version, part.Ordinal = tx.row.Version+1, from+i
	}
	if err := tx.handOut(ctx, state, tx.deciding.engine.voucherOf(state), c.Code); err != nil {
		return err
	}
	tx.onReceipt(state)
	return tx.putRedemption(c.Redemption, state)
}

// voucherOf is how codes of a redemption are made, by the revision it was reserved under.
func (e *Engine) voucherOf(state *redemptionState) *rewards.Voucher {
	if n := state.Revision; n >= 1 && n <= int64(len(e.revisions)) {
		if reward := e.revisions[n-1].reward(state.Reward); reward != nil {
			return reward.Voucher
		}
	}
	return nil
}

// FulfillRedemption notes that what was redeemed has been handed over or sent. One that was
// not issued is a [rewards.TransitionError].
type FulfillRedemption struct {
	Member     string `json:"member"`
	Key        string `json:"key"`
	Redemption string `json:"redemption"`
	// Result is what the fulfillment refers to, such as a parcel: up to 128 bytes.
	Result     string    `json:"result,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c FulfillRedemption) Plan() Plan {
	return redemptionPlan(c.Member, c.Key, c.Redemption, c.OccurredAt, c.Reason, c.Actor)
}

// Validate reports every problem of the command.
func (c FulfillRedemption) Validate() error {
	problems := redemptionProblems("redemption", c.Redemption)
	if c.Result != "" {
		problems = append(problems, redemptionProblems("result", c.Result)...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c FulfillRedemption) Apply(_ context.Context, tx *Tx) error {
	state, err := tx.redemption(c.Redemption)
	if err != nil {
		return err
	}
	if _, err := tx.step(state, rewards.Fulfill, RedemptionStep{}); err != nil {
		return err
	}
	state.Result = c.Result
	tx.onReceipt(state)
	return tx.putRedemption(c.Redemption, state)
}

// UseVoucher uses a redemption that was issued, with or without a code: once, or a gift
// card as long as something is left. A code alone is enough for [Engine.UseVoucher].
// What was used, has expired or was cancelled is a [rewards.TransitionError], a code that is
// not the redemption's an [ErrUnknownVoucher], more money than is left an [ErrOverUse].
type UseVoucher struct {
	Member     string `json:"member"`
	Key        string `json:"key"`
	Redemption string `json:"redemption"`
	// Code, if given, must be the redemption's.
	Code string `json:"code,omitempty"`
	// Money is how much of a gift card to use, in its currency; zero is all that is left.
	Money decimal.Decimal `json:"money,omitzero"`
	// Order is what it is used for.
	Order      string    `json:"order,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`

	// stored is the id of the redemption's record, where that is another one.
	stored string
}

// Plan implements [Command].
func (c UseVoucher) Plan() Plan {
	plan := redemptionPlan(c.Member, c.Key, c.Redemption, c.OccurredAt, c.Reason, c.Actor)
	plan.Records[0].ID = c.record()
	return plan
}

func (c UseVoucher) record() string { return cmp.Or(c.stored, c.Redemption) }

// Validate reports every problem of the use.
func (c UseVoucher) Validate() error {
	problems := redemptionProblems("redemption", c.Redemption)
	if c.Code != "" {
		problems = append(problems, redemptionProblems("code", c.Code)...)
	}
	if !c.Money.IsZero() {
		problems = append(problems, points.ValidateMoney("money", c.Money, "", "EUR")...)
	}
	return append(problems, orderProblems(c.Order)...).Err()
}

// Apply implements [Command].
func (c UseVoucher) Apply(_ context.Context, tx *Tx) error {
	state, err := tx.redemption(c.record())
	if err != nil {
		return err
	}
	if c.Code != "" && c.Code != state.Code {
		return fmt.Errorf("%w: it is not that of redemption %q", ErrUnknownVoucher, c.Redemption)
	}
	step, action := RedemptionStep{Order: c.Order}, rewards.Use
	divisible := state.Type == rewards.TypeGiftCard
	if !divisible && !c.Money.IsZero() {
		return invalid("money", "%q is used as a whole: leave it out", state.Reward)
	}
	if divisible && !state.State.Ended() {
		if step.Money = c.Money; c.Money.IsZero() {
			step.Money = state.Left
		}
		if step.Money.GreaterThan(state.Left) {
			return fmt.Errorf("%w: %s %s are left, not %s", ErrOverUse, state.Currency, state.Left, step.Money)
		}
		if state.Left = state.Left.Sub(step.Money); state.Left.IsPositive() {
			action = rewards.UsePart
		}
	}
	if _, err := tx.step(state, action, step); err != nil {
		return err
	}
	// What was used is not given back.
	state.Parts = nil
	tx.onReceipt(state)
	return tx.putRedemption(c.record(), state)
}

// CancelRedemption ends a redemption that was not used. Its points go back to the lots
// that they came from, and keep their expiry: what has expired meanwhile expires at
// once, unless the unit has a grace. Stock and limits are given back too. Money that was
// paid besides is for the host to return. One that the member may not cancel any more is an
// [ErrForbidden], unless Override is set; one of which a part was used always is.
type CancelRedemption struct {
	Member     string `json:"member"`
	Key        string `json:"key"`
	Redemption string `json:"redemption"`
	// Override cancels what the member may not cancel any more. It needs a Reason and an
	// Actor.
	Override   bool      `json:"override,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c CancelRedemption) Plan() Plan {
	return redemptionPlan(c.Member, c.Key, c.Redemption, c.OccurredAt, c.Reason, c.Actor)
}

func (c CancelRedemption) planIn(revisions []*revision) Plan { return c.Plan().endingIn(revisions) }

// Validate reports every problem of the command.
func (c CancelRedemption) Validate() error {
	problems := redemptionProblems("redemption", c.Redemption)
	if c.Override {
		problems = append(problems, accountable(c.Reason, c.Actor)...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c CancelRedemption) Apply(_ context.Context, tx *Tx) error {
	state, err := tx.redemption(c.Redemption)
	if err != nil {
		return err
	}
	if !c.Override && !state.State.Ended() {
		if err := state.mayCancel(tx.now); err != nil {
			return err
		}
	}
	return tx.endRedemption(c.Redemption, state, rewards.Cancel)
}

// mayCancel reports why the member may not cancel.
func (s *redemptionState) mayCancel(now time.Time) error {
	switch {
	case s.Final:
		return fmt.Errorf("%w: a redemption of %q is final", ErrForbidden, s.Reward)
	case !s.CancelBy.IsZero() && !now.Before(s.CancelBy):
		return fmt.Errorf("%w: a redemption of %q could be cancelled until %s", ErrForbidden, s.Reward, s.CancelBy.Format(time.RFC3339))
	}
	return nil
}

// endRedemption ends a redemption by a command.
func (tx *Tx) endRedemption(id string, state *redemptionState, action rewards.Action) error {
	if action == rewards.Cancel && state.partlyUsed() {
		return fmt.Errorf("%w: a part of redemption %q was used", ErrForbidden, state.ID)
	}
	if err := tx.end(state, action); err != nil {
		return err
	}
	tx.onReceipt(state)
	return tx.putRedemption(id, state)
}

func (s *redemptionState) partlyUsed() bool {
	return s.Type == rewards.TypeGiftCard && !s.State.Ended() && s.Left.LessThan(s.Benefit.Amount)
}

// RejectRedemption is an operator's refusal of a redemption that was reserved or issued:
// it gives back what a cancellation gives back.
type RejectRedemption struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	Redemption string    `json:"redemption"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor are needed.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c RejectRedemption) Plan() Plan {
	return redemptionPlan(c.Member, c.Key, c.Redemption, c.OccurredAt, c.Reason, c.Actor)
}

func (c RejectRedemption) planIn(revisions []*revision) Plan { return c.Plan().endingIn(revisions) }

// Validate reports every problem of the command.
func (c RejectRedemption) Validate() error {
	return append(redemptionProblems("redemption", c.Redemption), accountable(c.Reason, c.Actor)...).Err()
}

// Apply implements [Command].
func (c RejectRedemption) Apply(_ context.Context, tx *Tx) error {
	state, err := tx.redemption(c.Redemption)
	if err != nil {
		return err
	}
	if state.partlyUsed() {
		return fmt.Errorf("%w: a part of redemption %q was used", ErrForbidden, state.ID)
	}
	return tx.endRedemption(c.Redemption, state, rewards.Reject)
}
