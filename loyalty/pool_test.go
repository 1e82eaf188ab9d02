package loyalty_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func householdProgram(policy loyalty.DissolvePolicy) loyalty.Program {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Pools = []loyalty.PoolKind{{
		Code: "household", MaxMembers: 3, Dissolve: policy,
		Roles: []loyalty.PoolRole{
			{Code: "owner", Manages: true, Contributes: true, Draws: true},
			{Code: "adult", Contributes: true, Draws: true},
			{Code: "child", Draws: true, Limits: []loyalty.PoolLimit{
				{Unit: "bean", Points: 10, Per: loyalty.Day}, {Unit: "bean", Points: 25, Per: loyalty.Month},
			}},
		},
	}}
	return program
}

func households(t *testing.T, policy loyalty.DissolvePolicy) *shop {
	s := openShop(t, householdProgram(policy))
	for _, member := range []string{"anna", "ben", "zoe", "max"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
	}
	s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
	for member, role := range map[string]string{"ben": "adult", "zoe": "child"} {
		s.must(loyalty.InviteToPool{Member: "anna", Key: "invite " + member, Pool: "home", Who: member, Role: role})
		s.must(loyalty.JoinPool{Member: member, Key: "join", Pool: "home"})
	}
	return s
}

func (s *shop) pool() loyalty.Pool {
	s.t.Helper()
	pool, err := s.Pool(s.t.Context(), "home")
	require.NoError(s.t, err)
	return pool
}

func TestAHouseholdSharesItsPoints(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	put := s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60})
	require.True(t, s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60}).Replayed)
	require.EqualValues(t, 40, put.Balances[0].Available)
	s.refused(loyalty.ContributeToPool{Member: "zoe", Key: "put", Pool: "home", Unit: "bean", Points: 1}, loyalty.ErrRole)
	s.must(loyalty.DrawFromPool{Member: "zoe", Key: "draw", Pool: "home", Unit: "bean", Points: 8})
	s.refused(loyalty.DrawFromPool{Member: "zoe", Key: "draw 2", Pool: "home", Unit: "bean", Points: 3}, loyalty.ErrLimit)
	s.now = s.now.AddDate(0, 0, 1)
	s.must(loyalty.DrawFromPool{Member: "zoe", Key: "draw 3", Pool: "home", Unit: "bean", Points: 10})
	s.now = s.now.AddDate(0, 0, 1)
	s.refused(loyalty.DrawFromPool{Member: "zoe", Key: "draw 4", Pool: "home", Unit: "bean", Points: 8}, loyalty.ErrLimit)
	s.must(loyalty.DrawFromPool{Member: "zoe", Key: "draw 5", Pool: "home", Unit: "bean", Points: 7})
	s.refused(loyalty.DrawFromPool{Member: "anna", Key: "draw", Pool: "home", Unit: "bean", Points: 36}, loyalty.ErrInsufficientPoints)
	s.now = s.now.AddDate(0, 1, 0)
	s.must(loyalty.DrawFromPool{Member: "zoe", Key: "draw 6", Pool: "home", Unit: "bean", Points: 10})

	pool := s.pool()
	require.EqualValues(t, 25, pool.Balances[0].Available)
	require.Len(t, pool.Members, 3)
	for _, m := range pool.Members {
		switch m.Member {
		case "ben":
			require.EqualValues(t, 60, m.Contributed[0].Available)
		case "zoe":
			require.Equal(t, "child", m.Role)
			require.EqualValues(t, 35, m.Drawn[0].Available)
		}
	}
	lot := s.member("zoe").Lots[0]
	require.True(t, lot.ExpiresAt.Equal(s.member("ben").Lots[0].ExpiresAt), "points keep their expiry on the way")
	s.verify()
}

