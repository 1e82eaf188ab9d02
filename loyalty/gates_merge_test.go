package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

func TestAnUndoneMergeOpensTheGatesThatItShut(t *testing.T) {
	earn, redeem := loyalty.EarnGate, loyalty.RedeemGate
	shut := func(member, key string, gates ...loyalty.Gate) loyalty.Command {
		return loyalty.Suspend{Member: member, Key: key, Gates: gates}
	}
	open := func(member, key string, gates ...loyalty.Gate) loyalty.Command {
		return loyalty.Resume{Member: member, Key: key, Gates: gates}
	}
	undone := func(from string) loyalty.Command {
		return loyalty.UnMerge{Member: "anna", Key: "undo " + from, From: from}
	}
	merged := func(from string) loyalty.Command {
		return loyalty.Merge{Member: "anna", Key: "merge " + from, From: from}
	}
	for name, c := range map[string]struct {
		commands []loyalty.Command
		want     []loyalty.Gate
	}{
		"both":                      {[]loyalty.Command{shut("old", "1"), merged("old"), undone("old")}, nil},
		"one":                       {[]loyalty.Command{shut("old", "1", redeem), merged("old"), undone("old")}, nil},
		"hers was shut before":      {[]loyalty.Command{shut("anna", "1", earn), shut("old", "1"), merged("old"), undone("old")}, []loyalty.Gate{earn}},
		"somebody shut it since":    {[]loyalty.Command{shut("old", "1"), merged("old"), shut("anna", "2", redeem), undone("old")}, []loyalty.Gate{redeem}},
		"by the id that went":       {[]loyalty.Command{shut("old", "1"), merged("old"), shut("old", "2", earn), undone("old")}, []loyalty.Gate{earn}},
		"opened and shut since":     {[]loyalty.Command{shut("old", "1"), merged("old"), open("anna", "2"), shut("anna", "3", earn), undone("old")}, []loyalty.Gate{earn}},
		"another merge shuts it":    {[]loyalty.Command{shut("old", "1"), shut("ben", "1", earn), merged("old"), merged("ben"), undone("old")}, []loyalty.Gate{earn}},
		"both merges are undone":    {[]loyalty.Command{shut("old", "1"), shut("ben", "1", earn), merged("old"), merged("ben"), undone("old"), undone("ben")}, nil},
		"the later one is undone":   {[]loyalty.Command{shut("old", "1", earn), shut("ben", "1"), merged("old"), merged("ben"), undone("ben")}, []loyalty.Gate{earn}},
		"opened, then merged again": {[]loyalty.Command{shut("old", "1"), merged("old"), open("anna", "2"), shut("ben", "1", redeem), merged("ben"), undone("old")}, []loyalty.Gate{redeem}},
	} {
		t.Run(name, func(t *testing.T) {
			s := twoMembers(t)
			for _, cmd := range c.commands {
				s.must(cmd)
			}
			anna := s.member("anna")
			require.ElementsMatch(t, c.want, anna.Shut)
			if len(c.want) == 2 {
				require.Equal(t, "suspended", anna.Status)
			} else {
				require.Equal(t, "active", anna.Status)
			}
			s.verify()
		})
	}
}

func TestAnAccountThatWasClosedSinceItsMergeStaysClosed(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Suspend{Member: "old", Key: "shut"})
	s.must(join)
	s.must(loyalty.Close{Member: "anna", Key: "close"})
	s.must(part)
	require.Equal(t, "closed", s.member("anna").Status)
	require.Equal(t, "suspended", s.member("old").Status)
	s.verify()
}

func TestGatesThatAChainOfMergesShutOpenAsItIsUndone(t *testing.T) {
	s := twoMembers(t)
	s.must(loyalty.Suspend{Member: "old", Key: "shut"})
	s.must(join)
	s.must(loyalty.Merge{Member: "ben", Key: "merge", From: "anna"})
	require.Equal(t, "suspended", s.member("ben").Status)
	s.must(loyalty.UnMerge{Member: "ben", Key: "undo", From: "anna"})
	require.Equal(t, "active", s.member("ben").Status)
	require.Equal(t, "suspended", s.member("anna").Status)
	s.must(part)
	require.Equal(t, "active", s.member("anna").Status)
	require.Equal(t, "suspended", s.member("old").Status)
	s.verify()
}
