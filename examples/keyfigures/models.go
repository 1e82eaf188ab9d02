package keyfigures

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// modelReport is what models of the customers' purchases say.
type modelReport struct {
	// Name is that of the candidate with the smallest AIC.
	Name       string      `json:"name"`
	Unit       string      `json:"unit"`
	Candidates []candidate `json:"candidates"`
	Params     []estimate  `json:"parameters"`
	Spend      []estimate  `json:"spend_parameters"`
	// Correlation is that of frequency and spend, which the model of spend takes to
	// be 0.
	Correlation *float64   `json:"spend_frequency_correlation"`
	Holdout     *holdout   `json:"holdout"`
	AtRisk      []forecast `json:"top_at_risk"`
	Problems    []string   `json:"problems"`
	horizon     clv.Horizon
}

type candidate struct {
	Name          string  `json:"name"`
	LogLikelihood float64 `json:"log_likelihood"`
	AIC           float64 `json:"aic"`
	Converged     bool    `json:"converged"`
}

type estimate struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Interval is null where the likelihood tells none.
	Interval *kpi.Interval `json:"interval"`
}

type holdout struct {
	Model  string      `json:"model"`
	Length float64     `json:"length"`
	MAE    float64     `json:"mean_absolute_error"`
	RMSE   float64     `json:"root_mean_square_error"`
	Rows   []frequency `json:"by_frequency"`
}

// frequency compares the customers with so many repeat purchases in the
// calibration, the last row those with as many or more: means of each customer.
type frequency struct {
	Repeats   int     `json:"repeats"`
	Customers float64 `json:"customers"`
	// Actual and Expected are null where there are no such customers.
	Actual   *float64 `json:"actual"`
	Expected *float64 `json:"expected"`
}

// forecast is a customer who has more likely left than not and is worth most.
type forecast struct {
	Member string  `json:"member"`
	Risk   float64 `json:"churn_risk"`
	// Value has the interval of what this one customer will spend.
	Value kpi.Figure `json:"value_12_months"`
	// Since is the time since the last purchase.
	Since float64 `json:"time_since_last_purchase"`
}

// risk is a customer by place, for choosing the forecasts.
type risk struct {
	customer    int
	risk, value float64
}

// riskFrom is the P(alive) at or below which a customer counts as at risk, and
// mostAtRisk how many of them are listed.
const (
	riskFrom   = 0.5
	mostAtRisk = 10
)

// fitted is a model of purchases with what fitting it said.
type fitted struct {
	candidate
	model   clv.Model
	params  []estimate
	predict func(clv.SpendFit, clv.Customer, clv.Horizon, *clv.IntervalOptions) (clv.Forecast, error)
	// around is Fit.Around.
	around func(func(clv.Model) (float64, error)) (lower, upper float64, known bool)
}

type fitter func(iter.Seq[clv.Customer], float64) (fitted, error)

func fitterOf[M clv.Model](fit func(iter.Seq[clv.Customer], *clv.FitOptions) (clv.Fit[M], error)) fitter {
	return func(customers iter.Seq[clv.Customer], level float64) (fitted, error) {
		f, err := fit(customers, &clv.FitOptions{Level: level})
		if err != nil {
			return fitted{}, err
		}
		return fitted{
			candidate: candidate{Name: f.Model.Name(), LogLikelihood: f.LogLikelihood, AIC: f.AIC(), Converged: f.Converged},
			model:     f.Model,
			params:    estimates(f.Estimates, level),
			predict: func(s clv.SpendFit, c clv.Customer, h clv.Horizon, o *clv.IntervalOptions) (clv.Forecast, error) {
				return clv.Predict(f, s, c, h, o)
			},
			around: func(figure func(clv.Model) (float64, error)) (lower, upper float64, known bool) {
				return f.Around(func(m M) (float64, error) { return figure(m) })
			},
		}, nil
	}
}

func estimates(all []clv.Estimate, level float64) []estimate {
	var out []estimate
	for _, e := range all {
		one := estimate{Name: e.Name, Value: e.Value}
		if e.Known {
			one.Interval = &kpi.Interval{Lower: e.Lower, Upper: e.Upper, Level: level, Method: "log_normal"}
		}
		out = append(out, one)
	}
	return out
}

// best fits the models of purchases and takes the one with the smallest AIC.
func best(customers []clv.Customer, level float64) (fitted, []candidate, []string) {
	var all []fitted
	var problems []string
	for _, fit := range []fitter{fitterOf(clv.FitBGNBD), fitterOf(clv.FitMBGNBD), fitterOf(clv.FitParetoNBD)} {
		f, err := fit(slices.Values(customers), level)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		all = append(all, f)
	}
	var candidates []candidate
	for _, f := range all {
		candidates = append(candidates, f.candidate)
	}
	if len(all) == 0 {
		return fitted{}, nil, problems
	}
	return slices.MinFunc(all, func(a, b fitted) int { return cmp.Compare(a.AIC, b.AIC) }), candidates, problems
}

