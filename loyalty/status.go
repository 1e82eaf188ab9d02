package loyalty

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Gate is something that a member may or may not do.
type Gate string

// The gates of an account.
const (
	// EarnGate lets in awards and transfers to the member.
	EarnGate Gate = "earn"
	// RedeemGate lets out spends, holds and transfers from the member.
	RedeemGate Gate = "redeem"
)

// Suspend closes gates of an account until they are resumed. Points go on to
// mature and expire, and refunds and corrections still work.
type Suspend struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Gates names what to close; empty is both.
	Gates      []Gate    `json:"gates,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Suspend) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports unknown gates.
func (c Suspend) Validate() error { return checkGates(c.Gates) }

// Apply implements [Command].
func (c Suspend) Apply(_ context.Context, tx *Tx) error { return tx.setGates(c.Gates, true) }

// Resume opens gates of an account again.
type Resume struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Gates names what to open; empty is both.
	Gates      []Gate    `json:"gates,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Resume) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports unknown gates.
func (c Resume) Validate() error { return checkGates(c.Gates) }

// Apply implements [Command].
func (c Resume) Apply(_ context.Context, tx *Tx) error { return tx.setGates(c.Gates, false) }

// Close closes an account for good: it neither earns nor redeems any more. What
// is there still matures and expires, holds can be captured or voided, and orders
// refunded.
type Close struct {
	Member     string    `json:"member"`
	Key        string    `json:"key"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Close) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Apply implements [Command].
func (c Close) Apply(_ context.Context, tx *Tx) error {
	if tx.row.Status == storage.Closed {
		return ErrClosed
	}
	tx.row.Status = storage.Closed
	return nil
}

func checkGates(gates []Gate) error {
	for i, gate := range gates {
		if gate != EarnGate && gate != RedeemGate {
			return invalid(fmt.Sprintf("gates[%d]", i), "%q is not a gate: %q or %q", gate, EarnGate, RedeemGate)
		}
	}
	return nil
}

func (tx *Tx) setGates(gates []Gate, shut bool) error {
	if tx.row.Status == storage.Closed {
		return ErrClosed
	}
	data, err := tx.document()
	if err != nil {
		return err
	}
	if len(gates) == 0 {
		gates = []Gate{EarnGate, RedeemGate}
	}
	for _, gate := range gates {
		if gate == EarnGate {
			data.NoEarn = shut
		} else {
			data.NoRedeem = shut
		}
		// From now on it is as somebody said, and not as it came.
		data.forgetShut(func(came *cameShut) { came.set(gate, false) })
	}
	tx.dataChanged = true
	tx.row.Status = data.status()
	return nil
}

// cameShut names the gates of a member that a merge shut for the survivor, and that nobody
// has shut or opened there since.
type cameShut struct {
	From   string `json:"from"`
	Earn   bool   `json:"earn,omitempty"`
	Redeem bool   `json:"redeem,omitempty"`
}

func (c *cameShut) set(gate Gate, shut bool) {
	if gate == EarnGate {
		c.Earn = shut
	} else {
		c.Redeem = shut
	}
}

// status is that of an account that is not closed.
func (d *accountData) status() storage.AccountStatus {
	if d.NoEarn && d.NoRedeem {
		return storage.Suspended
	}
	return storage.Active
}

// forgetShut lets change edit what gates came shut, and drops who has none of them.
func (d *accountData) forgetShut(change func(*cameShut)) {
	d.Came = slices.Clone(d.Came)
	for i := range d.Came {
		change(&d.Came[i])
	}
	d.Came = slices.DeleteFunc(d.Came, func(c cameShut) bool { return !c.Earn && !c.Redeem })
}

// shutBy is what gates are shut by merges alone.
func (d *accountData) shutBy() (by cameShut) {
	for i := range d.Came {
		by.Earn, by.Redeem = by.Earn || d.Came[i].Earn, by.Redeem || d.Came[i].Redeem
	}
	return by
}

// inheritGates shuts the gates of a member who goes for the survivor, too.
func (d *accountData) inheritGates(from string, theirs *accountData) {
	by := d.shutBy()
	came := cameShut{From: from, Earn: theirs.NoEarn && (!d.NoEarn || by.Earn), Redeem: theirs.NoRedeem && (!d.NoRedeem || by.Redeem)}
	if came.Earn || came.Redeem {
		d.Came = append(slices.Clip(d.Came), came)
	}
	d.NoEarn, d.NoRedeem = d.NoEarn || theirs.NoEarn, d.NoRedeem || theirs.NoRedeem
}

// returnGates opens the gates again that are shut by the merge of a member alone.
func (d *accountData) returnGates(from string) {
	before := d.shutBy()
	d.forgetShut(func(came *cameShut) {
		if came.From == from {
			*came = cameShut{}
		}
	})
	after := d.shutBy()
	d.NoEarn = d.NoEarn && before.Earn == after.Earn
	d.NoRedeem = d.NoRedeem && before.Redeem == after.Redeem
}

// CanEarn returns why the account may not receive points, or nil.
func (p *Party) CanEarn() error { return p.through(EarnGate) }

// CanRedeem returns why the account may not give points away, or nil.
func (p *Party) CanRedeem() error { return p.through(RedeemGate) }

func (p *Party) through(gate Gate) error {
	if p.row.Status == storage.Closed {
		return p.open(gate)
	}
	data, err := p.document()
	if err != nil {
		return err
	}
	if data.Life != nil && data.Life.Pool != "" {
		return fmt.Errorf("%w: %s is a pool", ErrNotPerson, whose(p.row.Member))
	}
	if data.Life != nil && data.Life.Guest && gate == RedeemGate {
		return fmt.Errorf("%w: %q; let a member claim what it earned", ErrGuest, p.row.Member)
	}
	return p.open(gate)
}

// open returns why a gate of the account is shut, or nil, whatever kind of account it is.
func (p *Party) open(gate Gate) error {
	if p.row.Status == storage.Closed {
		return fmt.Errorf("%w: %s", ErrClosed, whose(p.row.Member))
	}
	data, err := p.document()
	if err != nil {
		return err
	}
	if (gate == EarnGate && data.NoEarn) || (gate == RedeemGate && data.NoRedeem) {
		return fmt.Errorf("%w: %s may not %s; resume it first", ErrSuspended, whose(p.row.Member), gate)
	}
	return nil
}
