package loyalty

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// usageRefs names the record that a member's progress is read from, where some rule
// counts.
func (e *Engine) usageRefs() []storage.RecordKey {
	if !everLimited(e.revisions) {
		return nil
	}
	return []storage.RecordKey{{Kind: usageKind, ID: usageID}}
}

// progress is how far a member has come with the rules that count at an instant.
func (e *Engine) progress(a *account, at time.Time) ([]points.Progress, error) {
	rev := revisionAt(e.revisions, at)
	if !rev.limited {
		return nil, nil
	}
	var usage points.Usage
	if i := a.recordAt(usageKind, usageID); i >= 0 && a.records[i].exists && !Moved(a.records[i].row) {
		if err := json.Unmarshal(a.records[i].row.Data, &usage); err != nil {
			return nil, fmt.Errorf("record %s %q: %w", usageKind, usageID, err)
		}
	}
	var list []points.Progress
	for i := range rev.Earning {
		rule := &rev.Earning[i]
		if !rule.When.From.IsZero() && at.Before(rule.When.From) || !rule.When.Until.IsZero() && !at.Before(rule.When.Until) {
			continue
		}
		if progress, counts := usage.Progress(rule, at, rev.zone); counts {
			list = append(list, progress)
		}
	}
	slices.SortFunc(list, func(a, b points.Progress) int { return strings.Compare(a.Rule, b.Rule) })
	return list, nil
}

// moveUsage adds what a member has used to what the survivor of a merge has. Undoing
// the merge leaves it there: nobody can tell whose it was.
func (p *Party) moveUsage(into *Party) error {
	theirs, err := p.usage()
	if err != nil {
		return err
	}
	own, err := into.usage()
	if err != nil {
		return err
	}
	return into.putUsage(own.Merge(theirs))
}
