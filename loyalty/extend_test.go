package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func extend(key string, by, to time.Time) loyalty.Extend {
	return loyalty.Extend{Member: "anna", Key: key, Unit: "bean", ExpiringBy: by, ExpiresAt: to, Reason: "the shop was closed", Actor: "ada"}
}

func gift(key string, n points.Amount, until time.Time) loyalty.Adjust {
	return loyalty.Adjust{Member: "anna", Key: key, Unit: "bean", Points: n, ExpiresAt: until, Reason: "gift", Actor: "ada"}
}

func datesOf(t *testing.T, s *shop) map[string]points.Amount {
	t.Helper()
	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	dates := map[string]points.Amount{}
	for _, at := range m.Expiring {
		dates[at.At.Format(time.DateOnly)] += at.Points
	}
	return dates
}

func TestExtendMovesWhatExpiresByADate(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("may", 5, day(2027, time.May, 1)))
	s.must(gift("june", 7, day(2027, time.June, 1)))
	s.must(gift("never", 1, points.Never))
	receipt := s.must(extend("longer", day(2027, time.May, 31), day(2027, time.December, 1)))
	require.Len(t, receipt.Dates, 1)
	require.Equal(t, points.Amount(5), receipt.Dates[0].Points)
	require.Equal(t, day(2027, time.May, 1), receipt.Dates[0].Before)
	require.Equal(t, day(2027, time.December, 1), receipt.Dates[0].After)
	require.Equal(t, map[string]points.Amount{"2027-06-01": 7, "2027-12-01": 5}, datesOf(t, s))
	require.Empty(t, s.must(extend("again", day(2027, time.May, 31), day(2027, time.December, 1))).Dates)
	require.Empty(t, s.must(extend("shorter", points.Never, day(2027, time.May, 2))).Dates, "nothing gets shorter")

	m, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	june := m.Lots[0].ID
	receipt = s.must(loyalty.Extend{Member: "anna", Key: "one", Unit: "bean", Lots: []points.LotID{june}, ExpiresAt: points.Never, Reason: "r", Actor: "a"})
	require.Len(t, receipt.Dates, 1)
	require.Equal(t, map[string]points.Amount{"2027-12-01": 5}, datesOf(t, s))
	_, err = s.Do(t.Context(), loyalty.Extend{Member: "anna", Key: "none", Unit: "bean", Lots: []points.LotID{77}, ExpiresAt: points.Never, Reason: "r", Actor: "a"})
	require.Error(t, err)
	s.verify()
}

func TestAnExtendedLotTakesItsHoldsAlong(t *testing.T) {
	for _, c := range []struct {
		name string
		end  loyalty.Command
		left points.Amount
	}{
		{"voided, the points come back with the new date", loyalty.Void{Member: "anna", Key: "end", Hold: "trip"}, 10},
		{"captured in part, the rest comes back with it", loyalty.Capture{Member: "anna", Key: "end", Hold: "trip", Points: 4}, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t, beans(points.NeverExpire()))
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			s.must(gift("may", 10, day(2027, time.May, 1)))
			s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "trip", Unit: "bean", Points: 8, Until: points.Never})
			receipt := s.must(extend("longer", day(2027, time.May, 31), day(2027, time.December, 1)))
			require.Equal(t, points.Amount(10), receipt.Dates[0].Points)
			s.verify()
			s.now = day(2027, time.June, 1)
			s.must(c.end)
			require.Equal(t, c.left, s.balance().Available)
			s.now = day(2027, time.December, 1)
			require.Zero(t, s.balance().Available)
			s.verify()
		})
	}
}

func TestARefundFollowsAnExtendedLot(t *testing.T) {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Earning = coffee().Earning
	program.Units[0].Pending = points.For(14, points.Days)
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	receipt := s.must(sale("1001", 30))
	s.must(gift("other", 5, day(2027, time.April, 1)))
	s.must(loyalty.Extend{Member: "anna", Key: "longer", Unit: "bean", Lots: []points.LotID{receipt.Awards[0].Lot}, ExpiresAt: points.Never, Reason: "r", Actor: "a"})
	require.Equal(t, points.Amount(30), s.balance().Pending, "an extended pending lot stays pending")
	s.now = s.now.AddDate(0, 0, 20)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	require.Equal(t, map[string]points.Amount{"2027-04-01": 5}, datesOf(t, s), "the order's own points went")
	s.verify()
}

