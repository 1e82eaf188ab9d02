package figures

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// GiftCardOptions say which gift cards are counted, and until when.
type GiftCardOptions struct {
	// Currency is the ISO 4217 code of the cards that count; amounts of two currencies
	// have no sum. It is required.
	Currency string
	// Until is the end of what is counted: moves before it. It is required, and should
	// not be ahead of what was settled; see Engine.RunDue.
	Until time.Time
	// Zone is the zone of the months; nil is UTC.
	Zone *time.Location
}

func (o *GiftCardOptions) check() error {
	var problems kpi.Problems
	if o.Currency == "" {
		problems.Add("currency", "must name that of the cards to count")
	}
	o.Zone = checkUntil(&problems, o.Until, o.Zone)
	return problems.Err()
}

// GiftCardReport is the money of all gift cards of a currency by the month in which they
// were issued, as [PointReport] is of points. Its money is exact.
type GiftCardReport struct {
	// Cohorts are in order of time.
	Cohorts []GiftCardCohort
	// Flows are all cards by the month in which their money moved, whenever they were
	// issued.
	Flows []GiftCardFlow
	// Partial is set where the last month was not counted to its end.
	Partial  bool
	Currency string

	// counts are the same in pieces of the money, as points are counted.
	counts *PointReport
	piece  decimal.Decimal
}

// GiftCardMoney is the money of some gift cards and what became of it.
type GiftCardMoney struct {
	// Issued is net of cards that were cancelled or rejected, or whose points came back
	// when they lapsed. Used is what members paid with, Expired what was left on cards
	// that lapsed or whose member was erased, and Outstanding what can still be used.
	Issued, Used, Expired, Outstanding decimal.Decimal
}

// GiftCardCohort is the cards that were issued in the month Period.
type GiftCardCohort struct {
	Period kpi.Period
	GiftCardMoney
}

// GiftCardFlow is what moved in the month Period on cards of any age. What came back in
// it can pass what was issued.
type GiftCardFlow struct {
	Period                kpi.Period
	Issued, Used, Expired decimal.Decimal
}

// GiftCards counts the gift cards that members had for their points, or were given, by
// the month in which they were issued: what of their money was used, what has expired,
// and what can still be used. Cards of an erased member count; what was left on them
// expired with the erasure.
//
// Money is of the month in which its move happened, by OccurredAt of the command. A use
// that is recorded late is so in a month that may have been reported. Of a card with more
// than some 38 uses the oldest of a month are counted at the last of them, so that Until
// within that month can leave them out; whole months are exact in every zone.
//
// It reads the redemptions of each account, page by page, and once more where an amount
// has more than two decimals; if a still finer one is recorded meanwhile, again. An error
// wraps [kpi.ErrInvalid] where an option is missing, and [kpi.ErrMove] where there is more
// money than can be counted: about 2·10^18 of its smallest pieces in a month.
//
// Source: IFRS 15, B44 to B47, which treat what customers have paid and not used.
func GiftCards(ctx context.Context, engine *loyalty.Engine, store storage.Store, o GiftCardOptions) (*GiftCardReport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := cardReader{options: &o, decimals: 2}
	for {
		sums, err := kpi.NewPointAccumulator(o.Until, o.Zone)
		if err != nil {
			return nil, err
		}
		r.sums = sums
		r.finest = r.decimals
		if err := r.read(ctx, engine, store); err != nil {
			return nil, err
		}
		if r.finest == r.decimals {
			return r.report()
		}
		r.decimals = r.finest
	}
}

type cardReader struct {
	options *GiftCardOptions
	// decimals are those that money is counted with, finest the most that some was found
	// to have: beyond decimals, the sums are of no use.
	decimals, finest int32
	sums             *kpi.PointAccumulator
}

// finer reports whether some money has more decimals than it is counted with.
func (r *cardReader) finer(moves []loyalty.CardMove) bool {
	for _, m := range moves {
		for !m.Money.Shift(r.finest).IsInteger() {
			r.finest++
		}
	}
	return r.finest > r.decimals
}

func (r *cardReader) read(ctx context.Context, engine *loyalty.Engine, store storage.Store) error {
	program := engine.Program(points.Never).ID
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program, Limit: 1000}) {
		if err != nil {
			return fmt.Errorf("figures: accounts: %w", err)
		}
		query := storage.RecordQuery{Program: program, Member: account.Member, Kind: loyalty.RedemptionRecord, Limit: 1000}
		for row, err := range storage.AllRecords(ctx, store, query) {
			if err == nil {
				err = r.record(row)
			}
			if err != nil {
				return fmt.Errorf("figures: gift cards of %s: %w", loyalty.AccountName(account.Member), err)
			}
		}
	}
	return nil
}

