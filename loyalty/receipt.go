package loyalty

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
)

// Receipt says what a command did and why. It is stored with the operation: the
// same key answers with the same receipt, marked as Replayed.
type Receipt struct {
	// Command is the command's type, such as "earn".
	Command string `json:"command"`
	Program string `json:"program"`
	Member  string `json:"member"`
	Key     string `json:"key"`
	// Version is the account version that the command made.
	Version int64 `json:"version"`
	// Revision is the program revision that decided.
	Revision   int64     `json:"revision"`
	OccurredAt time.Time `json:"occurredAt"`
	RecordedAt time.Time `json:"recordedAt"`
	// Zone is the program's time zone, in which String renders dates.
	Zone string `json:"zone,omitempty"`
	// Scales has the number of decimals of units that have any; amounts count the
	// smallest step.
	Scales map[string]int `json:"scales,omitempty"`
	// Reference is the order, hold or other thing that the command was about.
	Reference string `json:"reference,omitempty"`
	// Awards holds what was earned and by which rules.
	Awards []AwardReceipt `json:"awards,omitempty"`
	// Progress is how far the member has come with each rule that counted this.
	Progress []points.Progress `json:"progress,omitempty"`
	// Moves sums the entries by unit, kind and buckets, in the order in which
	// they were first made.
	Moves []Move `json:"moves,omitempty"`
	// Balances is what the member had of every unit afterwards.
	Balances []points.Balance `json:"balances,omitempty"`
	// Shortfalls says what a refund could not take back: the shop may reduce the
	// money it returns accordingly.
	Shortfalls []Shortfall `json:"shortfalls,omitempty"`
	// Payment is what points paid of an order by [Earn], and what is left to pay in money;
	// Split is what a refund of such an order gives back.
	Payment *rewards.Payment `json:"payment,omitempty"`
	Split   *RefundSplit     `json:"split,omitempty"`
	// PointsBack says how many of the points that paid for an order came back.
	PointsBack []PointsBack `json:"pointsBack,omitempty"`
	// Dates says which lots got another expiry.
	Dates []LotDates `json:"dates,omitempty"`
	// Idle says when inactivity takes points, as far as the program has any.
	Idle []IdleReceipt `json:"idle,omitempty"`
	// Tiers says what changed of the member's tiers.
	Tiers []TierChange `json:"tiers,omitempty"`
	// Aged says what was counted so late that it decides no tiers of its own days.
	Aged []AgedCount `json:"aged,omitempty"`
	// Hold describes the hold that the command made or changed.
	Hold *HoldReceipt `json:"hold,omitempty"`
	// Redemption is the redemption that the command made or changed, without its steps.
	Redemption *Redemption `json:"redemption,omitempty"`
	// Result is what the command answered by itself; see [Tx.Answer].
	Result json.RawMessage `json:"result,omitempty"`
	// Replayed is set where the key had been used for this command before:
	// nothing was applied now.
	Replayed bool `json:"replayed,omitempty"`
}

// AwardReceipt is what one order or activity earned of one unit, or the part of it
// that expires together where rules give points that live differently long.
type AwardReceipt struct {
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
	// Lot is where the points landed; 0 for metrics and awards of 0.
	Lot           points.LotID `json:"lot,omitempty"`
	AvailableFrom time.Time    `json:"availableFrom,omitzero"`
	ExpiresAt     time.Time    `json:"expiresAt,omitzero"`
	// Rules adds up to Points.
	Rules []RuleReceipt `json:"rules,omitempty"`
}

// RuleReceipt is one rule's part of an award: a code and parameters, which
// String renders in English.
type RuleReceipt struct {
	Rule   string        `json:"rule"`
	Points points.Amount `json:"points"`
	// Eligible is the money that a spend rate counted, Rate and Per the rate.
	Eligible decimal.Decimal `json:"eligible,omitzero"`
	Currency string          `json:"currency,omitempty"`
	Rate     points.Amount   `json:"rate,omitempty"`
	Per      decimal.Decimal `json:"per,omitzero"`
	// Groups says that only whole groups of Per earn.
	Groups bool `json:"groups,omitempty"`
	// Factor is what a multiplier multiplies by.
	Factor decimal.Decimal `json:"factor,omitzero"`
	// Weekdays are those that the rule asks for; empty is any.
	Weekdays points.Weekdays `json:"weekdays,omitzero"`
	// Activity is what a bonus was given for; orders have none.
	Activity string `json:"activity,omitempty"`
	// Label is the rule's own, if it has one. Formula says that the host's own
	// function gave the bonus.
	Label   string `json:"label,omitempty"`
	Formula bool   `json:"formula,omitempty"`
	// Found is what a rule with conditions asked for and found, and Counted what one
	// that counts came to; nil for others.
	Found   *FoundReceipt   `json:"found,omitempty"`
	Counted *CountedReceipt `json:"counted,omitempty"`
	// Cuts says what caps and budgets took off, in the order in which they apply.
	Cuts []points.Cut `json:"cuts,omitempty"`
	// Lines has the rule's share of each line, where there are several. They add up
	// to Points.
	Lines []LineReceipt `json:"lines,omitempty"`
}

