package servers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Pooled starts PgBouncer in front of a PostgreSQL server, in transaction pooling: each
// transaction of a client may run on another of the server's connections. The options'
// settings are those of the section [pgbouncer].
func (s *Server) Pooled(ctx context.Context, options *Options) (*Server, error) {
	if s.Engine != PostgreSQL {
		return nil, fmt.Errorf("servers: PgBouncer does not stand before %s", s.Engine)
	}
	if options == nil {
		options = &Options{}
	}
	return begin(ctx, PgBouncer, func(_ context.Context, pool *Server) error { return preparePgBouncer(pool, s.URL, options) })
}

func preparePgBouncer(s *Server, behind string, options *Options) error {
	bouncer, ok := program("pgbouncer", sbinFolders...)
	if !ok {
		return missing(PgBouncer, "pgbouncer")
	}
	u, err := url.Parse(behind)
	if err != nil {
		return err
	}
	secret, _ := u.User.Password()
	users := filepath.Join(s.folder, "users")
	line := fmt.Sprintf("%s %s\n", quoted(u.User.Username()), quoted(secret))
	if err := errors.Join(os.WriteFile(users, []byte(line), 0o600), give(users)); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	target := fmt.Sprintf("* = host=%s port=%s", u.Hostname(), cmp.Or(u.Port(), "5432"))
	u.Host = "127.0.0.1:" + strconv.Itoa(s.port)
	s.URL = u.String()
	file := filepath.Join(s.folder, "pgbouncer.ini")
	s.run = func() ([]string, error) {
		settings := map[string]string{
			"listen_addr": "127.0.0.1", "listen_port": strconv.Itoa(s.port), "unix_socket_dir": "",
			"auth_type": "scram-sha-256", "auth_file": users, "pool_mode": "transaction",
			"max_client_conn": "1000", "default_pool_size": "20", "ignore_startup_parameters": "extra_float_digits",
		}
		maps.Copy(settings, options.Settings)
		var text strings.Builder
		fmt.Fprintf(&text, "[databases]\n%s\n[pgbouncer]\n", target)
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			fmt.Fprintf(&text, "%s = %s\n", name, settings[name])
		}
		return []string{bouncer, file}, errors.Join(os.WriteFile(file, []byte(text.String()), 0o600), give(file))
	}
	return nil
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
