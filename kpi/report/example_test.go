package report_test

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/loyaltykit/loyaltykit/kpi/report"
)

// A café writes the page that it mails on Mondays.
func Example() {
	rate, err := kpi.RepeatPurchaseRate(473, 800)
	if err != nil {
		fmt.Println(err)
		return
	}
	alive, err := report.AliveOf(clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, 39, "weeks", 6, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	var page bytes.Buffer
	err = report.Write(&page, report.Report{
		Title:     "Café Lindenhof",
		Headlines: []report.Headline{{Name: "Came again", Figure: rate}},
		Alive:     alive,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for line := range strings.Lines(page.String()) {
		if strings.Contains(line, "<strong>") || strings.Contains(line, "<h2>") {
			fmt.Print(line)
		}
	}
	// Output:
	// <li><span>Came again</span><strong>59.1 %</strong><span class="how">customers with 2 purchase periods or more / customers with 1 or more: 473 of 800</span></li>
	// <h2>Who is still a customer</h2>
}

func ExampleAliveOf() {
	alive, _ := report.AliveOf(clv.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, 39, "weeks", 3, 3)
	for i, row := range alive.P {
		fmt.Printf("last after week %.0f: %.2f\n", alive.Recencies[i], row)
	}
	// Output:
	// last after week 39: [0.75 0.81 0.85]
	// last after week 26: [0.66 0.66 0.64]
	// last after week 13: [0.50 0.36 0.22]
}
