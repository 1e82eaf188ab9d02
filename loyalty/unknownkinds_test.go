package loyalty_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// alarms is a feature of another binary: its records fall due and nobody here
// knows what to do with them.
type alarms struct{}

func (alarms) Name() string                { return "alarms" }
func (alarms) Kinds() []string             { return []string{"alarm"} }
func (alarms) Commands() []loyalty.Command { return nil }

// setAlarms makes many records that are due at an instant.
type setAlarms struct {
	Member, Key string
	From, To    int
	At          time.Time
}

func (c setAlarms) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c setAlarms) Apply(_ context.Context, tx *loyalty.Tx) error {
	for i := c.From; i < c.To; i++ {
		if err := tx.PutRecord(storage.Record{Kind: "alarm", ID: fmt.Sprint(i), DueAt: c.At}); err != nil {
			return err
		}
	}
	return nil
}

func TestDueRecordsOfUnknownKindsStandInNobodysWay(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(10, points.Days)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 30, Reason: "gift", Actor: "shop"})
	other, err := loyalty.New(loyalty.Revisions{beans(points.ExpireAfter(10, points.Days))}, s.store, &loyalty.Options{
		Clock: s.clock, Features: []loyalty.Feature{alarms{}},
	})
	require.NoError(t, err)
	for i := range 5 {
		_, err := other.Do(t.Context(), setAlarms{Member: "anna", Key: fmt.Sprint(i), From: 50 * i, To: 50*i + 50, At: s.now.Add(time.Hour)})
		require.NoError(t, err)
	}
	s.now = s.now.AddDate(0, 0, 5)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 10})
	s.now = s.now.AddDate(0, 0, 15)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, 1, report.Skipped)
	require.Equal(t, points.Balance{Unit: "bean"}, s.balance())
	report, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, loyalty.DueReport{Visited: 1, Skipped: 1}, report)
	s.verify()
}
