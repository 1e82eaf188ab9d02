package faults

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// crowd is a database in which the rows of two members stand for those of many: of a
// hundred, 99 live as the one and one as the other.
type crowd struct {
	store storage.Store
	db    *sql.DB
	// number counts from 0 to less than a parameter, and name is the id of a number.
	number, name string
	columns      string
	// size is how many bytes it all takes.
	size func(t *testing.T) int64
}

const (
	oftenDue = 37
	perCrowd = 100
)

func nameOf(i int) string { return fmt.Sprintf("member-%07d", i) }

func crowdInFile(t *testing.T) *crowd {
	path := filepath.Join(t.TempDir(), "shop.db")
	store, err := sqlite.Open(path, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &crowd{
		store: store, db: store.DB(), name: "printf('member-%07d', n)", columns: "SELECT name FROM pragma_table_info($1)",
		number: "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $1)",
		size: func(t *testing.T) int64 {
			var total int64
			for _, name := range []string{path, path + "-wal"} {
				if info, err := os.Stat(name); err == nil {
					total += info.Size()
				}
			}
			return total
		},
	}
}

func crowdOnPostgres(t *testing.T) *crowd {
	database := servers.Postgres(t).NewDatabase(t)
	onPostgres.migrate(t, database)
	db, err := sql.Open("pgx", database)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return &crowd{
		store: onPostgres.open(t, database), db: db, name: "'member-' || lpad(n::text, 7, '0')",
		columns: "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
		number:  "WITH numbers(n) AS (SELECT generate_series(0, $1::int - 1))",
		size: func(t *testing.T) (total int64) {
			require.NoError(t, db.QueryRowContext(t.Context(), "SELECT pg_database_size(current_database())").Scan(&total))
			return total
		},
	}
}

// multiply copies the rows of a member for every number of the crowd that is so.
func (c *crowd) multiply(t *testing.T, member, so string, members int) (rows int64) {
	t.Helper()
	for _, table := range []string{"accounts", "operations", "entries", "lots", "records", "events"} {
		table = "loyalty_" + table
		columns := c.columnsOf(t, table)
		values := slices.Clone(columns)
		for i, column := range columns {
			if column == "member" {
				values[i] = c.name
			}
		}
		result, err := c.db.ExecContext(t.Context(), fmt.Sprintf("%s INSERT INTO %s (%s) SELECT %s FROM %s, numbers WHERE program = 'shop' AND member = $2 AND %s",
			c.number, table, strings.Join(columns, ", "), strings.Join(values, ", "), table, so), members, member)
		require.NoError(t, err)
		n, err := result.RowsAffected()
		require.NoError(t, err)
		rows += n
	}
	return rows
}

func (c *crowd) columnsOf(t *testing.T, table string) (columns []string) {
	t.Helper()
	names, err := c.db.QueryContext(t.Context(), c.columns, table)
	require.NoError(t, err)
	defer func() { require.NoError(t, names.Close()) }()
	for names.Next() {
		var column string
		require.NoError(t, names.Scan(&column))
		columns = append(columns, column)
	}
	require.NoError(t, names.Err())
	return columns
}

// regulars lets the euros of a calendar year lead to a tier that ends with it.
func regulars() loyalty.Revisions {
	return loyalty.Revisions{{
		ID: "shop", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "point", Expiry: points.NeverExpire()}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{
			{Code: "base", Unit: "point", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
			{Code: "counts", Unit: "euro", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}},
		},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
			Tiers: []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 100}}}}},
		}},
	}}
}

// touched counts the calls that a store gets, by the members that they are about.
type touched struct {
	mu              sync.Mutex
	loaded, written map[string]int
	loads, commits  int
}

func (s *touched) watch(store storage.Store) storage.Store {
	s.forget()
	return &storagetest.Hooked{
		Store: store,
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			s.mu.Lock()
			s.loads++
			for i := range requests {
				s.loaded[requests[i].Member]++
			}
			s.mu.Unlock()
			return next(ctx, requests)
		},
		OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
			s.mu.Lock()
			s.commits++
			for i := range batches {
				for j := range batches[i].Legs {
					s.written[batches[i].Legs[j].Account.Member]++
				}
			}
			s.mu.Unlock()
			return next(ctx, batches)
		},
	}
}

func (s *touched) forget() {
	s.loaded, s.written, s.loads, s.commits = map[string]int{}, map[string]int{}, 0, 0
}

// problems lists what a run did other than loading and writing those who were due, each
// once, in pages.
func (s *touched) problems(due []string) (found []string) {
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	is := make(map[string]bool, len(due))
	for _, member := range due {
		is[member] = true
	}
	for did, members := range map[string]map[string]int{"loaded": s.loaded, "written": s.written} {
		for member, times := range members {
			if !is[member] {
				add("%s was %s and was not due", member, did)
			} else if times != 1 {
				add("%s was %s %d times", member, did, times)
			}
		}
		for _, member := range due {
			if members[member] == 0 {
				add("%s was due and was not %s", member, did)
			}
		}
	}
	pages := (len(due) + 255) / 256
	if s.loads != pages {
		add("%d loads, not one for every 256 of those who are due", s.loads)
	}
	if s.commits > 4*pages {
		add("%d commits of %d pages", s.commits, pages)
	}
	slices.Sort(found)
	return found
}

