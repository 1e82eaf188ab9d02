package loyalty

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/loyaltykit/loyaltykit/rewards"
)

// call is one command on its way through the engine.
type call struct {
	cmd         Command
	typ         string
	plan        Plan
	body        []byte
	fingerprint [32]byte
	// now is the clock's time when the command came in.
	now   time.Time
	quote bool

	// ctx is the caller's; done is closed when the call is finished. Both are set
	// only for calls that wait in a queue.
	ctx  context.Context //nolint:containedctx // it lives as long as the caller waits
	done chan struct{}
	// picked is set when the call leaves the queue for a group.
	picked bool

	// original is the plan as the caller's command made it, where the call was
	// redirected, and aliases says under which ids survivors were named.
	original *Plan
	aliases  map[string][]string
	// taken holds the accounts that keep other calls out while it is in flight.
	taken []string

	// verdict and what follows is the working state of the round that the call is
	// in, at its place. rests holds the earlier calls of the round that the answer rests on.
	verdict verdict
	place   int
	rests   []*call
	stored  bool
	// more is set where a settlement goes on with another round.
	more bool
	// refused is set where the command was refused before any round.
	refused bool
	// gathered is set where a spend's lots were gathered before, and needs is what a
	// checkout needs gathered.
	gathered bool
	needs    rewards.Cost
	// merged is set where lots were merged because the command needs too many.
	merged bool
	// later is set where commits follow that book what this one decides.
	later bool
	// openLots is how many open lots to load, whatever the plan says.
	openLots int
	// dueLimit is how much of each sort that is due to load; 0 is the default.
	dueLimit int
	// doubts counts the commits whose outcome is unknown, and doubt is why the last
	// one's is.
	doubts   int
	doubt    error
	attempts int

	receipt *Receipt
	err     error
}

// member returns the plan's i-th account: the member itself, then the others.
func (c *call) member(i int) string {
	if i == 0 {
		return c.plan.Member
	}
	return c.plan.Others[i-1]
}

func (c *call) accounts() int { return 1 + len(c.plan.Others) }

func (c *call) touches(member string) bool {
	return c.plan.Member == member || slices.Contains(c.plan.Others, member)
}

// hold adds the call's accounts, and the claims that it is known to make, to those
// that later calls must wait for.
func (c *call) hold(held map[string]struct{}) {
	for i := range c.accounts() {
		held[c.member(i)] = struct{}{}
	}
	if c.original != nil {
		held[c.original.Member] = struct{}{}
		for _, other := range c.original.Others {
			held[other] = struct{}{}
		}
	}
	for _, name := range c.claimNames() {
		held[name] = struct{}{}
	}
}

// waits reports whether a call touches what an earlier one holds.
func (c *call) waits(held map[string]struct{}) bool {
	if len(held) == 0 {
		return false
	}
	if touches(held, c) {
		return true
	}
	for _, name := range c.claimNames() {
		if _, ok := held[name]; ok {
			return true
		}
	}
	return false
}

// claimNames names the claims that a call is known to make, unlike any member.
func (c *call) claimNames() []string {
	claims := c.plan.Claims
	if own, ok := c.cmd.(claimer); ok {
		claims = append(slices.Clip(claims), own.claimsIn(&Program{})...)
	}
	names := make([]string, len(claims))
	for i, claim := range claims {
		names[i] = "\x00" + claim.Space + "\x00" + claim.Key
	}
	return names
}

func (c *call) finish(receipt *Receipt, err error) {
	c.receipt, c.err = receipt, err
	if c.done != nil {
		close(c.done)
	}
}

func (c *call) result() (Receipt, error) {
	if c.err != nil {
		return Receipt{}, c.wrap(c.err)
	}
	return *c.receipt, nil
}

// wrap adds, once, what the error is about.
func (c *call) wrap(err error) error {
	if _, done := errors.AsType[*CommandError](err); done {
		return err
	}
	return &CommandError{Command: c.typ, Member: c.named().Member, Key: c.named().Key, Err: err}
}

const maxText = 1000

func checkText(text string) error {
	switch {
	case len(text) > maxText:
		return fmt.Errorf("must have at most %d bytes, has %d", maxText, len(text))
	case !utf8.ValidString(text):
		return errors.New("must be UTF-8")
	}
	for i := range len(text) {
		if text[i] == 0 {
			return errors.New("must not contain NUL")
		}
	}
	return nil
}
