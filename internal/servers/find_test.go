//go:build unix

package servers_test

import (
	"fmt"
	"net/url"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Host
}

func TestAServerThatTheEnvironmentNamesIsFoundAndLeftAlone(t *testing.T) {
	for engine, key := range map[servers.Engine]string{servers.PostgreSQL: "LOYALTYKIT_POSTGRES", servers.MySQL: "LOYALTYKIT_MYSQL"} {
		t.Run(string(engine), func(t *testing.T) {
			running := servers.New(t, engine, nil)
			t.Setenv(key, running.URL)
			found, err := servers.Find(t.Context(), engine)
			require.NoError(t, err)
			require.Equal(t, running.URL, found.URL)
			database := found.NewDatabase(t)
			require.Equal(t, "1", query(t, found, database, "SELECT 1"))
			require.ErrorIs(t, found.Kill(), servers.ErrNotOurs)
			require.ErrorIs(t, found.Restart(t.Context()), servers.ErrNotOurs)
			require.NoError(t, found.Stop())
			require.Equal(t, "1", query(t, found, database, "SELECT 1"), "it goes on")
		})
	}
}

func TestAURLOfAnotherKindIsRefused(t *testing.T) {
	t.Setenv("LOYALTYKIT_POSTGRES", "mysql://shop:secret@db:3306/shop")
	_, err := servers.Find(t.Context(), servers.PostgreSQL)
	require.ErrorContains(t, err, "postgres://")
	require.NotContains(t, err.Error(), "secret")
}

// verdict is what a test comes to: its helpers end its goroutine.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper() {}

func (v *verdict) Skip(args ...any) {
	v.skipped = fmt.Sprint(args...)
	runtime.Goexit()
}

func (v *verdict) Fatal(args ...any) {
	v.failed = fmt.Sprint(args...)
	runtime.Goexit()
}

// judge runs a test that asks for a server where no program is installed.
func judge(t *testing.T, engine servers.Engine) *verdict {
	t.Helper()
	v := &verdict{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		servers.New(v, engine, nil)
	}()
	<-done
	return v
}

func TestWithoutAServerATestIsSkippedWithAWordOnWhatToDo(t *testing.T) {
	t.Setenv("LOYALTYKIT_REQUIRE_SERVERS", "")
	for engine, key := range map[servers.Engine]string{servers.PostgreSQL: "LOYALTYKIT_POSTGRES", servers.MySQL: "LOYALTYKIT_MYSQL"} {
		t.Setenv("LOYALTYKIT_SERVER_PROGRAMS", t.TempDir())
		v := judge(t, engine)
		require.Contains(t, v.skipped, "install it, or set "+key)
		require.Empty(t, v.failed)
	}
}

func TestWithoutAServerATestFailsWhereServersAreRequired(t *testing.T) {
	t.Setenv("LOYALTYKIT_REQUIRE_SERVERS", "1")
	for engine, key := range map[servers.Engine]string{servers.PostgreSQL: "LOYALTYKIT_POSTGRES", servers.MySQL: "LOYALTYKIT_MYSQL"} {
		t.Setenv("LOYALTYKIT_SERVER_PROGRAMS", t.TempDir())
		v := judge(t, engine)
		require.Contains(t, v.failed, "install it, or set "+key)
		require.Empty(t, v.skipped)
	}
}

func TestADatabaseURLBecomesADriversDSN(t *testing.T) {
	for given, want := range map[string]string{
		"mysql://shop:s3cret@db.example:3307/points":       "shop:s3cret@tcp(db.example:3307)/points",
		"mysql://shop@db.example/points":                   "shop:@tcp(db.example:3306)/points",
		"mysql://shop:p%40ss@127.0.0.1:3306/points?tls=no": "shop:p@ss@tcp(127.0.0.1:3306)/points?tls=no",
	} {
		dsn, err := servers.DSN(given)
		require.NoError(t, err)
		require.Equal(t, want, dsn)
	}
	_, err := servers.DSN("postgres://shop:s3cret@db.example/points")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
}
