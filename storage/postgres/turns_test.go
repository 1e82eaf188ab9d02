package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/postgres"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// crowded makes a server refuse, as it does where serializable transactions meet, what
// writes to a table or reads from it, a number of times after each call of meet.
func crowded(t *testing.T, pool *pgxpool.Pool) (meet func(times int)) {
	t.Helper()
	run := func(sql string) {
		_, err := pool.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	run("CREATE SEQUENCE met")
	run(`CREATE FUNCTION meets() RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN
		IF nextval('met') <= 1000 THEN
			RAISE EXCEPTION 'could not serialize access due to read/write dependencies' USING ERRCODE = '40001';
		END IF;
		RETURN true; END $$`)
	run(`CREATE FUNCTION meets_writing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM meets(); RETURN NULL; END $$`)
	run("SELECT setval('met', 1000)")
	for _, table := range []string{"operations", "events", "revisions"} {
		run(fmt.Sprintf("CREATE TRIGGER crowd BEFORE INSERT OR UPDATE OR DELETE ON loyalty_%s"+
			" FOR EACH STATEMENT EXECUTE FUNCTION meets_writing()", table))
	}
	for _, table := range []string{"claims", "lots"} {
		run(fmt.Sprintf("ALTER TABLE loyalty_%[1]s RENAME TO plain_%[1]s", table))
		run(fmt.Sprintf("CREATE VIEW loyalty_%[1]s AS SELECT * FROM plain_%[1]s WHERE meets()", table))
	}
	return func(times int) { run(fmt.Sprintf("SELECT setval('met', %d)", 1000-times)) }
}

// Twelve is more often than a server or a connection that fails is tried.
func TestEveryCallIsTriedAgainWhereTheServerCouldNotSerialize(t *testing.T) {
	url := database(t)
	native := postgres.New(connect(t, url, nil), nil)
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	portable := sqlstore.New(db, sqlstore.PostgreSQL, nil)
	t.Cleanup(func() {
		require.NoError(t, portable.Close())
		require.NoError(t, db.Close())
	})
	stored(t, native, many(0)...)
	pool := connect(t, url, nil)
	meet := crowded(t, pool)
	left := func() int {
		var met int
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT last_value FROM met").Scan(&met))
		return 1000 - met
	}
	stores := map[string]storage.Store{"postgres": native, "sqlstore": portable}
	number := int64(0)
	for name, store := range stores {
		number++
		member := fmt.Sprintf("member-%02d", number)
		calls := map[string]func() error{
			"Commit": func() error {
				batch := latteFor("new in "+name, 0)
				batch.Claims, batch.Legs[0].Lots = nil, nil
				outcomes, err := store.Commit(t.Context(), []storage.Batch{batch})
				if err == nil && outcomes[0].Status != storage.OK {
					err = fmt.Errorf("it ends as %d: %w", outcomes[0].Status, outcomes[0].Err)
				}
				return err
			},
			"Ack": func() error {
				return store.Ack(t.Context(), "cafe", []storage.EventID{{Member: member, Version: 1}})
			},
			"Prune": func() error {
				_, err := store.Prune(t.Context(), storage.PruneRequest{Program: "cafe", EventsBefore: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)})
				return err
			},
			"PutRevision": func() error {
				return store.PutRevision(t.Context(), storage.Revision{Program: "cafe", Number: number, Text: []byte("{}")})
			},
			"Load": func() error {
				_, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "cafe", Member: member, Debits: []storage.Debit{{Limit: 9}}}})
				return err
			},
			"Claims": func() error {
				_, err := store.Load(t.Context(), []storage.LoadRequest{{Program: "cafe", Member: member, Claims: []storage.ClaimKey{{Space: "order", Key: "order-" + member + "-1"}}}})
				return err
			},
		}
		// In this order there is something to prune.
		for _, call := range []string{"Commit", "Ack", "Prune", "PutRevision", "Load", "Claims"} {
			t.Run(name+" "+call, func(t *testing.T) {
				meet(12)
				require.NoError(t, calls[call]())
				require.Negative(t, left(), "the server refused all twelve times")
			})
		}
	}
}
