package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/loyaltykit/loyaltykit/internal/prove/powercut"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// verdict is what was found in the files that a power cut left.
type verdict struct {
	// acknowledged counts the commands that must be there, and lost those of them
	// that are not.
	acknowledged, lost int
	// twice counts commands that are there more than once, strange what nobody had
	// sent yet, and holes commands that are there without one before them.
	twice, strange, holes int
	// stored are the commands that are there, in the order of their rounds, and
	// missing those that were sent and are not.
	stored, missing []loyalty.Command
}

func (v verdict) wrong() error {
	if v.twice+v.strange+v.holes == 0 {
		return nil
	}
	return fmt.Errorf("%d commands are there twice, %d were never sent, %d are there without those before them", v.twice, v.strange, v.holes)
}

// auditCut opens the files as power comes back after the first so many events, and
// looks at all there is. An error says that the database is not whole, or that it
// does not end right once the callers send again what is missing.
func auditCut(ctx context.Context, folder string, files map[string][]byte, rounds []round, after, turn int) (v verdict, err error) {
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700), putFiles(folder, files)); err != nil {
		return v, err
	}
	// No disk is waited for in a folder that is watched.
	recording, err := powercut.Watch(folder, 0)
	if err != nil {
		return v, err
	}
	defer func() {
		_, stopErr := recording.Stop()
		err = errors.Join(err, stopErr)
	}()
	engine, store, err := openCut(filepath.Join(folder, "cut.db"), sqlite.Full, turn+1)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := whole(ctx, engine, store); err != nil {
		return v, err
	}
	found, err := keysOf(ctx, engine)
	if err != nil {
		return v, err
	}
	v.compare(found, rounds, after)
	if err := cmp.Or(v.wrong(), balance(ctx, engine, v.stored)); err != nil {
		return v, err
	}
	return v, v.resend(ctx, engine)
}

// whole reports an error unless SQLite and the engine find the database whole.
func whole(ctx context.Context, engine *loyalty.Engine, store *sqlite.Store) error {
	var said string
	if err := store.DB().QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return fmt.Errorf("integrity_check: %s", said)
	}
	report, err := engine.Verify(ctx, nil)
	if err != nil {
		return err
	}
	if !report.OK() {
		return fmt.Errorf("verify: %v", report.Problems)
	}
	return nil
}

func nameOf(cmd loyalty.Command) string {
	member, key, _ := effect(cmd)
	return member + " " + key
}

// keysOf counts how often each command is in its member's history.
func keysOf(ctx context.Context, engine *loyalty.Engine) (map[string]int, error) {
	found := map[string]int{}
	for i := range cutMembers {
		member := strconv.Itoa(i)
		for op, err := range engine.History(ctx, member) {
			if errors.Is(err, loyalty.ErrNotEnrolled) {
				break
			}
			if err != nil {
				return nil, err
			}
			// What others sent has no key here, such as the far side of a transfer.
			if op.Key != "" {
				found[member+" "+op.Key]++
			}
		}
	}
	return found, nil
}

func (v *verdict) compare(found map[string]int, rounds []round, after int) {
	left := maps.Clone(found)
	seen := map[string]bool{}
	gap := false
	for _, r := range rounds {
		if r.before >= after && r.after > after {
			break
		}
		missing := false
		for _, cmd := range r.commands {
			name := nameOf(cmd)
			if seen[name] {
				continue
			}
			seen[name] = true
			there := left[name] > 0
			delete(left, name)
			if r.after <= after {
				v.acknowledged++
			}
			switch {
			case there && gap:
				v.holes++
			case there:
				v.stored = append(v.stored, cmd)
			default:
				missing = true
				v.missing = append(v.missing, cmd)
				if r.after <= after {
					v.lost++
				}
			}
		}
		gap = gap || missing
	}
	v.strange = len(left)
	for _, n := range found {
		v.twice += n - 1
	}
}

// balance reports an error unless members have what the commands add up to.
func balance(ctx context.Context, engine *loyalty.Engine, stored []loyalty.Command) error {
	want := map[string]points.Amount{}
	for _, cmd := range stored {
		_, _, change := effect(cmd)
		for member, amount := range change {
			want[member] += amount
		}
	}
	for i := range cutMembers {
		member, err := engine.Member(ctx, strconv.Itoa(i))
		if errors.Is(err, loyalty.ErrNotEnrolled) {
			continue
		}
		if err != nil {
			return err
		}
		have := member.Balance("point")
		if have.Available+have.Held != want[member.ID] {
			return fmt.Errorf("member %s has %d and %d on hold, not %d", member.ID, have.Available, have.Held, want[member.ID])
		}
	}
	return nil
}

// resend has the callers send again what is missing, and the last of what is not:
// they may not have heard of it. Then all is there once.
func (v *verdict) resend(ctx context.Context, engine *loyalty.Engine) error {
	last := v.stored[max(0, len(v.stored)-2):]
	for i, err := range numbered(engine.DoAll(ctx, slices.Values(slices.Concat(last, v.missing)), nil)) {
		if err != nil {
			return fmt.Errorf("send command %d of %d again: %w", i+1, len(last)+len(v.missing), err)
		}
	}
	found, err := keysOf(ctx, engine)
	if err != nil {
		return err
	}
	all := slices.Concat(v.stored, v.missing)
	for _, cmd := range all {
		if n := found[nameOf(cmd)]; n != 1 {
			return fmt.Errorf("command %s is there %d times after it was sent again", nameOf(cmd), n)
		}
	}
	return balance(ctx, engine, all)
}
