package giftlist_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestNoTextOfACommandSurvivesAnErasure(t *testing.T) {
	members := []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "signup"},
		loyalty.Enroll{Member: "ben", Key: "signup"},
		loyalty.Adjust{Member: "ben", Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"},
	}
	gift := give("ben", "gift", 30)
	gift.Note = "for your 30th"
	for name, c := range map[string]struct {
		before   []loyalty.Command
		cmd      loyalty.Command
		unmarked []string
	}{
		"of an owner, with the title of the list": {cmd: birthday(), unmarked: []string{"code"}},
		"of a giver, with the note":               {before: []loyalty.Command{birthday()}, cmd: gift, unmarked: []string{"owner", "code"}},
		"of an owner who closes the list":         {before: []loyalty.Command{birthday()}, cmd: giftlist.Close{Member: "anna", Key: "close", Code: "ANNA-30"}, unmarked: []string{"code"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := opening
			featuretest.Erasure(t, featuretest.ErasureCase{
				Store: memory.New(),
				Engine: func(store storage.Store) (*loyalty.Engine, error) {
					return loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{
						Clock: func() time.Time { return now }, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{giftlist.Feature{}},
					})
				},
				Before: append(members, c.before...), Command: c.cmd, Unmarked: c.unmarked,
				Later: func() { now = now.AddDate(0, 0, 11) },
			})
		})
	}
}

// TestNoCodeOfAListSurvivesItsOwner looks for the code, which takes no mark. Rows of those
// who gave say what those members' own commands say.
func TestNoCodeOfAListSurvivesItsOwner(t *testing.T) {
	for name, before := range map[string][]loyalty.Command{
		"of an open list":  nil,
		"of a closed list": {giftlist.Close{Member: "anna", Key: "close", Code: "ANNA-30"}},
		"of a list of two who became one": {
			loyalty.Enroll{Member: "anna-new", Key: "signup"}, loyalty.Merge{Member: "anna-new", Key: "merge", From: "anna"},
		},
		"of a list that others gave to": {give("ben", "gift", 30)},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, giftlist.Feature{}, "ben")
			claims := featuretest.NewClaims(s.store)
			s.store = claims
			s.Engine = s.engine(giftlist.Feature{})
			s.must(loyalty.Enroll{Member: "anna", Key: "signup"})
			s.must(birthday())
			for _, cmd := range before {
				s.must(cmd)
			}
			traces := func() []string {
				found, err := featuretest.Traces(t.Context(), claims, "beans", "ANNA-30")
				require.NoError(t, err)
				return found
			}
			require.NotEmpty(t, traces(), "there is something to erase")
			owner := "anna"
			for _, cmd := range before {
				if merge, ok := cmd.(loyalty.Merge); ok {
					owner = merge.Member
				}
			}
			s.must(loyalty.Erase{Member: owner, Key: "erase"})
			for _, wait := range []time.Duration{0, tenDays} {
				s.wait(wait)
				_, err := s.RunDue(t.Context(), nil)
				require.NoError(t, err)
				for _, row := range traces() {
					require.Contains(t, row, `"Member":"ben"`, "the code is still here")
				}
				s.verify()
			}
			s.must(loyalty.Erase{Member: "ben", Key: "erase"})
			require.Empty(t, traces(), "with those who gave")
		})
	}
}

// TestWhoIsErasedIsNotShownBeforeTheScrub erases givers, and then the owner, by a process that
// dies.
func TestWhoIsErasedIsNotShownBeforeTheScrub(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben", "old", "ida")
	s.must(birthday())
	for _, member := range []string{"ben", "old", "ida"} {
		s.must(give(member, "gift", 10))
	}
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "old"})
	require.Len(t, s.gifts("ANNA-30"), 2, "theirs, which are one now, and ida's")
	featuretest.HalfErased(t, s.Engine, s.store, "ben")
	require.Equal(t, []string{"ida"}, s.gifts("ANNA-30"))
	require.EqualValues(t, 30, s.list("anna", "ANNA-30").Given)

	featuretest.HalfErased(t, s.Engine, s.store, "anna")
	for list, err := range giftlist.Lists(t.Context(), s.store, "beans", "anna") {
		require.ErrorIs(t, err, loyalty.ErrErased, "%v", list)
	}
	_, err := giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
	require.ErrorIs(t, err, giftlist.ErrNoList)
	_, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	s.verify()
}
