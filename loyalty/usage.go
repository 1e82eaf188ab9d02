package loyalty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// usageKind is the kind of the one record that holds what a member has used of the
// counts and caps of rules.
const (
	usageKind = "usage"
	usageID   = "rules"
)

// Profile is what rules ask about a member besides the ledger.
type Profile struct {
	// Tiers and Segments are the codes that the member has.
	Tiers    []string
	Segments []string
	// Boost multiplies the base of a unit; absent is 1.
	Boost map[string]decimal.Decimal
}

// timedPlanner is a [planner] whose needs depend on the time as well.
type timedPlanner interface {
	planAt(revisions []*revision, now time.Time) Plan
}

// note remembers what of the rules needs more than a rule and an order.
func (r *revision) note() {
	r.indexCatalog()
	for i := range r.Earning {
		rule := &r.Earning[i]
		r.limited = r.limited || rule.Count != nil || len(rule.Caps) > 0
		r.selective = r.selective || selects(rule)
		r.budgeted = r.budgeted || len(rule.Budgets) > 0
	}
}

// everLimited reports whether some revision counts or caps.
func everLimited(revisions []*revision) bool {
	return slices.ContainsFunc(revisions, func(r *revision) bool { return r.limited })
}

// planLimits adds to a plan what rules that count, or have caps or budgets, ask
// for at the instant that it is about.
func (p *Plan) planLimits(revisions []*revision, activity string, now time.Time) {
	if everLimited(revisions) {
		p.Records = append(p.Records, RecordRef{Kind: usageKind, ID: usageID})
	}
	at := now
	if !p.OccurredAt.IsZero() && p.OccurredAt.Before(now) {
		at = p.OccurredAt
	}
	rev := revisionAt(revisions, at)
	if !rev.budgeted {
		return
	}
	for i := range rev.Earning {
		rule := &rev.Earning[i]
		if len(rule.Budgets) == 0 || rule.Activity != activity || !rule.When.Holds(at, rev.zone) {
			continue
		}
		for _, budget := range rule.Budgets {
			p.Counters = append(p.Counters, budgetOf(revisions, rev, rule.Code, budget, at).counters()...)
		}
	}
}

// planAt asks for what the rules of the instant need.
func (c Earn) planAt(revisions []*revision, now time.Time) Plan {
	plan := c.planIn(revisions)
	plan.planLimits(revisions, "", now)
	plan.planPayment(revisions, &c, now)
	return plan
}

// planAt asks for what the rules of the instant need.
func (c Fact) planAt(revisions []*revision, now time.Time) Plan {
	plan := c.Plan()
	plan.planLimits(revisions, c.Activity, now)
	return plan
}

// usage reads what the account has used of counts and caps.
func (p *Party) usage() (points.Usage, error) {
	var usage points.Usage
	row, exists, err := p.record(usageKind, usageID)
	if err != nil || !exists {
		return usage, err
	}
	if err := json.Unmarshal(row.Data, &usage); err != nil {
		return usage, p.tx.fail(fmt.Errorf("loyalty: record %s %q: %w", row.Kind, row.ID, err))
	}
	return usage, nil
}

func (p *Party) putUsage(usage points.Usage) error {
	data, err := canon.Append(nil, &usage)
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: usageKind, ID: usageID, Data: data})
}

// earning is an order or activity on its way to its awards.
type earning struct {
	tx  *Tx
	rev *revision
	env points.Env
	// boosts are those that tiers give.
	boosts []boosted
}

// Profile returns what the command's member has of tiers, segments and boosts as of
// OccurredAt: what [Options].Profile tells, and nothing where there is none.
func (tx *Tx) Profile(ctx context.Context) (Profile, error) {
	tell := tx.deciding.engine.options.Profile
	if tell == nil {
		return Profile{}, nil
	}
	profile, err := tell(ctx, tx.row.Member, tx.occurred)
	if err != nil {
		return Profile{}, fmt.Errorf("profile of the member: %w", err)
	}
	return profile, nil
}

// newEarning prepares what an order or activity is evaluated with: the same for a
// quote and for an award.
func (tx *Tx) newEarning(ctx context.Context) (earning, error) {
	rev, options := revisionAt(tx.deciding.engine.revisions, tx.occurred), &tx.deciding.engine.options
	e := earning{tx: tx, rev: rev, env: points.Env{At: tx.occurred, Zone: rev.zone, Formulas: options.Formulas}}
	if err := tx.inTime(); err != nil {
		return e, err
	}
	profile, err := tx.Profile(ctx)
	if err != nil {
		return e, err
	}
	e.env.Tiers, e.env.Segments, e.env.Boost = profile.Tiers, profile.Segments, profile.Boost
	if err := e.addTiers(); err != nil {
		return e, err
	}
	if rev.limited {
		usage, err := tx.usage()
		if err != nil {
			return e, err
		}
		e.env.Usage = &usage
	}
	if rev.budgeted {
		e.env.Left = tx.budgetLeft(rev)
	}
	return e, nil
}

