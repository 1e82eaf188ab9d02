package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// How many claim how many units of a reward at once.
const (
	stockClaims  = 1000
	stockUnits   = 100
	stockMembers = 50
	stockPrice   = points.Amount(10)
)

// Stock lets very many members claim a reward of which there are few, at once and from
// two engines: exactly as many are issued as there are, and who comes too late keeps
// their points and learns why. The same holds for a limit of all members together.
func Stock(t *testing.T, open Open) {
	t.Helper()
	opened := stores{open: open, t: t}
	for name, reward := range map[string]rewards.Reward{
		"one counter":          {Stock: stockUnits},
		"eight shards":         {Stock: stockUnits, Shards: 8},
		"a limit of all":       {Limits: []rewards.Limit{{Times: stockUnits, Per: points.PerMonth, All: true}}},
		"a limit on 16 shards": {Limits: []rewards.Limit{{Times: stockUnits, Per: points.Lifetime, All: true}}, Shards: 16},
	} {
		t.Run(name, func(t *testing.T) {
			store, id := opened.next()
			if err := claimAll(t, store, id, reward); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// claimAll runs the race for a reward.
func claimAll(t *testing.T, store storage.Store, id string, reward rewards.Reward) error {
	reward.Code, reward.Type, reward.Voucher = "mug", rewards.TypeCustom, &rewards.Voucher{}
	reward.Prices = []rewards.Price{{Unit: "star", Points: stockPrice}}
	program := stars(id)
	program.Catalog = rewards.Catalog{reward}
	c := newCrowd(t, program, store, loyalty.Options{})
	// More than enough for all that a member claims.
	gift := stockPrice * (stockClaims/stockMembers + 10)
	member := func(i int) string { return fmt.Sprintf("m-%d", i%stockMembers) }
	var enroll, gifts, claims []loyalty.Command
	for i := range stockMembers {
		enroll = append(enroll, loyalty.Enroll{Member: member(i), Key: "enroll"})
		gifts = append(gifts, loyalty.Adjust{
			Member: member(i), Key: "gift", Unit: "star", Points: gift, Reason: "gift", Actor: "shop",
		})
	}
	for i := range stockClaims {
		claims = append(claims, loyalty.Redeem{Member: member(i), Key: fmt.Sprintf("claim-%d", i), Redemption: fmt.Sprint(i), Reward: "mug"})
	}
	for _, cmds := range [][]loyalty.Command{enroll, gifts} {
		if _, errs := c.race(cmds); errors.Join(errs...) != nil {
			return errors.Join(errs...)
		}
	}
	receipts, errs := c.race(claims)
	won, codes := map[string]points.Amount{}, map[string]bool{}
	for i, err := range errs {
		late, known := errors.AsType[*loyalty.IneligibleError](err)
		switch {
		case err == nil:
			won[member(i)]++
			codes[receipts[i].Redemption.Code] = true
		case !known || len(late.Reasons) != 1:
			return fmt.Errorf("claim %d: %w", i, err)
		}
	}
	if len(codes) != stockUnits {
		return fmt.Errorf("%d claims of %d units have %d codes", stockClaims, stockUnits, len(codes))
	}
	for i := range stockMembers {
		want := points.Balance{Unit: "star", Available: gift - stockPrice*won[member(i)]}
		if have := c.balance(member(i)); have != want {
			return fmt.Errorf("%s has %+v after %d claims that won", member(i), have, won[member(i)])
		}
	}
	if err := backAndAgain(c, receipts, errs); err != nil {
		return err
	}
	return c.audit()
}

// backAndAgain cancels some of what was won while others claim it: as many are issued.
func backAndAgain(c *crowd, receipts []loyalty.Receipt, errs []error) error {
	const back = 30
	var cmds []loyalty.Command
	for i, receipt := range receipts {
		if errs[i] == nil && len(cmds) < back {
			cmds = append(cmds, loyalty.CancelRedemption{Member: receipt.Member, Key: fmt.Sprintf("cancel-%d", i), Redemption: receipt.Redemption.ID})
		}
	}
	for i := range 4 * back {
		cmds = append(cmds, loyalty.Redeem{
			Member: fmt.Sprintf("m-%d", i%stockMembers), Key: fmt.Sprintf("again-%d", i), Redemption: fmt.Sprintf("again-%d", i), Reward: "mug",
		})
	}
	_, errs = c.race(cmds)
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
		c.must(loyalty.Redeem{Member: fmt.Sprintf("m-%d", i%stockMembers), Key: fmt.Sprintf("rest-%d", i), Redemption: fmt.Sprintf("rest-%d", i), Reward: "mug"})
	}
	_, err := c.engines[0].Do(c.t.Context(), loyalty.Redeem{Member: "m-0", Key: "over", Redemption: "over", Reward: "mug"})
	if !errors.Is(err, loyalty.ErrNotEligible) {
		return fmt.Errorf("one more than there are: %w", err)
	}
	return nil
}

// unbounded is a store that neither shows nor keeps the bounds of counters.
type unbounded struct{ storage.Store }

func forgetsBounds(store storage.Store) storage.Store { return unbounded{store} }

// Unwrap implements storage.Wrapper.
func (u unbounded) Unwrap() storage.Store { return u.Store }

// Load implements storage.Store.
func (u unbounded) Load(ctx context.Context, requests []storage.LoadRequest) ([]storage.Snapshot, error) {
	snaps, err := u.Store.Load(ctx, requests)
	for i := range snaps {
		snaps[i].Counters = nil
	}
	return snaps, err
}

// Commit implements storage.Store.
func (u unbounded) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	for i := range batches {
		for j := range batches[i].Counters {
			batches[i].Counters[j].Bound = math.MaxInt64
		}
	}
	return u.Store.Commit(ctx, batches)
}
