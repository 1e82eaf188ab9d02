package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// rolloutEnv names the database of a process that has the first revision only.
const rolloutEnv = "LOYALTYKIT_PROVE_ROLLOUT"

var (
	rolloutStart  = time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	rolloutEffect = rolloutStart.AddDate(0, 0, 1)
)

func rolloutPrograms() loyalty.Revisions {
	first := loyalty.Program{ID: "rollout", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
	second := first
	rate := func(n points.Amount) []points.Rule {
		return []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: n, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	}
	first.Earning, second.Earning = rate(1), rate(2)
	second.EffectiveAt = rolloutEffect
	return loyalty.Revisions{first, second}
}

func rolloutOrder(id string) loyalty.Earn {
	return loyalty.Earn{Member: "anna", Key: id, Order: points.Order{ID: id, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(3)}}}}
}

// oldProcess earns for the orders that it is told of, at the time that it is told, and
// says under which revision.
func oldProcess(path string, in io.Reader, out io.Writer) error {
	store, err := sqlite.Open(path, &sqlite.Options{BusyTimeout: time.Minute})
	if err != nil {
		return err
	}
	now := rolloutStart
	engine, err := loyalty.New(rolloutPrograms()[:1], store, &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		return errors.Join(err, store.Close())
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var minutes int
		var order string
		if _, err := fmt.Sscan(lines.Text(), &minutes, &order); err != nil {
			return errors.Join(err, store.Close())
		}
		now = rolloutStart.Add(time.Duration(minutes) * time.Minute)
		receipt, err := engine.Do(context.Background(), rolloutOrder(order))
		switch {
		case errors.Is(err, loyalty.ErrOldProgram):
			_, err = fmt.Fprintln(out, "old program")
		case err != nil:
			_, err = fmt.Fprintln(out, err)
		default:
			_, err = fmt.Fprintln(out, "revision", receipt.Revision)
		}
		if err != nil {
			return errors.Join(err, store.Close())
		}
	}
	return store.Close()
}

// process is one that runs oldProcess.
type process struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func startOldProcess(t *testing.T, path string) *process {
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), rolloutEnv+"="+path), os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { require.NoError(t, errors.Join(in.Close(), cmd.Wait())) })
	return &process{in: in, out: bufio.NewScanner(out)}
}

func (p *process) tell(t *testing.T, minutes int, order string) {
	_, err := fmt.Fprintln(p.in, minutes, order)
	require.NoError(t, err)
}

func (p *process) answer(t *testing.T) string {
	require.True(t, p.out.Scan(), "the process ended")
	return p.out.Text()
}

func TestTwoProcessesOfWhichOneHasTheNextRevisionShareAFile(t *testing.T) {
	const each = 60
	path := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(path, &sqlite.Options{BusyTimeout: time.Minute})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	now := rolloutStart
	engine, err := loyalty.New(rolloutPrograms(), store, &loyalty.Options{Clock: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = engine.Do(t.Context(), loyalty.Enroll{Member: "anna", Key: "enroll"})
	require.NoError(t, err)

	old := startOldProcess(t, path)
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

	day := int(rolloutEffect.Sub(rolloutStart).Minutes())
	old.tell(t, day-1, "last")
	require.Equal(t, "revision 1", old.answer(t))
	now = rolloutEffect
	receipt, err = engine.Do(t.Context(), rolloutOrder("under the second"))
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
}
