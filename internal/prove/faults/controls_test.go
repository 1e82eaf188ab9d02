package faults

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Callers who send what they are unsure of under a new key do some things twice, and
// the auditor sees it.
func TestR2WithoutTheirKeysCallsAreDoubled(t *testing.T) {
	began := time.Now()
	doubled, unknown, kills := 0, 0, 0
	for seed := uint64(0); seed < 10 && doubled == 0; seed++ {
		k := &killed{shop: onPostgres, kills: 5, load: load{callers: 16, members: 128, lines: size(3000, 6000, 20_000), seed: seed, plain: true, newKeys: true}}
		found := k.runs(t)
		require.Zero(t, found.lost, "%s", found)
		doubled += found.doubled
		unknown += k.book.unknown
		kills += k.kills
	}
	require.Positive(t, doubled, "the auditor must see what was done twice")
	t.Logf("figure R2 sent again without its key: %d of %d unknown outcomes doubled, after %d kills, in %s", doubled, unknown, kills, time.Since(began).Round(time.Second))
}

// A server that answers before its log is on disk loses what it said.
func TestR2WithoutASynchronousCommitAcknowledgedCallsAreLost(t *testing.T) {
	for _, control := range []struct {
		shop
		setting, value string
	}{{onPostgres, "synchronous_commit", "off"}, {onMariaDB, "innodb_flush_log_at_trx_commit", "0"}} {
		t.Run(control.name, func(t *testing.T) {
			began := time.Now()
			lost, acknowledged, kills := 0, 0, 0
			for seed := uint64(0); seed < 10 && lost == 0; seed++ {
				k := &killed{
					shop: control.shop, kills: 2, settings: map[string]string{control.setting: control.value},
					load: load{callers: 16, members: 128, lines: size(3000, 6000, 20_000), seed: seed},
				}
				found := k.runs(t)
				lost += found.lost
				acknowledged += found.acknowledged
				kills += k.kills
			}
			require.Positive(t, lost, "the auditor must see what is missing")
			t.Logf("figure R2 %s with %s=%s: %d of %d acknowledged lost, after %d kills, in %s",
				control.name, control.setting, control.value, lost, acknowledged, kills, time.Since(began).Round(time.Second))
		})
	}
}

func TestR2WithoutTheVersionCheckMembersOverspend(t *testing.T) {
	for _, shop := range []shop{onPostgres, onMariaDB} {
		t.Run(shop.name, func(t *testing.T) {
			server := servers.New(t, shop.engine, nil)
			overspent := overspends(t, func() (one, other storage.Store) {
				database := shop.database(t, server)
				return shop.open(t, database), shop.open(t, database)
			})
			require.Positive(t, overspent, "the auditor must see who had less than nothing")
			t.Logf("figure R2 %s without the version check: %d of 8 members overspent", shop.name, overspent)
		})
	}
}
