package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// card is a headline figure as text.
type card struct {
	Name, Value, Interval, Change, Detail string
}

func cardOf(h Headline) card {
	c := card{Name: h.Name, Detail: detail(h.Figure)}
	value, ok := h.Figure.Value()
	if !ok {
		c.Value = "undefined"
		c.Detail = h.Figure.Reason()
		return c
	}
	c.Value = shown(h.Figure, value)
	if i := h.Figure.Interval; i != nil {
		c.Interval = fmt.Sprintf("%s to %s (%g %%)", amount(h.Figure, i.Lower), amount(h.Figure, i.Upper), 100*i.Level)
	}
	before, ok := h.Before.Value()
	if !ok || !alike(h.Figure, h.Before) {
		return c
	}
	c.Change = change(h.Figure, value-before) + " from " + shown(h.Before, before)
	return c
}

// alike reports whether two figures are of one kind, so that their difference is one.
func alike(a, b kpi.Figure) bool {
	return a.Key == b.Key && a.Unit == b.Unit && a.Currency == b.Currency
}

func detail(f kpi.Figure) string {
	text := f.Convention
	if f.IsQuotient() && f.Denominator.String() != "1" {
		if text != "" {
			text += ": "
		}
		text += f.Numerator.String() + " of " + f.Denominator.String()
	}
	if !f.Period.IsZero() {
		if text != "" {
			text += ", "
		}
		text += f.Period.String()
	}
	return text
}

// shown is a value as it is read: a score is a whole number, half away from zero.
func shown(f kpi.Figure, value float64) string {
	if f.Unit == kpi.Score {
		return decimals(math.Round(value), 0)
	}
	return amount(f, value)
}

func amount(f kpi.Figure, value float64) string {
	switch f.Unit {
	case kpi.Fraction:
		return percent(value)
	case kpi.Score:
		return decimals(value, 1)
	case kpi.Money:
		return strings.TrimSpace(grouped(value, min(2, 2*places(value))) + " " + f.Currency)
	case kpi.Days:
		return decimals(value, min(1, places(value))) + " days"
	default:
		return grouped(value, places(value))
	}
}

func change(f kpi.Figure, by float64) string {
	sign := "+"
	if by < 0 {
		sign = "−"
	}
	if f.Unit == kpi.Fraction {
		return sign + decimals(100*math.Abs(by), 1) + " points"
	}
	return sign + amount(f, math.Abs(by))
}

// grouped has a comma between thousands.
func grouped(v float64, places int) string {
	text := decimals(v, places)
	end := strings.IndexByte(text+".", '.')
	for i := end - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func percent(share float64) string { return decimals(100*share, 1) + " %" }

// places keeps three digits of what is small and none behind the point of what is
// large.
func places(v float64) int {
	switch v = math.Abs(v); {
	case v >= 1000 || v == math.Trunc(v):
		return 0
	case v >= 10:
		return 1
	default:
		return 2
	}
}

func decimals(v float64, places int) string {
	text := fmt.Sprintf("%.*f", places, v)
	if text == fmt.Sprintf("-%.*f", places, 0.0) {
		return text[1:]
	}
	return text
}
