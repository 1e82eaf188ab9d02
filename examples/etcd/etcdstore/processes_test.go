package etcdstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/loyaltykit/loyaltykit/examples/etcd/etcdstore"
	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// tillJob is set in the environment of a test binary that is only a till: its value is
// the till's number and the members of the cluster.
const tillJob = "LOYALTYKIT_TEST_ETCD_TILL"

func TestMain(m *testing.M) {
	job, err := enginetest.ClaimantsHere()
	if err == nil && job != nil {
		err = claims(job)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case job != nil:
		return
	}
	if number, endpoints, ok := strings.Cut(os.Getenv(tillJob), " "); ok {
		if err := till(number, strings.Fields(endpoints)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	customers = 4
	// each is how many orders a till takes of a customer by itself, and how many both
	// tills send.
	each = 12
)

// till takes orders in a process of its own, and prints how many were its own.
func till(number string, endpoints []string) (err error) {
	turn, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	store, err := etcdstore.Open(context.Background(), client, nil)
	if err != nil {
		return err
	}
	engine, err := beansOn(store)
	if err != nil {
		return err
	}
	var took atomic.Int64
	errs := make([]error, customers)
	var group sync.WaitGroup
	for i := range customers {
		group.Go(func() {
			member := fmt.Sprintf("m-%d", i)
			commands := []loyalty.Command{loyalty.Enroll{Member: member, Key: "signup"}}
			for n := range each {
				commands = append(commands, order(member, n), order(member, 100*turn+n))
			}
			for _, command := range commands {
				receipt, err := engine.Do(context.Background(), command)
				if err != nil {
					errs[i] = err
					return
				}
				if !receipt.Replayed {
					took.Add(1)
				}
			}
		})
	}
	group.Wait()
	fmt.Print(took.Load())
	return errors.Join(errs...)
}

// Two processes take orders of the same members at once, half of them the same orders:
// what keeps them apart is etcd alone.
func TestTwoProcessesKeepOneLedger(t *testing.T) {
	servers := start(t, 3, false)
	var endpoints []string
	for _, member := range servers.members {
		endpoints = append(endpoints, member.Config().ListenClientUrls[0].String())
	}
	self, err := os.Executable()
	require.NoError(t, err)
	const tills = 2
	var processes [tills]*exec.Cmd
	var outputs, complaints [tills]strings.Builder
	for i := range processes {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", tillJob, i+1, strings.Join(endpoints, " ")))
		cmd.Stdout, cmd.Stderr = &outputs[i], &complaints[i]
		require.NoError(t, cmd.Start())
		processes[i] = cmd
	}
	took := 0
	for i, cmd := range processes {
		require.NoError(t, cmd.Wait(), complaints[i].String())
		n, err := strconv.Atoi(outputs[i].String())
		require.NoError(t, err)
		assert.Positive(t, n)
		took += n
	}
	assert.Equal(t, customers*(1+each+tills*each), took, "each command had its effect in one process")

	engine := engineOn(t, open(t, servers.client(t), nil))
	for i := range customers {
		member, err := engine.Member(t.Context(), fmt.Sprintf("m-%d", i))
		require.NoError(t, err)
		assert.EqualValues(t, 4*(each+tills*each), member.Balance("bean").Available)
	}
	report, err := engine.Verify(t.Context(), nil)
	require.NoError(t, err)
	assert.True(t, report.OK(), report.Problems)
	assert.EqualValues(t, took, report.Operations)
}
