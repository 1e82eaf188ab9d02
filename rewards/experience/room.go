package experience

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Room is one session in memory, with everybody who booked it or waits. Its methods take
// the time, which must not go back, and first do what time has made true. The zero value
// is of no use; see [NewRoom]. A Room is not safe for concurrent use.
type Room struct {
	session Session
	board   Board
	parties map[string]*Party
	// places holds who is at each place of each class, "" where nobody waits any more.
	places [][]string
	closed bool
	ended  bool
}

// Party is a member's booking of a room.
type Party struct {
	Member string `json:"member"`
	Size   int64  `json:"size"`
	State  State  `json:"state"`
	// Tiers is what the member had when they booked or joined; it decides the price and
	// the fee.
	Tiers []string `json:"tiers,omitempty"`
	// Points is what was paid, or is on hold.
	Points points.Amount `json:"points,omitempty"`
	// Until is when the seats are free again, or the time on the list is over.
	Until time.Time `json:"until,omitzero"`
	// Place is where the party waits or waited.
	Place Place `json:"place,omitzero"`
}

// NewRoom opens a session for which nobody has booked. It returns what is wrong with it as
// [points.Problems].
func NewRoom(s Session) (*Room, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	r := &Room{session: s, board: NewBoard(&s), parties: map[string]*Party{}}
	r.places = make([][]string, s.Classes())
	return r, nil
}

// Board returns a copy of the counts.
func (r *Room) Board() Board { return r.board.Clone() }

// Party returns a member's booking, and whether there is or was one.
func (r *Room) Party(member string) (Party, bool) {
	p := r.parties[member]
	if p == nil {
		return Party{}, false
	}
	return *p, true
}

// Parties lists all bookings by member.
func (r *Room) Parties() []Party {
	list := make([]Party, 0, len(r.parties))
	for _, p := range r.parties {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Party) int { return strings.Compare(a.Member, b.Member) })
	return list
}

// Ahead counts the parties that come before a member's on the list, and says whether the
// member waits.
func (r *Room) Ahead(member string) (int64, bool) {
	p := r.parties[member]
	if p == nil || p.State != Waiting {
		return 0, false
	}
	var n int64
	for i := range p.Place.Class {
		n += r.board.Line[i].Waiting
	}
	for number := r.board.Line[p.Place.Class].Head; number < p.Place.Number; number++ {
		if r.places[p.Place.Class][number] != "" {
			n++
		}
	}
	return n, true
}

// Hold holds seats for a member until they confirm, or the hold lapses. It is [ErrNoHolds]
// where the session takes none, otherwise refused as by [Room.Book].
func (r *Room) Hold(member string, tiers []string, size int64, now time.Time) (Party, error) {
	if r.session.HoldMinutes == 0 {
		return Party{}, ErrNoHolds
	}
	return r.take(member, tiers, size, now, Held)
}

// Book gives seats to a member who pays at once. It is refused by what [Session.MayBook] and
// [Board.Take] return, and by a [StateError] while the member has a live booking.
func (r *Room) Book(member string, tiers []string, size int64, now time.Time) (Party, error) {
	return r.take(member, tiers, size, now, Booked)
}

func (r *Room) take(member string, tiers []string, size int64, now time.Time, become State) (Party, error) {
	p, err := r.fresh(member, tiers, size, now, become)
	if err != nil {
		return Party{}, err
	}
	if err := r.session.MayBook(tiers, size, now); err != nil {
		return Party{}, err
	}
	if err := r.board.Take(size, become); err != nil {
		return Party{}, err
	}
	if p.Until = r.session.End; become == Held {
		p.Until = r.session.HeldUntil(now)
	}
	r.parties[member] = p
	return *p, nil
}

// fresh is a new booking of a member who has no live one.
func (r *Room) fresh(member string, tiers []string, size int64, now time.Time, become State) (*Party, error) {
	if err := r.Advance(now); err != nil {
		return nil, err
	}
	if had := r.parties[member]; had != nil && had.State.Live() {
		return nil, &StateError{From: had.State, To: become}
	}
	price := r.session.Price(tiers)
	return &Party{
		Member: member, Size: size, State: become, Tiers: slices.Clone(tiers), Points: price.Points * points.Amount(max(size, 0)),
	}, nil
}

// Confirm books what a member holds or was promised. It is a [StateError] where that has
// lapsed, or there is nothing.
func (r *Room) Confirm(member string, now time.Time) (Party, error) {
	p, err := r.live(member, Booked, now)
	if err != nil {
		return Party{}, err
	}
	if err := r.board.Settle(p.Size, p.State); err != nil {
		return Party{}, err
	}
	p.State, p.Until = Booked, r.session.End
	return *p, nil
}

// live is the booking of a member that may become a state.
func (r *Room) live(member string, become State, now time.Time) (*Party, error) {
	if err := r.Advance(now); err != nil {
		return nil, err
	}
	p := r.parties[member]
	if p == nil {
		return nil, &StateError{To: become}
	}
	if _, err := p.State.Become(become); err != nil {
		return nil, err
	}
	return p, nil
}

