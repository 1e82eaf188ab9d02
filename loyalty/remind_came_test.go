package loyalty_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Whoever had nothing to be reminded of gets points, dated earlier, of which a lead has passed.
func TestNobodyIsRemindedOfALeadThatPassedBeforePointsCame(t *testing.T) {
	for name, brings := range map[string]func(s *shop){
		"by an import": func(s *shop) {
			s.must(loyalty.Import{
				Member: "anna", Key: "import", Unit: "bean", Points: 5, EarnedAt: day(2027, 1, 2), AvailableFrom: day(2027, 1, 2),
				ExpiresAt: day(2027, 6, 20),
			})
		},
		"by a merge": func(s *shop) {
			s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "ben"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, reminded())
			for _, id := range []string{"anna", "ben"} {
				s.must(loyalty.Enroll{Member: id, Key: "enroll"})
			}
			s.must(loyalty.Adjust{Member: "anna", Key: "a", Unit: "bean", Points: 8, ExpiresAt: points.Never, Reason: "gift", Actor: "ada"})
			s.must(loyalty.Adjust{Member: "ben", Key: "b", Unit: "bean", Points: 5, ExpiresAt: day(2027, 6, 20), Reason: "gift", Actor: "ada"})
			s.now = day(2027, 6, 1)
			s.runDue()
			ben := s.told()
			require.Equal(t, []string{"5 bean at 2027-06-20 12:00, 1 months ahead"}, ben)
			brings(s)
			s.runDue()
			require.Equal(t, ben, s.told())
			s.now = day(2027, 6, 14)
			s.runDue()
			require.Contains(t, s.told(), "5 bean at 2027-06-20 12:00, 1 weeks ahead")
			s.verify()
		})
	}
}
