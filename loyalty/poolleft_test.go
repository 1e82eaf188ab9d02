package loyalty_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// joinAs lets a member into a pool in a role, and out of it again.
func (s *shop) joinAs(manager, pool, who, role string) {
	s.t.Helper()
	key := fmt.Sprint("in ", s.commits)
	s.must(loyalty.InviteToPool{Member: manager, Key: key, Pool: pool, Who: who, Role: role})
	s.must(loyalty.JoinPool{Member: who, Key: key, Pool: pool})
}

func (s *shop) leave(who, pool string) {
	s.t.Helper()
	s.must(loyalty.LeavePool{Member: who, Key: fmt.Sprint("out ", s.commits), Pool: pool})
}

func (s *shop) draw(who, pool string, amount points.Amount) {
	s.t.Helper()
	s.must(loyalty.DrawFromPool{Member: who, Key: fmt.Sprint("draw ", s.commits), Pool: pool, Unit: "bean", Points: amount})
}

func (s *shop) drawsAtMost(who, pool string, amount points.Amount) {
	s.t.Helper()
	s.refused(loyalty.DrawFromPool{Member: who, Key: "too much", Pool: pool, Unit: "bean", Points: amount + 1}, loyalty.ErrLimit)
	if amount > 0 {
		s.draw(who, pool, amount)
	}
}

// twoPools has the households "home" of anna and "den" of max, each with 100 beans. Zoe, a
// child, has drawn 7 of the 10 that she may a day at home, and has left.
func twoPools(t *testing.T) *shop {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.FoundPool{Member: "max", Key: "found", Pool: "den", Kind: "household"})
	for pool, member := range map[string]string{"home": "anna", "den": "max"} {
		s.must(loyalty.ContributeToPool{Member: member, Key: "all", Pool: pool, Unit: "bean", Points: 100})
	}
	s.draw("zoe", "home", 7)
	s.leave("zoe", "home")
	return s
}

func TestWhatWasDrawnOfAPoolCountsThoughTheMemberWasInAnother(t *testing.T) {
	s := twoPools(t)
	s.joinAs("max", "den", "zoe", "child")
	s.drawsAtMost("zoe", "den", 10)
	s.leave("zoe", "den")
	s.joinAs("anna", "home", "zoe", "child")
	s.drawsAtMost("zoe", "home", 3)
	s.leave("zoe", "home")
	s.joinAs("max", "den", "zoe", "child")
	s.drawsAtMost("zoe", "den", 0)

	var out bytes.Buffer
	require.NoError(t, s.Export(t.Context(), "zoe", &out))
	require.Contains(t, out.String(), `"home"`)
	s.now = s.now.AddDate(0, 0, 1)
	s.draw("zoe", "den", 10)
	s.verify()
}

func TestWhatWasDrawnOfAPoolCountsThoughAnotherWasFoundedOrDissolved(t *testing.T) {
	s := twoPools(t)
	s.must(loyalty.FoundPool{Member: "zoe", Key: "found", Pool: "nest", Kind: "household"})
	s.must(loyalty.DissolvePool{Member: "zoe", Key: "end", Pool: "nest"})
	s.joinAs("anna", "home", "zoe", "child")
	s.drawsAtMost("zoe", "home", 3)
	s.verify()
}

// drawsOfPools draws one bean of each of many pools, and leaves them.
func (s *shop) drawsOfPools(who string, pools int) {
	s.t.Helper()
	for i := range pools {
		pool := fmt.Sprint("pool ", i)
		member := fmt.Sprint("founder ", i)
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.FoundPool{Member: member, Key: "found", Pool: pool, Kind: "household"})
		s.must(loyalty.Adjust{Member: pool, Key: "gift", Unit: "bean", Points: 1, Reason: "gift", Actor: "ada"})
		s.joinAs(member, pool, who, "child")
		s.draw(who, pool, 1)
		s.leave(who, pool)
	}
}

func TestAPlaceRemembersTheDrawsOfSoManyPools(t *testing.T) {
	for others, left := range map[int]points.Amount{16: 3, 17: 10} {
		s := twoPools(t)
		s.drawsOfPools("zoe", others)
		s.joinAs("anna", "home", "zoe", "child")
		s.drawsAtMost("zoe", "home", left)
	}
}

