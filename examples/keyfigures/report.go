package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// schema names the form of the JSON; it changes only where a key changes its
// meaning or goes away.
const schema = "loyaltykit.kpis/1"

// report is all that is printed.
type report struct {
	Schema string `json:"schema"`
	Log    logged `json:"log"`
	// Figures are by their documented keys.
	Figures map[string]kpi.Figure `json:"figures"`
	Cohorts *cohortMatrix         `json:"cohorts"`
	RFM     *rfmTable             `json:"rfm"`
	Models  *modelReport          `json:"models"`
	Tiers   *kpi.TierMigration    `json:"tiers,omitempty"`
	Goals   []standing            `json:"goals,omitempty"`

	period   kpi.Period
	currency string
	level    float64
	margin   kpi.Figure
}

// logged says what was read.
type logged struct {
	File   string     `json:"file"`
	Orders int        `json:"orders"`
	Bad    int        `json:"rows_left_out"`
	Period kpi.Period `json:"period"`
	AsOf   string     `json:"as_of"`
}

func newReport(o options, period kpi.Period, e extent) *report {
	return &report{
		Schema:  schema,
		Log:     logged{File: o.orders, Orders: e.rows, Bad: e.bad, Period: period, AsOf: o.asOf.Format(time.DateOnly)},
		Figures: map[string]kpi.Figure{},
		period:  period, level: o.level, currency: e.currency,
	}
}

// add keeps a figure under its documented key.
func (r *report) add(key string, f kpi.Figure) {
	f.Key = key
	r.Figures[key] = f
}

// sample adds a share of customers, who are a sample of those to come, with its
// interval.
func (r *report) sample(key string, f kpi.Figure) error {
	f, err := f.OfSample(r.level)
	if err != nil {
		return err
	}
	r.add(key, f)
	return nil
}

func (r *report) costs(c *costs, who *kpi.ReturningAccumulator) error {
	if c == nil {
		return nil
	}
	if err := c.figures(r, who); err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	return nil
}

func (r *report) surveys(o options, period kpi.Period, warnings io.Writer) error {
	if o.surveys == "" {
		return nil
	}
	s, err := readSurveys(o.surveys, period.End, o.zone, warnings)
	if err != nil {
		return err
	}
	return s.figures(r, o.level)
}

func (r *report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
