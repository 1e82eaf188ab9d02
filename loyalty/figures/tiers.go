package figures

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// TierOptions say which ladder is looked at, and when.
type TierOptions struct {
	// Ladder is the code of a ladder of the program; empty is its first.
	Ladder string
	// Period has the two instants: Start, and End, which should not be ahead of what was
	// settled; see Engine.RunDue.
	Period kpi.Period
}

// TierMoves fills a [kpi.TierMoves]: it counts members by their tier at the start and at
// the end of a period, for [kpi.TierMoves.Migration]. A tier is that of Engine.MemberAt: what was counted late
// decides as if it had been known on its day, and grants count. Members who had not
// enrolled, were closed or are erased hold none; who was merged into another account is
// counted there only.
//
// An instant before a member's last operation is rebuilt from the whole ledger up to it,
// and all lots: once for the start of the period and once more for its end, unless
// nothing came after that. It costs what the histories of all members cost to read,
// twice, and holds one member at a time; for millions of them it is a job for the night.
func TierMoves(ctx context.Context, engine *loyalty.Engine, store storage.Store, o TierOptions) (*kpi.TierMoves, error) {
	program := engine.Program(points.Never)
	var problems kpi.Problems
	if !o.Period.End.After(o.Period.Start) || o.Period.Start.IsZero() {
		problems.Add("period", "must have a start, and an end after it")
	}
	var tiers []string
	for i := range program.Ladders {
		if l := &program.Ladders[i]; o.Ladder == "" || l.Code == o.Ladder {
			o.Ladder = l.Code
			for j := range l.Tiers {
				tiers = append(tiers, l.Tiers[j].Code)
			}
			break
		}
	}
	if len(tiers) == 0 {
		problems.Add("ladder", "%q is no ladder of the program", o.Ladder)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	moves, err := kpi.NewTierMoves(tiers...)
	if err != nil {
		return nil, err
	}
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program.ID, Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("figures: accounts: %w", err)
		}
		if account.Kind != storage.Person {
			continue
		}
		if err := addMove(ctx, engine, store, &account, &o, moves); err != nil {
			return nil, fmt.Errorf("figures: tiers of %s: %w", loyalty.AccountName(account.Member), err)
		}
	}
	return moves, nil
}

func addMove(ctx context.Context, engine *loyalty.Engine, store storage.Store, account *storage.Account, o *TierOptions, moves *kpi.TierMoves) error {
	to, own, err := tierAt(ctx, engine, account, o.Ladder, o.Period.End)
	if err != nil || !own {
		return err
	}
	if account.Status == storage.Closed {
		left, known, err := leftAt(ctx, store, account)
		if err != nil {
			return err
		}
		if known && !left.After(o.Period.End) {
			to = kpi.NoTier
		}
	}
	from, _, err := tierAt(ctx, engine, account, o.Ladder, o.Period.Start)
	if err != nil || from == kpi.NoTier && to == kpi.NoTier {
		return err
	}
	if err := moves.Add(from, to); err != nil {
		return fmt.Errorf("from %q to %q, of which the ladder has no more: %w", from, to, err)
	}
	return nil
}

// tierAt is the tier that a member had at an instant, and whether the account was the
// member's own then and not merged into another.
func tierAt(ctx context.Context, engine *loyalty.Engine, account *storage.Account, ladder string, at time.Time) (tier string, own bool, err error) {
	if account.EnrolledAt.After(at) {
		return kpi.NoTier, true, nil
	}
	member, err := engine.MemberAt(ctx, account.Member, at)
	switch {
	case errors.Is(err, loyalty.ErrErased), errors.Is(err, loyalty.ErrNotEnrolled):
		return kpi.NoTier, true, nil
	case err != nil:
		return "", false, err
	case member.ID != account.Member:
		return kpi.NoTier, false, nil
	}
	for i := range member.Tiers {
		if member.Tiers[i].Ladder == ladder {
			return member.Tiers[i].Tier, true, nil
		}
	}
	return kpi.NoTier, true, nil
}
