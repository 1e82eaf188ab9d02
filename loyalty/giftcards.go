package loyalty

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
)

// RedemptionRecord is the kind of the records of redemptions, for what reads a store
// itself; see [GiftCardOf].
const RedemptionRecord = redemptionKind

// CardChange says what became of money on a gift card.
type CardChange string

// The changes. A card is issued first and once; what was used, has expired or was taken
// back is on it no more.
const (
	CardIssued  CardChange = "issued"
	CardUsed    CardChange = "used"
	CardExpired CardChange = "expired"
	// CardReturned is of a card that was cancelled or rejected, or lapsed unused by terms
	// that give its points back.
	CardReturned CardChange = "returned"
)

// CardMove is what became of some of a gift card's money.
type CardMove struct {
	Change CardChange
	// At is the instant of UTC at which it happened, by the caller's OccurredAt if there
	// was one. No move is before the issue.
	At time.Time
	// Money is above 0, in the card's currency.
	Money decimal.Decimal
}

// GiftCard is the money of a gift card and what became of it, for the books.
type GiftCard struct {
	// Member is whose it is now, and Reward the code of the reward that it was.
	Member, Reward string
	// Currency is the ISO 4217 code of its money.
	Currency string
	// Moves are in the order in which they were recorded. Those uses of a part that the
	// redemption does not tell any more, see [Redemption], follow the issue: those of one
	// month are one move, at the instant of the last of them, and a month is so in every
	// zone. Uses that a redemption left out before it kept these sums are in the
	// first use that it tells.
	Moves []CardMove
}

// Left is what can still be used.
func (c *GiftCard) Left() decimal.Decimal {
	var left decimal.Decimal
	for _, m := range c.Moves {
		if m.Change == CardIssued {
			left = left.Add(m.Money)
		} else {
			left = left.Sub(m.Money)
		}
	}
	return left
}

// GiftCardOf reads the gift card of a record. It reports false for a record of
// something else, of a card that was never issued, or one that another account has by
// now, so that each card is in one record of a store. The record of a card outlives the
// erasure of its member, by which what was left has expired.
func GiftCardOf(row storage.Record) (card GiftCard, ok bool, err error) {
	if row.Kind != redemptionKind || Moved(row) || len(row.Data) == 0 {
		return GiftCard{}, false, nil
	}
	state, err := redemptionOf(row)
	if err != nil || state.Type != rewards.TypeGiftCard {
		return GiftCard{}, false, err
	}
	card = GiftCard{Member: row.Member, Reward: state.Reward, Currency: state.Currency, Moves: state.cardMoves()}
	return card, len(card.Moves) > 0, nil
}

// cardUse is the money of uses of a gift card, and when the last of them happened.
type cardUse struct {
	At    time.Time       `json:"a"`
	Money decimal.Decimal `json:"m"`
}

// keepUse keeps the money of a use that the story of a card leaves out, in one sum with
// others of its month.
func (s *redemptionState) keepUse(step RedemptionStep) {
	if !step.Money.IsPositive() {
		return
	}
	at := step.happened()
	s.Uses = slices.Clone(s.Uses)
	i := slices.IndexFunc(s.Uses, func(u cardUse) bool { return oneMonth(u.At, at) })
	if i < 0 {
		s.Uses = append(s.Uses, cardUse{At: at, Money: step.Money})
		return
	}
	u := &s.Uses[i]
	u.Money = u.Money.Add(step.Money)
	if at.After(u.At) {
		u.At = at
	}
}

// oneMonth reports whether two instants are in one month in every zone, whose offsets are
// quarters of an hour from 12 hours behind UTC to 14 ahead.
func oneMonth(a, b time.Time) bool {
	if a.Truncate(15 * time.Minute).Equal(b.Truncate(15 * time.Minute)) {
		return true
	}
	month := func(t time.Time, ahead time.Duration) [2]int {
		t = t.UTC().Add(ahead * time.Hour)
		return [2]int{t.Year(), int(t.Month())}
	}
	first := month(a, -12)
	return first == month(a, 14) && first == month(b, -12) && first == month(b, 14)
}

// happened is when a step happened, by the caller where they said so.
func (s *RedemptionStep) happened() time.Time {
	if s.OccurredAt.IsZero() {
		return s.At
	}
	return s.OccurredAt
}

// cardMoves tells the steps of a gift card by its money.
func (s *redemptionState) cardMoves() []CardMove {
	untold := s.Benefit.Amount.Sub(s.Left)
	for _, u := range s.Uses {
		untold = untold.Sub(u.Money)
	}
	for i := range s.Steps {
		untold = untold.Sub(s.Steps[i].Money)
	}
	left := decimal.Zero
	var moves []CardMove
	add := func(change CardChange, at time.Time, money decimal.Decimal) {
		if len(moves) > 0 && at.Before(moves[0].At) {
			at = moves[0].At
		}
		if money.IsPositive() {
			moves = append(moves, CardMove{change, at, money})
		}
	}
	for i := range s.Steps {
		step := &s.Steps[i]
		at := step.happened()
		switch step.Action {
		case rewards.Issue:
			left = s.Benefit.Amount
			add(CardIssued, at, left)
			for _, u := range s.Uses {
				left = left.Sub(u.Money)
				add(CardUsed, u.At, u.Money)
			}
		case rewards.UsePart, rewards.Use:
			money := step.Money.Add(untold)
			untold, left = decimal.Zero, left.Sub(money)
			add(CardUsed, at, money)
		case rewards.Expire:
			change := CardExpired
			if s.Lapse == rewards.LapseReturns && left.Equal(s.Benefit.Amount) {
				change = CardReturned
			}
			add(change, at, left)
			left = decimal.Zero
		case rewards.Cancel, rewards.Reject:
			add(CardReturned, at, left)
			left = decimal.Zero
		default:
		}
	}
	return moves
}

// books is what an erasure leaves of a gift card that was issued: its money, and when
// that moved. What was left has expired, for nobody can use it.
func (s *redemptionState) books(now time.Time) *redemptionState {
	if s.Type != rewards.TypeGiftCard || len(s.cardMoves()) == 0 {
		return nil
	}
	kept := &redemptionState{Redemption: Redemption{
		Reward: s.Reward, Type: s.Type, Benefit: rewards.Benefit{Amount: s.Benefit.Amount, Currency: s.Benefit.Currency},
		Left: s.Left, Currency: s.Currency,
	}, Uses: s.Uses}
	for _, step := range s.Steps {
		kept.Steps = append(kept.Steps, RedemptionStep{Action: step.Action, At: step.At, OccurredAt: step.OccurredAt, Money: step.Money})
	}
	if s.State.Ended() {
		kept.Lapse = s.Lapse
	} else {
		kept.Steps = append(kept.Steps, RedemptionStep{Action: rewards.Expire, At: now})
	}
	return kept
}
