package loyalty

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// RewardsQuery says more about what [Engine.Rewards] is asked; nil and the zero value
// are good defaults.
type RewardsQuery struct {
	// Channel is where the member asks. A reward that is for channels is for no other.
	Channel string
	// Quantity is how many are wanted; 0 is 1.
	Quantity int64
}

// Rewards answers for every reward of the program's catalog, in its order, whether a
// member can redeem it now, and else every reason why not, with what is missing and when
// that ends. It is as of now, as [Engine.Member] is, and costs one load. What it says of
// stock may be taken by others before the member redeems it.
func (e *Engine) Rewards(ctx context.Context, member string, query *RewardsQuery) ([]rewards.Offer, error) {
	if query == nil {
		query = &RewardsQuery{}
	}
	offers, err := e.offers(ctx, member, query)
	if err != nil {
		return nil, fmt.Errorf("loyalty: rewards of %s: %w", AccountName(member), err)
	}
	return offers, nil
}

func (e *Engine) offers(ctx context.Context, member string, query *RewardsQuery) ([]rewards.Offer, error) {
	if query.Quantity < 0 || query.Quantity > rewards.MaxQuantity {
		return nil, invalid("quantity", "%d: must be 1 to %d, or left out", query.Quantity, rewards.MaxQuantity)
	}
	return e.offersAt(ctx, member, instant(e.options.Clock()), query)
}

func (e *Engine) offersAt(ctx context.Context, member string, now time.Time, query *RewardsQuery) ([]rewards.Offer, error) {
	rev := revisionAt(e.revisions, now)
	var records []storage.RecordKey
	if everOwnLimits(e.revisions) {
		records = append(records, storage.RecordKey{Kind: rewardUseKind, ID: rewardUseID})
	}
	reading := reading{member: member, at: now, records: func([]string) []storage.RecordKey { return records }}
	shelf := rev.shelfAt(e.revisions, now)
	reading.counters = shelf.keys
	if err := e.read(ctx, &reading); err != nil {
		return nil, err
	}
	if reading.at.After(now) {
		// The account is ahead of the clock, perhaps in another period.
		return e.offersAt(ctx, member, reading.at, query)
	}
	profile := Profile{}
	if tell := e.options.Profile; tell != nil {
		var err error
		if profile, err = tell(ctx, reading.account.id, reading.at); err != nil {
			return nil, fmt.Errorf("profile of the member: %w", err)
		}
	}
	env, err := e.offerEnv(&reading, rev, &profile)
	if err != nil {
		return nil, err
	}
	env.Channel, env.Quantity = query.Channel, query.Quantity
	return reading.evaluate(rev, env, shelf)
}

// offerEnv is what an evaluation of the catalog knows of an account that was read.
func (e *Engine) offerEnv(r *reading, rev *revision, profile *Profile) (*rewards.Env, error) {
	m, err := newMember(r.account.row, r.account.lots, nil, r.at)
	if err != nil {
		return nil, err
	}
	env := &rewards.Env{
		At: r.at, Zone: rev.zone, EnrolledAt: m.EnrolledAt, Segments: profile.Segments, Balances: m.Balances,
		Closed: r.account.row.Status == storage.Closed || slices.Contains(m.Shut, RedeemGate),
	}
	env.Tiers, env.EarlyAccess = rev.standing(profile.Tiers, r.account.row.Standing)
	for _, maturing := range m.Maturing {
		env.Maturing = append(env.Maturing, rewards.Maturing{Unit: maturing.Unit, At: maturing.At, Points: maturing.Points})
	}
	return env, nil
}

