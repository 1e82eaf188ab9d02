// Package programs holds complete programs as JSON, to start one's own from: a coffee
// shop, an airline and a marketplace in three currencies. Each is tested by a year of
// orders whose totals can be worked out by hand.
package programs

import "embed"

// Files has coffee-shop.json, airline.json and marketplace.json. [loyalty.ParseProgram]
// reads them, and docs/program.schema.json describes their form to editors.
//
//go:embed *.json
var Files embed.FS
