// Package pruning is what adapters in SQL share of Prune: how much one call may
// change, what an operation could lose, and where the next call goes on.
package pruning

import (
	"strings"
	"sync"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Places is how far Prune came, by program, so that a call that reaches its limit
// does not make the next start again. The zero value is ready, and safe for
// concurrent use.
type Places struct {
	mu sync.Mutex
	at map[string]Place
}

// Place is what was asked, but for the limit, and the last rows looked at.
type Place struct {
	Request storage.PruneRequest
	// Member and Version are those of the operation.
	Member  string
	Version int64
	// Bucket and Event are those of the event, −1 and zero before the first.
	Bucket int
	Event  storage.EventID
}

// defaultLimit is how many rows a call changes that names no limit.
const defaultLimit = 1000

// Begin begins a call. It goes on where the one before stopped, if that asked for the
// same.
func (p *Places) Begin(request storage.PruneRequest) Call {
	c := Call{left: int64(request.Limit)}
	if c.left <= 0 {
		c.left = defaultLimit
	}
	request.Limit = 0
	p.mu.Lock()
	defer p.mu.Unlock()
	if at, ok := p.at[request.Program]; ok && at.Request == request {
		c.Place = at
		return c
	}
	c.Place = Place{Request: request, Bucket: -1}
	return c
}

// End keeps the place of a call that stopped at its limit.
func (p *Places) End(c *Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.Done.More {
		delete(p.at, c.Request.Program)
		return
	}
	if p.at == nil {
		p.at = map[string]Place{}
	}
	p.at[c.Request.Program] = c.Place
}

// Call is one call of Prune at work. A copy of it is the call as it was.
type Call struct {
	Place
	Done storage.Pruned
	left int64
}

// Left is how many rows may still change.
func (c *Call) Left() int64 { return c.left }

// Take reports whether one more row may change, and notes that there is more if not.
func (c *Call) Take() bool {
	if c.left == 0 {
		c.Done.More = true
		return false
	}
	c.left--
	return true
}

// DroppedEvents counts events that are gone, and notes whether there are more. It
// returns whether the call is to look for those.
func (c *Call) DroppedEvents(n int64, more bool) (next bool) {
	c.Done.Events += n
	c.left -= n
	c.Done.More = more && c.left == 0
	return more && !c.Done.More
}

// Operations reports whether operations are to lose anything.
func (c *Call) Operations() bool {
	return !c.Request.BodiesBefore.IsZero() || !c.Request.KeysBefore.IsZero()
}

// Operation is an operation and what it could lose.
type Operation struct {
	Member  string
	Version int64
	// Key is the key as it is.
	Key string
	// Body is set where the operation has a body, and could lose it.
	Body bool
	// Frees is set where the key could be freed.
	Frees bool
}

// Look keeps of an operation what it could lose. It reports whether that is anything.
func (c *Call) Look(o *Operation, recorded time.Time) bool {
	o.Body = o.Body && recorded.Before(c.Request.BodiesBefore)
	o.Frees = recorded.Before(c.Request.KeysBefore) && !strings.HasPrefix(o.Key, storage.ReservedPrefix)
	return o.Body || o.Frees
}

// Strip calls body and key, as far as the limit allows, for what an operation could
// lose, and goes on behind it if it lost that.
func (c *Call) Strip(o *Operation, body, key func() error) error {
	if o.Body && c.Take() {
		if err := body(); err != nil {
			return err
		}
		c.Done.Bodies++
	}
	if o.Frees && c.Take() {
		if err := key(); err != nil {
			return err
		}
		c.Done.Keys++
	}
	if !c.Done.More {
		c.Member, c.Version = o.Member, o.Version
	}
	return nil
}
