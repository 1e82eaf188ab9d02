package enginetest

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/storage"
)

// dump writes everything that a store has of a program, a row a line, operations
// first.
func dump(ctx context.Context, store storage.Store, program string) ([]string, error) {
	return featuretest.Rows(ctx, store, program)
}

// differ names the first line in which two dumps differ.
func differ(a, b []string) error {
	for i := range max(len(a), len(b)) {
		var one, other string
		if i < len(a) {
			one = a[i]
		}
		if i < len(b) {
			other = b[i]
		}
		if one != other {
			return fmt.Errorf("line %d of %d and %d is\n%s\nand\n%s", i+1, len(a), len(b), one, other)
		}
	}
	return nil
}
