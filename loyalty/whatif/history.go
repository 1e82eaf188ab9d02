package whatif

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Event is a command, and the instant at which it was recorded.
type Event struct {
	At      time.Time
	Command loyalty.Command
	// expired says what a Reinstate of a recorded history brought back.
	expired []expired
}

// LostError is an operation whose command can no longer be read: it was pruned, its member
// was erased, or no feature of the engine has its type, which is a
// [loyalty.ErrUnknownCommand]. Compare counts it and goes on.
type LostError struct {
	Member  string
	Version int64
	Type    string
	Err     error
}

// Error says which operation it is.
func (e *LostError) Error() string {
	return fmt.Sprintf("whatif: %s of %s, version %d, cannot be lived again: %v", e.Type, loyalty.AccountName(e.Member), e.Version, e.Err)
}

// Unwrap returns the reason.
func (e *LostError) Unwrap() error { return e.Err }

// readAhead bounds the operations that History holds at once, besides one for each
// account.
const readAhead = 1 << 16

// History iterates over the commands that a store holds of an engine's program, in
// order of the time at which they were recorded, then of member; what time did by
// itself is not among them. Those of a feature's house accounts, such as sessions and
// raffles, are. It yields a [LostError] for each command that can no longer be read, and
// ends after any other error.
//
// It holds one operation for each account, at least, and reads each once.
func History(ctx context.Context, engine *loyalty.Engine, store storage.Store) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		h := &history{ctx: ctx, engine: engine, store: store, program: engine.Program(points.Never).ID}
		if err := h.open(); err != nil {
			yield(Event{}, err)
			return
		}
		for {
			op, err := h.next()
			if err != nil {
				yield(Event{}, err)
				return
			}
			if op == nil {
				return
			}
			switch event, known, err := h.asEvent(op); {
			case err != nil && !yield(Event{At: op.RecordedAt}, err):
				return
			case known && !yield(event, nil):
				return
			}
		}
	}
}

// asEvent reads the command of an operation, if a caller asked for it. Those of who is erased
// are lost before they are scrubbed.
func (h *history) asEvent(op *storage.Operation) (Event, bool, error) {
	own := len(op.Key) > 0 && op.Key[0] == storage.ReservedPrefix[0]
	gone := op.Key == storage.ScrubbedKey(op.Version) || op.Key == storage.FreedKey(op.Version)
	if own && len(op.Command) == 0 && (!gone || op.Type == "settle") {
		return Event{}, false, nil
	}
	command, err := h.engine.Decode(*op)
	if h.erased[op.Member] {
		err = loyalty.ErrErased
	}
	if err != nil {
		return Event{}, false, &LostError{Member: op.Member, Version: op.Version, Type: op.Type, Err: err}
	}
	event := Event{At: op.RecordedAt, Command: command}
	if back, ok := command.(loyalty.Reinstate); ok {
		event.expired, err = h.expired(op.Member, back)
	}
	return event, true, err
}

// history merges the operations of all accounts.
type history struct {
	ctx     context.Context //nolint:containedctx // it lives as long as one iteration
	engine  *loyalty.Engine
	store   storage.Store
	program string
	page    int
	// erased holds who was erased when the history was opened, scrubbed or not.
	erased map[string]bool
	heads  heads
	// blocked holds accounts whose next operation is one side of a command that has
	// several, while not all of them have come to it. All are of one instant.
	blocked []*head
	// told holds what was yielded of the instant at.
	told map[string]struct{}
	at   time.Time
}

// head is where the reading of an account is.
type head struct {
	member string
	next   int64
	last   int64
	page   []storage.Operation
	// free is set for one that need not wait for another account.
	free bool
}

func (h *head) op() *storage.Operation { return &h.page[0] }

type heads []*head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	return cmp.Or(h[i].op().RecordedAt.Compare(h[j].op().RecordedAt), cmp.Compare(h[i].member, h[j].member)) < 0
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

