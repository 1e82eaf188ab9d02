package loyalty

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// ErrOldProgram reports an engine whose program is no longer in force: the store holds
// a later revision, which has taken effect. See [OldProgramError].
var ErrOldProgram = errors.New("a later revision of the program is in force")

// OldProgramError says which revision is in force and which is the last that the engine
// was made with. It is an [ErrOldProgram]. Nothing is stored; start the process with
// every revision, and ask again with the same key.
type OldProgramError struct {
	Program string
	// Known is the last revision that the engine has, InForce the first that it lacks,
	// which took effect at Since.
	Known   int64
	InForce int64
	Since   time.Time
}

// Error says what is in force, and what to do.
func (e *OldProgramError) Error() string {
	return fmt.Sprintf("revision %d of program %q is in force since %s, and this engine has %d: start it with every revision",
		e.InForce, e.Program, e.Since.UTC().Format(time.RFC3339), e.Known)
}

// Is reports that the error is an ErrOldProgram.
func (e *OldProgramError) Is(target error) bool { return target == ErrOldProgram }

// lookEvery is how often, by its clock, an engine looks for revisions that it lacks.
const lookEvery = time.Minute

// newer is what an engine knows of revisions that others have put into the store.
type newer struct {
	mu sync.Mutex
	// next is when to look again, and from when the first that the engine lacks takes
	// effect; both in microseconds. missing is its number.
	next    atomic.Int64
	from    atomic.Int64
	missing atomic.Int64
}

func newNewer() *newer {
	l := &newer{}
	l.next.Store(math.MinInt64)
	l.from.Store(math.MaxInt64)
	return l
}

// inForce returns an [OldProgramError] where another process has put a revision into the
// store that this engine lacks, once that has taken effect. It looks once a minute; calls
// that come meanwhile do not wait.
func (e *Engine) inForce(ctx context.Context) error {
	l, now := e.newer, e.options.Clock().UnixMicro()
	if now >= l.next.Load() && l.mu.TryLock() {
		err := e.lookForRevisions(ctx, now)
		l.mu.Unlock()
		if err != nil {
			return fmt.Errorf("%w: read revisions: %w", errNotStored, err)
		}
	}
	from := l.from.Load()
	if now < from {
		return nil
	}
	return &OldProgramError{Program: e.program, Known: int64(len(e.revisions)), InForce: l.missing.Load(), Since: time.UnixMicro(from).UTC()}
}

func (e *Engine) lookForRevisions(ctx context.Context, now int64) error {
	ctx, cancel := context.WithTimeout(ctx, e.options.StoreTimeout)
	defer cancel()
	rows, err := e.store.Revisions(ctx, e.program)
	if err != nil {
		return err
	}
	for i := range rows {
		if at := rows[i].EffectiveAt.UnixMicro(); rows[i].Number > int64(len(e.revisions)) && at < e.newer.from.Load() {
			e.newer.missing.Store(rows[i].Number)
			e.newer.from.Store(at)
		}
	}
	e.newer.next.Store(now + lookEvery.Microseconds())
	return nil
}
