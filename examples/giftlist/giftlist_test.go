package giftlist_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestGiftsMovePointsToTheOwnerUntilTheListIsFull(t *testing.T) {
	s := openShop(t, giftlist.Feature{MaxOpen: 5}, "anna", "ben", "cleo")
	created := s.must(birthday())
	require.JSONEq(t, `{"code":"ANNA-30"}`, string(created.Result))

	s.wait(time.Hour)
	first := s.must(give("ben", "g1", 70))
	require.JSONEq(t, `{"missing":30}`, string(first.Result))
	list, err := giftlist.Find(t.Context(), s.store, "beans", "ANNA-30")
	require.NoError(t, err)
	require.Equal(t, giftlist.List{
		Owner: "anna", Code: "ANNA-30", Title: "A grinder for Anna's 30th", Unit: "bean", Wanted: 100, Given: 70, Gifts: 1,
		Status: giftlist.Open, Deadline: opening.AddDate(0, 0, 10),
	}, list)
	require.EqualValues(t, 30, list.Missing())

	s.wait(time.Hour)
	cleo := give("cleo", "g1", 30)
	cleo.Note = "Happy birthday!"
	s.must(cleo)
	require.Equal(t, giftlist.Full, s.list("anna", "ANNA-30").Status)
	require.EqualValues(t, 200, s.beans("anna"))
	require.EqualValues(t, 30, s.beans("ben"))
	require.EqualValues(t, 70, s.beans("cleo"))
	open, holder := s.shared("ANNA-30")
	require.Zero(t, open, "a full list makes room for another")
	require.Equal(t, "anna", holder, "a full list keeps its code up to the deadline")

	var gifts []giftlist.Gift
	for gift, err := range giftlist.Gifts(t.Context(), s.store, "beans", "anna", "ANNA-30") {
		require.NoError(t, err)
		gifts = append(gifts, gift)
	}
	require.Equal(t, []giftlist.Gift{
		{Giver: "ben", Points: 70, At: opening.Add(time.Hour)},
		{Giver: "cleo", Points: 30, Note: "Happy birthday!", At: opening.Add(2 * time.Hour)},
	}, gifts)
	s.verify("anna", "ben", "cleo")
}

func TestGivenPointsKeepTheirExpiry(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.wait(24 * time.Hour)
	s.must(give("ben", "g1", 40))
	anna, err := s.Member(t.Context(), "anna")
	require.NoError(t, err)
	ben, err := s.Member(t.Context(), "ben")
	require.NoError(t, err)
	require.Len(t, anna.Expiring, 1)
	require.EqualValues(t, 140, anna.Expiring[0].Points)
	require.Equal(t, ben.Expiring[0].At, anna.Expiring[0].At)
}

func TestAGiftThatIsRepeatedIsOneGift(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	again := s.must(birthday())
	require.True(t, again.Replayed)

	first := s.must(give("ben", "g1", 60))
	again = s.must(give("ben", "g1", 60))
	require.True(t, again.Replayed)
	again.Replayed = false
	require.Equal(t, first, again)
	s.refused(give("ben", "g1", 61), loyalty.ErrKeyReused, `"g1" was giftlist-give`)

	list := s.list("anna", "ANNA-30")
	require.EqualValues(t, 60, list.Given)
	require.EqualValues(t, 1, list.Gifts)
	s.verify("anna", "ben")
}

func TestAMemberWhoGivesTwiceHasOneGiftOfBoth(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	first := give("ben", "g1", 20)
	first.Note = "From Ben"
	s.must(first)
	s.wait(time.Minute)
	s.must(give("ben", "g2", 5))
	gifts := 0
	for gift, err := range giftlist.Gifts(t.Context(), s.store, "beans", "anna", "ANNA-30") {
		require.NoError(t, err)
		require.Equal(t, giftlist.Gift{Giver: "ben", Points: 25, Note: "From Ben", At: opening.Add(time.Minute)}, gift)
		gifts++
	}
	require.Equal(t, 1, gifts)
	require.EqualValues(t, 2, s.list("anna", "ANNA-30").Gifts)
}

