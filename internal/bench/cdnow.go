package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// cdnowCustomers reads the customers of CDNOW's sample: columns x, t.x and T.cal, in
// weeks.
func cdnowCustomers(path string) (customers []clv.Customer, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%s: has no customers", path)
	}
	var at [3]int
	for i, name := range []string{"x", "t.x", "T.cal"} {
		if at[i] = slices.Index(rows[0], name); at[i] < 0 {
			return nil, fmt.Errorf("%s: has no column %s", path, name)
		}
	}
	for line, row := range rows[1:] {
		x, errX := strconv.Atoi(row[at[0]])
		recency, errRecency := strconv.ParseFloat(row[at[1]], 64)
		age, errAge := strconv.ParseFloat(row[at[2]], 64)
		if err := errors.Join(errX, errRecency, errAge); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", path, line+2, err)
		}
		customers = append(customers, clv.Customer{Frequency: x, Recency: recency, Age: age})
	}
	return customers, nil
}
