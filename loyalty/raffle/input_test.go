package raffle_test

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	draw "github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
)

// samples has one good command of each type, with every field set that may be.
func samples(t *testing.T) []loyalty.Command {
	at, terms := opening.Add(time.Hour), grinder(t)
	terms.ID = "second"
	return []loyalty.Command{
		raffle.Open{Key: "k", Raffle: terms, Reason: "r", Actor: "a"},
		raffle.Enter{Member: "anna", Key: "k", Raffle: "grinder", Tickets: 1, Unit: "bean", Points: 10, OccurredAt: at, Reason: "r", Actor: "a"},
		raffle.Draw{Key: "k", Raffle: "grinder", Seed: seed, Value: value, Reason: "r", Actor: "a"},
		raffle.CallOff{Key: "k", Raffle: "grinder", Reason: "r", Actor: "a"},
		raffle.Collect{Member: "anna", Key: "k", Raffle: "grinder", Entry: "grinder", OccurredAt: at, Reason: "r", Actor: "a"},
	}
}

// bad lists values that no field of a type takes, or that must do no harm.
func bad(t reflect.Type) []any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return []any{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}
	case t == reflect.TypeFor[[]byte]():
		return []any{[]byte{}, []byte(strings.Repeat("x", 1<<20))}
	case t.Kind() == reflect.String:
		return []any{strings.Repeat("x", 1<<20), "caf\xe9", "a\x00b", "\x01house/raffle/grinder"}
	case t.Kind() == reflect.Int64 || t.Kind() == reflect.Int:
		return []any{int64(-1), int64(math.MaxInt64), int64(math.MinInt64)}
	default:
		return nil
	}
}

// spoiled calls use with each field of a command spoiled in turn.
func spoiled(v reflect.Value, path string, use func(path string)) {
	for _, value := range bad(v.Type()) {
		before := reflect.ValueOf(v.Interface())
		v.Set(reflect.ValueOf(value).Convert(v.Type()))
		use(path)
		v.Set(before)
	}
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			spoiled(v.Field(i), path+"."+v.Type().Field(i).Name, use)
		}
	}
}

func TestTheSamplesHaveEveryFieldOfEveryCommand(t *testing.T) {
	require.Empty(t, enginetest.Unset(raffle.Feature{}.Commands(), samples(t)))
}

func TestBadInputIsRefusedInSoManyWords(t *testing.T) {
	typed := []error{
		loyalty.ErrInvalid, loyalty.ErrNotEnrolled, loyalty.ErrUnknownUnit, loyalty.ErrKeyReused, loyalty.ErrNotYet, loyalty.ErrPrice,
		loyalty.ErrInsufficientPoints, raffle.ErrNoRaffle, raffle.ErrNotOpen, raffle.ErrNotDrawn,
		raffle.ErrEnded, raffle.ErrTickets, raffle.ErrNoEntry, draw.ErrSeed, draw.ErrValue, draw.ErrSize,
	}
	seen := 0
	for _, sample := range samples(t) {
		cmd := reflect.New(reflect.TypeOf(sample))
		cmd.Elem().Set(reflect.ValueOf(sample))
		_, opens := sample.(raffle.Open)
		spoiled(cmd.Elem(), fmt.Sprintf("%T", sample), func(path string) {
			seen++
			s := openShop(t, "anna")
			if !opens {
				s.must(raffle.Enter{Member: "anna", Key: "enter", Raffle: "grinder", Tickets: 1, Unit: "bean", Points: 10})
			}
			_, err := s.Do(t.Context(), cmd.Elem().Interface().(loyalty.Command))
			if err == nil {
				report, err := s.Verify(t.Context(), nil)
				require.NoError(t, err)
				require.Empty(t, report.Problems, path)
				return
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
	require.Greater(t, seen, 100)
}