// evaluate evaluates a catalog, reward by reward, with what is left of each.
func (r *reading) evaluate(rev *revision, env *rewards.Env, shelf *shelf) ([]rewards.Offer, error) {
	use := rewardUse{}
	if i := r.account.recordAt(rewardUseKind, rewardUseID); i >= 0 && r.account.records[i].exists {
		var err error
		if use, err = rewardUseOf(r.account.records[i].row); err != nil {
			return nil, err
		}
	}
	var left []int64
	env.Used = func(reward *rewards.Reward, limit rewards.Limit) int64 {
		if limit.All {
			return gone(reward, left, &limit)
		}
		return use.times(reward.Code, shelf.now.period(limit.Per).name)
	}
	env.Sold = func(reward *rewards.Reward) int64 {
		if reward.Stock == 0 {
			return 0
		}
		return gone(reward, left, nil)
	}
	offers := make([]rewards.Offer, len(rev.Catalog))
	for i := range rev.Catalog {
		left = left[:0]
		for j := range shelf.lists[i] {
			left = append(left, r.deciding.leftOf(&shelf.lists[i][j]))
		}
		offers[i] = rev.Catalog[i].Offer(env)
	}
	return offers, nil
}

// leftOf is how much is left of a budget, by what was loaded.
func (d *deciding) leftOf(b *budget) int64 {
	var left, sum int64
	for i := range b.stored {
		used := d.counters[storage.CounterKey{Key: b.key, Shard: i}].used
		left += max(0, b.bound(i)-used)
		sum += used
	}
	return max(0, min(left, b.total-sum))
}

// Redemption returns a redemption of a member by its id, as of now.
func (e *Engine) Redemption(ctx context.Context, member, id string) (Redemption, error) {
	r, err := e.redemption(ctx, member, id)
	if err != nil {
		return Redemption{}, fmt.Errorf("loyalty: redemption %q of %s: %w", points.Clip(id), AccountName(member), err)
	}
	return r, nil
}

func (e *Engine) redemption(ctx context.Context, member, id string) (Redemption, error) {
	if err := points.CheckID(id, maxID); err != nil {
		return Redemption{}, invalid("id", "%v", err)
	}
	return e.redemptionStored(ctx, member, id)
}

// redemptionStored is redemption by the id that the record has under the member.
func (e *Engine) redemptionStored(ctx context.Context, member, id string) (Redemption, error) {
	ids := func(aliases []string) []storage.RecordKey {
		keys := []storage.RecordKey{{Kind: redemptionKind, ID: id}}
		for _, alias := range aliases {
			keys = append(keys, storage.RecordKey{Kind: redemptionKind, ID: movedID(alias, id)})
		}
		return keys
	}
	reading := reading{member: member, at: instant(e.options.Clock()), records: ids}
	if err := e.read(ctx, &reading); err != nil {
		return Redemption{}, err
	}
	for _, key := range slices.Backward(ids(reading.aliases)) {
		i := reading.account.recordAt(key.Kind, key.ID)
		if i < 0 || !reading.account.records[i].exists {
			continue
		}
		row := reading.account.records[i].row
		if Moved(row) || row.Status == erasedState {
			continue
		}
		state, err := redemptionOf(row)
		if err != nil {
			return Redemption{}, err
		}
		return state.Redemption, nil
	}
	return Redemption{}, ErrUnknownRedemption
}

// Redemptions iterates over the redemptions of a member, in order of their ids. One whose
// time has come since the account was settled last is shown as it is stored: see its
// Until. An erased member is [ErrErased].
func (e *Engine) Redemptions(ctx context.Context, member string) iter.Seq2[Redemption, error] {
	return func(yield func(Redemption, error) bool) {
		e.yieldRedemptions(ctx, storage.RecordQuery{Program: e.program, Member: member, Kind: redemptionKind}, yield)
	}
}

// RedemptionsOf iterates over the redemptions of a reward in a state, the oldest first,
// of all members: what is to be fulfilled. A reward with codes has none here. The listing
// may lag behind what was just committed, but shows nothing of who was erased, see [Records].
func (e *Engine) RedemptionsOf(ctx context.Context, reward string, state rewards.State) iter.Seq2[Redemption, error] {
	return func(yield func(Redemption, error) bool) {
		e.yieldRedemptions(ctx, storage.RecordQuery{
			Program: e.program, Kind: redemptionKind, Reference: reward, Status: string(state),
		}, yield)
	}
}

