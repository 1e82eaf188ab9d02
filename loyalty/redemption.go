package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	// redemptionKind is the kind of the records of redemptions: the status is the state.
	redemptionKind = "redemption"
	// voucherSpace is where codes of vouchers are claimed.
	voucherSpace = "voucher"
)

// Redemption is a reward that a member redeemed, by the terms of when that was.
type Redemption struct {
	// Member is whose it is, ID the member's name for it.
	Member string `json:"member,omitempty"`
	ID     string `json:"id"`
	// Reward is the code of the reward, in revision Revision of the program.
	Reward   string       `json:"reward"`
	Type     rewards.Type `json:"type"`
	Label    string       `json:"label,omitempty"`
	Revision int64        `json:"revision"`
	// State is where it stands, until Until if nothing else happens; points.Never is for
	// ever.
	State rewards.State `json:"state,omitempty"`
	Until time.Time     `json:"until,omitzero"`
	// Quantity is how many, Price what they cost together, and Benefit what the member
	// gets for each.
	Quantity int64           `json:"quantity"`
	Price    rewards.Cost    `json:"price,omitzero"`
	Benefit  rewards.Benefit `json:"benefit,omitzero"`
	// Money of Currency is what points were exchanged for, Left what is left of a gift
	// card.
	Money    decimal.Decimal `json:"money,omitzero"`
	Left     decimal.Decimal `json:"left,omitzero"`
	Currency string          `json:"currency,omitempty"`
	// Code is the voucher's, if it has one.
	Code string `json:"code,omitempty"`
	// Channel is where it was redeemed.
	Channel string `json:"channel,omitempty"`
	// Result is what its fulfillment refers to, such as a parcel.
	Result string `json:"result,omitempty"`
	// Steps tells what happened to it, the oldest first. Of very many uses of a part the
	// oldest are left out.
	Steps []RedemptionStep `json:"steps,omitempty"`
}

