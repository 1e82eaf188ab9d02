package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// The rewards that redemptions are about: one that is reserved for two days, one whose
// code is valid for three, and one that returns its points when it was not used.
const (
	redeemStars = points.Amount(200)
	redeemStock = 4
)

func redeemCatalog() rewards.Catalog {
	price := []rewards.Price{{Unit: "star", Points: 10}}
	return rewards.Catalog{
		{Code: "waits", Type: rewards.TypeCustom, Prices: price, Stock: redeemStock, Shards: 2, Reserve: points.Span{N: 2, Unit: points.Days}},
		{Code: "lasts", Type: rewards.TypeCustom, Prices: price, Stock: redeemStock, Valid: points.ExpireAfter(3, points.Days).At(points.Exact)},
		{
			Code: "returns", Type: rewards.TypeCustom, Prices: price, Stock: redeemStock, Lapse: rewards.LapseReturns,
			Valid: points.ExpireAfter(3, points.Days).At(points.Exact),
		},
	}
}

// naive is a redemption as somebody would keep it in a notebook.
type naive struct {
	member, id, reward string
	state              string
	until              time.Time
	// free is set for a gift.
	free bool
}

// notebook is the naive model: stars and mugs, counted by hand.
type notebook struct {
	list []*naive
}

// settle lets what is over by now be over.
func (b *notebook) settle(now time.Time) {
	for _, r := range b.list {
		over := !r.until.IsZero() && !now.Before(r.until)
		if over && (r.state == "reserved" || r.state == "issued" || r.state == "fulfilled") {
			if r.state != "reserved" && r.reward == "lasts" {
				r.state = "expired, paid"
			} else {
				r.state = "expired"
			}
		}
	}
}

// taken is how many of a reward are gone, paid how many a member has paid, and held how
// many are set aside.
func (b *notebook) taken(reward string) (n int) {
	for _, r := range b.list {
		if r.reward == reward && r.pays() {
			n++
		}
	}
	return n
}

func (r *naive) pays() bool {
	switch r.state {
	case "cancelled", "rejected", "expired":
		return false
	default:
		return true
	}
}

func (b *notebook) balance(member string) points.Balance {
	have := points.Balance{Unit: "star", Available: redeemStars}
	for _, r := range b.list {
		if r.member != member || !r.pays() || r.free {
			continue
		}
		have.Available -= 10
		if r.state == "reserved" {
			have.Held += 10
		}
	}
	return have
}

// does is what an action makes of a state, or "" where it may not happen.
func does(action, state string) string {
	live := state == "issued" || state == "fulfilled"
	switch {
	case action == "issue" && state == "reserved":
		return "issued"
	case action == "fulfill" && state == "issued":
		return "fulfilled"
	case action == "use" && live:
		return "used"
	case action == "cancel" && (live || state == "reserved"):
		return "cancelled"
	case action == "reject" && (state == "issued" || state == "reserved"):
		return "rejected"
	}
	return ""
}

// Redemptions drives random redemptions of two members and compares states, balances
// and stock with a naive model after every step.
func Redemptions(t *testing.T, open Open, options *Options) {
	t.Helper()
	checks(t, max(10, options.or().Sequences/3))
	opened := stores{open: open, t: t}
	rapid.Check(t, func(r *rapid.T) {
		store, id := opened.next()
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(r, label) }
		if err := redemptions(t, store, id, pick); err != nil {
			r.Fatal(err)
		}
	})
}

func redemptions(t *testing.T, store storage.Store, id string, pick pick) error {
	now := start
	program := stars(id)
	program.Zone = "Europe/Vienna" // whose clocks change while things are reserved
	program.Catalog = redeemCatalog()
	engine := newEngine(t, program, store, &loyalty.Options{Clock: func() time.Time { return now }})
	who := []string{"ada", "bob"}
	for _, member := range who {
		for _, cmd := range []loyalty.Command{
			loyalty.Enroll{Member: member, Key: "enroll"},
			loyalty.Adjust{Member: member, Key: "gift", Unit: "star", Points: redeemStars, Reason: "gift", Actor: "shop"},
		} {
			if _, err := engine.Do(t.Context(), cmd); err != nil {
				return err
			}
		}
	}
	book := &notebook{}
	steps := 10 + pick("steps", 30)
	for i := range steps {
		now = now.Add(time.Duration(pick("hours", 30)) * time.Hour)
		book.settle(now)
		// What another member's lapsed reservation gives back is there once it is booked.
		if _, err := engine.RunDue(t.Context(), nil); err != nil {
			return err
		}
		if err := redeemStep(t, engine, book, pick, i, now, who); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		for _, member := range who {
			m, err := engine.Member(t.Context(), member)
			if err != nil {
				return err
			}
			if have, want := m.Balance("star"), book.balance(member); have != want {
				return fmt.Errorf("step %d: %s has %+v, by the notebook %+v", i, member, have, want)
			}
		}
	}
	return book.compare(t, engine)
}

