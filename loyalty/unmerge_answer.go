package loyalty

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// undoneKind is the kind of the records of what an UnMerge answered, by its version. They
// stay with the account whose operation it is, however often the two become one again.
const undoneKind = "undone"

// undoneState is what an UnMerge answers once all has gone back.
type undoneState struct {
	Balances []points.Balance `json:"b,omitempty"`
	Returned []Scheduled      `json:"r,omitempty"`
	Spent    []Scheduled      `json:"s,omitempty"`
	Owed     []PointsBack     `json:"o,omitempty"`
}

func undoneID(version int64) string { return strconv.FormatInt(version, 10) }

// answerUnMerge keeps what the UnMerge answers that is finished now. It is called on the
// survivor.
func (p *Party) answerUnMerge(state *mergeState) error {
	if state.Undoing == 0 {
		state.After = slices.Clone(p.row.Balances)
		return nil
	}
	data, err := canon.Append(nil, undoneState{
		Balances: p.row.Balances, Returned: state.Returned, Spent: state.Spent, Owed: state.Owed,
	})
	if err != nil {
		return p.tx.fail(err)
	}
	return p.putOwn(storage.Record{Kind: undoneKind, ID: undoneID(state.Undoing), Data: data})
}

// report answers with what went back and what did not.
func (c UnMerge) report(ctx context.Context, e *Engine, call *call) error {
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{{
		Program: e.program, Member: call.receipt.Member,
		Records: []storage.RecordKey{
			{Kind: undoneKind, ID: undoneID(call.receipt.Version)}, {Kind: mergeKind, ID: c.From},
		},
	}})
	if err != nil {
		return fmt.Errorf("%w: %w", errNotStored, err)
	}
	var state undoneState
	var known bool
	for _, row := range snaps[0].Records {
		switch {
		case row.Kind == undoneKind:
			state, known = undoneState{}, true
			err = json.Unmarshal(row.Data, &state)
		case row.Status == mergeParted && !known:
			var merge mergeState
			err = json.Unmarshal(row.Data, &merge)
			state, known = undoneState{Balances: merge.After, Returned: merge.Returned, Spent: merge.Spent, Owed: merge.Owed}, merge.Undoing == 0
		}
		if err != nil {
			return fmt.Errorf("record %s %q: %w", row.Kind, row.ID, err)
		}
	}
	if !known {
		return nil
	}
	receipt := *call.receipt
	receipt.Balances = state.Balances
	receipt.Result, err = canon.Append(nil, UnMerged{From: c.From, Returned: state.Returned, Spent: state.Spent, Owed: state.Owed})
	call.receipt = &receipt
	return err
}
