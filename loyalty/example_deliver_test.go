package loyalty_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// bus stands for the host's message bus, which is down at first.
type bus struct{ up bool }

func (b *bus) send(_ context.Context, event loyalty.Event) error {
	if !b.up {
		return errors.New("the bus is down")
	}
	text, err := json.MarshalIndent(event, "", "  ")
	if err != nil {
		return err
	}
	fmt.Println(string(text))
	return nil
}

// Every command leaves an event in the outbox, in the same commit. Deliver hands
// each to the host's bus at least once, as CloudEvents 1.0.
func ExampleEngine_Deliver() {
	ctx, now := context.Background(), time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna",
		Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{Clock: func() time.Time { return now }})
	if err != nil {
		log.Fatal(err)
	}
	for _, cmd := range []loyalty.Command{
		loyalty.Enroll{Member: "m-7301", Key: "signup"},
		loyalty.Adjust{Member: "m-7301", Key: "ticket-88", Unit: "bean", Points: 50, Reference: "88", Reason: "late", Actor: "clerk-4"},
	} {
		if _, err := engine.Do(ctx, cmd); err != nil {
			log.Fatal(err)
		}
	}
	relay := &bus{}
	for range 2 {
		report, err := engine.Deliver(ctx, relay.send, nil)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("delivered %d, stopped %v\n", report.Delivered, report.Stopped)
		relay.up = true
	}
	// Output:
	// delivered 0, stopped [event 1/0 of member "m-7301": the bus is down]
	// {
	//   "specversion": "1.0",
	//   "id": "m-7301/1/0",
	//   "source": "/loyaltykit/beans",
	//   "type": "loyaltykit.enroll",
	//   "subject": "m-7301",
	//   "time": "2027-03-01T09:00:00Z",
	//   "datacontenttype": "application/json",
	//   "data": {
	//     "occurredAt": "2027-03-01T09:00:00Z"
	//   }
	// }
	// {
	//   "specversion": "1.0",
	//   "id": "m-7301/2/0",
	//   "source": "/loyaltykit/beans",
	//   "type": "loyaltykit.adjust",
	//   "subject": "m-7301",
	//   "time": "2027-03-01T09:00:00Z",
	//   "datacontenttype": "application/json",
	//   "data": {
	//     "moves": [
	//       {
	//         "amount": 50,
	//         "from": "adjusted",
	//         "kind": "adjust",
	//         "to": "available",
	//         "unit": "bean"
	//       }
	//     ],
	//     "occurredAt": "2027-03-01T09:00:00Z",
	//     "reference": "88"
	//   }
	// }
	// delivered 2, stopped []
}
