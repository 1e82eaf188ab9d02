package loyalty_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestATrialBalanceIsWhatANaiveSumOverAllEntriesSays(t *testing.T) {
	enginetest.TrialBalances(t, inMemory, nil)
}

// bookShop is a shop whose clock a test sets, with accounts by the dozen.
type bookShop struct {
	*loyalty.Engine
	store *entryCounter
	now   time.Time
	t     *testing.T
	keys  int
}

// entryCounter counts the rows that listings bring.
type entryCounter struct {
	storage.Store
	entries, operations int
}

func (c *entryCounter) Unwrap() storage.Store { return c.Store }

func (c *entryCounter) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	page, err := c.Store.Entries(ctx, query)
	c.entries += len(page.Items)
	return page, err
}

func (c *entryCounter) Operations(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Operation], error) {
	page, err := c.Store.Operations(ctx, query)
	c.operations += len(page.Items)
	return page, err
}

func newBookShop(t *testing.T) *bookShop {
	t.Helper()
	s := &bookShop{t: t, store: &entryCounter{Store: memory.New()}, now: time.Date(2027, time.January, 10, 9, 0, 0, 0, time.UTC)}
	engine, err := loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(3, points.Months), Pending: points.For(14, points.Days)}},
		Earning: []points.Rule{
			{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
	}}, s.store, &loyalty.Options{Clock: func() time.Time { return s.now }})
	require.NoError(t, err)
	s.Engine = engine
	return s
}

func (s *bookShop) key() string {
	s.keys++
	return fmt.Sprintf("k-%d", s.keys)
}

func (s *bookShop) do(cmd loyalty.Command) {
	s.t.Helper()
	_, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
}

func (s *bookShop) buys(member, order, amount string) {
	s.t.Helper()
	s.do(loyalty.Earn{Member: member, Key: s.key(), Order: points.Order{
		ID: order, Currency: "EUR", Lines: []points.Line{{Amount: decimal.RequireFromString(amount)}},
	}})
}

func TestATrialBalanceIsATableThatAnAccountantReads(t *testing.T) {
	s := newBookShop(t)
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	s.do(loyalty.Enroll{Member: "bob", Key: "in"})
	s.buys("ada", "1001", "1200.00")
	s.now = s.now.AddDate(0, 1, 0)
	s.buys("bob", "1002", "80.00")
	s.do(loyalty.Spend{Member: "ada", Key: "s", Unit: "bean", Points: 500})
	s.do(loyalty.Hold{Member: "ada", Key: "h", ID: "cart", Unit: "bean", Points: 100, Until: points.Never})
	s.do(loyalty.Refund{Member: "bob", Key: "r", Order: "1002", Full: true})
	s.buys("bob", "1003", "30.00")

	got, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	assert.True(t, got.ComparedWithRows)
	assert.Equal(t, `trial balance of "beans" as of 10 Feb 2027 10:00:00 CET, 2 accounts

bean                        in             out         balance
  pending                 1310            1280              30
  available               1200             600             600
  held                     100               0             100
  issued                     0            1310           -1310
  redeemed                 500               0             500
  reversed                  80               0              80
  total                   3190            3190               0
earned in              pending       available            held     outstanding
  2027-01                    0             600             100             700
  2027-02                   30               0               0              30
  total                     30             600             100             730

in balance
`, got.String())

	january, err := s.TrialBalance(t.Context(), time.Date(2027, time.January, 31, 22, 59, 59, 0, time.UTC), nil)
	require.NoError(t, err)
	require.Len(t, january.Units, 1)
	assert.EqualValues(t, 1200, january.Units[0].Balance(points.Pending))
	assert.Equal(t, []loyalty.MonthBalance{{Month: "2027-01", Pending: 1200}}, january.Units[0].Months)
	assert.False(t, january.ComparedWithRows, "February was recorded since")
}

