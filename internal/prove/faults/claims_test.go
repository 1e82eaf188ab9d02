package faults

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// claims does what this process is told, where it is one of several that claim.
func claims(job *enginetest.Claimants) error {
	store, closed, err := openFor(job.Place, job.Database)
	if err != nil {
		return fmt.Errorf("process %d: %w", job.Turn, err)
	}
	defer closed()
	return job.Run(context.Background(), store, os.Stdin, os.Stdout)
}

// openFor opens the store that a process shares with others.
func openFor(place, database string) (store storage.Store, closed func(), err error) {
	if place == onPostgres.name {
		pool, err := pgxpool.New(context.Background(), database)
		if err != nil {
			return nil, nil, err
		}
		return postgres.New(pool, nil), pool.Close, nil
	}
	driver, source, dialect := "pgx", database, sqlstore.PostgreSQL
	if place == onMariaDB.name {
		driver, dialect = "mysql", sqlstore.MySQL
		if source, err = servers.DSN(database); err != nil {
			return nil, nil, err
		}
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	served := sqlstore.New(db, dialect, nil)
	return served, func() { _, _ = served.Close(), db.Close() }, nil
}

func TestR9StockAndLimitsHoldFromSeveralProcesses(t *testing.T) {
	for _, row := range []struct {
		shop
		ways int
	}{{onPostgres, 0}, {onPGX, size(3, 0, 0)}, {onMariaDB, size(3, 0, 0)}} {
		t.Run(row.name, func(t *testing.T) { enginetest.ClaimsOfProcesses(t, row.shared(t), row.ways) })
	}
}

// shared opens stores on a database, of which other processes open the same.
func (s shop) shared(t *testing.T) enginetest.Shared {
	database := s.database(t)
	return func(t testing.TB) (storage.Store, string, string) {
		return s.open(t, database), s.name, database
	}
}
