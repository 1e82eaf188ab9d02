package whatif

import (
	"fmt"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// String renders the report in English, as a table.
func (r Report) String() string {
	var b strings.Builder
	if r.Events == 0 {
		return "nothing has happened\n"
	}
	fmt.Fprintf(&b, "%s commands from %s to %s\n", grouped(points.Amount(r.Events), 0), r.From.Format(time.DateOnly), r.Until.Format(time.DateOnly))
	if r.Lost > 0 {
		fmt.Fprintf(&b, "%s more could not be lived again: their texts were not kept\n", grouped(points.Amount(r.Lost), 0))
	}
	for _, skipped := range r.Skipped {
		fmt.Fprintf(&b, "%s more of type %s were left out: no feature that is listed has them\n", grouped(points.Amount(skipped.Count), 0), skipped.Command)
	}
	fmt.Fprintf(&b, "\n%-22s%16s%16s%16s\n", "", r.Names[0], r.Names[1], "difference")
	row(&b, "members", 0, points.Amount(r.Members[0]), points.Amount(r.Members[1]))
	for i := range r.Units {
		r.Units[i].render(&b)
	}
	r.renderRefusals(&b)
	return b.String()
}

func (u *Unit) render(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", strings.ToUpper(u.Unit))
	x, y := u.Books[0], u.Books[1]
	line := func(label string, x, y points.Amount) {
		if x != 0 || y != 0 {
			row(b, "  "+label, u.Scale, x, y)
		}
	}
	line("counted", x.Counted, y.Counted)
	line("issued", x.Issued, y.Issued)
	line("redeemed", x.Redeemed, y.Redeemed)
	line("expired", x.Expired, y.Expired)
	line("reversed", x.Reversed, y.Reversed)
	line("adjusted", x.Adjusted, y.Adjusted)
	line("outstanding", x.Outstanding(), y.Outstanding())
	line("  pending", x.Pending, y.Pending)
	line("  available", x.Available, y.Available)
	line("  held", x.Held, y.Held)
	line("debt", x.Debt, y.Debt)
	fmt.Fprintf(b, "  members who gain %s, lose %s, neither %s\n",
		grouped(points.Amount(u.Gain), 0), grouped(points.Amount(u.Lose), 0), grouped(points.Amount(u.Same), 0))
	if u.Gain+u.Lose == 0 {
		return
	}
	b.WriteString("  what they gain   ")
	for i, percent := range Percents {
		label := fmt.Sprintf("%d %%", percent)
		switch percent {
		case 0:
			label = "least"
		case 50:
			label = "median"
		case 100:
			label = "most"
		}
		fmt.Fprintf(b, " %s %s", label, signed(u.Spread[i], u.Scale))
		if i < len(Percents)-1 {
			b.WriteByte(',')
		}
	}
	b.WriteByte('\n')
	u.renderMembers(b, "gain most", u.Gainers)
	u.renderMembers(b, "lose most", u.Losers)
}

func (u *Unit) renderMembers(b *strings.Builder, label string, members []Member) {
	if len(members) == 0 {
		return
	}
	fmt.Fprintf(b, "  %s\n", label)
	for _, m := range members {
		row(b, "    "+points.Clip(m.Member), u.Scale, m.Worth[0], m.Worth[1])
	}
}

func (r *Report) renderRefusals(b *strings.Builder) {
	if len(r.Refusals) == 0 {
		return
	}
	b.WriteString("\nREFUSED\n")
	for _, refusal := range r.Refusals {
		row(b, "  "+refusal.Command, 0, points.Amount(refusal.Count[0]), points.Amount(refusal.Count[1]))
		fmt.Fprintf(b, "    %s, such as %s\n", refusal.Reason, refusal.Example)
	}
}

// row prints two amounts and their difference, with its part of the first.
func row(b *strings.Builder, label string, scale int, x, y points.Amount) {
	part := ""
	if x != 0 && x != y {
		part = fmt.Sprintf("  %+.1f %%", 100*(float64(y)-float64(x))/max(float64(x), -float64(x)))
	}
	fmt.Fprintf(b, "%-22s%16s%16s%16s%s\n", label, grouped(x, scale), grouped(y, scale), signed(y-x, scale), part)
}

func signed(a points.Amount, scale int) string {
	if a > 0 {
		return "+" + grouped(a, scale)
	}
	return grouped(a, scale)
}

// grouped writes an amount with commas between thousands.
func grouped(a points.Amount, scale int) string {
	text := points.Unit{Scale: scale}.Format(a)
	whole, fraction, _ := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}
