package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// peopleToErase is a shop of anna, whom "old" and, before that, "older" were merged into, of
// ben and of zoe. All have a place in a pool, a redemption to be fulfilled, points of an order
// that was refunded, and words in what is to be delivered.
func peopleToErase(t *testing.T) *shop {
	program := householdProgram(loyalty.ToDissolver)
	program.Catalog, program.Earning = menu(), []points.Rule{euroRate()}
	s := openShop(t, program)
	for _, member := range []string{"anna", "old", "older", "ben", "zoe"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
		s.must(loyalty.Redeem{Member: member, Key: "coffee", Redemption: "coffee of " + member, Reward: "coffee"})
		s.must(loyalty.Earn{Member: member, Key: "order", Order: bought("order of "+member, 50)})
		s.must(tell{Member: member, Key: "tell"})
	}
	s.must(loyalty.Merge{Member: "old", Key: "merge", From: "older"})
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	for _, member := range []string{"anna", "ben", "zoe"} {
		s.must(loyalty.Spend{Member: member, Key: "spend", Unit: "bean", Points: s.member(member).Balance("bean").Available - 1})
		s.must(loyalty.Refund{Member: member, Key: "back", Order: "order of " + member, Full: true})
	}
	s.must(loyalty.FoundPool{Member: "ben", Key: "found", Pool: "home", Kind: "household"})
	for _, member := range []string{"anna", "zoe"} {
		s.must(loyalty.InviteToPool{Member: "ben", Key: "invite " + member, Pool: "home", Who: member, Role: "adult"})
		s.must(loyalty.JoinPool{Member: member, Key: "join", Pool: "home"})
	}
	return s
}

// listed is whom the listings across members tell of, by listing.
func (s *shop) listed() map[string][]string {
	s.t.Helper()
	listed := map[string][]string{}
	for r, err := range s.RedemptionsOf(s.t.Context(), "coffee", rewards.Issued) {
		require.NoError(s.t, err)
		listed["redemptions"] = append(listed["redemptions"], strings.TrimPrefix(r.ID, "coffee of "))
	}
	for order, err := range s.NetOrders(s.t.Context()) {
		require.NoError(s.t, err)
		listed["net orders"] = append(listed["net orders"], order.Member)
	}
	for _, member := range s.pool().Members {
		listed["pool"] = append(listed["pool"], member.Member)
	}
	for _, event := range s.delivered() {
		if len(event.Data) > 0 && event.Type == "loyaltykit.shop.word-0" {
			listed["events"] = append(listed["events"], event.Subject)
		}
	}
	for _, who := range listed {
		slices.Sort(who)
	}
	return listed
}

// delivered is what a relay is sent, which dies before it acknowledges any of it.
func (s *shop) delivered() []loyalty.Event {
	s.t.Helper()
	var events []loyalty.Event
	_, err := s.WithStore(unacknowledged{s.store}).Deliver(s.t.Context(), func(_ context.Context, event loyalty.Event) error {
		events = append(events, event)
		return nil
	}, nil)
	require.NoError(s.t, err)
	return events
}

// unacknowledged is a store that forgets what was delivered.
type unacknowledged struct{ storage.Store }

func (unacknowledged) Ack(context.Context, string, []storage.EventID) error { return nil }

// TestNoListingTellsOfWhoIsErasedWhereverTheScrubIs stops an erasure after each of its
// commits: from the first on no listing has anything of the member, or of who was merged into
// them, and all of the others.
func TestNoListingTellsOfWhoIsErasedWhereverTheScrubIs(t *testing.T) {
	whole := peopleToErase(t)
	from := whole.commits
	whole.must(loyalty.Erase{Member: "anna", Key: "erase"})
	commits := whole.commits - from
	require.Greater(t, commits, 10)
	want := map[string][]string{
		"redemptions": {"ben", "zoe"}, "net orders": {"ben", "zoe"}, "pool": {"ben", "zoe"}, "events": {"ben", "zoe"},
	}
	for n := range commits + 1 {
		s := peopleToErase(t)
		if n == 0 {
			require.Equal(t, map[string][]string{
				"redemptions": {"anna", "ben", "old", "older", "zoe"}, "net orders": {"anna", "ben", "zoe"},
				"pool": {"anna", "ben", "zoe"}, "events": {"anna", "ben", "old", "older", "zoe"},
			}, s.listed(), "before")
		}
		dead, before := s.commits+n+1, s.delivered()
		s.fail = func(commit int) error {
			if commit > dead {
				return errors.New("the power is out")
			}
			return nil
		}
		s.must(loyalty.Erase{Member: "anna", Key: "erase"})
		require.Equal(t, want, s.listed(), "after %d more commits", n)
		after := s.delivered()
		for _, was := range before {
			if slices.Contains([]string{"anna", "old", "older"}, was.Subject) {
				was.Data = nil
			}
			require.Contains(t, after, was, "all is sent, with the data of others alone")
		}
		erased, err := loyalty.ErasedAmong(t.Context(), s.store, "beans", []string{"older", "ben", "anna", "nobody", "old", "home"})
		require.NoError(t, err)
		require.Equal(t, map[string]bool{"anna": true, "old": true, "older": true}, erased)
		s.verify()
	}
}

