package loyalty

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
)

// ImportRow is one row of a file of opening balances.
type ImportRow struct {
	// Line is the row's line in the file, for reports.
	Line int
	// ID is the row's own id in the file: the Import's key is made from it, unless it has
	// one, so that running the file again changes nothing. Two rows of one member with one
	// key are a mistake of the file: the second is a bad row.
	ID     string
	Import Import
	// Err says why the row could not be read, if it could not.
	Err error
}

// ImportOptions says how ImportAll works; nil and the zero value are good defaults.
type ImportOptions struct {
	// DryRun decides every row, with what the rows before bring, and stores nothing. The
	// report is what a run would say now.
	DryRun bool
	// Members is of how many members a dry run holds in memory what their rows bring, about
	// a kilobyte each; 0 is 100,000. The first of them is forgotten first. A file that is
	// sorted by member comes to nobody again.
	Members int
	// StopAtBad ends the run with the first bad row; rows after it are not imported, and
	// those of its round may be. To import all or nothing, look at a dry run first.
	StopAtBad bool
	// Progress, if not nil, is called after every round.
	Progress func(ImportReport)
}

// ImportReport says what a run of ImportAll did.
type ImportReport struct {
	// Rows counts those that were read: Imported are new, Replayed were there before,
	// Bad are refused.
	Rows     int `json:"rows"`
	Imported int `json:"imported"`
	Replayed int `json:"replayed"`
	Bad      int `json:"bad"`
	// Apart counts how often a dry run came to a member again whom it had forgotten, and
	// decided without what earlier rows bring; see [ImportOptions.Members].
	Apart int `json:"apart,omitempty"`
	// Totals adds up the points of rows that are imported or were there, and what they count
	// in metrics, sorted by unit.
	Totals []ImportTotal `json:"totals,omitempty"`
	// Tiers counts the members who are brought to each tier by qualifying, of the same rows,
	// sorted by ladder and tier; the empty tier is none.
	Tiers []ImportTier `json:"tiers,omitempty"`
	// Unfinished has the first 1000 members whose rows of this run end before the last page of
	// their opening standing, sorted, and Waiting counts all: until the rest comes nothing is
	// decided on their tiers.
	Unfinished []UnfinishedStanding `json:"unfinished,omitempty"`
	Waiting    int                  `json:"waiting,omitempty"`
	// Problems has the first 1000 bad rows, in the order of the file.
	Problems []ImportProblem `json:"problems,omitempty"`
	// Stopped is set where StopAtBad ended the run.
	Stopped bool `json:"stopped,omitempty"`
}

// ImportTotal is what a file has of a unit, in so many lots and counts.
type ImportTotal struct {
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
	Rows   int           `json:"rows"`
}

// ImportTier is how many members of a file come to a tier.
type ImportTier struct {
	Ladder  string `json:"ladder"`
	Tier    string `json:"tier,omitempty"`
	Members int    `json:"members"`
}

// UnfinishedStanding is an [OpeningStanding] of which the page Page is wanted, of Pages, 0
// where that is not known.
type UnfinishedStanding struct {
	Member string `json:"member"`
	Page   int    `json:"page"`
	Pages  int    `json:"pages,omitempty"`
}

// unfinishedStandings lists members of whose standings pages are wanted.
type unfinishedStandings map[string]UnfinishedStanding

// imported notes a row that is imported, or was.
func (u unfinishedStandings) imported(row *Import) {
	if row.Standing == nil {
		return
	}
	if row.Standing.more() {
		u[row.Member] = UnfinishedStanding{Member: row.Member, Page: row.Standing.Page + 1, Pages: row.Standing.Pages}
	} else {
		delete(u, row.Member)
	}
}

// first lists the first of them.
func (u unfinishedStandings) first() (list []UnfinishedStanding) {
	members := slices.Sorted(maps.Keys(u))
	for _, member := range members[:min(len(members), maxImportProblems)] {
		list = append(list, u[member])
	}
	return list
}

// ImportProblem is a bad row.
type ImportProblem struct {
	Line int    `json:"line"`
	ID   string `json:"id,omitempty"`
	Err  error  `json:"-"`
	// What says what is wrong.
	What string `json:"what"`
}

const (
	maxImportProblems = 1000
	importRound       = 256
	rehearsedMembers  = 100_000
)

// ImportAll imports opening balances, many rows to a commit. A bad row is reported and
// stops no other. Running a file again changes nothing. An error ends the run: a
// context that is done, or totals beyond int64; what was imported by then is reported.
// A run keeps 24 bytes in memory of each row, by which it knows a second row with the key
// of one before.
func (e *Engine) ImportAll(ctx context.Context, rows iter.Seq[ImportRow], options *ImportOptions) (ImportReport, error) {
	var o ImportOptions
	if options != nil {
		o = *options
	}
	run := importRun{
		options: &o, totals: map[string]ImportTotal{}, tiers: map[[2]string]int{}, lines: map[rowKey]int{}, unfinished: unfinishedStandings{},
	}
	if o.DryRun {
		run.dry = newRehearsal(e.store, cmp.Or(max(o.Members, 0), rehearsedMembers))
		e = e.WithStore(run.dry)
	}
	s := newStream(ctx, e, &AllOptions{Group: importRound}, results(run.one))
	if o.StopAtBad || o.DryRun {
		s.most = 1
	}
	defer s.end()
	for row := range rows {
		if err := ctx.Err(); err != nil {
			return run.done(), fmt.Errorf("loyalty: import: %w", err)
		}
		run.rows = append(run.rows, row)
		if !s.take(run.call(ctx, e, &row)) {
			break
		}
	}
	s.finish()
	if o.Progress != nil && run.report.Rows%importRound > 0 {
		o.Progress(run.done())
	}
	return run.done(), run.err
}

