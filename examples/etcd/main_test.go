package main

import (
	"context"
	"log"
	"os"
)

// A member enrolls, earns and spends; then the books are verified.
func Example() {
	dir, err := os.MkdirTemp("", "loyaltykit-etcd-")
	if err != nil {
		log.Fatal(err)
	}
	if err := run(context.Background(), os.Stdout, dir); err != nil {
		log.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Fatal(err)
	}
	// Output:
	// enroll
	// earn 1001
	// earned 12 bean, usable from 22 Feb 2027
	//   base         12  1 bean per EUR 1 on EUR 12.40
	// balance 12 bean available
	// spend
	// spend 8 bean: available to redeemed
	// balance 4 bean available
	// verified 3 operations and 2 entries, problems: 0
}
