package parquet

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// cohortRow is a cell of a matrix.
type cohortRow struct {
	Start     int64 `parquet:"cohort,timestamp(microsecond)"`
	Size      int64 `parquet:"size"`
	Offset    int64 `parquet:"offset"`
	Active    int64 `parquet:"active"`
	Returned  int64 `parquet:"returned"`
	Remaining int64 `parquet:"remaining"`
	Orders    int64 `parquet:"orders"`
	Revenue   money `parquet:"revenue,decimal(12:38)"`
}

var cohortColumns = []string{"cohort", "size", "offset", "active", "returned", "remaining", "orders", "revenue"}

// matrixKey names the file's note of a matrix without its cells.
const matrixKey = "loyaltykit.cohorts"

// matrixFrame is a matrix without its cohorts.
type matrixFrame struct {
	Bucket                                 kpi.Bucket
	Zone                                   string
	Until                                  time.Time
	Partial                                bool
	Orders, Refunds, Late, WithoutPurchase int
	Unassigned                             kpi.Amount
}

// WriteCohorts writes a matrix, one cell a row with the start and the size of its
// cohort; what belongs to no cell is a note of the file.
func WriteCohorts(w io.Writer, m *kpi.CohortMatrix) error {
	zone := "UTC"
	if m.Zone != nil {
		zone = m.Zone.String()
	}
	frame, err := json.Marshal(matrixFrame{m.Bucket, zone, m.Until, m.Partial, m.Orders, m.Refunds, m.Late, m.WithoutPurchase, m.Unassigned})
	if err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	out := newRowWriter[cohortRow](w, rowsOfGroup)
	out.to.SetKeyValueMetadata(matrixKey, string(frame))
	for i := range m.Cohorts {
		c := &m.Cohorts[i]
		for offset, cell := range c.Cells {
			row := cohortRow{
				c.Start.UnixMicro(), int64(c.Size), int64(offset), int64(cell.Active), int64(cell.Returned), int64(cell.Remaining),
				int64(cell.Orders), moneyOf(cell.Revenue),
			}
			if err := out.write(row); err != nil {
				return fmt.Errorf("parquet: %w", err)
			}
		}
	}
	if err := out.close(); err != nil {
		return fmt.Errorf("parquet: %w", err)
	}
	return nil
}

// ReadCohorts reads what [WriteCohorts] wrote. An error wraps [ErrFile] where the
// file is at fault.
func ReadCohorts(r io.ReaderAt, size int64) (*kpi.CohortMatrix, error) {
	f, err := opened(r, size)
	if err != nil {
		return nil, err
	}
	note, ok := f.Lookup(matrixKey)
	if !ok {
		return nil, fmt.Errorf("%w: it has no note %q", ErrFile, matrixKey)
	}
	var frame matrixFrame
	if err := json.Unmarshal([]byte(note), &frame); err != nil {
		return nil, fmt.Errorf("%w: its note %q: %w", ErrFile, matrixKey, err)
	}
	zone, err := time.LoadLocation(frame.Zone)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	m := &kpi.CohortMatrix{
		Bucket: frame.Bucket, Zone: zone, Until: frame.Until, Partial: frame.Partial, Orders: frame.Orders, Refunds: frame.Refunds,
		Late: frame.Late, WithoutPurchase: frame.WithoutPurchase, Unassigned: frame.Unassigned,
	}
	cells := readRows(r, size, cohortColumns, func(row *cohortRow) (kpi.CohortCell, error) {
		revenue, err := amountOf(row.Revenue)
		start := time.UnixMicro(row.Start).UTC()
		if last := len(m.Cohorts) - 1; last < 0 || !m.Cohorts[last].Start.Equal(start) {
			m.Cohorts = append(m.Cohorts, kpi.Cohort{Start: start, Size: int(row.Size)})
		}
		if err == nil && row.Offset != int64(len(m.Cohorts[len(m.Cohorts)-1].Cells)) {
			err = fmt.Errorf("the cohort of %s has offset %d out of order", start.Format(time.DateOnly), row.Offset)
		}
		return kpi.CohortCell{
			Active: int(row.Active), Returned: int(row.Returned), Remaining: int(row.Remaining), Orders: int(row.Orders), Revenue: revenue,
		}, err
	})
	for cell, err := range cells {
		if err != nil {
			return nil, err
		}
		c := &m.Cohorts[len(m.Cohorts)-1]
		c.Cells = append(c.Cells, cell)
	}
	return m, nil
}
