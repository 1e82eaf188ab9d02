package loyalty

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// Program is a loyalty program, as plain data: what it issues and by which
// rules. It travels as JSON in both directions.
type Program struct {
	// ID names the program in the store: 1 to 64 bytes of UTF-8, without NUL.
	ID string `json:"id"`
	// Zone is the IANA time zone in which days, months and years are counted.
	Zone string `json:"zone"`
	// Units is what the program issues; the first is the default unit of rules.
	Units []points.Unit `json:"units"`
	// Earning holds the earning rules. Their order makes no difference.
	Earning []points.Rule `json:"earning,omitempty"`
	// Debt says what happens where a refund or an adjustment takes more than is
	// available; the zero value refuses debt.
	Debt DebtPolicy `json:"debt,omitempty"`
	// Refunds says how refunds take points back.
	Refunds RefundPolicy `json:"refunds,omitzero"`
	// Transfers says how points of units move between members.
	Transfers []TransferPolicy `json:"transfers,omitempty"`
	// Limits bounds what members and actors do in a period.
	Limits []Limit `json:"limits,omitempty"`
	// Review says which awards wait for a confirmation.
	Review []Review `json:"review,omitempty"`
	// Reminders says before which expiries members are reminded.
	Reminders []Reminder `json:"reminders,omitempty"`
	// OrdersPerMember says that order ids are unique per member only. By default
	// an order id earns once in the whole program.
	OrdersPerMember bool `json:"ordersPerMember,omitempty"`
	// LateWindow is how long after it happened an order or activity may be recorded,
	// by the calendar: later is [ErrTooOld]. Zero is no limit, except where rules count
	// or cap by periods: those are kept for two years.
	LateWindow points.Span `json:"lateWindow,omitzero"`
	// Jurisdictions holds other terms for members who are under another law.
	Jurisdictions []Jurisdiction `json:"jurisdictions,omitempty"`
	// Ladders are the ladders of tiers that members climb, over the metrics among the
	// units. They count at once what was counted before they came.
	Ladders []tiers.Ladder `json:"ladders,omitempty"`
	// Horizon is how long after its day something that was counted, or taken back, late
	// still decides tiers as if it had been known on its day. What is older counts in
	// its periods, but decides nothing before the horizon, and what is older than these
	// counts in lifetimes only. Zero is LateWindow, or 90 days where that is zero too.
	Horizon points.Span `json:"horizon,omitzero"`
	// Guests says that somebody who is no member may earn, to claim it later; see
	// [EnrollGuest].
	Guests bool `json:"guests,omitempty"`
	// Pools lists the kinds of groups that members may form; see [FoundPool].
	Pools []PoolKind `json:"pools,omitempty"`
	// Catalog is what members can redeem points for; see [Redeem].
	Catalog rewards.Catalog `json:"catalog,omitempty"`
	// EffectiveAt is when this revision begins to decide; of the first revision
	// it may be zero. Not part of the program's own rules otherwise.
	EffectiveAt time.Time `json:"effectiveAt,omitzero"`
}

// DebtPolicy says what happens where a refund or an adjustment takes more than
// is available.
type DebtPolicy string

// The debt policies.
const (
	// RefuseDebt makes a refund take what is there and report the shortfall, and
	// an adjustment fail.
	RefuseDebt DebtPolicy = ""
	// AllowDebt books what is missing as debt, which later credits repay first.
	AllowDebt DebtPolicy = "allow"
)

// Revisions are the texts of one program over time, numbered from 1 in the order
// given. All have the same ID, EffectiveAt does not go back, and a unit stays with
// its kind and scale. Processes may have different ones until the first that some lack
// takes effect; see [ErrOldProgram].
type Revisions []Program

// ParseProgram reads a program from JSON of at most 1 MiB. Unknown and repeated
// fields are refused, and the program is validated.
func ParseProgram(r io.Reader) (Program, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxProgramBytes+1))
	if err != nil {
		return Program{}, fmt.Errorf("loyalty: read program: %w", err)
	}
	if len(data) > maxProgramBytes {
		return Program{}, fmt.Errorf("loyalty: %w", invalid("", "the program has more than %d bytes", maxProgramBytes))
	}
	var p Program
	if err := canon.Decode(data, &p); err != nil {
		return Program{}, fmt.Errorf("loyalty: program: %w: %s", ErrInvalid, points.Clip(err.Error()))
	}
	if err := p.Validate(); err != nil {
		return Program{}, fmt.Errorf("loyalty: program: %w", err)
	}
	return p, nil
}

const maxProgramBytes = 1 << 20

// Validate reports every problem of the program at once, each with the path of
// its field, as an [ErrInvalid] with [points.Problems] inside.
func (p Program) Validate() error {
	var problems points.Problems
	add := problems.Add
	if err := points.CheckID(p.ID, maxProgramID); err != nil {
		add("id", "%v", err)
	}
	if _, err := loadZone(p.Zone); err != nil {
		add("zone", "%v", err)
	}
	if len(p.Units) == 0 {
		add("units", "at least one unit is needed")
	}
	problems = append(problems, points.ValidateUnits("units", p.Units)...)
	problems = append(problems, points.ValidateRules("earning", p.Earning, p.Units)...)
	problems = append(problems, p.policyProblems()...)
	if p.Debt != RefuseDebt && p.Debt != AllowDebt {
		add("debt", "%q is not a policy: leave it out, or say %q", p.Debt, AllowDebt)
	}
	if p.LateWindow != (points.Span{}) {
		problems = append(problems, points.ValidateSpan("lateWindow", p.LateWindow)...)
	}
	problems = append(problems, jurisdictionProblems(p.Jurisdictions, p.Units)...)
	problems = append(problems, poolProblems("pools", p.Pools, p.Units)...)
	problems = append(problems, p.ladderProblems()...)
	problems = append(problems, rewards.Validate("catalog", p.Catalog, p.Units)...)
	if !p.EffectiveAt.IsZero() && (p.EffectiveAt.Year() < 1970 || p.EffectiveAt.Year() > 9998) {
		add("effectiveAt", "the year must be 1970 to 9998")
	}
	if len(problems) > 0 {
		return fmt.Errorf("%w: %w", ErrInvalid, problems)
	}
	return nil
}

