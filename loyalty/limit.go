package loyalty

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Limit bounds how often commands run, or how many points they move, for one member or
// for one actor. A command beyond it is a [LimitError] and changes nothing; one that is
// repeated with its key uses nothing.
type Limit struct {
	// Code names the limit in errors; it is unique and has the form of a unit's code.
	// What was used stays with the code across revisions.
	Code string `json:"code"`
	// Commands lists the types of commands that count, such as "earn" or "adjust": the
	// kernel's, and those of the features that the engine lists. [New] refuses others in
	// the newest revision.
	Commands []string `json:"commands"`
	// By says whose commands count together.
	By LimitBy `json:"by"`
	// Per is the calendar period in the program's zone, by recorded time.
	Per Period `json:"per"`
	// Times bounds how many commands run in a period, Points how much of Unit they
	// move: what they credit and take. 0 is no bound.
	Times  int64         `json:"times,omitempty"`
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
}

// LimitBy says whose commands a limit counts together.
type LimitBy string

const (
	// ByMember counts the commands about one member.
	ByMember LimitBy = "member"
	// ByActor counts the commands of one actor, about any member. Commands that name no
	// actor are not limited. What an actor has used is exact under concurrency.
	ByActor LimitBy = "actor"
)

// Review makes large awards wait: an award of more than Above stays pending until
// Confirm, whatever the unit says.
type Review struct {
	Unit  string        `json:"unit"`
	Above points.Amount `json:"above"`
}

// limitKind is the kind of the records of what a member has used of limits.
const limitKind = "limit"

// limitState is the document of such a record; its Sort is the period.
type limitState struct {
	Times  int64         `json:"t,omitempty"`
	Points points.Amount `json:"p,omitempty"`
}

const maxLimits = 100

func limitProblems(list []Limit, units []points.Unit) points.Problems {
	var problems points.Problems
	if len(list) > maxLimits {
		problems.Add("limits", "at most %d fit a program, here are %d", maxLimits, len(list))
		return problems
	}
	for i := range list {
		l, at := &list[i], fmt.Sprintf("limits[%d]", i)
		if err := points.CheckID(l.Code, 32); err != nil {
			problems.Add(at+".code", "%v", err)
		} else if slices.ContainsFunc(list[:i], func(other Limit) bool { return other.Code == l.Code }) {
			problems.Add(at+".code", "%q is named twice", l.Code)
		}
		if len(l.Commands) == 0 {
			problems.Add(at+".commands", "name the types of commands that count, such as \"adjust\"")
		}
		for k, command := range l.Commands {
			if err := points.CheckID(command, maxID); err != nil {
				problems.Add(fmt.Sprintf("%s.commands[%d]", at, k), "%v", err)
			}
		}
		if l.By != ByMember && l.By != ByActor {
			problems.Add(at+".by", "%q is neither %q nor %q", l.By, ByMember, ByActor)
		}
		if _, _, err := period(l.Per, time.Unix(0, 0), time.UTC); err != nil {
			problems.Add(at+".per", "%q is not a period", string(l.Per))
		}
		if l.Times < 0 || l.Times > maxTimes {
			problems.Add(at+".times", "%d is not a number of times up to %d", l.Times, maxTimes)
		}
		if l.Points < 0 || l.Points > maxCutPoints {
			problems.Add(at+".points", "%d is not a number of points up to %d", l.Points, maxCutPoints)
		}
		if l.Times == 0 && l.Points == 0 {
			problems.Add(at, "give \"times\", or \"points\" of a \"unit\"")
		}
		if l.Points != 0 || l.Unit != "" {
			if !slices.ContainsFunc(units, func(u points.Unit) bool { return u.Code == l.Unit }) {
				problems.Add(at+".unit", "%q is not a unit of the program", l.Unit)
			}
		}
	}
	return problems
}

