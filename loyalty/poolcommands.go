package loyalty

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// poolPlan is the plan of a command of a member about a pool and perhaps somebody else.
func poolPlan(member, key, pool, who string, at time.Time, reason, actor string) Plan {
	plan := Plan{
		Member: member, Key: key, OccurredAt: at, Reason: reason, Actor: actor, Reference: pool, Others: []string{pool},
		Records: []RecordRef{{Member: pool, Kind: poolKind, ID: poolID}},
	}
	if who != "" && who != member {
		plan.Others = append(plan.Others, who)
	}
	return plan
}

func withPlaces(plan Plan, revisions []*revision, who string) Plan {
	members := []string{plan.Member}
	if who != "" && who != plan.Member {
		members = append(members, who)
	}
	plan.Records = append(plan.Records, membershipsOf(revisions, members...)...)
	return plan
}

// FoundPool opens a pool of a kind that the program has. The member becomes its first
// and gets the kind's first role.
type FoundPool struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Pool is the host's opaque id of the pool. It shares its namespace with members.
	Pool       string    `json:"pool"`
	Kind       string    `json:"kind"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c FoundPool) Plan() Plan {
	plan := poolPlan(c.Member, c.Key, c.Pool, "", c.OccurredAt, c.Reason, c.Actor)
	plan.Records = append(plan.Records, RecordRef{Kind: memberKind, ID: c.Kind})
	return plan
}

// Validate reports every problem of the pool.
func (c FoundPool) Validate() error {
	return checkPool(c.Member, c.Pool, "kind", c.Kind, "", "")
}

func checkPool(member, pool, path, value, other, who string) error {
	var problems points.Problems
	if err := points.CheckID(pool, maxID); err != nil {
		problems.Add("pool", "%v", err)
	} else if pool == member {
		problems.Add("pool", "must not be the member")
	}
	if path != "" {
		if err := points.CheckID(value, 64); err != nil {
			problems.Add(path, "%v", err)
		}
	}
	if other != "" {
		if err := points.CheckID(who, maxID); err != nil {
			problems.Add(other, "%v", err)
		} else if who == pool {
			problems.Add(other, "must not be the pool")
		}
	}
	return problems.Err()
}

func (c FoundPool) opens() string { return c.Pool }

// Apply implements [Command].
func (c FoundPool) Apply(_ context.Context, tx *Tx) error {
	kind, known := tx.rev.poolKind(c.Kind)
	if !known {
		return invalid("kind", "%q is no kind of pool of the program", c.Kind)
	}
	pool, err := tx.Other(c.Pool)
	if err != nil {
		return err
	}
	if pool.Enrolled() {
		return fmt.Errorf("%w: %q", ErrAlreadyEnrolled, c.Pool)
	}
	if err := tx.mayJoin(kind); err != nil {
		return err
	}
	pool.row.Kind, pool.row.Status, pool.row.EnrolledAt = storage.Pool, storage.Active, tx.occurred
	if err := pool.changeLife(func(l *lifeData) { l.Pool = kind.Code }); err != nil {
		return err
	}
	if err := pool.putPool(poolState{Kind: kind.Code, Members: 1, Managers: 1}, poolOpen); err != nil {
		return err
	}
	place, err := tx.newPlace(c.Pool, kind.Code)
	if err != nil {
		return err
	}
	return tx.putPlace(c.Pool, kind.Code, kind.Roles[0].Code, place)
}

// mayJoin returns why the member cannot be in a pool of a kind.
func (p *Party) mayJoin(kind PoolKind) error {
	if p.row.Kind != storage.Person {
		return fmt.Errorf("%w: %s", ErrNotPerson, whose(p.row.Member))
	}
	if guest, err := p.guest(); err != nil || guest {
		return cmp.Or(err, fmt.Errorf("%w: %q", ErrGuest, p.row.Member))
	}
	if p.row.Status == storage.Closed {
		return fmt.Errorf("%w: %s", ErrClosed, whose(p.row.Member))
	}
	row, exists, err := p.Record(memberKind, kind.Code)
	if err != nil {
		return err
	}
	if exists {
		return fmt.Errorf("%w: %q is in %s %q", ErrInPool, p.row.Member, kind.Code, row.Reference)
	}
	return nil
}

// InviteToPool lets another member join a pool in a role. The member must manage it.
type InviteToPool struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Pool   string `json:"pool"`
	Who    string `json:"who"`
	Role   string `json:"role"`
	// Override is a decision of the host's own, for a pool that nobody is left to manage:
	// the member, who may be Who, then needs no place in it. It needs a Reason and an
	// Actor.
	Override   bool      `json:"override,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c InviteToPool) Plan() Plan {
	plan, invite := poolPlan(c.Member, c.Key, c.Pool, c.Who, c.OccurredAt, c.Reason, c.Actor), RecordRef{Kind: inviteKind, ID: c.Pool}
	if c.Who != c.Member {
		invite.Member = c.Who
	}
	plan.Records = append(plan.Records, invite)
	return plan
}

