package loyalty_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

const openingBalances = `b-1,m-1,2019-05-02,120,2027-12-31
b-2,m-1,2019-05-02,30,2028-06-30
b-3,m-2,2024-01-15,80,never
b-4,m-3,2025-07-01,fifty,2028-01-01
`

// balancesOf reads rows of id, member, day of enrollment, points and day of expiry. A
// row that cannot be read says why.
func balancesOf(file io.Reader) iter.Seq[loyalty.ImportRow] {
	return func(yield func(loyalty.ImportRow) bool) {
		for r := csv.NewReader(file); ; {
			fields, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			line, _ := r.FieldPos(0)
			row := loyalty.ImportRow{Line: line, Err: err}
			if err == nil {
				row.ID = fields[0]
				row.Import, row.Err = balanceOf(fields)
			}
			if !yield(row) {
				return
			}
		}
	}
}

func balanceOf(fields []string) (loyalty.Import, error) {
	amount, err := points.Unit{}.Parse(fields[3])
	if err != nil {
		return loyalty.Import{}, err
	}
	row := loyalty.Import{Member: fields[1], Unit: "bean", Points: amount, Reference: fields[0], ExpiresAt: points.Never}
	if row.EnrolledAt, err = time.Parse(time.DateOnly, fields[2]); err != nil || fields[4] == "never" {
		return row, err
	}
	row.ExpiresAt, err = time.Parse(time.DateOnly, fields[4])
	return row, err
}

// Opening balances come in with their dates. A dry run tells first what a run will do,
// a bad row stops no other, and running the file again changes nothing.
func ExampleEngine_ImportAll() {
	ctx := context.Background()
	program := loyalty.Program{
		ID: "beans", Zone: "Europe/Vienna", Units: []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(12, points.Months)}},
	}
	engine, err := loyalty.New(loyalty.Revisions{program}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, dry := range []bool{true, false, false} {
		report, err := engine.ImportAll(ctx, balancesOf(strings.NewReader(openingBalances)), &loyalty.ImportOptions{DryRun: dry})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("dry %v: %d rows, %d imported, %d were there, %d bad; %d beans\n",
			dry, report.Rows, report.Imported, report.Replayed, report.Bad, report.Totals[0].Points)
		for _, problem := range report.Problems {
			fmt.Println("  bad row", problem.ID, "in line", problem.Line)
		}
	}
	reconciled, err := engine.Reconcile(ctx, balancesOf(strings.NewReader(openingBalances)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("file", reconciled.Units[0].File, "ledger", reconciled.Units[0].Ledger, "members that differ", reconciled.Different)
	m, err := engine.Member(ctx, "m-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.ID, "since", m.EnrolledAt.Format(time.DateOnly))
	for _, at := range m.Expiring {
		fmt.Println(" ", at.Points, "until", at.At.Format(time.DateOnly))
	}
	// Output:
	// dry true: 4 rows, 3 imported, 0 were there, 1 bad; 230 beans
	//   bad row b-4 in line 4
	// dry false: 4 rows, 3 imported, 0 were there, 1 bad; 230 beans
	//   bad row b-4 in line 4
	// dry false: 4 rows, 0 imported, 3 were there, 1 bad; 230 beans
	//   bad row b-4 in line 4
	// file 230 ledger 230 members that differ 0
	// m-1 since 2019-05-02
	//   120 until 2027-12-31
	//   30 until 2028-06-30
}
