package points

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Usage is what a member has used of the counts and caps of rules: by rule code
// and period, so that a new revision of a rule keeps it. Its JSON is short, since
// one is stored for every member. The zero Usage is that of a new member.
type Usage struct {
	// Marks are sorted by rule, then period.
	Marks []Mark `json:"m,omitempty"`
	// Dropped is the latest end of a period whose marks are no longer kept.
	Dropped time.Time `json:"x,omitzero"`
}

// Mark is what was used of a rule in a period.
type Mark struct {
	Rule string `json:"r"`
	// Period is the name that [Period.On] gives, and End its end, or [Never].
	Period string    `json:"p"`
	End    time.Time `json:"e"`
	// Count is what [Rule.Count] has counted, and Done how often it has earned.
	Count int64 `json:"c,omitempty"`
	Done  int64 `json:"d,omitempty"`
	// Times and Points are what caps bound.
	Times  int64  `json:"t,omitempty"`
	Points Amount `json:"s,omitempty"`
}

// Use is what one order or activity uses of a rule that counts or is capped.
type Use struct {
	Rule string `json:"r"`
	// Counted is what it adds to the rule's count: 1, or pieces; Lines are the places
	// of the order's lines that made it count. Completed is how often that completes the count.
	Counted   int64 `json:"c,omitempty"`
	Lines     []int `json:"l,omitempty"`
	Completed int64 `json:"d,omitempty"`
	// Times and Points are what the rule gave, after caps; they are set for rules
	// with caps or budgets.
	Times  int64  `json:"t,omitempty"`
	Points Amount `json:"s,omitempty"`
	// Cuts says what caps and budgets took off, in the order in which they apply.
	Cuts []Cut `json:"-"`
}

// mark returns what was used of a rule in a period, and where its mark is or
// belongs.
func (u *Usage) mark(rule, period string) (Mark, int) {
	if u == nil {
		return Mark{}, 0
	}
	i, found := slices.BinarySearchFunc(u.Marks, Mark{Rule: rule, Period: period}, func(a, b Mark) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Period, b.Period))
	})
	if !found {
		return Mark{}, i
	}
	return u.Marks[i], i
}

// keeps reports whether the marks of a period with this end are all there.
func (u *Usage) keeps(end time.Time) bool { return u == nil || end.After(u.Dropped) }

// Add returns the usage with what an order or activity used at an instant, by the
// rules that [EvaluateOrder] or [EvaluateActivity] was given.
func (u Usage) Add(rules []Rule, uses []Use, at time.Time, zone *time.Location) Usage {
	u.Marks = slices.Clone(u.Marks)
	for _, use := range uses {
		i := slices.IndexFunc(rules, func(r Rule) bool { return r.Code == use.Rule })
		if i < 0 {
			continue
		}
		rule := &rules[i]
		if rule.Count != nil && use.Counted > 0 {
			m := u.at(rule.Code, rule.Count.Period(), at, zone)
			m.Done = saturatedSum(m.Done, use.Completed)
			m.Count = saturatedSum(m.Count, use.Counted)
		}
		if use.Times > 0 {
			for _, per := range periods {
				if per != PerEvent && slices.ContainsFunc(rule.Caps, func(c Cap) bool { return c.Per == per }) {
					m := u.at(rule.Code, per, at, zone)
					m.Times, m.Points = m.Times+use.Times, Amount(saturatedSum(int64(m.Points), int64(use.Points)))
				}
			}
		}
	}
	return u
}

// at returns the mark of a rule in the period of an instant, made where there is
// none.
func (u *Usage) at(rule string, per Period, at time.Time, zone *time.Location) *Mark {
	name, end := per.On(at, zone)
	m, i := u.mark(rule, name)
	if m.Rule == "" {
		u.Marks = slices.Insert(u.Marks, i, Mark{Rule: rule, Period: name, End: end})
	}
	return &u.Marks[i]
}

// Uncount returns the usage without what a refund took back of a count: so much
// of it, and so many times that it had been completed. What caps have counted
// stays: they bound what is earned, not what is kept. A period that is no longer
// kept stays as it is.
func (u Usage) Uncount(rule, period string, counted, completed int64) Usage {
	m, i := u.mark(rule, period)
	if m.Rule == "" {
		return u
	}
	u.Marks = slices.Clone(u.Marks)
	u.Marks[i].Count = max(0, m.Count-counted)
	u.Marks[i].Done = max(0, m.Done-completed)
	return u
}

// Prune returns the usage without the periods that ended by an instant. Later
// evaluations in one of them are [ErrUsageGone], so that a cap is never forgotten.
func (u Usage) Prune(before time.Time) Usage {
	ended := func(m Mark) bool { return !m.End.After(before) }
	if !slices.ContainsFunc(u.Marks, ended) {
		return u
	}
	kept := make([]Mark, 0, len(u.Marks))
	for _, m := range u.Marks {
		if !ended(m) {
			kept = append(kept, m)
		} else if m.End.After(u.Dropped) {
			u.Dropped = m.End
		}
	}
	u.Marks = kept
	return u
}

// Merge returns the usage of two members who become one: counts and caps add up.
func (u Usage) Merge(other Usage) Usage {
	u.Marks = slices.Clone(u.Marks)
	for _, theirs := range other.Marks {
		m, i := u.mark(theirs.Rule, theirs.Period)
		if m.Rule == "" {
			u.Marks = slices.Insert(u.Marks, i, theirs)
			continue
		}
		u.Marks[i].Count = saturatedSum(m.Count, theirs.Count)
		u.Marks[i].Done = saturatedSum(m.Done, theirs.Done)
		u.Marks[i].Times = saturatedSum(m.Times, theirs.Times)
		u.Marks[i].Points = Amount(saturatedSum(int64(m.Points), int64(theirs.Points)))
	}
	if other.Dropped.After(u.Dropped) {
		u.Dropped = other.Dropped
	}
	return u
}
