package loyalty

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// rewardCounter names a counter of a reward.
func rewardCounter(reward, what string) string {
	return storage.ReservedPrefix + "reward/" + reward + "/" + what
}

func stockKey(reward string) string { return rewardCounter(reward, "stock") }

// moment is an instant with the names of the periods that it is in.
type moment struct {
	at    time.Time
	zone  *time.Location
	known []namedPeriod
}

// namedPeriod is a period by a name that tells it from those of other lengths.
type namedPeriod struct {
	per  points.Period
	name string
	end  time.Time
}

func (m *moment) period(per points.Period) namedPeriod {
	for _, known := range m.known {
		if known.per == per {
			return known
		}
	}
	name, end := per.On(m.at, m.zone)
	m.known = append(m.known, namedPeriod{per: per, name: string(per) + "/" + name, end: end})
	return m.known[len(m.known)-1]
}

// shared is a bounded counter of a reward, spread over shards like a budget. How many
// are stored is the most that any revision spreads it over.
func shared(revisions []*revision, reward *rewards.Reward, key string, total int64, of func(*rewards.Reward) int64) budget {
	b := budget{key: key, total: total, shards: spread(reward.Shards, total)}
	b.stored = b.shards
	for _, r := range revisions {
		if other := r.reward(reward.Code); other != nil {
			b.stored = max(b.stored, spread(other.Shards, of(other)))
		}
	}
	return b
}

func spread(shards int, total int64) int {
	return int(max(1, min(int64(shards), total)))
}

// stockOf is the stock of a reward.
func stockOf(revisions []*revision, reward *rewards.Reward) budget {
	return shared(revisions, reward, stockKey(reward.Code), reward.Stock, func(r *rewards.Reward) int64 { return r.Stock })
}

// boundOf is a limit for all members, in the period of a moment.
func boundOf(revisions []*revision, reward *rewards.Reward, limit rewards.Limit, now *moment) budget {
	key := rewardCounter(reward.Code, now.period(limit.Per).name)
	return shared(revisions, reward, key, limit.Times, func(r *rewards.Reward) int64 {
		for _, other := range r.Limits {
			if other.All && other.Per == limit.Per {
				return other.Times
			}
		}
		return 0
	})
}

// sharedOf lists what is counted of a reward for all members at a moment: the stock, if
// there is one, and then the limits that are for all.
func sharedOf(revisions []*revision, reward *rewards.Reward, now *moment) []budget {
	var list []budget
	if reward.Stock > 0 {
		list = append(list, stockOf(revisions, reward))
	}
	for _, limit := range reward.Limits {
		if limit.All {
			list = append(list, boundOf(revisions, reward, limit, now))
		}
	}
	return list
}

// gone is how much is not to be had any more of the stock of a reward, or of a limit for
// all, by what is left of all that sharedOf listed.
func gone(reward *rewards.Reward, left []int64, limit *rewards.Limit) int64 {
	if reward.Stock > 0 {
		if limit == nil {
			return reward.Stock - left[0]
		}
		left = left[1:]
	}
	for i := range reward.Limits {
		if !reward.Limits[i].All {
			continue
		}
		if limit != nil && reward.Limits[i].Per == limit.Per {
			return limit.Times - left[0]
		}
		left = left[1:]
	}
	return 0
}

// shelf is what is counted for all members of each reward of a revision, on one day: no
// period is shorter.
type shelf struct {
	now   moment
	until time.Time
	lists [][]budget
	keys  []storage.CounterKey
}

// shelfAt returns the shelf of an instant, made once a day.
func (r *revision) shelfAt(revisions []*revision, at time.Time) *shelf {
	if s := r.shelf.Load(); s != nil && !at.Before(s.now.at) && at.Before(s.until) {
		return s
	}
	s := &shelf{now: moment{at: calendar.StartOfDay(at, r.zone), zone: r.zone}, until: calendar.EndOfDay(at, r.zone)}
	for _, per := range []points.Period{points.PerDay, points.PerWeek, points.PerMonth, points.PerQuarter, points.PerYear, points.Lifetime} {
		s.now.period(per)
	}
	for i := range r.Catalog {
		list := sharedOf(revisions, &r.Catalog[i], &s.now)
		for _, b := range list {
			s.keys = append(s.keys, b.counters()...)
		}
		s.lists = append(s.lists, list)
	}
	r.shelf.Store(s)
	return s
}

// takeShared takes from a counter that has enough, and says from which shards. Beginning
// at the member's own, a shard is passed over where another has all that is wanted;
// where some shard has more than its part, since another revision had more, all members
// take from the first that has any, so that no two count on the same rest.
func (tx *Tx) takeShared(state *budgetState, amount int64) ([]takenCounter, error) {
	if left := state.left(); left < amount {
		return nil, &LimitError{Key: state.key, Used: state.sum, Bound: state.total}
	}
	take := state.split(amount, state.home(tx.row.Member))
	var taken []takenCounter
	others := state.sum
	for shard, n := range take {
		if n == 0 {
			continue
		}
		bound := min(state.bound(shard), state.total-(others-state.used[shard]))
		others += n
		if err := tx.useShard(storage.CounterKey{Key: state.key, Shard: shard}, n, bound); err != nil {
			return nil, err
		}
		taken = append(taken, takenCounter{Key: state.key, Shard: shard, N: n})
	}
	return taken, nil
}

// The record of how often a member has redeemed rewards that have limits.
const (
	rewardUseKind = "reward-use"
	rewardUseID   = "rewards"
)

