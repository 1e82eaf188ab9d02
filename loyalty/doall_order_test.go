package loyalty_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestDoAllKeepsAMembersOrderWhereOneCommandHasToReadMore(t *testing.T) {
	program := loyalty.Program{
		ID: "order", Zone: "UTC", Units: []points.Unit{{Code: "point", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "USD"}}},
	}
	clock := func() time.Time { return time.Date(2027, time.March, 8, 9, 0, 0, 0, time.UTC) }
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: clock})
	require.NoError(t, err)
	earn := func(id string, dollars int64) loyalty.Command {
		return loyalty.Earn{Member: "m", Key: id, Order: points.Order{
			ID: id, Currency: "USD", Lines: []points.Line{{Amount: decimal.NewFromInt(dollars)}},
		}}
	}
	before := []loyalty.Command{loyalty.Enroll{Member: "m", Key: "enroll"}, earn("large", 100)}
	before = append(before, loyalty.Spend{Member: "m", Key: "spend-large", Unit: "point", Points: 100})
	for i := range 20 {
		before = append(before, earn(fmt.Sprintf("small-%d", i), 10))
	}
	for _, err := range engine.DoAll(t.Context(), slices.Values(before), nil) {
		require.NoError(t, err)
	}

	// The refund takes 100 of the 200 points from ten lots, which are more than
	// were loaded for it, so that it is decided alone. The others wait for it.
	after := []loyalty.Command{
		loyalty.Refund{Member: "m", Key: "refund-large", Order: "large", Full: true},
		loyalty.Adjust{Member: "m", Key: "courtesy", Unit: "point", Points: 5, Reason: "late parcel", Actor: "support"},
		loyalty.Spend{Member: "m", Key: "spend", Unit: "point", Points: 30},
	}
	var available []points.Amount
	for receipt, err := range engine.DoAll(t.Context(), slices.Values(after), nil) {
		require.NoError(t, err)
		available = append(available, receipt.Balances[0].Available)
	}
	require.Equal(t, []points.Amount{100, 105, 75}, available)
}

func TestDoAllKeepsAMembersOrderWhereARefusalRestsOnAnothersFailedCommand(t *testing.T) {
	program := loyalty.Program{
		ID: "order", Zone: "UTC", Units: []points.Unit{{Code: "point", Expiry: points.NeverExpire()}},
		Earning: []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "USD"}}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), nil)
	require.NoError(t, err)
	earn := func(member, key, id string) loyalty.Command {
		return loyalty.Earn{Member: member, Key: key, Order: points.Order{
			ID: id, Currency: "USD", Lines: []points.Line{{Amount: decimal.NewFromInt(10)}},
		}}
	}
	for _, member := range []string{"ada", "bob"} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
	}
	_, err = engine.Do(t.Context(), earn("ada", "first", "1001"))
	require.NoError(t, err)

	// Ada's order has earned, which only the commit finds out. Bob's transfer is
	// refused behind it, and is not to succeed with the points that come after it.
	stream := []loyalty.Command{
		earn("ada", "second", "1001"),
		loyalty.Transfer{Member: "bob", Key: "transfer", To: "ada", Unit: "point", Points: 10},
		earn("bob", "order", "1002"),
	}
	var errs []error
	for _, err := range engine.DoAll(t.Context(), slices.Values(stream), nil) {
		errs = append(errs, err)
	}
	require.ErrorIs(t, errs[0], loyalty.ErrOrderEarned)
	require.ErrorIs(t, errs[1], loyalty.ErrInsufficientPoints)
	require.NoError(t, errs[2])
}

// peek reads a record that its plan does not name, so that it is decided alone.
type peek struct{ Member, Key string }

func (p peek) Plan() loyalty.Plan { return loyalty.Plan{Member: p.Member, Key: p.Key} }

func (peek) Apply(_ context.Context, tx *loyalty.Tx) error {
	_, _, err := tx.Record("peek", "anything")
	return err
}

func TestDoAllKeepsAMembersOrderWhoIsNamedByTwoIds(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Transfers = []loyalty.TransferPolicy{{Unit: "bean"}}
	s := openShop(t, program)
	for _, member := range []string{"anna", "ben", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "old"})
	s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 10, Reason: "gift", Actor: "ada"})
	// The first is decided alone, so that the second waits, which names ben by his old id.
	var errs []error
	for _, err := range s.DoAll(t.Context(), slices.Values([]loyalty.Command{
		peek{Member: "anna", Key: "peek"},
		loyalty.Transfer{Member: "old", Key: "all", To: "anna", Unit: "bean", Points: 10},
		loyalty.Spend{Member: "ben", Key: "spend", Unit: "bean", Points: 10},
	}), nil) {
		errs = append(errs, err)
	}
	require.NoError(t, errs[0])
	require.NoError(t, errs[1], "it came first")
	require.ErrorIs(t, errs[2], loyalty.ErrInsufficientPoints)
	s.verify()
}