func (c InviteToPool) planIn(revisions []*revision) Plan {
	return withPlaces(c.Plan(), revisions, c.Who)
}

// Validate reports every problem of the invitation.
func (c InviteToPool) Validate() error {
	return checkOverride(c.Override, c.Reason, c.Actor, checkPool(c.Member, c.Pool, "role", c.Role, "who", c.Who))
}

// checkOverride adds the problems of a decision of the host's own to others.
func checkOverride(override bool, reason, actor string, others error) error {
	if !override {
		return others
	}
	problems, _ := errors.AsType[points.Problems](others)
	return append(problems, correctionProblems(reason, actor)...).Err()
}

// Apply implements [Command].
func (c InviteToPool) Apply(_ context.Context, tx *Tx) error {
	_, _, kind, err := tx.managed(c.Pool, c.Override)
	if err != nil {
		return err
	}
	if _, known := kind.role(c.Role); !known {
		return invalid("role", "%q is no role of a %s", c.Role, kind.Code)
	}
	who := tx.Party
	if c.Who != c.Member && !tx.named(c.Who) {
		if who, err = tx.Other(c.Who); err != nil {
			return err
		}
	}
	if err := who.mayJoin(kind); err != nil {
		return err
	}
	data, err := canon.Append(nil, inviteState{Kind: kind.Code, Role: c.Role, By: tx.Party.Member()})
	if err != nil {
		return tx.fail(err)
	}
	return who.putOwn(storage.Record{Kind: inviteKind, ID: c.Pool, Status: inviteOpen, Data: data})
}

// managed returns a pool that the command's member manages, or that the host decides on.
func (tx *Tx) managed(id string, override bool) (*Party, poolState, PoolKind, error) {
	pool, err := tx.Other(id)
	if err != nil {
		return nil, poolState{}, PoolKind{}, err
	}
	_, state, kind, err := pool.pool()
	if err != nil || override {
		return pool, state, kind, err
	}
	_, role, err := tx.place(pool.Member(), kind)
	if err != nil {
		return nil, state, kind, err
	}
	if !role.Manages {
		return nil, state, kind, fmt.Errorf("%w: a %s does not manage the pool", ErrRole, role.Code)
	}
	return pool, state, kind, nil
}

// JoinPool takes up an invitation.
type JoinPool struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	Pool       string    `json:"pool"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c JoinPool) Plan() Plan {
	plan := poolPlan(c.Member, c.Key, c.Pool, "", c.OccurredAt, c.Reason, c.Actor)
	plan.Records = append(plan.Records, RecordRef{Kind: inviteKind, ID: c.Pool})
	return plan
}

func (c JoinPool) planIn(revisions []*revision) Plan { return withPlaces(c.Plan(), revisions, "") }

// Validate reports every problem of joining.
func (c JoinPool) Validate() error { return checkPool(c.Member, c.Pool, "", "", "", "") }

// Apply implements [Command].
func (c JoinPool) Apply(_ context.Context, tx *Tx) error {
	pool, err := tx.Other(c.Pool)
	if err != nil {
		return err
	}
	_, state, kind, err := pool.pool()
	if err != nil {
		return err
	}
	row, exists, err := tx.Record(inviteKind, c.Pool)
	if err != nil {
		return err
	}
	if !exists || row.Status != inviteOpen {
		return fmt.Errorf("%w: %q to %q", ErrNotInvited, tx.Party.Member(), c.Pool)
	}
	var invite inviteState
	if err := tx.decode(row, &invite); err != nil {
		return err
	}
	if err := tx.mayJoin(kind); err != nil {
		return err
	}
	role, known := kind.role(invite.Role)
	if !known {
		return invalid("role", "%q is no role of a %s any more", invite.Role, kind.Code)
	}
	if kind.MaxMembers > 0 && state.Members >= kind.MaxMembers {
		return &LimitError{Key: "members of pool " + c.Pool, Used: state.Members, Bound: kind.MaxMembers}
	}
	if state.Members++; role.Manages {
		state.Managers++
	}
	if err := pool.putPool(state, poolOpen); err != nil {
		return err
	}
	if err := tx.leaveBehind(inviteKind, row.ID); err != nil {
		return err
	}
	place, err := tx.newPlace(pool.Member(), kind.Code)
	if err != nil {
		return err
	}
	return tx.putPlace(pool.Member(), kind.Code, role.Code, place)
}

// LeavePool takes a member out of a pool: the command's, or another where the
// command's manages it. What was contributed stays in the pool. The last who manages
// it cannot leave: give somebody the role, or dissolve it.
type LeavePool struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Pool   string `json:"pool"`
	// Who is taken out; empty is the member.
	Who        string    `json:"who,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c LeavePool) Plan() Plan {
	return poolPlan(c.Member, c.Key, c.Pool, c.Who, c.OccurredAt, c.Reason, c.Actor)
}

