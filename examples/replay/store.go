package main

import (
	"os"

	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

// database is a store in a file.
type database struct {
	*sqlite.Store
	path string
}

// openDatabase opens a SQLite file, and makes it where it is missing. Without a
// path it is a new temporary one.
func openDatabase(path string) (*database, error) {
	if path == "" {
		file, err := os.CreateTemp("", "loyaltykit-replay-*.db")
		if err != nil {
			return nil, err
		}
		path = file.Name()
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
	store, err := sqlite.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &database{Store: store, path: path}, nil
}
