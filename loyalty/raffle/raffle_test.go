package raffle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/raffle"
	"github.com/loyaltykit/loyaltykit/points"
	draw "github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

var (
	opening = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	beacon  = "the lottery of 9 March"
	value   = []byte("4 8 15 16 23 42")
	seed    = bytes.Repeat([]byte{42}, draw.SeedSize)
)

type shop struct {
	*loyalty.Engine
	t     *testing.T
	store storage.Store
	now   time.Time
}

func program() loyalty.Program {
	return loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
}

func grinder(t *testing.T) raffle.Terms {
	t.Helper()
	commitment, err := draw.Commitment(draw.Rules{Raffle: "grinder", Winners: 4, Beacon: beacon}, seed)
	require.NoError(t, err)
	return raffle.Terms{
		DrawBy: opening.AddDate(0, 0, 14), Beacon: beacon,
		ID: "grinder", Title: "A grinder", Opens: opening, Closes: opening.AddDate(0, 0, 7), Unit: "bean", Points: 10, MaxTickets: 3,
		Winners: 4, Commitment: commitment,
	}
}

func openShop(t *testing.T, members ...string) *shop {
	t.Helper()
	s := &shop{t: t, store: memory.New(), now: opening}
	engine, err := loyalty.New(loyalty.Revisions{program()}, s.store, &loyalty.Options{
		Clock: func() time.Time { return s.now }, Features: []loyalty.Feature{raffle.Feature{Salt: []byte("sixteen bytes of salt")}},
	})
	require.NoError(t, err)
	s.Engine = engine
	for _, member := range members {
		s.must(loyalty.Enroll{Member: member, Key: "signup"})
		s.must(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"})
	}
	s.must(raffle.Open{Key: "open", Raffle: grinder(t)})
	return s
}

func (s *shop) must(cmd loyalty.Command) loyalty.Receipt {
	s.t.Helper()
	receipt, err := s.Do(s.t.Context(), cmd)
	require.NoError(s.t, err)
	return receipt
}

func (s *shop) refused(cmd loyalty.Command, want error) {
	s.t.Helper()
	_, err := s.Do(s.t.Context(), cmd)
	require.ErrorIs(s.t, err, want)
	require.NotContains(s.t, err.Error(), "house/", "an error names the raffle, not its account")
}

func (s *shop) beans(member string) points.Amount {
	s.t.Helper()
	m, err := s.Engine.Member(s.t.Context(), member)
	require.NoError(s.t, err)
	return m.Balance("bean").Available
}

func enter(member string, tickets int64) raffle.Enter {
	return raffle.Enter{Member: member, Key: fmt.Sprint("enter-", tickets), Raffle: "grinder", Tickets: tickets, Unit: "bean", Points: 10 * points.Amount(tickets)}
}

func collect(member string) raffle.Collect {
	return raffle.Collect{Member: member, Key: "collect", Raffle: "grinder"}
}

func TestADrawThatAnyoneCanCheck(t *testing.T) {
	members := []string{"anna", "ben", "cleo"}
	s := openShop(t, members...)
	s.must(enter("anna", 2))
	s.must(enter("ben", 1))
	s.must(enter("cleo", 3))
	require.True(t, s.must(enter("ben", 1)).Replayed)
	s.refused(enter("anna", 3), raffle.ErrTickets)
	wrong := enter("anna", 1)
	wrong.Points = 9
	s.refused(wrong, loyalty.ErrPrice)
	require.EqualValues(t, 80, s.beans("anna"))
	shown, err := raffle.Read(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	require.EqualValues(t, 6, shown.Tickets)

	s.refused(raffle.Draw{Key: "early", Raffle: "grinder", Seed: seed, Value: value}, raffle.ErrNotDrawn)
	s.refused(collect("anna"), raffle.ErrNotDrawn)
	_, err = raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.ErrorIs(t, err, raffle.ErrNotDrawn)
	s.now = opening.AddDate(0, 0, 7)
	s.refused(enter("anna", 1), raffle.ErrNotOpen)
	other := slices.Clone(seed)
	other[0]++
	s.refused(raffle.Draw{Key: "other seed", Raffle: "grinder", Seed: other, Value: value}, draw.ErrSeed)
	s.refused(raffle.Draw{Key: "no value", Raffle: "grinder", Seed: seed}, draw.ErrValue)
	shown, err = raffle.Read(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})
	s.refused(raffle.Draw{Key: "again", Raffle: "grinder", Seed: seed, Value: value}, raffle.ErrEnded)

	proof, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	require.NoError(t, proof.Verify())
	require.Len(t, proof.Winners, 4)
	require.Equal(t, shown.Roll, proof.Roll, "as it was shown before the value was known")
	require.Equal(t, value, proof.Value)
	require.NotContains(t, proof.Labels, "anna")
	ranks := []int{}
	for _, member := range members {
		receipt := s.must(collect(member))
		entry := entryOf(t, receipt)
		ranks = append(ranks, entry.Ranks...)
		for i, rank := range entry.Ranks {
			require.Contains(t, entry.Tickets, proof.Winners[rank-1], "%s %d", member, i)
		}
		require.Zero(t, entry.Returned)
	}
	slices.Sort(ranks)
	require.Equal(t, []int{1, 2, 3, 4}, ranks, "each place is somebody's")
	again := collect("anna")
	again.Key = "again"
	s.refused(again, loyalty.ErrAlreadyDone)
	s.verify()
}

func entryOf(t *testing.T, receipt loyalty.Receipt) raffle.Entry {
	t.Helper()
	entry, err := raffle.Of(receipt)
	require.NoError(t, err)
	return entry
}

func (s *shop) verify() {
	s.t.Helper()
	report, err := s.Verify(s.t.Context(), nil)
	require.NoError(s.t, err)
	require.Empty(s.t, report.Problems)
}

func TestARaffleThatIsCalledOffGivesThePointsBack(t *testing.T) {
	s := openShop(t, "anna", "ben")
	s.must(enter("anna", 2))
	s.must(raffle.CallOff{Key: "off", Raffle: "grinder", Reason: "the grinder broke", Actor: "mia"})
	s.refused(enter("ben", 1), raffle.ErrEnded)
	require.EqualValues(t, 20, entryOf(t, s.must(collect("anna"))).Returned)
	require.EqualValues(t, 100, s.beans("anna"))
	s.refused(collect("ben"), raffle.ErrNoEntry)
	s.verify()
}

func TestARaffleThatIsNotDrawnInTimeGivesThePointsBack(t *testing.T) {
	s := openShop(t, "anna", "ben")
	s.must(enter("anna", 2))
	s.must(enter("ben", 1))
	s.now = opening.AddDate(0, 0, 14).Add(-time.Second)
	s.refused(collect("anna"), raffle.ErrNotDrawn)
	s.now = s.now.Add(time.Second)
	s.refused(raffle.Draw{Key: "late", Raffle: "grinder", Seed: seed, Value: value}, raffle.ErrEnded)
	entry := entryOf(t, s.must(collect("anna")))
	require.Equal(t, raffle.Lapsed, entry.Status)
	require.EqualValues(t, 20, entry.Returned)
	require.EqualValues(t, 100, s.beans("anna"))
	s.refused(raffle.Draw{Key: "later", Raffle: "grinder", Seed: seed, Value: value}, raffle.ErrEnded)
	s.refused(raffle.CallOff{Key: "off", Raffle: "grinder", Reason: "too late", Actor: "mia"}, raffle.ErrEnded)
	require.EqualValues(t, 10, entryOf(t, s.must(collect("ben"))).Returned)
	again := collect("ben")
	again.Key = "again"
	s.refused(again, loyalty.ErrAlreadyDone)
	require.EqualValues(t, 100, s.beans("ben"))
	_, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.ErrorIs(t, err, raffle.ErrNotDrawn)
	s.verify()
}

func TestOnlyAnEntryIsReadAsOne(t *testing.T) {
	s := openShop(t, "anna")
	s.must(enter("anna", 1))
	s.now = opening.AddDate(0, 0, 7)
	_, err := raffle.Of(s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value}))
	require.ErrorContains(t, err, "raffle-draw")
}

