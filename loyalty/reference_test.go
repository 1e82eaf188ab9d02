package loyalty_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// selling is a program by which a euro earns a bean.
func selling(expiry points.Expiry) loyalty.Program {
	program := beans(expiry)
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	return program
}

// TestAnEntrySaysWhatItIsAboutAndItsRowDoesNot has points that are earned, held,
// given back by time, spent, taken back and expired.
func TestAnEntrySaysWhatItIsAboutAndItsRowDoesNot(t *testing.T) {
	s := openShop(t, selling(points.ExpireAfter(2, points.Months)))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.must(loyalty.Earn{Member: "anna", Key: "1002", Order: latte("1002")})
	until := s.now.AddDate(0, 0, 1)
	s.must(loyalty.Hold{Member: "anna", Key: "hold 1", ID: "table-1", Unit: "bean", Points: 2, Until: until})
	s.must(loyalty.Hold{Member: "anna", Key: "hold 2", ID: "table-2", Unit: "bean", Points: 3, Until: until})
	s.now = s.now.AddDate(0, 0, 2)
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 1, Reference: "cup"})
	s.must(loyalty.Transfer{Member: "anna", Key: "gift", To: "ben", Unit: "bean", Points: 1})
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1002", Full: true})
	s.now = s.now.AddDate(0, 3, 0)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)

	about := map[string]bool{}
	entries := map[points.EntryRef]string{}
	for op, err := range s.History(t.Context(), "anna") {
		require.NoError(t, err)
		for i, entry := range op.Entries {
			about[fmt.Sprintf("%s %s", entry.Kind, entry.Reference)] = true
			entries[points.EntryRef{Version: op.Version, Ordinal: i}] = entry.Reference
		}
	}
	require.Equal(t, map[string]bool{
		"earn 1001": true, "earn 1002": true, "hold table-1": true, "hold table-2": true, "void table-1": true, "void table-2": true,
		"spend cup": true, "transfer-out ben": true, "reverse 1002": true, "expire 1001": true,
	}, about)

	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "anna", &out))
	var export struct {
		Operations []struct {
			Version int64
			Entries []points.Entry
		}
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &export))
	for _, op := range export.Operations {
		for i, entry := range op.Entries {
			require.Equal(t, entries[points.EntryRef{Version: op.Version, Ordinal: i}], entry.Reference, "an export says the same")
		}
	}
	for ref, reference := range entries {
		x := s.explain("anna", loyalty.Question{Entry: ref})
		require.Equal(t, reference, x.Entry.Reference, "and so does an explanation")
	}

	for entry, err := range storage.AllEntries(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: "anna"}) {
		require.NoError(t, err)
		require.Contains(t, []string{"", "\x01lot", "\x01none", "ben"}, entry.Reference)
	}
	s.verify()
}

func TestOrdersThatKeptPointsAreFoundWhereOneSpendTookOfBoth(t *testing.T) {
	s := openShop(t, selling(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.must(loyalty.Earn{Member: "anna", Key: "1002", Order: latte("1002")})
	spend := s.balance().Available - 4
	s.must(loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: spend})
	s.must(loyalty.Refund{Member: "anna", Key: "back 1", Order: "1001", Full: true})
	s.must(loyalty.Refund{Member: "anna", Key: "back 2", Order: "1002", Full: true})
	kept := map[string]points.Amount{}
	for order, err := range s.NetOrders(t.Context()) {
		require.NoError(t, err)
		kept[order.Order] = order.Net()
	}
	require.Len(t, kept, 2)
	require.Equal(t, spend, kept["1001"]+kept["1002"])
}

// TestAVeiledLotStaysVeiledWhenItsPointsMoveOn erases a member whose points live on
// and expire, and looks at what lots and entries say then.
func TestAVeiledLotStaysVeiledWhenItsPointsMoveOn(t *testing.T) {
	program := selling(points.ExpireAfter(2, points.Months))
	program.Units[0].Grace = points.Span{N: 5, Unit: points.Days}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "table-1", Unit: "bean", Points: 2, Until: s.now.AddDate(0, 6, 0)})
	s.now = s.now.AddDate(0, 3, 0)
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.verify()
	s.now = s.now.Add(240 * time.Hour)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	for lot, err := range storage.AllLots(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: "anna"}) {
		require.NoError(t, err)
		require.Contains(t, lot.Source, "\x01")
		require.NotContains(t, lot.Source, "1001")
		require.Zero(t, lot.Remaining)
	}
	s.verify()
}

func TestPointsThatAnErasedMemberGaveAreExplainedWithoutWhatWasErased(t *testing.T) {
	s := openShop(t, selling(points.NeverExpire()))
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.Enroll{Member: "ben", Key: "enroll"})
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001"), Reason: "at the counter"})
	s.must(loyalty.Transfer{Member: "anna", Key: "gift", To: "ben", Unit: "bean", Points: 1})
	before := s.explain("ben", loyalty.Question{Unit: "bean"})
	require.Equal(t, "1001", before.Lots[0].Credits[0].Entry.Reference)
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	after := s.explain("ben", loyalty.Question{Unit: "bean"})
	credit := after.Lots[0].Credits[0]
	require.Equal(t, "base", credit.Entry.Rule)
	require.Equal(t, "anna", credit.Operation.Member)
	require.Empty(t, credit.Entry.Reference)
	require.NotContains(t, after.String(), "1001")
	require.NotContains(t, after.String(), "counter")
}