// FoundReceipt is what the conditions of a rule found; empty is what it did not ask.
type FoundReceipt struct {
	Channel string          `json:"channel,omitempty"`
	Store   string          `json:"store,omitempty"`
	Tier    string          `json:"tier,omitempty"`
	Segment string          `json:"segment,omitempty"`
	Minimum decimal.Decimal `json:"minimum,omitzero"`
	// Together names the parts of a combination.
	Together []string `json:"together,omitempty"`
	// Attributes are those of the activity that the rule asks for.
	Attributes map[string]string `json:"attributes,omitempty"`
	// Day, of the month, and Month are when it happened, for a rule that lists some; a day
	// that was found from the month's end is -1 for the last, and so on back. Hours is the
	// window of the day that it was in.
	Day   int           `json:"day,omitempty"`
	Month time.Month    `json:"month,omitempty"`
	Hours *points.Hours `json:"hours,omitempty"`
}

// CountedReceipt is the number that a rule counts to: of Pieces, or of orders or
// activities.
type CountedReceipt struct {
	Nth    int64 `json:"nth,omitempty"`
	Every  int64 `json:"every,omitempty"`
	Pieces bool  `json:"pieces,omitempty"`
	// Times is how often that was reached, where more than once.
	Times int64 `json:"times,omitempty"`
}

// LineReceipt is one rule's share of one line of an order.
type LineReceipt struct {
	// Line is the line's id or number, "shipping" or "fees".
	Line   string        `json:"line"`
	Points points.Amount `json:"points"`
	// Eligible is the money that the rule counted on the line, zero for a bonus.
	Eligible decimal.Decimal `json:"eligible,omitzero"`
}

// LotDates says how the expiry of points changed: they moved from a lot to another.
type LotDates struct {
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
	// Lot is where the points were and Into where they are now.
	Lot  points.LotID `json:"lot"`
	Into points.LotID `json:"into"`
	// Before is when they expired or would have, After when they will.
	Before time.Time `json:"before"`
	After  time.Time `json:"after"`
}

// Move is the sum of entries of one unit and kind between two buckets.
type Move struct {
	Unit   string           `json:"unit"`
	Kind   points.EntryKind `json:"kind"`
	From   points.Bucket    `json:"from"`
	To     points.Bucket    `json:"to"`
	Amount points.Amount    `json:"amount"`
}

// Shortfall is what of a unit could not be taken.
type Shortfall struct {
	Unit   string        `json:"unit"`
	Amount points.Amount `json:"amount"`
	// Money, of Currency, is by how much the shop cuts the money that it returns,
	// where the program has a [Cut] for it. Over all refunds of an order it adds up to
	// what all its missing points are worth, rounded once.
	Money    decimal.Decimal `json:"money,omitzero"`
	Currency string          `json:"currency,omitempty"`
}

// HoldReceipt describes a hold.
type HoldReceipt struct {
	ID     string        `json:"id"`
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
	// Until is when the hold lapses by itself, while it is open.
	Until time.Time `json:"until,omitzero"`
	// Captured and Returned say how a closed hold ended.
	Captured points.Amount `json:"captured,omitempty"`
	Returned points.Amount `json:"returned,omitempty"`
}

func moves(entries []points.Entry) []Move {
	var sums []Move
next:
	for _, e := range entries {
		for i := range sums {
			m := &sums[i]
			if m.Unit == e.Unit && m.Kind == e.Kind && m.From == e.From && m.To == e.To {
				m.Amount += e.Amount
				continue next
			}
		}
		sums = append(sums, Move{Unit: e.Unit, Kind: e.Kind, From: e.From, To: e.To, Amount: e.Amount})
	}
	return sums
}

