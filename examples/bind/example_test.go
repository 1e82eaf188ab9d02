package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
)

// One sale is paid and one is not: an order and its points are stored together, or
// not at all.
func Example() {
	dir, err := os.MkdirTemp("", "loyaltykit-bind-")
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), os.Stdout, filepath.Join(dir, "shop.db"), clock); err != nil {
		log.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output:
	// after order 1001: 1 order, 24 beans
	// order 1002: the card was declined
	// after order 1002: 1 order, 24 beans
}
