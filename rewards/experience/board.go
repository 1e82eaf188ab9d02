package experience

import (
	"fmt"
	"slices"
)

// Board counts where the seats of a session are, and how far its list has come. Free,
// Held, Promised, Booked and Offered add up to Capacity, always. A method that returns an
// error changes nothing.
type Board struct {
	Capacity int64 `json:"capacity"`
	// Free seats are anybody's; Offered ones were freed while somebody waited, and are
	// the list's.
	Free    int64 `json:"free,omitempty"`
	Offered int64 `json:"offered,omitempty"`
	// Held seats are those of members who have not decided, Promised those of members
	// from the list who have not, Booked those that are paid.
	Held     int64 `json:"held,omitempty"`
	Promised int64 `json:"promised,omitempty"`
	Booked   int64 `json:"booked,omitempty"`
	// Present counts those of the booked that came.
	Present int64 `json:"present,omitempty"`
	// Line is the list, the best class first.
	Line []Class `json:"line,omitempty"`
	// Off is set where the session was called off.
	Off bool `json:"off,omitempty"`
	// Changes counts how often the session was put to another time or place: who
	// booked before cancels free of charge.
	Changes int64 `json:"changes,omitempty"`
}

// Class is one class of a list. Places are numbered in order of arrival: those below
// Head have been dealt with, Next is the one that comes next. Waiting counts who waits.
type Class struct {
	Head    int64 `json:"head,omitempty"`
	Next    int64 `json:"next,omitempty"`
	Waiting int64 `json:"waiting,omitempty"`
}

// Place is a place on a list.
type Place struct {
	Class  int   `json:"class"`
	Number int64 `json:"number"`
}

// NewBoard is the board of a session nobody has booked.
func NewBoard(s *Session) Board {
	return Board{Capacity: s.Capacity, Free: s.Capacity, Line: make([]Class, s.Classes())}
}

// Waiting counts the parties on the list.
func (b *Board) Waiting() int64 {
	var n int64
	for i := range b.Line {
		n += b.Line[i].Waiting
	}
	return n
}

// Check returns why the counts do not fit, as an [ErrSeats], or nil.
func (b *Board) Check() error {
	counts := []int64{b.Free, b.Offered, b.Held, b.Promised, b.Booked}
	var sum int64
	for _, n := range counts {
		if n < 0 || n > b.Capacity {
			return fmt.Errorf("%w: %d of %d in one place", ErrSeats, n, b.Capacity)
		}
		sum += n
	}
	if sum != b.Capacity || b.Present < 0 || b.Present > b.Booked {
		return fmt.Errorf("%w: %d of %d, %d present of %d booked", ErrSeats, sum, b.Capacity, b.Present, b.Booked)
	}
	for i, c := range b.Line {
		if c.Waiting < 0 || c.Head < 0 || c.Waiting > c.Next-c.Head {
			return fmt.Errorf("%w: class %d has %d waiting from %d to %d", ErrSeats, i, c.Waiting, c.Head, c.Next)
		}
	}
	if b.Offered > 0 && b.Waiting() == 0 {
		return fmt.Errorf("%w: %d are offered to nobody", ErrSeats, b.Offered)
	}
	return nil
}

// count is the count of the seats of a state.
func (b *Board) count(of State) (*int64, error) {
	switch of {
	case Held:
		return &b.Held, nil
	case Promised:
		return &b.Promised, nil
	case Booked:
		return &b.Booked, nil
	default:
		return nil, fmt.Errorf("%w: a booking that is %q has no seats", ErrSeats, of)
	}
}

// Take gives free seats to a fresh booking, which becomes Held or Booked. It is a
// [SoldOutError] where too few are free, a [PartyError] for a party below 1, and
// [ErrCalledOff].
func (b *Board) Take(party int64, become State) error {
	to, err := b.count(become)
	switch {
	case err != nil:
		return err
	case b.Off:
		return ErrCalledOff
	case party < 1:
		return &PartyError{Party: party, Max: b.Capacity}
	case party > b.Free:
		return &SoldOutError{Wanted: party, Free: b.Free, Waiting: b.Waiting()}
	}
	b.Free -= party
	*to += party
	return nil
}