func TestAQuoteSaysWhatAGiftWouldDo(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	before := s.heads()
	quote, err := s.Quote(t.Context(), give("ben", "g1", 60))
	require.NoError(t, err)
	require.Equal(t, before, s.heads(), "a quote stores nothing")
	require.Equal(t, quote, s.must(give("ben", "g1", 60)))
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 501)
	tests := []struct {
		name   string
		before []loyalty.Command
		wait   time.Duration
		cmd    loyalty.Command
		want   error
		says   string
	}{
		{
			name: "A gift to a list that is not there",
			cmd:  giftlist.Give{Member: "ben", Key: "g", Owner: "anna", Code: "NONE", Unit: "bean", Points: 1},
			want: giftlist.ErrNoList, says: `"NONE" of member "anna"`,
		},
		{
			name: "A gift to oneself",
			cmd:  give("anna", "g", 1), want: loyalty.ErrInvalid,
		},
		{
			name: "A gift of more than is missing",
			cmd:  give("ben", "g", 101), want: giftlist.ErrTooMuch, says: "takes at most 100 bean more",
		},
		{
			name: "A gift of more than one has",
			cmd:  give("cleo", "g", 60), want: loyalty.ErrInsufficientPoints, says: "60 bean needed, 50 available",
		},
		{
			name: "A gift of another unit",
			cmd:  giftlist.Give{Member: "ben", Key: "g", Owner: "anna", Code: "ANNA-30", Unit: "star", Points: 1},
			want: loyalty.ErrInvalid, says: "takes bean",
		},
		{
			name: "A gift of nothing",
			cmd:  give("ben", "g", 0), want: loyalty.ErrInvalid, says: "points",
		},
		{
			name: "A gift with a long note",
			cmd: giftlist.Give{
				Member: "ben", Key: "g", Owner: "anna", Code: "ANNA-30", Unit: "bean", Points: 1, Note: long,
			},
			want: loyalty.ErrInvalid, says: "note",
		},
		{
			name: "A gift of somebody who is not enrolled",
			cmd:  give("dora", "g", 1), want: loyalty.ErrNotEnrolled,
		},
		{
			name:   "A gift of somebody who may not redeem",
			before: []loyalty.Command{loyalty.Suspend{Member: "ben", Key: "s", Gates: []loyalty.Gate{loyalty.RedeemGate}}},
			cmd:    give("ben", "g", 1), want: loyalty.ErrSuspended,
		},
		{
			name:   "A gift to somebody who may not earn",
			before: []loyalty.Command{loyalty.Suspend{Member: "anna", Key: "s", Gates: []loyalty.Gate{loyalty.EarnGate}}},
			cmd:    give("ben", "g", 1), want: loyalty.ErrSuspended,
		},
		{
			name:   "A gift to a full list",
			before: []loyalty.Command{give("ben", "all", 100)},
			cmd:    give("cleo", "g", 1), want: giftlist.ErrEnded, says: "full",
		},
		{
			name:   "A gift to a closed list",
			before: []loyalty.Command{giftlist.Close{Member: "anna", Key: "c", Code: "ANNA-30"}},
			cmd:    give("ben", "g", 1), want: giftlist.ErrEnded, says: "closed",
		},
		{
			name: "A gift at the deadline",
			wait: 10 * 24 * time.Hour,
			cmd:  give("ben", "g", 1), want: giftlist.ErrEnded, says: "lapsed",
		},
		{
			name: "A list under a code that is taken",
			cmd: giftlist.Create{
				Member: "ben", Key: "l", Code: "ANNA-30", Unit: "bean", Wanted: 1, Deadline: opening.Add(time.Hour),
			},
			want: loyalty.ErrClaimed, says: `held by "anna"`,
		},
		{
			name:   "A list under a code of one's own past",
			before: []loyalty.Command{giftlist.Close{Member: "anna", Key: "c", Code: "ANNA-30"}},
			cmd: giftlist.Create{
				Member: "anna", Key: "l", Code: "ANNA-30", Unit: "bean", Wanted: 1, Deadline: opening.Add(time.Hour),
			},
			want: giftlist.ErrCodeUsed,
		},
		{
			name: "A list of visits, which nobody can give",
			cmd:  giftlist.Create{Member: "ben", Key: "l", Unit: "visit", Wanted: 1, Deadline: opening.Add(time.Hour)},
			want: loyalty.ErrUnknownUnit,
		},
		{
			name: "A list whose deadline is now",
			cmd:  giftlist.Create{Member: "ben", Key: "l", Unit: "bean", Wanted: 1, Deadline: opening},
			want: loyalty.ErrInvalid, says: "deadline",
		},
		{
			name: "A list without anything right",
			cmd:  giftlist.Create{Member: "ben", Key: "l", Code: "a b", Title: "\xff"},
			want: loyalty.ErrInvalid, says: "code: must be 3 to 32 capital letters, digits and '-'",
		},
		{
			name: "The closing of somebody else's list",
			cmd:  giftlist.Close{Member: "ben", Key: "c", Code: "ANNA-30"}, want: giftlist.ErrNoList,
		},
		{
			name:   "The closing of a closed list",
			before: []loyalty.Command{giftlist.Close{Member: "anna", Key: "c", Code: "ANNA-30"}},
			cmd:    giftlist.Close{Member: "anna", Key: "c2", Code: "ANNA-30"}, want: giftlist.ErrEnded,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openShop(t, giftlist.Feature{MaxOpen: 9}, "anna", "ben", "cleo")
			s.must(loyalty.Spend{Member: "cleo", Key: "cake", Unit: "bean", Points: 50})
			s.must(birthday())
			for _, cmd := range test.before {
				s.must(cmd)
			}
			s.wait(test.wait)
			s.refused(test.cmd, test.want, test.says)
			s.verify()
		})
	}
}