// rewardUse is its document: marks in order of reward and period.
type rewardUse struct {
	Marks []rewardMark `json:"m"`
}

// rewardMark is how often a reward was redeemed in a period, which ends at Until.
type rewardMark struct {
	Reward string    `json:"r"`
	Period string    `json:"p"`
	Times  int64     `json:"n"`
	Until  time.Time `json:"u"`
}

func (m rewardMark) compare(other rewardMark) int {
	return cmp.Or(cmp.Compare(m.Reward, other.Reward), cmp.Compare(m.Period, other.Period))
}

func (u rewardUse) times(reward, period string) int64 {
	i, found := slices.BinarySearchFunc(u.Marks, rewardMark{Reward: reward, Period: period}, rewardMark.compare)
	if !found {
		return 0
	}
	return u.Marks[i].Times
}

// add returns u with more times of a reward in a period, but never below none.
func (u rewardUse) add(mark rewardMark) rewardUse {
	i, found := slices.BinarySearchFunc(u.Marks, mark, rewardMark.compare)
	if !found {
		if mark.Times <= 0 {
			return u
		}
		return rewardUse{Marks: slices.Insert(slices.Clone(u.Marks), i, mark)}
	}
	u.Marks = slices.Clone(u.Marks)
	u.Marks[i].Times = max(0, u.Marks[i].Times+mark.Times)
	return u
}

// current returns u without what is over at an instant, or came to nothing.
func (u rewardUse) current(at time.Time) rewardUse {
	return rewardUse{Marks: slices.DeleteFunc(slices.Clone(u.Marks), func(m rewardMark) bool {
		return m.Times == 0 || !m.Until.After(at)
	})}
}

func (p *Party) rewardUse() (rewardUse, error) {
	row, exists, err := p.record(rewardUseKind, rewardUseID)
	if err != nil || !exists {
		return rewardUse{}, err
	}
	use, err := rewardUseOf(row)
	if err != nil {
		return use, p.tx.fail(err)
	}
	return use, nil
}

func rewardUseOf(row storage.Record) (rewardUse, error) {
	var use rewardUse
	if err := json.Unmarshal(row.Data, &use); err != nil {
		return use, fmt.Errorf("loyalty: record %s %q: %w", row.Kind, row.ID, err)
	}
	return use, nil
}

func (p *Party) putRewardUse(use rewardUse) error {
	data, err := canon.Append(nil, &use)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: rewardUseKind, ID: rewardUseID, Data: data})
}

// mark counts a redemption against the member's own limits and returns their periods.
func (p *Party) mark(reward *rewards.Reward, quantity int64) ([]string, error) {
	if !ownLimits(reward) {
		return nil, nil
	}
	use, err := p.rewardUse()
	if err != nil {
		return nil, err
	}
	use = use.current(p.tx.now)
	var marks []string
	now := moment{at: p.tx.now, zone: p.tx.rev.zone}
	for _, limit := range reward.Limits {
		if limit.All {
			continue
		}
		period := now.period(limit.Per)
		use = use.add(rewardMark{Reward: reward.Code, Period: period.name, Times: quantity, Until: period.end})
		marks = append(marks, period.name)
	}
	return marks, p.putRewardUse(use)
}

// unmark takes a redemption back from the member's own limits.
func (p *Party) unmark(reward string, periods []string, quantity int64) error {
	if len(periods) == 0 {
		return nil
	}
	before, err := p.rewardUse()
	if err != nil {
		return err
	}
	use := before
	for _, period := range periods {
		use = use.add(rewardMark{Reward: reward, Period: period, Times: -quantity})
	}
	return p.putRewardUse(use)
}

// moveRewardUse adds what a member used to what the survivor has.
func (p *Party) moveRewardUse(into *Party) error {
	theirs, err := p.rewardUse()
	if err != nil {
		return err
	}
	use, err := into.rewardUse()
	if err != nil {
		return err
	}
	for _, mark := range theirs.Marks {
		use = use.add(mark)
	}
	return into.putRewardUse(use.current(p.tx.now))
}

func ownLimits(reward *rewards.Reward) bool {
	return slices.ContainsFunc(reward.Limits, func(l rewards.Limit) bool { return !l.All })
}

// everOwnLimits reports whether some revision limits what a member redeems.
func everOwnLimits(revisions []*revision) bool {
	return slices.ContainsFunc(revisions, func(r *revision) bool { return r.ownLimits })
}

// indexCatalog makes the catalog ready to be looked up.
func (r *revision) indexCatalog() {
	r.rewards = make(map[string]*rewards.Reward, len(r.Catalog))
	for i := range r.Catalog {
		r.rewards[r.Catalog[i].Code] = &r.Catalog[i]
		r.ownLimits = r.ownLimits || ownLimits(&r.Catalog[i])
	}
}

// reward returns the reward of a code, or nil.
func (r *revision) reward(code string) *rewards.Reward { return r.rewards[code] }

// heldByRedemptions takes off what lots have on hold for reservations.
func heldByRedemption(row storage.Record, stored map[points.LotID]points.Lot, held map[points.LotID]points.Amount) error {
	if row.Status != string(rewards.Reserved) {
		return nil
	}
	state, err := redemptionOf(row)
	if err != nil {
		return err
	}
	for _, part := range state.Parts {
		held[heldIn(stored, part.Lot)] -= part.Amount - part.Back
	}
	return nil
}
