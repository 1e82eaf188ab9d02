package loyalty

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// selects reports whether a rule asks for more than lines and weekdays.
func selects(rule *points.Rule) bool {
	return rule.Only != nil || len(rule.When.Days)+len(rule.When.Months)+len(rule.When.Hours) > 0
}

// circumstances are what is known of an order or an activity.
type circumstances struct {
	channel, store, currency string
	attributes               map[string]string
}

// explainConditions says what rules that ask for more than lines and weekdays found.
func (e *earning) explainConditions(at circumstances) {
	for i := range e.tx.receipt.Awards {
		rules := e.tx.receipt.Awards[i].Rules
		for j := range rules {
			rule := e.rev.rule(rules[j].Rule)
			if rule == nil || !selects(rule) {
				continue
			}
			var found FoundReceipt
			found.when(&rule.When, e.env.At, e.env.Zone)
			if only := rule.Only; only != nil {
				if len(only.Channels) > 0 {
					found.Channel = at.channel
				}
				if len(only.Stores) > 0 {
					found.Store = at.store
				}
				found.Tier, found.Segment = firstOf(e.env.Tiers, only.Tiers), firstOf(e.env.Segments, only.Segments)
				for _, least := range only.Minimum {
					if least.Currency == at.currency {
						found.Minimum, rules[j].Currency = shortest(least.Amount), at.currency
					}
				}
				found.Together, found.Attributes = namesOf(only.Combination), askedFor(only.Attributes, at.attributes)
			}
			if words := found.words(rules[j].Currency); words != "" {
				rules[j].Found = &found
			}
		}
	}
}

// when notes the day, the month and the window of the day that a rule asked for.
func (f *FoundReceipt) when(when *points.When, at time.Time, zone *time.Location) {
	day := at.In(zone)
	if len(when.Hours) > 0 {
		start, hours, ok := when.Window(at, zone)
		if !ok {
			return
		}
		day, f.Hours = start, &hours
	}
	if len(when.Months) > 0 {
		f.Month = day.Month()
	}
	if len(when.Days) == 0 {
		return
	}
	if f.Day = day.Day(); !slices.Contains(when.Days, f.Day) {
		f.Day -= time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() + 1
	}
}

// namesOf names the parts of a combination.
func namesOf(parts []points.Pieces) []string {
	var names []string
	for i := range parts {
		match := &parts[i].Match
		name := "anything"
		switch all := slices.Concat(match.Items, match.Categories, match.Tags); {
		case len(all) > 2:
			name = all[0] + " or others"
		case len(all) > 0:
			name = strings.Join(all, " or ")
		}
		if n := parts[i].Quantity; n > 1 {
			name = fmt.Sprintf("%d × %s", n, name)
		}
		names = append(names, name)
	}
	return names
}

// askedFor returns those of the attributes that a rule asks for.
func askedFor(rule map[string][]string, attributes map[string]string) map[string]string {
	var found map[string]string
	for name := range rule {
		if found == nil {
			found = make(map[string]string, len(rule))
		}
		found[name] = attributes[name]
	}
	return found
}

// firstOf returns the first of the values that is in the list, or "".
func firstOf(values, list []string) string {
	for _, value := range values {
		if slices.Contains(list, value) {
			return value
		}
	}
	return ""
}

// words says what conditions found, each after a space.
func (f *FoundReceipt) words(currency string) string {
	var b strings.Builder
	for _, found := range []struct{ before, text string }{
		{" in channel ", f.Channel},
		{" in store ", f.Store},
		{" as ", f.Tier},
		{" for segment ", f.Segment},
		{" for ", strings.Join(f.Together, " with ")},
	} {
		if found.text != "" {
			b.WriteString(found.before + found.text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Attributes)) {
		b.WriteString(" where " + name + " is " + f.Attributes[name])
	}
	if f.Minimum.IsPositive() {
		b.WriteString(" from " + currency + " " + f.Minimum.StringFixed(2) + " on")
	}
	switch {
	case f.Day > 0:
		b.WriteString(" on the " + ordinal(int64(f.Day)))
	case f.Day == -1:
		b.WriteString(" on the last day of the month")
	case f.Day < 0:
		b.WriteString(" on the " + ordinal(int64(-f.Day)) + " last day of the month")
	}
	if f.Month > 0 {
		b.WriteString(" in " + f.Month.String())
	}
	if f.Hours != nil {
		b.WriteString(" from " + f.Hours.From.String() + " to " + f.Hours.Until.String())
	}
	return b.String()
}