// Unit returns the unit with the given code.
func (p Program) Unit(code string) (points.Unit, bool) {
	for _, unit := range p.Units {
		if unit.Code == code {
			return unit, true
		}
	}
	return points.Unit{}, false
}

const (
	maxProgramID = 64
	maxID        = 128
)

func loadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errors.New(`name an IANA zone, such as "Europe/Vienna" or "UTC"`)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not an IANA zone that this system knows", name)
	}
	return zone, nil
}

// revision is one revision of a program, ready to decide with.
type revision struct {
	Program
	number int64
	zone   *time.Location
	row    storage.Revision
	// limited is set where some rule counts or has caps, budgeted where one has a
	// budget, selective where one asks for more than lines and weekdays.
	limited   bool
	budgeted  bool
	selective bool
	// rewards finds rewards by code, and ownLimits is set where some have limits for
	// each member.
	rewards   map[string]*rewards.Reward
	ownLimits bool
	shelf     atomic.Pointer[shelf]
}

// prepare validates revisions and makes them ready.
func prepare(revisions Revisions) ([]*revision, error) {
	if len(revisions) == 0 {
		return nil, fmt.Errorf("loyalty: %w", invalid("revisions", "at least one program is needed"))
	}
	prepared := make([]*revision, len(revisions))
	for i, p := range revisions {
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, err)
		}
		if p.ID != revisions[0].ID {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, invalid("id", "is %q where the first revision has %q", p.ID, revisions[0].ID))
		}
		if i > 0 && p.EffectiveAt.Before(revisions[i-1].EffectiveAt) {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, invalid("effectiveAt", "is before that of the revision before"))
		}
		if i > 0 {
			if problems := p.follows(&revisions[i-1]); len(problems) > 0 {
				return nil, fmt.Errorf("loyalty: revision %d: %w: %w", i+1, ErrInvalid, problems)
			}
		}
		zone, err := loadZone(p.Zone)
		if err != nil {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, err)
		}
		p.EffectiveAt = p.EffectiveAt.UTC().Truncate(time.Microsecond)
		text, err := canon.Append(nil, p)
		if err != nil {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, err)
		}
		// The copy is the engine's own, whatever the caller does with its slices.
		p = Program{}
		if err := canon.Decode(text, &p); err != nil {
			return nil, fmt.Errorf("loyalty: revision %d: %w", i+1, err)
		}
		digest := sha256.Sum256(text)
		prepared[i] = &revision{Program: p, number: int64(i + 1), zone: zone, row: storage.Revision{
			Program: p.ID, Number: int64(i + 1), Digest: digest[:], Text: text, EffectiveAt: p.EffectiveAt,
		}}
		prepared[i].note()
	}
	return prepared, nil
}

// follows lists what of a program would change the meaning of amounts that were
// stored under the revision before.
func (p *Program) follows(before *Program) points.Problems {
	var problems points.Problems
	for _, had := range before.Units {
		i := slices.IndexFunc(p.Units, func(u points.Unit) bool { return u.Code == had.Code })
		switch {
		case i < 0:
			problems.Add("units", "%q is missing: members may have points of it; to issue no more, drop its rules", had.Code)
		case p.Units[i].Kind != had.Kind:
			problems.Add(fmt.Sprintf("units[%d].kind", i), "%q is %q where the revision before has %q", had.Code, p.Units[i].Kind, had.Kind)
		case p.Units[i].Scale != had.Scale:
			problems.Add(fmt.Sprintf("units[%d].scale", i), "%q has %d where the revision before has %d", had.Code, p.Units[i].Scale, had.Scale)
		}
	}
	return problems
}

// present is the last of the engine's revisions.
func (e *Engine) present() *revision { return e.revisions[len(e.revisions)-1] }

// revisionAt returns the revision in force at t: the last whose EffectiveAt is
// not after it, else the first.
func revisionAt(revisions []*revision, t time.Time) *revision {
	for i := len(revisions) - 1; i > 0; i-- {
		if !revisions[i].EffectiveAt.After(t) {
			return revisions[i]
		}
	}
	return revisions[0]
}

// scales holds the scale of each unit that has decimals, or nil.
func (r *revision) scales() map[string]int {
	var scales map[string]int
	for i := range r.Units {
		if scale := r.Units[i].Scale; scale > 0 {
			if scales == nil {
				scales = map[string]int{}
			}
			scales[r.Units[i].Code] = scale
		}
	}
	return scales
}

// spendable returns the revision's spendable unit of the code, or an error.
func (r *revision) spendable(path, code string) (points.Unit, error) {
	unit, err := r.unit(path, code)
	if err != nil {
		return unit, err
	}
	if unit.Kind == points.Metric {
		return unit, invalid(path, "%q is a metric and cannot be spent, held or moved", code)
	}
	return unit, nil
}

func (r *revision) unit(path, code string) (points.Unit, error) {
	unit, ok := r.Unit(code)
	if !ok {
		return unit, fmt.Errorf("%w: %w", ErrUnknownUnit, invalid(path, "%q is not a unit of program %q", code, r.ID))
	}
	return unit, nil
}
