package whatif_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/whatif"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// cinema is a program with tickets whose codes come from the host, and its history: two
// tickets, of which one is used by its code.
func cinema(t *testing.T, code func(context.Context, loyalty.VoucherRequest) (string, error)) (loyalty.Revisions, *loyalty.Engine, *memory.Store) {
	programs := beans(1, points.NeverExpire())
	programs[0].Catalog = rewards.Catalog{{
		Code: "ticket", Type: rewards.TypeVoucher, Benefit: rewards.Benefit{Partner: "Odeon"}, Prices: []rewards.Price{{Unit: "bean", Points: 10}}, Voucher: &rewards.Voucher{Host: true},
	}}
	store, now := memory.New(), monday
	engine, err := loyalty.New(programs, store, &loyalty.Options{Clock: func() time.Time { return now }, VoucherCode: code})
	require.NoError(t, err)
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "ada", Key: "enroll"},
		earn("ada", "o-1", "40", monday),
		loyalty.Redeem{Member: "ada", Key: "r-1", Redemption: "r-1", Reward: "ticket"},
		loyalty.Redeem{Member: "ada", Key: "r-2", Redemption: "r-2", Reward: "ticket"},
		loyalty.UseVoucher{Member: "ada", Key: "use", Redemption: "r-1", Code: "ODEON-r-1"},
	} {
		_, err := engine.Do(t.Context(), cmd)
		require.NoError(t, err)
		now = now.Add(time.Minute)
	}
	return programs, engine, store
}

func odeon(_ context.Context, request loyalty.VoucherRequest) (string, error) {
	return "ODEON-" + request.Redemption, nil
}

func TestVouchersOfTheHostAreLivedAgainWithItsCodes(t *testing.T) {
	programs, engine, store := cinema(t, odeon)
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), engine, store), programs, programs, inMemory, &whatif.Options{VoucherCode: odeon})
	require.NoError(t, err)
	require.True(t, report.Same())
	require.Empty(t, report.Refusals)
	require.EqualValues(t, 20, report.Units[0].Books[0].Redeemed)
}

func TestWithoutAHostCodesOfVouchersAreMadeUpAndTheirUseIsCountedAsRefused(t *testing.T) {
	programs, engine, store := cinema(t, odeon)
	report, err := whatif.Compare(t.Context(), whatif.History(t.Context(), engine, store), programs, programs, inMemory, nil)
	require.NoError(t, err)
	require.EqualValues(t, 20, report.Units[0].Books[0].Redeemed, "both tickets are paid for")
	require.Len(t, report.Refusals, 1)
	require.Equal(t, "use-voucher", report.Refusals[0].Command)
	require.Equal(t, [2]int64{1, 1}, report.Refusals[0].Count)
}
