package loyalty

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// Jurisdiction overrides how long points live for members who are under it.
type Jurisdiction struct {
	// Code is what Enroll and SetJurisdiction name, such as "CA-QC": 1 to 32 bytes.
	Code string `json:"code"`
	// Units has the terms of units that differ; the others keep their own. Without any
	// the program's own terms hold: list such a jurisdiction to let members name it.
	Units []UnitTerms `json:"units,omitempty"`
}

// UnitTerms take the place of a unit's Expiry and Inactivity, and of the Expiry of
// rules that earn it.
type UnitTerms struct {
	Unit string `json:"unit"`
	// Expiry is required: never, where expiry by time alone is banned. No points that an
	// account under such a ban receives expire by time then, whatever date an Adjust, an
	// Import, an Extend or a Reinstate gives, a rule or tier has, or they bring along from
	// another member.
	Expiry points.Expiry `json:"expiry"`
	// Inactivity is nil where points of members who are not active stay.
	Inactivity *points.Inactivity `json:"inactivity,omitempty"`
}

const maxJurisdictions = 300

// jurisdictionProblems reports every problem of a program's jurisdictions.
func jurisdictionProblems(list []Jurisdiction, units []points.Unit) points.Problems {
	var problems points.Problems
	if len(list) > maxJurisdictions {
		problems.Add("jurisdictions", "at most %d fit a program, here are %d", maxJurisdictions, len(list))
		return problems
	}
	for i := range list {
		j, at := &list[i], fmt.Sprintf("jurisdictions[%d]", i)
		if err := points.CheckID(j.Code, maxJurisdiction); err != nil {
			problems.Add(at+".code", "%v", err)
		}
		if slices.ContainsFunc(list[:i], func(other Jurisdiction) bool { return other.Code == j.Code }) {
			problems.Add(at+".code", "%q is named twice", j.Code)
		}
		for k := range j.Units {
			terms, path := &j.Units[k], fmt.Sprintf("%s.units[%d]", at, k)
			problems = append(problems, spendableProblems(path+".unit", terms.Unit, units)...)
			if slices.ContainsFunc(j.Units[:k], func(other UnitTerms) bool { return other.Unit == terms.Unit }) {
				problems.Add(path+".unit", "%q is named twice", terms.Unit)
			}
			problems = append(problems, points.ValidateExpiry(path+".expiry", terms.Expiry)...)
			problems = append(problems, points.ValidateInactivity(path+".inactivity", terms.Inactivity)...)
		}
	}
	return problems
}

const maxJurisdiction = 32

// spendableProblems reports a code that is not one of a unit to spend.
func spendableProblems(path, code string, units []points.Unit) points.Problems {
	var problems points.Problems
	i := slices.IndexFunc(units, func(u points.Unit) bool { return u.Code == code })
	switch {
	case i < 0:
		problems.Add(path, "%q is not a unit of the program", code)
	case units[i].Kind == points.Metric:
		problems.Add(path, "%q is a metric", code)
	}
	return problems
}

// terms returns the terms of a jurisdiction for a unit, or nil where it has none of
// its own.
func (r *revision) terms(jurisdiction, unit string) *UnitTerms {
	for i := range r.Jurisdictions {
		if r.Jurisdictions[i].Code != jurisdiction {
			continue
		}
		for k := range r.Jurisdictions[i].Units {
			if r.Jurisdictions[i].Units[k].Unit == unit {
				return &r.Jurisdictions[i].Units[k]
			}
		}
	}
	return nil
}

// expiry is how long points of a unit live that a rule gives to the account, where
// an empty rule is none.
func (p *Party) expiry(rev *revision, unit *points.Unit, rule string) points.Expiry {
	if terms := p.terms(rev, unit.Code); terms != nil {
		return terms.Expiry
	}
	if own := rev.livesOf(rule); own != (points.Expiry{}) {
		return own
	}
	return unit.Expiry
}

// inactivity is how the account loses points of a unit that it does not use, or nil.
func (p *Party) inactivity(rev *revision, unit string) *points.Inactivity {
	if terms := p.terms(rev, unit); terms != nil {
		return terms.Inactivity
	}
	if u, ok := rev.Unit(unit); ok {
		return u.Inactivity
	}
	return nil
}