// RedemptionStep is one thing that happened to a redemption.
type RedemptionStep struct {
	Action rewards.Action `json:"action"`
	// At is when it was recorded, or what time did was due, and OccurredAt when it
	// happened, by the caller, where that is another instant. Both are in UTC.
	At         time.Time `json:"at"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Actor      string    `json:"actor,omitempty"`
	// Money is how much of a gift card was used, for Order.
	Money decimal.Decimal `json:"money,omitzero"`
	Order string          `json:"order,omitempty"`
}

// maxSteps bounds the steps that a redemption keeps.
const maxSteps = 40

// String says where a redemption stands.
func (r Redemption) String() string {
	text := r.Reward
	if r.Quantity > 1 {
		text = fmt.Sprintf("%d × %s", r.Quantity, r.Reward)
	}
	text += " is " + string(r.State)
	if r.Code != "" {
		text += ", code " + r.Code
	}
	if r.Left.IsPositive() {
		text += fmt.Sprintf(", %s %s left", r.Currency, r.Left)
	}
	return text
}

// redemptionState is the document of a redemption's record: what is told of it, and
// what the engine needs besides.
type redemptionState struct {
	Redemption
	// Parts are the points that it took, Taken what it took of stock and of limits for
	// all members, and Marks the periods of the member's own limits.
	Parts []tenderPart   `json:"p,omitempty"`
	Taken []takenCounter `json:"t,omitempty"`
	Marks []string       `json:"m,omitempty"`
	// CancelBy and Final say whether the member may cancel, Valid and Lapse what follows
	// the issue.
	CancelBy time.Time     `json:"c,omitzero"`
	Final    bool          `json:"f,omitempty"`
	Valid    points.Expiry `json:"v,omitzero"`
	Lapse    rewards.Lapse `json:"l,omitempty"`
	// Uses are those of a gift card that Steps does not tell any more.
	Uses []cardUse `json:"u,omitempty"`
}

// takenCounter is what was taken of a counter.
type takenCounter struct {
	Key   string `json:"k"`
	Shard int    `json:"s,omitempty"`
	N     int64  `json:"n"`
}

// redemption returns a redemption of the party's, or ErrUnknownRedemption.
func (p *Party) redemption(id string) (*redemptionState, error) {
	row, exists, err := p.Record(redemptionKind, id)
	if err != nil {
		return nil, err
	}
	if !exists || row.Status == erasedState {
		return nil, fmt.Errorf("%w: %q", ErrUnknownRedemption, id)
	}
	state, err := redemptionOf(row)
	if err != nil {
		return nil, p.tx.fail(err)
	}
	return state, nil
}

// redemptionOf reads a redemption's record.
func redemptionOf(row storage.Record) (*redemptionState, error) {
	state := &redemptionState{}
	if err := json.Unmarshal(row.Data, state); err != nil {
		return nil, fmt.Errorf("loyalty: record %s %q of %s: %w", row.Kind, row.ID, AccountName(row.Member), err)
	}
	state.Member, state.State, state.Until = row.Member, rewards.State(row.Status), row.DueAt
	return state, nil
}

// putRedemption stores a redemption, under the id that it has in this account, and puts
// it on the receipt.
func (p *Party) putRedemption(id string, state *redemptionState) error {
	stored := *state
	stored.Member, stored.State, stored.Until = "", "", time.Time{}
	data, err := canon.Append(make([]byte, 0, 512), &stored)
	if err != nil {
		return p.tx.fail(err)
	}
	row := storage.Record{
		Kind: redemptionKind, ID: id, Status: string(state.State), Reference: state.Reward, DueAt: state.Until, Data: data,
	}
	if state.Code != "" {
		row.Reference = state.Code
	}
	if len(state.Steps) > 0 {
		row.Sort = state.Steps[0].At.Format("2006-01-02T15:04:05.000000Z")
	}
	row.Lots = stillTaken(state.Parts)
	return p.putOwn(row)
}

// onReceipt puts a redemption on the receipt.
func (tx *Tx) onReceipt(state *redemptionState) {
	told := state.Redemption
	told.Member, told.Steps = "", nil
	for _, money := range []*decimal.Decimal{
		&told.Price.Cash, &told.Money, &told.Left, &told.Benefit.Amount, &told.Benefit.Percent, &told.Benefit.AtMost, &told.Benefit.MinimumOrder,
	} {
		*money = shortest(*money)
	}
	tx.receipt.Redemption = &told
}

// step moves a redemption on, or says why it may not.
func (p *Party) step(state *redemptionState, action rewards.Action, more RedemptionStep) (rewards.Transition, error) {
	next, err := state.State.Next(action)
	if err != nil {
		return next, fmt.Errorf("redemption %q of %s: %w", state.ID, state.Reward, err)
	}
	state.State = next.To
	more.Action, more.At = action, p.tx.occurred
	if !p.tx.settling {
		more.At, more.Actor = p.tx.now, p.tx.plan.Actor
		if !p.tx.occurred.Equal(p.tx.now) {
			more.OccurredAt = p.tx.occurred
		}
	}
	state.Steps = append(slices.Clip(state.Steps), more)
	if len(state.Steps) > maxSteps {
		i := max(0, slices.IndexFunc(state.Steps, func(s RedemptionStep) bool { return s.Action == rewards.UsePart }))
		state.keepUse(state.Steps[i])
		state.Steps = slices.Delete(state.Steps, i, i+1)
	}
	if state.State.Ended() {
		state.Until = points.Never
	}
	return next, nil
}

// end ends a redemption, and gives back what it took where the transition says so.
func (p *Party) end(state *redemptionState, action rewards.Action) error {
	before, partly := state.State, state.partlyUsed()
	next, err := p.step(state, action, RedemptionStep{})
	if err != nil {
		return err
	}
	back := next.Returns == rewards.GivesBack || next.Returns == rewards.ByLapse && state.Lapse == rewards.LapseReturns
	if !back || partly {
		state.Parts = nil
		return nil
	}
	return p.takeNothing(state, before)
}

// takeNothing gives back points, stock and limits of a redemption. Points go to the
// lots that they came from and keep their expiry.
func (p *Party) takeNothing(state *redemptionState, before rewards.State) error {
	pattern := points.Entry{Kind: points.EntryReturn, From: points.Redeemed, Reference: state.ID, OccurredAt: p.tx.occurred}
	if before == rewards.Reserved {
		pattern.Kind, pattern.From = points.EntryVoid, points.Held
	}
	state.Parts = slices.Clone(state.Parts)
	lots := make([]points.LotID, len(state.Parts))
	for i := range state.Parts {
		lots[i] = state.Parts[i].Lot
	}
	if err := p.needLots(lots); err != nil {
		return err
	}
	for i := range state.Parts {
		part := &state.Parts[i]
		lot, err := p.lot(part.Lot)
		if before == rewards.Reserved {
			lot, err = p.heldLot(points.Part{Lot: part.Lot, Amount: part.Amount})
		}
		if err != nil {
			return err
		}
		entry := pattern
		if before != rewards.Reserved {
			entry.Corrects = points.EntryRef{Version: part.Version, Ordinal: part.Ordinal}
		}
		if err := p.comeBack(lot, part.Amount-part.Back, entry); err != nil {
			return err
		}
		part.Back = part.Amount
	}
	taken, marks := state.Taken, state.Marks
	state.Taken, state.Marks = nil, nil
	return p.untake(state.Reward, taken, marks, state.Quantity)
}

// untake gives back what some of a reward took of limits and stock.
func (p *Party) untake(reward string, taken []takenCounter, marks []string, quantity int64) error {
	for _, t := range taken {
		if err := p.tx.useShard(storage.CounterKey{Key: t.Key, Shard: t.Shard}, -t.N, 0); err != nil {
			return err
		}
	}
	return p.unmark(reward, marks, quantity)
}

// settleRedemption is the settle step of a redemption whose time has come.
func (p *Party) settleRedemption(row storage.Record) error {
	state, err := redemptionOf(row)
	if err != nil {
		return p.tx.fail(err)
	}
	p.tx.plan.Reference = state.ID
	if err := p.end(state, rewards.Expire); err != nil {
		return err
	}
	if err := p.Emit("redemption-expired", state.told()); err != nil {
		return err
	}
	return p.putRedemption(row.ID, state)
}

// redemptionSettler lets redemptions expire.
type redemptionSettler struct{}

// Settle implements Settler.
func (redemptionSettler) Settle(_ context.Context, tx *Tx, row storage.Record) error {
	return tx.settleRedemption(row)
}

// told is what an event tells of a redemption: no code, since who has it has the reward.
func (s *redemptionState) told() any {
	return struct {
		ID     string        `json:"id"`
		Reward string        `json:"reward"`
		State  rewards.State `json:"state"`
	}{s.ID, s.Reward, s.State}
}

// moveRedemption moves a redemption into another account, whose lots hold the points
// now. Its code stays claimed by who redeemed it.
func (p *Party) moveRedemption(into *Party, row storage.Record) error {
	id, err := p.freeID(into, redemptionKind, row.ID)
	if err != nil {
		return err
	}
	if row.Status == erasedState {
		row.ID = id
		return into.putOwn(row)
	}
	state, err := redemptionOf(row)
	if err != nil {
		return p.tx.fail(err)
	}
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	if state.Parts, err = p.moveParts(into, state.Parts, state.State == rewards.Reserved); err != nil {
		return err
	}
	return into.putRedemption(id, state)
}

// renames reports whether a redemption has no name of its own with the survivor of a merge
// that is undone: it came with one of those who go, and the survivor had used its id.
func (m *moveStep) renames(row storage.Record) bool {
	if !reserved(row.ID) || row.Status == erasedState {
		return false
	}
	state, err := redemptionOf(row)
	return err == nil && slices.ContainsFunc(m.with, func(member string) bool { return movedID(member, state.ID) == row.ID })
}

// renameRedemption gives a redemption an id that is free: who it came from, by whom it was
// found under its old one, has redemptions of their own again.
func (p *Party) renameRedemption(row storage.Record) error {
	state, err := redemptionOf(row)
	if err != nil {
		return p.tx.fail(err)
	}
	if state.ID, err = p.freeName(redemptionKind, state.ID); err != nil {
		return err
	}
	if err := p.needLots(row.Lots); err != nil {
		return err
	}
	if err := p.putRedemption(state.ID, state); err != nil {
		return err
	}
	return p.leaveBehind(row.Kind, row.ID)
}

// eraseRedemption takes out what a redemption tells of a person. One that is reserved
// ends, and nobody can use the code of one that is not. Of a gift card its money stays.
func (p *Party) eraseRedemption(row storage.Record) error {
	state, err := redemptionOf(row)
	if err != nil {
		return p.tx.fail(err)
	}
	if state.State == rewards.Reserved {
		if err := p.takeNothing(state, rewards.Reserved); err != nil {
			return err
		}
	}
	erased := storage.Record{Kind: row.Kind, ID: row.ID, Status: erasedState}
	if kept := state.books(p.tx.now); kept != nil {
		if erased.Data, err = canon.Append(nil, kept); err != nil {
			return p.tx.fail(err)
		}
	}
	return p.putOwn(erased)
}
