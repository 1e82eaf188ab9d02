package figures

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/liability"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// PointOptions say which points are counted, and until when.
type PointOptions struct {
	// Unit is the code of the points. It is required.
	Unit string
	// Until is the end of what is counted: entries that occurred before it. It is
	// required, and should not be ahead of what was settled; see Engine.RunDue.
	Until time.Time
	// Zone is the zone of the months; nil is UTC.
	Zone *time.Location
}

// PointCohort has the points that were earned in one month, and what has become of
// them: PointCounts of [kpi.Redemption], [kpi.Breakage] and [kpi.Ultimate].
type PointCohort struct {
	// Period is the month in which the points were earned.
	Period kpi.Period
	kpi.PointCounts
	// Months is what became of them month by month, from that in which they were earned
	// up to that of the end of what is counted: see [kpi.EstimateUltimate].
	Months kpi.PointDevelopment
}

// State is the cohort as package liability sees it at the end of a period, with
// what was deferred for its points and, for the method liability.Proportional, how
// many are expected to be redeemed in the end.
func (c *PointCohort) State(period kpi.Period, deferred, expected decimal.Decimal) liability.State {
	return liability.State{
		Period: period, Deferred: deferred, Expected: expected,
		Issued: decimal.NewFromInt(c.Issued), Redeemed: decimal.NewFromInt(c.Redeemed), Expired: decimal.NewFromInt(c.Expired),
	}
}

// PointReport is the points of all accounts by the month in which they were earned.
type PointReport struct {
	// Cohorts are in order of time.
	Cohorts []PointCohort
	// Debt is what members owe, in points: refunds and corrections took it when it had
	// been spent already. It is in no cohort's counts.
	Debt int64
	// Flows are all points by the month in which they moved, whenever they were earned.
	Flows []PointFlow
	// Partial is set where the last month was not counted to its end.
	Partial bool

	until time.Time
}

