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
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// oldProgramEnv has an [OldProgram], as JSON, for a process that is one of two.
const oldProgramEnv = "LOYALTYKIT_OLD_PROGRAM"

// OldProgram is what the older of two processes does: it earns by the first revision of a
// program, of which the other has two, on a database that they share.
type OldProgram struct {
	// Place and Database say which store to open.
	Place    string `json:"place"`
	Database string `json:"database"`
}

// OldProgramHere returns what this process is told to do, if it is the older of two: a
// TestMain asks before anything else, opens the store and calls Run.
func OldProgramHere() (*OldProgram, error) {
	return jobOf[OldProgram](oldProgramEnv)
}

// rolloutEffect is when the second revision takes effect.
var rolloutEffect = start.AddDate(0, 0, 1)

// rolloutPrograms are two revisions, of which the second gives twice as much.
func rolloutPrograms() loyalty.Revisions {
	first := loyalty.Program{ID: "rollout", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
	second := first
	rate := func(n points.Amount) []points.Rule {
		return []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: n, Per: money("1"), Currency: "EUR"}}}
	}
	first.Earning, second.Earning = rate(1), rate(2)
	second.EffectiveAt = rolloutEffect
	return loyalty.Revisions{first, second}
}

func rolloutOrder(id string) loyalty.Earn {
	return loyalty.Earn{Member: "anna", Key: id, Order: points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: money("3")}}}}
}

// Run earns for the orders that a line on in tells it of, at the minute that it tells, and
// says on out under which revision.
func (*OldProgram) Run(ctx context.Context, store storage.Store, in io.Reader, out io.Writer) error {
	now := start
	engine, err := loyalty.New(rolloutPrograms()[:1], store, &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var minutes int
		var order string
		if _, err := fmt.Sscan(lines.Text(), &minutes, &order); err != nil {
			return err
		}
		now = start.Add(time.Duration(minutes) * time.Minute)
		receipt, err := engine.Do(ctx, rolloutOrder(order))
		switch {
		case errors.Is(err, loyalty.ErrOldProgram):
			_, err = fmt.Fprintln(out, "old program")
		case err != nil:
			_, err = fmt.Fprintln(out, err)
		default:
			_, err = fmt.Fprintln(out, "revision", receipt.Revision)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// oldProcess is one that runs an OldProgram.
type oldProcess struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func startOldProcess(t *testing.T, job OldProgram) *oldProcess {
	text, err := json.Marshal(job)
	require.NoError(t, err)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), oldProgramEnv+"="+string(text)), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { require.NoError(t, errors.Join(in.Close(), cmd.Wait())) })
	return &oldProcess{in: in, out: bufio.NewScanner(out)}
}

func (p *oldProcess) tell(t *testing.T, minutes int, order string) {
	_, err := fmt.Fprintln(p.in, minutes, order)
	require.NoError(t, err)
}

func (p *oldProcess) answer(t *testing.T) string {
	require.True(t, p.out.Scan(), "the process ended")
	return p.out.Text()
}

// RolloutOfProcesses lets two processes, this test binary run again, earn for one member at
// once, of which one has the program's next revision. Both go by the first until the second
// takes effect; then the older refuses, and nothing was lost or counted twice.
func RolloutOfProcesses(t *testing.T, open Shared) {
	const each = 60
	store, place, database := open(t)
	now := start
	engine, err := loyalty.New(rolloutPrograms(), store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.NoError(t, err)

	old := startOldProcess(t, OldProgram{Place: place, Database: database})
	for i := range each {
		old.tell(t, 0, fmt.Sprint("old-", i))
	}
	for i := range each {
		receipt, err := engine.Do(t.Context(), rolloutOrder(fmt.Sprint("new-", i)))
		require.NoError(t, err)
		require.EqualValues(t, 1, receipt.Revision)
	}
	for range each {
		require.Equal(t, "revision 1", old.answer(t))
	}
	receipt, err := engine.Do(t.Context(), rolloutOrder("old-7"))
	require.NoError(t, err)
	require.True(t, receipt.Replayed)

	day := int(rolloutEffect.Sub(start).Minutes())
	old.tell(t, day-1, "last")
	require.Equal(t, "revision 1", old.answer(t))
	now = rolloutEffect
	receipt, err = engine.Do(t.Context(), rolloutOrder("under-the-second"))
	require.NoError(t, err)
	require.EqualValues(t, 2, receipt.Revision)
	require.EqualValues(t, 6, receipt.Awards[0].Points)
	old.tell(t, day, "refused")
	require.Equal(t, "old program", old.answer(t))
	receipt, err = engine.Do(t.Context(), rolloutOrder("refused"))
	require.NoError(t, err)
	require.False(t, receipt.Replayed)

	member, err := engine.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, (2*each+1)*3+2*6, member.Balance("bean").Available)
	report, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
	t.Logf("figure two processes with two revisions on %s: %d orders at once, each by the revision in force", place, 2*each)
}