// models adds what models of the purchases expect. Where none can be fitted, the
// figures are undefined and say why.
func (r *Report) models(o Options, all *counters, c *costs) error {
	month := float64(kpi.InMonths / o.Unit)
	horizon := clv.Horizon{Step: month, Steps: 12}
	if c != nil {
		horizon.Discount = c.DiscountPerMonth
	}
	summaries := all.summary.Result()
	people := slices.Collect(clv.Customers(summaries))
	if err := r.staying(summaries, o.InactiveDays); err != nil {
		return err
	}
	r.occasions(all)
	chosen, candidates, problems := best(people, r.level)
	r.Models = &modelReport{Unit: o.UnitName, Candidates: candidates, Problems: problems, horizon: horizon}
	if chosen.model == nil {
		r.unfitted(fmt.Errorf("no model of purchases fits: %s", problems[0]))
		return nil
	}
	r.Models.Name, r.Models.Params = chosen.Name, chosen.params
	r.parts.model, r.parts.age, r.parts.unit = chosen.model, medianAge(people), o.UnitName
	spend, err := clv.FitGammaGamma(slices.Values(people), &clv.FitOptions{Level: r.level, SkipNonPositive: true})
	known := err == nil
	if known {
		r.Models.Spend = estimates(spend.Estimates, r.level)
		if spend.CorrelationKnown {
			r.Models.Correlation = &spend.Correlation
		}
		if spend.Dependent {
			r.Models.Problems = append(r.Models.Problems, fmt.Sprintf(
				"Gamma-Gamma takes spend to be independent of frequency, and their correlation is %.2f: what customers are expected to spend is off, by more the more they buy", spend.Correlation))
		}
	} else {
		r.Models.Problems = append(r.Models.Problems, err.Error())
	}
	if err := r.expectations(chosen, spend, known, people); err != nil {
		return err
	}
	r.newCustomer(chosen, spend, known, c)
	if all.calibration != nil {
		return r.holdout(all.calibration.Result(), all.visits)
	}
	return nil
}

// unfitted says of all figures of the models why there are none; those of a holdout are
// left out where none was asked for.
func (r *Report) unfitted(why error) {
	for _, k := range Keys() {
		if strings.HasPrefix(k.Name, "holdout_") && r.held.IsZero() {
			continue
		}
		if _, there := r.Figures[k.Name]; k.Section == sectionModels && !there {
			r.add(k.Name, kpi.Undefined(k.Name, k.Unit, why.Error()))
		}
	}
}

// expectations sums what the models expect of all customers.
func (r *Report) expectations(m fitted, spend clv.SpendFit, known bool, people []clv.Customer) error {
	h := r.Models.horizon
	var alive, purchases, value float64
	free := 0
	var risks []risk
	for i, p := range people {
		a, err := clv.Alive(m.model, p, 0)
		if err != nil {
			return err
		}
		n, err := clv.ConditionalExpected(m.model, p, h.Step*float64(h.Steps))
		if err != nil {
			return err
		}
		alive, purchases = alive+a, purchases+n
		if !known {
			continue
		}
		if p.Frequency > 0 && p.Monetary <= 0 {
			free++
			continue
		}
		v, err := clv.LifetimeValue(m.model, spend.Model, p, h)
		if errors.Is(err, clv.ErrUndefined) {
			known = false
			r.Models.Problems = append(r.Models.Problems, err.Error())
			continue
		}
		if err != nil {
			return err
		}
		value += v.Expected
		if a <= riskFrom {
			risks = append(risks, risk{customer: i, risk: 1 - a, value: v.Expected})
		}
	}
	n := float64(len(people))
	convention := fmt.Sprintf("%s, AIC chose it; 12 months of 30.4375 days", m.Name)
	few := sketchOf(people)
	staying := m.sureness(few, func(m clv.Model, c clv.Customer) (float64, error) { return clv.Alive(m, c, 0) })
	active := staying.around(kpi.Estimate("expected_active_customers", kpi.Count, alive), r.level, n)
	r.add("expected_active_customers", active.As(convention))
	r.add("churn_risk_mean", lost(active, n).As("mean of 1 − P(alive); "+convention))
	buying := m.sureness(few, func(m clv.Model, c clv.Customer) (float64, error) {
		return clv.ConditionalExpected(m, c, h.Step*float64(h.Steps))
	})
	r.add("expected_purchases_12_months", buying.around(kpi.Estimate("expected_purchases_12_months", kpi.Count, purchases), r.level, math.Inf(1)).As(convention))
	var paying sureness
	if known {
		paying = m.sureOfValue(spend, few, h)
	}
	money := func(key string, v float64) kpi.Figure {
		f := kpi.Undefined(key, kpi.Money, "no model of spend fits")
		if known {
			f = paying.around(kpi.Estimate(key, kpi.Money, v), r.level, math.Inf(1))
		}
		return f.As(fmt.Sprintf("%s and Gamma-Gamma, discount %v a month; revenue, 12 months of 30.4375 days", m.Name, h.Discount)).Priced(r.currency)
	}
	for key, v := range map[string]float64{"expected_revenue_12_months": value, "expected_value_12_months_mean": value / n} {
		f := money(key, v)
		if free > 0 {
			f = f.Noted("%d customers whose repeat orders were free count as 0", free)
		}
		r.add(key, f)
	}
	if !known {
		return nil
	}
	return r.atRisk(m, spend, people, risks)
}

