// Package orderlog makes order logs for tests and measurements.
package orderlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// Start is when the logs start.
var Start = time.Date(2009, time.September, 1, 0, 0, 0, 0, time.UTC)

const days = 3 * 365

// New makes orders of a tenth as many members over three years, one in twenty a
// refund. Their time has days that zones skipped or showed twice; ids are such as
// collations would sort otherwise; amounts have two decimals, a fifth of the members'
// four.
func New(orders int) (*kpi.Columns, error) {
	random := rand.New(rand.NewPCG(1, 2))
	names := make([]string, orders/10+1)
	for i := range names {
		names[i] = []string{"a", "B", "ä", "b-", "_"}[i%5] + strconv.Itoa(i)
	}
	slices.Sort(names)
	member, at, amounts := make([]uint32, orders), make([]int64, orders), make([]int64, orders)
	for i := range orders {
		m := uint32(float64(len(names)) * random.Float64() * min(1, 0.3+random.Float64()))
		member[i] = m
		at[i] = Start.UnixMicro() + random.Int64N(days*24*3600*1_000_000)
		amounts[i] = 100 * random.Int64N(20_000)
		if m%5 == 0 {
			amounts[i] += random.Int64N(100)
		}
		if random.IntN(20) == 0 {
			amounts[i] = -amounts[i] / 2
		}
	}
	return kpi.NewColumns(names, member, at, amounts, 4)
}

// WriteCSV writes a log as a file without a header in a folder: member, time in UTC and
// amount.
func WriteCSV(dir string, columns *kpi.Columns) (path string, err error) {
	path = filepath.Join(dir, "orders.csv")
	file, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return path, writeCSV(file, columns)
}

func writeCSV(to io.Writer, columns *kpi.Columns) error {
	out := bufio.NewWriterSize(to, 1<<20)
	for o := range columns.All() {
		if _, err := fmt.Fprintf(out, "%s,%s,%s\n", o.Member, o.At.Format("2006-01-02 15:04:05.000000"), o.Amount); err != nil {
			return err
		}
	}
	return out.Flush()
}