// Join puts a member on the list. It is refused by what [Session.MayJoin] and [Board.Join]
// return, and by a [StateError] while the member has a live booking.
func (r *Room) Join(member string, tiers []string, size int64, now time.Time) (Party, error) {
	p, err := r.fresh(member, tiers, size, now, Waiting)
	if err != nil {
		return Party{}, err
	}
	if err := r.session.MayJoin(tiers, size, now); err != nil {
		return Party{}, err
	}
	if p.Place, err = r.board.Join(r.session.Class(tiers), size, r.session.ListMax()); err != nil {
		return Party{}, err
	}
	p.Until = r.session.ListCloses()
	r.places[p.Place.Class] = append(r.places[p.Place.Class], member)
	r.parties[member] = p
	return *p, nil
}

// Cancel gives up a booking, or a place on the list, and returns what it costs. It is
// [ErrStarted] once the session has begun, and a [StateError] where there is nothing to
// give up.
func (r *Room) Cancel(member string, now time.Time) (Fee, error) {
	if err := r.Advance(now); err != nil {
		return Fee{}, err
	}
	p := r.parties[member]
	if p != nil && p.State == Waiting {
		r.places[p.Place.Class][p.Place.Number] = ""
		p.State = Left
		return Fee{}, r.board.Leave(p.Place)
	}
	p, err := r.live(member, Cancelled, now)
	if err != nil {
		return Fee{}, err
	}
	fee := Fee{MoneyBack: 100}
	if p.State == Booked {
		if fee, err = r.session.Fee(p.Tiers, p.Size, p.Points, now); err != nil {
			return Fee{}, err
		}
	}
	if err := r.board.Release(p.Size, p.State); err != nil {
		return Fee{}, err
	}
	p.State = Cancelled
	return fee, nil
}

// Promote promotes from the list whom there is room for, in order, and returns them. pays
// puts the points of a party on hold and reports whether it could; who cannot is passed
// over.
func (r *Room) Promote(now time.Time, pays func(Party) bool) ([]Party, error) {
	if err := r.Advance(now); err != nil {
		return nil, err
	}
	var promoted []Party
	for {
		next, waits := r.board.Next()
		if !waits {
			return promoted, nil
		}
		places := r.places[next.Class]
		for places[next.Number] == "" {
			next.Number++
		}
		p := r.parties[places[next.Number]]
		if p.Size > r.board.Room() {
			return promoted, nil
		}
		gone := func(number int64) bool { return places[number] == "" }
		if !pays(*p) {
			if err := r.board.PassOver(next, gone); err != nil {
				return promoted, err
			}
			p.State = Passed
		} else {
			if err := r.board.Promote(next, p.Size, gone); err != nil {
				return promoted, err
			}
			p.State, p.Until = Promised, r.session.OfferedUntil(now)
			promoted = append(promoted, *p)
		}
		places[next.Number] = ""
	}
}

// CheckIn notes, once, that a party has come. It is refused by what [Session.MayEnter]
// returns, and by a [StateError] where the party is not booked or is present.
func (r *Room) CheckIn(member string, now time.Time) (Party, error) {
	p, err := r.live(member, Present, now)
	if err != nil {
		return Party{}, err
	}
	if err := r.session.MayEnter(now); err != nil {
		return Party{}, err
	}
	if err := r.board.CheckIn(p.Size); err != nil {
		return Party{}, err
	}
	p.State = Present
	return *p, nil
}

// Advance does what time has made true by now: offers and holds lapse, the list ends, and
// who has not come by the end is absent.
func (r *Room) Advance(now time.Time) error {
	for {
		p := r.due(now)
		closes := r.session.ListCloses()
		if !r.closed && !now.Before(closes) && (p == nil || !p.Until.Before(closes)) {
			r.closeList()
			continue
		}
		if p == nil {
			break
		}
		if err := r.board.Release(p.Size, p.State); err != nil {
			return err
		}
		p.State = Lapsed
	}
	if r.ended || now.Before(r.session.End) {
		return nil
	}
	r.ended = true
	for _, p := range r.parties {
		if p.State == Booked {
			p.State = Absent
		}
	}
	return nil
}

// due is the hold or offer that lapses first, by now.
func (r *Room) due(now time.Time) *Party {
	var first *Party
	for _, p := range r.parties {
		if (p.State != Held && p.State != Promised) || p.Until.After(now) {
			continue
		}
		if first == nil || cmp.Or(p.Until.Compare(first.Until), strings.Compare(p.Member, first.Member)) < 0 {
			first = p
		}
	}
	return first
}

func (r *Room) closeList() {
	r.closed = true
	r.board.CloseList()
	for class, places := range r.places {
		for number, member := range places {
			if member != "" {
				r.parties[member].State = Unserved
			}
			r.places[class][number] = ""
		}
	}
}
