package kpi

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// String writes the figure in one line for people: the value, its interval, the
// numbers behind it, the period and the convention.
func (f Figure) String() string {
	var text strings.Builder
	text.WriteString(strings.ReplaceAll(f.Key, "_", " "))
	if !f.defined {
		text.WriteString(" undefined: ")
		text.WriteString(f.Reason())
	} else {
		text.WriteByte(' ')
		text.WriteString(f.shown(f.value))
		if f.Interval != nil {
			fmt.Fprintf(&text, " (%s)", f.intervalText())
		}
	}
	if f.quotient {
		fmt.Fprintf(&text, ", %s of %s", shortDecimal(f.Numerator), shortDecimal(f.Denominator))
	}
	if !f.Period.IsZero() {
		text.WriteString(", ")
		text.WriteString(f.Period.String())
	}
	for _, more := range append([]string{f.Convention}, f.Notes...) {
		if more != "" {
			text.WriteString("; ")
			text.WriteString(more)
		}
	}
	return text.String()
}

func (f Figure) intervalText() string {
	return fmt.Sprintf("%s %% %s", short(100*f.Interval.Level, 2), f.ShownInterval())
}

// shown writes a value of the figure's unit, rounded for display.
func (f Figure) shown(value float64) string {
	if !finite(value) {
		return "undefined"
	}
	switch f.Unit {
	case Fraction:
		return short(100*value, 2) + " %"
	case Score:
		return short(value, 0)
	case Money:
		return strings.TrimSpace(strconv.FormatFloat(value, 'f', 2, 64) + " " + f.Currency)
	case Days:
		return short(value, 1) + " days"
	default:
		return short(value, 4)
	}
}

// bound writes what a value is compared with, such as a bound of its interval. A score
// has a decimal there, and is shown as a whole number else.
func (f Figure) bound(value float64) string {
	if f.Unit == Score {
		return short(value, 1)
	}
	return f.shown(value)
}

// short writes a number with at most so many decimals, half away from zero, and
// "undefined" for what is no finite number.
func short(value float64, places int) string {
	if !finite(value) {
		return "undefined"
	}
	rounded := decimal.NewFromFloat(value).Round(int32(places))
	return rounded.String()
}

// Rounded is the value as a whole number, half away from zero, as it is shown of a
// score: 44.5 is 45, -44.5 is -45.
func (f Figure) Rounded() (value float64, defined bool) { return math.Round(f.value), f.defined }

// figureJSON is a figure's form in JSON.
type figureJSON struct {
	Key         string       `json:"key"`
	Value       *float64     `json:"value"`
	Undefined   string       `json:"undefined,omitempty"`
	Unit        Unit         `json:"unit"`
	Currency    string       `json:"currency,omitempty"`
	Numerator   *json.Number `json:"numerator"`
	Denominator *json.Number `json:"denominator"`
	Interval    *Interval    `json:"interval"`
	Period      *Period      `json:"period,omitempty"`
	Convention  string       `json:"convention,omitempty"`
	Notes       []string     `json:"notes,omitempty"`
}

// MarshalJSON writes the figure with a value of null where it is undefined, then
// with the reason in "undefined". Numerator and denominator are numbers with all
// their digits, and null where the figure is no quotient.
func (f Figure) MarshalJSON() ([]byte, error) {
	shown := figureJSON{
		Key: f.Key, Undefined: f.Reason(), Unit: f.Unit, Currency: f.Currency,
		Interval: f.Interval, Convention: f.Convention, Notes: f.Notes,
	}
	if f.defined {
		shown.Value = &f.value
	}
	if f.Interval != nil && !f.Interval.finite() {
		shown.Interval = nil
	}
	if f.quotient && inRange(f.Numerator) && inRange(f.Denominator) {
		shown.Numerator, shown.Denominator = number(f.Numerator), number(f.Denominator)
	}
	if !f.Period.IsZero() {
		shown.Period = &f.Period
	}
	return json.Marshal(shown)
}

func number(d decimal.Decimal) *json.Number {
	n := json.Number(d.String())
	return &n
}

// Shown is the value as people read it, rounded: "40.14 %", "31.76 EUR", or
// "undefined".
func (f Figure) Shown() string {
	if !f.defined {
		return "undefined"
	}
	return f.shown(f.value)
}

// ShownInterval is the interval as people read it, and empty where there is none.
func (f Figure) ShownInterval() string {
	if f.Interval == nil {
		return ""
	}
	return f.bound(f.Interval.Lower) + " to " + f.bound(f.Interval.Upper)
}
