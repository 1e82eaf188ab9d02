package keyfigures

import (
	"io"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty/figures"
)

// Options say what is computed.
type Options struct {
	// Title heads the page.
	Title string
	// Surveys and Costs name files; either may be empty.
	Surveys, Costs string
	// Zone is the zone of days and months.
	Zone *time.Location
	// AsOf and CalibrationEnd are the first instants of days that count to the end;
	// zero where they are not given.
	AsOf, CalibrationEnd time.Time
	// Unit is the unit of time of the models, UnitName what people call it.
	Unit     kpi.TimeUnit
	UnitName string
	// InactiveDays is how many days without a purchase make a customer inactive, and the
	// length of the days that are compared with those before.
	InactiveDays int
	// Level is the confidence of intervals.
	Level float64
	// Engine is what an engine knows besides orders, nil where there is none.
	Engine *Engine
	// Warnings gets the rows that are left out.
	Warnings io.Writer
}

// Engine is what the books of an engine tell.
type Engine struct {
	// Points are those of one unit, and Unit is what people call it.
	Points *figures.PointReport
	Unit   string
	// Tiers moved in TierPeriod; nil where the program has none.
	Tiers      *kpi.TierMoves
	TierPeriod kpi.Period
	// GiftCards are those in the currency of the log, nil where there are none.
	GiftCards *figures.GiftCardReport
}

// Units are the units of time by their names.
func Units() map[string]kpi.TimeUnit {
	return map[string]kpi.TimeUnit{"day": kpi.InDays, "week": kpi.InWeeks, "month": kpi.InMonths, "year": kpi.InYears}
}

// Log is a log of orders that is read twice: for its extent, and for its figures.
type Log struct {
	// Name is that of its file.
	Name string
	// Each hands over the orders and returns how many rows were none. What says which
	// time it is: "reading", then "counting".
	Each func(what string, take func(kpi.Order) error) (leftOut int, err error)
	// Currency is that of the orders, known after they were read once; empty where the
	// log names none.
	Currency func() string
}

// extent of a log: what has to be known of it before it is counted.
type extent struct {
	first, last time.Time
	rows, bad   int
	currency    string
}

// extent reads the log through.
func (l *Log) extent() (extent, error) {
	var e extent
	var err error
	e.bad, err = l.Each("reading", func(o kpi.Order) error {
		if e.rows == 0 || o.At.Before(e.first) {
			e.first = o.At
		}
		if e.rows == 0 || o.At.After(e.last) {
			e.last = o.At
		}
		e.rows++
		return nil
	})
	e.currency = l.Currency()
	return e, err
}
