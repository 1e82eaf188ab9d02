// Package turns lets the calls of several stores that are bound to one transaction of a
// host take turns: between a savepoint and its end no other may write.
package turns

import (
	"context"
	"reflect"
	"sync"
)

// waiting counts who has or waits for the turn of a transaction.
type waiting struct {
	turn chan struct{} // holds one while somebody has it
	n    int
}

// The transactions in use, as long as they are.
var (
	mu    sync.Mutex
	inUse = map[any]*waiting{}
)

// Take waits for the turn of a call on tx, and returns what ends it, or the error of a
// context that ends before. A transaction of a type that cannot be compared is nobody's
// but the caller's.
func Take(ctx context.Context, tx any) (done func(), err error) {
	if !reflect.ValueOf(tx).Comparable() {
		return func() {}, nil
	}
	w := enter(tx)
	select {
	case w.turn <- struct{}{}:
		return func() {
			<-w.turn
			leave(tx, w)
		}, nil
	case <-ctx.Done():
		leave(tx, w)
		return nil, ctx.Err()
	}
}

func enter(tx any) *waiting {
	mu.Lock()
	defer mu.Unlock()
	w := inUse[tx]
	if w == nil {
		w = &waiting{turn: make(chan struct{}, 1)}
		inUse[tx] = w
	}
	w.n++
	return w
}

func leave(tx any, w *waiting) {
	mu.Lock()
	defer mu.Unlock()
	if w.n--; w.n == 0 {
		delete(inUse, tx)
	}
}
