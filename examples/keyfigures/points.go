package keyfigures

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
)

// points are those of the program since a day, until the day of the report.
type points struct {
	kpi.PointCounts
	// Since is the date of the first day that counts.
	Since        string           `json:"since"`
	UltimateRate *decimal.Decimal `json:"ultimate_redemption_rate"`
	CostPerPoint *decimal.Decimal `json:"cost_per_point"`
	// Value is what a point's part of the price was, for what is owed.
	Value *decimal.Decimal `json:"value_per_point"`
	// Month is what moved in a month, whatever its age.
	Month *pointMonth `json:"month"`
	// Sale and Books are in books.go.
	Sale  *sale  `json:"sale"`
	Books *books `json:"books"`
}

// pointMonth is what moved from the day Start until before the day End.
type pointMonth struct {
	kpi.PointStep
	Start string `json:"start"`
	End   string `json:"end"`
}

func (p *points) figures(r *Report, currency string) error {
	var err error
	if r.earned, err = r.since("points.since", p.Since); err != nil {
		return err
	}
	if err := r.points(p.PointCounts); err != nil {
		return err
	}
	if p.Month != nil {
		month, err := periodBetween("points.month.", p.Month.Start, p.Month.End, r.period.Zone)
		if err != nil {
			return err
		}
		if err := r.flow(p.Month.Issued, p.Month.Redeemed, p.Month.Expired, month); err != nil {
			return err
		}
	}
	if p.Sale != nil {
		if err := p.Sale.figures(r); err != nil {
			return err
		}
	}
	if p.Books != nil {
		if err := p.Books.figures(r); err != nil {
			return err
		}
	}
	if p.UltimateRate == nil {
		return nil
	}
	ultimate, err := kpi.Ultimate(p.PointCounts, *p.UltimateRate)
	if err != nil {
		return fmt.Errorf("points: ultimate_redemption_%w", err)
	}
	r.ultimate(ultimate)
	if p.CostPerPoint == nil {
		return nil
	}
	accrual, err := liability.CostAccrual(p.PointCounts, *p.UltimateRate, *p.CostPerPoint, currency)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	r.add("points_cost_liability", kpi.Quotient("points_cost_liability", kpi.Money, accrual.Liability, decimal.NewFromInt(1)).As(accrual.Model).Priced(currency))
	return nil
}

// points are the rates of the points of all cohorts.
func (r *Report) points(c kpi.PointCounts) error {
	ofIssued, err := kpi.Redemption(c, kpi.OfIssued)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	r.add("redemption_rate_of_issued", ofIssued)
	if c.Matured > 0 {
		ofMatured, err := kpi.Redemption(c, kpi.OfMatured)
		if err != nil {
			return fmt.Errorf("points: %w", err)
		}
		r.add("redemption_rate_of_matured", ofMatured)
	}
	broken, err := kpi.Breakage(c)
	if err != nil {
		return fmt.Errorf("points: %w", err)
	}
	r.add("breakage_rate", broken)
	return nil
}

// flow is what moved in a period.
func (r *Report) flow(issued, redeemed, expired int64, period kpi.Period) error {
	f, err := kpi.Redemption(kpi.PointCounts{Issued: issued, Redeemed: redeemed}, kpi.PeriodFlow)
	if err != nil {
		return fmt.Errorf("points.month: %w", err)
	}
	r.add("redemption_rate_period_flow", f.In(period))
	r.add("breakage_rate_period_flow", kpi.Quotient("", kpi.Fraction, decimal.NewFromInt(expired), decimal.NewFromInt(issued)).
		As("period flow: expired in the period / issued in the period, not a cohort's rate").In(period))
	return nil
}

func (r *Report) ultimate(u kpi.UltimateFigures) {
	for _, f := range []kpi.Figure{u.Redemption, u.Breakage, u.Future, u.OfOutstanding} {
		r.add(f.Key, f)
	}
}

// engine adds what the books of an engine tell.
func (r *Report) engine(e *Engine, c *costs) error {
	if e == nil {
		return nil
	}
	if e.Tiers != nil {
		if err := r.tiers(e.Tiers.Migration(e.TierPeriod)); err != nil {
			return err
		}
	}
	if err := r.giftCards(e.GiftCards); err != nil {
		return err
	}
	if e.Points == nil || len(e.Points.Cohorts) == 0 {
		return nil
	}
	r.earned = e.Points.Period()
	total, err := e.Points.Total()
	if err != nil {
		return err
	}
	if err := r.points(total); err != nil {
		return err
	}
	estimate, err := e.Points.Ultimate(0)
	if err != nil {
		return err
	}
	var expected decimal.Decimal
	for _, n := range estimate.Expected {
		expected = expected.Add(n)
	}
	ultimate, err := kpi.UltimateOf(total, expected)
	if err != nil {
		return err
	}
	ultimate.Redemption.Convention, ultimate.Redemption.Notes = estimate.Redemption.Convention, estimate.Redemption.Notes
	r.ultimate(ultimate)
	flows := e.Points.Flows
	if e.Points.Partial {
		flows = flows[:len(flows)-1]
	}
	if n := len(flows); n > 0 && flows[n-1].Issued >= 0 && flows[n-1].Redeemed >= 0 {
		if err := r.flow(flows[n-1].Issued, flows[n-1].Redeemed, flows[n-1].Expired, flows[n-1].Period); err != nil {
			return err
		}
	}
	return r.owed(e, c)
}

// owed rolls forward what is owed for the points: in money where a point's value is
// known, else in points.
func (r *Report) owed(e *Engine, c *costs) error {
	policy, value := liability.Policy{Method: liability.Proportional, Currency: e.Unit}, decimal.NewFromInt(1)
	inMoney := c != nil && c.Points != nil && c.Points.Value != nil
	if inMoney {
		policy.Currency, value = r.currency, *c.Points.Value
	}
	roll, err := e.Points.RollForward(policy, value, 0)
	if err != nil {
		return err
	}
	if !inMoney {
		r.Liability, r.parts.roll = &roll, &roll
		return nil
	}
	r.rolled(&roll, "proportional, from real lots by the month they were earned")
	return nil
}
