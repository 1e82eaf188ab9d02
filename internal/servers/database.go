package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path"
	"strings"
)

// CreateDatabase makes an empty database of a new name and returns its URL.
func (s *Server) CreateDatabase(ctx context.Context) (string, error) {
	name := "loyaltykit_" + strings.ToLower(rand.Text())
	if _, err := s.Query(ctx, s.URL, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// DropDatabase drops a database that [Server.CreateDatabase] made, and ends the
// connections to it.
func (s *Server) DropDatabase(ctx context.Context, database string) error {
	u, err := url.Parse(database)
	if err != nil {
		return err
	}
	name := path.Base(u.Path)
	if !strings.HasPrefix(name, "loyaltykit_") {
		return fmt.Errorf("servers: %s was not made here", name)
	}
	statement := "DROP DATABASE IF EXISTS " + name
	if s.Engine != MySQL {
		statement += " WITH (FORCE)"
	}
	_, err = s.Query(ctx, s.URL, statement)
	return err
}

// Query runs one statement through the server's own client and returns the rows: a
// line each, fields separated by tabs.
func (s *Server) Query(ctx context.Context, database, statement string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	secret, _ := u.User.Password()
	var cmd *exec.Cmd
	if s.Engine == MySQL {
		cmd, err = mariadbClient(ctx, u, secret, statement)
	} else {
		cmd, err = postgresClient(ctx, u, secret, statement)
	}
	if err != nil {
		return "", err
	}
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%s: %w: %s", statement, err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

func postgresClient(ctx context.Context, u *url.URL, secret, statement string) (*exec.Cmd, error) {
	client, ok := program("psql", postgresFolders...)
	if !ok {
		return nil, missing(PostgreSQL, "psql")
	}
	open := *u
	open.User = url.User(u.User.Username())
	cmd := exec.CommandContext(ctx, client, "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", open.String(), "-c", statement)
	cmd.Env = append(os.Environ(), "PGPASSWORD="+secret)
	return cmd, nil
}

func mariadbClient(ctx context.Context, u *url.URL, secret, statement string) (*exec.Cmd, error) {
	client, ok := anyProgram("mariadb", "mysql")
	if !ok {
		return nil, missing(MySQL, "mariadb, the client")
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	cmd := exec.CommandContext(ctx, client, "--no-defaults", "--protocol=tcp", "--host="+u.Hostname(), "--port="+port,
		"--user="+u.User.Username(), "--batch", "--skip-column-names", "-e", statement, strings.TrimPrefix(u.Path, "/"))
	cmd.Env = append(os.Environ(), "MYSQL_PWD="+secret)
	return cmd, nil
}

// DSN turns a mysql:// URL into what Go's MySQL driver takes, with the URL's parameters.
func DSN(database string) (string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return "", err
	}
	if u.Scheme != "mysql" {
		return "", fmt.Errorf("servers: %q is not a mysql:// URL", u.Redacted())
	}
	secret, _ := u.User.Password()
	host := u.Host
	if u.Port() == "" {
		host += ":3306"
	}
	dsn := fmt.Sprintf("%s:%s@tcp(%s)%s", u.User.Username(), secret, host, "/"+strings.TrimPrefix(u.Path, "/"))
	if u.RawQuery != "" {
		dsn += "?" + u.RawQuery
	}
	return dsn, nil
}