func TestWithTheMonthsClosedATrialBalanceReadsOnlyWhatWasRecordedSince(t *testing.T) {
	s := newBookShop(t)
	for i := range 40 {
		s.do(loyalty.Enroll{Member: fmt.Sprintf("m-%02d", i), Key: "in"})
	}
	for month := range 12 {
		for i := range 40 {
			s.buys(fmt.Sprintf("m-%02d", i), fmt.Sprintf("o-%d-%d", month, i), "10.00")
		}
		s.now = s.now.AddDate(0, 1, 0)
	}
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	whole, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	require.True(t, whole.OK(), whole.Problems)
	require.Zero(t, whole.Since)

	report, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "2027-01 2027-02 2027-03 2027-04 2027-05 2027-06 2027-07 2027-08 2027-09 2027-10 2027-11 2027-12", strings.Join(report.Closed, " "))
	before := *s.store
	s.buys("m-07", "late-1", "99.00")
	since, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	require.True(t, since.OK(), since.Problems)
	assert.Equal(t, "2027-12-31T22:59:59.999999Z", since.Since.Format(time.RFC3339Nano))
	assert.Less(t, since.Cost.Entries, whole.Cost.Entries/3)
	assert.LessOrEqual(t, s.store.entries-before.entries, 300, "not all %d entries", whole.Cost.Entries)
	assert.Equal(t, whole.Units[0].Balance(points.Issued)-99, since.Units[0].Balance(points.Issued))

	again, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	assert.Zero(t, again, "nothing is left to close, and no account is read")
	audit, err := s.Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.True(t, audit.OK(), audit.Problems)
}

func TestAClosingThatIsStoppedGoesOnWhereItWas(t *testing.T) {
	s := newBookShop(t)
	for i := range 2500 {
		s.do(loyalty.Enroll{Member: fmt.Sprintf("m-%04d", i), Key: "in"})
	}
	s.buys("m-0001", "1", "5.00")
	s.buys("m-2499", "2", "7.00")
	s.now = s.now.AddDate(0, 1, 0)
	ctx, cancel := context.WithCancel(t.Context())
	stopped, err := s.CloseBooks(ctx, &loyalty.CloseOptions{Progress: func(loyalty.CloseReport) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	assert.EqualValues(t, 1000, stopped.Accounts)
	rest, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	assert.EqualValues(t, 1500, rest.Accounts)
	assert.Equal(t, []string{"2027-01"}, rest.Closed)
	got, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	assert.True(t, got.OK(), got.Problems)
	assert.NotZero(t, got.Since)
	assert.EqualValues(t, -12, got.Units[0].Balance(points.Issued))
}

func TestHistoryThatIsReadLateOpensAClosedMonthAgain(t *testing.T) {
	s := newBookShop(t)
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	s.buys("ada", "1", "5.00")
	s.now = s.now.AddDate(0, 2, 0)
	_, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	at := time.Date(2027, time.January, 20, 12, 0, 0, 0, time.UTC)
	for _, err := range s.DoAll(t.Context(), slices.Values([]loyalty.Command{
		loyalty.Enroll{Member: "bob", Key: "in", OccurredAt: at},
		loyalty.Adjust{Member: "bob", Key: "gift", Unit: "bean", Points: 40, OccurredAt: at, Reason: "old card", Actor: "import"},
	}), &loyalty.AllOptions{FollowLog: true}) {
		require.NoError(t, err)
	}
	got, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	require.True(t, got.OK(), got.Problems)
	assert.Zero(t, got.Since, "the closings are of another past")
	assert.EqualValues(t, -40, got.Units[0].Balance(points.Adjusted))
	s.now = s.now.AddDate(0, 1, 0)
	report, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"2027-01", "2027-02", "2027-03"}, report.Closed, "all months are closed again")
	got, err = s.TrialBalance(t.Context(), time.Date(2027, time.February, 10, 0, 0, 0, 0, time.UTC), nil)
	require.NoError(t, err)
	assert.NotZero(t, got.Since)
	assert.EqualValues(t, 2, got.Accounts)
	assert.EqualValues(t, -40, got.Units[0].Balance(points.Adjusted))
}

