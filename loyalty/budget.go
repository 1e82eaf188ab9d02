package loyalty

import (
	"fmt"
	"hash/fnv"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// A budget of a rule is spread over shards, so that no row is written by every
// award. Each shard has its part of the whole as its bound, which the commit
// enforces, so that a budget is never exceeded. An award takes from the shard that
// its member hashes to; where that has too little, from the next that has enough;
// and where none has, from one after the other. All shards come with the one load
// of a command, so that the last points are found in whatever shard they are: an
// award is cut only where all shards together had too little when they were read.
const (
	maxBudgetShards = 16
	// budgetShard is what a budget has at least for each shard it is spread over.
	budgetShard = 1024
)

// budget is a rule's budget in the period of an instant.
type budget struct {
	key   string
	total int64
	// shards is how many the total is spread over, stored how many there may be
	// from other revisions of the rule.
	shards int
	stored int
}

func shardsOf(total int64) int {
	return int(min(max(total/budgetShard, 1), maxBudgetShards))
}

// budgetOf returns a budget as of an instant. It goes by rule code, kind and period,
// so that a new revision keeps what was used.
func budgetOf(revisions []*revision, rev *revision, rule string, bound points.Cap, at time.Time) budget {
	kind := "points"
	if bound.Times > 0 {
		kind = "times"
	}
	period, _ := bound.Per.On(at, rev.zone)
	b := budget{
		key:   storage.ReservedPrefix + "budget/" + rule + "/" + kind + "/" + period,
		total: bound.Most(), shards: shardsOf(bound.Most()),
	}
	b.stored = b.shards
	for _, r := range revisions {
		other := r.rule(rule)
		if other == nil {
			continue
		}
		for _, was := range other.Budgets {
			if was.Per == bound.Per && (was.Times > 0) == (bound.Times > 0) {
				b.stored = max(b.stored, shardsOf(was.Most()))
			}
		}
	}
	return b
}

func (b budget) counters() []storage.CounterKey {
	keys := make([]storage.CounterKey, b.stored)
	for i := range keys {
		keys[i] = storage.CounterKey{Key: b.key, Shard: i}
	}
	return keys
}

// bound is the part of the total that a shard may give.
func (b budget) bound(shard int) int64 {
	if shard >= b.shards {
		return 0
	}
	n := int64(b.shards)
	part := b.total / n
	if int64(shard) < b.total%n {
		part++
	}
	return part
}

// budgetState is a budget with what each shard has used.
type budgetState struct {
	budget
	used []int64
	sum  int64
}

// budget reads what is used of a budget, by what was loaded and what this command
// and those before it in the round have used.
func (tx *Tx) budget(b budget) (budgetState, error) {
	state := budgetState{budget: b, used: make([]int64, b.stored)}
	keys := b.counters()
	if err := tx.knowCounters(keys); err != nil {
		return state, err
	}
	for i, key := range keys {
		state.used[i] = tx.deciding.counter(key).used
		if at := tx.counterAt(key); at >= 0 {
			state.used[i] += tx.counters[at].Delta
		}
		state.sum += state.used[i]
	}
	return state, nil
}

// room is how much a shard can still give. Where a revision has lowered the total,
// shards may have used more than their part, and the others give that much less.
func (s *budgetState) room(shard int) int64 {
	return max(0, min(s.bound(shard)-s.used[shard], s.total-s.sum))
}

// left is how much all shards can still give.
func (s *budgetState) left() int64 {
	var left int64
	for i := range s.used {
		left += max(0, s.bound(i)-s.used[i])
	}
	return max(0, min(left, s.total-s.sum))
}

// over reports whether a shard has given more than its part, since another revision
// had more. The others then give that much less together: all members take from the
// first that has any, so that no two count on the same rest.
func (s *budgetState) over() bool {
	for i := range s.used {
		if s.used[i] > s.bound(i) {
			return true
		}
	}
	return false
}

// split says how much to take from each shard, beginning at the member's own.
func (s *budgetState) split(amount int64, home int) []int64 {
	take := make([]int64, len(s.used))
	over := s.over()
	if over {
		home = 0
	}
	for i := range s.shards {
		if shard := (home + i) % s.shards; !over && s.room(shard) >= amount {
			take[shard] = amount
			return take
		}
	}
	for i := range s.shards {
		shard := (home + i) % s.shards
		take[shard] = min(amount, max(0, s.bound(shard)-s.used[shard]))
		amount -= take[shard]
	}
	return take
}

// home is the shard that a member's awards begin at.
func (s *budgetState) home(member string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(member)) // a hash never fails to write
	return int(h.Sum32() % uint32(s.shards))
}

// budgetLeft is what tells an evaluation how much is left of a budget.
func (tx *Tx) budgetLeft(rev *revision) func(string, points.Cap) (int64, error) {
	return func(rule string, bound points.Cap) (int64, error) {
		state, err := tx.budget(budgetOf(tx.deciding.engine.revisions, rev, rule, bound, tx.occurred))
		return state.left(), err
	}
}

// awaitBudgets lets a command be decided by itself that a budget has cut because of
// others that are not stored yet: if one of them fails, the budget has more.
func (e *earning) awaitBudgets(uses []points.Use) error {
	for i := range uses {
		for _, cut := range uses[i].Cuts {
			if !cut.Budget {
				continue
			}
			for _, key := range budgetOf(e.tx.deciding.engine.revisions, e.rev, uses[i].Rule, cut.Cap, e.tx.occurred).counters() {
				e.tx.awaits(e.tx.deciding.counter(key).by)
			}
		}
	}
	return e.tx.failed
}

// spendBudgets takes what a rule gave out of its budgets.
func (e *earning) spendBudgets(use *points.Use) error {
	rule := e.rev.rule(use.Rule)
	if rule == nil || use.Times == 0 {
		return nil
	}
	for _, bound := range rule.Budgets {
		amount := int64(use.Points)
		if bound.Times > 0 {
			amount = use.Times
		}
		state, err := e.tx.budget(budgetOf(e.tx.deciding.engine.revisions, e.rev, use.Rule, bound, e.tx.occurred))
		if err != nil {
			return err
		}
		if err := e.tx.useBudget(&state, amount); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) useBudget(state *budgetState, amount int64) error {
	if left := state.left(); left < amount {
		return tx.fail(fmt.Errorf("loyalty: budget %q: %d left, %d used", state.key[1:], left, amount))
	}
	others := state.sum
	for shard, take := range state.split(amount, state.home(tx.row.Member)) {
		if take == 0 {
			continue
		}
		bound := min(state.bound(shard), state.total-(others-state.used[shard]))
		others += take
		tx.counters = append(tx.counters, storage.CounterChange{
			CounterKey: storage.CounterKey{Key: state.key, Shard: shard}, Delta: take, Bound: bound,
		})
	}
	return nil
}

// knowCounters reads counters that the plan did not name. In a group it makes the
// command leave and run alone.
func (tx *Tx) knowCounters(keys []storage.CounterKey) error {
	d := tx.deciding
	var missing []storage.CounterKey
	for _, key := range keys {
		if !d.counters[key].loaded {
			missing = append(missing, key)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if !d.alone {
		d.wantsAlone = true
		return tx.fail(errAlone)
	}
	request := storage.LoadRequest{Program: tx.row.Program, Member: tx.row.Member, Counters: missing}
	snaps, err := d.load(d.ctx, []storage.LoadRequest{request})
	if err != nil {
		return tx.fail(err)
	}
	d.engine.observer.UndeclaredRead(tx.call.typ)
	d.learnShared(request, &snaps[0])
	return nil
}
