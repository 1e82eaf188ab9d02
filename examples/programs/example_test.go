package programs_test

import (
	"bytes"
	"fmt"
	"log"

	"github.com/loyaltykit/loyaltykit/examples/programs"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// A program is read from its JSON, checked, and then it is plain data.
func Example() {
	text, err := programs.Files.ReadFile("coffee-shop.json")
	if err != nil {
		log.Fatal(err)
	}
	program, err := loyalty.ParseProgram(bytes.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	for _, rule := range program.Earning[:5] {
		fmt.Printf("%-10s %s\n", rule.Code, rule.Label)
	}
	// Output:
	// base       A bean for every euro
	// retail     Two beans for every euro of coffee to take home
	// afternoon  Double beans on weekday afternoons
	// app        Half as much again for orders by app
	// card       Every tenth coffee
}
