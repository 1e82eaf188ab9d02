package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/keyfigures"
	"github.com/loyaltykit/loyaltykit/kpi"
)

// options are the command's flags, checked.
type options struct {
	orders string
	json   bool
	html   string
	keyfigures.Options
}

const usage = `kpis prints the key figures of a shop from its order log, each with the numbers that
made it, its convention and, where customers are a sample, its interval.

  go run ./examples/kpis -orders orders.csv

The flags:
  -orders FILE           the log: Parquet where its name ends in .parquet, else CSV, one order a
                         line, with a header. It names the columns
                         member, occurred_at, amount and, if you like, currency; others are
                         passed over. An amount below 0 is a refund. Amounts are of one currency.
  -as-of DATE            the last day that counts, such as 2027-03-08; the default is the last order's
  -zone NAME             the zone of days and months, such as Europe/Vienna; the default is UTC
  -calibration-end DATE  fit the models until this day too, and compare what they expect with what
                         came from then until -as-of
  -unit NAME             the unit of time of the models: day, week, month or year; the default is week
  -inactive-days N       who has not bought for so many days is inactive; the default is 90
  -level L               the confidence of intervals; the default is 0.95
  -surveys FILE          answers: CSV with the columns scale and answer, and perhaps answered_at. An
                         empty answer is a customer who gave none. The scales: recommend_0_10 (NPS),
                         satisfaction_1_5, satisfaction_1_7, ease_1_7 (CES 2.0), effort_1_5 (CES 1.0)
  -costs FILE            what the log cannot know, as JSON: see the README of the examples
  -json                  print one JSON object; its keys are listed in docs/kpis.md
  -html FILE             write a page for phone, desk and print too

Rows that are no orders or no answers are named on stderr and left out.
Exit codes: 0 done, 1 failed, 2 bad flags.
`

// parseOptions reads the command line. Help and problems are written out.
func parseOptions(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	var zone, asOf, calibrationEnd string
	flags := flag.NewFlagSet("kpis", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.orders, "orders", "", "")
	flags.StringVar(&o.Surveys, "surveys", "", "")
	flags.StringVar(&o.Costs, "costs", "", "")
	flags.StringVar(&zone, "zone", "UTC", "")
	flags.StringVar(&asOf, "as-of", "", "")
	flags.StringVar(&calibrationEnd, "calibration-end", "", "")
	flags.StringVar(&o.UnitName, "unit", "week", "")
	flags.IntVar(&o.InactiveDays, "inactive-days", 90, "")
	flags.Float64Var(&o.Level, "level", kpi.DefaultLevel, "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.StringVar(&o.html, "html", "", "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return o, err
	}
	if err == nil {
		err = o.check(flags.Args(), zone, asOf, calibrationEnd)
	}
	if err != nil {
		fmt.Fprintf(stderr, "kpis: %v\nSay -h for help.\n", err)
	}
	return o, err
}

func (o *options) check(rest []string, zone, asOf, calibrationEnd string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("%q is no flag; a log is named by -orders", rest[0]))
	}
	if o.orders == "" {
		errs = append(errs, errors.New("-orders: name a log"))
	}
	var err error
	if o.Zone, err = time.LoadLocation(zone); err != nil {
		return errors.Join(append(errs, fmt.Errorf("-zone: %w", err))...)
	}
	if o.AsOf, err = keyfigures.Day(asOf, o.Zone); err != nil {
		errs = append(errs, fmt.Errorf("-as-of: %w", err))
	}
	if o.CalibrationEnd, err = keyfigures.Day(calibrationEnd, o.Zone); err != nil {
		errs = append(errs, fmt.Errorf("-calibration-end: %w", err))
	}
	if !o.AsOf.IsZero() && !o.CalibrationEnd.IsZero() && !o.CalibrationEnd.Before(o.AsOf) {
		errs = append(errs, errors.New("-calibration-end: must be before -as-of, so that something is left to compare with"))
	}
	known := false
	if o.Unit, known = keyfigures.Units()[o.UnitName]; !known {
		errs = append(errs, fmt.Errorf("-unit: %q is none of day, week, month, year", o.UnitName))
	}
	if o.InactiveDays < 1 {
		errs = append(errs, errors.New("-inactive-days: must be at least 1"))
	}
	if !(o.Level > 0 && o.Level < 1) {
		errs = append(errs, errors.New("-level: must be above 0 and below 1"))
	}
	return errors.Join(errs...)
}
