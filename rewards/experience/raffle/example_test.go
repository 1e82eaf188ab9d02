package raffle_test

import (
	"fmt"
	"log"

	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
)

// A shop commits to a seed, gives out tickets, draws, and publishes what it takes to check.
func Example() {
	seed := []byte("32 bytes of a secret random seed")
	rules := raffle.Rules{Raffle: "grinder", Winners: 2, Beacon: "Austrian lottery, 6 of 45, of 7 March 2027"}
	commitment, err := raffle.Commitment(rules, seed)
	if err != nil {
		log.Fatal(err)
	}
	roll, labels := raffle.NewRoll("grinder"), []string{}
	for _, member := range []string{"anna", "ben", "cleo", "dora", "emil"} {
		label := raffle.Label([]byte("a secret salt of the shop"), "grinder", member)
		labels = append(labels, label)
		roll.Add(label)
	}
	// The digest of the tickets is published before the lottery draws.
	value := []byte("4 8 15 16 23 42")
	winners, err := raffle.Winners(seed, roll, value, rules.Winners)
	if err != nil {
		log.Fatal(err)
	}
	proof := raffle.Proof{
		Rules: rules, Commitment: commitment, Labels: labels, Roll: roll.Digest, Seed: seed, Value: value, Winners: winners,
	}
	fmt.Println("ticket", winners[0], "wins, ticket", winners[1], "stands by:", proof.Verify())

	proof.Winners[0], proof.Winners[1] = proof.Winners[1], proof.Winners[0]
	fmt.Println(proof.Verify())
	// Output:
	// ticket 5 wins, ticket 4 stands by: <nil>
	// raffle: the winners are not those of the draw
}
