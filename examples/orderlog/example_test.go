package orderlog_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// A log in a file is read row by row; a row that is no order is named and passed
// over.
func ExampleFile() {
	folder, err := os.MkdirTemp("", "orderlog")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "orders.csv")
	rows := "order_id,member,occurred_at,amount,currency\n" +
		"1001,m-7301,2027-02-22,12.40,EUR\n" +
		"1002,m-7301,2027-02-30,4.20,EUR\n"
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		log.Fatal(err)
	}
	orders, err := orderlog.File(path, time.UTC)
	if err != nil {
		log.Fatal(err)
	}
	defer orders.Close()
	for event, err := range orders.Events {
		if err != nil {
			fmt.Println(err)
			continue
		}
		earn := event.Command.(loyalty.Earn)
		fmt.Println(earn.Member, earn.Order.ID, earn.Order.Lines[0].Amount)
	}
	// Output:
	// m-7301 1001 12.4
	// line 3, column occurred_at: "2027-02-30" is neither a date such as 2027-03-08 nor a time such as 2027-03-08T09:30:00+01:00
}
