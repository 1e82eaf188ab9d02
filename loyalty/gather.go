package loyalty

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// A spend over more lots than one commit takes gathers them first: commits of
// bounded size move points into hold records of its own, chunk by chunk; then one
// commit, the caller's operation, decides that they are sold; then the chunks
// are captured. The decision is in the gathering's record, so a spend that dies
// before it lapses as every hold does, and one that dies after it is completed
// by settling.
const (
	gatherKind = "gather"
	gatherOpen = "open"
	gatherSold = "sold"
	gatherDead = "dead"

	gatherType = "gather"
	// gatherFor is how long a gathering may take before it lapses.
	gatherFor = 15 * time.Minute
)

// gatherState is the document of a gathering's record.
type gatherState struct {
	Unit string        `json:"u"`
	Need points.Amount `json:"n"`
	// Have is what is gathered, in chunks numbered from First to Next − 1; those
	// before Done are captured.
	Have  points.Amount `json:"h,omitempty"`
	First int           `json:"f,omitempty"`
	Next  int           `json:"x,omitempty"`
	Done  int           `json:"d,omitempty"`
	// Reference is the spend's, for the entries of its chunks.
	Reference string    `json:"r,omitempty"`
	Until     time.Time `json:"t"`
}

// gathering names the record of the gathering of a caller's key.
func gathering(key string) string {
	sum := sha256.Sum256([]byte(key))
	return storage.ReservedPrefix + hex.EncodeToString(sum[:16])
}

func chunkID(id string, n int) string { return fmt.Sprintf("%s/%d", id, n) }

// gathers returns the spend that a call is, or that a checkout makes, if it is one: only
// these gather.
func (c *call) gathers() (Spend, bool) {
	switch cmd := c.cmd.(type) {
	case Spend:
		return cmd, true
	case *Spend:
		return *cmd, true
	case Earn:
		return cmd.spend(c.needs), cmd.Pay != nil
	case *Earn:
		return cmd.spend(c.needs), cmd.Pay != nil
	default:
		return Spend{}, false
	}
}

// spendLots is how many lots one commit of a spend takes from: what the store
// takes at once, but not more than maxLotsPerCommit.
func (e *Engine) spendLots() int { return max(1, min(maxLotsPerCommit, (e.limits.Rows-20)/2)) }

// moveLots is how many lots a command of so many accounts takes from that cannot be
// gathered: as many as fit a commit in which each is written on all of them.
func (e *Engine) moveLots(accounts int) int {
	return max(e.spendLots(), (e.limits.Rows-40)/(2*accounts))
}

// gather runs a spend, or a checkout, that needs more lots than one commit takes.
func (e *Engine) gather(ctx context.Context, c *call) {
	spend, ok := c.gathers()
	if !ok {
		e.crowded(ctx, c)
		return
	}
	for {
		step := &gatherStep{id: gathering(c.plan.Key), spend: spend}
		err := e.step(ctx, c, step)
		if errors.Is(err, errOtherGathering) && c.needs.Points > 0 {
			// The checkout needed another number of points when it was asked before.
			e.chunks(ctx, c, releaseChunks)
			err = e.step(ctx, c, step)
		}
		if errors.Is(err, errGatherMoved) {
			e.alone(ctx, c)
			return
		}
		if err != nil {
			e.release(ctx, c, err)
			c.finish(nil, err)
			return
		}
		if !step.more {
			break
		}
	}
	c.gathered = true
	e.alone(ctx, c)
	if c.err != nil {
		e.release(ctx, c, c.err)
		return
	}
	e.chunks(ctx, c, captureChunks)
}

// release gives back at once what a refused spend has gathered. What it does not
// reach lapses with its chunks.
func (e *Engine) release(ctx context.Context, c *call, why error) {
	for _, leaves := range []error{ErrKeyReused, ErrOutcomeUnknown, ErrContention, errNotStored, errGatherMoved, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(why, leaves) {
			return
		}
	}
	e.chunks(ctx, c, releaseChunks)
}

// chunks captures or releases what was gathered, chunk by chunk.
func (e *Engine) chunks(ctx context.Context, c *call, mode gatherMode) {
	for more := true; more; {
		step := &gatherStep{id: gathering(c.plan.Key), mode: mode}
		if err := e.step(ctx, c, step); err != nil {
			e.options.Logger.Warn("loyalty: a gathered spend is decided, its lots will be settled later", "error", err)
			return
		}
		more = step.more
	}
}

// crowded runs a command that needs more lots than one commit takes and cannot be
// gathered: it merges what is alike, once, and decides the command again.
func (e *Engine) crowded(ctx context.Context, c *call) {
	if c.merged {
		c.finish(nil, errCrowded)
		return
	}
	c.merged = true
	for i := range c.accounts() {
		s := e.dueCall(c.member(i), c.now)
		s.cmd, s.openLots = &settleDue{bound: 1}, crowd
		if e.run(ctx, []*call{s}); s.err != nil {
			c.finish(nil, s.err)
			return
		}
	}
	e.alone(ctx, c)
}