// redeemStep does one thing in the engine and in the notebook.
func redeemStep(t *testing.T, engine *loyalty.Engine, book *notebook, pick pick, i int, now time.Time, who []string) error {
	if len(book.list) == 0 || pick("redeem or go on", 3) == 0 {
		r := &naive{member: who[pick("who", 2)], id: fmt.Sprintf("r%d", i), reward: []string{"waits", "lasts", "returns"}[pick("reward", 3)]}
		return redeemAnew(t, engine, book, r, pick("gift", 4) == 0, now)
	}
	r := book.list[pick("which", len(book.list))]
	action := []string{"issue", "fulfill", "use", "cancel", "reject"}[pick("action", 5)]
	key := fmt.Sprintf("%s-%d", action, i)
	var cmd loyalty.Command
	switch action {
	case "issue":
		cmd = loyalty.IssueRedemption{Member: r.member, Key: key, Redemption: r.id}
	case "fulfill":
		cmd = loyalty.FulfillRedemption{Member: r.member, Key: key, Redemption: r.id}
	case "use":
		cmd = loyalty.UseVoucher{Member: r.member, Key: key, Redemption: r.id}
	case "cancel":
		cmd = loyalty.CancelRedemption{Member: r.member, Key: key, Redemption: r.id}
	default:
		cmd = loyalty.RejectRedemption{Member: r.member, Key: key, Redemption: r.id, Reason: "a mistake", Actor: "shop"}
	}
	_, err := engine.Do(t.Context(), cmd)
	next := does(action, r.state)
	switch {
	case next == "" && !errors.Is(err, rewards.ErrTransition):
		return fmt.Errorf("%s of what is %s: %w", action, r.state, err)
	case next != "" && err != nil:
		return fmt.Errorf("%s of what is %s: %w", action, r.state, err)
	case next != "":
		r.state = next
		if action == "issue" {
			r.until = time.Time{}
		}
	}
	return nil
}

// redeemAnew lets a member redeem a reward, or get it as a gift, which is issued at once.
func redeemAnew(t *testing.T, engine *loyalty.Engine, book *notebook, r *naive, gift bool, now time.Time) error {
	var cmd loyalty.Command = loyalty.Redeem{Member: r.member, Key: r.id, Redemption: r.id, Reward: r.reward}
	if r.free = gift; gift {
		cmd = loyalty.GrantReward{Member: r.member, Key: r.id, Redemption: r.id, Reward: r.reward, Reason: "a spilled cup", Actor: "ada"}
	}
	_, err := engine.Do(t.Context(), cmd)
	if book.taken(r.reward) == redeemStock {
		if !errors.Is(err, loyalty.ErrOutOfStock) {
			return fmt.Errorf("%s, of which none is left: %w", show(cmd), err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch {
	case r.reward != "waits":
		r.state, r.until = "issued", vienna(now, 3)
	case gift:
		r.state = "issued"
	default:
		r.state, r.until = "reserved", vienna(now, 2)
	}
	book.list = append(book.list, r)
	return nil
}

// vienna is the same time by the clock on the wall some days later.
func vienna(t time.Time, days int) time.Time {
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		return t
	}
	return t.In(zone).AddDate(0, 0, days).UTC()
}

// compare compares where every redemption stands, after a run of RunDue, and audits.
func (b *notebook) compare(t *testing.T, engine *loyalty.Engine) error {
	if _, err := engine.RunDue(t.Context(), nil); err != nil {
		return err
	}
	for _, r := range b.list {
		have, err := engine.Redemption(t.Context(), r.member, r.id)
		if err != nil {
			return err
		}
		if want := r.state; string(have.State) != want && want != string(have.State)+", paid" {
			return fmt.Errorf("redemption %s of %s is %s, by the notebook %s", r.id, r.reward, have.State, want)
		}
	}
	offers, err := engine.Rewards(t.Context(), "ada", nil)
	if err != nil {
		return err
	}
	for _, offer := range offers {
		if want := int64(redeemStock - b.taken(offer.Reward)); offer.Left != want {
			return fmt.Errorf("%d of %s are left, by the notebook %d", offer.Left, offer.Reward, want)
		}
	}
	report, err := engine.Verify(t.Context(), nil)
	if err == nil && !report.OK() {
		err = report.Problems[0]
	}
	return err
}
