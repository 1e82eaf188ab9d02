package loyalty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Redeem takes a reward of the program's catalog for points: points, stock, limits and
// the redemption change together or not at all. A reward without a Reserve is issued at
// once, one with it is reserved up to a deadline, with the points on hold, until
// [IssueRedemption], [RejectRedemption] or [CancelRedemption]. What the terms were is
// kept with the redemption: a later revision of the program changes nothing for it.
//
// Stock and limits for all members are never exceeded. What a reservation that lapsed, or
// a redemption that expired, gives back of them is there for others once RunDue, or a
// command on its member, has booked it: where reservations are short, let RunDue run often.
//
// Windows, prices and limits are decided at the recorded time. A member who may not
// redeem it learns every reason with an [IneligibleError], one with too few points what
// is missing with an [InsufficientPointsError]. Where the price is another than the member was
// shown, that is a [PriceError].
type Redeem struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Redemption names the redemption in later commands; it is unique per member: 1 to
	// 128 bytes of UTF-8.
	Redemption string `json:"redemption"`
	// Reward is the code of a reward of the catalog.
	Reward string `json:"reward"`
	// Quantity is how many; 0 is 1. A reward with codes is redeemed one by one.
	Quantity int64 `json:"quantity,omitempty"`
	// Option chooses among the ways to pay that the reward has.
	Option string `json:"option,omitempty"`
	// Points is how many points to exchange, of a reward with an exchange.
	Points points.Amount `json:"points,omitempty"`
	// Price is what the member was shown that all of them cost together: one of the costs
	// of an offer of [Engine.Rewards], Times the quantity. Any other is a [PriceError].
	// Left out, the price of now is taken, whatever it is.
	Price *rewards.Cost `json:"price,omitempty"`
	// Worth is the money that the member was shown for Points, of a reward with an
	// exchange; any other is a [PriceError].
	Worth decimal.Decimal `json:"worth,omitzero"`
	// Channel is where the member redeems.
	Channel string `json:"channel,omitempty"`
	// Code is the voucher's, where the host has the codes and does not give them by
	// [Options].VoucherCode.
	Code string `json:"code,omitempty"`
	// Until makes it a reservation up to then, whatever the reward says.
	Until      time.Time `json:"until,omitzero"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// VoucherRequest asks the host for a code.
type VoucherRequest struct {
	Program string
	Member  string
	// Redemption names what the code is for: the same redemption of the same member must
	// get the same code, however often it is asked for.
	Redemption string
	Reward     string
}

// Plan implements [Command].
func (c Redeem) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Redemption,
		Records: []RecordRef{{Kind: redemptionKind, ID: c.Redemption}},
	}
}

// planAt also asks for the points, stock and limits of the reward.
func (c Redeem) planAt(revisions []*revision, now time.Time) Plan {
	plan := c.Plan()
	rev := revisionAt(revisions, now)
	reward := rev.reward(c.Reward)
	if reward == nil {
		return plan
	}
	plan.needReward(revisions, rev, reward, now)
	if c.Code != "" {
		plan.Claims = []storage.ClaimKey{{Space: voucherSpace, Key: c.Code}}
	}
	if reward.Exchange != nil {
		plan.Debits = []Debit{{Unit: reward.Exchange.Unit, Amount: max(0, c.Points)}}
		return plan
	}
	for _, unit := range reward.Units() {
		most := points.Amount(0)
		for _, price := range reward.Prices {
			if price.Option != c.Option || price.Unit != unit {
				continue
			}
			if total, err := price.Cost().Times(max(1, c.Quantity)); err == nil {
				most = max(most, total.Points)
			}
		}
		if most > 0 {
			plan.Debits = append(plan.Debits, Debit{Unit: unit, Amount: most})
		}
	}
	return plan
}

// needReward asks for the stock and limits of a reward.
func (p *Plan) needReward(revisions []*revision, rev *revision, reward *rewards.Reward, now time.Time) {
	for _, b := range sharedOf(revisions, reward, &moment{at: now, zone: rev.zone}) {
		p.Counters = append(p.Counters, b.counters()...)
	}
	if ownLimits(reward) {
		p.Records = append(p.Records, RecordRef{Kind: rewardUseKind, ID: rewardUseID})
	}
}

// Validate reports every problem of the redemption.
func (c Redeem) Validate() error {
	problems := redemptionProblems("redemption", c.Redemption)
	if ownEntryID(c.Redemption) {
		problems.Add("redemption", "ids that begin with %q are those of rewards for entering tiers", entryPrefix)
	}
	problems = append(problems, points.ValidateCode("reward", c.Reward)...)
	if c.Quantity < 0 || c.Quantity > rewards.MaxQuantity {
		problems.Add("quantity", "%d: must be 1 to %d, or left out", c.Quantity, rewards.MaxQuantity)
	}
	if c.Option != "" {
		problems = append(problems, points.ValidateCode("option", c.Option)...)
	}
	if c.Points < 0 {
		problems.Add("points", "%d: must not be negative", c.Points)
	}
	for _, text := range []struct{ path, value string }{{"channel", c.Channel}, {"code", c.Code}} {
		if text.value == "" {
			continue
		}
		if err := points.CheckID(text.value, maxID); err != nil {
			problems.Add(text.path, "%v", err)
		}
	}
	problems = append(problems, shownProblems(c.Price, c.Option, c.Worth)...)
	if !dated(c.Until) {
		problems.Add("until", "the year must be 1970 to 9999")
	}
	return problems.Err()
}

func redemptionProblems(path, id string) points.Problems {
	var problems points.Problems
	if err := points.CheckID(id, maxID); err != nil {
		problems.Add(path, "%v", err)
	}
	return problems
}

// Apply implements [Command].
func (c Redeem) Apply(ctx context.Context, tx *Tx) error {
	reward := tx.rev.reward(c.Reward)
	if reward == nil {
		return fmt.Errorf("%w: %q", ErrUnknownReward, c.Reward)
	}
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	r, err := tx.newRedeeming(reward, c.Redemption, max(1, c.Quantity))
	if err != nil {
		return err
	}
	if err := r.eligible(ctx, c.Channel); err != nil {
		return err
	}
	if err := r.price(c.Option, c.Points); err != nil {
		return err
	}
	if err := r.shown(c.Price, c.Worth); err != nil {
		return err
	}
	if err := r.take(); err != nil {
		return err
	}
	if r.state.Marks, err = tx.mark(reward, r.state.Quantity); err != nil {
		return err
	}
	r.state.Channel = c.Channel
	if until, reserves, err := c.reserves(tx, reward); err != nil {
		return err
	} else if reserves {
		return r.reserve(until, c.Code)
	}
	return r.issue(ctx, c.Code)
}

// reserves says until when the redemption is reserved, if it is.
func (c Redeem) reserves(tx *Tx, reward *rewards.Reward) (time.Time, bool, error) {
	if !c.Until.IsZero() {
		if !c.Until.After(tx.now) {
			return time.Time{}, false, invalid("until", "%s is not after now (%s)", c.Until.Format(time.RFC3339), tx.now.Format(time.RFC3339))
		}
		return instant(c.Until), true, nil
	}
	if reward.Reserve == (points.Span{}) {
		return time.Time{}, false, nil
	}
	return reward.Reserve.After(tx.now, tx.rev.zone), true, nil
}

// redeeming is a redemption on its way.
type redeeming struct {
	p      *Party
	tx     *Tx
	reward *rewards.Reward
	state  *redemptionState
	now    moment
	// shared is what is counted for all members, as sharedOf lists it.
	shared []budgetState
	tiers  []string
}

// newRedeeming begins a redemption of the party's, by the terms of now, under an id that it
// must not have.
func (p *Party) newRedeeming(reward *rewards.Reward, id string, quantity int64) (*redeeming, error) {
	if _, exists, err := p.Record(redemptionKind, id); err != nil {
		return nil, err
	} else if exists {
		return nil, fmt.Errorf("%w: %q", ErrRedemptionExists, id)
	}
	return p.beginRedeeming(reward, id, quantity)
}

// beginRedeeming begins a redemption of the party's, by the terms of now.
func (p *Party) beginRedeeming(reward *rewards.Reward, id string, quantity int64) (*redeeming, error) {
	tx := p.tx
	if reward.Coded() && quantity > 1 {
		return nil, invalid("quantity", "%q has codes: redeem them one by one", reward.Code)
	}
	r, err := p.offering(reward, quantity)
	if err != nil {
		return nil, err
	}
	r.state.ID = id
	if reward.CancelWithin != (points.Span{}) {
		r.state.CancelBy = reward.CancelWithin.After(tx.now, tx.rev.zone)
	}
	if reward.Divisible() {
		r.state.Left, r.state.Currency = reward.Benefit.Amount, reward.Benefit.Currency
	}
	return r, nil
}

// offering is a reward of which the party wants some, with what is left of it.
func (p *Party) offering(reward *rewards.Reward, quantity int64) (*redeeming, error) {
	tx := p.tx
	r := &redeeming{p: p, tx: tx, reward: reward, now: moment{at: tx.now, zone: tx.rev.zone}, state: &redemptionState{
		Redemption: Redemption{
			Member: p.Member(), Reward: reward.Code, Type: reward.Type, Label: reward.Label, Revision: tx.rev.number, Until: points.Never,
			Quantity: quantity, Benefit: reward.Benefit,
		},
		Final: reward.Final, Valid: reward.Valid, Lapse: reward.Lapse,
	}}
	for _, b := range sharedOf(tx.deciding.engine.revisions, reward, &r.now) {
		state, err := tx.budget(b)
		if err != nil {
			return nil, err
		}
		r.shared = append(r.shared, state)
	}
	return r, nil
}

// eligible reports why the member may not redeem the reward, price aside.
func (r *redeeming) eligible(ctx context.Context, channel string) error {
	profile, err := r.tx.Profile(ctx)
	if err != nil {
		return err
	}
	use := rewardUse{}
	if ownLimits(r.reward) {
		if use, err = r.p.rewardUse(); err != nil {
			return err
		}
	}
	env := rewards.Env{
		At: r.tx.now, Zone: r.tx.rev.zone, Channel: channel, EnrolledAt: r.p.row.EnrolledAt, Quantity: r.state.Quantity,
		Segments: profile.Segments,
		Used: func(reward *rewards.Reward, limit rewards.Limit) int64 {
			if limit.All {
				return gone(reward, r.left(), &limit)
			}
			return use.times(reward.Code, r.now.period(limit.Per).name)
		},
		Sold: func(reward *rewards.Reward) int64 { return gone(reward, r.left(), nil) },
	}
	env.Tiers, env.EarlyAccess = r.tx.rev.standing(profile.Tiers, r.p.row.Standing)
	if reasons := r.reward.Refuse(&env); len(reasons) > 0 {
		return &IneligibleError{Reward: r.reward.Code, Reasons: reasons}
	}
	r.tiers = env.Tiers
	return nil
}

// left is how much is left of what is counted for all members.
func (r *redeeming) left() []int64 {
	left := make([]int64, len(r.shared))
	for i := range r.shared {
		left[i] = r.shared[i].left()
	}
	return left
}

// price sets what the redemption costs.
func (r *redeeming) price(option string, exchanged points.Amount) error {
	x := r.reward.Exchange
	switch {
	case x == nil && exchanged != 0:
		return invalid("points", "%q has a price: leave it out", r.reward.Code)
	case x != nil && option != "":
		return invalid("option", "%q has an exchange: leave it out", r.reward.Code)
	case x != nil:
		if err := x.Check(exchanged); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		r.state.Price = rewards.Cost{Unit: x.Unit, Points: exchanged}
		r.state.Money, r.state.Currency = x.Worth(exchanged), x.Currency
		return nil
	}
	cost, ok := r.reward.Cost(option, r.tiers, r.tx.now, r.tx.rev.zone)
	if !ok {
		if !slices.Contains(r.reward.Options(), option) {
			return invalid("option", "%q is no way to pay for %q", option, r.reward.Code)
		}
		return &IneligibleError{Reward: r.reward.Code, Reasons: []rewards.Reason{{Why: rewards.NoPrice}}}
	}
	total, err := cost.Times(r.state.Quantity)
	if err != nil {
		return invalid("quantity", "%v", err)
	}
	r.state.Price = total
	return nil
}

// take takes from the stock and from the limits for all members.
func (r *redeeming) take() error {
	for i := range r.shared {
		taken, err := r.tx.takeShared(&r.shared[i], r.state.Quantity)
		if _, full := errors.AsType[*LimitError](err); full && r.shared[i].key == stockKey(r.reward.Code) {
			return &IneligibleError{Reward: r.reward.Code, Reasons: []rewards.Reason{{Why: rewards.OutOfStock, Left: max(0, r.shared[i].left())}}}
		}
		if err != nil {
			return err
		}
		r.state.Taken = append(r.state.Taken, taken...)
	}
	return nil
}

// reserve sets the points aside.
func (r *redeeming) reserve(until time.Time, code string) error {
	if code != "" {
		return invalid("code", "the redemption is reserved: its code is given when it is issued")
	}
	if _, err := r.p.step(r.state, rewards.Reserve, RedemptionStep{}); err != nil {
		return err
	}
	r.state.Until = until
	if err := r.pay(points.Entry{Kind: points.EntryHold, To: points.Held}); err != nil {
		return err
	}
	return r.put()
}

// issue takes the points and issues the redemption.
func (r *redeeming) issue(ctx context.Context, code string) error {
	if _, err := r.p.step(r.state, rewards.Issue, RedemptionStep{}); err != nil {
		return err
	}
	if err := r.pay(points.Entry{Kind: points.EntrySpend, To: points.Redeemed}); err != nil {
		return err
	}
	if err := r.p.handOut(ctx, r.state, r.reward.Voucher, code); err != nil {
		return err
	}
	return r.put()
}

func (r *redeeming) put() error {
	r.tx.onReceipt(r.state)
	return r.p.putRedemption(r.state.ID, r.state)
}

// pay debits the price.
func (r *redeeming) pay(pattern points.Entry) error {
	price := &r.state.Price
	if price.Points == 0 {
		return nil
	}
	pattern.Reference, pattern.OccurredAt = r.state.ID, r.tx.occurred
	parts, err := r.p.debit(price.Unit, price.Points, pattern)
	if err != nil {
		return err
	}
	from := len(r.p.entries) - len(parts)
	for i, part := range parts {
		r.state.Parts = append(r.state.Parts, tenderPart{
			Unit: price.Unit, Lot: part.Lot, Amount: part.Amount, Version: r.p.row.Version + 1, Ordinal: from + i,
		})
	}
	return nil
}

// handOut sets from when to when an issued redemption is valid, and gives it a code.
func (p *Party) handOut(ctx context.Context, state *redemptionState, voucher *rewards.Voucher, code string) error {
	state.Until = points.Never
	if state.Valid != (points.Expiry{}) {
		state.Until = state.Valid.From(p.tx.reached(), p.tx.rev.zone)
	}
	switch {
	case voucher == nil && code != "":
		return invalid("code", "%q has no codes: leave it out", state.Reward)
	case voucher == nil:
		return nil
	case !voucher.Host && code != "":
		return invalid("code", "the codes of %q are drawn: leave it out", state.Reward)
	case voucher.Host:
		return p.hostCode(ctx, state, code)
	case p.tx.quote:
		// A quote has no code, since nobody must take it for one.
		return nil
	}
	return p.drawCode(state, voucher)
}

// hostCode claims a code of the host's.
func (p *Party) hostCode(ctx context.Context, state *redemptionState, code string) error {
	ask := p.tx.deciding.engine.options.VoucherCode
	switch {
	case code == "" && ask == nil:
		return invalid("code", "the host has the codes of %q: give one, or set Options.VoucherCode", state.Reward)
	case code == "" && p.tx.quote:
		return nil
	case code == "":
		var err error
		code, err = ask(ctx, VoucherRequest{Program: p.row.Program, Member: p.Member(), Redemption: state.ID, Reward: state.Reward})
		if err != nil {
			return fmt.Errorf("code of reward %q: %w", state.Reward, err)
		}
		if err := points.CheckID(code, maxID); err != nil {
			return p.tx.fail(fmt.Errorf("loyalty: code of reward %q from the host: %w", state.Reward, err))
		}
	}
	state.Code = code
	return p.Claim(voucherSpace, code)
}

// codeDraws is how many codes are drawn before a redemption gives up.
const codeDraws = 16

// drawCode draws a code and claims it. One that turns out to be taken when it is
// committed is known to be when the command is decided again, and passed over.
func (p *Party) drawCode(state *redemptionState, voucher *rewards.Voucher) error {
	chance := p.tx.Rand()
	for range codeDraws {
		code, err := rewards.NewCode(chance, voucher)
		if err != nil {
			return p.tx.fail(err)
		}
		if c, _ := p.tx.deciding.claim(storage.ClaimKey{Space: voucherSpace, Key: code}); c.held {
			continue
		}
		state.Code = code
		return p.Claim(voucherSpace, code)
	}
	return p.tx.fail(fmt.Errorf("loyalty: %d codes that were drawn for %q are taken: make its codes longer", codeDraws, state.Reward))
}

// GrantReward issues a reward for nothing and whatever its conditions, but not beyond
// its stock: an operator's gift.
type GrantReward struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Redemption names the redemption in later commands; it is unique per member: 1 to
	// 128 bytes of UTF-8.
	Redemption string `json:"redemption"`
	// Reward is the code of a reward of the catalog.
	Reward string `json:"reward"`
	// Code is the voucher's, where the host has the codes.
	Code       string    `json:"code,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	// Reason and Actor are needed.
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// Plan implements [Command].
func (c GrantReward) Plan() Plan {
	return Redeem{
		Member: c.Member, Key: c.Key, Redemption: c.Redemption, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor,
	}.Plan()
}

