package loyalty

import (
	"context"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

// AdoptOptions says how AdoptLadders works; nil is a good default.
type AdoptOptions struct {
	// After goes on where an earlier run stopped: it is that report's Next.
	After string
	// Progress, if not nil, is called after every page.
	Progress func(AdoptReport)
}

// AdoptReport says what one AdoptLadders did.
type AdoptReport struct {
	// Visited counts the accounts.
	Visited int
	// Failed holds an error for each account that failed, at most 100.
	Failed []error
	// Next is where to go on after a run that was stopped; empty at the end.
	Next string
}

// AdoptLadders lets every member adopt the ladders of the revision in force, with what
// they count taken from the ledger where it was not counted so far. A member who does
// something adopts them by that, and whoever is looked at is shown by them; so this
// matters for those who do nothing, whose events would come late. Members who have
// adopted them are passed over, so it may be stopped and run again. A ledger is read in
// pages, and what is remembered of it grows with its days and not with its entries. Where
// the read is cut, the same engine goes on from there, and another one begins the member anew.
func (e *Engine) AdoptLadders(ctx context.Context, options *AdoptOptions) (AdoptReport, error) {
	var o AdoptOptions
	if options != nil {
		o = *options
	}
	report := AdoptReport{Next: o.After}
	if err := e.writeRevisions(ctx); err != nil {
		return report, fmt.Errorf("loyalty: adopt ladders: %w", err)
	}
	now := instant(e.options.Clock())
	for {
		page, err := e.store.Accounts(ctx, storage.AccountQuery{Program: e.program, After: report.Next, Limit: groupCalls})
		if err != nil {
			return report, fmt.Errorf("loyalty: adopt ladders: %w", err)
		}
		var calls []*call
		for i := range page.Items {
			if page.Items[i].Kind == storage.Person {
				calls = append(calls, e.dueCall(page.Items[i].Member, now))
			}
		}
		e.run(ctx, append([]*call(nil), calls...))
		if err := ctx.Err(); err != nil {
			return report, fmt.Errorf("loyalty: adopt ladders: %w", err)
		}
		report.Visited += len(calls)
		for _, c := range calls {
			if c.err != nil && len(report.Failed) < 100 {
				report.Failed = append(report.Failed, c.wrap(c.err))
			}
		}
		report.Next = page.Next
		if o.Progress != nil {
			o.Progress(report)
		}
		if page.Next == "" {
			return report, nil
		}
	}
}
