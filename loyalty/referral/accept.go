package referral

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Accept ties a friend to who has a code. [Find] tells who that is, and the command checks it
// again. It happens when it is recorded: an order from before does not count. Its receipt's
// Result is the [Referral] as the friend sees it.
type Accept struct {
	// Member is the friend.
	Member   string `json:"member"`
	Key      string `json:"key"`
	Referrer string `json:"referrer"`
	// Code is the code as it was typed.
	Code string `json:"code"`
	// Fingerprints are digests of the friend's cards, devices and the like: up to 8, of 1
	// to 96 bytes. One that the referrer has is an [ErrSelf], one that another friend has
	// is an [ErrReferred].
	Fingerprints []string `json:"fingerprints,omitempty"`
	Reason       string   `json:"reason,omitempty"`
	Actor        string   `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Accept) CommandType() string { return "referral-accept" }

// Plan implements loyalty.Command.
func (c Accept) Plan() loyalty.Plan {
	plan := loyalty.Plan{
		Member: c.Member, Key: c.Key, Reason: c.Reason, Actor: c.Actor, Others: []string{c.Referrer},
		Records: []loyalty.RecordRef{
			{Kind: joinedKind, ID: onlyID},
			{Member: c.Referrer, Kind: joinedKind, ID: onlyID},
			{Member: c.Referrer, Kind: codesKind, ID: onlyID},
			{Member: c.Referrer, Kind: madeKind, ID: digest(c.Member)},
		},
		Claims: []storage.ClaimKey{{Space: friendSpace, Key: digest(c.Member)}},
	}
	if code, err := ParseCode(c.Code); err == nil {
		plan.Claims = append(plan.Claims, storage.ClaimKey{Space: codeSpace, Key: code})
	}
	plan.Claims = append(plan.Claims, printClaims(c.Fingerprints)...)
	return plan
}

func printClaims(prints []string) (keys []storage.ClaimKey) {
	for _, mark := range prints {
		if points.CheckID(mark, 96) == nil {
			keys = append(keys, storage.ClaimKey{Space: printSpace, Key: mark})
		}
	}
	return keys
}

// Validate reports every problem of the acceptance.
func (c Accept) Validate() error {
	var problems points.Problems
	id(&problems, "referrer", c.Referrer, 128)
	if _, err := ParseCode(c.Code); err != nil {
		problems.Add("code", "%q: must have %d to %d letters and digits", points.Clip(c.Code), leastCode, mostCode)
	}
	printProblems(&problems, c.Fingerprints)
	if c.Member == c.Referrer {
		return errors.Join(ErrSelf, problems.Err())
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Accept) Apply(_ context.Context, tx *loyalty.Tx) error {
	terms, err := termsOf(tx)
	if err != nil {
		return err
	}
	referrer, err := tx.Other(c.Referrer)
	if err != nil {
		return err
	}
	program := tx.Program()
	if err := terms.known(&program); err != nil {
		return err
	}
	if err := tx.CanEarn(); err != nil {
		return err
	}
	if err := c.hasCode(tx, referrer); err != nil {
		return err
	}
	mine, err := joinedOf(tx.Party)
	if err != nil {
		return err
	}
	if len(mine.List) > 0 {
		return ErrReferred
	}
	if err := terms.fresh(tx); err != nil {
		return err
	}
	if err := terms.noRing(tx.Party, referrer); err != nil {
		return err
	}
	d := document{
		Friend: tx.Member(), Referrer: referrer.Member(), State: Accepted, Offer: terms.Offer, New: terms.New,
		At: tx.Now(), Until: terms.OrderWithin.After(tx.Now(), tx.Zone()), Version: tx.Version(), Prints: slices.Clone(c.Fingerprints),
	}
	if err := claimPrints(tx, referrer, c.Fingerprints); err != nil {
		return err
	}
	if err := c.claimFriend(tx); err != nil {
		return err
	}
	if _, made, err := madeOf(referrer, d.Friend); err != nil || made {
		return errors.Join(err, ErrReferred)
	}
	return d.keep(tx, referrer)
}

// keep stores a new referral on both sides.
func (d *document) keep(tx *loyalty.Tx, referrer *loyalty.Party) error {
	made := *d
	made.Prints, made.Version = nil, 0
	mine := joined{List: []document{*d}}
	if err := putJoined(tx.Party, &mine); err != nil {
		return err
	}
	if err := putMade(referrer, d.Friend, &made); err != nil {
		return err
	}
	if err := tell(tx.Party, d, d.Referrer); err != nil {
		return err
	}
	if err := tell(referrer, d, d.Friend); err != nil {
		return err
	}
	return tx.Answer(d.view(tx.Now()))
}

// hasCode reports a code that is not the referrer's, or a referrer who may not refer.
func (c Accept) hasCode(tx *loyalty.Tx, referrer *loyalty.Party) error {
	code, err := ParseCode(c.Code)
	if err != nil {
		return err
	}
	holder, held := tx.Holder(codeSpace, code)
	if held {
		if held, err = referrer.Is(holder); err != nil {
			return err
		}
	}
	if !held {
		return ErrCode
	}
	have, err := codesOf(referrer)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(have.Codes, func(own Code) bool { return own.is(code) }) {
		return ErrCode
	}
	if err := referrer.CanEarn(); err != nil {
		return ErrReferrer
	}
	return nil
}

// fresh reports a friend who is no new customer.
func (t *Terms) fresh(tx *loyalty.Tx) error {
	if t.New.N > 0 {
		if until := t.New.After(tx.EnrolledAt(), tx.Zone()); !tx.Now().Before(until) {
			return fmt.Errorf("%w: they joined more than %s ago", ErrNotNew, t.New)
		}
	}
	if t.Unused != "" && tx.Balance(t.Unused).Counted > 0 {
		return fmt.Errorf("%w: they have %q counted", ErrNotNew, t.Unused)
	}
	return nil
}

// noRing reports a referrer who came by the friend.
func (t *Terms) noRing(friend, referrer *loyalty.Party) error {
	if t.Rings {
		return nil
	}
	theirs, err := joinedOf(referrer)
	if err != nil {
		return err
	}
	for _, d := range theirs.List {
		if same, err := friend.Is(d.Referrer); err != nil || same {
			return errors.Join(err, ErrRing)
		}
	}
	return nil
}

// claimFriend marks that the friend was referred, for life: under the id that is theirs,
// and under the one by which they were named.
func (c Accept) claimFriend(tx *loyalty.Tx) error {
	ids := []string{tx.Member()}
	if c.Member != tx.Member() {
		ids = append(ids, c.Member)
	}
	for _, member := range ids {
		if err := tx.Claim(friendSpace, digest(member)); err != nil {
			if errors.Is(err, loyalty.ErrClaimed) {
				return ErrReferred
			}
			return err
		}
	}
	return nil
}

// claimPrints takes fingerprints for the friend. One that the referrer gave with a code or
// came with is an [ErrSelf], and that of another friend an [ErrReferred].
func claimPrints(tx *loyalty.Tx, referrer *loyalty.Party, prints []string) error {
	if len(prints) == 0 {
		return nil
	}
	var theirs codes
	if referrer != nil {
		var err error
		if theirs, err = codesOf(referrer); err != nil {
			return err
		}
	}
	for _, mark := range prints {
		if slices.Contains(theirs.Prints, mark) {
			return fmt.Errorf("%w: they share a fingerprint", ErrSelf)
		}
		holder, held := tx.Holder(printSpace, mark)
		if !held {
			if err := tx.Claim(printSpace, mark); err != nil {
				return err
			}
			continue
		}
		if referrer != nil {
			same, err := referrer.Is(holder)
			if err != nil {
				return err
			}
			if same {
				return fmt.Errorf("%w: they share a fingerprint", ErrSelf)
			}
		}
		if mine, err := tx.Is(holder); err != nil || !mine {
			return errors.Join(err, fmt.Errorf("%w: they share a fingerprint", ErrReferred))
		}
	}
	return nil
}
