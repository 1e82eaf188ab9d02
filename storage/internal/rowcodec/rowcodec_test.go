package rowcodec_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

func TestListsInsideARowComeBackAsTheyWere(t *testing.T) {
	march := time.Date(2027, time.March, 8, 9, 30, 0, 123456000, time.UTC)
	balances := []points.Balance{{Unit: "bean", Available: points.MaxAmount, Held: 1}, {Unit: "Bohne \"<ß>\"", Pending: 7, Debt: 9}}
	standing := []storage.Standing{{Ladder: "status", Tier: "gold", Since: march, Until: points.Never}, {Ladder: "x"}}
	days := []storage.DayCount{
		{Metric: "spend", Day: 20270308, Amount: 1<<53 + 1},
		{Metric: "spend", Day: 20270309, Amount: -4},
		{Metric: "visits", Day: 20270308, Amount: 1},
	}
	lots := []points.LotID{1, math.MaxInt64, -3}

	text, err := rowcodec.EncodeBalances(balances)
	require.NoError(t, err)
	gotBalances, err := rowcodec.DecodeBalances(text)
	require.NoError(t, err)
	assert.Equal(t, balances, gotBalances)

	text, err = rowcodec.EncodeStanding(standing)
	require.NoError(t, err)
	gotStanding, err := rowcodec.DecodeStanding(text)
	require.NoError(t, err)
	assert.Equal(t, standing, gotStanding)

	text, err = rowcodec.EncodeDays(days)
	require.NoError(t, err)
	gotDays, err := rowcodec.DecodeDays(text)
	require.NoError(t, err)
	assert.Equal(t, days, gotDays)

	gotLots, err := rowcodec.DecodeLots(rowcodec.EncodeLots(lots))
	require.NoError(t, err)
	assert.Equal(t, lots, gotLots)
}

func TestListsThatAreDamagedAreErrors(t *testing.T) {
	_, err := rowcodec.DecodeBalances(`[{"unit":`)
	require.Error(t, err)
	_, err = rowcodec.DecodeStanding(`7`)
	require.Error(t, err)
	_, err = rowcodec.DecodeDays(`["x"]`)
	require.Error(t, err)
	_, err = rowcodec.DecodeLots("1,,2")
	require.Error(t, err)
}