// alone runs a call in rounds of its own until it is finished.
func (e *Engine) alone(ctx context.Context, c *call) {
	for rest := []*call{c}; len(rest) > 0; {
		rest = e.limit(ctx, e.round(ctx, rest, true))
	}
}

// errGatherMoved reports a gathering whose member was merged or erased meanwhile.
var errGatherMoved = errors.New("loyalty: the member was merged while points were gathered")

// errOtherGathering reports a gathering of another number of points under the key.
var errOtherGathering = fmt.Errorf("%w for another number of points", ErrKeyReused)

// step runs one step of a gathering in a commit of its own.
func (e *Engine) step(ctx context.Context, c *call, step *gatherStep) error {
	s := &call{cmd: step, typ: gatherType, now: c.now, quote: c.quote}
	s.plan = Plan{Member: c.plan.Member, Key: storage.ReservedPrefix + gatherType}
	if step.mode == gatherChunks {
		s.plan.Debits = []Debit{{Unit: step.spend.Unit, Amount: step.spend.Points}}
	}
	e.run(ctx, []*call{s})
	return s.err
}

// gatherMode says what a step does.
type gatherMode int

const (
	gatherChunks gatherMode = iota
	captureChunks
	releaseChunks
)

// gatherStep gathers, captures or releases one chunk.
type gatherStep struct {
	id    string
	spend Spend
	mode  gatherMode
	more  bool
}

// Plan implements Command; the engine makes the plan itself.
func (g *gatherStep) Plan() Plan { return Plan{} }

// Apply implements Command; the engine runs answer instead.
func (g *gatherStep) Apply(context.Context, *Tx) error { return nil }

// answer implements stepper.
func (g *gatherStep) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	g.more = false
	if life, err := a.life(); err != nil || g.mode == gatherChunks && life != nil && (life.Into != "" || !life.Erased.IsZero()) {
		return nil, cmp.Or(err, errGatherMoved)
	}
	if g.mode != gatherChunks && c.ahead(now, a) {
		return nil, errStale
	}
	if err := d.settle(c, a, now); err != nil {
		return nil, err
	}
	tx, err := d.systemTx(c, a, gatherType, now)
	if err != nil {
		return nil, err
	}
	state, status, err := tx.gathering(g.id)
	if err != nil {
		return nil, err
	}
	changed := false
	switch {
	case g.mode == gatherChunks:
		changed, err = g.gatherChunk(tx, &state, status)
	case state.Done >= state.Next:
	case g.mode == captureChunks && status == gatherSold:
		changed, err = true, g.finishChunk(tx, &state, status, tx.captureChunk)
	case g.mode == releaseChunks && status != gatherSold:
		changed, err = true, g.finishChunk(tx, &state, gatherDead, tx.releaseChunk)
	}
	if err != nil || tx.failed != nil {
		return nil, errors.Join(err, tx.failed)
	}
	if !changed {
		return &Receipt{}, nil
	}
	return d.seal(c, tx)
}

func (g *gatherStep) gatherChunk(tx *Tx, state *gatherState, status string) (bool, error) {
	if status != gatherOpen {
		*state = gatherState{
			Unit: g.spend.Unit, Need: g.spend.Points, First: state.Next, Next: state.Next, Done: state.Next,
			Until: tx.now.Add(gatherFor), Reference: g.spend.Reference,
		}
	}
	if state.Unit != g.spend.Unit || state.Need != g.spend.Points {
		return false, fmt.Errorf("%w: a spend of %d %s is being gathered under it", errOtherGathering, state.Need, state.Unit)
	}
	missing := state.Need - state.Have
	if missing == 0 {
		return false, nil
	}
	if err := tx.CanRedeem(); err != nil {
		return false, err
	}
	if err := tx.sufficient(state.Unit, missing); err != nil {
		return false, err
	}
	parts, err := tx.chunk(state.Unit, missing)
	if err != nil {
		return false, err
	}
	total, err := points.Total(parts)
	if err != nil {
		return false, err
	}
	chunk := chunkID(g.id, state.Next)
	tx.plan.Reference = g.spend.Reference
	if err := tx.take(state.Unit, parts, points.Entry{Kind: points.EntryHold, To: points.Held, Reference: g.spend.Reference}); err != nil {
		return false, err
	}
	if err := tx.putHold(chunk, holdState{Unit: state.Unit, Parts: parts, Gathering: g.id}, holdOpen, state.Until); err != nil {
		return false, err
	}
	state.Next++
	state.Have += total
	g.more = state.Have < state.Need
	return true, tx.putGathering(g.id, *state, gatherOpen)
}

