package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// PoolKind is a kind of group: a household, a club. A member is in at most one pool
// of a kind at a time. Points of a pool are those that its members contributed.
type PoolKind struct {
	// Code names the kind, such as "household".
	Code string `json:"code"`
	// Roles says what members of a pool may do. The first is the founder's and must
	// manage.
	Roles []PoolRole `json:"roles"`
	// MaxMembers bounds the members of a pool; 0 is no bound.
	MaxMembers int64 `json:"maxMembers,omitempty"`
	// Dissolve says who gets the points of a pool that is dissolved.
	Dissolve DissolvePolicy `json:"dissolve,omitempty"`
}

// PoolRole is a role in a pool, such as "owner", "adult" or "child".
type PoolRole struct {
	Code string `json:"code"`
	// Manages lets invite and remove members, give roles and dissolve the pool.
	Manages bool `json:"manages,omitempty"`
	// Contributes and Draws let points in and out.
	Contributes bool `json:"contributes,omitempty"`
	Draws       bool `json:"draws,omitempty"`
	// Limits bound what one member of the role draws.
	Limits []PoolLimit `json:"limits,omitempty"`
}

// PoolLimit bounds how many points of a unit a member draws from a pool in a calendar period
// of the program's zone, by recorded time. What they drew counts also once they have left and
// come again, where they were in up to 16 other pools of the kind meanwhile; and what two
// members drew counts together once they are merged. Where the merge is undone, it counts for
// the survivor alone, and the limit of who was merged begins anew.
type PoolLimit struct {
	Unit string `json:"unit"`
	// Points is above 0, in the unit's smallest step.
	Points points.Amount `json:"points"`
	// Per is the period. What is drawn counts for the limits that the member's role has then:
	// where a revision changes a limit's period, or a member gets a role with a limit of
	// another period, that limit begins anew.
	Per Period `json:"per"`
}

// DissolvePolicy says who gets the points of a pool that is dissolved.
type DissolvePolicy string

// The policies of dissolving.
const (
	// ToDissolver gives all points to the member who dissolves the pool.
	ToDissolver DissolvePolicy = ""
	// ToContributors gives each lot back to who contributed it, and what nobody can
	// take to the member who dissolves the pool.
	ToContributors DissolvePolicy = "contributors"
)

// The records of pools: the pool's own, a member's place in one, which is kept by the
// kind of pool, and an invitation.
const (
	poolKind       = "pool"
	poolID         = "pool"
	memberKind     = "pool-member"
	inviteKind     = "pool-invite"
	poolOpen       = "open"
	poolDissolving = "dissolving"
	poolDissolved  = "dissolved"
	inviteOpen     = "open"
)

// poolProblems lists the problems of a program's kinds of pools.
func poolProblems(path string, kinds []PoolKind, units []points.Unit) points.Problems {
	var problems points.Problems
	seen := map[string]bool{}
	for i, kind := range kinds {
		at := fmt.Sprintf("%s[%d]", path, i)
		if err := points.CheckID(kind.Code, 64); err != nil {
			problems.Add(at+".code", "%v", err)
		}
		if seen[kind.Code] {
			problems.Add(at+".code", "%q is another kind's too", kind.Code)
		}
		seen[kind.Code] = true
		if kind.MaxMembers < 0 {
			problems.Add(at+".maxMembers", "%d: must not be negative", kind.MaxMembers)
		}
		if kind.Dissolve != ToDissolver && kind.Dissolve != ToContributors {
			problems.Add(at+".dissolve", "%q is not a policy: leave it out, or say %q", kind.Dissolve, ToContributors)
		}
		if len(kind.Roles) == 0 || !kind.Roles[0].Manages {
			problems.Add(at+".roles", "the first role is the founder's and must manage")
		}
		problems = append(problems, roleProblems(at, kind.Roles, units)...)
	}
	return problems
}