func (e *Engine) yieldRedemptions(ctx context.Context, query storage.RecordQuery, yield func(Redemption, error) bool) {
	for row, err := range Records(ctx, e.store, query) {
		if err != nil {
			of := ""
			if query.Member != "" {
				of = " of " + AccountName(query.Member)
			}
			yield(Redemption{}, fmt.Errorf("loyalty: redemptions%s: %w", of, err))
			return
		}
		state, err := redemptionOf(row)
		if err != nil {
			yield(Redemption{}, err)
			return
		}
		if !yield(state.Redemption, nil) {
			return
		}
	}
}

// Voucher finds the redemption that has a code, as of now. The code is compared as it is
// stored; [rewards.ParseCode] makes that of what somebody typed. To know whether it can be
// used, and for what, look at the redemption, or quote a [UseVoucher].
func (e *Engine) Voucher(ctx context.Context, code string) (Redemption, error) {
	found, err := e.findVoucher(ctx, code)
	if err != nil {
		return Redemption{}, fmt.Errorf("loyalty: voucher: %w", err)
	}
	r, err := e.redemptionStored(ctx, found.member, found.stored)
	if errors.Is(err, ErrErased) || errors.Is(err, ErrUnknownRedemption) || err == nil && r.Code != code {
		err = ErrUnknownVoucher
	}
	if err != nil {
		return Redemption{}, fmt.Errorf("loyalty: voucher: %w", err)
	}
	return r, nil
}

// foundVoucher is where the redemption of a code is.
type foundVoucher struct {
	// holder redeemed the code, by the id, whatever has become of the member since.
	holder, id string
	// member has the redemption now, under the stored id.
	member, stored string
}

// findVoucher finds the redemption of a code. It may be with another member than the one
// that the code's holder goes by now: a merge that was undone leaves it with the survivor.
func (e *Engine) findVoucher(ctx context.Context, code string) (foundVoucher, error) {
	if err := points.CheckID(code, maxID); err != nil {
		return foundVoucher{}, invalid("code", "%v", err)
	}
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: storage.ReservedPrefix, Claims: []storage.ClaimKey{{Space: voucherSpace, Key: code}},
	}})
	if err != nil {
		return foundVoucher{}, err
	}
	if len(snaps[0].Claims) == 0 {
		return foundVoucher{}, ErrUnknownVoucher
	}
	holder := snaps[0].Claims[0].Holder
	query := storage.RecordQuery{Program: e.program, Kind: redemptionKind, Reference: code}
	found, err := e.redemptionWith(ctx, query, code)
	if err == nil && found.id == "" {
		// The listing across members may lag behind; that of one member does not.
		var survivor string
		if survivor, err = e.survivor(ctx, holder); err != nil {
			return foundVoucher{}, err
		}
		found, err = e.redemptionWith(ctx, storage.RecordQuery{Program: e.program, Kind: redemptionKind, Member: survivor}, code)
	}
	if err == nil && found.id == "" {
		err = ErrUnknownVoucher
	}
	found.holder = holder
	return found, err
}

// redemptionWith returns where the redemption with a code is that a listing has, or
// nothing.
func (e *Engine) redemptionWith(ctx context.Context, query storage.RecordQuery, code string) (foundVoucher, error) {
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return foundVoucher{}, err
		}
		if row.Reference != code || Moved(row) || row.Status == erasedState {
			continue
		}
		state, err := redemptionOf(row)
		if err != nil {
			return foundVoucher{}, err
		}
		if state.Code == code {
			return foundVoucher{id: state.ID, member: row.Member, stored: row.ID}, nil
		}
	}
	return foundVoucher{}, nil
}

