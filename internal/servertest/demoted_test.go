package servertest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// dialed does something before each new connection.
type dialed struct {
	driver.Connector
	before func() error
}

func (d *dialed) Connect(ctx context.Context) (driver.Conn, error) {
	if err := d.before(); err != nil {
		return nil, err
	}
	return d.Connector.Connect(ctx)
}

// The server only reads until somebody connects anew, as where an address leads to another
// server: with the connections that it has, a pool would never find out.
func TestAMariaDBThatWasDemotedIsLeft(t *testing.T) {
	server := servers.New(t, servers.MySQL, nil)
	database := server.NewDatabase(t)
	asks := func(statement string) {
		_, err := server.Query(context.WithoutCancel(t.Context()), server.URL, statement)
		require.NoError(t, err, statement)
	}
	u, err := url.Parse(database)
	require.NoError(t, err)
	asks("CREATE USER 'shop'@'%' IDENTIFIED BY 'beans'")
	asks("GRANT ALL ON " + strings.Trim(u.Path, "/") + ".* TO 'shop'@'%'")
	u.User = url.UserPassword("shop", "beans")
	name, source, err := mariadb.source(u.String())
	require.NoError(t, err)
	finds, err := sql.Open(name, source)
	require.NoError(t, err)
	defer finds.Close()
	connector, err := finds.Driver().(driver.DriverContext).OpenConnector(source)
	require.NoError(t, err)
	var demoted atomic.Bool
	db := sql.OpenDB(&dialed{connector, func() error {
		if demoted.CompareAndSwap(true, false) {
			_, err := server.Query(t.Context(), server.URL, "SET GLOBAL read_only = 0")
			return err
		}
		return nil
	}})
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlstore.Migrate(t.Context(), db, sqlstore.MySQL))
	store := mariadb.storeOn(t, db)
	for version := range int64(3) {
		outcomes, err := store.Commit(t.Context(), []storage.Batch{earn("m-7301", version, "order-100"+string('1'+rune(version)))})
		require.NoError(t, err)
		require.Equal(t, storage.OK, outcomes[0].Status)
		require.False(t, demoted.Load(), "it has connected anew")
		asks("SET GLOBAL read_only = 1")
		demoted.Store(true)
	}
	asks("SET GLOBAL read_only = 0")
}