// Settle books seats that were held or promised. It is [ErrCalledOff], or [ErrSeats] where
// there are not so many.
func (b *Board) Settle(party int64, was State) error {
	from, err := b.count(was)
	switch {
	case err != nil:
		return err
	case b.Off:
		return ErrCalledOff
	case party < 1 || party > *from || was == Booked:
		return fmt.Errorf("%w: %d of %d %s seats", ErrSeats, party, *from, was)
	}
	*from -= party
	b.Booked += party
	return nil
}

// Release frees seats that were held, promised or booked: for the list while somebody waits,
// otherwise for anybody. It is [ErrSeats] where there are not so many, or who is present
// has them.
func (b *Board) Release(party int64, was State) error {
	from, err := b.count(was)
	switch {
	case err != nil:
		return err
	case party < 1 || party > *from || was == Booked && party > b.Booked-b.Present:
		return fmt.Errorf("%w: %d of %d %s seats", ErrSeats, party, *from, was)
	}
	*from -= party
	if b.Waiting() > 0 {
		b.Offered += party
	} else {
		b.Free += party
	}
	return nil
}

// Join puts a party at the end of a class of the list, on which at most so many may wait. It
// is [ErrSeatsFree] where there is room for the party: it books instead. Otherwise
// [ErrNoList], [ErrListFull], [ErrCalledOff] or, for a party that no release could make
// room for, a [PartyError].
func (b *Board) Join(class int, party, most int64) (Place, error) {
	switch {
	case class < 0 || class >= len(b.Line):
		return Place{}, ErrNoList
	case b.Off:
		return Place{}, ErrCalledOff
	case party > b.Capacity:
		return Place{}, &PartyError{Party: party, Max: b.Capacity}
	case party <= b.Free:
		return Place{}, ErrSeatsFree
	case b.Waiting() >= most:
		return Place{}, ErrListFull
	}
	c := &b.Line[class]
	place := Place{Class: class, Number: c.Next}
	c.Next++
	c.Waiting++
	return place, nil
}

// Passed reports whether the list has come past a place.
func (b *Board) Passed(place Place) bool {
	return place.Class < 0 || place.Class >= len(b.Line) || place.Number < b.Line[place.Class].Head
}

// Leave takes a party that waits off the list. The caller sees that a place is left
// once; a place that the list has come past is [ErrSeats]. Offered seats are anybody's once
// nobody waits.
func (b *Board) Leave(place Place) error {
	if b.Passed(place) || place.Number >= b.Line[place.Class].Next || b.Line[place.Class].Waiting == 0 {
		return fmt.Errorf("%w: nobody waits at place %d of class %d", ErrSeats, place.Number, place.Class)
	}
	b.Line[place.Class].Waiting--
	b.tidy()
	return nil
}

// Next returns the class whose head is next, the place from which it is to be looked for,
// and whether anybody waits. From there on, the first who waits is the head.
func (b *Board) Next() (Place, bool) {
	for i, c := range b.Line {
		if c.Waiting > 0 {
			return Place{Class: i, Number: c.Head}, true
		}
	}
	return Place{}, false
}

// Room is how many seats the list can have: the offered and the free ones.
func (b *Board) Room() int64 { return b.Offered + b.Free }

// Promote promises seats to the party at a place: the head of the class that is next.
// gone says which places from the class's Head up to it nobody waits at any more. It is
// [ErrNotNext] where somebody else comes first, a [SoldOutError] where there is no room.
func (b *Board) Promote(place Place, party int64, gone func(number int64) bool) error {
	if err := b.head(place, gone); err != nil {
		return err
	}
	if b.Off {
		return ErrCalledOff
	}
	if party < 1 || party > b.Room() {
		return &SoldOutError{Wanted: party, Free: b.Room(), Waiting: b.Waiting()}
	}
	offered := min(party, b.Offered)
	b.Offered -= offered
	b.Free -= party - offered
	b.Promised += party
	b.passed(place)
	return nil
}

