package whatif_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// stamps is a host's feature: a stand that opens, and a stamp there that is worth a bean.
type stamps struct{}

func (stamps) Name() string                { return "stamps" }
func (stamps) Kinds() []string             { return nil }
func (stamps) Commands() []loyalty.Command { return []loyalty.Command{stand{}, stamp{}} }

func standHouse(id string) []loyalty.House { return []loyalty.House{{Feature: "stamps", ID: id}} }

type stand struct {
	Key string `json:"key"`
	ID  string `json:"id"`
}

func (c stand) Plan() loyalty.Plan { return loyalty.Plan{Key: c.Key, Houses: standHouse(c.ID)} }

func (c stand) Apply(_ context.Context, tx *loyalty.Tx) error { return tx.Open() }

type stamp struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Stand  string `json:"stand"`
}

func (c stamp) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Houses: standHouse(c.Stand)}
}

func (c stamp) Apply(_ context.Context, tx *loyalty.Tx) error {
	house, err := tx.House(standHouse(c.Stand)[0])
	if err != nil {
		return err
	}
	if !house.Enrolled() {
		return loyalty.ErrNotYet
	}
	return tx.Credit("bean", 1)
}

// fair is a history of a stand, and of ada who gets two stamps there and buys.
func fair(t *testing.T) (loyalty.Revisions, *memory.Store, func(features ...loyalty.Feature) *loyalty.Engine) {
	programs, store, now := beans(1, points.NeverExpire()), memory.New(), monday
	open := func(features ...loyalty.Feature) *loyalty.Engine {
		engine, err := loyalty.New(programs, store, &loyalty.Options{Clock: func() time.Time { return now }, Features: features})
		require.NoError(t, err)
		return engine
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "ada", Key: "in"},
		stand{Key: "open", ID: "north"},
		stamp{Member: "ada", Key: "1", Stand: "north"},
		stamp{Member: "ada", Key: "2", Stand: "north"},
		earn("ada", "1001", "40.00", monday),
	} {
		_, err := open(stamps{}).Do(t.Context(), cmd)
		require.NoError(t, err)
	}
	return programs, store, open
}

func TestCommandsOfAHouseAccountAreLivedAgain(t *testing.T) {
	programs, store, open := fair(t)
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), open(stamps{}), store), programs, programs, inMemory,
		&whatif.Options{Features: []loyalty.Feature{stamps{}}})
	require.NoError(t, err)
	require.Empty(t, report.Refusals)
	require.EqualValues(t, 5, report.Events)
	require.EqualValues(t, 42, report.Units[0].Books[0].Available)
	require.Equal(t, [2]int64{1, 1}, report.Members, "a stand is no member")
}

func TestCommandsThatNoFeatureHasAreCountedByTypeAndNotAsLost(t *testing.T) {
	programs, store, open := fair(t)
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), open(), store), programs, programs, inMemory, nil)
	require.NoError(t, err)
	require.Zero(t, report.Lost)
	require.Equal(t, []whatif.Skipped{{Command: "stamp", Count: 2}, {Command: "stand", Count: 1}}, report.Skipped)
	require.EqualValues(t, 2, report.Events)
	require.EqualValues(t, 40, report.Units[0].Books[0].Available)
	require.Contains(t, report.String(), "2 more of type stamp were left out: no feature that is listed has them")

	for _, err := range whatif.History(t.Context(), open(), store) {
		if err != nil {
			require.ErrorIs(t, err, loyalty.ErrUnknownCommand)
		}
	}
}
