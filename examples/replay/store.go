package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// database is a store in a file or on a server.
type database struct {
	storage.Store
	// path is the file, or the server's URL without its password.
	path  string
	close func() error
}

// openDatabase opens what name says: a postgres:// or mysql:// URL, or a SQLite
// file. Tables are made where they are missing. Without a name it is a new temporary
// file.
func openDatabase(ctx context.Context, name string) (*database, error) {
	u, err := url.Parse(name)
	if err != nil || !strings.Contains(name, "://") {
		return openFile(name)
	}
	switch u.Scheme {
	case "postgres", "postgresql":
		return openPostgres(ctx, u)
	case "mysql", "mariadb":
		return openMySQL(ctx, u)
	default:
		return nil, fmt.Errorf("-db %s: use postgres:// or mysql://, or name a file", u.Redacted())
	}
}

func openFile(path string) (*database, error) {
	if path == "" {
		file, err := os.CreateTemp("", "loyaltykit-replay-*.db")
		if err != nil {
			return nil, err
		}
		path = file.Name()
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	store, err := sqlite.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &database{Store: store, path: path, close: store.Close}, nil
}

func openPostgres(ctx context.Context, u *url.URL) (*database, error) {
	pool, err := pgxpool.New(ctx, u.String())
	if err != nil {
		return nil, err
	}
	if err := postgres.Migrate(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	shut := func() error { pool.Close(); return nil }
	return &database{Store: postgres.New(pool, nil), path: u.Redacted(), close: shut}, nil
}

func openMySQL(ctx context.Context, u *url.URL) (*database, error) {
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr, config.DBName = "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
	if u.Port() == "" {
		config.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	if err := sqlstore.Migrate(ctx, db, sqlstore.MySQL); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	store := sqlstore.New(db, sqlstore.MySQL, nil)
	return &database{Store: store, path: u.Redacted(), close: func() error {
		return errors.Join(store.Close(), db.Close())
	}}, nil
}