func roleProblems(path string, roles []PoolRole, units []points.Unit) points.Problems {
	var problems points.Problems
	seen := map[string]bool{}
	for i, role := range roles {
		at := fmt.Sprintf("%s.roles[%d]", path, i)
		if err := points.CheckID(role.Code, 64); err != nil {
			problems.Add(at+".code", "%v", err)
		}
		if seen[role.Code] {
			problems.Add(at+".code", "%q is another role's too", role.Code)
		}
		seen[role.Code] = true
		for j, limit := range role.Limits {
			at := fmt.Sprintf("%s.limits[%d]", at, j)
			if !slices.ContainsFunc(units, func(u points.Unit) bool { return u.Code == limit.Unit && u.Kind == points.Spendable }) {
				problems.Add(at+".unit", "%q is not a spendable unit of the program", limit.Unit)
			}
			if limit.Points <= 0 {
				problems.Add(at+".points", "%d: must be above 0", limit.Points)
			}
			if _, _, err := period(limit.Per, time.Time{}, time.UTC); err != nil {
				problems.Add(at+".per", "%q is not a period", string(limit.Per))
			}
		}
	}
	return problems
}

func (p *Program) poolKind(code string) (PoolKind, bool) {
	for _, kind := range p.Pools {
		if kind.Code == code {
			return kind, true
		}
	}
	return PoolKind{}, false
}

func (k PoolKind) role(code string) (PoolRole, bool) {
	for _, role := range k.Roles {
		if role.Code == code {
			return role, true
		}
	}
	return PoolRole{}, false
}

// poolState is the document of a pool's own record.
type poolState struct {
	Kind     string `json:"k"`
	Members  int64  `json:"n"`
	Managers int64  `json:"m"`
	// By is who dissolves the pool.
	By string `json:"b,omitempty"`
}

// memberState is the document of a member's place in a pool; the record's Reference
// is the pool, its Status the role.
type memberState struct {
	Since time.Time `json:"t"`
	// Contributed and Drawn are totals by unit.
	Contributed []points.Balance `json:"c,omitempty"`
	Drawn       []points.Balance `json:"d,omitempty"`
	// Used is what counts against limits, by unit and period. Left is the pool that the
	// member has left, in the mark that keeps what they used for when they come again, and
	// Before what they used of pools that they left before, the last one last.
	Used   []periodUse `json:"u,omitempty"`
	Left   string      `json:"p,omitempty"`
	Before []leftPool  `json:"b,omitempty"`
}

type periodUse struct {
	Unit   string        `json:"u"`
	Per    Period        `json:"p"`
	Label  string        `json:"l"`
	Points points.Amount `json:"n"`
}

// inviteState is the document of an invitation.
type inviteState struct {
	Kind string `json:"k"`
	Role string `json:"r"`
	By   string `json:"b"`
}

// membershipsOf names the records of the pools that members may be in.
func membershipsOf(revisions []*revision, members ...string) []RecordRef {
	var refs []RecordRef
	for i, member := range members {
		if i == 0 {
			member = ""
		}
		for _, kind := range revisions[len(revisions)-1].Pools {
			refs = append(refs, RecordRef{Member: member, Kind: memberKind, ID: kind.Code})
		}
	}
	return refs
}

// oneMembership returns why the pools of two members do not let them become one.
func (tx *Tx) oneMembership(from *Party) error {
	for _, kind := range tx.rev.Pools {
		mine, both, err := tx.Record(memberKind, kind.Code)
		if err != nil {
			return err
		}
		theirs, exists, err := from.Record(memberKind, kind.Code)
		if err != nil {
			return err
		}
		if both && exists {
			return fmt.Errorf("%w: both are in a %s, %q and %q: let one leave first", ErrInPool, kind.Code, mine.Reference, theirs.Reference)
		}
	}
	return nil
}

// Pool is what a page about a pool shows.
type Pool struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// Status is "open", "dissolving" or "dissolved".
	Status   string           `json:"status"`
	Balances []points.Balance `json:"balances,omitempty"`
	Members  []PoolMember     `json:"members,omitempty"`
}

// PoolMember is a member of a pool. The amounts of Contributed and Drawn are the
// available ones.
type PoolMember struct {
	Member      string           `json:"member"`
	Role        string           `json:"role"`
	Since       time.Time        `json:"since"`
	Contributed []points.Balance `json:"contributed,omitempty"`
	Drawn       []points.Balance `json:"drawn,omitempty"`
}