// importRun is one run of ImportAll.
type importRun struct {
	options *ImportOptions
	// rows are those that were read and not reported, in order.
	rows   []ImportRow
	report ImportReport
	totals map[string]ImportTotal
	tiers  map[[2]string]int
	// unfinished are those of whose standings pages are wanted.
	unfinished unfinishedStandings
	// lines has the line of each row that was read, by a digest of member and key.
	lines map[rowKey]int
	// dry is the store of a dry run.
	dry *rehearsal
	err error
}

// rowKey is the start of a SHA-256.
type rowKey [16]byte

// repeated returns an error about a row whose member and key an earlier row has.
func (r *importRun) repeated(cmd Import, row ImportRow) error {
	sum := sha256.Sum256(encoder(nil).text(cmd.Member).text(cmd.Key))
	digest := rowKey(sum[:])
	before, again := r.lines[digest]
	if !again {
		r.lines[digest] = row.Line
		return nil
	}
	return invalid("id", "%q of member %q is that of line %d already", points.Clip(cmp.Or(row.ID, cmd.Key)), points.Clip(cmd.Member), before)
}

// call makes a call of a row.
func (r *importRun) call(ctx context.Context, e *Engine, row *ImportRow) *call {
	cmd := row.Import
	cmd.Key = cmp.Or(cmd.Key, "import/"+row.ID)
	c := e.streamed(ctx, cmd, &AllOptions{})
	if row.Err != nil {
		c.refused, c.err = true, fmt.Errorf("%w: %w", ErrInvalid, row.Err)
	} else if err := r.repeated(cmd, *row); err != nil {
		c.refused, c.err = true, err
	}
	return c
}

// one reports the next row. It reports whether to go on.
func (r *importRun) one(receipt Receipt, err error) bool {
	row := r.rows[0]
	r.rows = r.rows[1:]
	r.report.Rows++
	switch {
	case err != nil:
		r.bad(row, err)
		if r.options.StopAtBad {
			r.report.Stopped = true
			return false
		}
	default:
		if r.report.Imported++; receipt.Replayed {
			r.report.Imported--
			r.report.Replayed++
		}
		if r.err = r.add(&row.Import); r.err != nil {
			return false
		}
	}
	if r.options.Progress != nil && r.report.Rows%importRound == 0 {
		r.options.Progress(r.done())
	}
	return true
}

// add adds a row to the totals.
func (r *importRun) add(row *Import) error {
	for unit, amount := range row.amounts() {
		total := r.totals[unit]
		total.Unit = unit
		total.Rows++
		sum, err := total.Points.Add(amount)
		if err != nil {
			return fmt.Errorf("loyalty: import: total of %q: %w", unit, err)
		}
		total.Points = sum
		r.totals[unit] = total
	}
	r.unfinished.imported(row)
	if row.Standing != nil {
		for i := range row.Standing.Ladders {
			l := &row.Standing.Ladders[i]
			r.tiers[[2]string{l.Ladder, l.State.Tier}]++
		}
	}
	return nil
}

// amounts iterates over what the row brings of units: its lot, and its counts.
func (c *Import) amounts() iter.Seq2[string, points.Amount] {
	return func(yield func(string, points.Amount) bool) {
		if c.Points > 0 && !yield(c.Unit, c.Points) || c.Standing == nil {
			return
		}
		for _, count := range c.Standing.Counts {
			if !yield(count.Metric, count.Amount) {
				return
			}
		}
	}
}

func (r *importRun) bad(row ImportRow, err error) {
	if r.report.Bad++; len(r.report.Problems) < maxImportProblems {
		r.report.Problems = append(r.report.Problems, ImportProblem{Line: row.Line, ID: row.ID, Err: err, What: err.Error()})
	}
}

func (r *importRun) done() ImportReport {
	report := r.report
	if r.dry != nil {
		report.Apart = r.dry.met()
	}
	report.Totals = slices.SortedFunc(maps.Values(r.totals), func(a, b ImportTotal) int { return cmp.Compare(a.Unit, b.Unit) })
	report.Tiers = nil
	for _, at := range slices.SortedFunc(maps.Keys(r.tiers), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		report.Tiers = append(report.Tiers, ImportTier{Ladder: at[0], Tier: at[1], Members: r.tiers[at]})
	}
	report.Unfinished, report.Waiting = r.unfinished.first(), len(r.unfinished)
	return report
}
