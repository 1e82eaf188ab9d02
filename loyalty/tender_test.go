package loyalty_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestAnOrderThatIsPaidAndTakenBackAgainAndAgainDoesNotGrow(t *testing.T) {
	s := openShop(t, earning())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("april", 10, day(2027, 4, 20)))
	s.must(gift("may", 10, day(2027, 5, 20)))
	pay := func(key string, n points.Amount) {
		s.must(loyalty.Spend{Member: "anna", Key: key, Unit: "bean", Points: n, Order: "table"})
	}
	back := func(key string, n points.Amount) loyalty.Refund {
		return loyalty.Refund{Member: "anna", Key: key, Order: "table", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: n}}}
	}
	size := func() int {
		for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna", Kind: "tender"}) {
			require.NoError(t, err)
			return len(row.Data)
		}
		require.Fail(t, "nothing is noted of what paid for the table")
		return 0
	}
	pay("first", 12)
	most := size() + 40 // room for longer numbers
	s.must(back("first back", 12))
	for i := range 30 {
		pay(fmt.Sprint("pay ", i), 12)
		s.must(back(fmt.Sprint("back ", i), 12))
	}
	require.LessOrEqual(t, size(), most)

	pay("kept", 12)
	s.must(back("some", 1))
	pay("more", 3)
	_, err := s.Do(t.Context(), back("too many", 15))
	require.ErrorIs(t, err, loyalty.ErrOverRefund)
	receipt := s.must(loyalty.Refund{Member: "anna", Key: "all", Order: "table", Full: true})
	require.Equal(t, []loyalty.PointsBack{{Unit: "bean", Points: 14}}, receipt.PointsBack)
	require.Equal(t, map[string]points.Amount{"2027-04-20": 10, "2027-05-20": 10}, datesOf(t, s))
	s.verify()
}
