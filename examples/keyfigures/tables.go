package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// cohort is a row of the cohort matrix.
type cohort struct {
	Month  string `json:"month"`
	Size   int    `json:"size"`
	Active []int  `json:"active"`
	// Returned counts who came again until then, Revenue is what was spent in the
	// month.
	Returned []int         `json:"returned"`
	Revenue  []json.Number `json:"revenue"`
	// Retention has a figure for each month after the first that was observed.
	Retention []kpi.Figure `json:"retention"`
}

// cohortMatrix follows the customers of each month.
type cohortMatrix struct {
	// Partial is set where the last month was not observed to its end.
	Partial bool     `json:"partial"`
	Rows    []cohort `json:"rows"`
}

// cohortFigures adds the matrix, and the retention of all cohorts together after 1,
// 3, 6 and 12 months, of those that were observed for so long. A month that was not
// observed to its end counts in neither.
func (r *report) cohortFigures(m *kpi.CohortMatrix) error {
	r.Cohorts = &cohortMatrix{Partial: m.Partial}
	active, size := map[int]int64{}, map[int]int64{}
	for i := range m.Cohorts {
		c := &m.Cohorts[i]
		row := cohort{Month: c.Start.In(r.period.Zone).Format("2006-01"), Size: c.Size}
		for offset, cell := range c.Cells {
			row.Active, row.Returned = append(row.Active, cell.Active), append(row.Returned, cell.Returned)
			row.Revenue = append(row.Revenue, json.Number(cell.Revenue.String()))
			f, err := kpi.CohortRetention(int64(cell.Active), int64(c.Size))
			if err == nil {
				f, err = f.OfSample(r.level)
			}
			if err != nil {
				return err
			}
			row.Retention = append(row.Retention, f)
			if m.Partial && offset == len(c.Cells)-1 {
				continue
			}
			active[offset] += int64(cell.Active)
			size[offset] += int64(c.Size)
		}
		r.Cohorts.Rows = append(r.Cohorts.Rows, row)
	}
	for _, months := range []int{1, 3, 6, 12} {
		f, err := kpi.CohortRetention(active[months], size[months])
		if err != nil {
			return err
		}
		f = f.As(fmt.Sprintf("bought in calendar month %d after that of their first purchase / all who were observed for so long", months))
		if err := r.sample(fmt.Sprintf("cohort_retention_month_%d", months), f.In(r.period)); err != nil {
			return err
		}
	}
	return nil
}

// segment is a group of customers by recency, frequency and money.
type segment struct {
	Name  string     `json:"name"`
	Share kpi.Figure `json:"share"`
}

// rfmTable has the scores' distribution.
type rfmTable struct {
	AsOf            string    `json:"as_of"`
	Groups          int       `json:"groups"`
	RecencyCuts     []float64 `json:"recency_cuts_days"`
	FrequencyCuts   []float64 `json:"frequency_cuts_orders"`
	MonetaryCuts    []float64 `json:"monetary_cuts"`
	RecencyCounts   []int     `json:"recency_counts"`
	FrequencyCounts []int     `json:"frequency_counts"`
	MonetaryCounts  []int     `json:"monetary_counts"`
	Segments        []segment `json:"segments"`
}

func (r *report) rfmFigures(m *kpi.RFM) error {
	t := &rfmTable{
		AsOf: m.AsOf.In(r.period.Zone).Format(time.DateOnly), Groups: m.Groups,
		RecencyCuts: m.RecencyCuts, FrequencyCuts: m.FrequencyCuts, MonetaryCuts: m.MonetaryCuts,
		RecencyCounts: m.RecencyCounts, FrequencyCounts: m.FrequencyCounts, MonetaryCounts: m.MonetaryCounts,
	}
	r.RFM = t
	add := func(name string, n int) error {
		f, err := kpi.CohortRetention(int64(n), int64(len(m.Customers)))
		if err == nil {
			f, err = f.OfSample(r.level)
		}
		f.Key = "rfm_segment_share"
		t.Segments = append(t.Segments, segment{Name: name, Share: f.As("customers of the segment / customers with a score")})
		return err
	}
	for i, s := range m.Segments {
		if err := add(s.Name, m.SegmentCounts[i]); err != nil {
			return err
		}
	}
	return add("Others", m.Others)
}