// UseVoucher is Do of a UseVoucher of which only the code is known: where Member or
// Redemption is missing, it looks up whose the code is. The same key again gives the same
// receipt; keys are kept under the member who redeemed the code, or, where a merge that
// was undone has left the redemption with the survivor, under the survivor.
func (e *Engine) UseVoucher(ctx context.Context, use UseVoucher) (Receipt, error) {
	if use.Member != "" && use.Redemption != "" {
		return e.Do(ctx, use)
	}
	found, err := e.findVoucher(ctx, use.Code)
	if err != nil {
		return Receipt{}, fmt.Errorf("loyalty: use of a voucher: %w", err)
	}
	// Who redeemed it comes first: a use that was made in their name is not made again.
	use.Member, use.Redemption = found.holder, found.id
	receipt, err := e.Do(ctx, use)
	elsewhere := errors.Is(err, ErrUnknownRedemption) || errors.Is(err, ErrUnknownVoucher) || errors.Is(err, ErrErased)
	if !elsewhere {
		return receipt, err
	}
	use.Member, use.stored = found.member, found.stored
	return e.Do(ctx, use)
}

// reading is an account as it is at an instant: loaded, and settled without storing.
type reading struct {
	member string
	// at moves on to the account's last recorded time.
	at time.Time
	// records lists what to load, of an account that was named by the aliases.
	records  func(aliases []string) []storage.RecordKey
	counters []storage.CounterKey

	deciding *deciding
	account  *account
	aliases  []string
}

// counterChunk is how many counters one request asks for.
const counterChunk = 500

// read reads an account.
func (e *Engine) read(ctx context.Context, r *reading) error {
	if err := points.CheckID(r.member, maxID); err != nil {
		return invalid("member", "%v", err)
	}
	member := r.member
	for range e.options.Attempts {
		d := &deciding{
			engine: e, ctx: ctx, store: e.store, quote: true, alone: true, accounts: map[string]*account{},
			claims: map[storage.ClaimKey]claimed{}, counters: make(map[storage.CounterKey]counted, len(r.counters)),
		}
		requests := []storage.LoadRequest{{
			Program: e.program, Member: member, DueBy: r.at, DueLimit: memberLots,
			Debits: []storage.Debit{{Limit: memberLots}}, Records: slices.Concat(r.records(r.aliases), e.kept.records),
		}}
		for chunk := range slices.Chunk(r.counters, counterChunk) {
			requests = append(requests, storage.LoadRequest{Program: e.program, Member: member, Counters: chunk})
		}
		snaps, err := d.load(ctx, requests)
		if err != nil {
			return err
		}
		if snaps[0].Account == nil {
			return ErrNotEnrolled
		}
		if d.learn(requests, snaps) != nil {
			continue
		}
		next, again, err := e.settleReading(ctx, r, d, member, &snaps[0])
		if err != nil {
			return err
		}
		if member = next; !again {
			return nil
		}
	}
	return ErrContention
}

// settleReading makes what was loaded what is now. It returns the account to read, and
// whether to read again.
func (e *Engine) settleReading(ctx context.Context, r *reading, d *deciding, member string, snap *storage.Snapshot) (string, bool, error) {
	a := d.accounts[member]
	life, err := a.life()
	switch {
	case err != nil:
		return member, false, err
	case life.erased():
		return member, false, ErrErased
	case life != nil && life.Into != "":
		r.aliases = append(r.aliases, member)
		return life.Into, true, nil
	case r.at.Before(a.row.RecordedAt):
		if r.at = a.row.RecordedAt; !a.row.DueAt.After(r.at) {
			return member, true, nil
		}
	}
	if len(snap.Lots) >= memberLots || snap.MoreDue {
		if whole, err := e.learnAll(ctx, a); err != nil || !whole {
			return member, true, err
		}
	}
	err = d.settle(e.dueCall(member, r.at), a, r.at)
	if errors.Is(err, errStale) {
		return member, true, nil
	}
	if err != nil {
		return member, false, err
	}
	if life != nil && len(life.Moving) > 0 {
		if same, err := e.learnMoving(ctx, a, life.Moving, r.at); err != nil || !same {
			return member, true, err
		}
	}
	r.deciding, r.account = d, a
	return member, false, nil
}