// addTiers lets rules ask for the member's tiers, as "gold" and as "status/gold", and multiplies base rates by what they give. A
// boost of the host's own takes the place of that of its unit.
func (e *earning) addTiers() error {
	if len(e.rev.Ladders) == 0 {
		return nil
	}
	standing, err := e.tx.standingAt(e.tx.occurred)
	if err != nil || len(standing) == 0 {
		return err
	}
	e.env.Tiers = slices.Clip(e.env.Tiers)
	for i := range standing {
		e.env.Tiers = append(e.env.Tiers, standing[i].Tier, tiers.Name(standing[i].Ladder, standing[i].Tier))
	}
	benefits := e.rev.benefits(standing)
	boost := map[string]decimal.Decimal{}
	for i := range e.rev.Units {
		unit := &e.rev.Units[i]
		if factor, by := benefits.Earn(unit.Code); by != nil && unit.Kind == points.Spendable {
			boost[unit.Code] = factor
			e.boosts = append(e.boosts, boosted{unit.Code, factor, by.Ladder, by.Tier})
		}
	}
	if len(boost) == 0 {
		return nil
	}
	for unit, own := range e.env.Boost {
		boost[unit] = own
		e.boosts = slices.DeleteFunc(e.boosts, func(b boosted) bool { return b.unit == unit })
	}
	e.env.Boost = boost
	return nil
}

// boosted says which tier multiplies the base of a unit.
type boosted struct {
	unit         string
	factor       decimal.Decimal
	ladder, tier string
}

// earnRefusal puts an evaluation's error in the engine's terms.
func earnRefusal(err error) error {
	if errors.Is(err, points.ErrUsageGone) {
		return fmt.Errorf("%w: %w", ErrTooOld, err)
	}
	return err
}

// finish stores what was used, and says on the receipt how the award came about.
func (e *earning) finish(result points.Result, at circumstances) error {
	e.explainBoosts()
	if len(result.Uses) > 0 {
		if err := e.use(result); err != nil {
			return err
		}
	}
	if e.rev.selective {
		e.explainConditions(at)
	}
	return nil
}

// use stores what was used of counts, caps and budgets, and says it on the receipt.
func (e *earning) use(result points.Result) error {
	tx := e.tx
	if e.rev.budgeted {
		if err := e.awaitBudgets(result.Uses); err != nil {
			return err
		}
	}
	if e.rev.limited {
		next := e.env.Usage.Add(e.rev.Earning, result.Uses, tx.occurred, e.rev.zone).Prune(tx.prunable())
		if !slices.Equal(next.Marks, e.env.Usage.Marks) {
			if err := tx.putUsage(next); err != nil {
				return err
			}
		}
		e.env.Usage = &next
	}
	for i := range result.Uses {
		if err := e.spendBudgets(&result.Uses[i]); err != nil {
			return err
		}
	}
	e.explainUses(result)
	return nil
}

// countState is what a rule counted on an order, so that a refund takes it back.
type countState struct {
	Rule   string `json:"r"`
	Period string `json:"p"`
	Pieces bool   `json:"q,omitempty"`
	// Lines are the places of the counted lines, Counted is what they counted.
	Lines   []int `json:"l,omitempty"`
	Counted int64 `json:"c"`
	// Completed is how often that completed the count, Taken what refunds have
	// taken back.
	Completed int64 `json:"d,omitempty"`
	Taken     int64 `json:"k,omitempty"`
}

// counts lists what rules counted, for the order's state.
func (e *earning) counts(uses []points.Use) []countState {
	var counts []countState
	for i := range uses {
		use := &uses[i]
		rule := e.rev.rule(use.Rule)
		if use.Counted == 0 || rule == nil || rule.Count == nil {
			continue
		}
		name, _ := rule.Count.Period().On(e.tx.occurred, e.rev.zone)
		counts = append(counts, countState{
			Rule: use.Rule, Period: name, Pieces: rule.Count.Pieces, Lines: use.Lines, Counted: use.Counted, Completed: use.Completed,
		})
	}
	return counts
}

// uncount takes back from the member's counts what was refunded of an order. What
// caps and budgets have counted stays: they bound what is earned, not what is kept.
func (tx *Tx) uncount(state *orderState) error {
	if len(state.Counts) == 0 {
		return nil
	}
	before, err := tx.usage()
	if err != nil {
		return err
	}
	state.Counts = slices.Clone(state.Counts)
	usage := before
	for i := range state.Counts {
		count := &state.Counts[i]
		back := state.Uncounted(count.Pieces, count.Lines)
		if back == count.Taken {
			continue
		}
		completed := int64(0)
		if back == count.Counted {
			completed = count.Completed
		}
		usage = usage.Uncount(count.Rule, count.Period, back-count.Taken, completed)
		count.Taken = back
	}
	if slices.Equal(usage.Marks, before.Marks) {
		return nil
	}
	return tx.putUsage(usage)
}
