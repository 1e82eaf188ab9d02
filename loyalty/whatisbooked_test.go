package loyalty_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// booked returns the operations and the entries of a member as they are stored.
func (s *shop) booked(member string) (operations []storage.Operation, entries []storage.Entry) {
	s.t.Helper()
	query := storage.MemberQuery{Program: "beans", Member: member}
	for op, err := range storage.AllOperations(s.t.Context(), s.store, query) {
		require.NoError(s.t, err)
		operations = append(operations, op)
	}
	for entry, err := range storage.AllEntries(s.t.Context(), s.store, query) {
		require.NoError(s.t, err)
		entries = append(entries, entry)
	}
	return operations, entries
}

func TestEveryInstantIsUTCToTheMicrosecondHoweverItIsGiven(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	s := openShop(t, earning())
	s.now = time.Date(2027, time.March, 2, 9, 0, 0, 123456789, tokyo)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	happened := time.Date(2027, time.March, 2, 8, 59, 59, 987654321, tokyo)
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: latte("1001"), OccurredAt: happened})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "h", Unit: "bean", Points: 5, Until: s.now.Add(time.Hour)})
	operations, entries := s.booked("anna")
	require.Len(t, entries, 2)
	row := s.raw("anna")
	instants := []time.Time{receipt.OccurredAt, receipt.RecordedAt, row.EnrolledAt, row.RecordedAt, row.DueAt}
	for _, op := range operations {
		instants = append(instants, op.OccurredAt, op.RecordedAt)
	}
	for _, e := range entries {
		instants = append(instants, e.OccurredAt, e.RecordedAt)
	}
	for _, lot := range s.member("anna").Lots {
		instants = append(instants, lot.EarnedAt, lot.AvailableFrom, lot.ExpiresAt)
	}
	for i, at := range instants {
		require.Equal(t, time.UTC, at.Location(), "%d: %s", i, at)
		require.Equal(t, at, at.Truncate(time.Microsecond), "%d", i)
	}
	require.Equal(t, "2027-03-01T23:59:59.987654Z", entries[0].OccurredAt.Format(time.RFC3339Nano))
	require.Equal(t, "2027-03-02T00:00:00.123456Z", entries[0].RecordedAt.Format(time.RFC3339Nano))
}

func TestAnAwardIsOneLotWithAnEntryForEachRule(t *testing.T) {
	program := earning()
	program.Earning = append(
		program.Earning,
		points.Rule{Code: "mug", Bonus: 7},
		points.Rule{Code: "double", Multiply: decimal.NewFromInt(2)},
		points.Rule{Code: "rare", Bonus: 9, Match: points.Match{Items: []string{"tea"}}},
	)
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: latte("1001"), Reason: "at the till", Actor: "mia"})
	m := s.member("anna")
	require.Len(t, m.Lots, 1)
	operations, entries := s.booked("anna")
	given := map[string]points.Amount{}
	for _, e := range entries {
		require.Equal(t, m.Lots[0].ID, e.Lot)
		require.EqualValues(t, 1, e.Revision)
		given[e.Rule] += e.Amount
	}
	require.Len(t, entries, 3, "one for each rule that gave something")
	require.Equal(t, map[string]points.Amount{"base": 12, "double": 12, "mug": 7}, given)
	require.EqualValues(t, 31, m.Lots[0].Remaining)
	require.EqualValues(t, 31, receipt.Awards[0].Points)
	require.Equal(t, []string{"at the till", "mia"}, []string{operations[1].Reason, operations[1].Actor})
}

func TestAnAwardOfNothingIsOnTheReceiptAndMakesNoEntry(t *testing.T) {
	s := openShop(t, earning())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	gum := latte("1001")
	gum.Lines[0].Amount = decimal.RequireFromString("0.40")
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: gum})
	require.Len(t, receipt.Awards, 1)
	require.Equal(t, "bean", receipt.Awards[0].Unit)
	require.Zero(t, receipt.Awards[0].Points)
	require.Len(t, receipt.Awards[0].Rules, 1, "it says by which rule it came to nothing")
	_, entries := s.booked("anna")
	require.Empty(t, entries)
	require.Empty(t, s.member("anna").Lots)
	s.refuses(loyalty.Earn{Member: "anna", Key: "again", Order: gum}, loyalty.ErrOrderEarned)
	s.verify()
}

