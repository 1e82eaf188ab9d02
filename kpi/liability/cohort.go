package liability

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// State is what became of a cohort of points until the end of a period: all
// quantities are totals since the cohort's first day, not those of the period. They
// fall only where something was undone, such as a sale by its refund. A cohort is
// what was earned together, such as in a month.
type State struct {
	Period kpi.Period
	// Deferred is what was allocated to the points until now.
	Deferred decimal.Decimal
	// Issued, Redeemed and Expired are points. Points that a refund took back are in
	// none of them, and their part of the price is not in Deferred.
	Issued, Redeemed, Expired decimal.Decimal
	// Expected is how many will have been redeemed in the end, as estimated now, for
	// the method [Proportional].
	Expected decimal.Decimal
	// Remote is how many of those that are neither redeemed nor expired have become
	// unlikely to be, by the entity's own rule, for the method [Remote].
	Remote decimal.Decimal
	// Escheat is the amount that the law of unclaimed property gives to the state for
	// points that are not redeemed: it never becomes revenue, and is owed until it is
	// Remitted (IFRS 15 B47).
	Escheat, Remitted decimal.Decimal
}

func (s *State) outstanding() decimal.Decimal { return s.Issued.Sub(s.Redeemed).Sub(s.Expired) }

// recognizable is what may become revenue at all.
func (s *State) recognizable() decimal.Decimal { return s.Deferred.Sub(s.Escheat) }

func (s *State) validate(problems *kpi.Problems, method Method, path string) {
	before := len(*problems)
	for _, field := range []struct {
		name  string
		value decimal.Decimal
	}{
		{"deferred", s.Deferred},
		{"issued", s.Issued},
		{"redeemed", s.Redeemed},
		{"expired", s.Expired},
		{"expected", s.Expected},
		{"remote", s.Remote},
		{"escheat", s.Escheat},
		{"remitted", s.Remitted},
	} {
		checkQuantity(problems, path+"."+field.name, field.value)
	}
	if len(*problems) > before {
		return
	}
	for _, rule := range []struct {
		name        string
		value, most decimal.Decimal
		why         string
	}{
		{"expired", s.Expired, s.Issued.Sub(s.Redeemed), "what was issued and not redeemed"},
		{"remote", s.Remote, s.outstanding(), "what is outstanding"},
		{"expected", s.Expected, s.Issued.Sub(s.Expired), "what was issued and has not expired"},
		{"escheat", s.Escheat, s.Deferred, "what was deferred"},
		{"remitted", s.Remitted, s.Escheat, "the escheat"},
	} {
		if rule.value.GreaterThan(rule.most) {
			problems.Add(path+"."+rule.name, "must be at most %s, %s, is %s", rule.most, rule.why, rule.value)
		}
	}
	if s.Issued.IsZero() && s.Deferred.IsPositive() {
		problems.Add(path+".issued", "must be above 0 where %s was deferred", s.Deferred)
	}
	if kept := decimal.Max(s.Expected, s.Redeemed); s.Escheat.Mul(s.Issued).GreaterThan(s.Deferred.Mul(s.Issued.Sub(kept))) {
		problems.Add(path+".escheat", "%s is more of %s than the points that are not to be redeemed are, %s of %s", s.Escheat, s.Deferred, s.Issued.Sub(kept), s.Issued)
	}
	s.validateMethod(problems, method, path)
}

func (s *State) validateMethod(problems *kpi.Problems, method Method, path string) {
	switch {
	case method == Remote && !s.Expected.IsZero():
		problems.Add(path+".expected", "must be left out: the method %s recognizes no breakage by estimate", Remote)
	case method == Proportional && !s.Remote.IsZero():
		problems.Add(path+".remote", "must be left out: the method %s has it in its estimate", Proportional)
	case method == Proportional && s.Expected.LessThan(s.Redeemed):
		problems.Add(path+".expected", "must be at least the %s that are redeemed already, is %s", s.Redeemed, s.Expected)
	case method == Proportional && s.Expected.IsZero() && s.outstanding().IsPositive() && s.Deferred.IsPositive():
		problems.Add(path+".expected", "must be above 0 while points are outstanding: where none is expected to be redeemed, nothing is deferred")
	}
}

// revenue is what has become revenue until now, of it breakage the part beyond the
// redeemed points' own.
func (p Policy) revenue(s *State) (all, breakage decimal.Decimal) {
	if s.Deferred.IsZero() {
		return decimal.Zero, decimal.Zero
	}
	own := decimal.Min(portion(s.Deferred, s.Redeemed, s.Issued, p.Step), s.recognizable())
	switch {
	case s.outstanding().IsZero():
		all = s.recognizable()
	case p.Method == Proportional:
		all = decimal.Min(portion(s.recognizable(), s.Redeemed, s.Expected, p.Step), s.recognizable())
	default:
		broken := portion(s.Deferred, s.Expired.Add(s.Remote), s.Issued, p.Step).Sub(s.Escheat)
		all = decimal.Min(own.Add(decimal.Max(broken, decimal.Zero)), s.recognizable())
	}
	return all, all.Sub(own)
}

// follows reports a state that cannot come after the one before.
func (s *State) follows(problems *kpi.Problems, before *State, path string) {
	if s.Remitted.LessThan(before.Remitted) {
		problems.Add(path+".remitted", "must be at least the %s of the period before, is %s", before.Remitted, s.Remitted)
	}
	if !s.Period.Start.Equal(before.Period.End) {
		problems.Add(path+".period", "must start where the one before ends, at %s", before.Period.End.Format(time.RFC3339))
	}
}

func checkStates(policy Policy, states []State) (Policy, error) {
	var problems kpi.Problems
	policy = policy.validate(&problems)
	for i := range states {
		path := fmt.Sprintf("states[%d]", i)
		states[i].validate(&problems, policy.Method, path)
		if !states[i].Period.End.After(states[i].Period.Start) {
			problems.Add(path+".period", "must end after it starts")
		}
		if i > 0 {
			states[i].follows(&problems, &states[i-1], path)
		}
	}
	return policy, problems.Err()
}
