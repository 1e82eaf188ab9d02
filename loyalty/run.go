package loyalty

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// run takes calls through rounds of load, decide and commit until each is
// finished.
func (e *Engine) run(ctx context.Context, calls []*call) {
	ctx, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
	defer cancel()
	for len(calls) > 0 {
		calls = e.round(ctx, calls, len(calls) == 1)
		calls = e.limit(ctx, calls)
	}
}

// maxDoubts bounds how often a command is committed again after an outcome that
// is unknown; it is looked up by its key each time, and once more at the end.
const maxDoubts = 8

// unknown is the error of a call that may or may not be stored.
func (c *call) unknown(err error) error {
	if why := errors.Join(c.doubt, err); why != nil {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, why)
	}
	return ErrOutcomeUnknown
}

// limit finishes the calls that have been decided often enough, and lets the
// others wait a little where they have met several conflicts.
func (e *Engine) limit(ctx context.Context, calls []*call) []*call {
	rest := calls[:0]
	worst := 0
	for _, c := range calls {
		switch {
		case c.attempts >= e.options.Attempts && c.doubts > 0:
			c.finish(nil, c.unknown(nil))
		case c.attempts >= e.options.Attempts:
			c.finish(nil, ErrContention)
		default:
			worst = max(worst, c.attempts)
			rest = append(rest, c)
		}
	}
	if worst > 2 && len(rest) > 0 {
		wait(ctx, backOff(rest[0], worst))
	}
	return rest
}

