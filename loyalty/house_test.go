package loyalty_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// jar is a feature with one house account for each jar of sweets.
type jar struct{}

func (jar) Name() string                { return "jar" }
func (jar) Kinds() []string             { return []string{"sweets"} }
func (jar) Commands() []loyalty.Command { return []loyalty.Command{fillJar{}, takeSweet{}} }

func (jar) Settle(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	record.Status, record.DueAt = "stale", points.Never
	return tx.PutRecord(record)
}

type fillJar struct {
	Jar    loyalty.House
	Key    string
	Sweets int
	Until  time.Time
	Lazy   bool
}

func (c fillJar) Plan() loyalty.Plan { return loyalty.Plan{Houses: []loyalty.House{c.Jar}, Key: c.Key} }

func (c fillJar) Apply(_ context.Context, tx *loyalty.Tx) error {
	if c.Lazy {
		return nil
	}
	if err := tx.Open(); err != nil {
		return err
	}
	return tx.PutRecord(storage.Record{Kind: "sweets", ID: "sweets", Data: []byte(strconv.Itoa(c.Sweets)), DueAt: c.Until})
}

type takeSweet struct {
	Member, Key string
	Jar         loyalty.House
	More        []loyalty.House
	Unplanned   bool
}

func (c takeSweet) Plan() loyalty.Plan {
	plan := loyalty.Plan{
		Member: c.Member, Key: c.Key, Houses: append([]loyalty.House{c.Jar}, c.More...),
		Records: []loyalty.RecordRef{{Member: c.Jar.Account(), Kind: "sweets", ID: "sweets"}},
		Debits:  []loyalty.Debit{{Unit: "bean", Amount: 1}},
	}
	if c.Unplanned {
		plan.Houses = nil
	}
	return plan
}

func (c takeSweet) Apply(_ context.Context, tx *loyalty.Tx) error {
	house, err := tx.House(c.Jar)
	if err != nil {
		return err
	}
	row, exists, err := house.Record("sweets", "sweets")
	if err != nil || !exists {
		return err
	}
	left, err := strconv.Atoi(string(row.Data))
	if err != nil || left == 0 || row.Status == "stale" {
		return fmt.Errorf("%w: the jar is empty", loyalty.ErrLimit)
	}
	row.Data = []byte(strconv.Itoa(left - 1))
	if err := house.PutRecord(row); err != nil {
		return err
	}
	return tx.Debit("bean", 1)
}

func TestAHouseAccountChangesWithAMember(t *testing.T) {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	store := memory.New()
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, store, &loyalty.Options{
		Clock: func() time.Time { return now }, Features: []loyalty.Feature{jar{}},
	})
	require.NoError(t, err)
	do := func(cmd loyalty.Command) error { _, err := engine.Do(t.Context(), cmd); return err }
	require.NoError(t, do(loyalty.Enroll{Member: "anna", Key: "signup"}))
	require.NoError(t, do(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 10, Reason: "gift", Actor: "shop"}))
	mints := loyalty.House{Feature: "jar", ID: "mints"}

	require.ErrorIs(t, do(takeSweet{Member: "anna", Key: "early", Jar: mints}), loyalty.ErrNotEnrolled, "a jar that is not there")
	require.ErrorIs(t, do(fillJar{Jar: mints, Key: "lazy", Lazy: true}), loyalty.ErrNotEnrolled, "a command that forgets to open it")
	fill := fillJar{Jar: mints, Key: "fill", Sweets: 2, Until: now.Add(time.Hour)}
	require.NoError(t, do(fill))
	replayed, err := engine.Do(t.Context(), fill)
	require.NoError(t, err)
	require.True(t, replayed.Replayed, "keys are kept under the house")
	require.ErrorIs(t, do(fillJar{Jar: mints, Key: "again", Sweets: 2}), loyalty.ErrAlreadyEnrolled)

	require.NoError(t, do(takeSweet{Member: "anna", Key: "first", Jar: mints}))
	require.NoError(t, do(takeSweet{Member: "anna", Key: "second", Jar: mints}))
	require.ErrorIs(t, do(takeSweet{Member: "anna", Key: "third", Jar: mints}), loyalty.ErrLimit)
	m, err := engine.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, 8, m.Balance("bean").Available)

	now = now.Add(time.Hour)
	due, err := engine.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, 1, due.Settled, "its records fall due as a member's do")
	report, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.True(t, report.OK(), "%v", report.Problems)
}

func TestAPlanNamesHousesRight(t *testing.T) {
	engine := openBar(t, loyalty.Options{Features: []loyalty.Feature{jar{}}}, "anna")
	mints := loyalty.House{Feature: "jar", ID: "mints"}
	for name, test := range map[string]struct {
		cmd  loyalty.Command
		says string
	}{
		"without an id":        {takeSweet{Member: "anna", Key: "k", Jar: loyalty.House{Feature: "jar"}}, "houses[0].id: must not be empty"},
		"with a long id":       {takeSweet{Member: "anna", Key: "k", Jar: loyalty.House{Feature: "jar", ID: strings.Repeat("x", 81)}}, "houses[0].id"},
		"with a slash":         {takeSweet{Member: "anna", Key: "k", Jar: loyalty.House{Feature: "j/r", ID: "x"}}, "must not contain '/'"},
		"twice":                {takeSweet{Member: "anna", Key: "k", Jar: mints, More: []loyalty.House{mints}}, "named twice"},
		"too many":             {takeSweet{Member: "anna", Key: "k", Jar: mints, More: []loyalty.House{{Feature: "jar", ID: "b"}, {Feature: "jar", ID: "c"}, {Feature: "jar", ID: "d"}}}, "at most 3"},
		"as a member":          {loyalty.Transfer{Member: "anna", Key: "k", To: mints.Account(), Unit: "bean", Points: 1}, "0x01"},
		"as whom it is about":  {loyalty.Enroll{Member: mints.Account(), Key: "k"}, "member: must not start with the byte 0x01"},
		"not at all":           {takeSweet{Member: "anna", Key: "k", Jar: mints, Unplanned: true}, "is not in the plan's Houses"},
		"and no member at all": {loyalty.Enroll{Key: "k"}, "member: must not be empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := engine.Do(t.Context(), test.cmd)
			require.ErrorContains(t, err, test.says)
		})
	}
	house, found := loyalty.HouseOf(mints.Account())
	require.True(t, found)
	require.Equal(t, mints, house)
	_, found = loyalty.HouseOf("anna")
	require.False(t, found)
}
