package booking_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

func TestACommandIsOneLoadAndOneCommit(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	other := evening()
	other.ID = "other"
	s.must(booking.Open{Key: "open", Session: other})
	held := booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100}
	do := func(cmd loyalty.Command) booking.Booking {
		t.Helper()
		s.calls = counter{}
		receipt, err := s.Engine.Do(t.Context(), cmd)
		require.NoError(t, err)
		require.Equal(t, [3]int{1, 1, 0}, [3]int{s.calls.loads, s.calls.commits, s.calls.undeclared}, "%T", cmd)
		s.calls = counter{}
		again, err := s.Engine.Do(t.Context(), cmd)
		require.NoError(t, err)
		require.True(t, again.Replayed)
		require.Equal(t, [3]int{1, 0, 0}, [3]int{s.calls.loads, s.calls.commits, s.calls.undeclared}, "replay of %T", cmd)
		if len(receipt.Result) == 0 {
			return booking.Booking{}
		}
		b, err := booking.Of(receipt)
		require.NoError(t, err)
		return b
	}
	do(book("anna", 3))
	yes := confirm("ben")
	yes.Hold = do(held).Hold
	do(yes)
	do(queue("cleo", 1))
	leave := cancel("dora")
	leave.Place = do(queue("dora", 1)).Place
	do(booking.HandOver{Member: "anna", Key: "guest", Session: "latte-art", Guest: "Ida"})
	do(cancel("ben"))
	do(booking.Promote{Member: "cleo", Key: "p", Session: "latte-art", Class: 1, Unit: "bean", Points: 100})
	do(booking.Reschedule{Member: "anna", Key: "move", Session: "latte-art", To: "other", Unit: "bean", Points: 300})
	do(leave)
	s.at(start)
	s.runDue()
	do(booking.CheckIn{Member: "anna", Key: "in", Session: "other"})
	s.verify("latte-art", "other")
}

func TestNothingGrowsWithTheVenue(t *testing.T) {
	session := evening()
	session.Capacity = 50_000
	s := openShop(t, session)
	var largest, rows int
	s.store = &storagetest.Hooked{Store: s.store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		for i := range batches {
			rows = max(rows, batches[i].Rows())
			for _, leg := range batches[i].Legs {
				for _, record := range leg.Records {
					largest = max(largest, len(record.Data))
				}
			}
		}
		return next(ctx, batches)
	}}
	s.Engine = s.engine()
	s.Desk = booking.NewDesk(s.Engine, s.store)
	for i := range 300 {
		name := fmt.Sprintf("m%d", i)
		s.join(name, 1000)
		s.booked(book(name, 3))
	}
	require.Less(t, largest, 600, "bytes of the largest record that is written by a booking")
	require.Equal(t, 12, rows, "rows of a booking")
	s.verify("latte-art")
}

func TestAThousandWhoWantAHundredSeatsAtOnce(t *testing.T) {
	session := evening()
	session.Capacity = 100
	s := openShop(t, session)
	engines := []*loyalty.Engine{s.Engine, s.engine(), s.engine()}
	const members = 1000
	for i := range members {
		s.join(fmt.Sprintf("m%d", i), 100)
	}
	s.calls = counter{}
	var wait sync.WaitGroup
	errs := make([]error, members)
	for i := range members {
		wait.Go(func() {
			_, errs[i] = engines[i%3].Do(t.Context(), book(fmt.Sprintf("m%d", i), 1))
		})
	}
	wait.Wait()
	won := 0
	for i, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, experience.ErrSoldOut)
		require.EqualValues(t, 100, s.balance(fmt.Sprintf("m%d", i)).Available, "who came too late keeps their points")
	}
	require.Equal(t, 100, won)
	require.Less(t, s.calls.commits, members, "those who wait together share commits")
	s.verify("latte-art")
}

// errCut is a store that loses its answers.
var errCut = errors.New("the answer was cut off")

func TestWhoseAnswerIsLostAsksAgainWithTheSameKey(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora", "emil")
	commits := 0
	s.store = &storagetest.Hooked{Store: s.store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		commits++
		outcomes, err := next(ctx, batches)
		if commits%3 == 1 && err == nil {
			return nil, errCut
		}
		return outcomes, err
	}}
	s.Engine = s.engine()
	s.Desk = booking.NewDesk(s.Engine, s.store)
	do := func(cmd loyalty.Command) {
		t.Helper()
		for range 20 {
			_, err := s.Desk.Do(t.Context(), cmd)
			if err == nil {
				return
			}
			require.ErrorIs(t, err, errCut)
		}
		require.Fail(t, "it never succeeds")
	}
	do(book("anna", 3))
	do(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	do(confirm("ben"))
	for _, name := range []string{"cleo", "dora", "emil"} {
		do(queue(name, 1))
	}
	do(cancel("anna"))
	do(cancel("ben"))
	for _, name := range []string{"cleo", "dora", "emil"} {
		do(confirm(name))
		require.EqualValues(t, 900, s.balance(name).Available)
	}
	require.EqualValues(t, 1, s.board("latte-art").Free)
	require.EqualValues(t, 1000, s.balance("anna").Available)
	s.verify("latte-art")
}