func (c GrantReward) planAt(revisions []*revision, now time.Time) Plan {
	plan := c.Plan()
	if reward := revisionAt(revisions, now).reward(c.Reward); reward != nil && reward.Stock > 0 {
		plan.Counters = stockOf(revisions, reward).counters()
	}
	if c.Code != "" {
		plan.Claims = []storage.ClaimKey{{Space: voucherSpace, Key: c.Code}}
	}
	return plan
}

// Validate reports every problem of the gift.
func (c GrantReward) Validate() error {
	var problems points.Problems
	if own, ok := errors.AsType[points.Problems](Redeem{Redemption: c.Redemption, Reward: c.Reward, Code: c.Code}.Validate()); ok {
		problems = own
	}
	return append(problems, accountable(c.Reason, c.Actor)...).Err()
}

// accountable reports a reason or an actor that is missing.
func accountable(reason, actor string) points.Problems {
	var problems points.Problems
	if reason == "" {
		problems.Add("reason", "say why")
	}
	if actor == "" {
		problems.Add("actor", "say who does it")
	}
	return problems
}

// Apply implements [Command].
func (c GrantReward) Apply(ctx context.Context, tx *Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	return tx.grant(ctx, c.Redemption, c.Reward, c.Code)
}

// grant issues a reward for nothing.
func (p *Party) grant(ctx context.Context, id, code, voucher string) error {
	reward := p.tx.rev.reward(code)
	if reward == nil {
		return fmt.Errorf("%w: %q", ErrUnknownReward, code)
	}
	free := *reward
	free.Limits = nil
	r, err := p.newRedeeming(&free, id, 1)
	if err != nil {
		return err
	}
	if err := r.take(); err != nil {
		return err
	}
	r.state.Money = decimal.Zero
	return r.issue(ctx, voucher)
}