func TestTicketsGoOnWithTheSurvivorOfAMerge(t *testing.T) {
	s := openShop(t, "anna", "old", "ben")
	s.must(enter("anna", 1))
	s.must(enter("old", 3))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.must(raffle.CallOff{Key: "off", Raffle: "grinder", Reason: "the grinder broke", Actor: "mia"})
	require.EqualValues(t, 10, entryOf(t, s.must(collect("anna"))).Returned)
	second := collect("anna")
	second.Key, second.Entry = "second", "grinder/2"
	require.EqualValues(t, 30, entryOf(t, s.must(second)).Returned)
	require.EqualValues(t, 200, s.beans("anna"))
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.verify()
}

func TestEveryTicketOfAMemberIsInTheirExport(t *testing.T) {
	s := openShop(t, "anna", "old", "ben")
	s.must(enter("anna", 1))
	s.must(enter("ben", 2))
	s.must(enter("old", 3))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "anna", &out))
	var export struct {
		Records []struct {
			Kind string `json:"kind"`
			ID   string `json:"id"`
			Data struct {
				Tickets []int64       `json:"tickets"`
				Points  points.Amount `json:"points"`
			} `json:"data"`
		} `json:"records"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &export))
	told := map[string]string{}
	for _, record := range export.Records {
		if record.Kind == "raffle-entry" {
			told[record.ID] = fmt.Sprint(record.Data.Tickets, " for ", record.Data.Points)
		}
	}
	require.Equal(t, map[string]string{"grinder": "[1] for 10", "grinder/2": "[4 5 6] for 30"}, told)
}

func TestManyWhoEnterAtOnceHaveTicketsOfTheirOwn(t *testing.T) {
	members := []string{}
	for i := range 200 {
		members = append(members, fmt.Sprintf("m%03d", i))
	}
	s := openShop(t, members...)
	var wait sync.WaitGroup
	for _, member := range members {
		wait.Go(func() { _, _ = s.Do(t.Context(), enter(member, 2)) })
	}
	wait.Wait()
	s.now = opening.AddDate(0, 0, 8)
	s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})
	proof, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
	require.NoError(t, err)
	require.Len(t, proof.Labels, 400)
	require.NoError(t, proof.Verify())
	seen := map[int64]bool{}
	for _, member := range members {
		for _, ticket := range entryOf(t, s.must(collect(member))).Tickets {
			require.False(t, seen[ticket])
			seen[ticket] = true
		}
	}
	require.Len(t, seen, 400)
	s.verify()
}

func TestBadRafflesSayWhere(t *testing.T) {
	s := openShop(t, "anna")
	_, err := s.Do(t.Context(), raffle.Open{Key: "k", Raffle: raffle.Terms{Points: -1, MaxTickets: 101}})
	for _, path := range []string{"raffle.id", "raffle.opens", "raffle.closes", "raffle.drawBy", "raffle.points", "raffle.maxTickets", "raffle.winners", "raffle.commitment"} {
		require.ErrorContains(t, err, path)
	}
	for _, cmd := range []loyalty.Command{
		raffle.Enter{Member: "anna", Key: "k", Raffle: "a\x00b", Tickets: 1},
		raffle.Enter{Member: "anna", Key: "k", Raffle: "grinder", Tickets: 1 << 62, Points: 1},
		raffle.Draw{Key: "k", Raffle: "grinder", Seed: []byte("short")},
		raffle.CallOff{Key: "k", Raffle: "grinder"},
		raffle.Collect{Member: "anna", Key: "k", Raffle: "grinder", Entry: "caf\xe9"},
	} {
		s.refused(cmd, loyalty.ErrInvalid)
	}
	s.refused(raffle.Enter{Member: "anna", Key: "k", Raffle: "nothing", Tickets: 1}, raffle.ErrNoRaffle)
	terms := grinder(t)
	terms.ID, terms.Unit = "other", "star"
	s.refused(raffle.Open{Key: "k", Raffle: terms}, loyalty.ErrUnknownUnit)
	require.Len(t, raffle.Feature{}.Commands(), 5)
}

// A shop raffles a grinder, and publishes the proof of the draw.
func Example() {
	ctx, store := context.Background(), memory.New()
	now := opening
	engine, err := loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{
		Clock:    func() time.Time { return now },
		Features: []loyalty.Feature{raffle.Feature{Salt: []byte("sixteen bytes of salt")}},
	})
	if err != nil {
		log.Fatal(err)
	}
	do := func(cmd loyalty.Command) {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	commitment, err := draw.Commitment(draw.Rules{Raffle: "grinder", Winners: 1, Beacon: beacon}, seed)
	if err != nil {
		log.Fatal(err)
	}
	do(raffle.Open{Key: "open", Raffle: raffle.Terms{
		ID: "grinder", Opens: opening, Closes: opening.AddDate(0, 0, 7), DrawBy: opening.AddDate(0, 0, 14),
		Winners: 1, Beacon: beacon, Commitment: commitment,
	}})
	for _, member := range []string{"anna", "ben", "cleo"} {
		do(loyalty.Enroll{Member: member, Key: "signup"})
		do(raffle.Enter{Member: member, Key: "enter", Raffle: "grinder", Tickets: 1})
	}
	now = opening.AddDate(0, 0, 7)
	do(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})

	proof, err := raffle.ProofOf(ctx, store, "beans", "grinder")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ticket", proof.Winners[0], "of", len(proof.Labels), "wins:", proof.Verify())
	// Output: ticket 2 of 3 wins: <nil>
}

func TestAMergeGivesNobodyMoreTicketsThanAMemberMayHave(t *testing.T) {
	s := openShop(t, "anna", "old", "older")
	s.must(enter("anna", 1))
	s.must(enter("old", 1))
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "old"})
	s.refused(enter("anna", 2), raffle.ErrTickets)
	third := enter("anna", 1)
	third.Key = "third"
	s.must(third)
	s.must(enter("older", 3))
	s.must(loyalty.Merge{Member: "anna", Key: "merge again", From: "older"})
	fourth := enter("anna", 1)
	fourth.Key = "fourth"
	s.refused(fourth, raffle.ErrTickets)

	for _, member := range []string{"anna", "old"} {
		var told []string
		for entry, err := range raffle.Entries(t.Context(), s.store, "beans", member) {
			require.NoError(t, err)
			require.Equal(t, raffle.Running, entry.Status)
			told = append(told, fmt.Sprint(entry.Raffle, " ", entry.ID, " ", entry.Tickets))
		}
		require.Equal(t, []string{"grinder  [1 3]", "grinder grinder/2 [2]", "grinder grinder/3 [4 5 6]"}, told, "by the id of %s", member)
	}
	s.verify()
}

func TestARaffleWithFewerTicketsThanPrizesDrawsThemAll(t *testing.T) {
	for tickets := range 4 {
		t.Run(fmt.Sprintf("%d tickets and 4 prizes", tickets), func(t *testing.T) {
			s := openShop(t, "anna")
			if tickets > 0 {
				s.must(enter("anna", int64(tickets)))
			}
			s.now = opening.AddDate(0, 0, 7)
			s.must(raffle.Draw{Key: "draw", Raffle: "grinder", Seed: seed, Value: value})
			proof, err := raffle.ProofOf(t.Context(), s.store, "beans", "grinder")
			require.NoError(t, err)
			require.NoError(t, proof.Verify())
			require.Len(t, proof.Winners, tickets)
			if tickets == 0 {
				s.refused(collect("anna"), raffle.ErrNoEntry)
				return
			}
			entry := entryOf(t, s.must(collect("anna")))
			slices.Sort(entry.Ranks)
			require.Equal(t, []int{1, 2, 3}[:tickets], entry.Ranks, "no ticket wins twice")
			require.Zero(t, entry.Returned)
			s.verify()
		})
	}
}
