package turns_test

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage/internal/turns"
)

// Whoever has the turn of a transaction keeps the others waiting, as long as their
// contexts last.
func ExampleTake() {
	tx := new(int)
	done, err := turns.Take(context.Background(), tx)
	fmt.Println(err)
	impatient, giveUp := context.WithCancel(context.Background())
	giveUp()
	_, err = turns.Take(impatient, tx)
	fmt.Println(err)
	done()
	// Output:
	// <nil>
	// context canceled
}