// backOff grows with the attempts, and differs between callers without a random
// source.
func backOff(c *call, attempts int) time.Duration {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s/%s/%d", c.plan.Member, c.plan.Key, attempts)
	top := min(attempts, 16) * int(time.Millisecond)
	return time.Duration(int(h.Sum32()) % top)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// round loads, decides and commits once, and returns the calls that are to be
// decided again.
func (e *Engine) round(ctx context.Context, calls []*call, alone bool) []*call {
	return e.leftovers(ctx, e.decideAll(ctx, calls, alone).commit())
}

// decidedRound is a round that is decided and not committed yet.
type decidedRound struct {
	*deciding
	// decided calls are accepted or answered; the others are left for later.
	decided, left []*call
}

// decideAll loads what calls need and decides them.
func (e *Engine) decideAll(ctx context.Context, calls []*call, alone bool) *decidedRound {
	d := &deciding{
		engine: e, ctx: ctx, store: e.store, alone: alone, quote: calls[0].quote,
		accounts: make(map[string]*account, len(calls)),
	}
	d.batches, d.owners = d.batchSpace[:0], d.ownerSpace[:0]
	requests := e.requests(calls)
	snaps, err := d.load(ctx, requests)
	if err != nil {
		failAll(calls, func(c *call) error { return e.loadError(c, err) })
		return &decidedRound{deciding: d}
	}
	torn := d.learn(requests, snaps)
	r := &decidedRound{deciding: d, decided: make([]*call, 0, len(calls))}
	held := map[string]struct{}{}
	// Once a call is led to another account, whose that is and where it ends is not
	// known before the next load: later calls wait, but for those that are led too.
	led := false
	for i, c := range calls {
		c.verdict, c.stored, c.place = undecided, false, i
		switch {
		case anyTorn(torn, c):
			c.attempts++
		case c.doubts >= maxDoubts && d.accounts[c.plan.Member].operation(c.plan.Key) == nil:
			c.finish(nil, c.unknown(nil))
			continue
		case !c.waits(held) && (!led || d.leads(c)):
			d.decide(c)
		}
		switch c.verdict {
		case accepted, answered:
			r.decided = append(r.decided, c)
			if c.verdict == answered && c.loose() {
				c.hold(held)
			}
			continue
		case stale:
			c.attempts++
		case moved:
			c.attempts++
			led = true
		}
		r.left = append(r.left, c)
		c.hold(held)
		// One that waits is about another account, too.
		led = led || c.verdict == undecided && d.leads(c)
	}
	return r
}

// commit stores what was decided, and returns the calls that are not finished, in
// order.
func (r *decidedRound) commit() []*call {
	left := append(r.left, r.engine.conclude(r.deciding, r.decided)...)
	slices.SortFunc(left, func(a, b *call) int { return a.place - b.place })
	return left
}

// leftovers goes on with the calls that a round could not finish, in order, and
// returns those to be decided again. A call whose account an earlier one still
// needs, or that an earlier one may change the answer of, waits for it.
func (e *Engine) leftovers(ctx context.Context, left []*call) []*call {
	var again []*call
	held := map[string]struct{}{}
	for _, c := range left {
		verdict := c.verdict
		done := verdict == accepted || verdict == answered
		if !done && (c.waits(held) || c.restsOn(again)) {
			verdict = undecided
		}
		switch verdict {
		case accepted, answered:
			e.closeOut(ctx, c)
		case lonely:
			for rest := []*call{c}; len(rest) > 0; {
				rest = e.limit(ctx, e.round(ctx, rest, true))
			}
		case gathers:
			e.gather(ctx, c)
		case backlogged:
			if err := e.settleBacklog(ctx, c); err != nil {
				c.finish(nil, err)
				continue
			}
			again = append(again, c)
			c.hold(held)
		case unfinished:
			if err := e.finishAll(ctx, c); err != nil {
				c.finish(nil, err)
				continue
			}
			again = append(again, c)
			c.hold(held)
		default:
			again = append(again, c)
			c.hold(held)
		}
	}
	return again
}

// restsOn reports whether what a call was decided by came from one of the calls.
func (c *call) restsOn(calls []*call) bool {
	return slices.ContainsFunc(c.rests, func(before *call) bool { return slices.Contains(calls, before) })
}

func anyTorn(torn map[string]bool, c *call) bool {
	for i := range c.accounts() {
		if torn[c.member(i)] {
			return true
		}
	}
	return false
}

func failAll(calls []*call, why func(*call) error) {
	for _, c := range calls {
		c.finish(nil, why(c))
	}
}

func (e *Engine) loadError(c *call, err error) error {
	if c.doubts > 0 {
		return c.unknown(err)
	}
	return fmt.Errorf("%w: %w", errNotStored, err)
}

// errNotStored reports a store that could not be asked: it says nothing about the
// command or the account.
var errNotStored = errors.New("nothing is stored")

// requests turns the plans of calls into load requests, one for each account of
// each call. Debits of one unit add up along the group, and what several calls need of
// one account is asked for once.
func (e *Engine) requests(calls []*call) []storage.LoadRequest {
	requests := make([]storage.LoadRequest, 0, len(calls))
	var asked asked
	if len(calls) > 1 {
		asked = map[string]*askedOf{}
	}
	for _, c := range calls {
		for i := range c.accounts() {
			request := storage.LoadRequest{
				Program: e.program, Member: c.member(i), DueBy: instant(c.now), DueLimit: c.dueLimit, Lock: e.bound,
			}
			if i == 0 {
				request.Key, request.Claims, request.Counters = c.plan.Key, c.plan.Claims, c.plan.Counters
			}
			if c.openLots > 0 {
				request.Debits = append(request.Debits, storage.Debit{Limit: c.openLots})
			}
			c.plan.addTo(&request, i == 0)
			request.Records = append(request.Records, e.kept.records...)
			requests = append(requests, request)
			if asked != nil {
				asked.once(requests)
			}
		}
	}
	return requests
}

// unknownAmountLots is how many lots are loaded for a debit whose amount is not
// known yet.
const unknownAmountLots = 8

// addTo adds what the plan needs of one account.
func (p *Plan) addTo(request *storage.LoadRequest, main bool) {
	mine := func(member string) bool { return member == request.Member || (main && member == "") }
	for _, r := range p.Records {
		if mine(r.Member) {
			request.Records = append(request.Records, storage.RecordKey{Kind: r.Kind, ID: r.ID})
		}
	}
	for _, l := range p.Lots {
		if mine(l.Member) {
			request.Lots = append(request.Lots, l.ID)
		}
	}
	for _, debit := range p.Debits {
		if !mine(debit.Member) || debit.Amount < 0 {
			continue
		}
		ask := storage.Debit{Unit: debit.Unit, After: request.DueBy, Amount: debit.Amount, Limit: maxLotsPerCommit + 1}
		if debit.Amount == 0 {
			ask.Limit = unknownAmountLots
		}
		request.Debits = append(request.Debits, ask)
	}
}

// learn takes what was loaded into the working state, and returns the members
// whose rows were not all of one version.
func (d *deciding) learn(requests []storage.LoadRequest, snaps []storage.Snapshot) map[string]bool {
	var torn map[string]bool
	for i := range requests {
		request, snap := requests[i], &snaps[i]
		a := d.accounts[request.Member]
		first := a == nil
		if first {
			a = &account{id: request.Member}
			d.accounts[request.Member] = a
		}
		if !a.merge(request, snap, first) {
			if torn == nil {
				torn = map[string]bool{}
			}
			torn[request.Member] = true
		}
		d.learnShared(request, snap)
	}
	for _, a := range d.accounts {
		a.boundKnown = a.fallsDueAt(a.bound)
	}
	return torn
}

// conclude commits what was decided and finishes the calls whose answer stands.
// It returns those to be decided again.
func (e *Engine) conclude(d *deciding, decided []*call) []*call {
	if err := d.ctx.Err(); err != nil {
		failAll(decided, func(c *call) error { return e.loadError(c, err) })
		return nil
	}
	bad := e.commit(d)
	var again []*call
	for _, c := range decided {
		outcome, failed := bad[c]
		c.stored = c.verdict == accepted && !failed
		switch {
		case failed:
			c.verdict = stale
			if e.retry(c, outcome) {
				again = append(again, c)
				if c.doubts > 1 && len(decided) > 1 {
					c.verdict = lonely // what a store refuses of one call fails all that it is asked with
				}
			}
		case c.verdict == answered && !c.stands():
			e.observer.Retry(c.typ)
			c.verdict = stale
			again = append(again, c)
		case c.more:
			c.more = false
			c.verdict = stale
			again = append(again, c)
		default:
			if c.doubts > 0 && c.receipt != nil {
				c.receipt.Replayed = false
			}
			if _, follows := c.cmd.(follower); (follows || c.later) && c.err == nil && !c.quote {
				again = append(again, c)
				continue
			}
			c.finish(c.receipt, c.err)
		}
	}
	return again
}

// loose reports whether an answer rests on a call of other accounts: if that one
// fails, this call is decided again, and later ones of its accounts must not be
// committed before it.
func (c *call) loose() bool {
	for _, before := range c.rests {
		for i := range c.accounts() {
			if !before.touches(c.member(i)) {
				return true
			}
		}
	}
	return false
}

// stands reports whether every earlier call that an answer rests on was stored.
func (c *call) stands() bool {
	for _, before := range c.rests {
		if !before.stored {
			return false
		}
	}
	return true
}

// tooLarge says what to do with a command that one commit does not take.
func (e *Engine) tooLarge() error {
	return fmt.Errorf("%w: it writes more rows than the %d, or more bytes than the %d, of one; do it in parts, "+
		"as by one command that gives points back and another that spends", ErrTooLarge, e.limits.Rows, e.limits.Bytes)
}

// retry says whether a call whose batch failed is decided again; otherwise it is
// finished.
func (e *Engine) retry(c *call, outcome storage.Outcome) bool {
	if outcome.Status == storage.TooLarge {
		c.finish(nil, e.tooLarge())
		return false
	}
	if e.bound {
		switch outcome.Status {
		case storage.DuplicateKey, storage.Claimed, storage.BoundExceeded:
			// What the commit met is visible to the next load of this transaction.
		case storage.Unknown:
			c.finish(nil, cmp.Or(outcome.Err, ErrRetryTransaction)) // which says itself whether to run again
			return false
		default:
			c.finish(nil, errors.Join(ErrRetryTransaction, outcome.Err))
			return false
		}
	}
	c.attempts++
	switch outcome.Status {
	case storage.Unknown:
		c.doubts++
		c.doubt = outcome.Err
	case storage.Claimed:
		c.plan.Claims = addOnce(c.plan.Claims, storage.ClaimKey{Space: outcome.Claim.Space, Key: outcome.Claim.Key})
	case storage.BoundExceeded:
		c.plan.Counters = addOnce(c.plan.Counters, storage.CounterKey{Key: outcome.Counter.Key, Shard: outcome.Counter.Shard})
	}
	e.observer.Retry(c.typ)
	return true
}

func addOnce[T comparable](list []T, item T) []T {
	if slices.Contains(list, item) {
		return list
	}
	return append(slices.Clip(list), item)
}

// commit stores the round's batches, in order, in as many store calls as the
// adapter's limits ask for. It returns the calls of which a batch failed, with
// the first outcome that says so.
func (e *Engine) commit(d *deciding) map[*call]storage.Outcome {
	var bad map[*call]storage.Outcome
	var chains storage.Chains
	for from := 0; from < len(d.batches); {
		to := e.fill(d.batches, from)
		for i, outcome := range d.send(d.batches[from:to], &chains) {
			if outcome.Status == storage.OK {
				continue
			}
			if bad == nil {
				bad = map[*call]storage.Outcome{}
			}
			if owner := d.owners[from+i]; bad[owner].Status == 0 {
				bad[owner] = outcome
			}
		}
		from = to
	}
	return bad
}

// send commits batches in one store call, except those that build on one that
// failed in an earlier call: their versions may be another caller's by now.
func (d *deciding) send(batches []storage.Batch, chains *storage.Chains) []storage.Outcome {
	outcomes := make([]storage.Outcome, len(batches))
	whole, places := batches, []int(nil)
	for i := range batches {
		broken := chains.Broken(&batches[i])
		if broken {
			outcomes[i].Status = storage.Conflict
			chains.Ended(&batches[i], storage.Conflict)
		}
		if broken && places == nil {
			whole, places = slices.Clone(batches[:i]), make([]int, i)
			for j := range places {
				places[j] = j
			}
		} else if !broken && places != nil {
			whole, places = append(whole, batches[i]), append(places, i)
		}
	}
	if len(whole) == 0 {
		return outcomes
	}
	d.engine.observer.Commit(len(whole))
	answers, err := d.store.Commit(d.ctx, whole)
	if err == nil && len(answers) != len(whole) {
		err = fmt.Errorf("loyalty: the store answered %d of %d batches", len(answers), len(whole))
	}
	for i := range whole {
		outcome := storage.Outcome{Status: storage.Unknown, Err: err}
		if err == nil {
			outcome = answers[i]
		}
		chains.Ended(&whole[i], outcome.Status)
		if places == nil {
			outcomes[i] = outcome
		} else {
			outcomes[places[i]] = outcome
		}
	}
	return outcomes
}

// fill returns how far a commit that begins at from goes.
func (e *Engine) fill(batches []storage.Batch, from int) int {
	rows, size := 0, 0
	for i := from; i < len(batches); i++ {
		rows += batches[i].Rows()
		size += batches[i].Bytes()
		if i > from && (rows > e.limits.Rows || size > e.limits.Bytes) {
			return i
		}
	}
	return len(batches)
}

// settleBacklog books, in commits of their own, what has fallen due under the
// accounts of a call and is more than one load brings. A quote loads more of it
// instead.
func (e *Engine) settleBacklog(ctx context.Context, c *call) error {
	if c.quote {
		return c.loadMore()
	}
	for i := range c.accounts() {
		limit, err := e.settleMember(ctx, c.member(i), c.now)
		if err != nil {
			return err
		}
		c.dueLimit = max(c.dueLimit, limit)
	}
	return nil
}
