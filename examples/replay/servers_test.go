package main

import (
	"os"
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
			args := []string{"-orders", path, "-program", "whole-dollar", "-json", "-verify"}
			if os.Getenv("LOYALTYKIT_PROVE") == "" {
				args = append(args, "-limit", "5000") // all of it takes minutes on a server
			}
			want := replayed(t, append(args, "-db", newDB(t))...).report(t)
			got := replayed(t, append(args, "-db", db(t))...).report(t)
			require.Equal(t, want.Points, got.Points)
			require.Equal(t, want.Orders, got.Orders)
			require.Equal(t, want.Members, got.Members)
			require.True(t, got.Verified)
		})
	}
}
