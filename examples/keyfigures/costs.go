package keyfigures

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// costs is what an order log cannot know.
type costs struct {
	Currency string `json:"currency"`
	// Start and End are dates; the days from the first until before the second. Spending,
	// Contract, Lift and Tiers need both.
	Start string `json:"start"`
	End   string `json:"end"`
	// AcquisitionSpend and RetentionSpend are of that period.
	AcquisitionSpend *decimal.Decimal `json:"acquisition_spend"`
	RetentionSpend   *decimal.Decimal `json:"retention_spend"`
	// GrossMargin is a fraction; DiscountPerMonth is of lifetime values.
	GrossMargin      *float64 `json:"gross_margin"`
	DiscountPerMonth float64  `json:"discount_per_month"`
	Points           *points  `json:"points"`
	// Contract is in contract.go; Lift, Tiers and Goals are in more.go.
	Contract *contract `json:"contract"`
	Lift     *lift     `json:"lift"`
	Tiers    *tiers    `json:"tiers"`
	Goals    []goal    `json:"goals"`
	// GiftCards is in books.go, Groups in groups.go.
	GiftCards *giftCards `json:"gift_cards"`
	Groups    []group    `json:"groups"`

	period kpi.Period
}

func readCosts(path string, zone *time.Location) (*costs, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c costs
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	if err := in.Decode(&c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var errs []error
	if c.period, err = periodBetween("", c.Start, c.End, zone); err != nil {
		errs = append(errs, err)
	} else if c.period.IsZero() {
		errs = append(errs, c.needPeriod()...)
	}
	if c.GrossMargin != nil && !(*c.GrossMargin > 0 && *c.GrossMargin <= 1) {
		errs = append(errs, errors.New("gross_margin: must be a fraction above 0, at most 1"))
	}
	if !(c.DiscountPerMonth >= 0 && c.DiscountPerMonth < 1) {
		errs = append(errs, errors.New("discount_per_month: must be a fraction from 0 to below 1"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &c, nil
}

// needPeriod is an error for each part of the costs that is of a period.
func (c *costs) needPeriod() []error {
	var errs []error
	for _, part := range []struct {
		name string
		said bool
	}{
		{"spending is", c.AcquisitionSpend != nil || c.RetentionSpend != nil},
		{"contracts are", c.Contract != nil},
		{"lift is", c.Lift != nil},
		{"tiers are", c.Tiers != nil},
	} {
		if part.said {
			errs = append(errs, fmt.Errorf("start, end: must be said: %s of a period", part.name))
		}
	}
	return errs
}

// figures are those that the costs allow, with the customers of their period.
func (c *costs) figures(r *Report, all *counters) error {
	if all.returning != nil {
		if err := c.perCustomer(r, all.returning); err != nil {
			return err
		}
	}
	errs := []error{r.testGroups(c.Groups, all.second)}
	if c.Points != nil {
		errs = append(errs, c.Points.figures(r, c.Currency))
	}
	if c.Contract != nil {
		errs = append(errs, c.Contract.figures(r, c, all.bought.Result()))
	}
	if c.Lift != nil {
		errs = append(errs, c.Lift.figures(r))
	}
	if c.Tiers != nil {
		errs = append(errs, c.Tiers.figures(r, c.period))
	}
	if c.GiftCards != nil {
		errs = append(errs, c.GiftCards.figures(r))
	}
	return errors.Join(errs...)
}

func (c *costs) perCustomer(r *Report, who *kpi.ReturningAccumulator) error {
	customers := who.Result()
	atStart, retained, fresh := customers.Before, customers.Returned, customers.New
	back, err := customers.ReturnRate()
	if err == nil {
		err = r.sample("period_return_rate", back)
	}
	if err != nil {
		return err
	}
	var acquisition kpi.Figure
	if c.AcquisitionSpend != nil {
		acquisition, err = kpi.AcquisitionCost(kpi.Spending{Amount: *c.AcquisitionSpend, Customers: fresh, Currency: c.Currency, Period: c.period})
		if err != nil {
			return err
		}
		r.add("acquisition_cost", acquisition)
		if err := c.valueToCost(r, acquisition); err != nil {
			return err
		}
	}
	if c.RetentionSpend == nil {
		return nil
	}
	kept, err := kpi.RetentionCost(kpi.Spending{Amount: *c.RetentionSpend, Customers: retained, Currency: c.Currency, Period: c.period}, atStart)
	if err != nil {
		return err
	}
	r.add("retention_cost", kept.PerRetained)
	r.add("retention_cost_per_start", kept.PerStart)
	if c.AcquisitionSpend == nil {
		return nil
	}
	ratio, err := kpi.CostRatio(acquisition, kept.PerRetained)
	r.add("acquisition_to_retention_cost", ratio)
	return err
}

// valueToCost sets the margin of a new customer's first year against the cost of
// winning one.
func (c *costs) valueToCost(r *Report, acquisition kpi.Figure) error {
	if c.GrossMargin == nil {
		return nil
	}
	ratio, err := kpi.ValueToCost(r.margin, acquisition)
	r.add("value_to_acquisition_cost", ratio)
	return err
}
