package booking_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// terms has every field of a session.
func terms() experience.Session {
	session := evening()
	session.Event, session.ClosesMinutes = "courses", 30
	session.Prices = append(session.Prices, experience.Price{Tier: "friend", Points: 50, Money: decimal.NewFromInt(9), Currency: "EUR"})
	session.Opens = []experience.Opening{{Tier: "gold", From: opening.AddDate(0, 0, -1)}, {From: opening}}
	session.List.Max, session.List.ClosesMinutes = 20, 60
	session.Cancellation = append(session.Cancellation, experience.CancelRule{Tier: "gold", Minutes: 30, Points: 10})
	return session
}

// priced is an evening of which a seat costs money besides the points.
func priced() experience.Session {
	session := evening()
	session.Prices[0].Money, session.Prices[0].Currency = decimal.NewFromInt(5), "EUR"
	return session
}

// samples has one good command of each type, with every field set.
func samples() []loyalty.Command {
	list := plain()
	for i, sample := range list {
		cmd := reflect.New(reflect.TypeOf(sample)).Elem()
		cmd.Set(reflect.ValueOf(sample))
		if at := cmd.FieldByName("OccurredAt"); at.IsValid() {
			at.Set(reflect.ValueOf(opening.Add(-time.Minute)))
		}
		list[i] = cmd.Interface().(loyalty.Command)
	}
	return list
}

func plain() []loyalty.Command {
	return []loyalty.Command{
		booking.Open{Key: "k", Session: terms(), Reason: "r", Actor: "a"},
		booking.Change{Key: "k", Session: terms(), Reason: "r", Actor: "a"},
		booking.CallOff{Key: "k", Session: "latte-art", Reason: "r", Actor: "a"},
		booking.Book{Member: "anna", Key: "k", Session: "latte-art", Party: 1, Unit: "bean", Points: 100, Money: decimal.NewFromInt(5), Currency: "EUR", Reason: "r", Actor: "a"},
		booking.Hold{Member: "anna", Key: "k", Session: "latte-art", Party: 1, Unit: "bean", Points: 100, Money: decimal.NewFromInt(5), Currency: "EUR", Reason: "r", Actor: "a"},
		booking.Confirm{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art", Hold: "h", Reason: "r", Actor: "a"},
		booking.Join{Member: "anna", Key: "k", Session: "latte-art", Party: 3, Unit: "bean", Points: 300, Money: decimal.NewFromInt(15), Currency: "EUR", Reason: "r", Actor: "a"},
		booking.Cancel{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art", Hold: "h", Place: &experience.Place{Class: 1, Number: 1}, Reason: "r", Actor: "a"},
		booking.Reschedule{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art", To: "other", Unit: "bean", Points: 100, Money: decimal.NewFromInt(5), Currency: "EUR", Reason: "r", Actor: "a"},
		booking.CheckIn{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art", Party: 1, Reason: "r", Actor: "a"},
		booking.HandOver{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art", Guest: "Ida", Reason: "r", Actor: "a"},
		booking.Promote{Member: "anna", Key: "k", Session: "latte-art", Class: 1, Number: 3, From: 2, Unit: "bean", Points: 100},
		booking.Skip{Key: "k", Session: "latte-art", Class: 1, From: 1, To: 2},
		booking.Dismiss{Key: "k", Session: "latte-art", Who: "anna", Class: 1, Number: 1, Waiting: true, Reason: "r", Actor: "a"},
		booking.Refresh{Member: "anna", Key: "k", Session: "latte-art", Booking: "latte-art"},
		booking.Wrap{Key: "k", Session: "latte-art", Changes: 1},
	}
}

func TestBadInputIsRefusedInSoManyWords(t *testing.T) {
	typed := []error{
		loyalty.ErrInvalid, loyalty.ErrNotEnrolled, loyalty.ErrUnknownUnit, loyalty.ErrKeyReused, loyalty.ErrNotYet,
		booking.ErrNoSession, booking.ErrNoBooking, loyalty.ErrPrice, booking.ErrTerms, booking.ErrDismissed,
		experience.ErrState, experience.ErrParty, experience.ErrNotNext, experience.ErrClosed, experience.ErrCapacity,
		experience.ErrSeatsFree, experience.ErrSoldOut, loyalty.ErrAlreadyEnrolled, loyalty.ErrInsufficientPoints,
	}
	seen := 0
	for _, sample := range samples() {
		enginetest.Spoil(sample, "\x01house/booking/latte-art", func(path string, cmd loyalty.Command) {
			seen++
			s := openShop(t, priced(), "anna")
			_, err := s.Engine.Do(t.Context(), cmd)
			if err == nil {
				s.verify("latte-art")
				return
			}
			if !strings.Contains(fmt.Sprintf("%+v", cmd), "house/") {
				require.NotContains(t, err.Error(), "house/", path)
			}
			for _, want := range typed {
				if errors.Is(err, want) {
					require.Less(t, len(err.Error()), 4000, path)
					return
				}
			}
			require.Fail(t, "an error that nobody can branch on", "%s: %v", path, err)
		})
	}
	require.Greater(t, seen, 300)
}

func TestCommandsSurviveJSON(t *testing.T) {
	kinds := map[string]bool{}
	for _, sample := range samples() {
		text, err := json.Marshal(sample)
		require.NoError(t, err)
		back := reflect.New(reflect.TypeOf(sample))
		require.NoError(t, json.Unmarshal(text, back.Interface()))
		again, err := json.Marshal(back.Elem().Interface())
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(again))
		kinds[sample.(loyalty.Typed).CommandType()] = true
	}
	require.Len(t, kinds, len(booking.Feature{}.Commands()), "each type has a sample, and a type of its own")
}

func TestEveryProblemOfACommandIsNamed(t *testing.T) {
	s := openShop(t, evening())
	_, err := s.Engine.Do(t.Context(), booking.Book{Member: "anna", Key: "k", Party: -1, Points: -1})
	var problems points.Problems
	require.ErrorAs(t, err, &problems)
	paths := []string{}
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	require.Subset(t, paths, []string{"session", "party", "points"})
	_, err = s.Engine.Do(t.Context(), booking.Dismiss{Key: "k", Session: "latte-art", Who: "anna"})
	require.ErrorContains(t, err, "reason: must say why")
	bad := evening()
	bad.Capacity = 0
	_, err = s.Engine.Do(t.Context(), booking.Open{Key: "k", Session: bad})
	require.ErrorContains(t, err, "session.capacity")
	money := evening()
	money.ID, money.Unit = "other", "visit"
	_, err = s.Engine.Do(t.Context(), booking.Open{Key: "k", Session: money})
	require.ErrorIs(t, err, loyalty.ErrUnknownUnit)
}

func TestTheSamplesHaveEveryFieldOfEveryCommand(t *testing.T) {
	require.Empty(t, enginetest.Unset(booking.Feature{}.Commands(), samples()))
}
