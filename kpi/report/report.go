// Package report puts key figures into one HTML file for people: to open on a
// phone or a desk, to mail, to print. The file needs nothing else, has no script,
// and follows the reader's choice of light or dark. Every chart has its numbers as
// a table.
//
// A [Report] holds results of packages kpi and kpi/clv as they are; what is not
// there is left out of the page. [Write] writes it. The same report gives the same
// bytes.
package report

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// ErrInvalid is a part of a report whose numbers do not belong together.
var ErrInvalid = errors.New("report: invalid input")

// Report is what goes into a page. Only Title is needed.
type Report struct {
	// Title heads the page, and Subtitle says of what and as of when it is.
	Title, Subtitle string
	// Language is the BCP 47 tag of what the caller wrote; empty is "en".
	Language string
	// Headlines are the figures on top.
	Headlines []Headline
	// Cohorts become a heat map of retention.
	Cohorts *kpi.CohortMatrix
	// Retention becomes a curve with its band; RetentionUnit names the unit of its
	// time, such as "days".
	Retention     *kpi.Survival
	RetentionUnit string
	// RetentionRule says, in a sentence, when a member counts as lost, where that is a
	// rule and no contract's end.
	RetentionRule string
	// RFM becomes a grid of recency by frequency, and a table of segments.
	RFM *kpi.RFM
	// Alive becomes a heat map of P(alive): see [AliveOf].
	Alive *Alive
	// Tracking becomes a plot of expected against actual purchases.
	Tracking *Tracking
	// Liability becomes the roll-forward of what is owed for points.
	Liability *liability.Roll
	// Tiers becomes the flow of members between tiers.
	Tiers *kpi.TierMigration
	// NPS becomes a chart of scores with their intervals.
	NPS []Segment
	// AtRisk are the members that are worth most and most likely to be lost, as the
	// caller orders them.
	AtRisk []Member
	// Notes close the page: sources, definitions, reservations.
	Notes []string
}

// Headline is a figure with that of an earlier period.
type Headline struct {
	// Name is what people call the figure.
	Name   string
	Figure kpi.Figure
	// Before is the figure to compare with; its zero value is none. A change is shown
	// where both have one key, unit and currency.
	Before kpi.Figure
}

// Tracking is the cumulative number of purchases by period, as the functions
// Track and Evaluate of package kpi/clv give them.
type Tracking struct {
	// Period names what the numbers are by, such as "week".
	Period string
	// Expected and Actual are cumulative, one number for each period. Actual may be
	// shorter: the rest is yet to come.
	Expected, Actual []float64
	// Calibration is the number of periods that the model was fitted to.
	Calibration int
}

// Segment is a Net Promoter Score of some of the members.
type Segment struct {
	Name   string
	Result kpi.NPSResult
}

// Member is a member at risk.
type Member struct {
	// ID is the member's, as the report may show it.
	ID string
	// Alive is P(alive), Value what the member is worth if the caller says so, in
	// the report's words, and Last how long ago the last purchase was.
	Alive       float64
	Value, Last string
}

//go:embed page.html
var page string

// Write writes the report as one HTML document. A report whose parts contradict
// themselves is an error that is [ErrInvalid], and nothing is written.
func Write(w io.Writer, r Report) error {
	if r.Title == "" {
		return fmt.Errorf("%w: Title is empty: say whose figures these are", ErrInvalid)
	}
	if r.Language == "" {
		r.Language = "en"
	}
	view := struct {
		Report
		Cards    []card
		Sections []section
	}{Report: r}
	for _, h := range r.Headlines {
		view.Cards = append(view.Cards, cardOf(h))
	}
	for _, part := range parts {
		s, err := part(&r)
		if err != nil {
			return err
		}
		if s != nil {
			view.Sections = append(view.Sections, *s)
		}
	}
	t, err := template.New("page").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, view)
}

// parts make the sections of a page in its order. A part that is not there makes
// none.
var parts = []func(*Report) (*section, error){
	retentionSection, cohortSection, rfmSection, segmentSection, aliveSection, trackingSection, riskSection,
	tierSection, npsSection, liabilitySection,
}

// section is a chart or a grid with its numbers.
type section struct {
	ID, Title, Lead string
	// Chart is a drawing whose numbers are in Table; Grid is a table that is its own
	// picture.
	Chart template.HTML
	Table *table
	Grid  *table
	Foot  []string
}

// Wide is whether the section takes the whole width of a large screen.
func (s section) Wide() bool { return s.Grid != nil && len(s.Grid.Head) > 8 }

type table struct {
	Caption string
	Head    []string
	Rows    []row
}

type row struct {
	Head  string
	Cells []cell
}

// cell is a number as text; Shade is 0 to 10, the strength of its color, −1 for none.
type cell struct {
	Text  string
	Shade int
}

func plain(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, t := range texts {
		cells[i] = cell{t, -1}
	}
	return cells
}

// shaded colors a share of 0 to 1.
func shaded(text string, share float64) cell {
	return cell{text, int(max(0, min(1, share))*10 + 0.5)}
}
