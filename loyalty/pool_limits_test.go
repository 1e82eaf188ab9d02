package loyalty_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func TestWhoLeavesAPoolAndComesAgainHasDrawnWhatTheyDrew(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60})
	draw := func(key string, amount points.Amount) loyalty.DrawFromPool {
		return loyalty.DrawFromPool{Member: "zoe", Key: key, Pool: "home", Unit: "bean", Points: amount}
	}
	s.must(draw("1", 7))
	s.must(loyalty.LeavePool{Member: "zoe", Key: "leave", Pool: "home"})
	s.must(loyalty.InviteToPool{Member: "anna", Key: "again", Pool: "home", Who: "zoe", Role: "child"})
	s.must(loyalty.JoinPool{Member: "zoe", Key: "join again", Pool: "home"})
	s.refused(draw("2", 4), loyalty.ErrLimit)
	s.must(draw("3", 3))

	s.must(loyalty.SetPoolRole{Member: "anna", Key: "grown", Pool: "home", Who: "zoe", Role: "adult"})
	s.must(draw("4", 20))
	s.must(loyalty.SetPoolRole{Member: "anna", Key: "small", Pool: "home", Who: "zoe", Role: "child"})
	s.refused(draw("5", 1), loyalty.ErrLimit)

	s.must(loyalty.LeavePool{Member: "zoe", Key: "leave 2", Pool: "home"})
	s.must(loyalty.FoundPool{Member: "max", Key: "found", Pool: "den", Kind: "household"})
	s.must(loyalty.ContributeToPool{Member: "max", Key: "put", Pool: "den", Unit: "bean", Points: 10})
	s.must(loyalty.InviteToPool{Member: "max", Key: "invite", Pool: "den", Who: "zoe", Role: "child"})
	s.must(loyalty.JoinPool{Member: "zoe", Key: "other", Pool: "den"})
	s.must(loyalty.DrawFromPool{Member: "zoe", Key: "6", Pool: "den", Unit: "bean", Points: 10})
	s.verify()
}

func TestAnErasureForgetsThePoolThatWasLeft(t *testing.T) {
	for _, left := range []bool{true, false} {
		s := households(t, loyalty.ToDissolver)
		s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60})
		s.must(loyalty.DrawFromPool{Member: "zoe", Key: "1", Pool: "home", Unit: "bean", Points: 7})
		if left {
			s.must(loyalty.LeavePool{Member: "zoe", Key: "leave", Pool: "home"})
		}
		s.must(loyalty.Erase{Member: "zoe", Key: "erase"})
		for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Member: "zoe"}) {
			require.NoError(t, err)
			require.NotContains(t, string(row.Data), "home")
			require.NotContains(t, row.Reference, "home")
		}
		s.verify()
	}
}

func TestEveryLimitOfARoleHolds(t *testing.T) {
	program := householdProgram(loyalty.ToDissolver)
	role := &program.Pools[0].Roles[0]
	role.Limits = []loyalty.PoolLimit{{Unit: "bean", Points: 10, Per: loyalty.Day}, {Unit: "bean", Points: 5, Per: loyalty.Day}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
	s.must(loyalty.Adjust{Member: "home", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
	draw := loyalty.DrawFromPool{Member: "anna", Key: "draw", Pool: "home", Unit: "bean", Points: 6}
	s.refused(draw, loyalty.ErrLimit)
	draw.Points = 5
	s.must(draw)
	draw.Key, draw.Points = "more", 1
	s.refused(draw, loyalty.ErrLimit)
}

func TestAPoolThatIsShutMovesNoPoints(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	put := loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60}
	s.must(put)
	s.must(loyalty.Suspend{Member: "home", Key: "shut"})
	put.Key = "put 2"
	draw := loyalty.DrawFromPool{Member: "ben", Key: "draw", Pool: "home", Unit: "bean", Points: 6}
	s.refused(put, loyalty.ErrSuspended)
	s.refused(draw, loyalty.ErrSuspended)
	s.must(loyalty.Resume{Member: "home", Key: "open", Gates: []loyalty.Gate{loyalty.RedeemGate}})
	s.refused(put, loyalty.ErrSuspended)
	s.must(draw)
	s.must(loyalty.Close{Member: "home", Key: "close"})
	draw.Key = "draw 2"
	s.refused(put, loyalty.ErrClosed)
	s.refused(draw, loyalty.ErrClosed)
	s.must(loyalty.DissolvePool{Member: "anna", Key: "dissolve", Pool: "home"})
	require.EqualValues(t, 154, s.member("anna").Balance("bean").Available)
	s.verify()
}

func TestEachGetsBackWhatTheyContributedThoughThePoolsLotsWereMerged(t *testing.T) {
	program := householdProgram(loyalty.ToContributors)
	s := households(t, loyalty.ToContributors)
	few, err := loyalty.New(loyalty.Revisions{program}, s.store, &loyalty.Options{
		Clock: s.clock, Secret: []byte("a secret of the test"), OpenLots: 2,
	})
	require.NoError(t, err)
	s.Engine = few
	for _, member := range []string{"anna", "ben"} {
		s.must(loyalty.Spend{Member: member, Key: "all", Unit: "bean", Points: 100})
		s.must(loyalty.Transfer{Member: "max", Key: "to " + member, To: member, Unit: "bean", Points: 40})
		for i := range 4 {
			s.must(loyalty.ContributeToPool{Member: member, Key: fmt.Sprint("put ", i), Pool: "home", Unit: "bean", Points: 10})
		}
	}
	s.must(loyalty.Adjust{Member: "home", Key: "soon", Unit: "bean", Points: 1, ExpiresAt: s.now.AddDate(0, 0, 1), Reason: "gift", Actor: "ada"})
	s.now = s.now.AddDate(0, 0, 2)
	s.runDue()
	require.Less(t, len(s.member("home").Lots), 8, "some were merged")
	s.must(loyalty.DissolvePool{Member: "anna", Key: "dissolve", Pool: "home"})
	require.EqualValues(t, 40, s.member("anna").Balance("bean").Available)
	require.EqualValues(t, 40, s.member("ben").Balance("bean").Available)
	s.verify()
}
