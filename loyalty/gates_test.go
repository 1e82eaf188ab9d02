package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func TestEachGateIsShutForItself(t *testing.T) {
	s := twoMembers(t)
	earn := func(key string) loyalty.Earn { return loyalty.Earn{Member: "anna", Key: key, Order: latte(key)} }
	spend := func(key string) loyalty.Spend {
		return loyalty.Spend{Member: "anna", Key: key, Unit: "bean", Points: 1}
	}
	s.must(loyalty.Suspend{Member: "anna", Key: "earn", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.refused(earn("e1"), loyalty.ErrSuspended)
	s.must(spend("s1"))
	require.Equal(t, "active", s.member("anna").Status)
	require.Equal(t, []loyalty.Gate{loyalty.EarnGate}, s.member("anna").Shut)

	s.must(loyalty.Suspend{Member: "anna", Key: "redeem", Gates: []loyalty.Gate{loyalty.RedeemGate}})
	s.refused(earn("e1"), loyalty.ErrSuspended)
	s.refused(spend("s2"), loyalty.ErrSuspended)
	require.Equal(t, "suspended", s.member("anna").Status)

	s.must(loyalty.Resume{Member: "anna", Key: "open", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.must(earn("e1"))
	s.refused(spend("s2"), loyalty.ErrSuspended)
	require.Equal(t, "active", s.member("anna").Status)
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "e1", Full: true})
}

func TestAClosedAccountIsNeverOpenedAgain(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Close{Member: "anna", Key: "close"})
	for _, cmd := range []loyalty.Command{
		loyalty.Close{Member: "anna", Key: "again"},
		loyalty.Resume{Member: "anna", Key: "resume"},
		loyalty.Suspend{Member: "anna", Key: "suspend"},
		loyalty.Earn{Member: "anna", Key: "earn", Order: latte("2001")},
		loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 1},
		loyalty.Transfer{Member: "ben", Key: "to", To: "anna", Unit: "bean", Points: 1},
		loyalty.Merge{Member: "anna", Key: "merge", From: "old"},
		loyalty.Merge{Member: "old", Key: "merge", From: "anna"},
	} {
		s.refused(cmd, loyalty.ErrClosed)
	}
	require.Equal(t, "closed", s.member("anna").Status)
	s.must(loyalty.Capture{Member: "anna", Key: "capture", Hold: "h1"})
	s.must(loyalty.Refund{Member: "anna", Key: "back", Order: "1001", Full: true})
	s.verify()
}

