package keyfigures

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// WriteText prints the report for people.
func (r *Report) WriteText(w io.Writer) error {
	out := &page{w: w}
	out.line("%s: %d orders, %s", r.Log.File, r.Log.Orders, r.Log.Period)
	if r.Log.Bad > 0 {
		out.line("%d rows left out", r.Log.Bad)
	}
	for _, section := range sections() {
		r.section(out, section)
	}
	r.goalTable(out)
	r.cohortTable(out)
	r.segments(out)
	r.model(out)
	r.entries(out)
	return out.err
}

// page prints lines up to the first error.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table prints rows of cells that are divided by tabs.
func (p *page) table(rows []string, right bool) {
	if p.err != nil {
		return
	}
	flags := uint(0)
	if right {
		flags = tabwriter.AlignRight
	}
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', flags)
	for _, row := range rows {
		fmt.Fprintln(t, row)
	}
	p.err = t.Flush()
	for line := range strings.Lines(text.String()) {
		p.line("%s", strings.TrimRight(line, " \n"))
	}
}

func (p *page) heading(text string) {
	p.line("")
	p.line("%s", strings.ToUpper(text))
}

func (r *Report) section(out *page, section string) {
	var rows []string
	for _, k := range Keys() {
		f, ok := r.Figures[k.Name]
		if !ok || k.Section != section {
			continue
		}
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%s", strings.ReplaceAll(k.Name, "_", " "), f.Shown(), interval(f), behind(f)))
	}
	if len(rows) == 0 {
		return
	}
	out.heading(section)
	out.table(rows, false)
	for _, k := range Keys() {
		f, ok := r.Figures[k.Name]
		if !ok || k.Section != section {
			continue
		}
		notes := f.Notes
		if reason := f.Reason(); reason != "" {
			notes = append([]string{"undefined, since " + reason}, notes...)
		}
		for _, note := range notes {
			out.line("  %s: %s", strings.ReplaceAll(k.Name, "_", " "), note)
		}
	}
}

func interval(f kpi.Figure) string {
	if f.Interval == nil {
		return ""
	}
	return fmt.Sprintf("%g %%: %s", 100*f.Interval.Level, f.ShownInterval())
}

// behind has the numbers that made a figure, unless they say nothing more.
func behind(f kpi.Figure) string {
	if !f.IsQuotient() || f.Denominator.IntPart() == 1 {
		return ""
	}
	return f.Numerator.String() + " of " + f.Denominator.String()
}

func (r *Report) goalTable(out *page) {
	if len(r.Goals) == 0 {
		return
	}
	out.heading("Goals")
	var rows []string
	for _, g := range r.Goals {
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s", strings.ReplaceAll(g.Key, "_", " "), strings.ReplaceAll(string(g.State), "_", " "), g.Reason))
	}
	out.table(rows, false)
}

// entries prints the journal.
func (r *Report) entries(out *page) {
	for _, book := range []struct {
		title string
		lines []liability.Line
	}{{"Journal of the sale", r.Journal.Sale}, {"Journal of what is owed for points", r.Journal.Points}} {
		if len(book.lines) == 0 {
			continue
		}
		out.heading(book.title)
		rows := []string{"  until\taccount\tdebit\tcredit\treason"}
		for _, l := range book.lines {
			rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%s\t%s", l.Period.End.In(r.period.Zone).Format(time.DateOnly),
				spaced(string(l.Account)), l.Debit.StringFixed(2), l.Credit.StringFixed(2), spaced(string(l.Reason))))
		}
		out.table(rows, false)
	}
}

func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

func (r *Report) cohortTable(out *page) {
	const most = 13
	out.heading("Bought again, of those who first bought in a month")
	var head strings.Builder
	head.WriteString("  month\tsize\t")
	for offset := range most {
		fmt.Fprintf(&head, "%d\t", offset)
	}
	rows := []string{head.String()}
	for _, c := range r.Cohorts.Rows {
		var row strings.Builder
		fmt.Fprintf(&row, "  %s\t%d\t", c.Month, c.Size)
		for offset, f := range c.Retention {
			if value, ok := f.Value(); ok && offset < most {
				fmt.Fprintf(&row, "%.1f %%\t", 100*value)
			}
		}
		rows = append(rows, row.String())
	}
	out.table(rows, true)
	if r.Cohorts.Partial {
		out.line("  The last cell of each row is of a month that was not observed to its end.")
	}
}

func (r *Report) segments(out *page) {
	out.heading("Segments by recency, frequency and money")
	var rows []string
	for _, s := range r.RFM.Segments {
		rows = append(rows, fmt.Sprintf("  %s\t%s\t%s\t%s", s.Name, s.Share.Shown(), interval(s.Share), behind(s.Share)))
	}
	out.table(rows, false)
}

func (r *Report) model(out *page) {
	m := r.Models
	out.heading("Models of purchases, in " + m.Unit + "s")
	var rows []string
	for _, c := range m.Candidates {
		chosen := ""
		if c.Name == m.Name {
			chosen = "chosen"
		}
		rows = append(rows, fmt.Sprintf("  %s\tAIC %.1f\t%s", c.Name, c.AIC, chosen))
	}
	for _, p := range append(append([]estimate{}, m.Params...), m.Spend...) {
		within := ""
		if p.Interval != nil {
			within = fmt.Sprintf("%g %%: %.4g to %.4g", 100*p.Interval.Level, p.Interval.Lower, p.Interval.Upper)
		}
		rows = append(rows, fmt.Sprintf("  %s\t%.4g\t%s", p.Name, p.Value, within))
	}
	out.table(rows, false)
	for _, problem := range m.Problems {
		out.line("  note: %s", problem)
	}
	if len(m.AtRisk) == 0 {
		return
	}
	out.heading("Of most value among those who have more likely left than not")
	rows = []string{"  member\trisk\tvalue of 12 months\twhat this one may spend"}
	for _, f := range m.AtRisk {
		rows = append(rows, fmt.Sprintf("  %s\t%.0f %%\t%s\t%s", f.Member, 100*f.Risk, f.Value.Shown(), interval(f.Value)))
	}
	out.table(rows, false)
}
