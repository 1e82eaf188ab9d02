package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// network is one whose first connections fail once they are worn, as where a server was
// started anew or demoted. Later ones work, as far as a transaction that is begun.
type network struct {
	dialed, first int
	worn          bool
	why           error
	begun         int
}

func (n *network) Connect(context.Context) (driver.Conn, error) {
	n.dialed++
	return &line{n, n.dialed <= n.first}, nil
}

func (*network) Driver() driver.Driver { return nil }

type line struct {
	*network
	old bool
}

var errBegun = errors.New("begun on a connection that works")

func (l *line) Begin() (driver.Tx, error) {
	if l.old && l.worn {
		return nil, l.why
	}
	l.begun++
	return nil, errBegun
}

func (l *line) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return l.Begin() }

func (*line) Prepare(string) (driver.Stmt, error) { return nil, errNoRows }

func (*line) Close() error { return nil }

// coded is an error of PostgreSQL.
type coded string

func (c coded) Error() string { return "refused with " + string(c) }

func (c coded) SQLState() string { return string(c) }

// counted is a batch that takes a transaction of several statements.
func counted() storage.Batch {
	batch := earnOf("anna")
	batch.Counters = []storage.CounterChange{{CounterKey: storage.CounterKey{Key: "budget"}, Delta: 1, Bound: 9}}
	return batch
}

func TestAPoolWhoseConnectionsAreAllWornIsReplaced(t *testing.T) {
	for name, why := range map[string]error{"closed": driver.ErrBadConn, "of a server that only reads": coded("25006")} {
		t.Run(name, func(t *testing.T) {
			const connections = 40
			n := &network{first: connections, why: why}
			db := sql.OpenDB(n)
			defer db.Close()
			db.SetMaxIdleConns(connections)
			var held [connections]*sql.Conn
			for i := range held {
				var err error
				held[i], err = db.Conn(t.Context())
				require.NoError(t, err)
			}
			for _, conn := range held {
				require.NoError(t, conn.Close())
			}
			n.worn = true
			store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
			_, err := store.Commit(t.Context(), []storage.Batch{counted()})
			require.ErrorIs(t, err, errBegun)
			require.Equal(t, 1, n.begun)
			require.Equal(t, connections+1, n.dialed)
			require.NoError(t, store.Close())
		})
	}
}

// Where new connections are no better, it ends as often as tried.
func TestAServerWhoseConnectionsAreNeverGoodIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{first: 1 << 30, worn: true, why: driver.ErrBadConn}
		db := sql.OpenDB(n)
		defer db.Close()
		store := sqlstore.New(db, sqlstore.PostgreSQL, nil)
		outcomes, err := store.Commit(t.Context(), []storage.Batch{counted()})
		require.NoError(t, err)
		require.Equal(t, storage.Conflict, outcomes[0].Status)
		require.ErrorIs(t, outcomes[0].Err, driver.ErrBadConn)
		require.Equal(t, 12, n.dialed)
		require.NoError(t, store.Close())
	})
}
