package loyalty

import (
	"context"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// PruneOptions says what of a program's past may go. A zero duration keeps its
// part for ever; ages count from the engine's clock.
type PruneOptions struct {
	// Events is the age at which acknowledged events go.
	Events time.Duration
	// Bodies is the age at which commands and receipts of operations go. Their
	// digests stay, so that the chain still verifies; a repeated key is still
	// recognized, and answered with what the row tells.
	Bodies time.Duration
	// Keys is the age at which callers' keys are forgotten. A command that is
	// repeated later is then a new one.
	Keys time.Duration
}

// Prune drops what is no longer needed, in bounded steps. Entries, lots and the
// rows of operations stay for ever.
func (e *Engine) Prune(ctx context.Context, options PruneOptions) (storage.Pruned, error) {
	now := instant(e.options.Clock())
	before := func(age time.Duration) time.Time {
		if age <= 0 {
			return time.Time{}
		}
		return now.Add(-age)
	}
	request := storage.PruneRequest{
		Program: e.program, EventsBefore: before(options.Events), BodiesBefore: before(options.Bodies), KeysBefore: before(options.Keys),
	}
	var total storage.Pruned
	for {
		step, err := e.store.Prune(ctx, request)
		total.Events += step.Events
		total.Bodies += step.Bodies
		total.Keys += step.Keys
		if err != nil {
			return total, fmt.Errorf("loyalty: prune: %w", err)
		}
		if !step.More {
			return total, nil
		}
	}
}

// Totals sums the program's entries by unit, kind and buckets: the trial balance.
// Over both sides of all totals every unit comes to zero.
func (e *Engine) Totals(ctx context.Context) ([]storage.Total, error) {
	totals, err := storage.Totals(ctx, e.store, e.program)
	if err != nil {
		return nil, fmt.Errorf("loyalty: totals: %w", err)
	}
	return totals, nil
}
