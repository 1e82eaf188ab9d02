package referral

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

const (
	leastCode = 4
	mostCode  = 30
	// mostPrints bounds the fingerprints of a command, and those of a referrer.
	mostPrints = 8
	// mostCodes bounds the codes that a member has by merges.
	mostCodes = 16
	// drawn is how many codes an Issue draws before it gives up.
	drawn = 16
)

// ParseCode returns a code as it is stored from a text as it is typed: in any case, with spaces
// and hyphens, and with characters that are read for one another: 0 for O, and 1 or L for I.
// It has 4 to 30 letters and digits; any other text is [ErrCode].
func ParseCode(text string) (string, error) {
	if len(text) > 4*mostCode {
		return "", ErrCode
	}
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	code = strings.NewReplacer("0", "O", "1", "I", "L", "I").Replace(code)
	if len(code) < leastCode || len(code) > mostCode {
		return "", ErrCode
	}
	for i := range len(code) {
		if c := code[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '9') {
			return "", ErrCode
		}
	}
	return code, nil
}

// Code is a member's code, as it is shown: [ParseCode] makes of it what is compared.
type Code struct {
	Code string `json:"code"`
	// Since is when it was issued.
	Since time.Time `json:"since"`
}

// Issue gives a member a code to share: one that the host chose, or one that is made. Its
// receipt's Result is a [Code]. A member has one code; it stays the same until it is revoked
// or replaced. Fingerprints are kept with it, so that nobody who shares one is referred.
type Issue struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Code is the host's own, see [ParseCode]; empty makes one. One that another member
	// has is an [ErrCodeTaken].
	Code string `json:"code,omitempty"`
	// Replace takes the member's code away for it. Without it, a member who has one is an
	// [ErrCodeTaken].
	Replace bool `json:"replace,omitempty"`
	// Fingerprints are digests of the member's cards, devices and the like: up to 8, of 1
	// to 96 bytes, which take the place of those that were given before. None leaves them.
	Fingerprints []string `json:"fingerprints,omitempty"`
	Reason       string   `json:"reason,omitempty"`
	Actor        string   `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Issue) CommandType() string { return "referral-issue" }

// Plan implements loyalty.Command.
func (c Issue) Plan() loyalty.Plan {
	plan := loyalty.Plan{
		Member: c.Member, Key: c.Key, Reason: c.Reason, Actor: c.Actor, Records: []loyalty.RecordRef{{Kind: codesKind, ID: onlyID}},
	}
	if code, err := ParseCode(c.Code); err == nil {
		plan.Claims = []storage.ClaimKey{{Space: codeSpace, Key: code}}
	}
	return plan
}

// Validate reports every problem of the code and the fingerprints.
func (c Issue) Validate() error {
	var problems points.Problems
	if _, err := ParseCode(c.Code); c.Code != "" && err != nil {
		problems.Add("code", "%q: must have %d to %d letters and digits", points.Clip(c.Code), leastCode, mostCode)
	}
	printProblems(&problems, c.Fingerprints)
	return problems.Err()
}

func printProblems(problems *points.Problems, prints []string) {
	if len(prints) > mostPrints {
		problems.Add("fingerprints", "at most %d, here are %d", mostPrints, len(prints))
		return
	}
	for i, mark := range prints {
		path := fmt.Sprintf("fingerprints[%d]", i)
		id(problems, path, mark, 96)
		if slices.Contains(prints[:i], mark) {
			problems.Add(path, "is there twice")
		}
	}
}

// Apply implements loyalty.Command.
func (c Issue) Apply(_ context.Context, tx *loyalty.Tx) error {
	terms, err := termsOf(tx)
	if err != nil {
		return err
	}
	if err := tx.CanEarn(); err != nil {
		return err
	}
	have, err := codesOf(tx.Party)
	if err != nil {
		return err
	}
	if len(have.Codes) > 0 && !c.Replace {
		return fmt.Errorf("%w: the member has one", ErrCodeTaken)
	}
	code, err := c.choose(tx, terms, have.Codes)
	if err != nil {
		return err
	}
	if err := releaseCodes(tx, have.Codes); err != nil {
		return err
	}
	have.Codes = []Code{code}
	if len(c.Fingerprints) > 0 {
		have.Prints = slices.Clone(c.Fingerprints)
	}
	if err := put(tx.Party, storage.Record{Kind: codesKind, ID: onlyID}, &have); err != nil {
		return err
	}
	if err := tx.Emit("referral-code", nil); err != nil {
		return err
	}
	return tx.Answer(code)
}

// choose returns the code that was asked for, or one that is drawn, and claims it.
func (c Issue) choose(tx *loyalty.Tx, terms *Terms, have []Code) (Code, error) {
	for range drawn {
		code := Code{Code: strings.ToUpper(strings.TrimSpace(c.Code)), Since: tx.Now()}
		if c.Code == "" {
			var err error
			if code.Code, err = rewards.NewCode(tx.Rand(), &rewards.Voucher{Prefix: terms.Prefix, Length: terms.Length}); err != nil {
				return code, fmt.Errorf("referral: %w", err)
			}
		}
		key, err := ParseCode(code.Code)
		if err != nil {
			return code, err
		}
		if slices.ContainsFunc(have, func(mine Code) bool { return mine.is(key) }) {
			return code, fmt.Errorf("%w: the member has it", ErrCodeTaken)
		}
		err = tx.Claim(codeSpace, key)
		if err == nil {
			return code, nil
		}
		claimed, held := errors.AsType[*loyalty.ClaimedError](err)
		switch {
		case !held:
			return code, err
		case c.Code != "":
			// One that an undone merge has left to who chose it is theirs.
			if mine, err := tx.Is(claimed.Holder); err != nil || !mine {
				return code, errors.Join(err, ErrCodeTaken)
			}
			return code, nil
		}
	}
	return Code{}, fmt.Errorf("%w: %d that were drawn", ErrCodeTaken, drawn)
}

// is reports whether a code is the one that is stored under a key.
func (c Code) is(key string) bool {
	own, err := ParseCode(c.Code)
	return err == nil && own == key
}

// releaseCodes gives codes up. One that is not the member's any more is left.
func releaseCodes(tx *loyalty.Tx, list []Code) error {
	for _, code := range list {
		key, err := ParseCode(code.Code)
		if err != nil {
			return err
		}
		if err := release(tx, codeSpace, key); err != nil {
			return err
		}
	}
	return nil
}

// release gives a claim up, unless somebody else has it: a merge that was undone leaves
// records with the survivor, and claims with who made them.
func release(tx *loyalty.Tx, space, key string) error {
	if err := tx.Release(space, key); err != nil && !errors.Is(err, loyalty.ErrClaimed) {
		return err
	}
	return nil
}

// Revoke takes a member's codes away: nobody can accept them any more. Referrals that were
// accepted go on.
type Revoke struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Revoke) CommandType() string { return "referral-revoke" }

// Plan implements loyalty.Command.
func (c Revoke) Plan() loyalty.Plan {
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, Reason: c.Reason, Actor: c.Actor, Records: []loyalty.RecordRef{{Kind: codesKind, ID: onlyID}},
	}
}

// Apply implements loyalty.Command.
func (c Revoke) Apply(_ context.Context, tx *loyalty.Tx) error {
	have, err := codesOf(tx.Party)
	if err != nil {
		return err
	}
	if len(have.Codes) == 0 {
		return fmt.Errorf("%w: the member has none", ErrCode)
	}
	if err := releaseCodes(tx, have.Codes); err != nil {
		return err
	}
	have.Codes = nil
	if err := put(tx.Party, storage.Record{Kind: codesKind, ID: onlyID}, &have); err != nil {
		return err
	}
	return tx.Emit("referral-code-revoked", nil)
}

// Find returns whose a code is, as it is typed: the member by whom [Accept] names the
// referrer. A code that nobody has, or of somebody who was erased, is an [ErrCode].
func Find(ctx context.Context, store storage.Store, program, code string) (string, error) {
	key, err := ParseCode(code)
	if err != nil {
		return "", err
	}
	snaps, err := store.Load(ctx, []storage.LoadRequest{{
		Program: program, Member: storage.ReservedPrefix, Claims: []storage.ClaimKey{{Space: codeSpace, Key: key}},
	}})
	if err != nil {
		return "", fmt.Errorf("referral: code: %w", err)
	}
	if len(snaps[0].Claims) == 0 {
		return "", ErrCode
	}
	holder := snaps[0].Claims[0].Holder
	_, err = loyalty.Living(ctx, store, program, holder)
	switch {
	case errors.Is(err, loyalty.ErrErased):
		return "", ErrCode
	case err != nil:
		return "", fmt.Errorf("referral: code: %w", err)
	}
	return holder, nil
}
