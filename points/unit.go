package points

// UnitKind says what a unit is for.
type UnitKind string

// The kinds of units.
const (
	// Spendable units live in lots, can be spent and may expire. It is the default.
	Spendable UnitKind = ""
	// Metric units are only counted: qualifying points, eligible spend, orders,
	// nights. They have no lots and never expire. Rules of orders count them, or an activity
	// of the same code by itself.
	Metric UnitKind = "metric"
)

// MaxScale is the largest scale of a unit.
const MaxScale = 6

// Unit is a kind of points that a program issues.
type Unit struct {
	// Code names the unit, such as "bean": 1 to 32 bytes of lower-case letters,
	// digits, '-' and '_', starting with a letter.
	Code string `json:"code"`
	// Kind is Spendable or Metric.
	Kind UnitKind `json:"kind,omitempty"`
	// Scale is the number of decimal places, 0 to [MaxScale]. An [Amount] counts
	// the smallest step: with scale 2, 150 is 1.50.
	Scale int `json:"scale,omitempty"`
	// Expiry is required for a spendable unit and absent from a metric.
	Expiry Expiry `json:"expiry,omitzero"`
	// Inactivity, if not nil, makes points expire that the member does not use. Each
	// lot expires by Expiry all the same, unless that is never.
	Inactivity *Inactivity `json:"inactivity,omitempty"`
	// Grace is how long points live, to the end of a day, that come back from a hold or
	// a refund after their expiry; zero lets them expire at once. It is given once.
	Grace Span `json:"grace,omitzero"`
	// Reinstate is for how long after their expiry points can be reinstated; zero is
	// not at all.
	Reinstate Span `json:"reinstate,omitzero"`
	// Pending says when earned points become spendable; the zero value is at once.
	Pending Activation `json:"pending,omitzero"`
}
