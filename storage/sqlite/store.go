package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	driver "modernc.org/sqlite"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/sqlstore"
)

// Store is a storage.Store in a SQLite file. [Open] makes one. It is safe for
// concurrent use.
type Store struct {
	*sqlstore.Store
	db *sql.DB
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Limiter = (*Store)(nil)
	_ storage.Totaler = (*Store)(nil)
)

// Synchronous says what a commit waits for.
type Synchronous uint8

// The kinds of waiting.
const (
	// Full waits until the commit is on the disk: what was acknowledged survives
	// a power cut. It is the default.
	Full Synchronous = 0
	// Normal does not wait: after a power cut the last commits may be missing,
	// and all that is there is whole. A process that dies loses nothing.
	Normal Synchronous = 1
)

// Options says how a file is opened. The zero value, and nil, work.
type Options struct {
	Synchronous Synchronous
	// BusyTimeout is how long a call waits for another process that writes; 0 is
	// 5 seconds. A context that is done ends the wait earlier.
	BusyTimeout time.Duration
	// Readers is how many connections read at once; 0 is 2.
	Readers int
}

func (o *Options) busyTimeout() time.Duration { return cmp.Or(o.BusyTimeout, 5*time.Second) }

// Memory is the path of a database in memory, for tests and examples. It is gone
// with Close.
const Memory = ":memory:"

// What every connection is set to. A page of 8 KiB holds several operations with
// their bodies. The write-ahead log is copied back every 8000 pages (64 MiB) and
// then used again from its start rather than truncated: commits write the same
// pages over and over, and the larger log saves most of the copies.
const (
	pageSize        = 8192
	cacheKiB        = 32 << 10
	checkpointPages = 8000
	journalLimit    = 128 << 20
	applicationID   = 0x4c4f5941 // "LOYA"
	busyCode        = 5          // SQLITE_BUSY
)

// Open opens the file, making it and its tables where needed. Close closes it.
func Open(path string, opts *Options) (*Store, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	source, err := dataSource(path, &o)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	connector, err := driver.NewConnector(source)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	readers := cmp.Or(max(o.Readers, 0), 2)
	if path == Memory {
		readers = -1
		db.SetMaxOpenConns(1)
	}
	db.SetMaxIdleConns(max(readers, 0) + 1)
	ctx := context.Background()
	if err := errors.Join(setUp(ctx, db, path, o.busyTimeout()), sqlstore.Migrate(ctx, db, sqlstore.SQLite)); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, errors.Join(err, db.Close()))
	}
	return &Store{Store: sqlstore.New(db, sqlstore.SQLite, &sqlstore.Options{Readers: readers}), db: db}, nil
}

// DB returns the database, for reading, for transactions of one's own (see
// sqlstore.Bind) and for backups with VACUUM INTO. It is of no use for [Memory],
// whose only connection the store keeps.
func (s *Store) DB() *sql.DB { return s.db }

// Close waits for calls in flight and closes the file.
func (s *Store) Close() error {
	return errors.Join(s.Store.Close(), s.db.Close())
}

// dataSource is the driver's name of the file, with what each connection is set to.
func dataSource(path string, o *Options) (string, error) {
	synchronous := "FULL"
	switch {
	case path == "":
		return "", errors.New("the path is empty")
	case o.Synchronous == Normal:
		synchronous = "NORMAL"
	case o.Synchronous != Full:
		return "", fmt.Errorf("unknown Synchronous %d", o.Synchronous)
	}
	settings := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", o.busyTimeout().Milliseconds()),
		"synchronous(" + synchronous + ")",
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages),
		fmt.Sprintf("journal_size_limit(%d)", journalLimit),
	}}
	if path == Memory {
		return Memory + "?" + settings.Encode(), nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: settings.Encode()}).String(), nil
}

// setUp makes a new file one of this package: its page size can be chosen only
// while it is empty, and the write-ahead log is a property of the file. SQLite
// waits for no other connection where it changes the journal of a file (it
// answers SQLITE_BUSY at once, whatever the busy timeout), so two that open a new
// file at the same time wait for each other here, for at most wait.
func setUp(ctx context.Context, db *sql.DB, path string, wait time.Duration) error {
	if path == Memory {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	err = makeNew(ctx, conn)
	for pause := time.Millisecond; err != nil && busy(err) && wait > 0; pause = min(2*pause, 50*time.Millisecond) {
		<-time.NewTimer(pause).C
		wait -= pause
		err = makeNew(ctx, conn)
	}
	return errors.Join(err, conn.Close())
}

func busy(err error) bool {
	coded, ok := errors.AsType[*driver.Error](err)
	return ok && coded.Code()&0xff == busyCode
}

// makeNew does nothing where the file has its journal: another connection was first.
func makeNew(ctx context.Context, conn *sql.Conn) error {
	var mode string
	if err := conn.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil || mode == "wal" {
		return err
	}
	for _, pragma := range []string{
		fmt.Sprintf("PRAGMA page_size = %d", pageSize),
		"PRAGMA journal_mode = wal",
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	} {
		if _, err := conn.ExecContext(ctx, pragma); err != nil {
			return fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return nil
}