func TestPoolsAreForThoseWhoAreIn(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	for name, c := range map[string]struct {
		cmd  loyalty.Command
		want error
	}{
		"not invited":               {loyalty.JoinPool{Member: "max", Key: "k", Pool: "home"}, loyalty.ErrNotInvited},
		"not in it":                 {loyalty.DrawFromPool{Member: "max", Key: "k", Pool: "home", Unit: "bean", Points: 1}, loyalty.ErrNotInPool},
		"no pool":                   {loyalty.DrawFromPool{Member: "anna", Key: "k", Pool: "ben", Unit: "bean", Points: 1}, loyalty.ErrNoPool},
		"a second household":        {loyalty.FoundPool{Member: "ben", Key: "k", Pool: "den", Kind: "household"}, loyalty.ErrInPool},
		"a kind that is not there":  {loyalty.FoundPool{Member: "max", Key: "k", Pool: "den", Kind: "club"}, loyalty.ErrInvalid},
		"an id in use":              {loyalty.FoundPool{Member: "max", Key: "k", Pool: "ben", Kind: "household"}, loyalty.ErrAlreadyEnrolled},
		"inviting without the role": {loyalty.InviteToPool{Member: "ben", Key: "k", Pool: "home", Who: "max", Role: "adult"}, loyalty.ErrRole},
		"inviting who is in one":    {loyalty.InviteToPool{Member: "anna", Key: "k", Pool: "home", Who: "ben", Role: "adult"}, loyalty.ErrInPool},
		"inviting to no role":       {loyalty.InviteToPool{Member: "anna", Key: "k", Pool: "home", Who: "max", Role: "cat"}, loyalty.ErrInvalid},
		"nobody to manage":          {loyalty.LeavePool{Member: "anna", Key: "k", Pool: "home"}, loyalty.ErrRole},
		"nobody to manage by role":  {loyalty.SetPoolRole{Member: "anna", Key: "k", Pool: "home", Who: "anna", Role: "adult"}, loyalty.ErrRole},
		"removing without the role": {loyalty.LeavePool{Member: "ben", Key: "k", Pool: "home", Who: "zoe"}, loyalty.ErrRole},
		"dissolving without":        {loyalty.DissolvePool{Member: "ben", Key: "k", Pool: "home"}, loyalty.ErrRole},
		"spending as the pool":      {loyalty.Spend{Member: "home", Key: "k", Unit: "bean", Points: 1}, loyalty.ErrNotPerson},
		"a transfer to the pool":    {loyalty.Transfer{Member: "ben", Key: "k", To: "home", Unit: "bean", Points: 1}, loyalty.ErrNotPerson},
		"merging the pool":          {loyalty.Merge{Member: "ben", Key: "k", From: "home"}, loyalty.ErrNotPerson},
		"erasing the pool":          {loyalty.Erase{Member: "home", Key: "k"}, loyalty.ErrNotPerson},
	} {
		t.Run(name, func(t *testing.T) { s.refused(c.cmd, c.want) })
	}
	s.must(loyalty.InviteToPool{Member: "anna", Key: "invite max", Pool: "home", Who: "max", Role: "adult"})
	s.refused(loyalty.JoinPool{Member: "max", Key: "full", Pool: "home"}, loyalty.ErrLimit)
	s.must(loyalty.LeavePool{Member: "anna", Key: "remove", Pool: "home", Who: "zoe"})
	s.must(loyalty.JoinPool{Member: "max", Key: "join", Pool: "home"})
	s.must(loyalty.SetPoolRole{Member: "anna", Key: "role", Pool: "home", Who: "ben", Role: "owner"})
	s.must(loyalty.LeavePool{Member: "anna", Key: "leave", Pool: "home"})
	s.must(loyalty.FoundPool{Member: "anna", Key: "found 2", Pool: "den", Kind: "household"})
	s.verify()
}

