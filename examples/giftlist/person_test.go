package giftlist_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestExportShowsAListToItsOwner(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 40))
	text, err := giftlist.Feature{}.Export(s.record("anna", "giftlist", "ANNA-30"))
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
	text, err := giftlist.Feature{}.Export(s.record("ben", "giftlist-gift", "ANNA-30/anna"))
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"ANNA-30","points":40,"note":"For good coffee","at":"2027-03-01T09:00:00Z"}`, string(text))
}

// replace is what an erasure does with what the feature made of a record: it puts
// the record and gives up the claims.
type replace struct {
	Member string             `json:"member"`
	Key    string             `json:"key"`
	Record storage.RecordKey  `json:"record"`
	Got    []storage.ClaimKey `json:"got,omitempty"`
}

func (c replace) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Records: []loyalty.RecordRef{{Kind: c.Record.Kind, ID: c.Record.ID}}}
}

func (c replace) Apply(_ context.Context, tx *loyalty.Tx) error {
	record, _, err := tx.Record(c.Record.Kind, c.Record.ID)
	if err != nil {
		return err
	}
	erased, claims, err := giftlist.Feature{}.Erase(record)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if err := tx.Release(claim.Space, claim.Key); err != nil {
			return err
		}
	}
	return tx.PutRecord(erased)
}

func TestErasingAnOwnerEndsTheListAndLeavesNoTitle(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 40))
	s.must(replace{Member: "anna", Key: "erase", Record: storage.RecordKey{Kind: "giftlist", ID: "ANNA-30"}})

	list := s.list("anna", "ANNA-30")
	require.Empty(t, list.Title)
	require.Equal(t, giftlist.Closed, list.Status)
	require.EqualValues(t, 40, list.Given)
	_, holder := s.shared("ANNA-30")
	require.Empty(t, holder)
	s.refused(give("ben", "g2", 1), giftlist.ErrEnded, "closed")

	s.wait(tenDays)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	open, _ := s.shared("")
	require.Zero(t, open, "the place is free after the deadline")
	require.Equal(t, giftlist.Closed, s.list("anna", "ANNA-30").Status)
	s.verify("anna", "ben")
}

func TestErasingAnEndedListKeepsItEnded(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 100))
	s.must(replace{Member: "anna", Key: "erase", Record: storage.RecordKey{Kind: "giftlist", ID: "ANNA-30"}})
	_, holder := s.shared("ANNA-30")
	require.Empty(t, holder, "a full list gives up its code too")
	s.wait(tenDays)
	report, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Equal(t, giftlist.Full, s.list("anna", "ANNA-30").Status)
	s.must(replace{Member: "anna", Key: "erase again", Record: storage.RecordKey{Kind: "giftlist", ID: "ANNA-30"}})
	s.verify("anna", "ben")
}

func TestErasingAGiverLeavesNoNote(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	gift := give("ben", "g1", 40)
	gift.Note = "Love, Ben and Bea"
	s.must(gift)
	s.must(replace{Member: "ben", Key: "erase", Record: storage.RecordKey{Kind: "giftlist-gift", ID: "ANNA-30/anna"}})
	for gift, err := range giftlist.Gifts(t.Context(), s.store, "beans", "anna", "ANNA-30") {
		require.NoError(t, err)
		require.Equal(t, giftlist.Gift{Giver: "ben", Points: 40, At: opening}, gift)
	}
	require.NotContains(t, string(s.record("anna", "giftlist", "ANNA-30").Data), "Bea", "the owner's record never had the note")
	s.verify("anna", "ben")
}

// absorb is what a merge does with the records of the member who goes: each is
// handed to the feature, and put away.
type absorb struct {
	Member string              `json:"member"`
	Key    string              `json:"key"`
	From   string              `json:"from"`
	Moves  []storage.RecordKey `json:"moves"`
}

func (c absorb) Plan() loyalty.Plan {
	plan := loyalty.Plan{Member: c.Member, Key: c.Key, Others: []string{c.From}}
	for _, move := range c.Moves {
		plan.Records = append(plan.Records, loyalty.RecordRef{Member: c.From, Kind: move.Kind, ID: move.ID})
	}
	return plan
}

func (c absorb) Apply(ctx context.Context, tx *loyalty.Tx) error {
	from, err := tx.Other(c.From)
	if err != nil {
		return err
	}
	for _, move := range c.Moves {
		record, _, err := from.Record(move.Kind, move.ID)
		if err != nil {
			return err
		}
		if err := (giftlist.Feature{}).Merge(ctx, tx.Party, record); err != nil {
			return err
		}
		// The old record never falls due, so what it stood for happens once.
		if err := from.PutRecord(storage.Record{Kind: move.Kind, ID: move.ID, Status: "moved"}); err != nil {
			return err
		}
	}
	return nil
}

func TestAListGoesOnWithTheSurvivorOfAMerge(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 1}, "anna", "ben", "anna-old")
	list := birthday()
	list.Member = "anna-old"
	s.must(list)
	old := give("ben", "g1", 40)
	old.Owner = "anna-old"
	s.must(old)
	s.must(absorb{Member: "anna", Key: "merge", From: "anna-old", Moves: []storage.RecordKey{{Kind: "giftlist", ID: "ANNA-30"}}})

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
	require.Equal(t, "anna-old", holder, "the code of a merged list is not given away again")
	s.verify("anna", "ben", "anna-old")
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
			s.must(absorb{Member: "anna", Key: "merge", From: "anna-old", Moves: []storage.RecordKey{{Kind: "giftlist", ID: "ANNA-30"}}})

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
			s.verify("anna", "ben", "anna-old")
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
	moves := []storage.RecordKey{{Kind: "giftlist-gift", ID: "ANNA-30/anna"}}
	s.must(absorb{Member: "ben", Key: "merge", From: "ben-old", Moves: moves})
	text, err := giftlist.Feature{}.Export(s.record("ben", "giftlist-gift", "ANNA-30/anna"))
	require.NoError(t, err)
	require.JSONEq(t, `{"code":"ANNA-30","points":30,"note":"From both of me","at":"2027-03-01T10:00:00Z"}`, string(text))
	s.verify("anna", "ben", "ben-old")
}
