package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// ContributeToPool moves points from a member to their pool: an ordinary transfer,
// which keeps the points' expiry. A pool that is closed, or whose gate of earning is shut by
// [Suspend], takes none.
type ContributeToPool struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Pool   string `json:"pool"`
	Unit   string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points     points.Amount `json:"points"`
	OccurredAt time.Time     `json:"occurredAt,omitzero"`
	Reason     string        `json:"reason,omitempty"`
	Actor      string        `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c ContributeToPool) Plan() Plan {
	plan := poolPlan(c.Member, c.Key, c.Pool, "", c.OccurredAt, c.Reason, c.Actor)
	plan.Debits = []Debit{{Unit: c.Unit, Amount: c.Points}}
	return plan
}

func (c ContributeToPool) planIn(revisions []*revision) Plan {
	return withPlaces(c.Plan(), revisions, "")
}

// Validate reports every problem of the contribution.
func (c ContributeToPool) Validate() error {
	return checkPoolPoints(c.Member, c.Pool, c.Unit, c.Points)
}

func checkPoolPoints(member, pool, unit string, amount points.Amount) error {
	problems := pointsProblems(unit, amount)
	if more, ok := errors.AsType[points.Problems](checkPool(member, pool, "", "", "", "")); ok {
		problems = append(problems, more...)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c ContributeToPool) Apply(_ context.Context, tx *Tx) error {
	pool, kind, state, role, err := tx.placeIn(c.Pool)
	if err != nil {
		return err
	}
	if !role.Contributes {
		return fmt.Errorf("%w: a %s does not contribute to the pool", ErrRole, role.Code)
	}
	if err := pool.open(EarnGate); err != nil {
		return err
	}
	if err := tx.Party.Transfer(pool, c.Unit, c.Points); err != nil {
		return err
	}
	if state.Contributed, err = addUnit(state.Contributed, c.Unit, c.Points); err != nil {
		return err
	}
	return tx.putPlace(pool.Member(), kind.Code, role.Code, state)
}

// placeIn returns a pool that the member may move points to or from, and the
// member's place in it.
func (tx *Tx) placeIn(id string) (pool *Party, kind PoolKind, state memberState, role PoolRole, err error) {
	if err = tx.CanRedeem(); err != nil {
		return nil, kind, state, role, err
	}
	if pool, err = tx.Other(id); err != nil {
		return nil, kind, state, role, err
	}
	if _, _, kind, err = pool.pool(); err != nil {
		return nil, kind, state, role, err
	}
	state, role, err = tx.place(pool.Member(), kind)
	return pool, kind, state, role, err
}

// DrawFromPool moves points from a pool to one of its members, within the limits of
// their role: an ordinary transfer, which keeps the points' expiry. What a role may
// draw in a period is counted by recorded time; more is a [LimitError]. A pool that is
// closed, or whose gate of redeeming is shut by [Suspend], gives none, and a member with a
// gate that is shut gets none.
type DrawFromPool struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Pool   string `json:"pool"`
	Unit   string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points     points.Amount `json:"points"`
	OccurredAt time.Time     `json:"occurredAt,omitzero"`
	Reason     string        `json:"reason,omitempty"`
	Actor      string        `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c DrawFromPool) Plan() Plan {
	plan := poolPlan(c.Member, c.Key, c.Pool, "", c.OccurredAt, c.Reason, c.Actor)
	plan.Debits = []Debit{{Member: c.Pool, Unit: c.Unit, Amount: c.Points}}
	return plan
}

func (c DrawFromPool) planIn(revisions []*revision) Plan { return withPlaces(c.Plan(), revisions, "") }

// Validate reports every problem of the draw.
func (c DrawFromPool) Validate() error { return checkPoolPoints(c.Member, c.Pool, c.Unit, c.Points) }