func (g *gatherStep) finishChunk(
	tx *Tx, state *gatherState, status string, finish func(id string, state *gatherState) error,
) error {
	tx.plan.Reference = state.Reference
	if err := finish(chunkID(g.id, state.Done), state); err != nil {
		return err
	}
	state.Done++
	g.more = state.Done < state.Next
	return tx.putGathering(g.id, *state, status)
}

// captureChunk books a chunk that is still open as redeemed.
func (tx *Tx) captureChunk(id string, state *gatherState) error {
	hold, open, err := tx.openChunk(id)
	if err != nil || !open {
		return err
	}
	for _, part := range hold.Parts {
		if err := tx.captureLot(part, state.Reference); err != nil {
			return err
		}
	}
	return tx.putHold(id, hold, holdCaptured, points.Never)
}

// releaseChunk gives back a chunk that is still open.
func (tx *Tx) releaseChunk(id string, state *gatherState) error {
	hold, open, err := tx.openChunk(id)
	if err != nil || !open {
		return err
	}
	if err := tx.giveBack(hold.Parts, state.Reference, tx.occurred); err != nil {
		return err
	}
	return tx.putHold(id, hold, holdVoided, points.Never)
}

// openChunk returns a chunk with its lots loaded, and whether it is open.
func (tx *Tx) openChunk(id string) (hold holdState, open bool, err error) {
	row, exists, err := tx.Record(holdKind, id)
	if err != nil || !exists || row.Status != holdOpen {
		return hold, false, err
	}
	if err := tx.needLots(row.Lots); err != nil {
		return hold, false, err
	}
	return hold, true, tx.decode(row, &hold)
}

// needLots loads lots that are not known, in one call.
func (p *Party) needLots(ids []points.LotID) error {
	missing := slices.DeleteFunc(slices.Clone(ids), func(id points.LotID) bool { return p.lotAt(id) >= 0 })
	if len(missing) == 0 {
		return nil
	}
	return p.load(storage.LoadRequest{Lots: missing})
}

// chunk picks the first lots of a debit that one commit takes.
func (p *Party) chunk(unit string, amount points.Amount) ([]points.Part, error) {
	most := p.tx.deciding.engine.spendLots()
	for range 2 {
		known, complete := p.spendable(unit)
		known = known[:min(len(known), most)]
		if len(known) == most || complete {
			parts, _, err := points.Consume(known, amount, p.tx.now)
			return parts, err
		}
		err := p.load(storage.LoadRequest{Debits: []storage.Debit{{
			Unit: unit, After: p.tx.now, Amount: amount, Limit: most + 1,
		}}})
		if err != nil {
			return nil, err
		}
	}
	return nil, p.tx.fail(errStale)
}

// sellGathered is the decision of a gathered spend, or of a checkout that notes what it
// sold.
func (tx *Tx) sellGathered(c Spend, sale *saleState) error {
	id := gathering(c.Key)
	state, status, err := tx.gathering(id)
	if err != nil {
		return err
	}
	if status != gatherOpen || state.Have != state.Need || state.Need != c.Points || state.Unit != c.Unit {
		return tx.fail(errStale)
	}
	if err := tx.payGathered(c, state, sale); err != nil {
		return err
	}
	tx.sold = sold{c.Unit, c.Points}
	tx.receipt.Moves = []Move{{Unit: c.Unit, Kind: points.EntrySpend, From: points.Available, To: points.Redeemed, Amount: c.Points}}
	return tx.putGathering(id, state, gatherSold)
}

func (tx *Tx) gathering(id string) (gatherState, string, error) {
	var state gatherState
	row, exists, err := tx.Record(gatherKind, id)
	if err != nil || !exists {
		return state, "", err
	}
	return state, row.Status, tx.decode(row, &state)
}

// putGathering stores a gathering. While it is open it falls due with its chunks.
func (tx *Tx) putGathering(id string, state gatherState, status string) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return tx.fail(err)
	}
	due := points.Never
	if status == gatherOpen {
		due = state.Until
	}
	return tx.putOwn(storage.Record{Kind: gatherKind, ID: id, Status: status, DueAt: due, Data: data})
}

// settleGathering is the settle step of a gathering that was not decided in time.
func settleGathering(tx *Tx, row storage.Record) error {
	var state gatherState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	return tx.putGathering(row.ID, state, gatherDead)
}

// settleChunk is the settle step of a chunk: captured if its gathering was sold,
// given back if not.
func settleChunk(tx *Tx, row storage.Record, hold holdState) (bool, error) {
	state, status, err := tx.gathering(hold.Gathering)
	if err != nil || status != gatherSold {
		return false, err
	}
	return true, tx.captureChunk(row.ID, &state)
}
