package booking_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// roastery is a desk with a clock to move, where "anna" and "ben" have 500 beans each.
type roastery struct {
	*booking.Desk
	engine *loyalty.Engine
	now    time.Time
}

// openRoastery opens sessions in a roastery, at 10:00 on 1 March.
func openRoastery(sessions ...experience.Session) *roastery {
	r, store := &roastery{now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)}, memory.New()
	shop := loyalty.Program{ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}}}
	engine, err := loyalty.New(loyalty.Revisions{shop}, store, &loyalty.Options{
		Clock:    func() time.Time { return r.now },
		Features: []loyalty.Feature{booking.Feature{}},
	})
	if err != nil {
		log.Fatal(err)
	}
	r.engine, r.Desk = engine, booking.NewDesk(engine, store)
	for _, member := range []string{"anna", "ben"} {
		r.run(loyalty.Enroll{Member: member, Key: "signup"})
		r.run(loyalty.Adjust{Member: member, Key: "welcome", Unit: "bean", Points: 500, Reason: "welcome", Actor: "shop"})
	}
	for _, session := range sessions {
		r.run(booking.Open{Key: "open", Session: session})
	}
	return r
}

// run does a command.
func (r *roastery) run(cmd loyalty.Command) loyalty.Receipt {
	receipt, err := r.Do(context.Background(), cmd)
	if err != nil {
		log.Fatal(err)
	}
	return receipt
}

// tell does a command, and prints the booking that it answers.
func (r *roastery) tell(cmd loyalty.Command) {
	receipt := r.run(cmd)
	b, err := booking.Of(receipt)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receipt.Member+":", b)
}

// beans is what a member can spend.
func (r *roastery) beans(member string) points.Amount {
	m, err := r.engine.Member(context.Background(), member)
	if err != nil {
		log.Fatal(err)
	}
	return m.Balance("bean").Available
}

// tasting is a session for two on 12 March at 19:00 in Vienna, for 300 beans a seat. It is
// free to cancel up to two days before, and costs half up to an hour before.
func tasting() experience.Session {
	start := time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)
	return experience.Session{
		ID: "tasting", Title: "Tasting", Zone: "Europe/Vienna", Start: start, End: start.Add(2 * time.Hour),
		Capacity: 2, MaxParty: 2, Unit: "bean", Prices: []experience.Price{{Points: 150}},
		HoldMinutes: 15, DoorsMinutes: 30, List: &experience.List{OfferMinutes: 24 * 60},
		Cancellation: []experience.CancelRule{{Minutes: 48 * 60}, {Minutes: 60, Percent: 50}},
	}
}