// String renders the receipt in English, a line per fact.
func (r Receipt) String() string {
	var b strings.Builder
	b.WriteString(r.headline())
	for _, award := range r.Awards {
		fmt.Fprintf(&b, "\nearned %s %s%s", r.amount(award.Unit, award.Points), award.Unit, award.when(r.Zone))
		for _, rule := range award.Rules {
			fmt.Fprintf(&b, "\n  %-10s %4s  %s", rule.Rule, r.amount(award.Unit, rule.Points), r.why(award.Unit, &rule))
			for _, line := range rule.Lines {
				fmt.Fprintf(&b, "\n    %-8s %4s  %s", line.Line, r.amount(award.Unit, line.Points), line.why(&rule))
			}
		}
	}
	if len(r.Awards) > 0 {
		b.WriteString(r.counts())
	}
	if p := r.Payment; p != nil && p.Points > 0 {
		fmt.Fprintf(&b, "\n%s %s pay %s %s, %s %s are left to pay", r.amount(p.Unit, p.Points), p.Unit, p.Currency, p.Money, p.Currency, p.Rest)
	}
	if s := r.Split; s != nil {
		fmt.Fprintf(&b, "\n%s %s come back in points, %s %s in money", s.Currency, s.Money, s.Currency, s.Cash)
	}
	for i := range r.Tiers {
		b.WriteString("\n" + r.tier(&r.Tiers[i]))
	}
	for _, progress := range r.Progress {
		fmt.Fprintf(&b, "\n%s", progress)
	}
	if len(r.Awards) == 0 {
		for _, m := range r.Moves {
			fmt.Fprintf(&b, "\n%s %s %s: %s to %s", m.Kind, r.amount(m.Unit, m.Amount), m.Unit, m.From, m.To)
		}
	}
	for _, d := range r.Dates {
		fmt.Fprintf(&b, "\n%s %s expire %s instead of %s", r.amount(d.Unit, d.Points), d.Unit, r.date(d.After), r.date(d.Before))
	}
	if r.Redemption != nil {
		fmt.Fprintf(&b, "\n%s", r.Redemption)
	}
	for _, s := range r.Shortfalls {
		fmt.Fprintf(&b, "\nmissing %s %s that could not be taken back", r.amount(s.Unit, s.Amount), s.Unit)
	}
	for _, balance := range r.Balances {
		b.WriteString("\nbalance " + r.balance(balance))
	}
	return b.String()
}

// counts tells of metrics that were counted besides what awards tell, such as by a [Fact]
// that earns too.
func (r Receipt) counts() string {
	var b strings.Builder
	for _, m := range r.Moves {
		if m.Kind != points.EntryCount {
			continue
		}
		told := points.Amount(0)
		for _, award := range r.Awards {
			if award.Unit == m.Unit {
				told += award.Points
			}
		}
		if m.Amount != told {
			fmt.Fprintf(&b, "\ncounted %s %s", r.amount(m.Unit, m.Amount), m.Unit)
			if told > 0 {
				b.WriteString(" in all")
			}
		}
	}
	return b.String()
}

func (r Receipt) headline() string {
	text := r.Command
	if r.Reference != "" {
		text += " " + r.Reference
	}
	if r.Replayed {
		text += " (replayed)"
	}
	return text
}

// tier writes a change of a tier.
func (r Receipt) tier(c *TierChange) string {
	text := c.Ladder + ": " + string(c.Kind)
	switch {
	case c.From == c.To:
		text += " " + c.To
	case c.From != "" && c.To != "":
		text += " from " + c.From + " to " + c.To
	case c.To != "":
		text += " to " + c.To
	default:
		text += " from " + c.From
	}
	if c.To != "" && !points.IsNever(c.Until) {
		text += ", until " + r.date(c.Until)
	}
	if len(c.Undone) > 0 {
		text += "; taken back: " + strings.Join(c.Undone, ", ")
	}
	lines := []string{text}
	for _, list := range []struct {
		what    string
		rewards []EntryReward
	}{{"reward", c.Rewards}, {"out of stock", c.Missed}, {"reward taken back", c.UndoneRewards}, {"used and not taken back", c.KeptRewards}} {
		for _, reward := range list.rewards {
			lines = append(lines, "  "+list.what+": "+reward.Reward+" for "+reward.Tier)
		}
	}
	return strings.Join(lines, "\n")
}

// amount writes points with the decimals of their unit.
func (r Receipt) amount(unit string, amount points.Amount) string {
	return points.Unit{Scale: r.Scales[unit]}.Format(amount)
}

// date writes a day in the program's zone.
func (r Receipt) date(t time.Time) string {
	if points.IsNever(t) {
		return "never"
	}
	return inZone(t, r.Zone).Format("2 Jan 2006 15:04")
}

// inZone is t as the clocks of a zone show it, where this system knows the zone.
func inZone(t time.Time, zone string) time.Time {
	if in, err := time.LoadLocation(zone); err == nil {
		return t.In(in)
	}
	return t
}

func (r Receipt) balance(b points.Balance) string {
	if b.Counted > 0 {
		return fmt.Sprintf("%s %s counted", r.amount(b.Unit, b.Counted), b.Unit)
	}
	text := fmt.Sprintf("%s %s available", r.amount(b.Unit, b.Available), b.Unit)
	if b.Pending > 0 {
		text += fmt.Sprintf(", %s pending", r.amount(b.Unit, b.Pending))
	}
	if b.Held > 0 {
		text += fmt.Sprintf(", %s held", r.amount(b.Unit, b.Held))
	}
	if b.Debt > 0 {
		text += fmt.Sprintf(", %s owed", r.amount(b.Unit, b.Debt))
	}
	return text
}

func (a AwardReceipt) when(zone string) string {
	switch {
	case a.AvailableFrom.IsZero():
		return ""
	case points.IsNever(a.AvailableFrom):
		return ", usable once confirmed"
	default:
		return ", usable from " + inZone(a.AvailableFrom, zone).Format("2 Jan 2006")
	}
}