// fill enrolls the crowd in a program whose statuses end with the year, and returns those
// who have one, with the rows that it takes.
func (c *crowd) fill(t *testing.T, engine *loyalty.Engine, members int) (due []string, rows int64) {
	t.Helper()
	for member, euros := range map[string]int64{"seldom": 5, "often": 120} {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "enroll"})
		require.NoError(t, err)
		order := points.Order{ID: member, Currency: "EUR", Lines: []points.Line{{Amount: decimal.NewFromInt(euros)}}}
		_, err = engine.Do(t.Context(), loyalty.Earn{Member: member, Key: "earn", Order: order})
		require.NoError(t, err)
	}
	rows = c.multiply(t, "seldom", fmt.Sprintf("n %% %d <> %d", perCrowd, oftenDue), members)
	rows += c.multiply(t, "often", fmt.Sprintf("n %% %d = %d", perCrowd, oftenDue), members)
	for i := oftenDue; i < members; i += perCrowd {
		due = append(due, nameOf(i))
	}
	return append(due, "often"), rows
}

var newYear = time.Date(noon.Year()+1, time.January, 1, 3, 0, 0, 0, time.UTC)

// Of many members one in a hundred has a status that ends with the year. RunDue loads and
// writes each of those once, and nobody else.
func TestRunDueTouchesOnlyMembersThatAreDue(t *testing.T) {
	members := size(20_000, 20_000, 1_000_000)
	for name, open := range map[string]func(*testing.T) *crowd{"SQLite": crowdInFile, "PostgreSQL": crowdOnPostgres} {
		t.Run(name, func(t *testing.T) {
			c, seen, clock := open(t), &touched{}, noon
			engine, err := loyalty.New(regulars(), seen.watch(c.store), &loyalty.Options{Clock: func() time.Time { return clock }, Secret: secret})
			require.NoError(t, err)
			due, rows := c.fill(t, engine, members)

			seen.forget()
			clock = newYear
			began := time.Now()
			report, err := engine.RunDue(t.Context(), nil)
			took := time.Since(began)
			require.NoError(t, err)
			require.Empty(t, report.Failed)
			assert.Equal(t, len(due), report.Settled)
			assert.Empty(t, seen.problems(due))
			loads, commits := seen.loads, seen.commits

			seen.forget()
			_, err = engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			assert.Empty(t, seen.problems(nil), "nobody is due any more")
			t.Logf("figure RunDue: of %d members (%d rows, %d MB on %s) %d were due, and only those were loaded, in %d loads, and written, in %d commits, in %s",
				members, rows, c.size(t)>>20, name, len(due), loads, commits, took.Round(time.Millisecond))
		})
	}
}

// careless is a store that lists accounts as an engine might have asked for them that looks
// at more, or at fewer, than those that are due.
type careless struct {
	storage.Store
	lists func(page *storage.Page[storage.Account])
}

func (c *careless) Accounts(ctx context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	page, err := c.Store.Accounts(ctx, query)
	c.lists(&page)
	return page, err
}

// What the proof above looks at tells of a run that loads somebody who is not due, or
// leaves out, loads or writes twice somebody who is.
func TestARunDueThatTouchesOthersIsSeen(t *testing.T) {
	const members = 1000
	idle := nameOf(oftenDue + 1)
	for name, control := range map[string]struct {
		spoil func(store storage.Store) storage.Store
		seen  string
	}{
		"as it is": {func(store storage.Store) storage.Store { return store }, ""},
		"a load of one who is not due": {func(store storage.Store) storage.Store {
			return &storagetest.Hooked{Store: store, OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
				snaps, err := next(ctx, append(slices.Clone(requests), storage.LoadRequest{Program: "shop", Member: idle}))
				if err != nil {
					return nil, err
				}
				return snaps[:len(requests)], nil
			}}
		}, idle + " was loaded and was not due"},
		"one who is not due among those who are": {func(store storage.Store) storage.Store {
			return &careless{store, func(page *storage.Page[storage.Account]) {
				page.Items = append(page.Items, storage.Account{Member: idle})
			}}
		}, idle + " was loaded and was not due"},
		"one who is due left out": {func(store storage.Store) storage.Store {
			return &careless{store, func(page *storage.Page[storage.Account]) {
				page.Items = slices.DeleteFunc(page.Items, func(item storage.Account) bool { return item.Member == nameOf(oftenDue) })
			}}
		}, nameOf(oftenDue) + " was due and was not loaded"},
		"a commit that is sent twice": {func(store storage.Store) storage.Store {
			return &storagetest.Hooked{Store: store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
				outcomes, err := next(ctx, batches)
				if err == nil {
					_, _ = next(ctx, batches)
				}
				return outcomes, err
			}}
		}, "often was written 2 times"},
		"a load for every account": {func(store storage.Store) storage.Store {
			return &storagetest.Hooked{Store: store, OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) (snaps []storage.Snapshot, err error) {
				for _, request := range requests {
					one, err := next(ctx, []storage.LoadRequest{request})
					if err != nil {
						return nil, err
					}
					snaps = append(snaps, one...)
				}
				return snaps, nil
			}}
		}, "11 loads, not one for every 256 of those who are due"},
	} {
		t.Run(name, func(t *testing.T) {
			c, seen, clock := crowdInFile(t), &touched{}, noon
			engine, err := loyalty.New(regulars(), control.spoil(seen.watch(c.store)), &loyalty.Options{Clock: func() time.Time { return clock }, Secret: secret})
			require.NoError(t, err)
			due, _ := c.fill(t, engine, members)
			seen.forget()
			clock = newYear
			_, err = engine.RunDue(t.Context(), nil)
			require.NoError(t, err)
			found := seen.problems(due)
			if control.seen == "" {
				require.Empty(t, found)
				return
			}
			require.Contains(t, found, control.seen)
		})
	}
}
