package loyalty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// TestAnErasureReachesAllOfAChainOfMerges erases who is left of four.
func TestAnErasureReachesAllOfAChainOfMerges(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	names := []string{"a", "b", "c", "d"}
	for _, member := range names {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for i := range 3 {
		s.must(loyalty.Merge{Member: names[i+1], Key: "merge", From: names[i]})
	}
	s.must(loyalty.Erase{Member: "a", Key: "erase"})
	for _, member := range names {
		require.Empty(t, s.keysOf(member), member)
		for name, err := range s.reads(member) {
			require.ErrorIs(t, err, loyalty.ErrErased, "%s of %s", name, member)
		}
	}
	s.verify()
}

// tell emits as many events as a command can.
type tell struct {
	Member string `json:"member"`
	Key    string `json:"key"`
}

func (c tell) Plan() loyalty.Plan { return loyalty.Plan{Member: c.Member, Key: c.Key} }

func (c tell) Apply(_ context.Context, tx *loyalty.Tx) error {
	for i := range 7 {
		if err := tx.Emit(fmt.Sprint("shop.word-", i), "a secret"); err != nil {
			return err
		}
	}
	return nil
}

func TestAnErasureEmptiesEveryEventOfAnOperation(t *testing.T) {
	s := openShop(t, beans(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(tell{Member: "anna", Key: "tell"})
	secrets := func() (told, events int) {
		page, err := s.store.Events(t.Context(), storage.EventQuery{Program: "beans", Bucket: storage.Bucket("anna"), Limit: 1000})
		require.NoError(t, err)
		for _, event := range page.Items {
			if bytes.Contains(event.Data, []byte("a secret")) {
				told++
			}
		}
		return told, len(page.Items)
	}
	told, before := secrets()
	require.Equal(t, 7, told)
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	told, after := secrets()
	require.Zero(t, told)
	require.GreaterOrEqual(t, after, before, "they are emptied, and not taken away")
}

// TestAnErasureEndsASpendOverManyLotsAsItWasDecided lets a spend die before each of its
// commits: what is not sold is given back, and what is sold stays so.
func TestAnErasureEndsASpendOverManyLotsAsItWasDecided(t *testing.T) {
	ends := map[bool]int{}
	for dead := 1; dead < 8; dead++ {
		s := openShop(t, beans(points.NeverExpire()))
		smallLots(s, 400)
		from := s.commits
		s.fail = func(commit int) error {
			if commit > from+dead {
				return errors.New("the process died")
			}
			return nil
		}
		_, err := s.Do(t.Context(), loyalty.Spend{Member: "anna", Key: "big", Unit: "bean", Points: 400})
		s.fail = nil
		held := s.raw("anna").Balances[0].Held > 0
		s.must(loyalty.Erase{Member: "anna", Key: "erase"})
		left := points.Balance{Unit: "bean"}
		if err != nil {
			left.Available = 400
		}
		require.Equal(t, left, s.raw("anna").Balances[0], "after %d commits", dead)
		s.verify()
		if held {
			ends[err == nil]++
		}
		s.now = s.now.AddDate(3, 0, 0)
		s.runDue()
		require.True(t, s.raw("anna").Balances[0].Zero(), "the points of who was erased expire")
	}
	require.Positive(t, ends[true], "some were sold and not captured")
	require.Positive(t, ends[false], "some were gathered and not sold")
}

// TestAnExportTellsOfAMergeThatIsNotFinished stops a merge after its decision.
func TestAnExportTellsOfAMergeThatIsNotFinished(t *testing.T) {
	s := twoMembers(t)
	from := s.commits
	s.fail = func(commit int) error {
		if commit > from+1 {
			return errors.New("the power is out")
		}
		return nil
	}
	s.must(join)
	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "old", &out))
	var x wholeExport
	require.NoError(t, json.Unmarshal(out.Bytes(), &x))
	require.Len(t, x.Merged, 1)
	require.Equal(t, "old", x.Merged[0].Member)
	require.NotEmpty(t, x.Merged[0].Lots)
}

// TestACreditIsExplainedByItsOwnRevisionWithoutItsReceipt prunes what the receipt said.
func TestACreditIsExplainedByItsOwnRevisionWithoutItsReceipt(t *testing.T) {
	program := beans(points.NeverExpire())
	program.Earning = []points.Rule{euroRate()}
	later := program
	twice := euroRate()
	twice.Spend = &points.SpendRate{Points: 2, Per: eur("1"), Currency: "EUR"}
	later.Earning, later.EffectiveAt = []points.Rule{twice}, time.Date(2027, time.April, 1, 0, 0, 0, 0, time.UTC)
	s := openShop(t, program)
	s.revise(program, later)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1", Order: bought("1001", 10)})
	s.now = s.now.AddDate(0, 2, 0)
	_, err := s.Prune(t.Context(), loyalty.PruneOptions{Bodies: 24 * time.Hour})
	require.NoError(t, err)
	x := s.explain("anna", loyalty.Question{Unit: "bean"})
	require.Equal(t, "1 bean per EUR 1", x.Lots[0].Credits[0].Why)
}
