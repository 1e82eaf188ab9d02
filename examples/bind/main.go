// Command bind sells two coffees in a shop that keeps its orders and its loyalty
// program in one SQLite file. The first sale is paid: the order and its points are
// stored together. The second is not: neither is there.
//
//	go run ./examples/bind
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

func main() {
	dir, err := os.MkdirTemp("", "loyaltykit-bind-")
	if err == nil {
		err = errors.Join(run(context.Background(), os.Stdout, filepath.Join(dir, "shop.db"), time.Now), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// errDeclined is how the shop's payment provider says no.
var errDeclined = errors.New("the card was declined")

func run(ctx context.Context, out io.Writer, path string, clock func() time.Time) (err error) {
	s, err := openShop(ctx, path, clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"}); err != nil {
		return err
	}
	paid := func(context.Context) error { return nil }
	declined := func(context.Context) error { return errDeclined }
	for _, sale := range []struct {
		order string
		pay   func(context.Context) error
	}{{"1001", paid}, {"1002", declined}} {
		if _, err := s.sell(ctx, "m-7301", coffee(sale.order), sale.pay); err != nil && !errors.Is(err, errDeclined) {
			return err
		} else if err != nil {
			fmt.Fprintln(out, err)
		}
		orders, countErr := s.orders(ctx, "m-7301")
		beans, readErr := s.beans(ctx, "m-7301")
		if err := errors.Join(countErr, readErr); err != nil {
			return err
		}
		fmt.Fprintf(out, "after order %s: %d order, %d beans\n", sale.order, orders, beans)
	}
	return nil
}

func coffee(id string) points.Order {
	return points.Order{ID: id, Currency: "EUR", Lines: []points.Line{
		{Item: "beans 1 kg", Amount: decimal.RequireFromString("24.90")},
	}}
}