func TestWhatTwoDrewOfAPoolCountsTogetherOnceTheyAreOne(t *testing.T) {
	for name, c := range map[string]struct {
		survivor, from string
		before         func(s *shop)
		join           bool
	}{
		"who left goes":                  {survivor: "ida", from: "zoe", join: true},
		"who left survives":              {survivor: "zoe", from: "ida", join: true},
		"who left goes to one who is in": {survivor: "ida", from: "zoe", before: func(s *shop) { s.joinAs("anna", "home", "ida", "child"); s.draw("ida", "home", 2) }},
		"one who is in goes to who left": {survivor: "zoe", from: "ida", before: func(s *shop) { s.joinAs("anna", "home", "ida", "child"); s.draw("ida", "home", 2) }},
		"both have left": {survivor: "zoe", from: "ida", before: func(s *shop) {
			s.joinAs("anna", "home", "ida", "child")
			s.draw("ida", "home", 2)
			s.leave("ida", "home")
		}, join: true},
		"both have left, the other goes": {survivor: "ida", from: "zoe", before: func(s *shop) {
			s.joinAs("anna", "home", "ida", "child")
			s.draw("ida", "home", 2)
			s.leave("ida", "home")
		}, join: true},
		"who left, and is in another one": {survivor: "ida", from: "zoe", before: func(s *shop) { s.joinAs("max", "den", "zoe", "child") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoPools(t)
			s.must(loyalty.Enroll{Member: "ida", Key: "enroll"})
			want := points.Amount(3)
			if c.before != nil {
				c.before(s)
				want = 1
			}
			s.must(loyalty.Merge{Member: c.survivor, Key: "merge", From: c.from})
			if name == "who left, and is in another one" {
				s.drawsAtMost(c.survivor, "den", 10)
				s.leave(c.survivor, "den")
				c.join, want = true, 3
			}
			if c.join {
				s.joinAs("anna", "home", c.survivor, "child")
			}
			s.drawsAtMost(c.survivor, "home", want)
			s.verify()
		})
	}
}

func TestWhatWasDrawnOfThePoolThatOneIsInCountsAfterAMergeOfManyPools(t *testing.T) {
	for name, c := range map[string]struct{ survivor, from string }{
		"who is in the pool survives": {"zoe", "ida"},
		"who is in the pool goes":     {"ida", "zoe"},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoPools(t)
			s.must(loyalty.Enroll{Member: "ida", Key: "enroll"})
			s.drawsOfPools("ida", 17)
			s.joinAs("anna", "home", "zoe", "child")
			s.must(loyalty.Merge{Member: c.survivor, Key: "merge", From: c.from})
			s.drawsAtMost(c.survivor, "home", 3)
			s.verify()
		})
	}
}

func TestWhoseAccountIsClosedDissolvesNoPool(t *testing.T) {
	s := households(t, loyalty.ToDissolver)
	s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 60})
	s.must(loyalty.Close{Member: "anna", Key: "close"})
	s.refused(loyalty.DissolvePool{Member: "anna", Key: "end", Pool: "home"}, loyalty.ErrClosed)
	s.must(loyalty.SetPoolRole{
		Member: "ben", Key: "take", Pool: "home", Who: "ben", Role: "owner", Override: true, Reason: "the mother has left", Actor: "clerk 4",
	})
	s.must(loyalty.DissolvePool{Member: "ben", Key: "end", Pool: "home"})
	require.EqualValues(t, 100, s.beansOf("ben"))
	s.verify()
}

func TestThePointsOfAPoolGoToSomebodyWhoCanUseThem(t *testing.T) {
	for _, policy := range []loyalty.DissolvePolicy{loyalty.ToDissolver, loyalty.ToContributors} {
		for name, c := range map[string]struct {
			go1  []loyalty.Command
			want string
		}{
			"the dissolver's account is closed":   {[]loyalty.Command{loyalty.Close{Member: "anna", Key: "close"}}, "ben"},
			"the dissolver is erased":             {[]loyalty.Command{loyalty.Erase{Member: "anna", Key: "erase"}}, "ben"},
			"one of the others is closed, too":    {[]loyalty.Command{loyalty.Close{Member: "anna", Key: "close"}, loyalty.Close{Member: "ben", Key: "close"}}, "zoe"},
			"the dissolver was merged":            {[]loyalty.Command{loyalty.Merge{Member: "max", Key: "merge", From: "anna"}}, "max"},
			"nobody can use them":                 {[]loyalty.Command{loyalty.Close{Member: "anna", Key: "close"}, loyalty.Close{Member: "ben", Key: "close"}, loyalty.Close{Member: "zoe", Key: "close"}}, "anna"},
			"there is another one who manages it": {[]loyalty.Command{loyalty.Close{Member: "anna", Key: "close"}}, "zoe"},
		} {
			t.Run(fmt.Sprintf("%s %s", name, policy), func(t *testing.T) {
				s := households(t, policy)
				s.must(loyalty.ContributeToPool{Member: "anna", Key: "put", Pool: "home", Unit: "bean", Points: 60})
				if name == "there is another one who manages it" {
					s.must(loyalty.SetPoolRole{Member: "anna", Key: "role", Pool: "home", Who: "zoe", Role: "owner"})
				}
				dead := s.commits + 1
				s.fail = func(commit int) error {
					if commit > dead {
						return errors.New("the power is out")
					}
					return nil
				}
				s.must(loyalty.DissolvePool{Member: "anna", Key: "end", Pool: "home"})
				s.fail = nil
				for _, cmd := range c.go1 {
					s.must(cmd)
				}
				before := s.beansOf(c.want)
				s.runDue()
				require.Equal(t, before+60, s.beansOf(c.want))
				require.Equal(t, "dissolved", s.pool().Status)
				s.verify()
			})
		}
	}
}
