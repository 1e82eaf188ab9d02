package referral_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/storage"
)

// atOnce does a command on each engine at the same time, and counts the refusals, which must
// be of the kind.
func (s *shop) atOnce(engines []*loyalty.Engine, refusal error, cmds ...loyalty.Command) (done int) {
	s.t.Helper()
	errs := make([]error, len(cmds))
	var wait sync.WaitGroup
	for i, cmd := range cmds {
		wait.Go(func() { _, errs[i] = engines[i%len(engines)].Do(s.t.Context(), cmd) })
	}
	wait.Wait()
	for _, err := range errs {
		if err == nil {
			done++
			continue
		}
		require.ErrorIs(s.t, err, refusal)
	}
	return done
}

func TestTwoEnginesReferAndRewardAFriendOnce(t *testing.T) {
	for range 20 {
		s := openShop(t, nil, "anna", "cleo", "ben", "dan")
		engines := []*loyalty.Engine{s.Engine, s.start()}
		anna, cleo := s.code("anna"), s.code("cleo")
		referrers := map[string]string{anna: "anna", cleo: "cleo"}
		require.Equal(t, 1, s.atOnce(engines, referral.ErrReferred,
			s.accept("ben", "anna", anna), s.accept("ben", "cleo", cleo), s.accept("ben", "anna", anna)))
		require.Equal(t, 1, s.atOnce(engines, referral.ErrReferred,
			s.accept("dan", "anna", anna, "card of dan"), s.accept("dan", "cleo", cleo, "card of dan")))
		joined, err := s.Joined(t.Context(), "ben")
		require.NoError(t, err)
		require.Len(t, joined, 1)
		by := joined[0].Referrer
		require.Contains(t, []string{referrers[anna], referrers[cleo]}, by)
		s.buys("ben", "1001", "20.00")
		s.buys("ben", "1002", "30.00")
		require.Equal(t, 1, s.atOnce(engines, referral.ErrNoReferral, s.qualify("ben", by, "1001"), s.qualify("ben", by, "1002")))
		s.days(14)
		review := referral.Review{Member: "ben", Referrer: by}
		var reviews, pays []loyalty.Command
		for range 3 {
			review.Key = s.key()
			reviews = append(reviews, review)
			pays = append(pays, referral.Pay{Member: by, Key: s.key(), Friend: "ben"})
		}
		require.Equal(t, 1, s.atOnce(engines, referral.ErrNotDue, reviews...))
		require.Equal(t, 1, s.atOnce(engines, referral.ErrNotDue, pays...))
		require.EqualValues(t, 250, s.beans("ben"))
		require.EqualValues(t, 500, s.beans("anna")+s.beans("cleo"))
		s.verify()
	}
}

func TestTwoFriendsWithOneCardAreReferredOnce(t *testing.T) {
	for range 20 {
		s := openShop(t, nil, "anna", "ben", "dan")
		engines := []*loyalty.Engine{s.Engine, s.start()}
		code := s.code("anna")
		require.Equal(t, 1, s.atOnce(engines, referral.ErrReferred,
			s.accept("ben", "anna", code, "card 1"), s.accept("dan", "anna", code, "card 1")))
	}
}

func TestOneOfTwoGetsACodeThatBothChoose(t *testing.T) {
	s := openShop(t, nil, "anna", "ben")
	engines := []*loyalty.Engine{s.Engine, s.start()}
	require.Equal(t, 1, s.atOnce(engines, referral.ErrCodeTaken,
		referral.Issue{Member: "anna", Key: "k", Code: "BEANS"}, referral.Issue{Member: "ben", Key: "k", Code: "B-EANS"}))
}

// dying is a store whose commits fail once their number has come, the first of them after it
// was stored.
type dying struct {
	storage.Store
	left int
}

var errDied = errors.New("the process died")

// Unwrap implements storage.Wrapper.
func (d *dying) Unwrap() storage.Store { return d.Store }

// Commit implements storage.Store.
func (d *dying) Commit(ctx context.Context, batches []storage.Batch) ([]storage.Outcome, error) {
	d.left--
	if d.left < -1 {
		return nil, errDied
	}
	outcomes, err := d.Store.Commit(ctx, batches)
	if d.left == -1 {
		return nil, errDied
	}
	return outcomes, err
}

// TestADeskThatDiesAnywhereIsFinishedByTheNext stops a desk at each of its commits, and lets
// another one go on.
func TestADeskThatDiesAnywhereIsFinishedByTheNext(t *testing.T) {
	for at := range 6 {
		t.Run(fmt.Sprint("at commit ", at), func(t *testing.T) {
			s := openShop(t, nil, "anna", "ben", "cleo")
			code := s.code("anna")
			for _, friend := range []string{"ben", "cleo"} {
				s.must(s.accept(friend, "anna", code))
				s.buys(friend, "of "+friend, "20.00")
				s.must(s.qualify(friend, "anna", "of "+friend))
			}
			s.days(14)
			whole := s.store
			s.store = &dying{Store: whole, left: at}
			s.start()
			_, err := s.Desk.RunDue(t.Context(), s.now)
			if at < 3 {
				require.Error(t, err)
			}
			s.store = whole
			s.start()
			s.RunDue()
			require.Zero(t, s.RunDue())
			require.EqualValues(t, 1000, s.beans("anna"))
			require.EqualValues(t, 440, s.beans("ben")+s.beans("cleo"))
			s.verify()
		})
	}
}
