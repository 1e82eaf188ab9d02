package loyalty

import (
	"slices"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// maxLeftPools bounds the pools of a kind of which a member's place remembers what they used:
// a pool, and the 16 others that they were in before they come to it again.
const maxLeftPools = 17

// leftPool is what a member used of limits in a pool that they have left.
type leftPool struct {
	Pool string      `json:"p"`
	Used []periodUse `json:"u"`
}

// leavePlace ends a member's place in a pool. What they drew of it in a period counts when
// they come again.
func (p *Party) leavePlace(pool, kind string, state memberState) error {
	return p.putLeft(kind, withLeft(state.Before, pool, p.lasting(state.Used)))
}

// leaveDissolved ends a place in a pool that is dissolved, which nobody comes into again.
func (p *Party) leaveDissolved(row storage.Record) error {
	left, err := p.leftOf(row)
	if err != nil {
		return err
	}
	_, others := ofPool(left, row.Reference)
	return p.putLeft(row.ID, others)
}

// putLeft keeps what a member who is in no pool of a kind has used of those that they left.
func (p *Party) putLeft(kind string, left []leftPool) error {
	if len(left) == 0 {
		return p.leaveBehind(memberKind, kind)
	}
	last := left[len(left)-1]
	data, err := canon.Append(nil, memberState{Used: last.Used, Left: last.Pool, Before: left[:len(left)-1]})
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: memberKind, ID: kind, Status: movedStatus, Data: data})
}

// newPlace is the place of a member who comes into a pool.
func (p *Party) newPlace(pool, kind string) (memberState, error) {
	state := memberState{Since: p.tx.occurred}
	row, _, err := p.record(memberKind, kind)
	if err != nil || !leftPlace(row) {
		return state, err
	}
	left, err := p.leftOf(row)
	if err != nil {
		return state, err
	}
	state.Used, state.Before = ofPool(left, pool)
	return state, nil
}

// leftPlace reports whether a record is the mark of a member who has left a pool, and who
// had drawn from it.
func leftPlace(row storage.Record) bool {
	return row.Kind == memberKind && Moved(row) && len(row.Data) > 0
}

// leftOf lists what a place, or the mark of one that was left, knows of what was used, by
// pool, the last one last. What was used in periods that have passed is not listed.
func (p *Party) leftOf(row storage.Record) ([]leftPool, error) {
	if len(row.Data) == 0 {
		return nil, nil
	}
	var state memberState
	if err := p.decode(row, &state); err != nil {
		return nil, err
	}
	pool := row.Reference
	if Moved(row) {
		pool = state.Left
	}
	var left []leftPool
	for _, l := range append(slices.Clip(state.Before), leftPool{Pool: pool, Used: state.Used}) {
		left = withLeft(left, l.Pool, p.lasting(l.Used))
	}
	return left, nil
}

// withLeft adds a pool at the end of a list, which forgets the first where it is full.
func withLeft(left []leftPool, pool string, used []periodUse) []leftPool {
	if len(used) == 0 {
		return left
	}
	left = append(slices.Clip(left), leftPool{Pool: pool, Used: used})
	return left[max(0, len(left)-maxLeftPools):]
}

// ofPool splits what was used of a pool from what was of others.
func ofPool(left []leftPool, pool string) ([]periodUse, []leftPool) {
	i := slices.IndexFunc(left, func(l leftPool) bool { return l.Pool == pool })
	if i < 0 {
		return nil, left
	}
	return left[i].Used, slices.Delete(slices.Clone(left), i, i+1)
}

// lasting is what of some use is of periods that have not passed.
func (p *Party) lasting(used []periodUse) []periodUse {
	var lasting []periodUse
	for _, had := range used {
		if label, _, err := period(had.Per, p.tx.now, p.tx.rev.zone); err == nil && label == had.Label {
			lasting = append(lasting, had)
		}
	}
	return lasting
}

// movePlace moves a place in a pool, or what one that was left remembers. What both have
// used of a pool counts together.
func (p *Party) movePlace(into *Party, row storage.Record) error {
	mine, in, err := into.record(memberKind, row.ID)
	if err != nil {
		return err
	}
	if len(mine.Data) == 0 {
		return into.putOwn(row)
	}
	left, err := into.leftOf(mine)
	if err != nil {
		return err
	}
	theirs, err := p.leftOf(row)
	if err != nil {
		return err
	}
	place, here := row, ""
	switch {
	case in:
		place, here = mine, mine.Reference
	case !Moved(row):
		here = row.Reference
	}
	current, left := ofPool(left, here)
	for _, l := range theirs {
		if l.Pool == here {
			if current, err = bothUsed(current, l.Used); err != nil {
				return into.tx.fail(err)
			}
			continue
		}
		used, others := ofPool(left, l.Pool)
		if used, err = bothUsed(used, l.Used); err != nil {
			return into.tx.fail(err)
		}
		left = withLeft(others, l.Pool, used)
	}
	if here == "" {
		return into.putLeft(row.ID, left)
	}
	var state memberState
	if err := into.decode(place, &state); err != nil {
		return err
	}
	state.Used, state.Before = current, left
	return into.putPlace(here, row.ID, place.Status, state)
}

// bothUsed is what two members used of one pool together, in periods that have not passed.
func bothUsed(mine, theirs []periodUse) ([]periodUse, error) {
	sum := slices.Clone(mine)
	for _, use := range theirs {
		i := slices.IndexFunc(sum, func(u periodUse) bool { return u.Unit == use.Unit && u.Per == use.Per })
		if i < 0 {
			sum = append(sum, use)
			continue
		}
		var err error
		if sum[i].Points, err = points.Sum(sum[i].Points, use.Points); err != nil {
			return nil, err
		}
	}
	return sum, nil
}
