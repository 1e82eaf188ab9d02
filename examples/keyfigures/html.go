package keyfigures

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/kpi/report"
)

// parts are the results behind the sections of a page.
type parts struct {
	title    string
	cohorts  *kpi.CohortMatrix
	rfm      *kpi.RFM
	staying  *kpi.Survival
	rule     string
	model    clv.Model
	age      float64
	unit     string
	tracking *report.Tracking
	roll     *liability.Roll
	nps      []report.Segment
}

// headlines are the keys that go on top of a page after the trend, with their names.
func headlines() []change {
	named := func(key, name string) change { return change{Name: name, Now: kpi.Figure{Key: key}} }
	return []change{
		named("second_purchase_within_90_days", "Second purchase within 90 days"),
		named("expected_active_customers", "Still customers, by the model"),
		named("expected_revenue_12_months", "Expected revenue, 12 months"),
		named("nps", "Net Promoter Score"),
		named("csat_5", "Satisfied"),
		named("csat_7", "Satisfied"),
		named("ces_mean", "Made easy, of 7"),
		named("acquisition_cost", "Cost of a new customer"),
		named("value_to_acquisition_cost", "Value to cost"),
		named("churn_rate", "Churn of contracts"),
		named("redemption_rate_of_issued", "Points redeemed"),
		named("breakage_rate", "Points expired"),
		named("ultimate_redemption_rate", "Points redeemed in the end"),
		named("points_liability", "Owed for points"),
	}
}

// page is the report as package kpi/report writes it.
func (r *Report) page() (report.Report, error) {
	p := &r.parts
	out := report.Report{
		Title:    cmp.Or(p.title, "Key figures of "+filepath.Base(r.Log.File)),
		Subtitle: fmt.Sprintf("%d orders, %s, as of %s", r.Log.Orders, r.Log.Period, r.Log.AsOf),
		Cohorts:  p.cohorts, Retention: p.staying, RetentionUnit: "days", RetentionRule: p.rule, RFM: p.rfm,
		Tracking: p.tracking, Liability: p.roll, Tiers: r.Tiers, NPS: p.nps,
	}
	for _, c := range r.Trend.Changes {
		h := report.Headline{Name: fmt.Sprintf("%s, last %d days", c.Name, r.Trend.Days), Figure: c.Now}
		if c.Before != nil {
			h.Before = *c.Before
		}
		out.Headlines = append(out.Headlines, h)
	}
	for _, h := range headlines() {
		if f, ok := r.Figures[h.Now.Key]; ok {
			out.Headlines = append(out.Headlines, report.Headline{Name: h.Name, Figure: f, Before: r.earlier[h.Now.Key]})
		}
	}
	if p.model != nil && p.age > 0 {
		const most, steps = 10, 8
		alive, err := report.AliveOf(p.model, p.age, p.unit+"s", most, steps)
		if err != nil {
			return out, err
		}
		out.Alive = alive
	}
	for _, f := range r.Models.AtRisk {
		out.AtRisk = append(out.AtRisk, report.Member{ID: f.Member, Alive: 1 - f.Risk, Value: f.Value.Shown(), Last: fmt.Sprintf("%.1f %ss ago", f.Since, r.Models.Unit)})
	}
	out.Notes = r.notes()
	return out, nil
}

// notes say what the page rests on.
func (r *Report) notes() []string {
	notes := []string{
		"Rates of customers have Wilson's interval, scores the adjusted Wald interval, curves the log-log interval.",
	}
	if m := r.Models; m.Name != "" {
		notes = append(notes, fmt.Sprintf("Models in %ss: %s, which has the smallest AIC; the worth of members at risk is what they are expected to spend in 12 months.", m.Unit, m.Name))
	}
	for _, g := range r.Goals {
		notes = append(notes, fmt.Sprintf("Goal %s: %s. %s", g.Key, g.State, g.Reason))
	}
	if r.Log.Bad > 0 {
		notes = append(notes, fmt.Sprintf("%d rows of the log were left out.", r.Log.Bad))
	}
	return append(notes, r.Models.Problems...)
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	page, err := r.page()
	if err != nil {
		return err
	}
	return report.Write(w, page)
}

// WriteHTMLFile writes the page to a file.
func (r *Report) WriteHTMLFile(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return r.WriteHTML(file)
}

// staying is how long customers stay, by the rule that who has not bought for so many
// days is gone.
func (r *Report) staying(s *kpi.Summaries, days int) error {
	var curve kpi.SurvivalAccumulator
	unit := float64(s.Unit)
	for i := range s.Customers {
		c := &s.Customers[i]
		life := kpi.Lifetime{Exit: c.Age * unit}
		if (c.Age-c.Recency)*unit >= float64(days) {
			life = kpi.Lifetime{Exit: c.Recency*unit + float64(days), Event: true}
		}
		if err := curve.Add(life); err != nil {
			return err
		}
	}
	var err error
	r.parts.staying, err = curve.Result(&kpi.SurvivalOptions{Level: r.level})
	r.parts.rule = fmt.Sprintf("A customer is lost who has not bought for %d days, at the end of them.", days)
	return err
}

// medianAge is the age of the customer in the middle.
func medianAge(people []clv.Customer) float64 {
	ages := make([]float64, len(people))
	for i := range people {
		ages[i] = people[i].Age
	}
	slices.Sort(ages)
	return ages[len(ages)/2]
}