// A price that the member was not shown is refused; so are seats that are not there.
func ExampleBook() {
	ctx, r := context.Background(), openRoastery(tasting())
	wish := booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 200}
	_, err := r.Do(ctx, wish)
	fmt.Println("another price:", errors.Is(err, loyalty.ErrPrice))
	wish.Points = 300
	r.tell(wish)
	_, err = r.Do(ctx, booking.Book{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	fmt.Println("sold out:", errors.Is(err, experience.ErrSoldOut))
	fmt.Println("anna has", r.beans("anna"), "beans left, ben", r.beans("ben"))
	// Output:
	// another price: true
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: booked, for 300 bean
	// sold out: true
	// anna has 200 beans left, ben 500
}

// Seats and points are on hold while a member decides. A hold that is not confirmed in time
// lapses by itself, on both sides.
func ExampleHold() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.tell(booking.Hold{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.tell(booking.Hold{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.tell(booking.Confirm{Member: "anna", Key: "k-2", Session: "tasting"})
	r.now = r.now.Add(15 * time.Minute)
	session, err := r.Session(ctx, "tasting")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("booked:", session.Board.Booked, "free:", session.Board.Free)
	fmt.Println("anna has", r.beans("anna"), "beans left, ben", r.beans("ben"))
	// Output:
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: held until 1 Mar 2027 10:15, for 150 bean
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: held until 1 Mar 2027 10:15, for 150 bean
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: booked, for 150 bean
	// booked: 1 free: 1
	// anna has 350 beans left, ben 500
}

// A member who finds no room waits. The seat that another gives up is kept for the list in
// the commit that frees it, and promised by a Promote, which a Desk makes: the points are on
// hold until the member confirms or the offer lapses.
func ExampleJoin() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.tell(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	r.tell(booking.Join{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	for b, err := range r.Bookings(ctx, "ben", r.now) {
		if err != nil {
			log.Fatal(err)
		}
		ahead, waits, err := r.Ahead(ctx, b)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("ben waits:", waits, "- before him:", ahead)
	}
	r.tell(booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"})
	r.tell(booking.Confirm{Member: "ben", Key: "k-2", Session: "tasting"})
	// Output:
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: booked, for 300 bean
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: on the list, class 1, number 1
	// ben waits: true - before him: 0
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: cancelled
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: booked, for 150 bean
}

// What a desk does, by hand: the head of the list is promoted, and nobody else can be.
func ExamplePromote() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	waiting, err := booking.Of(r.run(booking.Join{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150}))
	if err != nil {
		log.Fatal(err)
	}
	// The engine does the command alone, without what follows from it.
	if _, err := r.engine.Do(ctx, booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"}); err != nil {
		log.Fatal(err)
	}
	r.tell(booking.Promote{
		Member: "ben", Key: "by hand", Session: "tasting",
		Class: waiting.Place.Class, Number: waiting.Place.Number, Unit: waiting.Unit, Points: waiting.Points,
	})
	// Output:
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: yours if you confirm before 2 Mar 2027 10:00, for 150 bean
}

// A late cancellation costs what the policy says that was agreed when the seats were booked.
func ExampleCancel() {
	r := openRoastery(tasting())
	r.tell(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	r.now = time.Date(2027, time.March, 12, 9, 0, 0, 0, time.UTC)
	r.tell(booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"})
	fmt.Println(r.beans("anna"), "beans")
	// Output:
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: booked, for 300 bean
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: cancelled, 150 bean kept
	// 350 beans
}

// A party moves to another session in one commit: it never has both, and never neither.
func ExampleReschedule() {
	later := tasting()
	later.ID, later.Title = "late", "Late tasting"
	later.Start, later.End = later.Start.AddDate(0, 0, 7), later.End.AddDate(0, 0, 7)
	later.Prices = []experience.Price{{Points: 100}}
	r := openRoastery(tasting(), later)
	r.tell(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.tell(booking.Reschedule{Member: "anna", Key: "k-2", Session: "tasting", To: "late", Unit: "bean", Points: 100})
	fmt.Println(r.beans("anna"), "beans")
	// Output:
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: booked, for 150 bean
	// anna: 1 seat for Late tasting, 19 Mar 2027 19:00: booked, for 100 bean
	// 400 beans
}

// A party is checked in once, from when the doors open. Who has not come by the end is
// absent.
func ExampleCheckIn() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.run(booking.Book{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	_, err := r.Do(ctx, booking.CheckIn{Member: "anna", Key: "k-2", Session: "tasting", Actor: "door"})
	fmt.Println("too early:", err != nil)
	r.now = time.Date(2027, time.March, 12, 17, 45, 0, 0, time.UTC)
	r.tell(booking.CheckIn{Member: "anna", Key: "k-3", Session: "tasting", Actor: "door"})
	_, err = r.Do(ctx, booking.CheckIn{Member: "anna", Key: "k-4", Session: "tasting", Actor: "door"})
	fmt.Println("again:", err != nil)
	for b, err := range r.Bookings(ctx, "ben", tasting().End) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("ben:", b)
	}
	// Output:
	// too early: true
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: present
	// again: true
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: absent
}

// A guest comes instead; the booking stays the member's.
func ExampleHandOver() {
	r := openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.tell(booking.HandOver{Member: "anna", Key: "k-2", Session: "tasting", Guest: "guest-81"})
	r.now = time.Date(2027, time.March, 12, 17, 45, 0, 0, time.UTC)
	r.tell(booking.CheckIn{Member: "anna", Key: "k-3", Session: "tasting", Actor: "door"})
	// Output:
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: booked, for 150 bean, for a guest
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: present, for a guest
}

// The house takes a party out. Its member gets all points back, however late it is.
func ExampleDismiss() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	r.now = time.Date(2027, time.March, 12, 17, 45, 0, 0, time.UTC)
	r.run(booking.Dismiss{Key: "house rules", Session: "tasting", Who: "anna", Reason: "house rules", Actor: "door"})
	_, err := r.Do(ctx, booking.CheckIn{Member: "anna", Key: "k-2", Session: "tasting"})
	fmt.Println("dismissed:", errors.Is(err, booking.ErrDismissed))
	r.tell(booking.Cancel{Member: "anna", Key: "k-3", Session: "tasting"})
	fmt.Println(r.beans("anna"), "beans")
	// Output:
	// dismissed: true
	// anna: 1 seat for Tasting, 12 Mar 2027 19:00: cancelled
	// 500 beans
}

// A session is open for booking from the commit of its Open. Terms that cannot be are
// refused, with all that is wrong.
func ExampleOpen() {
	ctx, r := context.Background(), openRoastery()
	session := tasting()
	session.Capacity, session.Zone = 0, "Vienna"
	_, err := r.Do(ctx, booking.Open{Key: "open", Session: session})
	if problems, ok := errors.AsType[points.Problems](err); ok {
		for _, problem := range problems {
			fmt.Println(problem.Path+":", problem.Message)
		}
	}
	r.run(booking.Open{Key: "open again", Session: tasting(), Actor: "events"})
	shown, err := r.Session(ctx, "tasting")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(shown.Terms.Title, "has", shown.Board.Free, "free seats")
	// Output:
	// session.zone: name an IANA zone, such as "Europe/Vienna" or "UTC"
	// session.capacity: 0: must be 1 to 1000000
	// Tasting has 2 free seats
}

// A session is put a day later. The desk tells all bookings, one Refresh each, and notes by
// a Wrap that it has told all. Who booked before may cancel free of charge.
func ExampleChange() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	moved := tasting()
	moved.Start, moved.End = moved.Start.AddDate(0, 0, 1), moved.End.AddDate(0, 0, 1)
	r.run(booking.Change{Key: "a day later", Session: moved, Reason: "the roaster is being serviced", Actor: "events"})
	for b, err := range r.Bookings(ctx, "anna", r.now) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("anna:", b)
	}
	r.now = moved.Start.Add(-10 * time.Minute)
	r.tell(booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"})
	fmt.Println(r.beans("anna"), "beans")
	// Output:
	// anna: 1 seat for Tasting, 13 Mar 2027 19:00: booked, for 150 bean
	// anna: 1 seat for Tasting, 13 Mar 2027 19:00: cancelled
	// 500 beans
}

// A session is called off: all points return.
func ExampleCallOff() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	r.run(booking.CallOff{Key: "no power", Session: "tasting", Reason: "no power", Actor: "events"})
	for b, err := range r.Bookings(ctx, "anna", r.now) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("anna:", b)
	}
	fmt.Println(r.beans("anna"), "beans")
	// Output:
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: called-off
	// 500 beans
}

// What a process left undone that stopped after its command, another one does: by Advance of
// one session, or by RunDue of all of them.
func ExampleDesk_Advance() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	r.run(booking.Join{Member: "ben", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	if _, err := r.engine.Do(ctx, booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"}); err != nil {
		log.Fatal(err)
	}
	done, err := r.Advance(ctx, "tasting")
	if err != nil {
		log.Fatal(err)
	}
	for _, offer := range done.Promoted {
		fmt.Println("notify", offer.Member+":", offer.Booking)
	}
	// Output:
	// notify ben: 2 seats for Tasting, 12 Mar 2027 19:00: yours if you confirm before 2 Mar 2027 10:00, for 300 bean
}

// The desk's own bookkeeping, by hand: an engine that does a CallOff without a Desk leaves
// it to a Refresh of each booking, and a Wrap when all are told.
func ExampleRefresh() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	for _, cmd := range []loyalty.Command{
		booking.CallOff{Key: "no power", Session: "tasting", Reason: "no power", Actor: "events"},
		booking.Refresh{Member: "anna", Key: "by hand", Session: "tasting"},
		booking.Wrap{Key: "all told", Session: "tasting", Changes: 1},
	} {
		if _, err := r.engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(r.beans("anna"), "beans")
	done, err := r.Advance(ctx, "tasting")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left to tell:", done.Told)
	// Output:
	// 500 beans
	// left to tell: 0
}

// A desk lets a list come past places that their parties have left, by hand: the first on it
// has left, so that the list goes on behind place 1.
func ExampleSkip() {
	ctx, r := context.Background(), openRoastery(tasting())
	r.run(booking.Book{Member: "anna", Key: "k-1", Session: "tasting", Party: 2, Unit: "bean", Points: 300})
	r.run(booking.Join{Member: "ben", Key: "k-1", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	_, err := r.engine.Do(ctx, booking.Skip{Key: "too early", Session: "tasting", To: 1})
	fmt.Println("not while ben waits there:", errors.Is(err, experience.ErrNotNext))
	r.tell(booking.Cancel{Member: "ben", Key: "k-2", Session: "tasting"})
	r.run(booking.Join{Member: "ben", Key: "k-3", Session: "tasting", Party: 1, Unit: "bean", Points: 150})
	if _, err := r.engine.Do(ctx, booking.Skip{Key: "past the first", Session: "tasting", To: 1}); err != nil {
		log.Fatal(err)
	}
	r.tell(booking.Cancel{Member: "anna", Key: "k-2", Session: "tasting"})
	r.tell(booking.Confirm{Member: "ben", Key: "k-4", Session: "tasting"})
	// Output:
	// not while ben waits there: true
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: left
	// anna: 2 seats for Tasting, 12 Mar 2027 19:00: cancelled
	// ben: 1 seat for Tasting, 12 Mar 2027 19:00: booked, for 150 bean
}