// neverByTime reports whether the account is under a law by which points of a unit do
// not expire by time alone.
func (p *Party) neverByTime(unit string) bool {
	terms := p.terms(p.tx.rev, unit)
	return terms != nil && terms.Expiry.Never
}

func (p *Party) terms(rev *revision, unit string) *UnitTerms {
	if len(rev.Jurisdictions) == 0 {
		return nil
	}
	data, err := p.document()
	if err != nil || data.Jurisdiction == "" {
		return nil
	}
	return rev.terms(data.Jurisdiction, unit)
}

// expiring is the part of an award whose points live equally long.
type expiring struct {
	expiry points.Expiry
	points points.Amount
	shares []points.Share
}

// byExpiry splits the shares of an award, one of each rule, by how long their points
// live. There is at least one part.
func (p *Party) byExpiry(rev *revision, unit *points.Unit, shares []points.Share) []expiring {
	parts := []expiring{{expiry: p.expiry(rev, unit, "")}}
	if !slices.ContainsFunc(shares, func(share points.Share) bool { return p.expiry(rev, unit, share.Rule) != parts[0].expiry }) {
		for _, share := range shares {
			parts[0].points += share.Points
		}
		parts[0].shares = shares
		return parts
	}
	for _, share := range shares {
		expiry := p.expiry(rev, unit, share.Rule)
		i := slices.IndexFunc(parts, func(part expiring) bool { return part.expiry == expiry })
		if i < 0 {
			i = len(parts)
			parts = append(parts, expiring{expiry: expiry})
		}
		parts[i].points += share.Points
		parts[i].shares = append(parts[i].shares, share)
	}
	if len(parts) > 1 && len(parts[0].shares) == 0 {
		return parts[1:]
	}
	return parts
}

// SetJurisdiction says which jurisdiction of the program a member is under from now
// on; an empty one is none. Lots keep their dates: to bring them up to a law that
// bans their expiry, follow it with Extend.
type SetJurisdiction struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	// Jurisdiction is the code of one that a revision of the program lists.
	Jurisdiction string    `json:"jurisdiction,omitempty"`
	OccurredAt   time.Time `json:"occurredAt,omitzero"`
	Reason       string    `json:"reason,omitempty"`
	Actor        string    `json:"actor,omitempty"`
}

// Plan implements [Command].
func (c SetJurisdiction) Plan() Plan {
	return Plan{Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor}
}

// Validate reports a code that none can have.
func (c SetJurisdiction) Validate() error { return checkJurisdiction(c.Jurisdiction).Err() }

// Apply implements [Command].
func (c SetJurisdiction) Apply(_ context.Context, tx *Tx) error {
	if err := tx.knownJurisdiction(c.Jurisdiction); err != nil {
		return err
	}
	data, err := tx.document()
	if err != nil {
		return err
	}
	data.Jurisdiction, tx.dataChanged = c.Jurisdiction, true
	return nil
}

func checkJurisdiction(code string) points.Problems {
	var problems points.Problems
	if code == "" {
		return nil
	}
	if err := points.CheckID(code, maxJurisdiction); err != nil {
		problems.Add("jurisdiction", "%v", err)
	}
	return problems
}

// knownJurisdiction refuses a code that no revision of the program lists: a misspelled
// one would give a member the program's own terms, and nobody would see it.
func (tx *Tx) knownJurisdiction(code string) error {
	if code == "" {
		return nil
	}
	var known []string
	for _, rev := range tx.deciding.engine.revisions {
		for i := range rev.Jurisdictions {
			known = append(known, rev.Jurisdictions[i].Code)
		}
	}
	if slices.Contains(known, code) {
		return nil
	}
	if len(known) == 0 {
		return invalid("jurisdiction", "%q: the program lists no jurisdictions", code)
	}
	slices.Sort(known)
	return invalid("jurisdiction", "%q is none that the program lists: %s", code, quotedList(slices.Compact(known)))
}

// quotedList lists the first names of many, quoted.
func quotedList(names []string) string {
	const most = 100
	var b strings.Builder
	for i, name := range names[:min(len(names), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	if more := len(names) - most; more > 0 {
		fmt.Fprintf(&b, " and %d more", more)
	}
	return b.String()
}
