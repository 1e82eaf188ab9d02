package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func retentionSection(r *Report) (*section, error) {
	if r.Retention == nil || len(r.Retention.Points) == 0 {
		return nil, nil
	}
	s := r.Retention
	labels := []string{"0"}
	stay, lower, upper := []float64{1}, []float64{1}, []float64{1}
	t := &table{Caption: "Members who stay", Head: []string{"After " + r.RetentionUnit, "At risk", "Lost", "Last seen", "Stay", "Lower", "Upper"}}
	last := s.Points[len(s.Points)-1].Time
	for _, p := range inSteps(s.Points, mostRows) {
		t.Rows = append(t.Rows, row{Head: strconv.FormatFloat(p.Time, 'g', 6, 64), Cells: plain(
			strconv.Itoa(p.AtRisk), strconv.Itoa(p.Events), strconv.Itoa(p.Censored), percent(p.Survival), percent(p.Lower), percent(p.Upper))})
	}
	at := 0
	for i := 1; i <= mostRows; i++ {
		now := last * float64(i) / mostRows
		for at < len(s.Points) && s.Points[at].Time <= now*(1+1e-12) {
			at++
		}
		labels = append(labels, decimals(now, min(1, places(last))))
		if at == 0 {
			stay, lower, upper = append(stay, 1), append(lower, 1), append(upper, 1)
			continue
		}
		p := s.Points[at-1]
		stay, lower, upper = append(stay, p.Survival), append(lower, p.Lower), append(upper, p.Upper)
	}
	lead := "Share of members who are still there, by Kaplan and Meier."
	if median, ok := s.Median(); ok {
		lead += fmt.Sprintf(" Half are lost after %s %s.", decimals(median, places(median)), r.RetentionUnit)
	}
	if r.RetentionRule != "" {
		lead += " " + r.RetentionRule
	}
	level := fmt.Sprintf(" %g %%", 100*s.Level)
	chart, err := lineChart("Retention curve", labels, []line{
		{"Lower" + level, "series-3", lower}, {"Upper" + level, "series-4", upper}, {"Stay", "series-1", stay},
	}, new(1.0), percentAxis)
	return &section{ID: "retention", Title: "Retention", Lead: lead, Chart: chart, Table: t}, err
}

// mostRows is how many steps of a curve are drawn, and how many rows its table has at
// most.
const mostRows = 60

// inSteps takes the points of a curve together in steps of equal length where they are
// more than rows: what happened within a step adds up, and the rest is that of its end.
func inSteps(points []kpi.SurvivalPoint, rows int) []kpi.SurvivalPoint {
	if len(points) <= rows {
		return points
	}
	step := points[len(points)-1].Time / float64(rows)
	var out []kpi.SurvivalPoint
	place := -1
	for _, p := range points {
		at := int(math.Ceil(p.Time / step * (1 - 1e-12)))
		if at != place {
			place, out = at, append(out, p)
			continue
		}
		sum := &out[len(out)-1]
		p.AtRisk, p.Events, p.Censored = sum.AtRisk, p.Events+sum.Events, p.Censored+sum.Censored
		*sum = p
	}
	return out
}

func percentAxis(v float64) string { return decimals(100*v, 0) + " %" }

func countAxis(v float64) string { return grouped(v, 0) }

