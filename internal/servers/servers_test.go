//go:build unix

package servers_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// childEnv makes the test binary start a server, say so, and wait.
const childEnv = "LOYALTYKIT_SERVERS_CHILD"

func TestMain(m *testing.M) {
	if engine := os.Getenv(childEnv); engine != "" {
		server, err := servers.Start(context.Background(), servers.Engine(engine), nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(server.PID())
		select {}
	}
	os.Exit(m.Run())
}

var engines = []servers.Engine{servers.PostgreSQL, servers.MySQL}

const orders = "CREATE TABLE orders (id int PRIMARY KEY, total varchar(20) NOT NULL)"

func TestAServerTakesOrdersInADatabaseOfItsOwn(t *testing.T) {
	for _, server := range []func(testing.TB) *servers.Server{servers.Postgres, servers.MariaDB} {
		s := server(t)
		t.Run(string(s.Engine), func(t *testing.T) {
			require.Same(t, s, server(t), "one server serves all tests")
			first, second := s.NewDatabase(t), s.NewDatabase(t)
			query(t, s, first, orders)
			query(t, s, first, "INSERT INTO orders VALUES (1, '4.50'), (2, '120.00')")
			require.Equal(t, "1\t4.50\n2\t120.00", query(t, s, first, "SELECT id, total FROM orders ORDER BY id"))
			_, err := s.Query(t.Context(), second, "SELECT id FROM orders")
			require.Error(t, err, "databases do not see each other")
		})
	}
}

func TestADatabaseIsDroppedAfterItsTest(t *testing.T) {
	s := servers.Postgres(t)
	var database string
	t.Run("a test", func(t *testing.T) { database = s.NewDatabase(t) })
	_, err := s.Query(t.Context(), database, "SELECT 1")
	require.ErrorContains(t, err, "does not exist")
}

func TestADatabaseOfTheHostIsNeverDropped(t *testing.T) {
	s := servers.Postgres(t)
	require.ErrorContains(t, s.DropDatabase(t.Context(), s.URL), "was not made here")
}

func TestWhatIsCommittedSurvivesTheServersDeath(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			s := servers.New(t, engine, nil)
			database := s.NewDatabase(t)
			query(t, s, database, orders)
			for i := range 5 {
				query(t, s, database, fmt.Sprintf("INSERT INTO orders VALUES (%d, '4.50')", i))
				processes := family(t, s.PID())
				listed, err := s.Processes()
				require.NoError(t, err)
				require.Equal(t, s.PID(), listed[0])
				require.Contains(t, processes, listed[0])
				require.NoError(t, s.Kill())
				require.NoError(t, s.Kill(), "there is nothing left to kill")
				requireGone(t, processes...)
				listed, err = s.Processes()
				require.NoError(t, err)
				require.Empty(t, listed)
				_, err = s.Query(t.Context(), database, "SELECT 1")
				require.Error(t, err)
				require.NoError(t, s.Restart(t.Context()))
				require.Equal(t, strconv.Itoa(i+1), query(t, s, database, "SELECT count(*) FROM orders"))
			}
			require.NoError(t, s.Restart(t.Context()), "one that runs is restarted in good order")
			require.Equal(t, "5", query(t, s, database, "SELECT count(*) FROM orders"))
		})
	}
}

func TestAServerThatATestLeftDeadIsThereForTheNext(t *testing.T) {
	s := servers.Killable(t, servers.PostgreSQL)
	database := s.NewDatabase(t)
	query(t, s, database, orders)
	require.NoError(t, s.Kill())
	require.Same(t, s, servers.Killable(t, servers.PostgreSQL), "one server serves all tests")
	query(t, s, database, "INSERT INTO orders VALUES (1, '4.50')")
	require.NotSame(t, s, servers.Postgres(t), "nobody else's server is killed")
}

func TestAServerStartsInAFolderWhoseNameHasASpace(t *testing.T) {
	folder, err := os.MkdirTemp("", "a path ") //nolint:usetesting // servers may run as a user who cannot enter the test's own
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(folder)) })
	require.NoError(t, os.Chmod(folder, 0o755)) //nolint:gosec // servers may run as another user
	t.Setenv("TMPDIR", folder)
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) { servers.New(t, engine, nil) })
	}
}