func TestATrialBalanceSaysWhatDoesNotAddUp(t *testing.T) {
	s := newBookShop(t)
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	s.buys("ada", "1", "5.00")
	engine, err := loyalty.New(loyalty.Revisions{s.Program(s.now)}, forger{s.store}, &loyalty.Options{Clock: func() time.Time { return s.now }})
	require.NoError(t, err)
	got, err := engine.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	assert.False(t, got.OK())
	assert.Contains(t, got.String(), "NOT IN BALANCE: bean: the account rows have {Unit:bean Pending:6")
}

// forger is a database in which somebody raised a balance.
type forger struct{ storage.Store }

func (f forger) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	page, err := f.Store.Accounts(ctx, query)
	for i := range page.Items {
		for j := range page.Items[i].Balances {
			page.Items[i].Balances[j].Pending++
		}
	}
	return page, err
}

func TestATrialBalanceCountsByTheZonesMonthsAndWhatIsDueAtTheInstant(t *testing.T) {
	s := newBookShop(t)
	s.now = time.Date(2027, time.January, 31, 23, 0, 0, 0, time.UTC) // midnight in Vienna
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	s.do(loyalty.Adjust{Member: "ada", Key: "gift", Unit: "bean", Points: 7, ExpiresAt: s.now.AddDate(0, 0, 1), Reason: "gift", Actor: "shop"})
	got, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	assert.Equal(t, []loyalty.MonthBalance{{Month: "2027-02", Available: 7}}, got.Units[0].Months)
	for late, due := range map[time.Duration]int64{-time.Microsecond: 0, 0: 1} {
		got, err = s.TrialBalance(t.Context(), s.now.AddDate(0, 0, 1).Add(late), nil)
		require.NoError(t, err)
		assert.Equal(t, due, got.Due, "%s after the expiry", late)
	}
}

func TestHistoryOfAMemberThatIsReadLateOpensAClosedMonthAgain(t *testing.T) {
	s := newBookShop(t)
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	s.now = s.now.AddDate(0, 2, 0)
	_, err := s.CloseBooks(t.Context(), nil)
	require.NoError(t, err)
	at := time.Date(2027, time.January, 20, 12, 0, 0, 0, time.UTC)
	for _, err := range s.DoAll(t.Context(), slices.Values([]loyalty.Command{
		loyalty.Adjust{Member: "ada", Key: "gift", Unit: "bean", Points: 40, OccurredAt: at, Reason: "old card", Actor: "import"},
	}), &loyalty.AllOptions{FollowLog: true}) {
		require.NoError(t, err)
	}
	got, err := s.TrialBalance(t.Context(), time.Time{}, nil)
	require.NoError(t, err)
	require.True(t, got.OK(), got.Problems)
	assert.Zero(t, got.Since, "as many accounts as when it was closed, and another past")
	assert.EqualValues(t, -40, got.Units[0].Balance(points.Adjusted))
}

func TestATrialBalanceFindsARecentInstantInFewLooks(t *testing.T) {
	s := newBookShop(t)
	s.do(loyalty.Enroll{Member: "ada", Key: "in"})
	for i := range 500 {
		s.do(loyalty.Adjust{Member: "ada", Key: fmt.Sprint("gift ", i), Unit: "bean", Points: 1, Reason: "gift", Actor: "shop"})
	}
	at := s.now
	s.now = s.now.Add(time.Hour)
	s.do(loyalty.Adjust{Member: "ada", Key: "last", Unit: "bean", Points: 1, Reason: "gift", Actor: "shop"})
	got, err := s.TrialBalance(t.Context(), at, nil)
	require.NoError(t, err)
	assert.EqualValues(t, -500, got.Units[0].Balance(points.Adjusted))
	assert.LessOrEqual(t, got.Cost.Looks, int64(2))
}
