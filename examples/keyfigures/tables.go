package keyfigures

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// cohort is a row of the cohort matrix. Month is the first of its bucket.
type cohort struct {
	Month  string `json:"month"`
	Size   int    `json:"size"`
	Active []int  `json:"active"`
	// Returned counts who came again until then, Remaining who came then or later, which
	// is rolling retention; Revenue is what was spent in the month.
	Returned  []int         `json:"returned"`
	Remaining []int         `json:"remaining"`
	Revenue   []json.Number `json:"revenue"`
	// Retention has a figure for each month after the first that was observed.
	Retention []kpi.Figure `json:"retention"`
}

// cohortMatrix follows the customers of each month.
type cohortMatrix struct {
	// Partial is set where the last month was not observed to its end.
	Partial bool     `json:"partial"`
	Rows    []cohort `json:"rows"`
}

// matrix has the retention of each cohort, with intervals.
func (r *Report) matrix(m *kpi.CohortMatrix) (*cohortMatrix, error) {
	out := &cohortMatrix{Partial: m.Partial}
	for i := range m.Cohorts {
		c := &m.Cohorts[i]
		row := cohort{Month: c.Start.In(r.period.Zone).Format("2006-01"), Size: c.Size}
		for _, cell := range c.Cells {
			row.Active, row.Returned = append(row.Active, cell.Active), append(row.Returned, cell.Returned)
			row.Remaining = append(row.Remaining, cell.Remaining)
			row.Revenue = append(row.Revenue, json.Number(cell.Revenue.String()))
			f, err := kpi.CohortRetention(int64(cell.Active), int64(c.Size))
			if err == nil {
				f, err = f.OfSample(r.level)
			}
			if err != nil {
				return nil, err
			}
			row.Retention = append(row.Retention, f)
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// cohortFigures adds the matrix, and the retention of all cohorts together after 1,
// 3, 6 and 12 months, of those that were observed for so long. A month that was not
// observed to its end counts in neither.
func (r *Report) cohortFigures(m *kpi.CohortMatrix) error {
	r.parts.cohorts = m
	var err error
	if r.Cohorts, err = r.matrix(m); err != nil {
		return err
	}
	active, size := map[int]int64{}, map[int]int64{}
	for i := range m.Cohorts {
		c := &m.Cohorts[i]
		for offset, cell := range c.Cells {
			if !m.Partial || offset < len(c.Cells)-1 {
				active[offset] += int64(cell.Active)
				size[offset] += int64(c.Size)
			}
		}
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

// restrictedMean is how long customers take to come again, of the first days.
func (r *Report) restrictedMean(curve *kpi.Survival, days float64) {
	const key = "second_purchase_restricted_mean_days"
	f := kpi.Undefined(key, kpi.Days, "nobody was observed for so long")
	if mean, stdErr, ok := curve.RestrictedMean(days); ok {
		half := math.Sqrt2 * math.Erfinv(r.level) * stdErr
		f = kpi.Estimate(key, kpi.Days, mean).With(kpi.Interval{Lower: max(0, mean-half), Upper: min(days, mean+half), Level: r.level, Method: "greenwood"})
	}
	r.add(key, f.As(fmt.Sprintf("mean days to the second purchase, at most %g: the area under the Kaplan-Meier curve", days)).In(r.period))
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

func (r *Report) rfmFigures(m *kpi.RFM) error {
	t := &rfmTable{
		AsOf: m.AsOf.In(r.period.Zone).Format(time.DateOnly), Groups: m.Groups,
		RecencyCuts: m.RecencyCuts, FrequencyCuts: m.FrequencyCuts, MonetaryCuts: m.MonetaryCuts,
		RecencyCounts: m.RecencyCounts, FrequencyCounts: m.FrequencyCounts, MonetaryCounts: m.MonetaryCounts,
	}
	r.RFM, r.parts.rfm = t, m
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