// PassOver takes the head off the list without seats, because it cannot pay. It is
// [ErrNotNext] where somebody else comes first.
func (b *Board) PassOver(place Place, gone func(number int64) bool) error {
	if err := b.head(place, gone); err != nil {
		return err
	}
	b.passed(place)
	return nil
}

// SkipGone moves the head of a class over places at which nobody waits any more, up to
// but not including the number. It is [ErrNotNext] where somebody waits in between.
func (b *Board) SkipGone(to Place, gone func(number int64) bool) error {
	if to.Class < 0 || to.Class >= len(b.Line) {
		return ErrNoList
	}
	c := &b.Line[to.Class]
	if to.Number < c.Head || to.Number > c.Next-c.Waiting {
		return fmt.Errorf("%w: place %d of class %d, which is at %d", ErrNotNext, to.Number, to.Class, c.Head)
	}
	for n := c.Head; n < to.Number; n++ {
		if !gone(n) {
			return fmt.Errorf("%w: place %d of class %d waits", ErrNotNext, n, to.Class)
		}
	}
	c.Head = to.Number
	return nil
}

// head returns why a place is not that of the next.
func (b *Board) head(place Place, gone func(number int64) bool) error {
	next, waits := b.Next()
	if !waits || next.Class != place.Class || place.Number < next.Number || place.Number >= b.Line[place.Class].Next {
		return fmt.Errorf("%w: not place %d of class %d", ErrNotNext, place.Number, place.Class)
	}
	for n := next.Number; n < place.Number; n++ {
		if !gone(n) {
			return fmt.Errorf("%w: place %d of class %d comes before %d", ErrNotNext, n, place.Class, place.Number)
		}
	}
	return nil
}

func (b *Board) passed(place Place) {
	c := &b.Line[place.Class]
	c.Head = place.Number + 1
	c.Waiting--
	b.tidy()
}

// tidy gives seats that are offered to nobody to anybody.
func (b *Board) tidy() {
	if b.Waiting() == 0 {
		b.Free += b.Offered
		b.Offered = 0
	}
}

// CloseList ends the list: nobody waits any more, and what was offered is free.
func (b *Board) CloseList() {
	for i := range b.Line {
		b.Line[i].Head, b.Line[i].Waiting = b.Line[i].Next, 0
	}
	b.tidy()
}

// CheckIn counts a booked party as present. It is [ErrCalledOff], or [ErrSeats] where not so
// many are booked and missing.
func (b *Board) CheckIn(party int64) error {
	switch {
	case b.Off:
		return ErrCalledOff
	case party < 1 || party > b.Booked-b.Present:
		return fmt.Errorf("%w: %d come, %d of %d are present", ErrSeats, party, b.Present, b.Booked)
	}
	b.Present += party
	return nil
}

// CallOff ends the session before it takes place: nobody books, nobody waits.
func (b *Board) CallOff() {
	b.Off = true
	b.CloseList()
}

// Resize changes the capacity. New seats are the list's while somebody waits; seats that
// are taken or offered are not taken away: a capacity below those is [ErrCapacity].
func (b *Board) Resize(capacity int64) error {
	more := capacity - b.Capacity
	switch {
	case capacity < 1 || more < -b.Free:
		return fmt.Errorf("%w: %d seats, at least %d are needed", ErrCapacity, capacity, max(1, b.Capacity-b.Free))
	case more > 0 && b.Waiting() > 0:
		b.Offered += more
	default:
		b.Free += more
	}
	b.Capacity = capacity
	return nil
}

// Clone is a copy that shares nothing.
func (b *Board) Clone() Board {
	c := *b
	c.Line = slices.Clone(b.Line)
	return c
}
