package figures

import (
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

// Period is from the start of the first month in which points moved until the end of what
// is counted; it is empty where none moved.
func (r *PointReport) Period() kpi.Period {
	if len(r.Flows) == 0 {
		return kpi.Period{}
	}
	first := r.Flows[0].Period
	return kpi.Period{Start: first.Start, End: r.until, Zone: first.Zone}
}

// PointCohorts counts points by the month in which the lots that hold them were
// earned. What refunds, corrections and transfers took back is not issued; points
// that came by a transfer keep the day on which they were earned. Points that were
// consolidated or moved to another lot belong to that lot's month. Points that paid
// a debt at once are no cohort's.
func PointCohorts(ctx context.Context, engine *loyalty.Engine, store storage.Store, o PointOptions) (*PointReport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if _, ok := engine.Program(points.Never).Unit(o.Unit); !ok {
		var problems kpi.Problems
		problems.Add("unit", "%q is not a unit of the program", o.Unit)
		return nil, problems.Err()
	}
	sums, err := kpi.NewPointAccumulator(o.Until, o.Zone)
	if err != nil {
		return nil, err
	}
	r := pointReader{options: &o, sums: sums}
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
	return PointReportOf(sums.Result(), o)
}

func (o *PointOptions) check() error {
	var problems kpi.Problems
	if o.Unit == "" {
		problems.Add("unit", "must name the points to count")
	}
	o.Zone = checkUntil(&problems, o.Until, o.Zone)
	return problems.Err()
}

// checkUntil adds what is wrong with the end of what is counted, and returns the zone of
// its months.
func checkUntil(problems *kpi.Problems, until time.Time, zone *time.Location) *time.Location {
	if until.IsZero() {
		problems.Add("until", "must be said: counts are as of an instant")
	}
	if zone == nil {
		return time.UTC
	}
	return zone
}

type pointReader struct {
	options *PointOptions
	sums    *kpi.PointAccumulator
	// earned is when the points of the lots of the account that is read were earned.
	earned map[points.LotID]time.Time
}

func (r *pointReader) account(ctx context.Context, store storage.Store, query storage.MemberQuery) error {
	r.earned = map[points.LotID]time.Time{}
	for lot, err := range storage.AllLots(ctx, store, query) {
		if err != nil {
			return err
		}
		if lot.Unit == r.options.Unit {
			r.earned[lot.ID] = lot.EarnedAt
		}
	}
	for entry, err := range storage.AllEntries(ctx, store, query) {
		if err != nil {
			return err
		}
		if entry.Unit != r.options.Unit {
			continue
		}
		if err := r.entry(&entry.Entry); err != nil {
			return err
		}
	}
	return nil
}

// entry adds one line of the ledger.
func (r *pointReader) entry(e *points.Entry) error {
	move := kpi.PointMove{At: e.OccurredAt, From: kpi.PointBucket(e.From), To: kpi.PointBucket(e.To), Points: int64(e.Amount)}
	var err error
	if move.Earned, err = r.earnedAt(e.Lot); err != nil {
		return err
	}
	if move.Within() {
		if move.Into, err = r.earnedAt(e.Into); err != nil {
			return err
		}
	}
	return r.sums.Add(move)
}

func (r *pointReader) earnedAt(lot points.LotID) (time.Time, error) {
	at, ok := r.earned[lot]
	if !ok && lot != 0 {
		return at, fmt.Errorf("an entry names lot %d, which the account does not have", lot)
	}
	return at, nil
}

// PointReportOf is the report of what became of points, as [PointCohorts] has it of a
// store and sqlkpi.Ledger has it of the database of one. The options are those by which it
// was counted. An error wraps [kpi.ErrInvalid].
func PointReportOf(history *kpi.PointHistory, o PointOptions) (*PointReport, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	dates := calendar.NewDates(o.Zone)
	monthOf := func(at time.Time) int64 { return calendar.MonthOf(dates.Day(at.Unix())) }
	last := monthOf(o.Until.Add(-time.Microsecond))
	end := calendar.StartOfDate(calendar.StartOfMonth(last+1), o.Zone)
	report := &PointReport{Debt: history.Debt, until: o.Until, Partial: o.Until.Before(end)}
	moved := map[int64]*PointFlow{}
	for rest := history.Months; len(rest) > 0; {
		cohort := PointCohort{Period: rest[0].Earned}
		month, pending := monthOf(cohort.Period.Start), int64(0)
		cohort.Months = make(kpi.PointDevelopment, max(last-month, 0)+1)
		var sum kpi.PointStep
		for ; len(rest) > 0 && rest[0].Earned.Start.Equal(cohort.Period.Start); rest = rest[1:] {
			at, step := monthOf(rest[0].Moved.Start), rest[0].PointStep
			addStep(&cohort.Months[max(0, min(at, last)-month)], step)
			addStep(&sum, step)
			pending += rest[0].Pending
			if moved[at] == nil {
				moved[at] = &PointFlow{Period: rest[0].Moved}
			}
			addStep(&moved[at].PointStep, step)
		}
		if sum == (kpi.PointStep{}) && pending == 0 {
			continue
		}
		cohort.PointCounts = kpi.PointCounts{Issued: sum.Issued, Matured: sum.Issued - pending, Redeemed: sum.Redeemed, Expired: sum.Expired}
		if err := cohort.Validate(); err != nil {
			return nil, fmt.Errorf("figures: points earned %s: %w", cohort.Period, err)
		}
		report.Cohorts = append(report.Cohorts, cohort)
	}
	for _, month := range slices.Sorted(maps.Keys(moved)) {
		report.Flows = append(report.Flows, *moved[month])
	}
	return report, nil
}

func addStep(to *kpi.PointStep, s kpi.PointStep) {
	to.Issued += s.Issued
	to.Redeemed += s.Redeemed
	to.Expired += s.Expired
}
