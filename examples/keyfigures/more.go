package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// contract counts customers who sign and leave, in the period of the costs.
type contract struct {
	Start int64 `json:"start"`
	New   int64 `json:"new"`
	End   int64 `json:"end"`
	// LostFromStart is null where only totals are known.
	LostFromStart *int64 `json:"lost_from_start"`
}

func (c *contract) figures(r *report, period kpi.Period) error {
	who := kpi.Customers{Start: c.Start, New: c.New, End: c.End, LostFromStart: c.LostFromStart, Period: period}
	basis := kpi.LostFromStart
	if c.LostFromStart == nil {
		basis = kpi.NetOfTotals
	}
	retention, err := kpi.Retention(who)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	churn, err := kpi.Churn(who, basis)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	return errors.Join(r.sample("retention_rate", retention), r.sample("churn_rate", churn))
}

// lift compares members with a control group.
type lift struct {
	Treated kpi.Arm `json:"treated"`
	Control kpi.Arm `json:"control"`
	// Design is observed, randomized or holdout.
	Design kpi.Design `json:"design"`
}

func (l *lift) figures(r *report) error {
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

func (t *tiers) figures(r *report, period kpi.Period) error {
	moves, err := kpi.NewTierMoves(t.Ladder...)
	if err != nil {
		return fmt.Errorf("tiers: %w", err)
	}
	for i, m := range t.Moves {
		if err := moves.AddN(m.From, m.To, m.Members); err != nil {
			return fmt.Errorf("tiers.moves[%d]: %w", i, err)
		}
	}
	migration := moves.Migration(period)
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

func (r *report) goals(all []goal, zone *time.Location) error {
	for i, g := range all {
		start, err := day(g.Start, zone)
		due, dueErr := day(g.Due, zone)
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
