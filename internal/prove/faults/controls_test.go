package faults

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
)

// tries is how often a control is tried. One shows it, unless a machine is so slow that what
// was sent is refused when it is sent again, or that a server has by itself put on disk what
// it was to lose.
const tries = 5

// doubles runs callers who send what they are unsure of under a new key, until some of it
// is done twice, and the auditor sees it.
func doubles(t *testing.T, row string, shop shop, lines int) {
	t.Helper()
	began := time.Now()
	doubled, unknown, kills := 0, 0, 0
	for seed := uint64(0); seed < tries && doubled == 0; seed++ {
		// Many hosts have many commits on their way when the server dies.
		k := &killed{shop: shop, kills: size(2, 5, 5), hosts: 8, mute: true, load: load{callers: 32, members: 128, lines: lines, seed: seed, plain: true, newKeys: true}}
		found := k.runs(t)
		require.Zero(t, found.lost, "%s", found)
		doubled += found.doubled
		unknown += k.book.unknown
		kills += k.kills
	}
	require.Positive(t, doubled, "the auditor must see what was done twice")
	t.Logf("figure %s %s sent again without its key: %d of %d unknown outcomes doubled, after %d kills, in %s",
		row, shop.name, doubled, unknown, kills, time.Since(began).Round(time.Second))
}

func TestR2WithoutTheirKeysCallsAreDoubled(t *testing.T) {
	doubles(t, "R2", onPostgres, size(800, 6000, 20_000))
}

func TestR3WithoutTheirKeysCallsAreDoubled(t *testing.T) {
	doubles(t, "R3", onMariaDB, size(800, 6000, 20_000))
}

// lossy is a server that answers before its log is on disk, where it puts it much later, and
// a statement by which it does so at once.
type lossy struct {
	setting, value string
	later          map[string]string
	now            string
}

// loses runs callers on a server that answers before its log is on disk, until it loses
// what it said.
func loses(t *testing.T, row string, shop shop, lossy lossy) {
	t.Helper()
	began := time.Now()
	settings := maps.Clone(lossy.later)
	settings[lossy.setting] = lossy.value
	lost, acknowledged, kills := 0, 0, 0
	for seed := uint64(0); seed < tries && lost == 0; seed++ {
		k := &killed{
			shop: shop, kills: size(1, 2, 2), settings: settings, safe: lossy.now,
			load: load{callers: 16, members: 128, lines: size(1000, 6000, 20_000), seed: seed},
		}
		found := k.runs(t)
		lost += found.lost
		acknowledged += found.acknowledged
		kills += k.kills
	}
	require.Positive(t, lost, "the auditor must see what is missing")
	t.Logf("figure %s %s with %s=%s: %d of %d acknowledged lost, after %d kills, in %s",
		row, shop.name, lossy.setting, lossy.value, lost, acknowledged, kills, time.Since(began).Round(time.Second))
}

func TestR2WithoutASynchronousCommitAcknowledgedCallsAreLost(t *testing.T) {
	loses(t, "R2", onPostgres, lossy{
		"synchronous_commit", "off",
		map[string]string{"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"},
		"CHECKPOINT",
	})
}

func TestR3WithoutASynchronousCommitAcknowledgedCallsAreLost(t *testing.T) {
	loses(t, "R3", onMariaDB, lossy{
		"innodb_flush_log_at_trx_commit", "0",
		map[string]string{"innodb_flush_log_at_timeout": "2700"},
		"SET GLOBAL innodb_flush_log_at_trx_commit = 1; FLUSH ENGINE LOGS; SET GLOBAL innodb_flush_log_at_trx_commit = 0",
	})
}

// overspending runs hosts whose store does not look at versions, until members have less
// than nothing.
func overspending(t *testing.T, row string, shop shop) {
	t.Helper()
	overspent := overspends(t, func() (one, other storage.Store) {
		database := shop.database(t)
		return shop.open(t, database), shop.open(t, database)
	})
	require.Positive(t, overspent, "the auditor must see who had less than nothing")
	t.Logf("figure %s %s without the version check: %d of 8 members overspent", row, shop.name, overspent)
}

func TestR2WithoutTheVersionCheckMembersOverspend(t *testing.T) { overspending(t, "R2", onPostgres) }

func TestR3WithoutTheVersionCheckMembersOverspend(t *testing.T) { overspending(t, "R3", onMariaDB) }