func TestADissolvedPoolGivesItsPointsBackWhereverItWasStopped(t *testing.T) {
	for _, policy := range []loyalty.DissolvePolicy{loyalty.ToDissolver, loyalty.ToContributors} {
		for n := 1; n < 9; n++ {
			t.Run(fmt.Sprintf("%s after %d commits", policy, n), func(t *testing.T) {
				s := households(t, policy)
				s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60})
				s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 5})
				dead := s.commits + n
				s.fail = func(commit int) error {
					if commit > dead {
						return errors.New("the power is out")
					}
					return nil
				}
				s.must(loyalty.DissolvePool{Member: "anna", Key: "end", Pool: "home"})
				s.verify()
				s.fail = nil
				_, err := s.RunDue(t.Context(), nil)
				require.NoError(t, err)
				want := map[string]points.Amount{"anna": 160, "ben": 40}
				if policy == loyalty.ToContributors {
					want = map[string]points.Amount{"anna": 100, "ben": 100}
				}
				for member, beans := range want {
					require.Equal(t, beans, s.member(member).Balance("bean").Available, member)
				}
				require.Equal(t, "dissolved", s.pool().Status)
				require.Empty(t, s.pool().Members)
				s.refused(loyalty.DrawFromPool{Member: "zoe", Key: "late", Pool: "home", Unit: "bean", Points: 1}, loyalty.ErrClosed)
				s.must(loyalty.FoundPool{Member: "zoe", Key: "found", Pool: "den", Kind: "household"})
				s.verify()
			})
		}
	}
}

func TestAPlaceInAPoolFollowsAMergeAndEndsWithAnErasure(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 50})
	s.refused(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"}, loyalty.ErrInPool)
	s.must(loyalty.Merge{Member: "max", Key: "merge", From: "ben"})
	s.must(loyalty.DrawFromPool{Member: "ben", Key: "draw", Pool: "home", Unit: "bean", Points: 20})
	require.EqualValues(t, 220, s.member("max").Balance("bean").Available)
	require.Len(t, s.pool().Members, 3)
	s.must(loyalty.Erase{Member: "max", Key: "erase"})
	require.Len(t, s.pool().Members, 2)
	s.must(loyalty.Enroll{Member: "ida", Key: "enroll"})
	s.must(loyalty.InviteToPool{Member: "anna", Key: "invite ida", Pool: "home", Who: "ida", Role: "adult"})
	s.must(loyalty.JoinPool{Member: "ida", Key: "join", Pool: "home"})
	s.verify()
}

func TestWhoIsLeftInAPoolCanLeaveItAfterItsOnlyManagerWasErased(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 50})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.must(loyalty.DrawFromPool{Member: "ben", Key: "draw", Pool: "home", Unit: "bean", Points: 50})
	s.must(loyalty.LeavePool{Member: "zoe", Key: "leave", Pool: "home"})
	s.must(loyalty.LeavePool{Member: "ben", Key: "leave", Pool: "home"})
	require.Empty(t, s.pool().Members)
	s.verify()
}

func TestAPoolThatNobodyManagesGetsAManagerFromTheHost(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 50})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	take := loyalty.SetPoolRole{Member: "ben", Key: "take", Pool: "home", Who: "ben", Role: "owner"}
	s.refused(take, loyalty.ErrRole)
	take.Override = true
	s.refused(take, loyalty.ErrInvalid)
	take.Reason, take.Actor = "the mother was erased", "clerk 4"
	outsider := take
	outsider.Member, outsider.Who = "max", "max"
	s.refused(outsider, loyalty.ErrNotInPool)
	s.must(take)
	s.must(loyalty.LeavePool{Member: "ben", Key: "remove", Pool: "home", Who: "zoe"})
	s.must(loyalty.DissolvePool{Member: "ben", Key: "end", Pool: "home"})
	require.EqualValues(t, 150, s.member("ben").Balance("bean").Available)
	s.verify()
}

func TestThePointsOfAPoolThatAllLeftAreNotLost(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 50})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	for _, member := range []string{"ben", "zoe"} {
		s.must(loyalty.LeavePool{Member: member, Key: "leave", Pool: "home"})
	}
	require.Empty(t, s.pool().Members)
	require.EqualValues(t, 50, s.pool().Balances[0].Available)
	invite := loyalty.InviteToPool{Member: "zoe", Key: "invite", Pool: "home", Who: "zoe", Role: "owner"}
	s.refused(invite, loyalty.ErrNotInPool)
	invite.Override, invite.Reason, invite.Actor = true, "she asked for it", "clerk 4"
	s.must(invite)
	s.must(loyalty.JoinPool{Member: "zoe", Key: "join again", Pool: "home"})
	s.must(loyalty.DissolvePool{Member: "zoe", Key: "end", Pool: "home"})
	require.EqualValues(t, 150, s.member("zoe").Balance("bean").Available)
	s.verify()
}