func (h *history) open() error {
	var all []*head
	for account, err := range storage.AllAccounts(h.ctx, h.store, storage.AccountQuery{Program: h.program, Limit: 1000}) {
		if err != nil {
			return fmt.Errorf("whatif: accounts: %w", err)
		}
		if _, session := loyalty.HouseOf(account.Member); session || account.Kind != storage.House {
			all = append(all, &head{member: account.Member, next: 1, last: account.Version})
		}
	}
	members := make([]string, len(all))
	for i, head := range all {
		members[i] = head.member
	}
	var err error
	if h.erased, err = loyalty.ErasedAmong(h.ctx, h.store, h.program, members); err != nil {
		return fmt.Errorf("whatif: accounts: %w", err)
	}
	h.page = min(max(readAhead/max(len(all), 1), 1), 200)
	for _, head := range all {
		if err := h.put(head); err != nil {
			return err
		}
	}
	return nil
}

// put reads on in an account, if there is more of it.
func (h *history) put(head *head) error {
	if len(head.page) == 0 {
		if head.next > head.last {
			return nil
		}
		query := storage.MemberQuery{Program: h.program, Member: head.member, From: head.next, Limit: h.page}
		page, err := h.store.Operations(h.ctx, query)
		if err != nil {
			return fmt.Errorf("whatif: operations of %s: %w", loyalty.AccountName(head.member), err)
		}
		if len(page.Items) == 0 {
			return nil
		}
		head.page = page.Items
		head.next = page.Items[len(page.Items)-1].Version + 1
	}
	heap.Push(&h.heads, head)
	return nil
}

// next returns the next operation of all, nil at the end. A command that changes
// several accounts comes when all of them have come to it.
func (h *history) next() (*storage.Operation, error) {
	for h.heads.Len() > 0 || len(h.blocked) > 0 {
		if h.heads.Len() == 0 || len(h.blocked) > 0 && h.heads[0].op().RecordedAt.After(h.at) {
			// The other side is not there: its account is gone, or not a member's.
			h.free(h.blocked[0])
		}
		head := heap.Pop(&h.heads).(*head)
		op := head.op()
		if !op.RecordedAt.Equal(h.at) {
			h.at, h.told = op.RecordedAt, map[string]struct{}{}
		}
		if !head.free && !h.may(op) {
			h.blocked = append(h.blocked, head)
			h.meet(string(op.Fingerprint))
			continue
		}
		row := *op
		head.page, head.free = head.page[1:], false
		if err := h.put(head); err != nil {
			return nil, err
		}
		if len(row.Command) > 0 {
			h.told[string(row.Fingerprint)] = struct{}{}
			for _, other := range h.waiting(string(row.Fingerprint)) {
				h.free(other)
			}
		}
		return &row, nil
	}
	return nil, nil
}

// may reports whether an operation can be told: the side of a command that another
// account has, after it; the command itself, when the others have come to it.
func (h *history) may(op *storage.Operation) bool {
	if len(op.Fingerprint) == 0 {
		return true
	}
	if len(op.Command) == 0 {
		_, told := h.told[string(op.Fingerprint)]
		return told
	}
	return len(h.waiting(string(op.Fingerprint))) >= h.others(op)
}

// others is how many further accounts a command changed.
func (h *history) others(op *storage.Operation) int {
	command, err := h.engine.Decode(*op)
	if err != nil {
		return 0
	}
	plan := command.Plan()
	further := len(plan.Others) + len(plan.Houses)
	if plan.Member == "" {
		further--
	}
	return further
}

// waiting lists the accounts that wait for a command.
func (h *history) waiting(fingerprint string) []*head {
	var sides []*head
	for _, head := range h.blocked {
		if op := head.op(); string(op.Fingerprint) == fingerprint && len(op.Command) == 0 {
			sides = append(sides, head)
		}
	}
	return sides
}

// meet frees a command that waits for accounts which have all come now.
func (h *history) meet(fingerprint string) {
	for _, head := range h.blocked {
		if op := head.op(); string(op.Fingerprint) == fingerprint && len(op.Command) > 0 && h.may(op) {
			h.free(head)
			return
		}
	}
}

// free lets an account go on.
func (h *history) free(head *head) {
	i := slices.Index(h.blocked, head)
	h.blocked = slices.Delete(h.blocked, i, i+1)
	head.free = true
	heap.Push(&h.heads, head)
}
