package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// summary is what a replay came to.
type summary struct {
	log, program, database string
	zone                   *time.Location
	asOf                   time.Time
	outcome
	books    *books
	verified bool
	seconds  float64
}

func (s *summary) ordersPerSecond() float64 { return float64(s.orders) / max(s.seconds, 0.001) }

// report is the summary as one JSON object. Points are whole numbers of their
// unit's smallest step, summed over all units that can be spent.
type report struct {
	Members int64        `json:"members"`
	Orders  int64        `json:"orders"`
	Refused int64        `json:"refused"`
	Refunds int64        `json:"refunds"`
	Points  pointsReport `json:"points"`
	// Ladders says how the members stand in the end.
	Ladders         []ladderReport `json:"ladders,omitempty"`
	Verified        bool           `json:"verified"`
	Seconds         float64        `json:"seconds"`
	OrdersPerSecond float64        `json:"orders_per_second"`
}

type pointsReport struct {
	Issued    points.Amount `json:"issued"`
	Redeemed  points.Amount `json:"redeemed"`
	Expired   points.Amount `json:"expired"`
	Reversed  points.Amount `json:"reversed"`
	Adjusted  points.Amount `json:"adjusted"`
	Pending   points.Amount `json:"pending"`
	Available points.Amount `json:"available"`
	Held      points.Amount `json:"held"`
	Debt      points.Amount `json:"debt"`
}

func (s *summary) report() report {
	r := report{
		Members: s.books.members, Orders: s.orders, Refused: s.refused, Refunds: s.refunds, Verified: s.verified,
		Seconds: rounded(s.seconds, 3), OrdersPerSecond: rounded(s.ordersPerSecond(), 1),
	}
	for _, u := range s.books.units {
		if u.Kind == points.Metric {
			continue
		}
		r.Points.Issued += u.issued
		r.Points.Redeemed += u.redeemed
		r.Points.Expired += u.expired
		r.Points.Reversed += u.reversed
		r.Points.Adjusted += u.adjusted
		r.Points.Pending += u.outstanding.Pending
		r.Points.Available += u.outstanding.Available
		r.Points.Held += u.outstanding.Held
		r.Points.Debt += u.outstanding.Debt
	}
	for i := range s.books.ladders {
		r.Ladders = append(r.Ladders, s.books.ladders[i].report())
	}
	return r
}

func rounded(x float64, places int) float64 {
	scale := math.Pow10(places)
	return math.Round(x*scale) / scale
}

func (s *summary) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(s.report())
}

// write prints the summary for people.
func (s *summary) write(w io.Writer) {
	p := &page{out: w}
	p.text("log", s.log)
	p.text("program", s.program)
	if !s.asOf.IsZero() {
		p.text("as of", s.asOf.In(s.zone).Format("Monday, 2 January 2006, 15:04 MST"))
	}
	p.gap()
	p.count("members", s.books.members)
	p.count("orders", s.orders)
	p.count("refunds", s.refunds)
	p.count("refused rows", s.refused)
	if s.replayed > 0 {
		p.note("rows that the database had already", s.replayed)
	}
	if s.leftOut > 0 {
		p.note("rows left out, since they are later", s.leftOut)
	}
	for i := range s.books.units {
		p.gap()
		p.unit(&s.books.units[i])
	}
	for i := range s.books.ladders {
		p.gap()
		p.ladder(&s.books.ladders[i])
	}
	p.gap()
	for _, c := range s.books.checks {
		if c.failed != "" {
			fmt.Fprintf(w, "  WRONG  %s: %s\n", c.name, c.failed)
			continue
		}
		fmt.Fprintf(w, "  holds  %s\n", c.name)
	}
	p.gap()
	p.text("speed", fmt.Sprintf("%s orders a second, %.1f seconds", grouped(int64(s.ordersPerSecond())), s.seconds))
	p.text("database", s.database)
}

// page prints aligned lines.
type page struct{ out io.Writer }

const (
	labelWidth = 22
	countWidth = 16
)

func (p *page) gap() { fmt.Fprintln(p.out) }

func (p *page) text(label, value string) { fmt.Fprintf(p.out, "  %-10s%s\n", label, value) }

func (p *page) count(label string, n int64) { p.line(label, grouped(n)) }

func (p *page) line(label, value string) {
	fmt.Fprintf(p.out, "  %-*s%*s\n", labelWidth, label, countWidth, value)
}

func (p *page) note(label string, n int64) {
	fmt.Fprintf(p.out, "    (%s: %s)\n", label, grouped(n))
}

func (p *page) unit(u *unitBooks) {
	amount := func(label string, a points.Amount) { p.line(label, scaled(a, u.Scale)) }
	fmt.Fprintf(p.out, "  %s\n", strings.ToUpper(u.Code))
	if u.Kind == points.Metric {
		amount("counted", u.outstanding.Counted)
		return
	}
	amount("issued", u.issued)
	amount("spent", u.redeemed)
	amount("expired", u.expired)
	amount("reversed", u.reversed)
	if u.adjusted != 0 {
		amount("adjusted", u.adjusted)
	}
	out := u.outstanding
	amount("outstanding", out.Pending+out.Available+out.Held)
	amount("  pending", out.Pending)
	amount("  available", out.Available)
	amount("  held", out.Held)
	amount("debt", out.Debt)
}

// scaled writes an amount of a unit with so many decimals.
func scaled(a points.Amount, scale int) string {
	if scale == 0 {
		return grouped(int64(a))
	}
	sign := ""
	if a < 0 {
		sign, a = "-", -a
	}
	step := points.Amount(1)
	for range scale {
		step *= 10
	}
	return fmt.Sprintf("%s%s.%0*d", sign, grouped(int64(a/step)), scale, a%step)
}

// grouped writes a number with commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}
