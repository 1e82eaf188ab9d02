package linger_test

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage/internal/linger"
)

// The caller gives up while a commit is on its way: the adapter goes on for a moment, to
// learn how it ended.
func ExampleContext() {
	ctx, giveUp := context.WithCancel(context.Background())
	lingering, stop := linger.Context(ctx)
	giveUp()
	fmt.Println(ctx.Err(), lingering.Err())
	stop()
	fmt.Println(lingering.Err())
	// Output:
	// context canceled <nil>
	// context canceled
}