func TestTheNumberOfOpenListsIsBounded(t *testing.T) {
	list := func(member, key string) giftlist.Create {
		return giftlist.Create{Member: member, Key: key, Code: "LIST-" + strings.ToUpper(key), Unit: "bean", Wanted: 10, Deadline: opening.Add(time.Hour)}
	}
	ends := map[string]func(s *shop){
		"closed": func(s *shop) { s.must(giftlist.Close{Member: "anna", Key: "close", Code: "LIST-1"}) },
		"full": func(s *shop) {
			s.must(giftlist.Give{Member: "ben", Key: "give", Owner: "anna", Code: "LIST-1", Unit: "bean", Points: 10})
		},
		"lapsed": func(s *shop) {
			s.wait(time.Hour)
			_, err := s.RunDue(s.t.Context(), nil)
			require.NoError(s.t, err)
			s.wait(-time.Hour)
		},
	}
	for end, finish := range ends {
		t.Run("A list that is "+end+" makes room", func(t *testing.T) {
			s := openShop(t, giftlist.Feature{MaxOpen: 2}, "anna", "ben", "cleo")
			s.must(list("anna", "1"))
			two := list("ben", "2")
			two.Deadline = opening.AddDate(0, 1, 0)
			s.must(two)
			s.refused(list("cleo", "3"), loyalty.ErrLimit, "2 of 2 used")
			finish(s)
			s.must(list("cleo", "3"))
			s.refused(list("cleo", "4"), loyalty.ErrLimit, "2 of 2 used")
			open, _ := s.shared("")
			require.EqualValues(t, 2, open)
			s.verify("anna", "ben", "cleo")
		})
	}
}

func TestAListWithoutACodeDrawsOne(t *testing.T) {
	draw := giftlist.Create{Member: "anna", Key: "list-1", Unit: "bean", Wanted: 10, Deadline: opening.AddDate(0, 0, 10)}
	code := func(receipt loyalty.Receipt) string {
		var created giftlist.Created
		require.NoError(t, json.Unmarshal(receipt.Result, &created))
		require.Regexp(t, `^[2-9A-HJKMNP-Z]{10}$`, created.Code)
		return created.Code
	}
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	quote, err := s.Quote(t.Context(), draw)
	require.NoError(t, err)
	drawn := code(s.must(draw))
	require.Equal(t, drawn, code(s.must(draw)), "a retry does not draw again")
	require.NotEqual(t, drawn, code(quote), "a quote does not tell the code")
	_, holder := s.shared(drawn)
	require.Equal(t, "anna", holder)

	// In another shop with the same secret the code is taken before it is drawn.
	other := openShop(t, giftlist.Feature{}, "anna", "ben")
	other.must(giftlist.Create{Member: "ben", Key: "list-1", Code: drawn, Unit: "bean", Wanted: 10, Deadline: draw.Deadline})
	next := code(other.must(draw))
	require.NotEqual(t, drawn, next)
	_, holder = other.shared(next)
	require.Equal(t, "anna", holder)
	other.verify("anna", "ben")
}

func TestCommandsAreReadFromTheLedgerAgain(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	gift := give("ben", "g1", 60)
	gift.Note = "Grüße"
	stop := giftlist.Close{Member: "anna", Key: "c", Code: "ANNA-30"}
	s.must(birthday())
	s.must(gift)
	s.must(stop)
	var read []loyalty.Command
	for _, member := range []string{"anna", "ben"} {
		for op, err := range storage.AllOperations(t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: member}) {
			require.NoError(t, err)
			if !strings.HasPrefix(op.Type, "giftlist-") || len(op.Command) == 0 {
				continue
			}
			cmd, err := s.Decode(op)
			require.NoError(t, err)
			read = append(read, cmd)
		}
	}
	require.Equal(t, []loyalty.Command{birthday(), stop, gift}, read)
}

func TestTheFeatureMustBeListed(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna")
	without, err := loyalty.New(loyalty.Revisions{program()}, s.store, &loyalty.Options{Clock: s.clock})
	require.NoError(t, err)
	_, err = without.Do(t.Context(), birthday())
	require.ErrorContains(t, err, "list giftlist.Feature in loyalty.Options.Features")
}

func TestWhatHappensToAListIsTold(t *testing.T) {
	s := openShop(t, giftlist.Feature{}, "anna", "ben")
	s.must(birthday())
	s.must(give("ben", "g1", 100))
	second := birthday()
	second.Key, second.Code = "list-2", "ANNA-31"
	s.must(second)
	s.wait(11 * 24 * time.Hour)
	_, err := s.RunDue(t.Context(), nil)
	require.NoError(t, err)
	var told []string
	_, err = s.Deliver(t.Context(), func(_ context.Context, e loyalty.Event) error {
		if e.Type == "loyaltykit.giftlist-full" || e.Type == "loyaltykit.giftlist-lapsed" {
			told = append(told, e.Subject+" "+e.Type+" "+string(e.Data))
		}
		return nil
	}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{
		`anna loyaltykit.giftlist-full {"code":"ANNA-30","given":100,"unit":"bean","wanted":100}`,
		`anna loyaltykit.giftlist-lapsed {"code":"ANNA-31","unit":"bean","wanted":100}`,
	}, told)
}
