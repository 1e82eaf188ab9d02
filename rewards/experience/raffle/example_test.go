package raffle_test

import (
	"fmt"
	"log"

	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
)

// A shop commits to a seed, gives out tickets, draws, and publishes what it takes to check.
func Example() {
	seed := []byte("32 bytes of a secret random seed")
	commitment, err := raffle.Commitment("grinder", seed)
	if err != nil {
		log.Fatal(err)
	}
	roll, labels := raffle.NewRoll("grinder"), []string{}
	for _, member := range []string{"anna", "ben", "cleo", "dora", "emil"} {
		label := raffle.Label([]byte("a secret salt of the shop"), "grinder", member)
		labels = append(labels, label)
		roll.Add(label)
	}
	winners, err := raffle.Winners(seed, roll, 2)
	if err != nil {
		log.Fatal(err)
	}
	proof := raffle.Proof{Raffle: "grinder", Commitment: commitment, Labels: labels, Roll: roll.Digest, Seed: seed, Winners: winners}
	fmt.Println("ticket", winners[0], "wins, ticket", winners[1], "stands by:", proof.Verify())

	proof.Winners[0] = 3
	fmt.Println(proof.Verify())
	// Output:
	// ticket 4 wins, ticket 1 stands by: <nil>
	// raffle: the winners are not those of the draw
}
