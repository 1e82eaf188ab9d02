package loyalty_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestARecordNeedsAFeatureThatTheEngineLists(t *testing.T) {
	for _, kind := range []string{"reservation", "hold", "order", "once"} {
		t.Run(kind, func(t *testing.T) {
			engine := openBar(t, loyalty.Options{}, "anna")
			_, err := engine.Do(t.Context(), reserve{Member: "anna", Key: "noon", Kind: kind, Until: points.Never, Bound: 9})
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.ErrorContains(t, err, "list the feature")
		})
	}
}

func TestAFeatureIsListedOnce(t *testing.T) {
	program := loyalty.Revisions{beans(points.NeverExpire())}
	_, err := loyalty.New(program, memory.New(), &loyalty.Options{Features: []loyalty.Feature{tables{}, tables{}}})
	require.EqualError(t, err, `loyalty: feature "tables" is listed twice`)
}

// ask answers whether its feature is there.
type ask struct{ Member, Key string }

func (c ask) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c ask) Apply(_ context.Context, tx *loyalty.Tx) error {
	_, found := tx.Feature("tables").(tables)
	return tx.Answer(found)
}

func TestACommandFindsItsFeature(t *testing.T) {
	receipt, err := openBar(t, loyalty.Options{Features: []loyalty.Feature{tables{}}}, "anna").
		Do(t.Context(), ask{Member: "anna", Key: "k"})
	require.NoError(t, err)
	require.Equal(t, "true", string(receipt.Result))

	receipt, err = openBar(t, loyalty.Options{}, "anna").Do(t.Context(), ask{Member: "anna", Key: "k"})
	require.NoError(t, err)
	require.Equal(t, "false", string(receipt.Result))
}

func TestASettlementThatGoesWrongStopsOnlyItsMember(t *testing.T) {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	var engine *loyalty.Engine
	tests := []struct {
		name   string
		settle func(context.Context, *loyalty.Tx, storage.Record) error
		want   error
	}{
		{
			name:   "A panic is an error",
			settle: func(context.Context, *loyalty.Tx, storage.Record) error { panic("the kitchen is on fire") },
			want:   loyalty.ErrPanicked,
		},
		{
			name: "The engine is not to be called from inside",
			settle: func(ctx context.Context, _ *loyalty.Tx, _ storage.Record) error {
				_, err := engine.Do(ctx, ask{Member: "ben", Key: "from inside"})
				return err
			},
			want: loyalty.ErrNested,
		},
		{
			name:   "A record must not be left due",
			settle: func(context.Context, *loyalty.Tx, storage.Record) error { return nil },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := now
			engine = openBar(t, loyalty.Options{
				Clock:    func() time.Time { return now },
				Features: []loyalty.Feature{tables{settle: test.settle}},
			}, "anna", "ben")
			_, err := engine.Do(t.Context(), reserve{Member: "anna", Key: "noon", Until: now.Add(time.Hour), Bound: 9})
			require.NoError(t, err)
			now = now.Add(2 * time.Hour)

			_, err = engine.Do(t.Context(), ask{Member: "anna", Key: "k"})
			require.ErrorContains(t, err, `record reservation "noon"`)
			if test.want != nil {
				require.ErrorIs(t, err, test.want)
			}
			_, err = engine.Do(t.Context(), ask{Member: "ben", Key: "k"})
			require.NoError(t, err)

			report, err := engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, 1, report.Visited)
			require.Len(t, report.Failed, 1)
		})
	}
}
