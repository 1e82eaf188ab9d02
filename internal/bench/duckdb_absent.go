//go:build !warehouse || !cgo

package main

import (
	"context"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func openRival(context.Context, *kpi.Columns) (rival, error) { return nil, errNoRival }
