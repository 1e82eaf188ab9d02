package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// stores are the places that a replay can write to.
var stores = map[string]func(t *testing.T) string{
	"SQLite":     newDB,
	"PostgreSQL": func(t *testing.T) string { return servers.Postgres(t).NewDatabase(t) },
	"MariaDB":    func(t *testing.T) string { return servers.MariaDB(t).NewDatabase(t) },
}

func TestAGeneratedLogComesToTheSameOnEveryStore(t *testing.T) {
	for name, db := range stores {
		t.Run(name, func(t *testing.T) {
			want := replayed(t, "-db", newDB(t), "-json", "-verify", "-limit", "600").report(t)
			database := db(t)
			got := replayed(t, "-db", database, "-json", "-verify", "-limit", "600").report(t)
			require.Equal(t, want.Points, got.Points)
			require.Equal(t, want.Orders, got.Orders)
			require.Equal(t, want.Refunds, got.Refunds)
			require.True(t, got.Verified)
			again := replayed(t, "-db", database, "-json", "-limit", "600").report(t)
			require.Equal(t, want.Points, again.Points, "a second run changes nothing")
		})
	}
}

func TestARealLogComesToTheSameOnEveryStore(t *testing.T) {
	long(t)
	path := cdnowOrders(t)
	for name, db := range stores {
		if name == "SQLite" {
			continue // TestARealLogEarnsAPointForEachWholeDollar
		}
		t.Run(name, func(t *testing.T) {
			r := replayed(t, "-orders", path, "-program", "whole-dollar", "-db", db(t), "-json", "-verify")
			report := r.report(t)
			require.Equal(t, int64(69659), report.Orders)
			require.Equal(t, int64(23570), report.Members)
			require.Equal(t, int64(2453159), int64(report.Points.Issued))
			require.True(t, report.Verified)
		})
	}
}
