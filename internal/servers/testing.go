package servers

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"
)

// Find returns the server that the environment names, or else starts a throwaway one.
func Find(ctx context.Context, engine Engine) (*Server, error) {
	key := engine.environment()
	if key == "" {
		return nil, fmt.Errorf("%w: no variable names a %s", ErrMissing, engine)
	}
	named := os.Getenv(key)
	if named == "" {
		return Start(ctx, engine, nil)
	}
	u, err := url.Parse(named)
	if err != nil {
		return nil, fmt.Errorf("%s is not a URL: %w", key, err)
	}
	if want := engine.schemes(); u.Scheme != want[0] && u.Scheme != want[1] {
		return nil, fmt.Errorf("%s is %q: it begins with %s://", key, u.Redacted(), want[0])
	}
	return &Server{Engine: engine, URL: named}, nil
}

func (e Engine) schemes() [2]string {
	if e == MySQL {
		return [2]string{"mysql", "mysql"}
	}
	return [2]string{"postgres", "postgresql"}
}

// One server of each engine serves all tests of a process.
var (
	sharedPostgres = sync.OnceValues(func() (*Server, error) { return Find(context.Background(), PostgreSQL) })
	sharedMariaDB  = sync.OnceValues(func() (*Server, error) { return Find(context.Background(), MySQL) })
)

// Postgres returns the PostgreSQL server that all tests of this process share; it ends
// with the process. Without one the test is skipped, or fails where servers are required.
func Postgres(t testing.TB) *Server {
	t.Helper()
	server, err := sharedPostgres()
	return present(t, server, err)
}

// MariaDB returns the MariaDB, or MySQL, server that all tests of this process share; it
// ends with the process. Without one the test is skipped, or fails where servers are
// required.
func MariaDB(t testing.TB) *Server {
	t.Helper()
	server, err := sharedMariaDB()
	return present(t, server, err)
}

// One throwaway server of each engine serves the tests of a process that kill theirs.
var killable = map[Engine]func() (*Server, error){
	PostgreSQL: sync.OnceValues(func() (*Server, error) { return Start(context.Background(), PostgreSQL, nil) }),
	MySQL:      sync.OnceValues(func() (*Server, error) { return Start(context.Background(), MySQL, nil) }),
}

// Killable returns a throwaway server that the tests of this process may kill, one test
// after the other; it ends with the process. One that a test has left dead is started
// again. Without the engine the test is skipped, or fails where servers are required.
func Killable(t testing.TB, engine Engine) *Server {
	t.Helper()
	start := killable[engine]
	if start == nil {
		t.Fatalf("%s is not started alone", engine)
	}
	server, err := start()
	server = present(t, server, err)
	if !server.running() {
		if err := server.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return server
}

// New starts a throwaway server for one test, which may kill it. It ends with the test.
func New(t testing.TB, engine Engine, options *Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), engine, options)
	return ends(t, present(t, server, err))
}

// NewPooled starts PgBouncer in front of a server for one test: see [Server.Pooled].
func NewPooled(t testing.TB, behind *Server, options *Options) *Server {
	t.Helper()
	pool, err := behind.Pooled(t.Context(), options)
	return ends(t, present(t, pool, err))
}

func ends(t testing.TB, server *Server) *Server {
	t.Helper()
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop %s: %v", server.Engine, err)
		}
	})
	return server
}

// NewDatabase makes an empty database for one test and returns its URL.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	database, err := s.CreateDatabase(t.Context())
	if err != nil {
		t.Fatalf("create a database on %s: %v", s.Engine, err)
	}
	t.Cleanup(func() {
		if err := s.DropDatabase(context.Background(), database); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return database
}

// present skips the test, or fails it, where there is no server.
func present(t testing.TB, server *Server, err error) *Server {
	t.Helper()
	switch {
	case err == nil:
		return server
	case errors.Is(err, ErrMissing) && os.Getenv("LOYALTYKIT_REQUIRE_SERVERS") != "1":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
	return nil
}
