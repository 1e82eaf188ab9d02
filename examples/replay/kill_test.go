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
	db := newDB(t)
	command, stdout, stderr := child(t.Context(), append(args, db)...)
	require.NoError(t, command.Run(), stderr)
	want := result{stdout: stdout.String()}.report(t)
	require.Positive(t, want.Refunds)
	require.Positive(t, want.Points.Redeemed)
	all := count(t, db)

	db = newDB(t)
	random := rand.New(rand.NewPCG(2027, 0))
	for kill, hits := 1, 0; hits < 6; kill++ {
		require.LessOrEqual(t, kill, 60, "the replay ends before anybody can kill it")
		// Each kill has a tenth of the members to come after, and a part of it by chance.
		if killed(t, append(args, db), db, all/10*(hits+1)+random.IntN(all/10)) {
			hits++
			continue
		}
		db, hits = newDB(t), 0
	}

	command, stdout, stderr = child(t.Context(), append(args, db)...)
	require.NoError(t, command.Run(), stderr)
	got := result{stdout: stdout.String()}.report(t)
	got.Seconds, got.OrdersPerSecond = want.Seconds, want.OrdersPerSecond
	assert.Equal(t, want, got)
	assert.True(t, got.Verified)
}

// killed lets a replay run until its database has so many members, and kills it. It returns
// false where the replay had ended by then.
func killed(t *testing.T, args []string, db string, members int) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	command, _, stderr := child(ctx, args...)
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for count(t, db) < members {
		select {
		case err := <-ended:
			require.NoError(t, err, stderr)
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	cancel()
	return <-ended != nil
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