func TestNothingIsLeftOfAServerThatWasStopped(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			s := servers.New(t, engine, nil)
			processes := family(t, s.PID())
			folders := ofProcess(t, s.PID())
			require.NoError(t, s.Stop())
			requireGone(t, processes...)
			require.NoDirExists(t, folders)
			require.NoError(t, s.Stop(), "stopping twice is no error")
		})
	}
}

func TestNothingIsLeftOfAServerWhoseTestBinaryWasKilled(t *testing.T) {
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			servers.New(t, engine, nil) // skips where there is none
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+string(engine))
			cmd.Stderr = os.Stderr
			stdout, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			line, err := bufio.NewReader(stdout).ReadString('\n')
			require.NoError(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			require.NoError(t, err)
			processes := family(t, pid)
			folder := ofProcess(t, pid)
			require.NoError(t, cmd.Process.Kill())
			require.Error(t, cmd.Wait())
			requireGone(t, processes...)
			require.Eventually(t, func() bool {
				_, err := os.Stat(folder)
				return os.IsNotExist(err)
			}, time.Minute, 10*time.Millisecond)
		})
	}
}

func TestSettingsReachTheServer(t *testing.T) {
	t.Run("PostgreSQL", func(t *testing.T) {
		s := servers.New(t, servers.PostgreSQL, &servers.Options{Settings: map[string]string{"default_transaction_isolation": "serializable", "max_connections": "17"}})
		require.Equal(t, "serializable", query(t, s, s.URL, "SHOW transaction_isolation"))
		require.Equal(t, "17", query(t, s, s.URL, "SHOW max_connections"))
		for _, setting := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			require.Equal(t, "on", query(t, s, s.URL, "SHOW "+setting))
		}
	})
	t.Run("MariaDB", func(t *testing.T) {
		s := servers.New(t, servers.MySQL, &servers.Options{Settings: map[string]string{"max_connections": "17"}})
		require.Equal(t, "17\t1\t1", query(t, s, s.URL, "SELECT @@max_connections, @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite"))
	})
}

func TestASettingThatTheServerRefusesIsReportedWithItsLog(t *testing.T) {
	servers.Postgres(t)
	_, err := servers.Start(t.Context(), servers.PostgreSQL, &servers.Options{Settings: map[string]string{"no_such_setting": "1"}})
	require.ErrorContains(t, err, "no_such_setting")
}

func TestPgBouncerPoolsTransactionsBeforeAServer(t *testing.T) {
	s := servers.Postgres(t)
	pool := servers.NewPooled(t, s, nil)
	database := pool.NewDatabase(t)
	query(t, pool, database, orders)
	query(t, pool, database, "INSERT INTO orders VALUES (1, '4.50')")
	require.Equal(t, "1", query(t, s, strings.Replace(database, host(t, pool.URL), host(t, s.URL), 1), "SELECT id FROM orders"))
	require.NoError(t, pool.Kill())
	require.NoError(t, pool.Restart(t.Context()))
	require.Equal(t, "1", query(t, pool, database, "SELECT id FROM orders"))
}

func query(t *testing.T, s *servers.Server, database, statement string) string {
	t.Helper()
	out, err := s.Query(t.Context(), database, statement)
	require.NoError(t, err)
	return out
}

// family lists a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	require.NoError(t, err)
	found := []int{pid}
	for line := range strings.Lines(string(out)) {
		var child, parent int
		_, err := fmt.Sscan(line, &child, &parent)
		require.NoError(t, err)
		if parent == pid {
			found = append(found, child)
		}
	}
	return found
}

// ofProcess is the folder that a server was started in.
func ofProcess(t *testing.T, pid int) string {
	t.Helper()
	folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		t.Skip("the folder of a process is known on Linux only")
	}
	for filepath.Base(folder) == "data" {
		folder = filepath.Dir(folder)
	}
	require.Contains(t, folder, "loyaltykit-server-")
	return folder
}

func requireGone(t *testing.T, processes ...int) {
	t.Helper()
	for _, pid := range processes {
		require.Eventually(t, func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH }, time.Minute, 10*time.Millisecond, "process %d", pid)
	}
}