// Apply implements [Command].
func (c DrawFromPool) Apply(_ context.Context, tx *Tx) error {
	pool, kind, state, role, err := tx.placeIn(c.Pool)
	if err != nil {
		return err
	}
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if !role.Draws {
		return fmt.Errorf("%w: a %s does not draw from the pool", ErrRole, role.Code)
	}
	if err := pool.open(RedeemGate); err != nil {
		return err
	}
	if err := state.use(tx, role, c.Unit, c.Points); err != nil {
		return err
	}
	if err := pool.Transfer(tx.Party, c.Unit, c.Points); err != nil {
		return err
	}
	if state.Drawn, err = addUnit(state.Drawn, c.Unit, c.Points); err != nil {
		return err
	}
	return tx.putPlace(pool.Member(), kind.Code, role.Code, state)
}

// use counts a draw against the limits of a role. What is kept of periods that have
// passed goes.
func (s *memberState) use(tx *Tx, role PoolRole, unit string, amount points.Amount) error {
	used := tx.lasting(s.Used)
	before := slices.Clone(used)
	for _, limit := range role.Limits {
		if limit.Unit != unit {
			continue
		}
		label, _, err := period(limit.Per, tx.now, tx.rev.zone)
		if err != nil {
			return err
		}
		same := func(u periodUse) bool { return u.Unit == unit && u.Per == limit.Per }
		use := periodUse{Unit: unit, Per: limit.Per, Label: label}
		if i := slices.IndexFunc(before, same); i >= 0 {
			use.Points = before[i].Points
		}
		if amount > limit.Points-use.Points {
			return &LimitError{Key: fmt.Sprintf("%s drawn by a %s in %s", unit, role.Code, label), Used: int64(use.Points), Bound: int64(limit.Points)}
		}
		use.Points += amount
		if i := slices.IndexFunc(used, same); i >= 0 {
			used[i] = use
		} else {
			used = append(used, use)
		}
	}
	s.Used = used
	return nil
}

