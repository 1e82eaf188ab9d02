package loyalty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// EnrollGuest opens an account for somebody who is no member: what orders earn
// under it waits to be claimed. The program must have [Program.Guests] set; without
// it nobody earns by mistake. A guest earns and is refunded as members are, points
// mature and expire, and nothing can be redeemed.
type EnrollGuest struct {
	// Member is the host's opaque id of the guest: one for each guest order will do,
	// never an address.
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c EnrollGuest) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Apply implements [Command].
func (c EnrollGuest) Apply(ctx context.Context, tx *Tx) error {
	if !tx.rev.Guests {
		return fmt.Errorf("%w: set guests in it", ErrNoGuests)
	}
	if err := (Enroll{Member: c.Member}).Apply(ctx, tx); err != nil {
		return err
	}
	return tx.changeLife(func(l *lifeData) { l.Guest = true })
}

func (EnrollGuest) enrolls() {}

// ClaimAward gives what a guest earned to a member whom the host has found to be
// that guest. Lots keep their dates, orders stay refundable, and the guest's id is from
// then on another id of the member, as after a [Merge]. A guest is claimed once:
// again it is a [ClaimedError] that says by whom it was.
//
// Its receipt's Result is a [Merged].
type ClaimAward struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Guest is the id of an EnrollGuest.
	Guest string `json:"guest"`
	// Verified says how the host has made sure that the member is the guest. It is
	// required, up to 1000 bytes, and kept with the operation.
	Verified   string    `json:"verified"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c ClaimAward) Plan() Plan {
	return Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Guest,
		Others: []string{c.Guest}, Records: []RecordRef{{Kind: mergeKind, ID: c.Guest}},
	}
}

// Validate reports every problem of the claim.
func (c ClaimAward) Validate() error {
	var problems points.Problems
	if err := checkMerge(c.Member, c.Guest, "guest", time.Time{}); err != nil {
		errors.As(err, &problems)
	}
	if c.Verified == "" {
		problems.Add("verified", "must say how the member was found to be the guest")
	} else if err := checkText(c.Verified); err != nil {
		problems.Add("verified", "%v", err)
	}
	return problems.Err()
}

// Apply implements [Command].
func (c ClaimAward) Apply(_ context.Context, tx *Tx) error {
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if guest, err := tx.guest(); err != nil || guest {
		return errors.Join(err, fmt.Errorf("%w: %q cannot claim", ErrGuest, c.Member))
	}
	from, err := tx.Other(c.Guest)
	if err != nil {
		return err
	}
	if guest, err := from.guest(); err != nil || !guest {
		return errors.Join(err, fmt.Errorf("%w: %q", ErrNotGuest, c.Guest))
	}
	return tx.absorb(from, time.Time{})
}

func (ClaimAward) follows() {}

// parts implements parter: a guest who was claimed is not followed.
func (c ClaimAward) parts() string { return c.Guest }

func (c ClaimAward) already(_, into string) error {
	return &ClaimedError{Space: "guest", Key: c.Guest, Holder: into}
}

func (p *Party) guest() (bool, error) {
	data, err := p.document()
	return err == nil && data.Life != nil && data.Life.Guest, err
}

// WhoEarned returns the id under which an order earned, or the survivor's where
// that was merged: a guest's award is found and claimed by its order. An order that
// did not earn is [ErrUnknownOrder], as is every one in a program with
// OrdersPerMember.
func (e *Engine) WhoEarned(ctx context.Context, order string) (string, error) {
	if err := points.CheckID(order, maxID); err != nil {
		return "", fmt.Errorf("loyalty: %w", invalid("order", "%v", err))
	}
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: storage.ReservedPrefix, Claims: []storage.ClaimKey{{Space: orderSpace, Key: order}},
	}})
	if err != nil {
		return "", fmt.Errorf("loyalty: order %q: %w", order, err)
	}
	if len(snaps[0].Claims) == 0 {
		return "", fmt.Errorf("loyalty: %w: %q", ErrUnknownOrder, order)
	}
	member, err := e.survivor(ctx, snaps[0].Claims[0].Holder)
	if err != nil {
		return "", fmt.Errorf("loyalty: order %q: %w", order, err)
	}
	return member, nil
}

// survivor follows merges to the account that an id is about now, erased or not.
func (e *Engine) survivor(ctx context.Context, member string) (string, error) {
	member, err := e.living(ctx, member)
	if errors.Is(err, ErrErased) {
		err = nil
	}
	return member, err
}

// living is [Living] of the engine's store.
func (e *Engine) living(ctx context.Context, member string) (string, error) {
	return Living(ctx, e.store, e.program, member)
}

// maxChain bounds how many merges in a row are followed.
const maxChain = 1000
