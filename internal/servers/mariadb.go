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
	"strings"
)

// prepareMariaDB makes the system's tables, and the file by which the server makes
// its user before it listens. Character set and collation are MariaDB's own, so that
// a schema that relies on others has to say so.
func prepareMariaDB(ctx context.Context, s *Server, options *Options) error {
	server, ok := mariadbd(ctx)
	if !ok {
		return missing(MySQL, "mariadbd")
	}
	install, ok := anyProgram("mariadb-install-db", "mysql_install_db")
	if !ok {
		return missing(MySQL, "mariadb-install-db")
	}
	data := filepath.Join(s.folder, "data")
	// The script takes no folder for temporary tables whose name has a space.
	out, err := command(ctx, s.folder, install, "--no-defaults", "--datadir="+data, "--tmpdir=.", "--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(install), err, out)
	}
	secret := newSecret()
	users := filepath.Join(s.folder, "users.sql")
	// One statement a line. Root came without a password.
	text := fmt.Sprintf("DROP USER IF EXISTS root@localhost, root@'127.0.0.1', root@'::1', ''@localhost;\n"+
		"CREATE USER IF NOT EXISTS '%[1]s'@'%%' IDENTIFIED BY '%[2]s';\nGRANT ALL ON *.* TO '%[1]s'@'%%' WITH GRANT OPTION;\n"+
		"CREATE DATABASE IF NOT EXISTS %[1]s;\n", account, secret)
	if err := errors.Join(os.WriteFile(users, []byte(text), 0o600), give(users)); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	u := url.URL{Scheme: "mysql", User: url.UserPassword(account, secret), Host: "127.0.0.1:" + strconv.Itoa(s.port), Path: "/" + account}
	s.URL = u.String()
	s.run = func() ([]string, error) {
		settings := map[string]string{
			"bind-address": "127.0.0.1", "port": strconv.Itoa(s.port), "socket": filepath.Join(s.folder, "socket"),
			"pid-file": filepath.Join(s.folder, "pid"), "init-file": users, "skip-name-resolve": "1", "max-connect-errors": "1000000",
			"innodb-flush-log-at-trx-commit": "1", "innodb-doublewrite": "1",
		}
		for name, value := range options.Settings {
			settings[strings.ReplaceAll(name, "_", "-")] = value
		}
		// A server that starts deletes what others have in the folder for temporary tables.
		args := []string{server, "--no-defaults", "--datadir=" + data, "--tmpdir=" + s.folder}
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			args = append(args, "--"+name+"="+settings[name])
		}
		return args, nil
	}
	return nil
}

// mariadbd finds the server. Under its old name it may be MySQL's, which is made
// otherwise.
func mariadbd(ctx context.Context) (string, bool) {
	if path, ok := program("mariadbd", sbinFolders...); ok {
		return path, true
	}
	path, ok := program("mysqld", sbinFolders...)
	if !ok {
		return "", false
	}
	out, err := command(ctx, "/", path, "--no-defaults", "--version").Output()
	return path, err == nil && strings.Contains(string(out), "MariaDB")
}

func anyProgram(names ...string) (string, bool) {
	for _, name := range names {
		if path, ok := program(name, sbinFolders...); ok {
			return path, true
		}
	}
	return "", false
}
