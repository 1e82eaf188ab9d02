package loyalty

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

const (
	orderKind  = "order"
	orderSpace = "order"
)

// Earn awards points for an order that is final and paid. An order earns once in
// the program, or once per member where the program says so: again under another
// key is [ErrOrderEarned].
//
// With Pay it is a checkout: points pay for a part of the order and the order earns, in one
// commit. The receipt's Payment says what is left to pay in money. What points paid is
// a tender of the order, which earns as the basis of each rule says, and so is what the
// shop forgives of the last fraction. A [Refund] of the order splits what comes back into
// points and money. Points are taken at the recorded time, by the terms of then. Where they lie
// in more than 100 lots, they are gathered in several commits under the one key, as those of
// a [Spend] are: the checkout is done or not done as a whole, and one that dies goes on when
// it is asked again, or gives the points back within 15 minutes.
type Earn struct {
	Member string       `json:"member"`
	Key    string       `json:"key"`
	Order  points.Order `json:"order"`
	// Pay pays for a part of the order with points, if any. The order then names no tender
	// in points.
	Pay *PayPoints `json:"pay,omitempty"`
	// OccurredAt decides which revision and which rules apply; zero is now.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Earn) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Order.ID,
		Records: []RecordRef{{Kind: orderKind, ID: c.Order.ID}},
	}
}

// planIn leaves out the order's record where every order is claimed.
func (c Earn) planIn(revisions []*revision) Plan {
	plan := c.Plan()
	if !everPerMember(revisions) {
		plan.Records = nil
	}
	return plan
}

// everPerMember reports whether some revision lets order ids be per member, so
// that an order may have earned without a claim.
func everPerMember(revisions []*revision) bool {
	return slices.ContainsFunc(revisions, func(r *revision) bool { return r.OrdersPerMember })
}

func (c Earn) claimsIn(p *Program) []storage.ClaimKey {
	if p.OrdersPerMember {
		return nil
	}
	return []storage.ClaimKey{{Space: orderSpace, Key: c.Order.ID}}
}

// Validate reports every problem of the order.
func (c Earn) Validate() error {
	err := underPath("order", c.Order.Validate())
	paying := c.Pay.problems(&c.Order)
	if len(paying) == 0 {
		return err
	}
	problems, _ := errors.AsType[points.Problems](err)
	return append(problems, paying...).Err()
}

// Apply implements [Command].
func (c Earn) Apply(ctx context.Context, tx *Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if err := c.claim(tx); err != nil {
		return err
	}
	earning, err := tx.newEarning(ctx)
	if err != nil {
		return err
	}
	order := c.Order
	if c.Pay != nil {
		if order, err = c.pay(ctx, tx); err != nil {
			return err
		}
	}
	rev := earning.rev
	result, err := points.EvaluateOrder(rev.Earning, rev.Units, order, earning.env)
	if err != nil {
		return earnRefusal(err)
	}
	awards := result.Awards
	state := orderState{Version: tx.row.Version + 1}
	tx.receipt.Awards = make([]AwardReceipt, 0, len(awards))
	lots := make([]points.LotID, 0, len(awards))
	for i, award := range awards {
		if len(tx.entries) > 0 {
			state.Entries = append(state.Entries, make([]int, i-len(state.Entries))...)
			state.Entries = append(state.Entries, len(tx.entries))
		}
		made, err := tx.award(rev, award, c.Order.ID, c.Order.Currency)
		if err != nil {
			return err
		}
		lots = append(lots, made...)
	}
	state.OrderState = points.NewOrderState(order, awards)
	if everCut(tx.deciding.engine.revisions) {
		state.Currency = c.Order.Currency
	}
	state.Counts = earning.counts(result.Uses)
	if rev.counts(awards) {
		state.Day = tiers.DayOf(tx.occurred, rev.zone)
	}
	if err := earning.finish(result, circumstances{channel: c.Order.Channel, store: c.Order.Store, currency: c.Order.Currency}); err != nil {
		return err
	}
	id, origin, err := tx.newOrderID(orderKind, c.Order.ID)
	if err != nil {
		return err
	}
	state.As, state.Via = origin.As, origin.Via
	return tx.putOrder(id, state, lots)
}

func (c Earn) claim(tx *Tx) error {
	if everPerMember(tx.deciding.engine.revisions) {
		id, _, err := tx.newOrderID(orderKind, c.Order.ID)
		if err != nil {
			return err
		}
		_, exists, err := tx.record(orderKind, id)
		if err != nil {
			return err
		}
		if exists {
			return &ClaimedError{Space: orderSpace, Key: c.Order.ID, Holder: c.Member}
		}
	}
	if tx.rev.OrdersPerMember {
		return nil
	}
	err := tx.Claim(orderSpace, c.Order.ID)
	if claimed, held := errors.AsType[*ClaimedError](err); held {
		tx.refusal = claimed
		return nil
	}
	return err
}