func trackingSection(r *Report) (*section, error) {
	k := r.Tracking
	if k == nil {
		return nil, nil
	}
	if len(k.Expected) == 0 || len(k.Actual) > len(k.Expected) || k.Calibration > len(k.Expected) || k.Calibration < 0 {
		return nil, fmt.Errorf("%w: Tracking: %d periods expected, %d actual, %d of calibration", ErrInvalid, len(k.Expected), len(k.Actual), k.Calibration)
	}
	for _, v := range slices.Concat(k.Expected, k.Actual) {
		if !finite(v) || v < 0 {
			return nil, fmt.Errorf("%w: Tracking: %g is no number of purchases", ErrInvalid, v)
		}
	}
	t := &table{Caption: "Cumulative repeat purchases", Head: []string{"To the end of " + k.Period, "Actual", "Expected", "Difference"}}
	labels := make([]string, len(k.Expected))
	actual := make([]float64, len(k.Expected))
	for i, expected := range k.Expected {
		labels[i] = strconv.Itoa(i + 1)
		line := row{Head: labels[i], Cells: plain("", decimals(expected, 1), "")}
		actual[i] = math.NaN()
		if i < len(k.Actual) {
			actual[i] = k.Actual[i]
			line.Cells[0].Text = decimals(actual[i], places(actual[i]))
			if actual[i] > 0 {
				line.Cells[2].Text = percent(expected/actual[i] - 1)
			}
		}
		t.Rows = append(t.Rows, line)
	}
	fitted := make([]float64, len(k.Expected))
	foreseen := make([]float64, len(k.Expected))
	for i, expected := range k.Expected {
		fitted[i], foreseen[i] = math.NaN(), math.NaN()
		if i < k.Calibration {
			fitted[i] = expected
		}
		if i+1 >= k.Calibration {
			foreseen[i] = expected
		}
	}
	lead := fmt.Sprintf("Repeat purchases of all members together. The model was fitted to the first %d and has not seen the others.", k.Calibration)
	chart, err := lineChart("Tracking plot", labels, []line{
		{"Actual", "series-2", actual}, {"Fitted", "series-3", fitted}, {"Foreseen", "series-1", foreseen},
	}, nil, countAxis)
	return &section{ID: "tracking", Title: "Expected and actual purchases", Lead: lead, Chart: chart, Table: t}, err
}

func zoneOf(p kpi.Period) *time.Location {
	if p.Zone == nil {
		return time.UTC
	}
	return p.Zone
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func liabilitySection(r *Report) (*section, error) {
	if r.Liability == nil || len(r.Liability.Movements) == 0 {
		return nil, nil
	}
	t := &table{Caption: "Roll-forward of the liability", Head: []string{"Period", "Opening", "Deferred", "Recognized", "of which breakage", "of which catch-up", "Remitted", "Closing"}}
	var labels []string
	var deferred, recognized, closing []float64
	for _, m := range r.Liability.Movements {
		period := m.Period.String()
		labels = append(labels, m.Period.Start.In(zoneOf(m.Period)).Format("2006-01"))
		t.Rows = append(t.Rows, row{Head: period, Cells: plain(m.Opening.String(), m.Deferred.String(), m.Recognized.String(),
			m.Breakage.String(), m.CatchUp.String(), m.Remitted.String(), m.Closing.String())})
		deferred = append(deferred, m.Deferred.InexactFloat64())
		recognized = append(recognized, m.Recognized.InexactFloat64())
		closing = append(closing, m.Closing.InexactFloat64())
	}
	chart, err := barChart("Liability roll-forward", everyFew(labels, 4), len(labels), []line{
		{"Deferred", "series-3", deferred}, {"Recognized", "series-2", recognized}, {"Closing", "series-1", closing},
	}, countAxis)
	return &section{
		ID: "liability", Title: "Owed for points", Chart: chart, Table: t,
		Lead: "Opening + deferred − recognized − remitted = closing. Not accounting advice.",
	}, err
}

func npsSection(r *Report) (*section, error) {
	if len(r.NPS) == 0 {
		return nil, nil
	}
	t := &table{Caption: "Net Promoter Score by segment", Head: []string{"Segment", "Score", "Lower", "Upper", "Promoters", "Passives", "Detractors"}}
	var labels []string
	var scores, lower, upper []float64
	for _, s := range r.NPS {
		score, ok := s.Result.Score.Value()
		o := s.Result.Opinions
		line := row{Head: s.Name, Cells: plain("undefined", "", "", fmt.Sprint(o.Promoters), fmt.Sprint(o.Passives), fmt.Sprint(o.Detractors))}
		if ok {
			line.Cells[0].Text = decimals(math.Round(score), 0)
			low, high := score, score
			if i := s.Result.Score.Interval; i != nil {
				low, high = i.Lower, i.Upper
				line.Cells[1].Text, line.Cells[2].Text = decimals(low, 1), decimals(high, 1)
			}
			labels = append(labels, s.Name)
			scores, lower, upper = append(scores, score), append(lower, low), append(upper, high)
		}
		t.Rows = append(t.Rows, line)
	}
	s := &section{ID: "nps", Title: "Net Promoter Score", Table: t, Lead: "Promoters less detractors in 100 answers, with the interval for each segment."}
	if len(labels) == 0 {
		return s, nil
	}
	var err error
	s.Chart, err = barChart("Net Promoter Score by segment", labels, 0, []line{
		{"Lower", "series-3", lower}, {"Score", "series-1", scores}, {"Upper", "series-4", upper},
	}, countAxis)
	return s, err
}
