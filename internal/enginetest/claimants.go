package enginetest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// claimantsEnv has a [Claimants], as JSON, for a process that is one of several.
const claimantsEnv = "LOYALTYKIT_CLAIMANTS"

// processes is how many processes claim at once.
const processes = 4

// Claimants is what one of several processes does: it claims a part of what all of them
// want, on a database that they share.
type Claimants struct {
	// Place and Database say which store to open.
	Place    string `json:"place"`
	Database string `json:"database"`

	Program string `json:"program"`
	Rush    string `json:"rush"`
	Turn    int    `json:"turn"`
	// Unguarded is the control: the process neither sees nor keeps bounds.
	Unguarded bool `json:"unguarded,omitempty"`
}

// ClaimantsHere returns what this process is told to do, if it is one of several: a
// TestMain asks before anything else, opens the store and calls Run.
func ClaimantsHere() (*Claimants, error) {
	return jobOf[Claimants](claimantsEnv)
}

// jobOf returns the job of a process, nil where the environment names none.
func jobOf[T any](env string) (*T, error) {
	text := os.Getenv(env)
	if text == "" {
		return nil, nil
	}
	job := new(T)
	if err := json.Unmarshal([]byte(text), job); err != nil {
		return nil, fmt.Errorf("%s: %w", env, err)
	}
	return job, nil
}

// Run says on out that it is ready, waits for a line on in, claims, and writes a line for
// each claim.
func (c *Claimants) Run(ctx context.Context, store storage.Store, in io.Reader, out io.Writer) error {
	r, err := rushNamed(c.Rush)
	if err != nil {
		return err
	}
	if c.Unguarded {
		store = forgetsBounds(store)
	}
	engine, err := loyalty.New(loyalty.Revisions{r.program(c.Program)}, store, &loyalty.Options{Clock: noon, Secret: secret})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	answers, errs := make([]claimed, stockClaims), make([]error, stockClaims)
	var wait sync.WaitGroup
	for i := c.Turn; i < stockClaims; i += processes {
		wait.Go(func() {
			for {
				receipt, err := engine.Do(ctx, r.claim(i, "claim"))
				if !errors.Is(err, loyalty.ErrContention) {
					answers[i], errs[i] = whatBecame(i, &receipt, err)
					return
				}
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	lines := json.NewEncoder(out)
	for i := c.Turn; i < stockClaims; i += processes {
		if err := lines.Encode(&answers[i]); err != nil {
			return err
		}
	}
	return nil
}

func rushNamed(name string) (*rush, error) {
	for _, r := range rushes() {
		if r.name == name {
			return &r, nil
		}
	}
	return nil, fmt.Errorf("there is no rush %q", name)
}

// Shared opens a store of which other processes open the same: the place and the
// database that it names in Claimants. It need not be empty: each rush is a program of
// its own.
type Shared func(testing.TB) (store storage.Store, place, database string)

// ClaimsOfProcesses lets several processes, this test binary run again, claim rewards of
// which there are few, all at once, in so many of the ways in which there may be few, 0 is
// all: exactly as many are issued as there are, and who comes
// too late keeps their points and learns why. The controls of it, processes that
// neither see nor keep bounds of all members or of one, must be seen to issue more; of one
// way alone there is one.
func ClaimsOfProcesses(t *testing.T, open Shared, ways int) {
	list, controls := rushes(), []rush{rushes()[0], rushes()[5]}
	if ways > 0 {
		list = list[:ways]
	}
	if ways == 1 {
		controls = controls[:1]
	}
	for i, r := range list {
		t.Run(r.name, func(t *testing.T) {
			began := time.Now()
			store, place, database := open(t)
			job := Claimants{Place: place, Database: database, Program: fmt.Sprintf("rush-%d", i), Rush: r.name}
			if err := r.claimFromProcesses(t, store, job); err != nil {
				t.Fatal(err)
			}
			t.Logf("figure R9 %s: %d claims from %d processes on %s issue exactly %d, in %s",
				r.name, stockClaims, processes, place, stockUnits, time.Since(began).Round(time.Millisecond))
		})
	}
	for i, r := range controls {
		t.Run(r.name+" that nobody guards is seen to be passed", func(t *testing.T) {
			store, place, database := open(t)
			job := Claimants{Place: place, Database: database, Program: fmt.Sprintf("control-%d", i), Rush: r.name, Unguarded: true}
			err := r.claimFromProcesses(t, store, job)
			if err == nil {
				t.Fatal("nothing was wrong")
			}
			t.Logf("seen: %s", first(err.Error()))
		})
	}
}

func (r *rush) claimFromProcesses(t *testing.T, store storage.Store, job Claimants) error {
	c := newCrowd(t, r.program(job.Program), store, loyalty.Options{Clock: noon})
	if err := r.prepare(c); err != nil {
		return err
	}
	var all []claimed
	children := make([]*claimants, processes)
	for turn := range children {
		job.Turn = turn
		child, err := job.start(t)
		if err != nil {
			return err
		}
		children[turn] = child
	}
	// Everybody is there before anybody begins.
	for _, child := range children {
		if err := child.begin(); err != nil {
			return err
		}
	}
	for _, child := range children {
		answers, err := child.answers()
		if err != nil {
			return err
		}
		all = append(all, answers...)
	}
	if err := r.check(c, all); err != nil {
		return err
	}
	return c.audit()
}

// claimants is a process that claims.
type claimants struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// start starts a process and waits until it is ready.
func (c Claimants) start(t testing.TB) (*claimants, error) {
	job, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test binary
	cmd.Env = append(os.Environ(), claimantsEnv+"="+string(job))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = in.Close() })
	child := &claimants{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if !child.out.Scan() || child.out.Text() != "ready" {
		return nil, fmt.Errorf("process %d is not ready: %w", c.Turn, errors.Join(in.Close(), cmd.Wait()))
	}
	return child, nil
}

func (c *claimants) begin() error {
	_, err := fmt.Fprintln(c.in, "go")
	return err
}

// answers reads what became of a process's claims, and waits for its end.
func (c *claimants) answers() ([]claimed, error) {
	var all []claimed
	for c.out.Scan() {
		var one claimed
		if err := json.Unmarshal(c.out.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%q: %w", c.out.Text(), err)
		}
		all = append(all, one)
	}
	return all, errors.Join(c.out.Err(), c.cmd.Wait())
}
