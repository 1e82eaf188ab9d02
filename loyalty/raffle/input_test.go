package raffle_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	"github.com/loyaltykit/loyaltykit/points"
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
		_, opens := sample.(raffle.Open)
		enginetest.Spoil(sample, "\x01house/raffle/grinder", func(path string, cmd loyalty.Command) {
			seen++
			s := openShop(t, "anna")
			if !opens {
				s.must(raffle.Enter{Member: "anna", Key: "enter", Raffle: "grinder", Tickets: 1, Unit: "bean", Points: 10})
			}
			_, err := s.Do(t.Context(), cmd)
			if err == nil {
				report, err := s.Verify(t.Context(), nil)
				require.NoError(t, err)
				require.Empty(t, report.Problems, path)
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
	require.Greater(t, seen, 100)
}

func TestAllProblemsOfARaffleComeInTheOrderOfItsFields(t *testing.T) {
	bad := raffle.Open{Key: "k", Raffle: raffle.Terms{Points: -1, MaxTickets: 101}}
	want := []string{
		"raffle.id", "raffle.opens", "raffle.closes", "raffle.drawBy", "raffle.closes", "raffle.drawBy", "raffle.points",
		"raffle.maxTickets", "raffle.winners", "raffle.commitment",
	}
	for range 50 {
		var problems points.Problems
		require.ErrorAs(t, bad.Validate(), &problems)
		var paths []string
		for _, p := range problems {
			paths = append(paths, p.Path)
		}
		require.Equal(t, want, paths)
	}
}
