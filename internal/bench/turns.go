package main

import "github.com/loyaltykit/loyaltykit/storage"

// turns makes operations of one member follow each other, as the versions in
// their rows demand.
type turns struct {
	before []int
	done   []chan struct{}
}

func newTurns(batches []storage.Batch) *turns {
	t := &turns{before: make([]int, len(batches)), done: make([]chan struct{}, len(batches))}
	last := map[string]int{}
	for i := range batches {
		t.before[i], t.done[i] = -1, make(chan struct{})
		for j := range batches[i].Legs {
			member := batches[i].Legs[j].Account.Member
			if at, known := last[member]; known {
				t.before[i] = max(t.before[i], at)
			}
			last[member] = i
		}
	}
	return t
}

// take runs the i-th operation in its turn. The operations before it have been
// taken by others.
func (t *turns) take(i int, work func() error) error {
	if before := t.before[i]; before >= 0 {
		<-t.done[before]
	}
	defer close(t.done[i])
	return work()
}
