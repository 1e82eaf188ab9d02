package keyfigures

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// lift compares members with a control group.
type lift struct {
	Treated kpi.Arm `json:"treated"`
	Control kpi.Arm `json:"control"`
	// Design is observed, randomized or holdout.
	Design kpi.Design `json:"design"`
	// Spend has what each customer of both groups spent.
	Spend *struct {
		Treated []decimal.Decimal `json:"treated"`
		Control []decimal.Decimal `json:"control"`
	} `json:"spend"`
}

func (l *lift) figures(r *Report) error {
	got, err := kpi.ProportionLift(l.Treated, l.Control, &kpi.LiftOptions{Level: r.level, Design: l.Design})
	if err != nil {
		return fmt.Errorf("lift: %w", err)
	}
	r.add("lift_treated_rate", got.Treated)
	r.add("lift_control_rate", got.Control)
	r.add("lift_difference", got.Difference)
	r.add("relative_lift", got.Relative)
	r.add("incremental_hits", got.Incremental)
	r.add("lift_p_value", got.PValue)
	if l.Spend == nil {
		return nil
	}
	var treated, control kpi.Spend
	for _, group := range []struct {
		of      *kpi.Spend
		amounts []decimal.Decimal
	}{{&treated, l.Spend.Treated}, {&control, l.Spend.Control}} {
		for _, amount := range group.amounts {
			if err := group.of.Add(amount); err != nil {
				return fmt.Errorf("lift.spend: %w", err)
			}
		}
	}
	spend, err := kpi.SpendLift(&treated, &control, &kpi.LiftOptions{Level: r.level, Design: l.Design})
	if err != nil {
		return fmt.Errorf("lift.spend: %w", err)
	}
	r.add("spend_treated_mean", spend.Treated.Priced(r.currency))
	r.add("spend_control_mean", spend.Control.Priced(r.currency))
	r.add("spend_lift_difference", spend.Difference.Priced(r.currency))
	r.add("spend_lift_p_value", spend.PValue)
	return nil
}

// tiers are the moves of members between tiers in the period of the costs.
type tiers struct {
	Ladder []string `json:"ladder"`
	Moves  []struct {
		From    string `json:"from"`
		To      string `json:"to"`
		Members int64  `json:"members"`
	} `json:"moves"`
}

func (t *tiers) figures(r *Report, period kpi.Period) error {
	moves, err := kpi.NewTierMoves(t.Ladder...)
	if err != nil {
		return fmt.Errorf("tiers: %w", err)
	}
	for i, m := range t.Moves {
		if err := moves.AddN(m.From, m.To, m.Members); err != nil {
			return fmt.Errorf("tiers.moves[%d]: %w", i, err)
		}
	}
	return r.tiers(moves.Migration(period))
}

// tiers adds the rates of the moves.
func (r *Report) tiers(migration kpi.TierMigration) error {
	r.Tiers = &migration
	return errors.Join(
		r.sample("tier_upgrade_rate", migration.Upgrade), r.sample("tier_downgrade_rate", migration.Downgrade),
		r.sample("tier_stay_rate", migration.Stay), r.sample("tier_exit_rate", migration.Exit))
}

// goal is where a figure of this report shall get.
type goal struct {
	Key      string  `json:"key"`
	Baseline float64 `json:"baseline"`
	Target   float64 `json:"target"`
	// Start and Due are dates; the goal is due at the end of the latter.
	Start string `json:"start"`
	Due   string `json:"due"`
}

// standing is how a goal stands at the end of the log.
type standing struct {
	goal
	kpi.GoalStanding
}

func (r *Report) goals(all []goal, zone *time.Location) error {
	for i, g := range all {
		start, err := Day(g.Start, zone)
		due, dueErr := Day(g.Due, zone)
		if err := errors.Join(err, dueErr); err != nil {
			return fmt.Errorf("goals[%d]: %w", i, err)
		}
		f, ok := r.Figures[g.Key]
		if !ok {
			return fmt.Errorf("goals[%d]: this report has no figure %q", i, g.Key)
		}
		aim := kpi.Goal{Key: g.Key, Baseline: g.Baseline, Target: g.Target, Start: start, Due: nextDay(due), Zone: zone}
		s, err := aim.Standing(f, r.period.End)
		if err != nil {
			return fmt.Errorf("goals[%d]: %w", i, err)
		}
		r.Goals = append(r.Goals, standing{goal: g, GoalStanding: s})
	}
	return nil
}
