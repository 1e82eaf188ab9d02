package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

const (
	crashMembers = 16
	crashCallers = 16
	// childEnv names the database of a child process, childNo its turn, and childWay
	// how it acknowledges.
	childEnv = "LOYALTYKIT_PROVE_CHILD"
	childNo  = "LOYALTYKIT_PROVE_TURN"
	childWay = "LOYALTYKIT_PROVE_WAY"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		if err := child(path, os.Getenv(childNo), os.Getenv(childWay)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	job, err := enginetest.ClaimantsHere()
	if err == nil && job != nil {
		err = claims(job)
	}
	old, also := enginetest.OldProgramHere()
	if err = errors.Join(err, also); err == nil && old != nil {
		err = oldProgram(old)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if job == nil && old == nil {
		os.Exit(m.Run())
	}
}

// full reports whether the nightly sizes were asked for.
func full() bool { return os.Getenv("LOYALTYKIT_PROVE_FULL") != "" }

func crashProgram() loyalty.Revisions {
	return loyalty.Revisions{{ID: "crash", Zone: "UTC", Units: []points.Unit{{Code: "point", Expiry: points.NeverExpire()}}}}
}

// child is the process under load: callers credit and spend as fast as they can
// and print each key once it is acknowledged. It ends when it is killed, or on
// SIGTERM after the calls in flight. The way "early" is the control: it prints
// a key before the command is committed.
func child(path, turn, way string) error {
	store, err := sqlite.Open(path, nil)
	if err != nil {
		return err
	}
	defer store.Close()
	engine, err := loyalty.New(crashProgram(), store, nil)
	if err != nil {
		return err
	}
	ctx := context.Background()
	stop := make(chan os.Signal, 1)
	var stopping atomic.Bool
	go func() { <-stop; stopping.Store(true) }()
	notifyTerm(stop)
	out := bufio.NewWriter(os.Stdout)
	var mu sync.Mutex
	say := func(key string) error {
		mu.Lock()
		defer mu.Unlock()
		if _, err := out.WriteString(key + "\n"); err != nil {
			return err
		}
		return out.Flush()
	}
	var callers sync.WaitGroup
	failed := make(chan error, crashCallers)
	for caller := range crashCallers {
		callers.Go(func() {
			for n := 0; !stopping.Load(); n++ {
				member := strconv.Itoa((caller + n) % crashMembers)
				key := fmt.Sprintf("%s-%d-%d", turn, caller, n)
				cmd := crashCommand(member, key, n)
				if way == "early" {
					if err := say(member + " " + key); err != nil {
						failed <- err
						return
					}
				}
				_, err := engine.Do(ctx, cmd)
				if err != nil && !errors.Is(err, loyalty.ErrInsufficientPoints) {
					failed <- err
					return
				}
				if err == nil && way != "early" {
					if err := say(member + " " + key); err != nil {
						failed <- err
						return
					}
				}
			}
		})
	}
	callers.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func crashCommand(member, key string, n int) loyalty.Command {
	if n%3 == 2 {
		return loyalty.Spend{Member: member, Key: key, Unit: "point", Points: 1}
	}
	return loyalty.Adjust{Member: member, Key: key, Unit: "point", Points: 1, Reason: "load", Actor: "test"}
}

// crash runs children on one file and ends each with the signal at a random
// moment. It returns the keys that were acknowledged, by member.
func crash(t *testing.T, path, way string, signal syscall.Signal, kills int, random *rand.Rand) map[string][]string {
	t.Helper()
	acknowledged := map[string][]string{}
	for turn := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path, childNo+"="+strconv.Itoa(turn), childWay+"="+way)
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		target := 50 + random.IntN(1500)
		if full() {
			target = 1000 + random.IntN(3000)
		}
		lines := bufio.NewScanner(stdout)
		seen := 0
		for lines.Scan() {
			member, key, ok := strings.Cut(lines.Text(), " ")
			if !ok {
				continue
			}
			acknowledged[member] = append(acknowledged[member], key)
			if seen++; seen == target {
				require.NoError(t, cmd.Process.Signal(signal))
			}
		}
		err = cmd.Wait()
		require.GreaterOrEqual(t, seen, target, "the child ended by itself: %v", err)
		if signal == syscall.SIGTERM {
			require.NoError(t, err, "a child that is asked to end ends well")
		}
	}
	return acknowledged
}

func openCrashed(t *testing.T, path string) *loyalty.Engine {
	t.Helper()
	store, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	engine, err := loyalty.New(crashProgram(), store, nil)
	require.NoError(t, err)
	return engine
}

func newCrashFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crash.db")
	engine := openCrashed(t, path)
	for member := range crashMembers {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: strconv.Itoa(member), Key: "enroll"})
		require.NoError(t, err)
	}
	return path
}

// audit counts acknowledged keys that are not stored, and stored keys that are
// there twice, and verifies the books.
func audit(t *testing.T, path string, acknowledged map[string][]string) (total, lost, twice int) {
	t.Helper()
	engine := openCrashed(t, path)
	report, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	for member, keys := range acknowledged {
		stored := map[string]int{}
		for op, err := range engine.History(t.Context(), member) {
			require.NoError(t, err)
			stored[op.Key]++
			if stored[op.Key] > 1 && op.Key != "" {
				twice++
			}
		}
		for _, key := range keys {
			total++
			if stored[key] == 0 {
				lost++
			}
		}
	}
	return total, lost, twice
}

func kills() int {
	if full() {
		return 100
	}
	return 20
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	began := time.Now()
	path := newCrashFile(t)
	acknowledged := crash(t, path, "", syscall.SIGKILL, kills(), rand.New(rand.NewPCG(4, 2027)))
	total, lost, twice := audit(t, path, acknowledged)
	require.Zero(t, lost)
	require.Zero(t, twice)
	require.Equal(t, "ok", integrity(t, path))
	t.Logf("figure R4 %d kills, %d acknowledged, %d lost, %d twice, integrity ok, in %s", kills(), total, lost, twice, time.Since(began).Round(time.Second))
}

func TestNothingAcknowledgedIsLostWhenTheCallerEnds(t *testing.T) {
	path := newCrashFile(t)
	n := kills() / 2
	random := rand.New(rand.NewPCG(6, 2027))
	killed := crash(t, path, "", syscall.SIGKILL, n, random)
	total, lost, twice := audit(t, path, killed)
	require.Zero(t, lost+twice)
	second := newCrashFile(t)
	ended := crash(t, second, "", syscall.SIGTERM, n, random)
	more, lostToo, twiceToo := audit(t, second, ended)
	require.Zero(t, lostToo+twiceToo)
	t.Logf("figure R6 %d SIGKILL and %d SIGTERM of the caller under group commit: %d acknowledged, 0 missing, 0 twice", n, n, total+more)
}

// The control: a process that acknowledges before it commits loses what it said.
func TestAProcessThatAcknowledgesTooEarlyIsCaught(t *testing.T) {
	path := newCrashFile(t)
	acknowledged := crash(t, path, "early", syscall.SIGKILL, 5, rand.New(rand.NewPCG(5, 2027)))
	total, lost, _ := audit(t, path, acknowledged)
	require.Positive(t, lost, "the checker must see what is missing")
	t.Logf("figure R4-control acknowledged before the commit: %d of %d lost", lost, total)
}
