package loyalty_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

const goodProgram = `{
  "id": "beans",
  "zone": "Europe/Vienna",
  "units": [
    {"code": "bean", "expiry": {"after": {"n": 12, "unit": "months"}, "boundary": "end-of-month"}},
    {"code": "visit", "kind": "metric"}
  ],
  "earning": [
    {"code": "base", "spend": {"points": 1, "per": "1.00", "currency": "EUR"}},
    {"code": "monday", "multiply": "2", "when": {"weekdays": "mon"}}
  ]
}`

const badProgram = `{
  "id": "beans",
  "zone": "Vienna",
  "units": [{"code": "Bean", "expiry": {"never": true}}],
  "earning": [{"code": "base", "unit": "star", "spend": {"points": 0, "per": "1", "currency": "EUR"}}]
}`

// A program is plain data: a back office edits it as JSON, and hears of every
// problem at once, each with the path of its field.
func ExampleParseProgram() {
	program, err := loyalty.ParseProgram(strings.NewReader(goodProgram))
	if err != nil {
		log.Fatal(err)
	}
	text, err := json.Marshal(program)
	if err != nil {
		log.Fatal(err)
	}
	again, err := loyalty.ParseProgram(strings.NewReader(string(text)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.ID, len(again.Units), "units,", len(again.Earning), "rules, expiry", again.Units[0].Expiry.After)

	_, err = loyalty.ParseProgram(strings.NewReader(badProgram))
	if problems, ok := errors.AsType[points.Problems](err); ok {
		for _, problem := range problems {
			fmt.Printf("%s: %s\n", problem.Path, problem.Message)
		}
	}
	// Output:
	// beans 2 units, 2 rules, expiry 12 months
	// zone: "Vienna" is not an IANA zone that this system knows
	// units[0].code: "Bean" must start with a lower-case letter
	// earning[0].unit: "star" is not a unit of the program
	// earning[0].spend.points: 0 is not a number of points from 1 to 1000000000000000
}