// Pool returns what a pool has now and who is in it; members may lag behind a
// little, but nobody who was erased is among them, see [Records]. An id that is no pool's is
// [ErrNoPool].
func (e *Engine) Pool(ctx context.Context, pool string) (Pool, error) {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: pool, Records: []storage.RecordKey{{Kind: poolKind, ID: poolID}},
	}})
	if err != nil {
		return Pool{}, fmt.Errorf("loyalty: pool %q: %w", pool, err)
	}
	if len(snaps[0].Records) == 0 {
		return Pool{}, fmt.Errorf("loyalty: %w: %q", ErrNoPool, pool)
	}
	row := snaps[0].Records[0]
	var state poolState
	if err := json.Unmarshal(row.Data, &state); err != nil {
		return Pool{}, fmt.Errorf("loyalty: pool %q: %w", pool, err)
	}
	m, err := e.Member(ctx, pool)
	if err != nil {
		return Pool{}, err
	}
	shown := Pool{ID: pool, Kind: state.Kind, Status: row.Status, Balances: m.Balances}
	for member, err := range poolMembers(Records(ctx, e.store, e.inPool(pool))) {
		if err != nil {
			return Pool{}, fmt.Errorf("loyalty: pool %q: %w", pool, err)
		}
		shown.Members = append(shown.Members, member)
	}
	return shown, nil
}

// inPool asks for the places in a pool.
func (e *Engine) inPool(pool string) storage.RecordQuery {
	return storage.RecordQuery{Program: e.program, Kind: memberKind, Reference: pool}
}

func poolMembers(rows iter.Seq2[storage.Record, error]) iter.Seq2[PoolMember, error] {
	return func(yield func(PoolMember, error) bool) {
		for row, err := range rows {
			var state memberState
			if err == nil {
				err = json.Unmarshal(row.Data, &state)
			}
			member := PoolMember{
				Member: row.Member, Role: row.Status, Since: state.Since, Contributed: state.Contributed, Drawn: state.Drawn,
			}
			if !yield(member, err) || err != nil {
				return
			}
		}
	}
}

// pool returns the party's own record as a pool that is open, and its kind.
func (p *Party) pool() (storage.Record, poolState, PoolKind, error) {
	var state poolState
	row, exists, err := p.Record(poolKind, poolID)
	if err != nil {
		return row, state, PoolKind{}, err
	}
	if !exists {
		return row, state, PoolKind{}, fmt.Errorf("%w: %s", ErrNoPool, whose(p.row.Member))
	}
	if row.Status != poolOpen {
		return row, state, PoolKind{}, fmt.Errorf("%w: pool %q is %s", ErrClosed, p.row.Member, row.Status)
	}
	if err := p.decode(row, &state); err != nil {
		return row, state, PoolKind{}, err
	}
	kind, known := p.tx.rev.poolKind(state.Kind)
	if !known {
		return row, state, kind, invalid("pools", "the program has no kind %q any more", state.Kind)
	}
	return row, state, kind, nil
}

func (p *Party) putPool(state poolState, status string) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return p.tx.fail(err)
	}
	due := points.Never
	if status == poolDissolving {
		due = p.tx.now
	}
	return p.putOwn(storage.Record{Kind: poolKind, ID: poolID, Status: status, DueAt: due, Data: data})
}

// place returns a member's place in a pool and its role.
func (p *Party) place(pool string, kind PoolKind) (memberState, PoolRole, error) {
	var state memberState
	row, exists, err := p.Record(memberKind, kind.Code)
	if err != nil {
		return state, PoolRole{}, err
	}
	if !exists || row.Reference != pool {
		return state, PoolRole{}, fmt.Errorf("%w: %q in %q", ErrNotInPool, p.row.Member, pool)
	}
	role, known := kind.role(row.Status)
	if !known {
		role = PoolRole{Code: row.Status}
	}
	return state, role, p.decode(row, &state)
}

func (p *Party) putPlace(pool, kind, role string, state memberState) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: memberKind, ID: kind, Status: role, Reference: pool, Data: data})
}

// addUnit adds to what a list counts of a unit.
func addUnit(list []points.Balance, unit string, amount points.Amount) ([]points.Balance, error) {
	i, found := slices.BinarySearchFunc(list, unit, func(b points.Balance, unit string) int { return strings.Compare(b.Unit, unit) })
	list = slices.Clone(list)
	if !found {
		list = slices.Insert(list, i, points.Balance{Unit: unit})
	}
	var err error
	list[i].Available, err = list[i].Available.Add(amount)
	return list, err
}
