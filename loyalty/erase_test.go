package loyalty_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// keysOf lists the callers' keys that a store still has of a member.
func (s *shop) keysOf(member string) []string {
	var keys []string
	for op, err := range storage.AllOperations(s.t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: member}) {
		require.NoError(s.t, err)
		if !strings.HasPrefix(op.Key, storage.ReservedPrefix) {
			keys = append(keys, op.Key)
		}
	}
	return keys
}

// reads asks for everything that can be read of a member, and returns the errors.
func (s *shop) reads(member string) map[string]error {
	errs := map[string]error{}
	_, errs["then"] = s.MemberAt(s.t.Context(), member, s.now)
	_, errs["expired"] = s.Expired(s.t.Context(), member)
	_, errs["rewards"] = s.Rewards(s.t.Context(), member, nil)
	_, errs["redemption"] = s.Redemption(s.t.Context(), member, "mug")
	_, errs["balance"] = s.Explain(s.t.Context(), member, loyalty.Question{Unit: "bean"})
	_, errs["entry"] = s.Explain(s.t.Context(), member, loyalty.Question{Entry: points.EntryRef{Version: 2}})
	errs["export"] = s.Export(s.t.Context(), member, &bytes.Buffer{})
	_, errs["quote"] = s.Quote(s.t.Context(), loyalty.Spend{Member: member, Key: "quote", Unit: "bean", Points: 1})
	errs["history"] = nil
	for _, errs["history"] = range s.History(s.t.Context(), member) {
		break
	}
	errs["redemptions"] = nil
	for _, errs["redemptions"] = range s.Redemptions(s.t.Context(), member) {
		break
	}
	return errs
}

// TestAnErasureIsFinishedWhereverItWasStopped stops the erasure of a member with a
// merged account before each of its commits.
func TestAnErasureIsFinishedWhereverItWasStopped(t *testing.T) {
	erase := loyalty.Erase{Member: "anna", Key: "erase", Reason: "asked for it"}
	whole := twoMembers(t)
	whole.must(join)
	from := whole.commits
	whole.must(erase)
	commits := whole.commits - from
	require.Greater(t, commits, 4)
	require.LessOrEqual(t, whole.maxRows, 500)
	for n := 1; n < commits; n++ {
		for _, finish := range []string{"the same command", "a sweep"} {
			t.Run(fmt.Sprintf("after %d commits by %s", n, finish), func(t *testing.T) {
				s := twoMembers(t)
				s.must(join)
				dead := s.commits + n
				s.fail = func(commit int) error {
					if commit > dead {
						return errors.New("the power is out")
					}
					return nil
				}
				s.must(erase)
				for _, member := range []string{"anna", "old"} {
					_, err := s.Member(t.Context(), member)
					require.ErrorIs(t, err, loyalty.ErrErased)
					for name, err := range s.reads(member) {
						require.ErrorIs(t, err, loyalty.ErrErased, name)
					}
					s.refused(loyalty.Spend{Member: member, Key: "late", Unit: "bean", Points: 1}, loyalty.ErrErased)
					s.refused(loyalty.Spend{Member: member, Key: "spend", Unit: "bean", Points: 3}, loyalty.ErrErased)
				}
				s.refused(loyalty.Transfer{Member: "ben", Key: "late", To: "anna", Unit: "bean", Points: 1}, loyalty.ErrErased)
				s.verify()
				s.fail = nil
				if finish == "a sweep" {
					report, err := s.RunDue(t.Context(), nil)
					require.NoError(t, err)
					require.Empty(t, report.Failed)
				} else {
					require.True(t, s.must(erase).Replayed)
				}
				require.Empty(t, s.keysOf("anna"))
				require.Empty(t, s.keysOf("old"))
				require.NotEmpty(t, s.keysOf("ben"))
				s.verify()
			})
		}
	}
}

func TestAnErasedOrderNeverEarnsAgain(t *testing.T) {
	s := guestShop(t)
	s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.refused(loyalty.Earn{Member: "ben", Key: "1001", Order: latte("1001")}, loyalty.ErrOrderEarned)
	s.refused(loyalty.Enroll{Member: "anna", Key: "again"}, loyalty.ErrErased)
	s.now = s.now.AddDate(2, 0, 0)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	for _, b := range s.raw("anna").Balances {
		require.True(t, b.Zero(), "the points of an erased member expire")
	}
	s.verify()
}

// counted is how many rows a listing has.
func counted[T any](t *testing.T, rows iter.Seq2[T, error]) (n int) {
	t.Helper()
	for _, err := range rows {
		require.NoError(t, err)
		n++
	}
	return n
}

func TestAnExportHasEverythingOfAMember(t *testing.T) {
	s := twoMembers(t)
	s.must(join)
	s.must(loyalty.Spend{Member: "anna", Key: "all", Unit: "bean", Points: s.member("anna").Balance("bean").Available})
	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "old", &out))
	var export struct {
		Member     string
		Account    struct{ Balances []any }
		Lots       []any
		Operations []struct {
			Type    string
			Command json.RawMessage
			Entries []any
		}
		Records []struct{ Kind, ID string }
		Events  []any
		Merged  []struct{ Member string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &export), out.String())
	require.Equal(t, "anna", export.Member)
	require.Len(t, export.Merged, 1)
	require.Equal(t, "old", export.Merged[0].Member)
	require.NotEmpty(t, export.Events)
	require.NotEmpty(t, export.Lots)
	entries, stored := 0, 0
	for _, op := range export.Operations {
		entries += len(op.Entries)
	}
	for _, err := range storage.AllEntries(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: "anna"}) {
		require.NoError(t, err)
		stored++
	}
	require.Equal(t, stored, entries)
	query := storage.MemberQuery{Program: "beans", Member: "anna"}
	require.Len(t, export.Operations, counted(t, storage.AllOperations(t.Context(), s.store, query)))
	require.Len(t, export.Lots, counted(t, storage.AllLots(t.Context(), s.store, query)))
	require.Len(t, export.Records, counted(t, storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "anna"})))
	page, err := s.store.Events(t.Context(), storage.EventQuery{Program: "beans", Bucket: storage.Bucket("anna"), Limit: 1000})
	require.NoError(t, err)
	page.Items = slices.DeleteFunc(page.Items, func(e storage.Event) bool { return e.Member != "anna" })
	require.Len(t, export.Events, len(page.Items))
	kinds := map[string]int{}
	for _, record := range export.Records {
		kinds[record.Kind]++
	}
	require.Equal(t, 3, kinds["order"])
	require.Equal(t, 2, kinds["hold"])
	require.ErrorIs(t, s.Export(t.Context(), "nobody", &out), loyalty.ErrNotEnrolled)
}
