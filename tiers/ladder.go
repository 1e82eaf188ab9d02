package tiers

import "github.com/shopspring/decimal"

// Ladder is a set of tiers that a member climbs and falls down, as data.
type Ladder struct {
	// Code names the ladder, such as "status": 1 to 64 bytes without "/", unique among the
	// ladders of a program.
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
	// what happens in them: 0 for none to 366. It does not go with a Rollover.
	Grace int `json:"grace,omitempty"`
	// Rollover names metrics of which what a period had beyond the tier's threshold
	// counts in the next period. It needs a window with periods.
	Rollover []Rollover `json:"rollover,omitempty"`
	// Remind says how long before its end a member is reminded of a tier that will be
	// lost if nothing more happens, at most 10 leads. Each comes at the start of a day,
	// and of several that came while nobody looked the nearest to the end counts.
	Remind []Span `json:"remind,omitempty"`
	// Tiers are the 1 to 50 tiers, the lowest first. A member below the first has none.
	Tiers []Tier `json:"tiers"`
}

// Tier is one step of a ladder.
type Tier struct {
	// Code names the tier, such as "gold": 1 to 64 bytes without "/", unique on the ladder.
	Code string `json:"code"`
	// Enter is what gets a member in. The lowest tier may have the zero Condition,
	// which everybody meets.
	Enter Condition `json:"enter,omitzero"`
	// Keep is what keeps a member in when the tier ends; zero is as Enter.
	Keep Condition `json:"keep,omitzero"`
	// Reenter is what gets a member in who has had this tier or a higher one
	// before; zero is as Enter.
	Reenter Condition `json:"reenter,omitzero"`
	// Benefits is what the tier gives, whatever those below it give: say again what a
	// higher tier is to have of a lower one.
	Benefits Benefits `json:"benefits,omitzero"`
}

// Benefits is what a tier gives its members.
type Benefits struct {
	// Earn multiplies what base rates give, by unit; the empty unit stands for all
	// that are not named. A factor is above 0 and at most 1000, with at most 6 decimals.
	Earn map[string]decimal.Decimal `json:"earn,omitempty"`
	// EarlyAccess is for how many hours before others a member may redeem rewards whose time
	// begins, 0 to 8784. Sessions say themselves to which tiers their booking opens earlier.
	EarlyAccess int `json:"earlyAccess,omitempty"`
	// Services names what a member has free of charge where the host asks money of others,
	// such as "late-checkout" or "shipping". The engine charges for none of them: it tells
	// the host which to leave out.
	Services []string `json:"services,omitempty"`
	// Rewards names rewards of the catalog that a member gets on entering the tier, free of
	// charge, whatever their conditions, as far as their stock goes.
	Rewards []string `json:"rewards,omitempty"`
	// Points are issued once on entering the tier, by unit, in its smallest step, also on
	// the way to a higher one.
	Points map[string]int64 `json:"points,omitempty"`
	// Custom holds benefits of the host's own, such as "lounge": "yes".
	Custom map[string]string `json:"custom,omitempty"`
}

// Condition is a set of thresholds, at most 20 in each list: all of All, and one of Any
// where there are any. The zero Condition holds always.
type Condition struct {
	All []Need `json:"all,omitempty"`
	Any []Need `json:"any,omitempty"`
}

// IsZero reports whether the condition has no thresholds.
func (c Condition) IsZero() bool { return len(c.All) == 0 && len(c.Any) == 0 }

// Need is a threshold: exactly AtLeast meets it.
type Need struct {
	// Metric is the code of what is counted.
	Metric string `json:"metric"`
	// AtLeast is in the metric's smallest step, such as cents, and above 0.
	AtLeast int64 `json:"atLeast"`
}

// Rollover says that the excess of a metric counts in the next period, up to Most
// where that is above 0. The excess is what the period had, with what was carried into it,
// beyond the highest threshold of the metric that the member's tier asks for to get in or to
// keep it; without a tier there is none.
type Rollover struct {
	// Metric is the code of what is counted.
	Metric string `json:"metric"`
	// Most is in the metric's smallest step; 0 is no bound.
	Most int64 `json:"most,omitempty"`
}

// WindowKind is a way of choosing the days that count.
type WindowKind string

// The windows. Days are those of the program's zone. All but [Lifetime] and [Rolling] have
// periods, [start, end), which follow each other without a gap; where a month has no such
// day they start on its last.
const (
	// Lifetime counts everything, also from before enrollment.
	Lifetime WindowKind = "lifetime"
	// Rolling counts the last days or months of a length, today included.
	Rolling WindowKind = "rolling"
	// Calendar counts the month, quarter, half-year or year: its length is 1, 3, 6 or 12
	// months.
	Calendar WindowKind = "calendar"
	// Anniversary counts from the last anniversary of enrollment, or of the day that is set
	// for it, every so many days or months.
	Anniversary WindowKind = "anniversary"
	// TierAnniversary counts from the last anniversary of the day on which the
	// member came to the present tier, or enrolled.
	TierAnniversary WindowKind = "tier-anniversary"
	// Cycle counts from the last start of a fixed cycle: From, and every Span after.
	Cycle WindowKind = "cycle"
)

// Window says which days count towards a tier.
type Window struct {
	// Kind says how the days are chosen.
	Kind WindowKind `json:"kind"`
	// Span is the length; [Lifetime] has none.
	Span Span `json:"span,omitzero"`
	// From is a day on which a [Cycle] starts.
	From Day `json:"from,omitzero"`
}

// Span is a length in days or in months; one of them is set. Months are those of the
// calendar: from the last of January one month goes to the last of February.
type Span struct {
	// Days is 1 to 36600.
	Days int `json:"days,omitempty"`
	// Months is 1 to 1200.
	Months int `json:"months,omitempty"`
}

// Start says when a tier starts that a member has qualified for.
type Start string

// The starts.
const (
	// AtOnce is the day on which the last of what it takes was counted.
	AtOnce Start = ""
	// NextPeriod is the first day of the window's next period, which must have some. It
	// does not go with [WhileHeld].
	NextPeriod Start = "next-period"
)

// End says how long a tier lasts. When its end comes it is kept if the window, as of its last
// day, holds what keeps it: to the end of the period that begins then, or for Ladder.Lasts
// again. Otherwise days of grace begin, or [Down] says what the member has then.
type End string

// The ends.
const (
	// EndOfPeriod is the end of the window's period in which the tier started, which must
	// have some.
	EndOfPeriod End = ""
	// EndOfNextPeriod is the end of the period after that. Who keeps the tier
	// early has it to the end of the next period at once.
	EndOfNextPeriod End = "next-period"
	// AfterSpan is Ladder.Lasts after the day on which it started.
	AfterSpan End = "span"
	// WhileHeld is the day on which the window holds too little to keep the tier,
	// and to get in. It does not go with [TierAnniversary], [NextPeriod] or [OneStep].
	WhileHeld End = "while-held"
)

// Down says where a member lands who does not keep a tier.
type Down string

// The ways down.
const (
	// Recompute is the highest lower tier that the ended period keeps, or none.
	Recompute Down = ""
	// OneStep is the tier below, whether it is kept or not, or none below the lowest: a soft
	// landing.
	OneStep Down = "one-step"
)
