package rewards

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
)

// Taste is what is known of a member for [Recommend].
type Taste struct {
	// Consent is set where the member has agreed that what they bought and redeemed is
	// used to recommend rewards. Without it nothing is recommended.
	Consent bool
	// Bought counts what the member bought, by category; any measure that is not
	// negative will do, since only its proportions count.
	Bought map[string]int64
	// Redeemed counts what the member redeemed, by the code of the reward.
	Redeemed map[string]int64
}

// Recommendation is a reward that a member may like, and why.
type Recommendation struct {
	Reward string `json:"reward"`
	// Score is what it is ranked by, 0 to 4000: twice the affinity by what was bought,
	// once that by what was redeemed, and once the reach.
	Score int64 `json:"score"`
	// Bought and Redeemed are the affinities, 0 to 1000: which part of what the member
	// bought, or redeemed, is of the reward's best category, Category and Like.
	Bought   int64  `json:"bought"`
	Category string `json:"category,omitempty"`
	Redeemed int64  `json:"redeemed"`
	Like     string `json:"like,omitempty"`
	// Reach is 1000 for what the member can redeem now, and otherwise which part of the
	// points the member has; Missing of Unit are missing.
	Reach   int64         `json:"reach"`
	Unit    string        `json:"unit,omitempty"`
	Missing points.Amount `json:"missing,omitempty"`
}

// String says why the reward is recommended.
func (r Recommendation) String() string {
	var because []string
	if r.Bought > 0 {
		because = append(because, fmt.Sprintf("%d %% of what was bought is %s", r.Bought/10, r.Category))
	}
	if r.Redeemed > 0 {
		because = append(because, fmt.Sprintf("%d %% of what was redeemed is %s", r.Redeemed/10, r.Like))
	}
	if r.Missing > 0 {
		because = append(because, fmt.Sprintf("only %d %s are missing", r.Missing, r.Unit))
	} else {
		because = append(because, "it can be redeemed now")
	}
	return r.Reward + ": " + strings.Join(because, ", ")
}

// Recommend ranks the rewards of a catalog that a member can redeem now, or for which
// nothing but at most half of the points is missing: at most so many, the best first,
// and of equals by code. Offers are what [Evaluate] answered for the member. It is a
// pure function: the same input gives the same ranking, whatever its order.
func Recommend(catalog Catalog, offers []Offer, taste Taste, most int) []Recommendation {
	if !taste.Consent || most <= 0 {
		return nil
	}
	liked := taste.liked(catalog)
	var list []Recommendation
	for i := range offers {
		reward, known := catalog.Reward(offers[i].Reward)
		if !known {
			continue
		}
		r := Recommendation{Reward: reward.Code}
		if !r.reach(&offers[i]) {
			continue
		}
		r.Bought, r.Category = affinity(reward.Categories, taste.Bought)
		r.Redeemed, r.Like = affinity(reward.Categories, liked)
		r.Score = 2*r.Bought + r.Redeemed + r.Reach
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Recommendation) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Reward, b.Reward))
	})
	return list[:min(most, len(list))]
}

// liked counts redemptions by category.
func (t *Taste) liked(catalog Catalog) map[string]int64 {
	liked := map[string]int64{}
	for i := range catalog {
		for _, category := range catalog[i].Categories {
			liked[category] += min(max(0, t.Redeemed[catalog[i].Code]), maxCount)
		}
	}
	return liked
}

// reach sets how far the member is, and reports whether that is near enough.
func (r *Recommendation) reach(offer *Offer) bool {
	if offer.Redeemable {
		r.Reach = 1000
		return true
	}
	for _, reason := range offer.Reasons {
		if reason.Why != TooFewPoints || reason.Missing > reason.Needed-reason.Missing {
			if reason.Why != TooFewPoints {
				return false
			}
			continue
		}
		if part := permille(int64(reason.Needed-reason.Missing), int64(reason.Needed)); part > r.Reach {
			r.Reach, r.Unit, r.Missing = part, reason.Unit, reason.Missing
		}
	}
	return r.Reach > 0
}

// affinity is the largest part, in thousandths, that one of the categories has of all
// that was counted, and which.
func affinity(categories []string, counts map[string]int64) (int64, string) {
	var all, best int64
	for _, n := range counts {
		all += min(max(0, n), maxCount)
	}
	found := ""
	for _, category := range categories {
		n := min(max(0, counts[category]), maxCount)
		if n > best || n == best && n > 0 && category < found {
			best, found = n, category
		}
	}
	if all == 0 {
		return 0, ""
	}
	return permille(best, all), found
}

// permille is 1000 × part ÷ whole, rounded down, of a part that is not above the whole.
func permille(part, whole int64) int64 {
	hi, lo := bits.Mul64(uint64(part), 1000)
	thousandths, _ := bits.Div64(hi, lo, uint64(whole))
	return int64(thousandths)
}