func TestAMergeShutsTheGatesOfBothAndItsUndoingLeavesThoseOfWhoWent(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Suspend{Member: "anna", Key: "earn", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.must(loyalty.Suspend{Member: "old", Key: "both"})
	s.must(loyalty.Resume{Member: "old", Key: "earns", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.must(join)
	require.Equal(t, "suspended", s.member("anna").Status)
	s.refused(loyalty.Spend{Member: "anna", Key: "s", Unit: "bean", Points: 1}, loyalty.ErrSuspended)
	s.refused(loyalty.Earn{Member: "old", Key: "e", Order: latte("2001")}, loyalty.ErrSuspended)

	s.must(loyalty.Suspend{Member: "ben", Key: "both"})
	s.must(loyalty.Merge{Member: "anna", Key: "ben", From: "ben"})
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo", From: "ben"})
	require.Equal(t, "suspended", s.member("ben").Status)
	s.must(loyalty.UnMerge{Member: "anna", Key: "undo old", From: "old"})
	require.Equal(t, "active", s.member("old").Status)
	require.Equal(t, []loyalty.Gate{loyalty.RedeemGate}, s.member("old").Shut)
	for _, lot := range s.member("old").Lots {
		require.Empty(t, lot.Origin, "the points are at home")
	}
	s.verify()
}

func TestAMergeIsUndoneUpToTheInstantThatItSays(t *testing.T) {
	for name, late := range map[string]bool{"at the instant": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			s := twoMembers(t)
			merge := join
			merge.UndoUntil = s.now.AddDate(0, 0, 10)
			s.must(merge)
			s.now = merge.UndoUntil
			undo := loyalty.UnMerge{Member: "anna", Key: "undo", From: "old"}
			if late {
				s.now = s.now.Add(1000)
				s.refused(undo, loyalty.ErrTooLate)
				return
			}
			s.must(undo)
		})
	}
}

func TestWhoClaimsIsAMemberWhoMayEarn(t *testing.T) {
	s := guestShop(t)
	for _, guest := range []string{"g-1", "g-2"} {
		s.must(loyalty.EnrollGuest{Member: guest, Key: "guest"})
	}
	s.refused(claim("g-2", "claim"), loyalty.ErrGuest)
	s.must(loyalty.Suspend{Member: "anna", Key: "shut", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.refused(claim("anna", "claim"), loyalty.ErrSuspended)
	s.must(loyalty.Resume{Member: "anna", Key: "open"})
	s.must(claim("anna", "claim"))
}

func TestPointsMoveBetweenAPoolAndAMemberThroughTheGatesOfBoth(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	put := loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 5}
	draw := loyalty.DrawFromPool{Member: "ben", Key: "draw", Pool: "home", Unit: "bean", Points: 5}
	s.must(put)
	put.Key = "put 2"
	s.must(loyalty.Suspend{Member: "ben", Key: "redeem", Gates: []loyalty.Gate{loyalty.RedeemGate}})
	s.refused(put, loyalty.ErrSuspended)
	s.refused(draw, loyalty.ErrSuspended)
	s.must(loyalty.Resume{Member: "ben", Key: "resume"})
	s.must(loyalty.Suspend{Member: "ben", Key: "earn", Gates: []loyalty.Gate{loyalty.EarnGate}})
	s.refused(draw, loyalty.ErrSuspended)
	s.must(put)
	s.refused(loyalty.Earn{Member: "home", Key: "earn", Order: latte("1001")}, loyalty.ErrNotPerson)
	s.verify()
}

func TestAMemberHasAPlaceInTheirOwnPoolAlone(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.FoundPool{Member: "max", Key: "found", Pool: "den", Kind: "household"})
	s.must(loyalty.ContributeToPool{Member: "max", Key: "put", Pool: "den", Unit: "bean", Points: 10})
	for _, cmd := range []loyalty.Command{
		loyalty.ContributeToPool{Member: "anna", Key: "other", Pool: "den", Unit: "bean", Points: 5},
		loyalty.DrawFromPool{Member: "anna", Key: "other", Pool: "den", Unit: "bean", Points: 5},
		loyalty.DissolvePool{Member: "anna", Key: "other", Pool: "den"},
		loyalty.LeavePool{Member: "anna", Key: "other", Pool: "den"},
		loyalty.InviteToPool{Member: "anna", Key: "other", Pool: "den", Who: "zoe", Role: "child"},
	} {
		s.refused(cmd, loyalty.ErrNotInPool)
	}
}

func TestALimitOfAPoolIsOfItsUnitAndPeriod(t *testing.T) {
	program := householdProgram(loyalty.ToDissolver)
	program.Units = append(program.Units, points.Unit{Code: "leaf", Expiry: points.NeverExpire()})
	role := &program.Pools[0].Roles[0]
	role.Limits = []loyalty.PoolLimit{{Unit: "bean", Points: 10, Per: loyalty.Day}, {Unit: "leaf", Points: 8, Per: loyalty.Day}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
	s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
	for _, unit := range []string{"bean", "leaf"} {
		s.must(loyalty.Adjust{Member: "home", Key: unit, Unit: unit, Points: 100, Reason: "gift", Actor: "ada"})
	}
	draw := func(key, unit string, n points.Amount) loyalty.DrawFromPool {
		return loyalty.DrawFromPool{Member: "anna", Key: key, Pool: "home", Unit: unit, Points: n}
	}
	s.must(draw("1", "bean", 10))
	s.must(draw("2", "leaf", 8))
	s.refused(draw("3", "bean", 1), loyalty.ErrLimit)
	s.refused(draw("3", "leaf", 1), loyalty.ErrLimit)
	s.now = s.now.AddDate(0, 0, 1)
	s.must(draw("3", "leaf", 8))
	s.must(draw("4", "bean", 10))
}

func TestAKindOfPoolWithFewerThanNoMembersIsRefused(t *testing.T) {
	program := householdProgram(loyalty.ToDissolver)
	program.Pools[0].MaxMembers = -1
	require.ErrorContains(t, program.Validate(), "pools[0].maxMembers: -1: must not be negative")
}

func TestAManagerWhoWasErasedManagesNoMore(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.SetPoolRole{Member: "anna", Key: "owner", Pool: "home", Who: "ben", Role: "owner"})
	s.must(loyalty.Erase{Member: "anna", Key: "erase"})
	s.refused(loyalty.LeavePool{Member: "ben", Key: "leave", Pool: "home"}, loyalty.ErrRole)
	s.must(loyalty.SetPoolRole{Member: "ben", Key: "grown", Pool: "home", Who: "zoe", Role: "owner"})
	s.must(loyalty.LeavePool{Member: "ben", Key: "leave", Pool: "home"})
}
