package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// How many claim how many units of a reward at once, and what one costs.
const (
	stockClaims = 1000
	stockUnits  = 100
	stockPrice  = points.Amount(10)
)

// rush is a reward of which stockUnits are to be had, and how many members claim it
// stockClaims times.
type rush struct {
	name    string
	reward  rewards.Reward
	members int
	// late is why who comes too late is refused.
	late rewards.Why
}

func rushes() []rush {
	times := func(per points.Period, all bool) []rewards.Limit {
		return []rewards.Limit{{Times: stockUnits, Per: per, All: all}}
	}
	return []rush{
		{"a stock", rewards.Reward{Stock: stockUnits}, 50, rewards.OutOfStock},
		{"a stock on eight shards", rewards.Reward{Stock: stockUnits, Shards: 8}, 50, rewards.OutOfStock},
		{"a limit of all", rewards.Reward{Limits: times(points.Lifetime, true)}, 50, rewards.LimitReached},
		{"a limit of all on 16 shards", rewards.Reward{Limits: times(points.Lifetime, true), Shards: 16}, 50, rewards.LimitReached},
		{"a limit of all for a month", rewards.Reward{Limits: times(points.PerMonth, true)}, 50, rewards.LimitReached},
		{"a limit for each member, and one member", rewards.Reward{Limits: times(points.Lifetime, false)}, 1, rewards.LimitReached},
		{"a limit for each member and day, and one member", rewards.Reward{Limits: times(points.PerDay, false)}, 1, rewards.LimitReached},
	}
}

// program is one whose catalog is the reward.
func (r *rush) program(id string) loyalty.Program {
	reward := r.reward
	reward.Code, reward.Type, reward.Voucher = "mug", rewards.TypeCustom, &rewards.Voucher{}
	reward.Prices = []rewards.Price{{Unit: "star", Points: stockPrice}}
	program := stars(id)
	program.Catalog = rewards.Catalog{reward}
	return program
}

func (r *rush) member(i int) string { return fmt.Sprintf("m-%d", i%r.members) }

// gift is more than enough for all that a member claims.
func (r *rush) gift() points.Amount { return stockPrice * points.Amount(stockClaims/r.members+200) }

func (r *rush) claim(i int, what string) loyalty.Redeem {
	id := fmt.Sprintf("%s-%d", what, i)
	return loyalty.Redeem{Member: r.member(i), Key: id, Redemption: id, Reward: "mug"}
}

// prepare enrolls the members and gives them points.
func (r *rush) prepare(c *crowd) error {
	enroll := repeat(r.members, func(i int) loyalty.Command { return loyalty.Enroll{Member: r.member(i), Key: "enroll"} })
	gifts := repeat(r.members, func(i int) loyalty.Command { return gift(r.member(i), "gift", r.gift()) })
	for _, cmds := range [][]loyalty.Command{enroll, gifts} {
		if _, errs := c.race(cmds); errors.Join(errs...) != nil {
			return errors.Join(errs...)
		}
	}
	return nil
}

// claimed is what became of a claim: it has a code, or a reason why not.
type claimed struct {
	Claim int         `json:"claim"`
	Code  string      `json:"code,omitempty"`
	Why   rewards.Why `json:"why,omitempty"`
}

func whatBecame(i int, receipt *loyalty.Receipt, err error) (claimed, error) {
	if err == nil {
		return claimed{Claim: i, Code: receipt.Redemption.Code}, nil
	}
	late, known := errors.AsType[*loyalty.IneligibleError](err)
	if !known || len(late.Reasons) != 1 {
		return claimed{}, fmt.Errorf("claim %d: %w", i, err)
	}
	return claimed{Claim: i, Why: late.Reasons[0].Why}, nil
}

