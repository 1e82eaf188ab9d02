package loyalty

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/loyaltykit/loyaltykit/storage"
)

// auditOrders compares the orders of an account with its operations and lots, and
// with the claims that keep them from earning twice.
func (e *Engine) auditOrders(ctx context.Context, member string, a *audit) (*Problem, error) {
	var problem *Problem
	claims := map[storage.ClaimKey]string{}
	check := func() error {
		var err error
		if problem == nil && len(claims) > 0 {
			problem, err = e.auditClaims(ctx, member, claims)
		}
		clear(claims)
		return err
	}
	for row, err := range storage.AllRecords(ctx, e.store, storage.RecordQuery{Program: e.program, Member: member, Kind: orderKind}) {
		if err != nil {
			return nil, err
		}
		if Moved(row) || row.Status == erasedState {
			continue
		}
		var state orderState
		if problem = a.order(row, &state); problem != nil {
			break
		}
		if !everPerMember(e.revisions) {
			claims[storage.ClaimKey{Space: orderSpace, Key: cmp.Or(state.As, row.ID)}] = cmp.Or(state.From, member)
		}
		if len(claims) == 100 {
			if err := check(); err != nil {
				return nil, err
			}
		}
		if problem != nil {
			break
		}
	}
	if err := check(); err != nil || problem == nil {
		return nil, err
	}
	// Records and claims are read without a version: what changed meanwhile is audited
	// again.
	version, err := e.lastVersion(ctx, member)
	if err == nil && version != a.account.Version {
		err = storage.ErrConflict
	}
	return problem, err
}

// order compares one order's record with the versions and lots that there are.
func (a *audit) order(row storage.Record, state *orderState) *Problem {
	name := fmt.Sprintf("record %s %q", row.Kind, row.ID)
	if err := json.Unmarshal(row.Data, state); err != nil {
		return &Problem{Row: name, What: "its document cannot be read"}
	}
	if state.From == "" && state.Version > a.account.Version {
		return &Problem{Row: name, What: fmt.Sprintf("earned by operation %d, which is missing", state.Version)}
	}
	for _, id := range row.Lots {
		if _, exists := a.stored[id]; !exists {
			return &Problem{Row: name, What: fmt.Sprintf("names lot %d, which is missing", id)}
		}
	}
	for i := range state.Awards {
		award := &state.Awards[i]
		if award.Taken < 0 || award.Taken > award.Total() {
			return &Problem{Row: name, What: fmt.Sprintf("of %d %s %d are taken back", award.Total(), award.Unit, award.Taken)}
		}
	}
	return nil
}

// auditClaims compares the claims of orders with those who hold them.
func (e *Engine) auditClaims(ctx context.Context, member string, holders map[storage.ClaimKey]string) (*Problem, error) {
	request := storage.LoadRequest{Program: e.program, Member: member}
	for key := range holders {
		request.Claims = append(request.Claims, key)
	}
	snaps, err := e.store.Load(ctx, []storage.LoadRequest{request})
	if err != nil {
		return nil, err
	}
	held := map[storage.ClaimKey]string{}
	for _, claim := range snaps[0].Claims {
		held[storage.ClaimKey{Space: claim.Space, Key: claim.Key}] = claim.Holder
	}
	var problem *Problem
	for key, want := range holders {
		row := fmt.Sprintf("claim %s %q", key.Space, key.Key)
		if has := held[key]; has != want && (problem == nil || row < problem.Row) {
			problem = &Problem{Row: row, What: fmt.Sprintf("is held by %q, its order earned for %q", has, want)}
		}
	}
	return problem, nil
}