func TestVeryManyLotsAreExtended(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	smallLots(s, 400)
	receipt := s.must(extend("longer", points.Never.Add(-time.Second), points.Never))
	require.Len(t, receipt.Dates, 400)
	require.Empty(t, datesOf(t, s))
	require.Equal(t, points.Amount(400), s.balance().Available)
	s.verify()
}

func TestGraceLetsVoidedPointsLiveOnOnce(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Units[0].Grace = points.Span{N: 30, Unit: points.Days}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("may", 10, day(2027, time.May, 1)))
	s.must(loyalty.Hold{Member: "anna", Key: "a", ID: "a", Unit: "bean", Points: 4, Until: day(2027, time.May, 20)})
	s.must(loyalty.Hold{Member: "anna", Key: "b", ID: "b", Unit: "bean", Points: 5, Until: points.Never})
	s.now = day(2027, time.May, 10)
	require.Zero(t, s.balance().Available, "what was not on hold expired")
	receipt := s.must(loyalty.Void{Member: "anna", Key: "void", Hold: "b"})
	require.Equal(t, map[string]points.Amount{"2027-06-09": 5}, datesOf(t, s))
	require.Len(t, receipt.Dates, 1)
	require.Equal(t, day(2027, time.May, 1), receipt.Dates[0].Before)
	s.now = day(2027, time.May, 25)
	require.Equal(t, map[string]points.Amount{"2027-06-09": 5, "2027-06-19": 4}, datesOf(t, s), "so do those of a hold that lapsed")
	s.verify()

	s.must(loyalty.Hold{Member: "anna", Key: "c", ID: "c", Unit: "bean", Points: 9, Until: points.Never})
	s.now = day(2027, time.July, 1)
	s.must(loyalty.Void{Member: "anna", Key: "again", Hold: "c"})
	require.Zero(t, s.balance().Available, "there is no second grace")
	s.verify()
}

func TestReinstateBringsEachExpiryBackOnce(t *testing.T) {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Units[0].Reinstate = points.Span{N: 1, Unit: points.Months}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(gift("april", 3, day(2027, time.April, 1)))
	s.must(gift("may", 5, day(2027, time.May, 1)))
	s.now = day(2027, time.May, 10)
	s.runDue()
	list, err := s.Expired(t.Context(), "anna")
	require.NoError(t, err)
	require.Len(t, list, 1, "for April it is too late")
	require.Equal(t, points.Amount(5), list[0].Points)
	reinstate := func(key string, ref points.EntryRef) loyalty.Reinstate {
		return loyalty.Reinstate{Member: "anna", Key: key, Entries: []points.EntryRef{ref}, Reason: "was ill", Actor: "ada"}
	}
	receipt := s.must(reinstate("back", list[0].Entry))
	require.Len(t, receipt.Dates, 1)
	require.Equal(t, day(2027, time.May, 1), receipt.Dates[0].Before)
	require.Equal(t, map[string]points.Amount{"2028-05-10": 5}, datesOf(t, s))
	_, err = s.Do(t.Context(), reinstate("twice", list[0].Entry))
	require.ErrorIs(t, err, loyalty.ErrAlreadyDone)
	april := points.EntryRef{Version: list[0].Entry.Version}
	if list[0].Entry.Ordinal == 0 {
		april.Ordinal = 1
	}
	_, err = s.Do(t.Context(), reinstate("late", april))
	require.ErrorIs(t, err, loyalty.ErrTooLateToReinstate)
	_, err = s.Do(t.Context(), reinstate("other", points.EntryRef{Version: 2}))
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.Equal(t, points.Amount(5), s.balance().Available)
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		if op.Type == "reinstate" {
			require.Equal(t, list[0].Entry, op.Entries[0].Corrects, "the entry names the one that it takes back")
		}
	}
	list, err = s.Expired(t.Context(), "anna")
	require.NoError(t, err)
	require.Empty(t, list)
	s.verify()
}
