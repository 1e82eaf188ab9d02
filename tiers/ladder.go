package tiers

import "github.com/shopspring/decimal"

// Ladder is a set of tiers that a member climbs and falls down, as data.
type Ladder struct {
	// Code names the ladder, such as "status".
	Code string `json:"code"`
	// Window says which days count.
	Window Window `json:"window"`
	// Start says when a member who qualifies gets the tier; the zero value is at
	// once, on the day of the fact that made it.
	Start Start `json:"start,omitempty"`
	// End says how long a tier lasts; the zero value is to the end of the period.
	End End `json:"end,omitempty"`
	// Lasts is how long a tier lasts where End is [AfterSpan].
	Lasts Span `json:"lasts,omitzero"`
	// Down says where a member lands who does not keep the tier; the zero value is
	// the highest tier that is kept.
	Down Down `json:"down,omitempty"`
	// Grace is for how many days after its end a tier is still held, to be kept by
	// what happens in them.
	Grace int `json:"grace,omitempty"`
	// Rollover names metrics of which what a period had beyond the tier's threshold
	// counts in the next period.
	Rollover []Rollover `json:"rollover,omitempty"`
	// Remind says how long before its end a member is reminded of a tier that will be
	// lost if nothing more happens, at most 10 leads. Each comes at the start of a day,
	// and of several that came while nobody looked the nearest to the end counts.
	Remind []Span `json:"remind,omitempty"`
	// Tiers are the tiers, the lowest first. A member below the first has none.
	Tiers []Tier `json:"tiers"`
}

// Tier is one step of a ladder.
type Tier struct {
	Code string `json:"code"`
	// Enter is what gets a member in. The lowest tier may have the zero Condition,
	// which everybody meets.
	Enter Condition `json:"enter,omitzero"`
	// Keep is what keeps a member in when the tier ends; zero is as Enter.
	Keep Condition `json:"keep,omitzero"`
	// Reenter is what gets a member in who has had this tier or a higher one
	// before; zero is as Enter.
	Reenter  Condition `json:"reenter,omitzero"`
	Benefits Benefits  `json:"benefits,omitzero"`
}

// Benefits is what a tier gives its members.
type Benefits struct {
	// Earn multiplies what base rates give, by unit; the empty unit stands for all
	// that are not named.
	Earn map[string]decimal.Decimal `json:"earn,omitempty"`
	// EarlyAccess is for how many hours before others a member may book or redeem.
	EarlyAccess int `json:"earlyAccess,omitempty"`
	// Services names what a member has free of charge where the host asks money of others,
	// such as "late-checkout" or "shipping". The engine charges for none of them: it tells
	// the host which to leave out.
	Services []string `json:"services,omitempty"`
	// Rewards names rewards of the catalog that a member gets on entering the tier, free of
	// charge, whatever their conditions, as far as their stock goes.
	Rewards []string `json:"rewards,omitempty"`
	// Points are issued once on entering the tier, by unit, in its smallest step.
	Points map[string]int64 `json:"points,omitempty"`
	// Custom holds benefits of the host's own, such as "lounge": "yes".
	Custom map[string]string `json:"custom,omitempty"`
}

// Condition is a set of thresholds: all of All, and one of Any where there are
// any. The zero Condition holds always.
type Condition struct {
	All []Need `json:"all,omitempty"`
	Any []Need `json:"any,omitempty"`
}

// IsZero reports whether the condition has no thresholds.
func (c Condition) IsZero() bool { return len(c.All) == 0 && len(c.Any) == 0 }

// Need is a threshold: exactly AtLeast meets it.
type Need struct {
	Metric  string `json:"metric"`
	AtLeast int64  `json:"atLeast"`
}

// Rollover says that the excess of a metric counts in the next period, up to Most
// where that is above 0.
type Rollover struct {
	Metric string `json:"metric"`
	Most   int64  `json:"most,omitempty"`
}

// WindowKind is a way of choosing the days that count.
type WindowKind string

// The windows. Days are those of the program's zone.
const (
	// Lifetime counts everything.
	Lifetime WindowKind = "lifetime"
	// Rolling counts the last N days or months, today included.
	Rolling WindowKind = "rolling"
	// Calendar counts the month, quarter, half-year or year: N is 1, 3, 6 or 12
	// months.
	Calendar WindowKind = "calendar"
	// Anniversary counts from the last anniversary of enrollment, every N months.
	Anniversary WindowKind = "anniversary"
	// TierAnniversary counts from the last anniversary of the day on which the
	// member came to the present tier, or enrolled.
	TierAnniversary WindowKind = "tier-anniversary"
	// Cycle counts from the last start of a fixed cycle: From, and every Span after.
	Cycle WindowKind = "cycle"
)

// Window says which days count towards a tier.
type Window struct {
	Kind WindowKind `json:"kind"`
	// Span is the length; [Lifetime] has none.
	Span Span `json:"span,omitzero"`
	// From is a day on which a [Cycle] starts.
	From Day `json:"from,omitzero"`
}

// Span is a length in days or in months; one of them is set.
type Span struct {
	Days   int `json:"days,omitempty"`
	Months int `json:"months,omitempty"`
}

// Start says when a tier starts that a member has qualified for.
type Start string

// The starts.
const (
	AtOnce     Start = ""
	NextPeriod Start = "next-period"
)

// End says how long a tier lasts.
type End string

// The ends.
const (
	// EndOfPeriod is the end of the window's period in which the tier started.
	EndOfPeriod End = ""
	// EndOfNextPeriod is the end of the period after that. Who keeps the tier
	// early has it to the end of the next period at once.
	EndOfNextPeriod End = "next-period"
	// AfterSpan is Ladder.Lasts after the day on which it started.
	AfterSpan End = "span"
	// WhileHeld is the day on which the window holds too little to keep the tier,
	// and to get in.
	WhileHeld End = "while-held"
)

// Down says where a member lands who does not keep a tier.
type Down string

// The ways down.
const (
	// Recompute is the highest tier that is kept, or none.
	Recompute Down = ""
	// OneStep is at most one tier down: a soft landing.
	OneStep Down = "one-step"
)
