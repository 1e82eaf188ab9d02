package rowcodec_test

import (
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

func Example() {
	days := []storage.DayCount{
		{Metric: "spend", Day: 20270308, Amount: 450},
		{Metric: "spend", Day: 20270309, Amount: 1240},
		{Metric: "visits", Day: 20270309, Amount: 1},
	}
	text, err := rowcodec.EncodeDays(days)
	fmt.Println(text, err)
	// Output: [{"metric":"spend","days":[[20270308,450],[20270309,1240]]},{"metric":"visits","days":[[20270309,1]]}] <nil>
}