func TestARefusalIsNotStoredAndItsKeyStaysFree(t *testing.T) {
	s := openShop(t, earning())
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	before, commits := s.raw("anna"), s.commits
	s.refuses(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 10}, loyalty.ErrInsufficientPoints)
	require.Equal(t, before, s.raw("anna"))
	require.Equal(t, commits, s.commits)
	s.must(loyalty.Earn{Member: "anna", Key: "earn", Order: latte("1001")})
	require.False(t, s.must(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 11}).Replayed, "the key is free for anything")
	s.refuses(loyalty.Spend{Member: "anna", Key: "cup", Unit: "bean", Points: 10}, loyalty.ErrKeyReused)
}

func TestWithoutASettingAMemberHasAtMost256OpenLotsAfterSettling(t *testing.T) {
	open := func(lots int) int {
		s := openShop(t, earning())
		s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
		for i := range lots {
			s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(i), Order: latte(fmt.Sprint(i))})
		}
		s.must(loyalty.Adjust{Member: "anna", Key: "today", Unit: "bean", Points: 1, ExpiresAt: s.now.Add(time.Hour), Reason: "sorry", Actor: "mia"})
		earned := s.now
		s.now = s.now.Add(time.Hour)
		s.runDue()
		s.verify()
		m := s.member("anna")
		require.EqualValues(t, 12*lots, m.Balance("bean").Available)
		require.True(t, m.Lots[0].EarnedAt.Equal(earned))
		return len(m.Lots)
	}
	require.Equal(t, 256, open(256))
	require.Less(t, open(257), 257, "all are alike")
}

func TestTransferredPointsKeepTheirExpiryAndQualifyForNothingUnlessSaid(t *testing.T) {
	s := openShop(t, regulars(func(p *loyalty.Program) {
		p.Units[0].Inactivity = &points.Inactivity{After: points.Span{N: 30, Unit: points.Days}, Activities: []string{"earn", "spend"}}
	}))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1", 600)})
	s.must(loyalty.Earn{Member: "ben", Key: "2", Order: bought("2", 10)})
	lot := s.member("anna").Lots[0]
	s.now = s.now.AddDate(0, 0, 20)
	s.must(loyalty.Transfer{Member: "anna", Key: "gift", To: "ben", Unit: "bean", Points: 600})
	require.Empty(t, s.tier("ben"))
	require.Equal(t, "gold", s.tier("anna"), "nor does giving them away demote")
	gift := s.member("ben").Lots
	require.Len(t, gift, 2)
	for _, got := range gift {
		if got.Remaining == 600 {
			require.Equal(t, lot.ExpiresAt, got.ExpiresAt)
			require.False(t, got.Qualifies)
		}
	}
	s.now = s.now.AddDate(0, 0, 15)
	require.Zero(t, s.member("ben").Balance("bean").Available, "35 days after ben was active: a gift is no activity")
}

func TestImportedPointsThatWaitForAConfirmationKeepTheDateOfTheirExpiry(t *testing.T) {
	s := openShop(t, beans(points.ExpireAfter(12, points.Months)))
	expires := day(2027, time.May, 1)
	row := loyalty.Import{Member: "anna", Key: "row 1", Unit: "bean", Points: 40, AvailableFrom: points.Never, ExpiresAt: expires}
	exact := s.must(row).Awards[0].Lot
	row.Key, row.ExpiresAt = "row 2", time.Time{}
	open := s.must(row).Awards[0].Lot
	require.EqualValues(t, 80, s.balance().Pending)
	s.must(loyalty.Confirm{Member: "anna", Key: "confirm", Lots: []points.LotID{exact, open}})
	require.Equal(t, map[string]points.Amount{"2027-05-01": 40, "2028-03-01": 40}, datesOf(t, s))
	s.verify()
}
