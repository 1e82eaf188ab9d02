package giftlist_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// together runs the calls at once and returns their errors.
func together(calls ...func() error) []error {
	errs := make([]error, len(calls))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, call := range calls {
		wait.Go(func() {
			<-start
			errs[i] = call()
		})
	}
	close(start)
	wait.Wait()
	return errs
}

func TestOfTwoWhoGiveTheLastBeansOneDoes(t *testing.T) {
	for round := range 20 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben", "cleo")
			other := s.engine(giftlist.Feature{MaxOpen: 1})
			s.must(birthday())
			s.must(give("ben", "first", 80))
			errs := together(
				func() error { _, err := s.Do(t.Context(), give("ben", "last", 20)); return err },
				func() error { _, err := other.Do(t.Context(), give("cleo", "last", 20)); return err },
			)
			won, lost := 0, 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case errors.Is(err, giftlist.ErrEnded):
					lost++
				default:
					require.NoError(t, err)
				}
			}
			require.Equal(t, []int{1, 1}, []int{won, lost})
			list := s.list("anna", "ANNA-30")
			require.Equal(t, giftlist.Full, list.Status)
			require.EqualValues(t, 100, list.Given)
			require.EqualValues(t, 2, list.Gifts)
			require.EqualValues(t, 200, s.beans("anna"))
			open, _ := s.shared("")
			require.Zero(t, open)
			s.verify("anna", "ben", "cleo")
		})
	}
}

func TestManyWhoGiveAtOnceFillTheListExactly(t *testing.T) {
	members := []string{"anna"}
	for i := range 30 {
		members = append(members, fmt.Sprintf("friend-%02d", i))
	}
	s := openShop(t, giftlist.Feature{}, members...)
	engines := []*loyalty.Engine{s.Engine, s.engine(giftlist.Feature{})}
	s.must(birthday())
	var calls []func() error
	for i, member := range members[1:] {
		calls = append(calls, func() error {
			_, err := engines[i%2].Do(t.Context(), give(member, "g", 7))
			return err
		})
	}
	given := 0
	for _, err := range together(calls...) {
		if err == nil {
			given++
			continue
		}
		require.ErrorIs(t, err, giftlist.ErrTooMuch)
		var much *giftlist.TooMuchError
		require.ErrorAs(t, err, &much)
		require.EqualValues(t, 2, much.Missing)
	}
	require.Equal(t, 14, given, "14 gifts of 7 leave 2 missing")
	list := s.list("anna", "ANNA-30")
	require.EqualValues(t, 98, list.Given)
	require.EqualValues(t, 198, s.beans("anna"))
	s.verify(members...)
}

func TestManyWhoWantTheLastPlaceForAList(t *testing.T) {
	members := []string{"anna", "ben", "cleo", "dora", "emil", "finn"}
	s := openShop(t, giftlist.Feature{MaxOpen: 2}, members...)
	var calls []func() error
	for _, member := range members {
		list := birthday()
		list.Member, list.Code = member, ""
		calls = append(calls, func() error { _, err := s.Do(t.Context(), list); return err })
	}
	opened := 0
	for _, err := range together(calls...) {
		if err == nil {
			opened++
			continue
		}
		require.ErrorIs(t, err, loyalty.ErrLimit)
	}
	require.Equal(t, 2, opened)
	open, _ := s.shared("")
	require.EqualValues(t, 2, open)
	s.verify(members...)
}

func TestTwoWhoWantOneCode(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	mine, yours := birthday(), birthday()
	yours.Member = "ben"
	errs := together(
		func() error { _, err := s.Do(t.Context(), mine); return err },
		func() error { _, err := s.Do(t.Context(), yours); return err },
	)
	if errs[0] != nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], loyalty.ErrClaimed)
	open, _ := s.shared("")
	require.EqualValues(t, 1, open, "the list that lost its code takes no place")
}

func TestMembersWhoGiveEachOtherInARing(t *testing.T) {
	members := []string{"anna", "ben", "cleo", "dora"}
	s := openShop(t, giftlist.Feature{}, members...)
	for _, member := range members {
		list := birthday()
		list.Member, list.Code, list.Wanted = member, "OF-"+string(member[0]-'a'+'A'), 1000
		s.must(list)
	}
	var calls []func() error
	for i, member := range members {
		to := members[(i+1)%len(members)]
		for n := range 20 {
			calls = append(calls, func() error {
				_, err := s.Do(t.Context(), giftlist.Give{
					Member: member, Key: fmt.Sprint("g", n), Owner: to, Code: "OF-" + string(to[0]-'a'+'A'), Unit: "bean", Points: points.Amount(1 + n%3),
				})
				return err
			})
		}
	}
	for _, err := range together(calls...) {
		require.NoError(t, err)
	}
	for _, member := range members {
		require.EqualValues(t, 100, s.beans(member), "everybody gave what they got")
		list := s.list(member, "OF-"+string(member[0]-'a'+'A'))
		require.EqualValues(t, 20, list.Gifts)
		require.EqualValues(t, 39, list.Given)
	}
	s.verify(members...)
}