// DissolvePool ends a pool: its points go where the kind's policy says, in commits of
// bounded size, and its members are free to join another. The member must manage it, and
// their account must not be closed. Where it is closed or erased before all is handed out, the
// rest goes to the first member of the pool whose account is open, one who manages it before
// others. Where there is none, it goes to the member who dissolved the pool nonetheless: what
// comes to an account that is closed or erased cannot be used. The receipt's balances are those
// before points are handed out.
type DissolvePool struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	Pool       string    `json:"pool"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c DissolvePool) Plan() Plan {
	return poolPlan(c.Member, c.Key, c.Pool, "", c.OccurredAt, c.Reason, c.Actor)
}

func (c DissolvePool) planIn(revisions []*revision) Plan { return withPlaces(c.Plan(), revisions, "") }

// Validate reports every problem of the dissolution.
func (c DissolvePool) Validate() error { return checkPool(c.Member, c.Pool, "", "", "", "") }

func (DissolvePool) follows() {}

// Apply implements [Command].
func (c DissolvePool) Apply(_ context.Context, tx *Tx) error {
	pool, state, _, err := tx.managed(c.Pool, false)
	if err != nil {
		return err
	}
	if tx.row.Status == storage.Closed {
		return fmt.Errorf("%w: %s", ErrClosed, whose(tx.row.Member))
	}
	state.By = tx.Party.Member()
	pool.row.Status = storage.Closed
	if err := pool.changeLife(func(l *lifeData) { l.Dissolving = true }); err != nil {
		return err
	}
	return pool.putPool(state, poolDissolving)
}

// dissolve finishes a dissolution: points go first, then places, then the pool is
// closed.
func (e *Engine) dissolve(ctx context.Context, pool string, now time.Time) error {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: pool, Records: []storage.RecordKey{{Kind: poolKind, ID: poolID}},
	}})
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStored, err)
	}
	if len(snaps[0].Records) == 0 || snaps[0].Records[0].Status != poolDissolving {
		return nil
	}
	var state poolState
	if err := json.Unmarshal(snaps[0].Records[0].Data, &state); err != nil {
		return err
	}
	if err := e.handOut(ctx, pool, state, now); err != nil {
		return err
	}
	for member, err := range poolMembers(storage.AllRecords(ctx, e.store, e.inPool(pool))) {
		if err != nil {
			return err
		}
		if err := e.poolStep(ctx, &poolStep{pool: pool, member: member.Member, kind: state.Kind}, now); err != nil {
			return err
		}
	}
	return e.poolStep(ctx, &poolStep{pool: pool, member: pool, done: true}, now)
}

// handOut gives the points of a pool to those whose they are.
func (e *Engine) handOut(ctx context.Context, pool string, state poolState, now time.Time) error {
	kind, _ := revisionAt(e.revisions, now).poolKind(state.Kind)
	by, err := e.heir(ctx, pool, state.By, kind)
	if err != nil {
		return err
	}
	query := storage.MemberQuery{Program: e.program, Member: pool, Open: true, Limit: 1000}
	shares := map[string][]points.LotID{}
	for lot, err := range storage.AllLots(ctx, e.store, query) {
		if err != nil {
			return err
		}
		to := by
		if kind.Dissolve == ToContributors {
			if to, err = e.contributor(ctx, lot.Source, by); err != nil {
				return err
			}
		}
		if shares[to] = append(shares[to], lot.ID); len(shares[to]) == e.moveSize() {
			if err := e.poolStep(ctx, &poolStep{pool: pool, member: to, lots: shares[to]}, now); err != nil {
				return err
			}
			delete(shares, to)
		}
	}
	for _, to := range slices.Sorted(maps.Keys(shares)) {
		if err := e.poolStep(ctx, &poolStep{pool: pool, member: to, lots: shares[to]}, now); err != nil {
			return err
		}
	}
	return nil
}

// heir is who gets the points of a pool that go to nobody else: who dissolves it. Where their
// account was closed since, it is the first member of the pool whose is not, one who manages it
// before others; where there is none, the points stay with who dissolved it, until they expire.
func (e *Engine) heir(ctx context.Context, pool, by string, kind PoolKind) (string, error) {
	by, takes, err := e.taker(ctx, by)
	if err != nil || takes {
		return by, err
	}
	first := ""
	for member, err := range poolMembers(storage.AllRecords(ctx, e.store, e.inPool(pool))) {
		if err != nil {
			return "", err
		}
		to, takes, err := e.taker(ctx, member.Member)
		if err != nil {
			return "", err
		}
		if role, _ := kind.role(member.Role); takes && role.Manages {
			return to, nil
		}
		if takes {
			first = cmp.Or(first, to)
		}
	}
	return cmp.Or(first, by), nil
}

// contributor is who gets back what a member contributed.
func (e *Engine) contributor(ctx context.Context, member, otherwise string) (string, error) {
	to, takes, err := e.taker(ctx, member)
	if err != nil || takes {
		return to, err
	}
	return otherwise, nil
}

// taker is who a member is now, and whether they can have points: a person whose account is
// not closed.
func (e *Engine) taker(ctx context.Context, member string) (string, bool, error) {
	to, err := e.survivor(ctx, member)
	if err != nil {
		return "", false, err
	}
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{Program: e.program, Member: to}})
	if err != nil {
		return "", false, fmt.Errorf("%w: %w", errNotStored, err)
	}
	a := snaps[0].Account
	return to, a != nil && a.Status != storage.Closed && a.Kind == storage.Person, nil
}

func (e *Engine) poolStep(ctx context.Context, step *poolStep, now time.Time) error {
	c := &call{cmd: step, typ: moveType, now: now}
	c.plan = Plan{Member: step.pool, Key: storage.ReservedPrefix + moveType, Records: []RecordRef{{Kind: poolKind, ID: poolID}}}
	if !step.done {
		c.plan.Others = []string{step.member}
		c.plan.Records = append(c.plan.Records, RecordRef{Member: step.member, Kind: memberKind, ID: step.kind})
	}
	for _, id := range step.lots {
		c.plan.Lots = append(c.plan.Lots, LotRef{ID: id})
	}
	e.run(ctx, []*call{c})
	return c.err
}

// poolStep is a step of a dissolution: lots go to a member, a place ends, or the
// pool is closed.
type poolStep struct {
	pool, member, kind string
	lots               []points.LotID
	done               bool
	// leaves is set where a member who is erased leaves a pool that goes on.
	leaves bool
}

// Plan implements Command; the engine makes the plan itself.
func (s *poolStep) Plan() Plan { return Plan{} }

// Apply implements Command; the engine runs answer instead.
func (s *poolStep) Apply(context.Context, *Tx) error { return nil }

// answer implements stepper.
func (s *poolStep) answer(d *deciding, c *call, a *account, now time.Time) (*Receipt, error) {
	for i := range c.accounts() {
		if c.ahead(now, d.accounts[c.member(i)]) {
			return nil, errStale
		}
	}
	for i := range c.accounts() {
		if err := d.settle(c, d.accounts[c.member(i)], now); err != nil {
			return nil, err
		}
	}
	tx, err := d.systemTx(c, a, moveType, now)
	if err != nil {
		return nil, err
	}
	row, exists, err := tx.Record(poolKind, poolID)
	if err != nil || !exists || (row.Status != poolDissolving) != s.leaves {
		return &Receipt{}, err
	}
	if s.done {
		err = s.close(tx, row)
	} else {
		to := newParty(tx, d.accounts[s.member])
		tx.parties = append(tx.parties, to)
		err = s.hand(tx.Party, to)
	}
	if err != nil || tx.failed != nil {
		return nil, cmp.Or(err, tx.failed)
	}
	return d.seal(c, tx)
}

func (s *poolStep) close(tx *Tx, row storage.Record) error {
	var state poolState
	if err := tx.decode(row, &state); err != nil {
		return err
	}
	state.Members, state.Managers = 0, 0
	if err := tx.changeLife(func(l *lifeData) { l.Dissolving = false }); err != nil {
		return err
	}
	return tx.putPool(state, poolDissolved)
}

func (s *poolStep) hand(pool, to *Party) error {
	for _, id := range s.lots {
		lot, err := pool.lot(id)
		if err != nil {
			return err
		}
		if lot.Remaining == 0 {
			continue
		}
		if _, err := pool.hand(to, lot, lot.Remaining, 0, points.EntryDissolve); err != nil {
			return err
		}
	}
	if err := to.armIdle(to.tx.now); err != nil {
		return err
	}
	if s.kind == "" {
		return nil
	}
	row, exists, err := to.Record(memberKind, s.kind)
	if err != nil || !exists || row.Reference != s.pool {
		return err
	}
	if !s.leaves {
		return to.leaveDissolved(row)
	}
	if err := to.leaveBehind(memberKind, s.kind); err != nil {
		return err
	}
	_, state, kind, err := pool.pool()
	if err != nil {
		return err
	}
	state.Members--
	if role, _ := kind.role(row.Status); role.Manages {
		state.Managers--
	}
	return pool.putPool(state, poolOpen)
}

// leavePools takes a member who is erased out of their pools.
func (e *Engine) leavePools(ctx context.Context, member string, now time.Time) error {
	query := storage.RecordQuery{Program: e.program, Member: member, Kind: memberKind}
	for row, err := range storage.AllRecords(ctx, e.store, query) {
		if err != nil {
			return err
		}
		if Moved(row) || !e.scrubs(row) {
			continue
		}
		step := &poolStep{pool: row.Reference, member: member, kind: row.ID, leaves: true}
		if err := e.poolStep(ctx, step, now); err != nil {
			return err
		}
	}
	return nil
}
