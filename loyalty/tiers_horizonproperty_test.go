package loyalty_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// stamps adds a ladder that nobody climbs, over stamps that change nothing else, and a
// horizon of 30 days.
func stamps(p *loyalty.Program) {
	p.Horizon = points.Span{N: 30, Unit: points.Days}
	p.Units = append(p.Units, points.Unit{Code: "stamp", Kind: points.Metric})
	p.Ladders = append(p.Ladders, tiers.Ladder{
		Code: "stamps", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld, Tiers: []tiers.Tier{{Code: "fan", Enter: of("stamp", 1_000_000)}},
	})
}

func TestAFactOfLongAgoTellsFromTheHorizonOnAlsoOfSomebodyWhoDidNothingSince(t *testing.T) {
	for name, busy := range map[string]bool{"who did nothing since": false, "who came every day": true} {
		t.Run(name, func(t *testing.T) {
			s := openShop(t, regulars(stamps))
			s.now = time.Date(2027, time.January, 1, 12, 0, 0, 0, time.UTC)
			s.must(loyalty.Enroll{Member: "anna", Key: "enroll"})
			for day := range 200 {
				s.now = s.now.AddDate(0, 0, 1)
				if busy {
					s.must(loyalty.Fact{Member: "anna", Key: fmt.Sprint("stamp ", day), Activity: "stamp", Amount: 1})
				}
			}
			told := s.now
			r := s.must(loyalty.Fact{Member: "anna", Key: "old", Activity: "spend", Amount: 100, OccurredAt: told.AddDate(0, 0, -120)})
			require.Len(t, r.Aged, 1, "the receipt says that it is older than the horizon")
			require.Len(t, r.Tiers, 1)
			require.Equal(t, "silver", r.Tiers[0].To, "it counts in the year")
			for _, days := range []int{0, 20, 60, 100} {
				s.now = told.AddDate(0, 0, days)
				m, err := s.Member(t.Context(), "anna")
				require.NoError(t, err)
				require.Equal(t, "2027-06-19T22:00:00Z", m.Tier("status").Since.Format(time.RFC3339), "30 days before it was told, %d days later", days)
				s.must(loyalty.Earn{Member: "anna", Key: fmt.Sprint(days), Order: bought(fmt.Sprint(days), 1)})
			}
			s.verify()
		})
	}
}

// toldLast is what was last told of the member's status.
func (s *stay) toldLast() (last loyalty.TierChange) {
	page, err := s.store.Events(s.t.Context(), storage.EventQuery{Program: "beans", Bucket: storage.Bucket("anna"), Limit: 2000})
	require.NoError(s.t, err)
	for _, e := range page.Items {
		var data struct {
			Changes []loyalty.TierChange `json:"changes"`
		}
		require.NoError(s.t, json.Unmarshal(e.Data, &data))
		for _, c := range data.Changes {
			if c.Ladder == "status" {
				last = c
			}
		}
	}
	return last
}

// TestLateFactsDecideTheSameWhateverElseAMemberDid lets two members live the same, much of
// it told long after a short horizon, of whom one also collects stamps that count for
// nothing: they stand the same, and as was last told.
func TestLateFactsDecideTheSameWhateverElseAMemberDid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, start := drawPlace(t)
		ladder := drawRungs(t)
		there := func(p *loyalty.Program) {
			p.Zone = zone.String()
			stamps(p)
		}
		quiet, busy := openStay(t, ladder, start, there), openStay(t, ladder, start, there)
		list := map[int]happening{}
		for i, h := range drawHappenings(t, start) {
			told := int(h.at.Sub(start).Hours()/24) + rapid.SampledFrom([]int{0, 20, 29, 30, 31, 60, 150}).Draw(t, "told after")
			h.id = fmt.Sprint("h", i)
			list[told] = h
		}
		back := map[int]happening{}
		for told, h := range list {
			if h.refunded > 0 {
				back[told+h.refunded] = h
			}
		}
		often := rapid.IntRange(1, 20).Draw(t, "a stamp every so many days")
		for day := range 580 {
			for _, s := range []*stay{quiet, busy} {
				s.now = start.AddDate(0, 0, day+1)
				if s == busy && day%often == 0 {
					s.do(loyalty.Fact{Member: "anna", Key: fmt.Sprint("stamp ", day), Activity: "stamp", Amount: 1})
				}
				if h, here := list[day]; here {
					s.happen(h)
				}
				if h, here := back[day]; here {
					s.takeBack(h, s.now)
				}
			}
			if day%50 > 0 {
				continue
			}
			one, _, _ := quiet.standing(quiet.now)
			other, _, _ := busy.standing(busy.now)
			require.Equal(t, one[0], other[0], "day %d", day)
			told := quiet.toldLast()
			require.Equal(t, told.To, one[0].Tier)
			if one[0].Tier != "" {
				require.Equal(t, told.Since, one[0].Since)
				require.Equal(t, told.Until, one[0].Until)
			}
		}
	})
}
