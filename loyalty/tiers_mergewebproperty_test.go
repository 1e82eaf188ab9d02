package loyalty_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// web is two shops at which four members live the same: in one they become one and part
// again as they are drawn, in the other nobody ever merges them, and what happens counts for
// who was the survivor then.
type web struct {
	t             *rapid.T
	merged, never *chain
	ladder        tiers.Ladder
	day, done     int
	// into tells of who was merged by whom they are had.
	into map[string]string
	// orders are those that can be refunded, by who has them in each shop.
	orders []webOrder
}

type webOrder struct{ id, named, counts string }

var webbed = []string{"anna", "bert", "carl", "dora"}

// survivor is who a member is one with now.
func (w *web) survivor(member string) string {
	for w.into[member] != "" {
		member = w.into[member]
	}
	return member
}

// apart reports whether a member is one with nobody.
func (w *web) apart(member string) bool {
	if w.into[member] != "" {
		return false
	}
	for _, into := range w.into {
		if into == member {
			return false
		}
	}
	return true
}

func (w *web) key() string {
	w.done++
	return fmt.Sprint("step ", w.done)
}

// buys lets a member buy or stay, today or some days ago.
func (w *web) buys() {
	member := rapid.SampledFrom(webbed).Draw(w.t, "member")
	key, survivor := w.key(), w.survivor(member)
	at := w.merged.now.AddDate(0, 0, -min(w.day, rapid.SampledFrom([]int{0, 0, 1, 20}).Draw(w.t, "days ago")))
	if rapid.Bool().Draw(w.t, "stays") {
		nights := rapid.IntRange(1, 5).Draw(w.t, "nights")
		w.merged.happenTo(member, key, happening{at: at, nights: int64(nights)})
		w.never.happenTo(survivor, key, happening{at: at, nights: int64(nights)})
		return
	}
	euros := rapid.Int64Range(1, 70).Draw(w.t, "euros")
	w.merged.happenTo(member, key, happening{at: at, euros: euros})
	w.never.happenTo(survivor, key, happening{at: at, euros: euros})
	w.orders = append(w.orders, webOrder{id: key, named: survivor, counts: survivor})
}

func (c *chain) happenTo(member, id string, h happening) {
	if h.nights > 0 {
		c.do(loyalty.Fact{Member: member, Key: id, Activity: "night", Amount: points.Amount(h.nights), OccurredAt: h.at})
		return
	}
	c.do(loyalty.Earn{Member: member, Key: id, Order: bought(id, h.euros), OccurredAt: h.at})
}

func (w *web) refunds() {
	if len(w.orders) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.orders)-1).Draw(w.t, "order")
	order, key := w.orders[i], w.key()
	w.orders = slices.Delete(w.orders, i, i+1)
	w.merged.do(loyalty.Refund{Member: order.named, Key: key, Order: order.id, Full: true})
	w.never.do(loyalty.Refund{Member: order.counts, Key: key, Order: order.id, Full: true})
}

func (w *web) merges() {
	var live []string
	for _, member := range webbed {
		if w.into[member] == "" {
			live = append(live, member)
		}
	}
	if len(live) < 2 {
		return
	}
	pair := rapid.Permutation(live).Draw(w.t, "become one")
	w.merged.becomeOne(w.ladder, loyalty.Merge{Member: pair[0], Key: w.key(), From: pair[1], UndoUntil: w.merged.start.AddDate(9, 0, 0)})
	w.into[pair[1]] = pair[0]
}

// parts takes somebody out whose survivor is one with nobody else.
func (w *web) parts() {
	var can []string
	for _, member := range webbed {
		if into := w.into[member]; into != "" && w.into[into] == "" {
			can = append(can, member)
		}
	}
	if len(can) == 0 {
		return
	}
	from := rapid.SampledFrom(can).Draw(w.t, "taken out")
	w.merged.do(loyalty.UnMerge{Member: w.into[from], Key: w.key(), From: from})
	delete(w.into, from)
}

func (w *web) passes(days int) {
	w.day += days
	w.merged.at(w.day, 12)
	w.never.at(w.day, 12)
}

// compare holds all who are one with nobody to what they are in the other shop.
func (w *web) compare() {
	for _, c := range []*chain{w.merged, w.never} {
		_, err := c.RunDue(w.t.Context(), nil)
		require.NoError(w.t, err)
	}
	for _, member := range webbed {
		if !w.apart(member) {
			continue
		}
		wantTier, wantDays, wantPoints := w.never.stands(member)
		tier, days, beans := w.merged.stands(member)
		require.Equal(w.t, wantTier, tier, "%s on day %d", member, w.day)
		require.Equal(w.t, wantDays, days, "%s on day %d", member, w.day)
		require.Equal(w.t, wantPoints, beans, "%s on day %d", member, w.day)
	}
}

// TestWhoeverPartsIsAsIfTheyHadNeverBeenMerged lets four members buy, have orders refunded,
// become one and part in any order, also more than once, and holds whoever is one with nobody
// to somebody who never was.
func TestWhoeverPartsIsAsIfTheyHadNeverBeenMerged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2027, 1, 31, 0, 30, 0, 0, time.UTC)
		ladder := drawRungs(t)
		w := &web{t: t, ladder: ladder, into: map[string]string{}}
		for _, shop := range []**chain{&w.merged, &w.never} {
			*shop = &chain{stay: openStay(t, ladder, start), start: start}
			for _, member := range webbed[1:] {
				(*shop).do(loyalty.Enroll{Member: member, Key: "enroll"})
			}
		}
		steps := map[string]func(){"buys": w.buys, "refunds": w.refunds, "merges": w.merges, "parts": w.parts}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			w.passes(rapid.SampledFrom([]int{0, 0, 1, 7, 30}).Draw(t, "days"))
			steps[rapid.SampledFrom([]string{"buys", "buys", "buys", "buys", "refunds", "merges", "merges", "parts"}).Draw(t, "step")]()
		}
		for len(w.into) > 0 {
			w.passes(rapid.SampledFrom([]int{0, 7}).Draw(t, "days"))
			w.parts()
			w.compare()
		}
		for _, days := range []int{1, 40, 120, 380} {
			w.passes(days)
			w.compare()
		}
		w.merged.settles(w.day)
	})
}
