package loyalty

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Enroll opens a member's account. A member who has one is [ErrAlreadyEnrolled],
// unless the key is that of the first Enroll.
type Enroll struct {
	// Member is the host's opaque id: a surrogate, never a name or an address.
	Member string `json:"member"`
	Key    string `json:"key"`
	// Attributes is kept with the account as it is: at most 32 of them, with keys
	// up to 64 bytes and values up to 256. Put nothing personal here that does not
	// need to be.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Jurisdiction is the code of the one that the member is under, if any: one that a
	// revision of the program lists.
	Jurisdiction string    `json:"jurisdiction,omitempty"`
	OccurredAt   time.Time `json:"occurredAt,omitzero"`
	Reason       string    `json:"reason,omitempty"`
	Actor        string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c Enroll) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports every problem of the attributes and the jurisdiction.
func (c Enroll) Validate() error {
	problems := checkJurisdiction(c.Jurisdiction)
	if len(c.Attributes) > 32 {
		problems.Add("attributes", "at most 32, has %d", len(c.Attributes))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Attributes)) {
		path := fmt.Sprintf("attributes[%q]", name)
		if err := points.CheckID(name, 64); err != nil {
			problems.Add(path, "the name %v", err)
		}
		value := c.Attributes[name]
		if err := checkText(value); err != nil {
			problems.Add(path, "%v", err)
		} else if len(value) > 256 {
			problems.Add(path, "must have at most 256 bytes, has %d", len(value))
		}
	}
	return problems.Err()
}

// Apply implements [Command].
func (c Enroll) Apply(_ context.Context, tx *Tx) error {
	if tx.Enrolled() {
		return ErrAlreadyEnrolled
	}
	if err := tx.knownJurisdiction(c.Jurisdiction); err != nil {
		return err
	}
	tx.row.Kind, tx.row.Status = storage.Person, storage.Active
	tx.row.EnrolledAt = tx.occurred
	if len(c.Attributes) > 0 || c.Jurisdiction != "" {
		tx.data = &accountData{Attributes: maps.Clone(c.Attributes), Jurisdiction: c.Jurisdiction}
		tx.dataChanged = true
	}
	return nil
}

func (Enroll) enrolls() {}
