package giftlist_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

func TestExportShowsAListToItsOwner(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 40))
	text, err := giftlist.Feature{}.Export(s.record("anna", "giftlist"))
	require.NoError(t, err)
	require.JSONEq(t, `{"owner":"anna","code":"ANNA-30","title":"A grinder for Anna's 30th","unit":"bean","wanted":100,
		"given":40,"gifts":1,"status":"open","deadline":"2027-03-11T09:00:00Z"}`, string(text))
}

func TestExportShowsAGiftToItsGiverAndNotWhoseTheListIs(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	gift := give("ben", "g1", 40)
	gift.Note = "For good coffee"
	s.must(gift)
	text, err := giftlist.Feature{}.Export(s.record("ben", "giftlist-gift"))
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"ANNA-30","points":40,"note":"For good coffee","at":"2027-03-01T09:00:00Z"}`, string(text))
}

func TestErasingAnOwnerEndsTheListAndLeavesNeitherTitleNorCode(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 40))
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})

	record := s.record("anna", "giftlist")
	require.Equal(t, string(giftlist.Closed), record.Status)
	require.Contains(t, string(record.Data), `"given":40`)
	require.NotContains(t, string(record.Data), "title")
	_, holder := s.shared("ANNA-30")
	require.Empty(t, holder)
	s.refused(give("ben", "g2", 1), loyalty.ErrErased, "erased")
	open, _ := s.shared("")
	require.Zero(t, open, "the place is free at once")

	s.wait(tenDays)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, string(giftlist.Closed), s.record("anna", "giftlist").Status)
	s.verify()
}

func TestErasingAnEndedListKeepsItEnded(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 100))
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	_, holder := s.shared("ANNA-30")
	require.Empty(t, holder, "a full list gives up its code too")
	s.wait(tenDays)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, string(giftlist.Full), s.record("anna", "giftlist").Status)
	s.must(loyalty.Erase{Member: "anna", Key: "erase again"})
	s.verify()
}

func TestErasingAGiverLeavesNoNote(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	gift := give("ben", "g1", 40)
	gift.Note = "Love, Ben and Bea"
	s.must(gift)
	s.must(loyalty.Erase{Member: "ben", Key: "erase"})
	require.Empty(t, s.gifts("ANNA-30"))
	require.EqualValues(t, 40, s.list("anna", "ANNA-30").Given, "the gift still counts")
	require.NotContains(t, string(s.record("ben", "giftlist-gift").Data), "Bea")
	require.NotContains(t, string(s.record("anna", "giftlist").Data), "Bea", "the owner's record never had the note")
	s.verify()
}

func TestAListGoesOnWithTheSurvivorOfAMerge(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben", "anna-old")
	list := birthday()
	list.Member = "anna-old"
	s.must(list)
	old := give("ben", "g1", 40)
	old.Owner = "anna-old"
	s.must(old)
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "anna-old"})

	found, err := giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
	require.NoError(t, err)
	require.Equal(t, "anna", found.Owner)
	require.EqualValues(t, 40, found.Given)
	s.must(give("ben", "g2", 10))
	require.EqualValues(t, 50, s.list("anna", "ANNA-30").Given)

	s.wait(tenDays)
	_, err = s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, giftlist.Lapsed, s.list("anna", "ANNA-30").Status)
	open, holder := s.shared("ANNA-30")
	require.Zero(t, open)
	require.Empty(t, holder, "the survivor gave up the code that was claimed under the old id")
	s.verify()
}

func TestAMergeOfTwoListsUnderOneCodeKeepsBoth(t *testing.T) {
	tests := []struct {
		name        string
		first, then string
	}{
		{name: "The open list is the survivor's", first: "anna-old", then: "anna"},
		{name: "The open list is the other's", first: "anna", then: "anna-old"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openShop(t, giftlist.Feature{}, "anna", "ben", "anna-old")
			ended, list := birthday(), birthday()
			ended.Member, ended.Title = test.first, "ended"
			list.Member, list.Title = test.then, "open"
			s.must(ended)
			s.must(giftlist.Close{Member: test.first, Key: "close", Code: "ANNA-30"})
			s.must(list)
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "anna-old"})

			titles := map[string]giftlist.Status{}
			for list, err := range giftlist.Lists(t.Context(), s.store, "beans", "anna") {
				require.NoError(t, err)
				require.Equal(t, "ANNA-30", list.Code)
				titles[list.Title] = list.Status
			}
			require.Equal(t, map[string]giftlist.Status{"ended": giftlist.Closed, "open": giftlist.Open}, titles)
			s.must(give("ben", "g1", 10))
			found, err := giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
			require.NoError(t, err)
			require.EqualValues(t, 10, found.Given)
			s.verify()
		})
	}
}

func TestGiftsOfTwoMembersWhoBecomeOneAddUp(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben", "ben-old")
	s.must(birthday())
	gift := give("ben-old", "g1", 10)
	gift.Note = "From both of me"
	s.must(gift)
	s.wait(time.Hour)
	s.must(give("ben", "g1", 20))
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "ben-old"})
	text, err := giftlist.Feature{}.Export(s.record("ben", "giftlist-gift"))
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"ANNA-30","points":30,"note":"From both of me","at":"2027-03-01T10:00:00Z"}`, string(text))
	s.verify()
}
