package bugrecord

import (
	"context"
	"math"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/enginetest"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
)

// redeemsAgain repeats the last redemption with every refund.
func redeemsAgain(s *Shop) Does {
	var last loyalty.Spend
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		receipt, err := do(cmd)
		switch c := cmd.(type) {
		case loyalty.Spend:
			last = c
		case loyalty.Refund:
			if last.Points > 0 && err == nil {
				last.Key = s.key()
				_, err = do(last)
			}
		}
		return receipt, err
	}
}

// earnsOnReturns books what comes back of an order as an order.
func earnsOnReturns(s *Shop) Does {
	sold := map[string]points.Order{}
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		switch c := cmd.(type) {
		case loyalty.Earn:
			sold[c.Order.ID] = c.Order
		case loyalty.Refund:
			back := sold[c.Order]
			back.ID = s.key()
			back.Lines = back.Lines[:len(c.Lines)]
			return do(loyalty.Earn{Member: c.Member, Key: back.ID, Order: back})
		}
		return do(cmd)
	}
}

// roundsLines takes back what each line earns alone.
func roundsLines(s *Shop) Does {
	sold := map[string]points.Order{}
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		switch c := cmd.(type) {
		case loyalty.Earn:
			sold[c.Order.ID] = c.Order
		case loyalty.Refund:
			for i := range c.Lines {
				line := sold[c.Order].Lines[int(c.Lines[i].Line[0]-'1')]
				return do(s.gives(c.Member, "bean", -points.Amount(line.Amount.IntPart())))
			}
		}
		return do(cmd)
	}
}

// takesTwice takes what an order earned with every event that takes it back.
func takesTwice(s *Shop) Does {
	earned, taken := map[string]points.Amount{}, map[string]bool{}
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		receipt, err := do(cmd)
		switch c := cmd.(type) {
		case loyalty.Earn:
			earned[c.Order.ID] = receipt.Awards[0].Points
		case loyalty.Refund:
			if taken[c.Order] && err == nil {
				_, err = do(s.gives(c.Member, "bean", -earned[c.Order]))
			}
			taken[c.Order] = true
		}
		return receipt, err
	}
}

// oneReward lets each member redeem once.
func oneReward(*Shop) Does {
	once := map[string]bool{}
	return func(cmd loyalty.Command, do Do) (loyalty.Receipt, error) {
		if c, ok := cmd.(loyalty.Redeem); ok {
			if once[c.Member] {
				return loyalty.Receipt{}, loyalty.ErrLimit
			}
			once[c.Member] = true
		}
		return do(cmd)
	}
}

// subtractsAllSpent shows what was earned within a year less all that was ever spent.
func subtractsAllSpent(s *Shop, m *loyalty.Member) {
	var left points.Amount
	for op, err := range s.engine.History(s.Context(), m.ID) {
		require.NoError(s, err)
		for _, e := range op.Entries {
			switch {
			case e.To == points.Redeemed:
				left -= e.Amount
			case e.From == points.Issued && e.OccurredAt.AddDate(1, 0, 1).After(s.now):
				left += e.Amount
			}
		}
	}
	for i := range m.Balances {
		m.Balances[i].Available = left
	}
}

// showsStored shows the balances that were stored last.
func showsStored(s *Shop, m *loyalty.Member) {
	snaps, err := s.store.Load(s.Context(), []storage.LoadRequest{{Program: s.program.ID, Member: m.ID}})
	require.NoError(s, err)
	m.Balances = snaps[0].Account.Balances
}

// addsFloats shows the sum of floating-point numbers of hundredths, rounded up.
func addsFloats(s *Shop, m *loyalty.Member) {
	sum := 0.0
	for op, err := range s.engine.History(s.Context(), m.ID) {
		require.NoError(s, err)
		for _, e := range op.Entries {
			if sum += float64(e.Amount) / 100; e.To == points.Redeemed {
				sum -= 2 * float64(e.Amount) / 100
			}
		}
	}
	for i := range m.Balances {
		m.Balances[i].Available = points.Amount(math.Ceil(sum * 100))
	}
}

// onLots is a store that writes other lots.
func onLots(inside storage.Store, change func(lot *points.Lot)) storage.Store {
	return enginetest.OnLegs(inside, func(leg *storage.Leg) {
		for i := range leg.Lots {
			change(&leg.Lots[i].Lot)
		}
	})
}

// scrubsNothing is a store that keeps all texts.
func scrubsNothing(inside storage.Store) storage.Store {
	return enginetest.OnLegs(inside, func(leg *storage.Leg) { leg.Scrub = storage.Scrub{} })
}

// losesRedemptions is a store that has no redemptions once their reward is gone from
// the shop's program.
func losesRedemptions(s *Shop) storage.Store {
	inside := s.store
	return &storagetest.Hooked{
		Store: inside,
		OnLoad: func(ctx context.Context, requests []storage.LoadRequest, next storagetest.LoadFunc) ([]storage.Snapshot, error) {
			snaps, err := next(ctx, requests)
			if len(s.engine.Program(s.now).Catalog) > 0 {
				return snaps, err
			}
			for i := range snaps {
				kept := snaps[i].Records[:0]
				for _, record := range snaps[i].Records {
					if record.Kind != "redemption" {
						kept = append(kept, record)
					}
				}
				snaps[i].Records = kept
			}
			return snaps, err
		},
	}
}
