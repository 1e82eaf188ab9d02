package enginetest

import (
	"context"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Mark is what Erasure writes into every text that a caller chooses.
const Mark = featuretest.Mark

// Claims is a store that remembers which claims and counters there are.
type Claims = featuretest.Claims

// NewClaims returns one in front of a store that is empty.
func NewClaims(store storage.Store) *Claims { return featuretest.NewClaims(store) }

// Traces lists the rows of a program that have a text in any of their columns.
func Traces(ctx context.Context, store *Claims, program, text string) ([]string, error) {
	return featuretest.Traces(ctx, store, program, text)
}

// Marked puts the mark into every text of a command that can have it.
func Marked(ctx context.Context, engine *loyalty.Engine, cmd loyalty.Command) (loyalty.Command, int, []string) {
	marked, n, refused, err := featuretest.Marked(ctx, engine, cmd)
	if err != nil {
		panic(err)
	}
	return marked, n, refused
}
