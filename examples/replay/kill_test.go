package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// childVariable makes the test binary be the command itself.
const childVariable = "LOYALTYKIT_REPLAY_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

func child(ctx context.Context, args ...string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	command := exec.CommandContext(ctx, os.Args[0], args...)
	command.Env = append(os.Environ(), childVariable+"=1")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	return command, &stdout, &stderr
}

func TestAReplayThatIsKilledAgainAndAgainEndsAsIfNothingHadHappened(t *testing.T) {
	long(t)
	// The log has refunds and spending; so many rows last long enough to be hit.
	args := []string{"-json", "-verify", "-limit", "4000", "-db"}
	started := time.Now()
	command, stdout, stderr := child(t.Context(), append(args, newDB(t))...)
	require.NoError(t, command.Run(), stderr)
	span := time.Since(started) / 4
	want := result{stdout: stdout.String()}.report(t)
	require.Positive(t, want.Refunds)
	require.Positive(t, want.Points.Redeemed)

	db := newDB(t)
	random := rand.New(rand.NewPCG(2027, 0))
	hits, members := 0, 0
	// The machine may be quicker or slower than a moment ago: who kills too late or too early
	// for anything to happen waits for less time, or more, from then on.
	for tries := 0; hits < 6 && tries < 200; tries++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.Int64N(int64(span))))
		command, _, stderr := child(ctx, append(args, db)...)
		err := command.Run()
		killed := ctx.Err() != nil
		cancel()
		if !killed {
			require.NoError(t, err, stderr)
			db, hits, members, span = newDB(t), 0, 0, span/2 // it was too quick for the killer
			continue
		}
		if now := count(t, db); now > members {
			hits, members = hits+1, now
		} else {
			span += span / 4
		}
	}
	t.Logf("%d kills in mid-replay", hits)
	require.GreaterOrEqual(t, hits, 3, "the kills came before or after the work: they prove nothing")

	command, stdout, stderr = child(t.Context(), append(args, db)...)
	require.NoError(t, command.Run(), stderr)
	got := result{stdout: stdout.String()}.report(t)
	got.Seconds, got.OrdersPerSecond = want.Seconds, want.OrdersPerSecond
	assert.Equal(t, want, got)
	assert.True(t, got.Verified)
}

func TestAReplayThatIsInterruptedSaysHowToGoOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	db := newDB(t)
	code := run(ctx, []string{"-db", db}, &stdout, &console{out: &stderr, now: time.Now})
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, stdout.String())
	assert.Equal(t, "replay: interrupted; to go on, start it again with -db "+db+"\n", stderr.String())
}

// count returns how many accounts a database holds.
func count(t *testing.T, path string) int {
	t.Helper()
	store, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	defer store.Close()
	n := 0
	for _, err := range storage.AllAccounts(t.Context(), store, storage.AccountQuery{Program: "coffee", Limit: 1000}) {
		require.NoError(t, err)
		n++
	}
	return n
}