// orderState is what an account keeps of an order that earned.
type orderState struct {
	points.OrderState
	// Version is the account version of the award, Entries the ordinals of its
	// awards' first entries where they are not all 0.
	Version int64 `json:"v,omitempty"`
	Entries []int `json:"o,omitempty"`
	// Counts has what rules counted.
	Counts []countState `json:"c,omitempty"`
	// From is the member under whom the order earned, where that is another one:
	// Version and Entries are then of their account.
	From string `json:"from,omitempty"`
	// Hops are the merges that brought it, the last one last.
	Hops []orderHop `json:"hops,omitempty"`
	// Currency is the order's, where missing points are worth money. Short counts those that
	// refunds did not find, of each award.
	Currency string          `json:"cur,omitempty"`
	Short    []points.Amount `json:"short,omitempty"`
	// Day is that on which the order's metrics counted.
	Day tiers.Day `json:"day,omitempty"`
	// As is the order's id, where the record has another one.
	As string `json:"as,omitempty"`
	// Via is the member in whose name the order earned, who was merged into another one
	// by then: it stays there when the merge is undone.
	Via string `json:"via,omitempty"`
	// With is who has such an order, and Name what it is called there, in the mark that
	// keeps it from earning again in the name of who went.
	With string `json:"with,omitempty"`
	Name string `json:"name,omitempty"`
}

// entry names the first entry of the i-th award.
func (s *orderState) entry(i int) points.EntryRef {
	if s.From != "" {
		return points.EntryRef{}
	}
	ref := points.EntryRef{Version: s.Version}
	if i < len(s.Entries) {
		ref.Ordinal = s.Entries[i]
	}
	return ref
}

// putOrder stores an order under the id as it is stored.
func (p *Party) putOrder(id string, state orderState, lots []points.LotID) error {
	data, err := canon.Append(make([]byte, 0, 128), &state)
	if err != nil {
		return p.tx.fail(err)
	}
	row := storage.Record{Kind: orderKind, ID: id, Lots: lots, Data: data}
	if state.With != "" {
		row.Status = staysStatus
	}
	return p.putOwn(row)
}

// award books one award and explains it on the receipt. It returns the lots: one, or
// several where rules give points that live differently long.
func (tx *Tx) award(rev *revision, award points.Award, reference, currency string) ([]points.LotID, error) {
	unit, _ := rev.Unit(award.Unit)
	byRule := award.ByRule()
	rules := rev.explain(award, byRule, currency)
	if unit.Kind == points.Metric {
		for _, share := range byRule {
			if err := tx.countFor(unit.Code, share, reference, rev.number); err != nil {
				return nil, err
			}
		}
		tx.receipt.Awards = append(tx.receipt.Awards, AwardReceipt{Unit: award.Unit, Points: award.Points, Rules: rules})
		return nil, nil
	}
	from := rev.activation(&unit, award.Points).From(tx.occurred, rev.zone)
	var lots []points.LotID
	for _, part := range tx.byExpiry(rev, &unit, byRule) {
		receipt := AwardReceipt{Unit: award.Unit, Points: part.points, Rules: rulesOf(rules, part.shares)}
		if part.points > 0 {
			lot, err := tx.credit(unit, part.points, creditTerms{
				source: reference, from: points.Issued, kind: points.EntryEarn, at: tx.occurred, qualifies: true,
				revision: rev.number, shares: part.shares,
				availableFrom: from, expiresAt: part.expiry.From(from, rev.zone),
			})
			if err != nil {
				return nil, err
			}
			receipt.Lot, receipt.AvailableFrom, receipt.ExpiresAt = lot.ID, lot.AvailableFrom, lot.ExpiresAt
			lots = append(lots, lot.ID)
		}
		tx.receipt.Awards = append(tx.receipt.Awards, receipt)
	}
	return lots, nil
}

// rulesOf returns the explanations of the rules that have shares.
func rulesOf(rules []RuleReceipt, shares []points.Share) []RuleReceipt {
	if len(rules) == len(shares) {
		return rules
	}
	var of []RuleReceipt
	for _, rule := range rules {
		if slices.ContainsFunc(shares, func(share points.Share) bool { return share.Rule == rule.Rule }) {
			of = append(of, rule)
		}
	}
	return of
}

func (tx *Tx) countFor(unit string, share points.Share, reference string, revision int64) error {
	if share.Points == 0 {
		return nil
	}
	return tx.book(points.Entry{
		Unit: unit, Kind: points.EntryCount, From: points.Source, To: points.Counted, Amount: share.Points,
		Rule: share.Rule, Reference: reference, Revision: revision, OccurredAt: tx.occurred,
	})
}

// shortest writes a number as the stored receipt will: without zeros at the end of
// its decimals, and without a power of ten.
func shortest(d decimal.Decimal) decimal.Decimal {
	if d.IsZero() {
		return decimal.Decimal{}
	}
	exponent := d.Exponent()
	if exponent == 0 {
		return d
	}
	coefficient := d.Coefficient()
	if exponent > 0 || !coefficient.IsInt64() {
		return decimal.RequireFromString(d.String())
	}
	n := coefficient.Int64()
	if n%10 != 0 {
		return d
	}
	for ; exponent < 0 && n%10 == 0; exponent++ {
		n /= 10
	}
	return decimal.New(n, exponent)
}

func (r *revision) rule(code string) *points.Rule {
	for i := range r.Earning {
		if r.Earning[i].Code == code {
			return &r.Earning[i]
		}
	}
	return nil
}
