package memory

import (
	"iter"
	"slices"
)

// chunkSize bounds what one insertion moves. A list of a million items has some
// thousand chunks.
const chunkSize = 256

// sorted keeps items in the order of compare, in chunks of limited size: finding,
// adding and removing one costs two binary searches and a short move.
type sorted[T any] struct {
	compare func(a, b T) int
	chunks  [][]T
}

// place is the position of an item, or the end.
type place struct{ chunk, index int }

// search returns the place of the first item that is not before. It looks at the
// end first: much of what is added is newer than all that is there.
func (s *sorted[T]) search(before func(T) bool) place {
	last := len(s.chunks) - 1
	if last < 0 || before(lastOf(s.chunks[last])) {
		return place{chunk: last + 1}
	}
	at := firstIndex(s.chunks[:last], func(chunk []T) bool { return before(lastOf(chunk)) })
	chunk := s.chunks[at]
	return place{chunk: at, index: firstIndex(chunk[:len(chunk)-1], before)}
}

func lastOf[T any](items []T) T { return items[len(items)-1] }

// firstIndex returns the index of the first item that is not before, or the
// length.
func firstIndex[T any](items []T, before func(T) bool) int {
	lo, hi := 0, len(items)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if before(items[mid]) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (s *sorted[T]) find(item T) (at place, found bool) {
	at = s.search(func(x T) bool { return s.compare(x, item) < 0 })
	return at, at.chunk < len(s.chunks) && s.compare(s.chunks[at.chunk][at.index], item) == 0
}

// first returns the first item that is not before.
func (s *sorted[T]) first(before func(T) bool) (item T, ok bool) {
	at := s.search(before)
	if at.chunk == len(s.chunks) {
		return item, false
	}
	return s.chunks[at.chunk][at.index], true
}

// from yields the items from the first that is not before.
func (s *sorted[T]) from(before func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		at := s.search(before)
		for ; at.chunk < len(s.chunks); at = (place{chunk: at.chunk + 1}) {
			for _, item := range s.chunks[at.chunk][at.index:] {
				if !yield(item) {
					return
				}
			}
		}
	}
}

// all yields every item.
func (s *sorted[T]) all() iter.Seq[T] {
	return s.from(func(T) bool { return false })
}

func (s *sorted[T]) empty() bool { return len(s.chunks) == 0 }

// put adds an item, or replaces the one that compares equal and returns it.
func (s *sorted[T]) put(item T) (old T, replaced bool) {
	at, found := s.find(item)
	if found {
		old, s.chunks[at.chunk][at.index] = s.chunks[at.chunk][at.index], item
		return old, true
	}
	if at.chunk == len(s.chunks) {
		s.add(item)
		return old, false
	}
	chunk := slices.Insert(s.chunks[at.chunk], at.index, item)
	s.chunks[at.chunk] = chunk
	if len(chunk) > chunkSize {
		half := slices.Clone(chunk[chunkSize/2:])
		clear(chunk[chunkSize/2:])
		s.chunks[at.chunk] = chunk[:chunkSize/2]
		s.chunks = slices.Insert(s.chunks, at.chunk+1, half)
	}
	return old, false
}

// add puts an item behind all others.
func (s *sorted[T]) add(item T) {
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last]) == chunkSize {
		s.chunks = append(s.chunks, []T{item})
		return
	}
	s.chunks[last] = append(s.chunks[last], item)
}

// remove takes out the item that compares equal, if there is one.
func (s *sorted[T]) remove(item T) (old T, removed bool) {
	at, found := s.find(item)
	if !found {
		return old, false
	}
	old = s.chunks[at.chunk][at.index]
	chunk := slices.Delete(s.chunks[at.chunk], at.index, at.index+1)
	s.chunks[at.chunk] = chunk
	next := at.chunk + 1
	switch {
	case len(chunk) == 0:
		s.chunks = slices.Delete(s.chunks, at.chunk, next)
	case next < len(s.chunks) && len(chunk)+len(s.chunks[next]) <= chunkSize/2:
		s.chunks[at.chunk] = append(chunk, s.chunks[next]...)
		s.chunks = slices.Delete(s.chunks, next, next+1)
	}
	return old, true
}
