package keyfigures

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// schema names the form of the JSON; it changes only where a key changes its
// meaning or goes away.
const schema = "loyaltykit.kpis/1"

// Report is all that is printed.
type Report struct {
	Schema string `json:"schema"`
	Log    logged `json:"log"`
	// Figures are by their documented keys.
	Figures map[string]kpi.Figure `json:"figures"`
	Cohorts *cohortMatrix         `json:"cohorts"`
	RFM     *rfmTable             `json:"rfm"`
	Models  *modelReport          `json:"models"`
	Tiers   *kpi.TierMigration    `json:"tiers,omitempty"`
	Goals   []standing            `json:"goals,omitempty"`
	// Trend compares the last days with those before.
	Trend *trend `json:"trend"`
	// Liability is what is owed for points, from the books of an engine or the costs.
	Liability *liability.Roll `json:"liability,omitempty"`
	// Journal has the entries of the sale of the costs and of what is owed for points.
	Journal journal `json:"journal,omitzero"`
	// CohortTest and GroupTest test whether customers of different months, and of the
	// costs' groups, come again at one rate; nil where that cannot be told.
	CohortTest *logRank `json:"cohort_log_rank,omitempty"`
	GroupTest  *logRank `json:"group_log_rank,omitempty"`
	// Quarters and Years are the cohorts by the quarter and the year of the first
	// purchase.
	Quarters *cohortMatrix `json:"cohorts_by_quarter"`
	Years    *cohortMatrix `json:"cohorts_by_year"`

	period kpi.Period
	// held is that of the holdout, asked that of the dated answers, spent that of the costs.
	held, asked, spent kpi.Period
	// earned is that of the counts of points, and carded that of those of gift cards.
	earned, carded kpi.Period
	currency       string
	level          float64
	margin         kpi.Figure
	// earlier has what figures were before, where that is known.
	earlier map[string]kpi.Figure
	parts   parts
}

// logged says what was read.
type logged struct {
	File   string     `json:"file"`
	Orders int        `json:"orders"`
	Bad    int        `json:"rows_left_out"`
	Period kpi.Period `json:"period"`
	AsOf   string     `json:"as_of"`
}

func newReport(l *Log, o Options, period kpi.Period, e extent) *Report {
	var held kpi.Period
	if !o.CalibrationEnd.IsZero() {
		held = kpi.Period{Start: o.CalibrationEnd, End: period.End, Zone: period.Zone}
	}
	return &Report{
		held:    held,
		Schema:  schema,
		Log:     logged{File: l.Name, Orders: e.rows, Bad: e.bad, Period: period, AsOf: o.AsOf.Format(time.DateOnly)},
		Figures: map[string]kpi.Figure{}, earlier: map[string]kpi.Figure{}, parts: parts{title: o.Title},
		period: period, level: o.Level, currency: e.currency,
	}
}

// add keeps a figure under its documented key, with the period of its kind.
func (r *Report) add(key string, f kpi.Figure) {
	f.Key = key
	if f.Period.IsZero() {
		f.Period = r.periodOf(key)
	}
	if f.Period.IsZero() {
		f = f.Noted("its input does not say of when it is")
	}
	r.Figures[key] = f
}

// periodOf is what the figures of a key are about where nothing else is said: models
// expect what comes in the days of the year after the log, whole ones, or tell of its customers as they are.
func (r *Report) periodOf(key string) kpi.Period {
	at := slices.IndexFunc(Keys(), func(k Key) bool { return k.Name == key })
	if at < 0 {
		return kpi.Period{}
	}
	switch section := Keys()[at].Section; {
	case strings.HasSuffix(key, "_12_months"), strings.HasSuffix(key, "_12_months_mean"):
		end := r.period.End
		return kpi.Period{Start: end, End: daysAfter(end, 365), Zone: r.period.Zone}
	case strings.HasPrefix(key, "holdout_"):
		return r.held
	case section == sectionModels:
		return r.period
	case section == sectionSurveys:
		return r.asked
	case section == sectionMembers:
		return r.spent
	case strings.HasPrefix(key, "gift_card_"):
		return r.carded
	case section == sectionPoints && !strings.HasSuffix(key, "_period_flow"):
		return r.earned
	default:
		return kpi.Period{}
	}
}

// sample adds a share of customers, who are a sample of those to come, with its
// interval.
func (r *Report) sample(key string, f kpi.Figure) error {
	f, err := f.OfSample(r.level)
	if err != nil {
		return err
	}
	r.add(key, f)
	return nil
}

func (r *Report) costs(c *costs, all *counters) error {
	if c == nil {
		return nil
	}
	if c.period.End.After(c.period.Start) {
		r.spent = c.period
	}
	if err := c.figures(r, all); err != nil {
		return fmt.Errorf("costs: %w", err)
	}
	return nil
}

func (r *Report) surveys(o Options, period kpi.Period) error {
	if o.Surveys == "" {
		return nil
	}
	s, err := readSurveys(o.Surveys, period.End, o.InactiveDays, o.Zone, o.Warnings)
	if err != nil {
		return err
	}
	if !s.first.IsZero() {
		r.asked = kpi.Period{Start: s.first, End: period.End, Zone: period.Zone}
	}
	return s.figures(r, o.Level)
}

// WriteJSON writes the report as one JSON object, with the documented keys.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