func (r *cardReader) record(row storage.Record) error {
	card, ok, err := loyalty.GiftCardOf(row)
	if err != nil || !ok || card.Currency != r.options.Currency {
		return err
	}
	if r.finer(card.Moves) {
		return nil
	}
	issued := card.Moves[0].At
	for _, m := range card.Moves {
		pieces := m.Money.Shift(r.decimals)
		if !pieces.BigInt().IsInt64() {
			return fmt.Errorf("%w: %s %s is too much to count", kpi.ErrMove, card.Currency, m.Money)
		}
		move := kpi.PointMove{Earned: issued, At: m.At, From: kpi.AvailablePoints, Points: pieces.IntPart()}
		switch m.Change {
		case loyalty.CardIssued:
			move.From, move.To = kpi.IssuedPoints, kpi.AvailablePoints
		case loyalty.CardUsed:
			move.To = kpi.RedeemedPoints
		case loyalty.CardExpired:
			move.To = kpi.ExpiredPoints
		default:
			move.To = kpi.ReversedPoints
		}
		if err := r.sums.Add(move); err != nil {
			return err
		}
	}
	return nil
}

func (r *cardReader) report() (*GiftCardReport, error) {
	o := r.options
	counts, err := PointReportOf(r.sums.Result(), PointOptions{Unit: o.Currency, Until: o.Until, Zone: o.Zone})
	if err != nil {
		return nil, err
	}
	report := &GiftCardReport{Partial: counts.Partial, Currency: o.Currency, counts: counts, piece: decimal.New(1, -r.decimals)}
	for i := range counts.Cohorts {
		c := &counts.Cohorts[i]
		report.Cohorts = append(report.Cohorts, GiftCardCohort{Period: c.Period, GiftCardMoney: report.money(c.PointCounts)})
	}
	for i := range counts.Flows {
		f := &counts.Flows[i]
		report.Flows = append(report.Flows, GiftCardFlow{f.Period, report.of(f.Issued), report.of(f.Redeemed), report.of(f.Expired)})
	}
	return report, nil
}

func (r *GiftCardReport) of(pieces int64) decimal.Decimal { return whole(pieces).Mul(r.piece) }

func (r *GiftCardReport) money(c kpi.PointCounts) GiftCardMoney {
	return GiftCardMoney{Issued: r.of(c.Issued), Used: r.of(c.Redeemed), Expired: r.of(c.Expired), Outstanding: r.of(c.Outstanding())}
}

// Total adds up all cohorts.
func (r *GiftCardReport) Total() GiftCardMoney {
	var sum GiftCardMoney
	for i := range r.Cohorts {
		c := &r.Cohorts[i]
		sum.Issued, sum.Used = sum.Issued.Add(c.Issued), sum.Used.Add(c.Used)
		sum.Expired, sum.Outstanding = sum.Expired.Add(c.Expired), sum.Outstanding.Add(c.Outstanding)
	}
	return sum
}

// Period is from the start of the first month in which a card's money moved until the end
// of what is counted; it is empty where none moved.
func (r *GiftCardReport) Period() kpi.Period { return r.counts.Period() }

// Redemption is the money used / issued of all cohorts, from the first month until the
// end of what is counted.
func (r *GiftCardReport) Redemption() kpi.Figure {
	sum := r.Total()
	return kpi.Quotient("gift_card_redemption_rate", kpi.Fraction, sum.Used, sum.Issued).
		As("used / issued of the same cards, to date").In(r.Period())
}

// Breakage is the money that has expired / issued of all cohorts, from the first month
// until the end of what is counted. What is expected to expire is in it only once it has.
func (r *GiftCardReport) Breakage() kpi.Figure {
	sum := r.Total()
	return kpi.Quotient("gift_card_breakage_rate", kpi.Fraction, sum.Expired, sum.Issued).
		As("expired / issued of the same cards, to date").In(r.Period())
}

// Prepaid is all cards as liability.GiftCards takes them, at their face. Breakage is the
// share that is expected never to be used, for the method liability.Proportional: that of
// [GiftCardReport.Ultimate] is one.
func (r *GiftCardReport) Prepaid(breakage decimal.Decimal) liability.Prepaid {
	sum := r.Total()
	return liability.Prepaid{Paid: sum.Issued, Redeemed: sum.Used, Expired: sum.Expired, Breakage: breakage}
}
