package loyalty

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// settleSteps bounds the steps that one settle batch books, and settleRows the
// rows after which it takes no further step, so that its rows fit the smallest
// commit an adapter must take. A step of a hold writes as many as its lots ask for.
const (
	settleSteps = 40
	settleRows  = 2 * settleSteps
)

// errBacklog reports that more is due than was loaded.
var errBacklog = errors.New("loyalty: more is due than one load brings")

// dueStep is one thing that time has made true. Steps are booked in order of
// instant, then rank, then id.
type dueStep struct {
	at   time.Time
	rank int
	id   string
	lot  points.LotID
	rec  int
}

// The ranks of steps that are due at one instant.
const (
	rankLater = iota
	rankActivate
	rankLapse
	rankExpire
	rankIdle
	rankTier
	rankFeature
	rankRemind
)

// settle books what time has made true of an account by now, in batches of
// their own.
func (d *deciding) settle(c *call, a *account, now time.Time) error {
	if !a.exists || a.row.DueAt.After(now) {
		return nil
	}
	last := time.Time{}
	for {
		booked, err := d.settleBatch(c, a, now, &last)
		if err != nil {
			return err
		}
		if !booked {
			break
		}
	}
	if a.moreDue {
		return errBacklog
	}
	due, known := a.nextDue()
	if !known {
		return errStale
	}
	a.row.DueAt = due
	return nil
}

// nextDue returns when something of a settled account falls due next, and whether
// that can be told from what is loaded: it is the same as a fresh load would show,
// so that accounts do not depend on which commands shared a round.
func (a *account) nextDue() (time.Time, bool) {
	due := nextDueAt(a.bound, a.lots, a.records)
	if points.IsNever(due) {
		return due, a.boundExact
	}
	return due, a.boundExact && (!a.boundKnown || !due.Equal(a.bound) || a.fallsDueAt(due))
}

// fallsDueAt reports whether something known falls due at just that instant.
func (a *account) fallsDueAt(t time.Time) bool {
	for i := range a.lots {
		if a.lots[i].DueAt().Equal(t) {
			return true
		}
	}
	for i := range a.records {
		if a.records[i].exists && a.records[i].row.DueAt.Equal(t) {
			return true
		}
	}
	return false
}

// settleBatch books up to settleSteps steps as one batch and reports whether
// there was any. No step is dated before the last one.
func (d *deciding) settleBatch(c *call, a *account, now time.Time, last *time.Time) (bool, error) {
	tx, err := d.systemTx(c, a, settleType, now)
	if err != nil {
		return false, err
	}
	steps := 0
	for steps < settleSteps && tx.changed() < settleRows {
		step, ok := nextStep(tx.Party, d.engine, now)
		if !ok {
			break
		}
		own := step.rank >= rankTier || step.rank == rankLater || step.rank == rankLapse && len(tx.records[step.rec].row.Lots) > settleSteps
		if own && steps > 0 || step.rank == rankLapse && tx.plan.Reference != "" {
			break
		}
		step.at = later(step.at, *last)
		*last = step.at
		tx.occurred, tx.rev = step.at, revisionAt(d.engine.revisions, step.at)
		if err := d.settleStep(tx, step); err != nil {
			return false, fmt.Errorf("settle of %s: %w", AccountName(a.id), err)
		}
		// What fails is remembered as the Tx's failure.
		if tx.failed == nil && tx.needDue() == nil {
			_ = tx.postpone()
		}
		if tx.failed != nil {
			return false, fmt.Errorf("settle of %s: %w", AccountName(a.id), tx.failed)
		}
		steps++
		if own {
			break
		}
	}
	if steps == 0 {
		return false, nil
	}
	if _, err := d.seal(c, tx); err != nil {
		return false, err
	}
	return true, nil
}

// needDue loads all that will ever fall due where a step took away what falls due next, such
// as a lot that it used up: what is due then cannot be told from the rest.
func (p *Party) needDue() error {
	now := account{lots: p.lots, records: p.records}
	if points.IsNever(p.base.bound) || !p.base.fallsDueAt(p.base.bound) || now.fallsDueAt(p.base.bound) {
		return nil
	}
	return p.load(storage.LoadRequest{DueBy: points.Never.Add(-time.Microsecond), DueLimit: quotedLots})
}

// changed is how many entries, lots and records the party writes so far.
func (p *Party) changed() int { return len(p.entries) + len(p.written) + len(p.put) }