// Total adds up all cohorts.
func (r *PointReport) Total() (kpi.PointCounts, error) {
	var sum kpi.PointCounts
	for i := range r.Cohorts {
		if err := sum.Merge(r.Cohorts[i].PointCounts); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// PointCohorts counts points by the month in which the lots that hold them were
// earned. What refunds, corrections and transfers took back is not issued; points
// that came by a transfer keep the day on which they were earned. Points that were
// consolidated or moved to another lot belong to that lot's month. Points that paid
// a debt at once are no cohort's.
func PointCohorts(ctx context.Context, engine *loyalty.Engine, store storage.Store, o PointOptions) (*PointReport, error) {
	var problems kpi.Problems
	if o.Unit == "" {
		problems.Add("unit", "must name the points to count")
	}
	if o.Until.IsZero() {
		problems.Add("until", "must be said: counts are as of an instant")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	r := pointReader{options: &o, dates: calendar.NewDates(o.Zone), cohorts: map[int64]map[int64]*flows{}}
	program := engine.Program(points.Never).ID
	for account, err := range storage.AllAccounts(ctx, store, storage.AccountQuery{Program: program, Limit: 1000}) {
		if err != nil {
			return nil, fmt.Errorf("figures: accounts: %w", err)
		}
		query := storage.MemberQuery{Program: program, Member: account.Member, Limit: 1000}
		if err := r.account(ctx, store, query); err != nil {
			return nil, fmt.Errorf("figures: points of %s: %w", loyalty.AccountName(account.Member), err)
		}
	}
	return r.report()
}

// flows are what moved into and out of a cohort; pending is what is in that bucket.
type flows struct{ issued, redeemed, expired, pending int64 }

func (f *flows) add(o *flows) {
	f.issued += o.issued
	f.redeemed += o.redeemed
	f.expired += o.expired
	f.pending += o.pending
}

type pointReader struct {
	options *PointOptions
	dates   *calendar.Dates
	// cohorts are by the month in which points were earned; each has what moved by the
	// month in which it did.
	cohorts map[int64]map[int64]*flows
	debt    int64
	// months are those of the lots of the account that is read.
	months map[points.LotID]int64
}

func (r *pointReader) account(ctx context.Context, store storage.Store, query storage.MemberQuery) error {
	r.months = map[points.LotID]int64{}
	for lot, err := range storage.AllLots(ctx, store, query) {
		if err != nil {
			return err
		}
		if lot.Unit == r.options.Unit {
			r.months[lot.ID] = calendar.MonthOf(r.dates.Day(lot.EarnedAt.Unix()))
		}
	}
	for entry, err := range storage.AllEntries(ctx, store, query) {
		if err != nil {
			return err
		}
		if entry.Unit != r.options.Unit || !entry.OccurredAt.Before(r.options.Until) {
			continue
		}
		if err := r.entry(&entry.Entry); err != nil {
			return err
		}
	}
	return nil
}

// entry books one line of the ledger: both of its sides.
func (r *pointReader) entry(e *points.Entry) error {
	amount := int64(e.Amount)
	if e.From == points.Debt || e.To == points.Debt {
		if e.To == points.Debt {
			amount = -amount
		}
		r.debt += amount
		if !e.From.Member() || !e.To.Member() {
			return nil
		}
	}
	if e.Lot == 0 {
		return nil
	}
	at := calendar.MonthOf(r.dates.Day(e.OccurredAt.Unix()))
	from, err := r.cohort(e.Lot, at)
	if err != nil {
		return err
	}
	to := from
	if e.Into > 0 && e.From.Member() && e.To.Member() {
		if to, err = r.cohort(e.Into, at); err != nil {
			return err
		}
	}
	from.move(e.From, -int64(e.Amount))
	to.move(e.To, int64(e.Amount))
	if from != to {
		from.issued -= int64(e.Amount)
		to.issued += int64(e.Amount)
	}
	return nil
}

// move books one side of an entry. What comes from a bucket of the program's is
// issued, or comes back; what goes there is gone.
func (f *flows) move(bucket points.Bucket, amount int64) {
	switch bucket {
	case points.Pending:
		f.pending += amount
	case points.Redeemed:
		f.redeemed += amount
	case points.Expired:
		f.expired += amount
	case points.Issued, points.Reversed, points.Adjusted, points.Transferred, points.Source, points.Debt:
		f.issued -= amount
	}
}

func (r *pointReader) cohort(lot points.LotID, at int64) (*flows, error) {
	month, ok := r.months[lot]
	if !ok {
		return nil, fmt.Errorf("an entry names lot %d, which the account does not have", lot)
	}
	// Points may be said to have moved before the month that they are counted to, as by
	// consolidation with later ones.
	at = max(at, month)
	months := r.cohorts[month]
	if months == nil {
		months = map[int64]*flows{}
		r.cohorts[month] = months
	}
	f := months[at]
	if f == nil {
		f = &flows{}
		months[at] = f
	}
	return f, nil
}

func (r *pointReader) report() (*PointReport, error) {
	zone, until := r.options.Zone, r.options.Until
	last := calendar.MonthOf(r.dates.Day(until.Add(-time.Microsecond).Unix()))
	period := func(month int64) kpi.Period {
		return kpi.Period{
			Start: calendar.StartOfDate(calendar.StartOfMonth(month), zone),
			End:   calendar.StartOfDate(calendar.StartOfMonth(month+1), zone), Zone: zone,
		}
	}
	report := &PointReport{Debt: r.debt, until: until, Partial: until.Before(period(last).End)}
	moved := map[int64]*PointFlow{}
	for _, month := range slices.SortedFunc(maps.Keys(r.cohorts), cmp.Compare) {
		months := r.cohorts[month]
		c := PointCohort{Period: period(month), Months: make(kpi.PointDevelopment, max(last-month, 0)+1)}
		var sum flows
		for at, f := range months {
			sum.add(f)
			step := kpi.PointStep{Issued: f.issued, Redeemed: f.redeemed, Expired: f.expired}
			all := &c.Months[max(0, min(at, last)-month)]
			all.Issued, all.Redeemed, all.Expired = all.Issued+step.Issued, all.Redeemed+step.Redeemed, all.Expired+step.Expired
			if moved[at] == nil {
				moved[at] = &PointFlow{Period: period(at)}
			}
			moved[at].add(step)
		}
		if sum == (flows{}) {
			continue
		}
		c.PointCounts = kpi.PointCounts{Issued: sum.issued, Matured: sum.issued - sum.pending, Redeemed: sum.redeemed, Expired: sum.expired}
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("figures: points earned %s: %w", c.Period, err)
		}
		report.Cohorts = append(report.Cohorts, c)
	}
	for _, month := range slices.SortedFunc(maps.Keys(moved), cmp.Compare) {
		report.Flows = append(report.Flows, *moved[month])
	}
	return report, nil
}
