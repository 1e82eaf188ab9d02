package faults

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
)

// receiptSum is the digest of a receipt, or, word by word, the sum of several.
type receiptSum [4]uint64

func sumOf(receipt loyalty.Receipt) (sum receiptSum, err error) {
	bytes, err := digest(receipt)
	for i := range sum {
		sum[i] = binary.BigEndian.Uint64(bytes[8*i:])
	}
	return sum, err
}

func (s *receiptSum) add(other receiptSum) {
	for i := range s {
		s[i] += other[i]
	}
}

// page is what the book has of a member. It takes as much room whatever happens.
type page struct {
	// done counts what was acknowledged, and receipts sums it up.
	done     int
	receipts receiptSum
	// received counts transfers from others.
	received int
	// net is how many points all that brought.
	net points.Amount
}

// movement is what a sum of entries is of.
type movement struct {
	unit     string
	kind     points.EntryKind
	from, to points.Bucket
}

// totals are sums of entries.
type totals map[movement]points.Amount

// soakBook is the account book that is kept outside: by what callers were told alone.
type soakBook struct {
	mu    sync.Mutex
	pages []page
	// sums has what is recorded up to cut, and later what is recorded after it, where there
	// is one.
	sums, later totals
	cut         time.Time
	// seats counts those of sessions, by what was said of them.
	seats map[string]int64
	// kinds counts what was acknowledged by commands.
	kinds map[string]int

	refused, failed, differences int
	// first describes the first failures and the first differences of each kind, which said
	// counts.
	first []string
	said  map[string]int
}

func newSoakBook(members int) *soakBook {
	return &soakBook{pages: make([]page, members), sums: totals{}, later: totals{}, seats: map[string]int64{}, kinds: map[string]int{}, said: map[string]int{}}
}

// acknowledges takes down a receipt of a member, and of another whom it concerns.
func (b *soakBook) acknowledges(receipt loyalty.Receipt, from, to int) (receiptSum, error) {
	sum, err := sumOf(receipt)
	if err != nil {
		return sum, err
	}
	var seat *booking.Booking
	if receipt.Command == (booking.Book{}).CommandType() {
		s, err := booking.Of(receipt)
		if err != nil {
			return sum, err
		}
		seat = &s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kinds[receipt.Command]++
	p := &b.pages[from]
	p.done++
	p.receipts.add(sum)
	sums := b.sums
	if !b.cut.IsZero() && receipt.RecordedAt.After(b.cut) {
		sums = b.later
	}
	for _, move := range receipt.Moves {
		sums[movement{move.Unit, move.Kind, move.From, move.To}] += move.Amount
		p.net += netOf(move.Unit, move.From, move.To, move.Amount)
		if to != nobody && move.Kind == points.EntryTransferOut {
			b.pages[to].received++
			b.pages[to].net += move.Amount
			sums[movement{move.Unit, points.EntryTransferIn, points.Transferred, points.Available}] += move.Amount
		}
	}
	if seat != nil {
		b.seats[receipt.Reference] += seat.Party
	}
	return sum, nil
}

// netOf is what a member has more of points by an entry.
func netOf(unit string, from, to points.Bucket, amount points.Amount) (net points.Amount) {
	if unit != "point" {
		return 0
	}
	if from.Member() {
		net -= amount
	}
	if to.Member() {
		net += amount
	}
	return net
}

// cutsAt tells what is recorded up to an instant from what is recorded later.
func (b *soakBook) cutsAt(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = at
}

// joins ends a cut, and returns the sums up to it.
func (b *soakBook) joins() totals {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := maps.Clone(b.sums)
	for what, amount := range b.later {
		b.sums[what] += amount
	}
	clear(b.later)
	b.cut = time.Time{}
	return before
}

func (b *soakBook) page(member int) page {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.pages[member]
}

// takesSeats returns how many seats of a session were acknowledged, and forgets it.
func (b *soakBook) takesSeats(session string) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer delete(b.seats, session)
	return b.seats[session]
}

func (b *soakBook) turnsDown() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused++
}

// fails takes down a call that ended in an error which nothing explains.
func (b *soakBook) fails(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed++; b.failed <= 3 {
		b.first = append(b.first, err.Error())
	}
}

// differs takes down that something is not as callers were told.
func (b *soakBook) differs(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.differences++
	if b.said[format]++; b.said[format] <= 3 {
		b.first = append(b.first, fmt.Sprintf(format, args...))
	}
}

// counts tells how many calls were acknowledged and turned down, how many failed, and how many
// differences there are.
func (b *soakBook) counts() (done, refused, failed, differences int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range b.kinds {
		done += n
	}
	return done, b.refused, b.failed, b.differences
}

// commands lists the commands that were acknowledged, sorted.
func (b *soakBook) commands() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.kinds))
}
