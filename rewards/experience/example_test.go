package experience_test

import (
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
)

// A latte art evening for two, which is sold out; Cleo waits, and gets Anna's seat.
func Example() {
	start := time.Date(2027, time.March, 12, 18, 0, 0, 0, time.UTC)
	room, err := experience.NewRoom(experience.Session{
		ID: "latte-art", Title: "Latte art evening", Venue: "Roastery", Zone: "Europe/Vienna",
		Start: start, End: start.Add(2 * time.Hour), Capacity: 2, Unit: "bean",
		Prices:       []experience.Price{{Points: 300}, {Tier: "gold", Points: 200}},
		List:         &experience.List{OfferMinutes: 60},
		Cancellation: []experience.CancelRule{{Minutes: 48 * 60}, {Minutes: 2 * 60, Percent: 50}},
	})
	if err != nil {
		log.Fatal(err)
	}
	now := start.AddDate(0, 0, -1)
	anna, _ := room.Book("anna", []string{"gold"}, 1, now)
	ben, _ := room.Book("ben", nil, 1, now)
	fmt.Println("anna pays", anna.Points, "and ben", ben.Points)

	_, err = room.Book("cleo", nil, 1, now)
	fmt.Println(errors.Is(err, experience.ErrSoldOut), err)
	_, _ = room.Join("cleo", nil, 1, now)

	fee, _ := room.Cancel("anna", now.Add(time.Hour))
	fmt.Println("anna leaves", fee.Points, "of her points behind")
	_, err = room.Book("dora", nil, 1, now.Add(time.Hour))
	fmt.Println("dora:", err)

	has := map[string]points.Amount{"cleo": 310}
	promoted, _ := room.Promote(now.Add(time.Hour), func(p experience.Party) bool { return has[p.Member] >= p.Points })
	fmt.Println(promoted[0].Member, "has until", promoted[0].Until.Format("15:04"))
	cleo, _ := room.Confirm("cleo", now.Add(90*time.Minute))
	fmt.Println(cleo.Member, "is", cleo.State)
	// Output:
	// anna pays 200 and ben 300
	// true 1 seats wanted, 0 free, 0 parties wait
	// anna leaves 100 of her points behind
	// dora: 1 seats wanted, 0 free, 1 parties wait
	// cleo has until 20:00
	// cleo is booked
}

// The table of states is the whole life of a booking.
func ExampleState_Next() {
	for _, state := range experience.States() {
		if !state.Final() {
			fmt.Println(state, "->", state.Next())
		}
	}
	// Output:
	// waiting -> [promised left passed-over unserved called-off]
	// held -> [booked cancelled lapsed called-off]
	// promised -> [booked cancelled lapsed called-off]
	// booked -> [present absent cancelled called-off rescheduled]
	// absent -> [present]
}
