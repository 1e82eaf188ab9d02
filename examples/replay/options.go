package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/loyaltykit/loyaltykit/examples/orderlog"
)

// options are the command's flags.
type options struct {
	orders, program, db, asOf, html string
	json, verify, strict            bool
	limit                           int64
}

const usage = `replay puts an order log through a loyalty program into a SQLite file, or into a
PostgreSQL or MySQL database, as if it happened again, and then proves that the
books are right.

  go run ./examples/replay
      a log that it makes up: a coffee shop, its regulars and their free coffees
  go run ./examples/replay -orders orders.csv -program whole-dollar -db shop.db
      the log of your own shop

Kill it at any moment and start it again with the same -db: every order counts once.

The flags:
  -orders FILE     the log: CSV, one order a line, in order of time. The header names
                   the columns: order_id, member, occurred_at, amount, currency and,
                   if you like, quantity and category; others are ignored. Times are
                   2027-03-08 (a day of the program's zone) or 2027-03-08T09:30:00+01:00.
  -program NAME    a JSON file, or one that ships with this command:
                   %s; the default is coffee
  -db FILE         the SQLite file, the default is a new temporary one; or a database,
                   as postgres://user:password@host:port/name or mysql://…
  -as-of DATE      the date of the books, written like a time of the log. The default
                   is the last order's; what happened later is left out.
  -limit N         stop after N rows
  -strict          stop at the first row that is refused, with exit code 1; slower,
                   since every row is a commit of its own
  -verify          audit every hash chain, balance and lot in the end
  -json            print the summary as one JSON object
  -html FILE       write the key figures of the shop that was replayed as a page

Rows that are refused are named on stderr with their line, column and reason.
Exit codes: 0 the books are right, 1 they are not or the replay failed, 2 bad flags.
`

// parseOptions reads the command line. Help and problems are written to out.
func parseOptions(args []string, stdout, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.orders, "orders", "", "")
	flags.StringVar(&o.program, "program", "coffee", "")
	flags.StringVar(&o.db, "db", "", "")
	flags.StringVar(&o.asOf, "as-of", "", "")
	flags.StringVar(&o.html, "html", "", "")
	flags.BoolVar(&o.json, "json", false, "")
	flags.BoolVar(&o.verify, "verify", false, "")
	flags.BoolVar(&o.strict, "strict", false, "")
	flags.Int64Var(&o.limit, "limit", 0, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, usage, strings.Join(orderlog.ShippedPrograms(), ", "))
		return o, err
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("%q is no flag; a log is named by -orders", flags.Arg(0))
	case err == nil && o.limit < 0:
		err = fmt.Errorf("-limit %d: must not be negative", o.limit)
	}
	if err != nil {
		fmt.Fprintf(stderr, "replay: %v\nSay -h for help.\n", err)
	}
	return o, err
}
