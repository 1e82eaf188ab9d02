package featuretest_test

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// A mark shows in which rows the texts of a command are, and that an erasure takes them
// out of each.
func ExampleTraces() {
	ctx, store := context.Background(), featuretest.NewClaims(memory.New())
	engine, err := loyalty.New(loyalty.Revisions{{
		ID: "beans", Zone: "UTC", Units: []points.Unit{{Code: "bean", Expiry: points.NeverExpire()}},
	}}, store, nil)
	if err != nil {
		panic(err)
	}
	enroll := loyalty.Enroll{Member: "m-7", Key: "signup", Attributes: map[string]string{"city": "Graz"}, Reason: "at the till"}
	marked, texts, _, err := featuretest.Marked(ctx, engine, enroll)
	if err != nil {
		panic(err)
	}
	fmt.Println(texts, "texts")
	for _, cmd := range []loyalty.Command{marked, loyalty.Erase{Member: "m-7", Key: "forget"}} {
		if _, err := engine.Do(ctx, cmd); err != nil {
			panic(err)
		}
		rows, err := featuretest.Traces(ctx, store, "beans", featuretest.Mark)
		if err != nil {
			panic(err)
		}
		fmt.Println(len(rows), "rows")
	}
	// Output:
	// 4 texts
	// 2 rows
	// 0 rows
}
