package loyalty_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestAFeatureThatIsSettledLateTakesThePointsThatWereThereAtItsInstant(t *testing.T) {
	fee := tables{settle: func(_ context.Context, tx *loyalty.Tx, r storage.Record) error {
		r.DueAt = points.Never
		if err := tx.Debit("bean", 10); err != nil {
			return err
		}
		return tx.PutRecord(r)
	}}
	for _, late := range []bool{false, true} {
		s := openFeature(t, beans(points.NeverExpire()), fee)
		start := s.now
		gift := loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 30, Reason: "gift", Actor: "shop", ExpiresAt: start.AddDate(0, 0, 5)}
		s.must(gift)
		gift.Key, gift.ExpiresAt = "kept", points.Never
		s.must(gift)
		s.must(reserve{Member: "anna", Key: "noon", Until: start.AddDate(0, 0, 2), Bound: 9})
		if !late {
			s.now = start.AddDate(0, 0, 3)
			_, err := s.RunDue(t.Context(), nil)
			require.NoError(t, err)
		}
		s.now = start.AddDate(0, 0, 9)
		report, err := s.RunDue(t.Context(), nil)
		require.NoError(t, err)
		require.Empty(t, report.Failed)
		require.Equal(t, points.Balance{Unit: "bean", Available: 30}, s.balance(), "the fee came from what expired on the fifth day, late %v", late)
		s.verify()
	}
}

func TestAFeatureThatIsSettledLateCreditsPointsThatMatureAtTheirOwnInstant(t *testing.T) {
	bonus := tables{settle: func(_ context.Context, tx *loyalty.Tx, r storage.Record) error {
		at := r.DueAt
		r.DueAt = points.Never
		if err := tx.Credit("bean", 10, loyalty.AvailableFrom(at.AddDate(0, 0, 5))); err != nil {
			return err
		}
		return tx.PutRecord(r)
	}}
	program := beans(points.NeverExpire())
	program.Debt = loyalty.AllowDebt
	for _, late := range []bool{false, true} {
		s := openFeature(t, program, bonus)
		start := s.now
		adjust := loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 10, Reason: "gift", Actor: "shop", ExpiresAt: start.AddDate(0, 0, 20)}
		s.must(adjust)
		s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 10, Until: start.AddDate(0, 0, 4)})
		s.must(loyalty.Adjust{Member: "anna", Key: "debt", Unit: "bean", Points: -10, Reason: "fee", Actor: "shop"})
		s.must(reserve{Member: "anna", Key: "noon", Until: start.AddDate(0, 0, 2), Bound: 9})
		if !late {
			s.now = start.AddDate(0, 0, 3)
			_, err := s.RunDue(t.Context(), nil)
			require.NoError(t, err)
		}
		s.now = start.AddDate(0, 0, 30)
		_, err := s.RunDue(t.Context(), nil)
		require.NoError(t, err)
		require.Equal(t, points.Balance{Unit: "bean", Available: 10}, s.balance(), "the hold repaid the debt before the bonus matured, late %v", late)
		s.verify()
	}
}

// TestAFeatureThatTakesAllThatFallsDueNextLeavesTheMemberUsable lets a fee that is settled late
// use up the lot that would have expired next, and the member spend in the same command.
func TestAFeatureThatTakesAllThatFallsDueNextLeavesTheMemberUsable(t *testing.T) {
	fee := tables{settle: func(_ context.Context, tx *loyalty.Tx, r storage.Record) error {
		r.DueAt = points.Never
		if err := tx.Debit("bean", 30); err != nil {
			return err
		}
		return tx.PutRecord(r)
	}}
	s := openFeature(t, beans(points.NeverExpire()), fee)
	start := s.now
	gift := loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 30, Reason: "gift", Actor: "shop", ExpiresAt: start.AddDate(0, 0, 5)}
	s.must(gift)
	gift.Key, gift.ExpiresAt = "later", start.AddDate(0, 0, 8)
	s.must(gift)
	s.must(reserve{Member: "anna", Key: "noon", Until: start.AddDate(0, 0, 2), Bound: 9})
	s.now = start.AddDate(0, 0, 3)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 10})
	require.Equal(t, points.Balance{Unit: "bean", Available: 20}, s.balance())
	s.now = start.AddDate(0, 0, 9)
	require.Equal(t, points.Balance{Unit: "bean"}, s.balance(), "the rest expires on its day")
	s.verify()
}

// openFeature is a shop with a feature, in which anna is enrolled.
func openFeature(t *testing.T, program loyalty.Program, feature loyalty.Feature) *shop {
	t.Helper()
	s := openShop(t, program)
	engine, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{Clock: s.clock, Features: []loyalty.Feature{feature}})
	require.NoError(t, err)
	s.Engine = engine
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	return s
}
