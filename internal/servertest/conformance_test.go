package servertest

import (
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// places are the databases and settings on which the contract must hold.
func places() []place {
	return []place{
		postgres.with("READ COMMITTED", "default_transaction_isolation", "read committed"),
		postgres.with("REPEATABLE READ", "default_transaction_isolation", "repeatable read"),
		postgres.with("SERIALIZABLE", "default_transaction_isolation", "serializable"),
		mariadb,
		mariadb.with("clientFoundRows", "clientFoundRows", "true").
			with("interpolateParams", "interpolateParams", "true").
			with("lenient sql_mode", "sql_mode", "'ANSI_QUOTES,PIPES_AS_CONCAT'").
			with("time zone", "time_zone", "'+05:45'").
			with("READ COMMITTED", "tx_isolation", "'READ-COMMITTED'").
			binding(sql.LevelReadCommitted),
	}
}

func TestServersKeepTheContract(t *testing.T) {
	for _, p := range places() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, p.open, options(p))
		})
	}
}

// options are those of the contract's suite; with LOYALTYKIT_PROVE more callers race.
func options(p place) *storagetest.Options {
	o := &storagetest.Options{Bind: p.bind, Timeout: 3 * time.Minute}
	if os.Getenv("LOYALTYKIT_PROVE") == "" {
		o.Callers = 16
	}
	return o
}