func (c LeavePool) planIn(revisions []*revision) Plan { return withPlaces(c.Plan(), revisions, c.Who) }

// Validate reports every problem of leaving.
func (c LeavePool) Validate() error {
	if c.Who == "" {
		return checkPool(c.Member, c.Pool, "", "", "", "")
	}
	return checkPool(c.Member, c.Pool, "", "", "who", c.Who)
}

// Apply implements [Command].
func (c LeavePool) Apply(_ context.Context, tx *Tx) error {
	return tx.changePlace(c.Pool, c.Who, "", false)
}

// SetPoolRole gives a member of a pool another role. The command's member must
// manage the pool, and somebody must go on to.
type SetPoolRole struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Pool   string `json:"pool"`
	Who    string `json:"who"`
	Role   string `json:"role"`
	// Override is a decision of the host's own, for a pool that nobody is left to manage:
	// the member, who may be Who, then needs no role. It needs a Reason and an Actor.
	Override   bool      `json:"override,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c SetPoolRole) Plan() Plan {
	return poolPlan(c.Member, c.Key, c.Pool, c.Who, c.OccurredAt, c.Reason, c.Actor)
}

func (c SetPoolRole) planIn(revisions []*revision) Plan {
	return withPlaces(c.Plan(), revisions, c.Who)
}

// Validate reports every problem of the role.
func (c SetPoolRole) Validate() error {
	return checkOverride(c.Override, c.Reason, c.Actor, checkPool(c.Member, c.Pool, "role", c.Role, "who", c.Who))
}

// Apply implements [Command].
func (c SetPoolRole) Apply(_ context.Context, tx *Tx) error {
	return tx.changePlace(c.Pool, c.Who, c.Role, c.Override)
}

// changePlace gives a member of a pool another role, or none.
func (tx *Tx) changePlace(id, member, role string, override bool) error {
	who := tx.Party
	if member != "" && member != tx.plan.Member && !tx.named(member) {
		other, err := tx.Other(member)
		if err != nil {
			return err
		}
		who = other
	}
	pool, err := tx.Other(id)
	if err != nil {
		return err
	}
	_, state, kind, err := pool.pool()
	if err != nil {
		return err
	}
	if who != tx.Party || role != "" {
		if _, _, _, err := tx.managed(id, override); err != nil {
			return err
		}
	}
	place, before, err := who.place(pool.Member(), kind)
	if err != nil {
		return err
	}
	after, known := kind.role(role)
	if role != "" && !known {
		return invalid("role", "%q is no role of a %s", role, kind.Code)
	}
	if before.Manages {
		state.Managers--
	}
	if after.Manages {
		state.Managers++
	}
	if before.Manages && state.Managers == 0 {
		return fmt.Errorf("%w: nobody would manage pool %q: give somebody the role first, or dissolve it", ErrRole, id)
	}
	if role == "" {
		state.Members--
		if err := who.leavePlace(pool.Member(), kind.Code, place); err != nil {
			return err
		}
	} else if err := who.putPlace(pool.Member(), kind.Code, role, place); err != nil {
		return err
	}
	return pool.putPool(state, poolOpen)
}

// named reports whether an id is one by which the command named its member.
func (tx *Tx) named(member string) bool {
	return member == tx.row.Member || slices.Contains(tx.aliases, member)
}