// atRisk lists those of most value who have more likely left than not, ties by id.
func (r *Report) atRisk(m fitted, spend clv.SpendFit, people []clv.Customer, risks []risk) error {
	slices.SortFunc(risks, func(a, b risk) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(people[a.customer].ID, people[b.customer].ID))
	})
	for _, one := range risks[:min(len(risks), mostAtRisk)] {
		p := people[one.customer]
		f, err := m.predict(spend, p, r.Models.horizon, &clv.IntervalOptions{Level: r.level, Seed: 1})
		if err != nil {
			return err
		}
		value := kpi.Estimate("value_12_months", kpi.Money, f.Expected).Priced(r.currency).
			With(kpi.Interval{Lower: f.Low, Upper: f.High, Level: f.Level, Method: "simulated"})
		r.Models.AtRisk = append(r.Models.AtRisk, forecast{Member: p.ID, Risk: one.risk, Value: value, Since: p.Age - p.Recency})
	}
	return nil
}

// newCustomer is what somebody brings in the year after a first purchase, that one
// included, and what winning them may cost.
func (r *Report) newCustomer(m fitted, spend clv.SpendFit, known bool, c *costs) {
	const key, marginKey = "new_customer_revenue_12_months", "new_customer_margin_12_months"
	h := r.Models.horizon
	value := kpi.Undefined(key, kpi.Money, "no model of spend fits")
	first, haveFirst := r.Figures["average_order_value"].Value()
	repeats, err := clv.Expected(m.model, h.Step*float64(h.Steps))
	if known && err == nil && haveFirst {
		if mean, err := spend.Model.Mean(); err == nil {
			sure := m.sureOfNew(spend, first, h)
			value = sure.around(kpi.Estimate(key, kpi.Money, first+repeats*mean), r.level, math.Inf(1))
		}
	}
	value = value.As(fmt.Sprintf("average order value + expected repeat purchases × mean spend; %s and Gamma-Gamma, not discounted", m.Name)).Priced(r.currency)
	r.add(key, value)
	if c == nil || c.GrossMargin == nil {
		return
	}
	margin := kpi.Undefined(marginKey, kpi.Money, value.Reason())
	if _, ok := value.Value(); ok {
		margin = times(value, marginKey, *c.GrossMargin)
	}
	margin = margin.As(value.Convention + "; × gross margin").Priced(r.currency)
	r.add(marginKey, margin)
	r.margin = margin
}

// holdout fits the chosen model to the calibration, and compares what it expects
// with what came.
func (r *Report) holdout(s *kpi.Summaries, v *visits) error {
	people := slices.Collect(clv.Customers(s))
	chosen, _, problems := best(people, r.level)
	if chosen.model == nil {
		r.Models.Problems = append(r.Models.Problems, "calibration: "+problems[0])
		return nil
	}
	const frequencies = 7
	h, err := clv.Evaluate(chosen.model, clv.Observations(s), s.HoldoutLength, frequencies)
	if err != nil {
		return err
	}
	r.Models.Holdout = &holdout{Model: chosen.Name, Length: s.HoldoutLength, MAE: h.MAE, RMSE: h.RMSE}
	for _, row := range h.ByFrequency {
		out := frequency{Repeats: row.Frequency, Customers: row.Customers}
		if row.Known {
			out.Actual, out.Expected = &row.Actual, &row.Expected
		}
		r.Models.Holdout.Rows = append(r.Models.Holdout.Rows, out)
	}
	convention := fmt.Sprintf("%s fitted to the calibration, %.4g %ss", chosen.Name, s.HoldoutLength, r.Models.Unit)
	actual := r.exact("holdout_purchases", kpi.Count, decimal.NewFromFloat(h.Actual), r.held)
	r.add("holdout_purchases", actual.As("purchases after the calibration, of its customers"))
	sure := chosen.sureness(sketchOf(people), func(m clv.Model, c clv.Customer) (float64, error) {
		return clv.ConditionalExpected(m, c, s.HoldoutLength)
	})
	expected := sure.around(kpi.Estimate("holdout_purchases_expected", kpi.Count, h.Expected), r.level, math.Inf(1))
	r.add("holdout_purchases_expected", expected.As(convention))
	off := kpi.Undefined("holdout_error", kpi.Fraction, "nobody bought in the holdout")
	if h.Actual > 0 {
		off = kpi.Estimate("holdout_error", kpi.Fraction, h.Expected/h.Actual-1)
		if i := expected.Interval; i != nil {
			off = off.With(kpi.Interval{Lower: i.Lower/h.Actual - 1, Upper: i.Upper/h.Actual - 1, Level: i.Level, Method: i.Method})
		}
	}
	r.add("holdout_error", off.As("expected / actual − 1; "+convention))
	r.parts.tracking, err = v.track(chosen.model, s, r.Models.Unit)
	return err
}
