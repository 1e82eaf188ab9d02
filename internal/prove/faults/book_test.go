package faults

import (
	"crypto/sha256"
	"encoding/json"
	"sync"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// book is the account book of the callers. It is in the memory of the test, which
// nobody kills, and knows nothing of the database but what callers were told.
type book struct {
	mu    sync.Mutex
	lines map[string]*line
	// answered counts the lines that were acknowledged, and marks are told when it
	// reaches them.
	answered int
	marks    []mark
	// enrolled are the members whose enrollment was acknowledged.
	enrolled []string
	// ended is set when the load cannot go on: every mark counts as reached.
	ended bool
	// failed are the callers who were told of a failure.
	failed *roll[string]
	// unknown counts calls whose outcome nobody could tell, and found those that
	// turned out to have been stored.
	unknown, found int
}

type mark struct {
	at      int
	reached chan struct{}
}

// line is one thing that a caller wants, such as a spend, however often it was sent.
type line struct {
	member, to string
	refused    bool
	answered   bool
	receipt    [sha256.Size]byte
	// net is what the receipt says that the members have more, or less, of.
	net, toNet points.Amount
}

func newBook() *book { return &book{lines: map[string]*line{}} }

// at returns a channel that is closed once so many lines are acknowledged.
func (b *book) at(answered int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := mark{at: answered, reached: make(chan struct{})}
	b.marks = append(b.marks, m)
	b.tell()
	return m.reached
}

func (b *book) tell() {
	rest := b.marks[:0]
	for _, m := range b.marks {
		if b.answered < m.at && !b.ended {
			rest = append(rest, m)
			continue
		}
		close(m.reached)
	}
	b.marks = rest
}

// ends tells all marks that nothing more is to be waited for.
func (b *book) ends() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	b.tell()
}

// hasEnded reports that nothing more is to be waited for.
func (b *book) hasEnded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// whenAllFailed returns a channel that is closed once so many callers have each been told,
// from now on, that a call has failed.
func (b *book) whenAllFailed(callers int) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed = newRoll[string](callers)
	return b.failed.all
}

// fails takes down that a caller was told that its call has failed.
func (b *book) fails(caller string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed.call(caller)
}

// roll is called until all have answered, which closes all. A nil one nobody waits for.
type roll[K comparable] struct {
	answered map[K]bool
	missing  int
	all      chan struct{}
}

func newRoll[K comparable](members int) *roll[K] {
	return &roll[K]{answered: map[K]bool{}, missing: members, all: make(chan struct{})}
}

func (r *roll[K]) call(member K) {
	if r == nil || r.missing == 0 || r.answered[member] {
		return
	}
	r.answered[member] = true
	if r.missing--; r.missing == 0 {
		close(r.all)
	}
}

// sends takes down what is about to be sent.
func (b *book) sends(id, member, to string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[id] = &line{member: member, to: to}
}

// doubts takes down that nobody could tell what became of a call.
func (b *book) doubts() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unknown++
}

// acknowledges takes down a receipt.
func (b *book) acknowledges(id string, receipt loyalty.Receipt) error {
	digest, err := digest(receipt)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[id]
	l.answered, l.receipt = true, digest
	for _, move := range receipt.Moves {
		if move.From.Member() {
			l.net -= move.Amount
		}
		if move.To.Member() {
			l.net += move.Amount
		}
	}
	if l.to != "" {
		l.toNet = -l.net
	}
	if receipt.Replayed {
		b.found++
	}
	b.answered++
	b.tell()
	return nil
}

// refuses takes down that a call will never be stored.
func (b *book) refuses(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines[id].refused = true
}

// digest is of all that a receipt says, but for how often it was asked for.
func digest(receipt loyalty.Receipt) ([sha256.Size]byte, error) {
	receipt.Replayed = false
	text, err := json.Marshal(receipt)
	return sha256.Sum256(text), err
}
