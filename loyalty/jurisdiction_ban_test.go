package loyalty_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// bannedShop has anna in Quebec, where time alone takes no beans, and ben and old
// elsewhere, each with 50 beans that live for two months.
func bannedShop(t *testing.T) *shop {
	t.Helper()
	program := quebec()
	program.Units[0].Reinstate = points.Span{N: 2, Unit: points.Months}
	program.Pools = []loyalty.PoolKind{{Code: "home", Roles: []loyalty.PoolRole{{Code: "owner", Manages: true, Contributes: true, Draws: true}}}}
	program.Transfers = []loyalty.TransferPolicy{{Unit: "bean", Expiry: points.ExpireAfter(1, points.Months)}}
	s := openShop(t, program)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "CA-QC"})
	for _, member := range []string{"ben", "old"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
		s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 50, ExpiresAt: s.now.AddDate(0, 2, 0), Reason: "gift", Actor: "ada"})
	}
	return s
}

func TestWhereExpiryByTimeIsBannedNoPointsComeInThatTimeTakes(t *testing.T) {
	const member = "anna"
	soon := func(s *shop) time.Time { return s.now.AddDate(0, 1, 0) }
	for name, receive := range map[string]func(s *shop){
		"by a transfer under a policy with an expiry": func(s *shop) {
			s.must(loyalty.Transfer{Member: "ben", Key: "give", To: member, Unit: "bean", Points: 10})
		},
		"by an adjustment with a date": func(s *shop) {
			s.must(loyalty.Adjust{Member: member, Key: "sorry", Unit: "bean", Points: 10, ExpiresAt: soon(s), Reason: "sorry", Actor: "ada"})
		},
		"by an import with a date": func(s *shop) {
			receipt := s.must(loyalty.Import{Member: member, Key: "row", Unit: "bean", Points: 10, ExpiresAt: soon(s)})
			require.Equal(s.t, points.Never, receipt.Awards[0].ExpiresAt, "the receipt says the date that holds")
		},
		"by a merge with an account elsewhere": func(s *shop) {
			s.must(loyalty.Merge{Member: member, Key: "merge", From: "old"})
		},
		"by a draw from a pool": func(s *shop) {
			s.must(loyalty.FoundPool{Member: "ben", Key: "found", Pool: "home-1", Kind: "home"})
			s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home-1", Unit: "bean", Points: 10})
			s.must(loyalty.InviteToPool{Member: "ben", Key: "invite", Pool: "home-1", Who: member, Role: "owner"})
			s.must(loyalty.JoinPool{Member: member, Key: "join", Pool: "home-1"})
			s.must(loyalty.DrawFromPool{Member: member, Key: "draw", Pool: "home-1", Unit: "bean", Points: 10})
		},
		"by the extension of a lot from before the ban": func(s *shop) {
			s.must(loyalty.SetJurisdiction{Member: member, Key: "moves away"})
			s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 10, ExpiresAt: soon(s), Reason: "gift", Actor: "ada"})
			s.must(loyalty.SetJurisdiction{Member: member, Key: "comes back", Jurisdiction: "CA-QC"})
			receipt := s.must(loyalty.Extend{Member: member, Key: "extend", Unit: "bean", ExpiringBy: soon(s), ExpiresAt: s.now.AddDate(0, 3, 0), Reason: "moved", Actor: "ada"})
			require.Equal(s.t, points.Never, receipt.Dates[0].After)
		},
		"by a reinstatement with a date": func(s *shop) {
			s.must(loyalty.SetJurisdiction{Member: member, Key: "moves away"})
			s.must(loyalty.Adjust{Member: member, Key: "gift", Unit: "bean", Points: 10, ExpiresAt: soon(s), Reason: "gift", Actor: "ada"})
			s.now = s.now.AddDate(0, 1, 2)
			s.must(loyalty.SetJurisdiction{Member: member, Key: "comes back", Jurisdiction: "CA-QC"})
			expired, err := s.Expired(s.t.Context(), member)
			require.NoError(s.t, err)
			require.Len(s.t, expired, 1)
			receipt := s.must(loyalty.Reinstate{Member: member, Key: "again", Entries: []points.EntryRef{expired[0].Entry}, ExpiresAt: soon(s), Reason: "moved", Actor: "ada"})
			require.Equal(s.t, points.Never, receipt.Dates[0].After)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := bannedShop(t)
			receive(s)
			m, err := s.Member(t.Context(), member)
			require.NoError(t, err)
			has := m.Balance("bean").Available
			require.Positive(t, has)
			require.Empty(t, m.Expiring)
			s.now = s.now.AddDate(3, 0, 0)
			require.Equal(t, has, s.balance().Available, "three years took nothing")
			s.verify()
		})
	}
}

func TestAJurisdictionThatTheProgramDoesNotListIsRefusedWithThoseThatItDoes(t *testing.T) {
	program := quebec()
	program.Jurisdictions = append(program.Jurisdictions, loyalty.Jurisdiction{Code: "DE"})
	s := openShop(t, program)
	const says = `jurisdiction: "CA-QX" is none that the program lists: "CA-QC", "DE"`
	_, err := s.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "CA-QX"})
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.ErrorContains(t, err, says)
	s.must(loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "DE"})
	_, err = s.Do(t.Context(), loyalty.SetJurisdiction{Member: "anna", Key: "moved", Jurisdiction: "CA-QX"})
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.ErrorContains(t, err, says)
	receipt := s.must(loyalty.Earn{Member: "anna", Key: "1001", Order: latte("1001")})
	require.Len(t, receipt.Awards, 3, "one that is listed without units has the program's own terms")

	s = openShop(t, beans(points.NeverExpire()))
	_, err = s.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll", Jurisdiction: "DE"})
	require.ErrorContains(t, err, "the program lists no jurisdictions")
}