// TestTheEventsAfterAnErasureAreSentWhole lets points of an erased member expire.
func TestTheEventsAfterAnErasureAreSentWhole(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
	s.fail = func(commit int) error {
		if commit > 3 {
			return errors.New("the power is out")
		}
		return nil
	}
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	told := func() (empty, whole []string) {
		for _, event := range s.delivered() {
			if len(event.Data) == 0 {
				empty = append(empty, event.Type)
			} else {
				whole = append(whole, event.Type)
			}
		}
		return empty, whole
	}
	gone := []string{"loyaltykit.enroll", "loyaltykit.adjust", "loyaltykit.erase"}
	empty, whole := told()
	require.Equal(t, gone, empty, "that she is erased is told, and nothing of her")
	require.Empty(t, whole)
	s.fail = nil
	s.now = s.now.AddDate(2, 0, 0)
	s.runDue()
	empty, whole = told()
	require.Equal(t, gone, empty)
	require.Contains(t, whole, "loyaltykit.settle")
}

// TestAListingAcrossMembersLooksUpWhoIsErasedPageByPage counts calls of the store.
func TestAListingAcrossMembersLooksUpWhoIsErasedPageByPage(t *testing.T) {
	s := openMenu(t, func(p *loyalty.Program) { p.Catalog[0].Limits = nil })
	for i := range 250 {
		member := fmt.Sprint("m-", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "shop"})
		for _, id := range []string{"1", "2"} {
			s.must(loyalty.Redeem{Member: member, Key: id, Redemption: id, Reward: "coffee"})
		}
	}
	loads, most := 0, 0
	s.store.OnLoad = func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
		loads++
		most = max(most, len(requests))
		return next(ctx, requests)
	}
	require.Equal(t, 500, counted(t, s.RedemptionsOf(t.Context(), "coffee", rewards.Issued)))
	require.Equal(t, 5, loads, "one for each page of 100")
	require.LessOrEqual(t, most, 100)

	loads = 0
	for _, err := range s.RedemptionsOf(t.Context(), "coffee", rewards.Issued) {
		require.NoError(t, err)
		break
	}
	require.Equal(t, 1, loads, "who looks at one is not made to wait for all")

	loads = 0
	s.delivered()
	require.LessOrEqual(t, loads, 256, "at most one for each bucket, of pages that are not full")
	s.store.OnLoad = func(context.Context, []storage.LoadRequest, storagetest.LoadFunc) ([]storage.Snapshot, error) {
		return nil, errors.New("the power is out")
	}
	for _, err := range s.RedemptionsOf(t.Context(), "coffee", rewards.Issued) {
		require.ErrorContains(t, err, "the power is out", "nothing is shown of whom it is not known")
	}
	_, err := s.Deliver(t.Context(), func(context.Context, loyalty.Event) error {
		t.Error("nothing is sent of whom it is not known")
		return nil
	}, nil)
	require.ErrorContains(t, err, "the power is out")
}

// between is a store where something happens after the first page of events was read.
type between struct {
	storage.Store
	then func()
}

func (b *between) Events(ctx context.Context, query storage.EventQuery) (storage.Page[storage.Event], error) {
	page, err := b.Store.Events(ctx, query)
	if then := b.then; then != nil && len(page.Items) > 0 {
		b.then = nil
		then()
	}
	return page, err
}

// TestARelaySendsNothingOfWhoIsErasedWhileItReads erases, from the marker to the last commit,
// between the relay's read of a page and what it sends of it.
func TestARelaySendsNothingOfWhoIsErasedWhileItReads(t *testing.T) {
	for _, member := range []string{"anna", "old", "older"} {
		s := peopleToErase(t)
		store := &between{Store: unacknowledged{s.store}}
		words := 0
		bucket := storage.Bucket(member)
		store.then = func() { s.must(loyalty.Erase{Member: "anna", Key: "erase"}) }
		_, err := s.WithStore(store).Deliver(t.Context(), func(_ context.Context, event loyalty.Event) error {
			if event.Subject == member {
				words++
				require.Empty(t, event.Data, "event %s of %s", event.ID, member)
			}
			return nil
		}, &loyalty.DeliverOptions{From: bucket, Until: bucket + 1})
		require.NoError(t, err)
		require.Nil(t, store.then, "a page was read")
		require.Positive(t, words)
	}
}
