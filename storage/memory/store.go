// Package memory keeps a loyalty program in memory: the reference for adapters
// of package storage, and the store for tests, examples and simulations.
//
// A [Store] obeys every clause of storage.Store and hands out copies, as a
// database would. What it holds is gone when the process ends.
package memory

import (
	"cmp"
	"strings"
	"sync"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Store is a storage.Store in memory, safe for concurrent use. [New] makes one.
type Store struct {
	mu       sync.RWMutex
	programs map[string]*program
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Limiter = (*Store)(nil)
	_ storage.Totaler = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{programs: map[string]*program{}}
}

// What a database server takes at once without harm to others, so that what is too
// large there is too large here.
const (
	maxRows  = 2000
	maxBytes = 4 << 20
)

// Limits says how much one Commit takes.
func (s *Store) Limits() storage.Limits {
	return storage.Limits{Rows: maxRows, Bytes: maxBytes, Calls: 2}
}

// program is all that is stored of one program.
type program struct {
	id       string
	accounts map[string]*account
	// members holds the accounts in order of member, due in order of due time and
	// member, and buckets those with pending events in order of member.
	members sorted[*account]
	due     sorted[*account]
	buckets [storage.Buckets]sorted[*account]
	// records holds those of each kind in the order of listings across members.
	records   map[string]*sorted[*record]
	claims    map[storage.ClaimKey]string
	counters  map[storage.CounterKey]int64
	totals    map[flow]*total
	revisions sorted[*storage.Revision]
	// pruning is where a Prune that reached its limit goes on.
	pruning pruning
	scratch codec
}

// flow names a running sum of entries.
type flow struct {
	unit     string
	kind     points.EntryKind
	from, to points.Bucket
}

// total is a running sum. Entries are positive: once it overflows, it stays so.
type total struct {
	entries  int64
	amount   points.Amount
	overflow error
}

// program returns the program, making it if needed. The store must be locked.
func (s *Store) program(id string) *program {
	p := s.programs[id]
	if p != nil {
		return p
	}
	p = &program{
		id:        id,
		accounts:  map[string]*account{},
		members:   sorted[*account]{compare: byMember},
		due:       sorted[*account]{compare: byAccountDue},
		records:   map[string]*sorted[*record]{},
		claims:    map[storage.ClaimKey]string{},
		counters:  map[storage.CounterKey]int64{},
		totals:    map[flow]*total{},
		revisions: sorted[*storage.Revision]{compare: byNumber},
	}
	for i := range p.buckets {
		p.buckets[i].compare = byMember
	}
	s.programs[id] = p
	return p
}

func byMember(a, b *account) int { return strings.Compare(a.row.Member, b.row.Member) }

func byAccountDue(a, b *account) int {
	if c := a.row.DueAt.Compare(b.row.DueAt); c != 0 {
		return c
	}
	return byMember(a, b)
}

func byNumber(a, b *storage.Revision) int { return cmp.Compare(a.Number, b.Number) }