// checkLimits refuses limits on commands that the engine does not have: they would
// guard nothing. Earlier revisions may name commands of a feature that was dropped.
func (e *Engine) checkLimits() error {
	rev := e.present()
	var problems points.Problems
	for i := range rev.Limits {
		for k, command := range rev.Limits[i].Commands {
			if _, known := e.commands[command]; !known {
				problems.Add(fmt.Sprintf("limits[%d].commands[%d]", i, k), "%q is no command of this engine, which has %s",
					points.Clip(command), quotedList(slices.Sorted(maps.Keys(e.commands))))
			}
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("loyalty: revision %d: %w: %w", rev.number, ErrInvalid, problems)
}

const maxTimes = int64(1_000_000_000)

func reviewProblems(list []Review, units []points.Unit) points.Problems {
	var problems points.Problems
	for i, review := range list {
		at := fmt.Sprintf("review[%d]", i)
		problems = append(problems, spendableProblems(at+".unit", review.Unit, units)...)
		if slices.ContainsFunc(list[:i], func(other Review) bool { return other.Unit == review.Unit }) {
			problems.Add(at+".unit", "%q is named twice", review.Unit)
		}
		if review.Above < 0 || review.Above > maxCutPoints {
			problems.Add(at+".above", "%d is not a number of points up to %d", review.Above, maxCutPoints)
		}
	}
	return problems
}

// activation says when points of an award become available, which may have to be
// reviewed first.
func (r *revision) activation(unit *points.Unit, award points.Amount) points.Activation {
	for _, review := range r.Review {
		if review.Unit == unit.Code && award > review.Above {
			return points.UntilConfirmed()
		}
	}
	return unit.Pending
}

// guard counts a command against the limits of the program.
func (tx *Tx) guard() error {
	for i := range tx.rev.Limits {
		limit := &tx.rev.Limits[i]
		own, pays := slices.Contains(limit.Commands, tx.call.typ), tx.pays() && slices.Contains(limit.Commands, spendType)
		if !own && !pays {
			continue
		}
		label, _, err := period(limit.Per, tx.now, tx.rev.zone)
		if err != nil {
			return tx.fail(err)
		}
		moved := points.Amount(0)
		if limit.Points > 0 {
			if moved, err = tx.movedOf(limit.Unit, own, pays); err != nil {
				return tx.fail(err)
			}
		}
		use := tx.useByMember
		if limit.By == ByActor {
			use = tx.useByActor
		}
		if err := use(limit, label, moved); err != nil {
			return err
		}
	}
	return nil
}

// movedOf is how much of a unit the command credits to its member and takes: by itself, or
// as the spend that it also is.
func (tx *Tx) movedOf(unit string, own, pays bool) (points.Amount, error) {
	moved := points.Amount(0)
	if tx.sold.unit == unit {
		moved = tx.sold.amount
	}
	for _, entry := range tx.all() {
		counts := false
		switch entry.Kind {
		case points.EntryEarn, points.EntryAdjust, points.EntryImport, points.EntrySpend, points.EntryHold,
			points.EntryTransferOut, points.EntryTransferIn, points.EntryCount, points.EntryReinstate, points.EntryReturn:
			counts = entry.Unit == unit
		}
		if tx.pays() && (entry.Kind == points.EntrySpend && !pays || entry.Kind != points.EntrySpend && !own) {
			counts = false
		}
		if !counts {
			continue
		}
		var err error
		if moved, err = moved.Add(entry.Amount); err != nil {
			return 0, err
		}
	}
	return moved, nil
}

func (tx *Tx) useByMember(limit *Limit, label string, moved points.Amount) error {
	row, exists, err := tx.kept(limitKind, limit.Code)
	if err != nil {
		return err
	}
	var state limitState
	if exists && row.Sort == label {
		if err := tx.decode(row, &state); err != nil {
			return err
		}
	}
	if limit.Times > 0 && state.Times >= limit.Times {
		return &LimitError{Key: limit.Code, Used: state.Times, Bound: limit.Times}
	}
	if limit.Points > 0 && moved > limit.Points-min(state.Points, limit.Points) {
		return &LimitError{Key: limit.Code, Used: int64(state.Points), Bound: int64(limit.Points)}
	}
	state.Times++
	if state.Points, err = state.Points.Add(moved); err != nil {
		return tx.fail(err)
	}
	data, err := canon.Append(nil, &state)
	if err != nil {
		return tx.fail(err)
	}
	return tx.putOwn(storage.Record{Kind: limitKind, ID: limit.Code, Sort: label, Data: data})
}

// moveLimit adds up what two members used of a limit in the same period; of two periods
// the later one counts.
func (p *Party) moveLimit(into *Party, row storage.Record) error {
	have, exists, err := into.record(limitKind, row.ID)
	if err != nil || exists && have.Sort > row.Sort {
		return err
	}
	if !exists || have.Sort < row.Sort {
		return into.putOwn(row)
	}
	var sum, theirs limitState
	if err := into.decode(have, &sum); err != nil {
		return err
	}
	if err := p.decode(row, &theirs); err != nil {
		return err
	}
	sum.Times += theirs.Times
	if sum.Points, err = sum.Points.Add(theirs.Points); err != nil {
		return into.tx.fail(err)
	}
	data, err := canon.Append(nil, &sum)
	if err != nil {
		return into.tx.fail(err)
	}
	return into.putOwn(storage.Record{Kind: limitKind, ID: row.ID, Sort: row.Sort, Data: data})
}

func (tx *Tx) useByActor(limit *Limit, label string, moved points.Amount) error {
	if tx.plan.Actor == "" {
		return nil
	}
	actor := sha256.Sum256([]byte(tx.plan.Actor))
	key := storage.ReservedPrefix + "limit/" + limit.Code + "/" + label + "/" + hex.EncodeToString(actor[:12])
	for _, use := range []struct {
		of           string
		delta, bound int64
	}{{"/t", 1, limit.Times}, {"/p", int64(moved), int64(limit.Points)}} {
		if use.bound == 0 || use.delta == 0 {
			continue
		}
		if err := tx.use(key+use.of, use.delta, use.bound); err != nil {
			if over, ok := errors.AsType[*LimitError](err); ok {
				return &LimitError{Key: limit.Code, Used: over.Used, Bound: over.Bound}
			}
			return err
		}
	}
	return nil
}