// check compares what became of all claims with what there was, and with what members
// have left.
func (r *rush) check(c *crowd, all []claimed) error {
	if len(all) != stockClaims {
		return fmt.Errorf("%d of %d claims have an answer", len(all), stockClaims)
	}
	won, codes := map[string]points.Amount{}, map[string]bool{}
	for _, one := range all {
		switch {
		case one.Code != "":
			won[r.member(one.Claim)]++
			codes[one.Code] = true
		case one.Why != r.late:
			return fmt.Errorf("claim %d is refused for %s, not %s", one.Claim, one.Why, r.late)
		}
	}
	if len(codes) != stockUnits {
		return fmt.Errorf("%d claims of %d units have %d codes", stockClaims, stockUnits, len(codes))
	}
	for i := range r.members {
		want := points.Balance{Unit: "star", Available: r.gift() - stockPrice*won[r.member(i)]}
		if have := c.balance(r.member(i)); have != want {
			return fmt.Errorf("%s has %+v after %d claims that won", r.member(i), have, won[r.member(i)])
		}
	}
	return nil
}

// Stock lets very many claims of a reward of which there are few loose at once, from two
// engines: exactly as many are issued as there are, and who comes too late keeps
// their points and learns why. The same holds for limits, of all members together and of one
// member for whom many call.
func Stock(t *testing.T, open Open) {
	t.Helper()
	opened := stores{open: open, t: t}
	for _, r := range rushes() {
		t.Run(r.name, func(t *testing.T) {
			store, id := opened.next()
			if err := r.claimAll(t, store, id); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func noon() time.Time { return start.Add(12 * time.Hour) }

// claimAll runs the race from two engines of this process.
func (r *rush) claimAll(t *testing.T, store storage.Store, id string) error {
	c := newCrowd(t, r.program(id), store, loyalty.Options{Clock: noon})
	if err := r.prepare(c); err != nil {
		return err
	}
	receipts, errs := c.race(repeat(stockClaims, func(i int) loyalty.Command { return r.claim(i, "claim") }))
	all := make([]claimed, stockClaims)
	for i := range errs {
		var err error
		if all[i], err = whatBecame(i, &receipts[i], errs[i]); err != nil {
			return err
		}
	}
	if err := r.check(c, all); err != nil {
		return err
	}
	if err := r.backAndAgain(c, all); err != nil {
		return err
	}
	return c.audit()
}

// backAndAgain cancels some of what was won while others claim it: as many are issued.
func (r *rush) backAndAgain(c *crowd, all []claimed) error {
	const back = 30
	var cmds []loyalty.Command
	for _, one := range all {
		if one.Code != "" && len(cmds) < back {
			won := r.claim(one.Claim, "claim")
			cmds = append(cmds, loyalty.CancelRedemption{Member: won.Member, Key: "cancel-" + won.Key, Redemption: won.Redemption})
		}
	}
	for i := range 4 * back {
		cmds = append(cmds, r.claim(i, "again"))
	}
	_, errs := c.race(cmds)
	n := 0
	for i, err := range errs {
		switch {
		case err == nil && i >= back:
			n++
		case err != nil && !errors.Is(err, loyalty.ErrNotEligible):
			return err
		}
	}
	// Whoever came before the last cancellation was refused: the rest is to be had now.
	for i := range back - n {
		c.must(r.claim(i, "rest"))
	}
	if _, err := c.engines[0].Do(c.t.Context(), r.claim(0, "over")); !errors.Is(err, loyalty.ErrNotEligible) {
		return fmt.Errorf("one more than there are: %w", err)
	}
	return nil
}

// unguarded is a store that neither shows nor keeps the bounds of counters, and does not
// show how often a member has redeemed.
type unguarded struct{ storage.Store }

func forgetsBounds(store storage.Store) storage.Store { return unguarded{store} }

// Unwrap implements storage.Wrapper.
func (u unguarded) Unwrap() storage.Store { return u.Store }

// Load implements storage.Store.
func (u unguarded) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := u.Store.Load(ctx, requests)
	for i := range snaps {
		snaps[i].Counters = nil
		snaps[i].Records = slices.DeleteFunc(snaps[i].Records, func(r storage.Record) bool { return r.Kind == "reward-use" })
	}
	return snaps, err
}

// Commit implements storage.Store.
func (u unguarded) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	for i := range batches {
		for j := range batches[i].Counters {
			batches[i].Counters[j].Bound = math.MaxInt64
		}
	}
	return u.Store.Commit(ctx, batches)
}
