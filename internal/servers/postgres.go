package servers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// account is the user of a throwaway server.
const account = "loyaltykit"

// preparePostgres makes a cluster. Its databases sort as a shop's do, by language, so
// that a schema that relies on the order of bytes has to say so.
func preparePostgres(ctx context.Context, s *Server, options *Options) error {
	server, ok := program("postgres", postgresFolders...)
	if !ok {
		return missing(PostgreSQL, "postgres and initdb")
	}
	initdb, ok := beside(server, "initdb", postgresFolders...)
	if !ok {
		return missing(PostgreSQL, "initdb")
	}
	secret := newSecret()
	secretFile := filepath.Join(s.folder, "secret")
	if err := errors.Join(os.WriteFile(secretFile, []byte(secret+"\n"), 0o600), give(secretFile)); err != nil {
		return err
	}
	data := filepath.Join(s.folder, "data")
	if err := initPostgres(ctx, s.folder, initdb, data, secretFile); err != nil {
		return err
	}
	var err error
	if s.port, err = freePort(); err != nil {
		return err
	}
	s.URL = postgresURL(secret, s.port)
	s.run = func() ([]string, error) {
		settings := map[string]string{
			"listen_addresses": "127.0.0.1", "port": strconv.Itoa(s.port), "unix_socket_directories": "",
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
			// Killed servers leave it in their folder rather than in the system.
			"dynamic_shared_memory_type": "mmap",
			"log_min_messages":           "fatal",
		}
		maps.Copy(settings, options.Settings)
		args := []string{server, "-D", data}
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			args = append(args, "-c", name+"="+settings[name])
		}
		return args, nil
	}
	return nil
}

func initPostgres(ctx context.Context, folder, initdb, data, secretFile string) error {
	args := []string{"-D", data, "-U", account, "--pwfile=" + secretFile, "-A", "scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"}
	// Version 15 and later, built with ICU.
	byLanguage := append(slices.Clone(args), "--locale-provider=icu", "--icu-locale=en-US")
	if command(ctx, folder, initdb, byLanguage...).Run() == nil {
		return nil
	}
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if out, err := command(ctx, folder, initdb, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func postgresURL(secret string, port int) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(account, secret), Host: "127.0.0.1:" + strconv.Itoa(port),
		Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return u.String()
}
