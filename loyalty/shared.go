package loyalty

import (
	"math"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Claim takes something that is unique across the program's members for the
// member. It returns a [ClaimedError] where it is known to be held, be it by that
// member; the commit checks again. A claim changes once in a command.
func (p *Party) Claim(space, key string) error {
	k, err := p.tx.claimKey(space, key)
	if err != nil {
		return err
	}
	if c, _ := p.tx.deciding.claim(k); c.held {
		return &ClaimedError{Space: space, Key: key, Holder: c.holder}
	}
	p.tx.claims = append(p.tx.claims, storage.ClaimChange{ClaimKey: k, Holder: p.row.Member})
	return nil
}

// Release gives up a claim of the member, or of one who was merged into the member. It
// returns a [ClaimedError] where they are known not to hold it; the commit checks
// again.
func (p *Party) Release(space, key string) error {
	k, err := p.tx.claimKey(space, key)
	if err != nil {
		return err
	}
	holder := p.row.Member
	if c, known := p.tx.deciding.claim(k); known {
		mine := false
		if c.held {
			if mine, err = p.Is(c.holder); err != nil {
				return err
			}
		}
		if !mine {
			return &ClaimedError{Space: space, Key: key, Holder: c.holder}
		}
		holder = c.holder
	}
	p.tx.claims = append(p.tx.claims, storage.ClaimChange{ClaimKey: k, Holder: holder, Release: true})
	return nil
}

func (tx *Tx) claimKey(space, key string) (storage.ClaimKey, error) {
	k := storage.ClaimKey{Space: space, Key: key}
	if err := points.CheckID(space, maxID); err != nil {
		return k, tx.fail(invalid("claim.space", "%v", err))
	}
	if err := points.CheckID(key, maxID); err != nil {
		return k, tx.fail(invalid("claim.key", "%v", err))
	}
	if tx.claimAt(k) >= 0 {
		return k, tx.fail(invalid("claim", "%s %q changes twice in one command", space, key))
	}
	return k, nil
}

func (tx *Tx) claimAt(k storage.ClaimKey) int {
	return slices.IndexFunc(tx.claims, func(c storage.ClaimChange) bool { return c.ClaimKey == k })
}

// Holder returns who holds a claim that the plan names, and whether anybody does,
// after what the command itself has changed. Where that rests on a command about others
// that is not stored yet, this one fails, and is decided again once that is.
func (tx *Tx) Holder(space, key string) (string, bool) {
	k := storage.ClaimKey{Space: space, Key: key}
	if i := tx.claimAt(k); i >= 0 {
		if tx.claims[i].Release {
			return "", false
		}
		return tx.claims[i].Holder, true
	}
	c, _ := tx.deciding.claim(k)
	tx.awaits(c.by)
	return c.holder, c.held
}

// Use adds to a counter of the program, up to a bound. It returns a [LimitError]
// where the counter is known to be too high; the commit checks again. A negative
// delta gives back, whatever the bound, but never more than is used. Several uses
// of one counter add up, and each bound holds for their sum.
func (tx *Tx) Use(key string, delta, bound int64) error {
	if err := points.CheckID(key, maxID); err != nil {
		return tx.fail(invalid("counter.key", "%v", err))
	}
	return tx.use(key, delta, bound)
}

// use is Use, also of a counter with a key that only the library makes.
func (tx *Tx) use(key string, delta, bound int64) error {
	return tx.useShard(storage.CounterKey{Key: key}, delta, bound)
}

// useShard is use of one shard of a counter.
func (tx *Tx) useShard(k storage.CounterKey, delta, bound int64) error {
	i := tx.counterAt(k)
	change := storage.CounterChange{CounterKey: k, Bound: math.MaxInt64}
	if i >= 0 {
		change = tx.counters[i]
	}
	c := tx.deciding.counter(k)
	used := c.used + change.Delta
	switch {
	case delta > 0 && (bound < delta || used > bound-delta):
		return &LimitError{Key: k.Key, Used: used, Bound: bound}
	case delta < 0 && (change.Delta < math.MinInt64-delta || c.loaded && used+delta < 0):
		return tx.fail(invalid("counter", "%s: %d used, %d cannot be given back", k.Key, used, -delta))
	case delta > 0:
		change.Bound = min(change.Bound, bound)
	}
	if change.Delta += delta; i >= 0 {
		tx.counters[i] = change
	} else {
		tx.counters = append(tx.counters, change)
	}
	tx.counters = slices.DeleteFunc(tx.counters, func(c storage.CounterChange) bool { return c.Delta == 0 })
	return nil
}

func (tx *Tx) counterAt(k storage.CounterKey) int {
	return slices.IndexFunc(tx.counters, func(c storage.CounterChange) bool { return c.CounterKey == k })
}

// awaits lets the command be decided by itself, after a call of other accounts that it
// rests on: that call may still fail, and this one's commit would not notice.
func (tx *Tx) awaits(before *call) {
	if before == nil || before == tx.call || tx.deciding.alone {
		return
	}
	for i := range tx.call.accounts() {
		if before.touches(tx.call.member(i)) {
			return
		}
	}
	tx.deciding.wantsAlone = true
	_ = tx.fail(errAlone) // It is remembered as the Tx's failure.
}

// Used returns how much of a counter that the plan names is used, after what the
// command itself has used. Where that rests on a command about others that is not
// stored yet, this one fails, and is decided again once that is.
func (tx *Tx) Used(key string) int64 {
	k := storage.CounterKey{Key: key}
	c := tx.deciding.counter(k)
	tx.awaits(c.by)
	if i := tx.counterAt(k); i >= 0 {
		return c.used + tx.counters[i].Delta
	}
	return c.used
}

// claimed is what a round knows of a claim, and by which of its calls.
type claimed struct {
	holder string
	held   bool
	by     *call
}

// counted is what a round knows of a counter, and by which of its calls. Where it
// was not loaded, used is only what those calls used.
type counted struct {
	used   int64
	loaded bool
	by     *call
}

// noted is what a round knew of a claim or counter before a call changed it.
type noted struct {
	claim      storage.ClaimKey
	wasClaimed claimed
	counter    storage.CounterKey
	wasCounted counted
	isCounter  bool
	known      bool
}

// claim returns what is known of a claim, and whether anything is.
func (d *deciding) claim(k storage.ClaimKey) (claimed, bool) {
	c, known := d.claims[k]
	if c.by != nil {
		d.rests = append(d.rests, c.by)
	}
	return c, known
}

// counter returns what is known of a counter.
func (d *deciding) counter(k storage.CounterKey) counted {
	c := d.counters[k]
	if c.by != nil {
		d.rests = append(d.rests, c.by)
	}
	return c
}

func (d *deciding) know(k storage.ClaimKey, c claimed) {
	if d.claims == nil {
		d.claims = map[storage.ClaimKey]claimed{}
	}
	d.claims[k] = c
}

func (d *deciding) knowCounter(k storage.CounterKey, c counted) {
	if d.counters == nil {
		d.counters = map[storage.CounterKey]counted{}
	}
	d.counters[k] = c
}

// learnShared takes in the claims and counters that a request asked for, also
// those that do not exist.
func (d *deciding) learnShared(request storage.LoadRequest, snap *storage.Snapshot) {
	for _, k := range request.Claims {
		d.know(k, claimed{})
	}
	for _, c := range snap.Claims {
		d.know(storage.ClaimKey{Space: c.Space, Key: c.Key}, claimed{holder: c.Holder, held: true})
	}
	for _, k := range request.Counters {
		d.knowCounter(k, counted{loaded: true})
	}
	for _, c := range snap.Counters {
		d.knowCounter(storage.CounterKey{Key: c.Key, Shard: c.Shard}, counted{used: c.Used, loaded: true})
	}
}

// asksFor adds to the plan what a Tx changed of claims and counters without
// knowing them, and reports whether there is any. A command learns of them from its
// commit; a quote has none, and is decided again.
func (c *call) asksFor(d *deciding, tx *Tx) bool {
	claims, counters := len(c.plan.Claims), len(c.plan.Counters)
	for _, change := range tx.claims {
		if _, known := d.claims[change.ClaimKey]; !known {
			c.plan.Claims = addOnce(c.plan.Claims, change.ClaimKey)
		}
	}
	for _, change := range tx.counters {
		if !d.counters[change.CounterKey].loaded {
			c.plan.Counters = addOnce(c.plan.Counters, change.CounterKey)
		}
	}
	return len(c.plan.Claims) > claims || len(c.plan.Counters) > counters
}

// note remembers claims and counters for the calls that are decided next.
func (d *deciding) note(c *call, tx *Tx) {
	for _, change := range tx.claims {
		was, known := d.claims[change.ClaimKey]
		d.noted = append(d.noted, noted{claim: change.ClaimKey, wasClaimed: was, known: known})
		d.know(change.ClaimKey, claimed{holder: change.Holder, held: !change.Release, by: c})
	}
	for _, change := range tx.counters {
		was, known := d.counters[change.CounterKey]
		d.noted = append(d.noted, noted{counter: change.CounterKey, wasCounted: was, known: known, isCounter: true})
		d.knowCounter(change.CounterKey, counted{used: was.used + change.Delta, loaded: was.loaded, by: c})
	}
}

// forget undoes what the current call noted.
func (d *deciding) forget() {
	for _, n := range slices.Backward(d.noted) {
		switch {
		case n.isCounter && n.known:
			d.counters[n.counter] = n.wasCounted
		case n.isCounter:
			delete(d.counters, n.counter)
		case n.known:
			d.claims[n.claim] = n.wasClaimed
		default:
			delete(d.claims, n.claim)
		}
	}
	d.noted = d.noted[:0]
}