// systemTx is a Tx that no caller asked for: its operation has the given type and
// a key that no caller can use.
func (d *deciding) systemTx(c *call, a *account, kind string, now time.Time) (*Tx, error) {
	plan := &Plan{Member: a.id, Key: storage.ReservedPrefix + kind + "/" + strconv.FormatInt(a.row.Version+1, 10)}
	tx := &Tx{
		deciding: d, call: c, plan: plan, now: now, occurred: now, rev: revisionAt(d.engine.revisions, now),
		system: kind, settling: kind == settleType, quote: d.quote,
	}
	tx.parties = []*Party{newParty(tx, a)}
	tx.Party = tx.parties[0]
	return tx, nil
}

// nextStep finds the earliest step that is due by now among what is known, unless
// an unknown one may come before it. A feature may touch any lot, so its step waits
// until all that is due is known.
func nextStep(p *Party, e *Engine, now time.Time) (dueStep, bool) {
	var best dueStep
	found := false
	consider := func(s dueStep) {
		if s.at.After(now) || p.base.moreDue && !s.at.Before(p.base.horizon) {
			return
		}
		if !found || compareSteps(s, best) < 0 {
			best, found = s, true
		}
	}
	for i := range p.lots {
		lot := &p.lots[i]
		at := lot.DueAt()
		if at.After(now) {
			continue
		}
		rank := rankExpire
		if lot.State == points.LotPending {
			rank = rankActivate
		}
		consider(dueStep{at: at, rank: rank, lot: lot.ID})
	}
	for i := range p.records {
		r := &p.records[i]
		if !r.exists || r.row.DueAt.After(now) {
			continue
		}
		at, rank := r.row.DueAt, rankFeature
		switch {
		case r.row.Kind == laterKind:
			rank = rankLater
		case r.row.Kind == holdKind || r.row.Kind == gatherKind:
			rank = rankLapse
		case r.row.Kind == idleKind:
			rank = rankIdle
		case r.row.Kind == standingKind:
			rank = rankTier
		case r.row.Kind == remindKind:
			// A reminder is about what there is now: it comes after all else.
			at, rank = now, rankRemind
		case e.settlers[r.row.Kind] == nil:
			continue
		}
		consider(dueStep{at: at, rank: rank, id: r.row.Kind + "/" + r.row.ID, rec: i})
	}
	if best.rank >= rankFeature && p.base.moreDue {
		return dueStep{}, false
	}
	return best, found
}

func compareSteps(a, b dueStep) int {
	return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank), cmp.Compare(a.lot, b.lot), cmp.Compare(a.id, b.id))
}

func (d *deciding) settleStep(tx *Tx, step dueStep) error {
	if step.rank == rankIdle {
		return settleIdle(tx, tx.records[step.rec].row)
	}
	if err := d.otherStep(tx, step); err != nil {
		return err
	}
	return tx.armIdle(step.at)
}

func (d *deciding) otherStep(tx *Tx, step dueStep) error {
	switch step.rank {
	case rankLater:
		return settleLater(tx, tx.records[step.rec].row)
	case rankActivate:
		_, err := tx.activate(tx.lots[tx.lotAt(step.lot)])
		return err
	case rankExpire:
		_, err := tx.expire(tx.lots[tx.lotAt(step.lot)], step.at)
		return err
	case rankLapse:
		if tx.records[step.rec].row.Kind == gatherKind {
			return settleGathering(tx, tx.records[step.rec].row)
		}
		return lapseHold(tx, tx.records[step.rec].row)
	case rankTier:
		return settleStanding(tx)
	case rankRemind:
		return settleReminders(tx, tx.records[step.rec].row)
	default:
		if err := d.settleRecord(tx, tx.records[step.rec].row); err != nil {
			return err
		}
		return tx.decideSettled()
	}
}

// settleRecord lets a feature act on a record whose time has come.
func (d *deciding) settleRecord(tx *Tx, row storage.Record) error {
	before := row.DueAt
	err := d.guard(tx.call, func(ctx context.Context) error {
		return d.engine.settlers[row.Kind].Settle(ctx, tx, row)
	})
	if err != nil {
		return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
	}
	after, _, err := tx.Record(row.Kind, row.ID)
	if err != nil {
		return err
	}
	if !after.DueAt.After(before) {
		return fmt.Errorf("record %s %q: its feature left it due at %s", row.Kind, row.ID, before.Format(time.RFC3339))
	}
	return nil
}
