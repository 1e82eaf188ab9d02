// Package keyfigures computes the key figures of a shop from its orders, and from its
// survey answers, costs and points where they are known, and writes them as text, as
// JSON with stable keys, or as a page. The commands kpis and replay share it.
package keyfigures
