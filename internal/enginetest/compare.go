package enginetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// compare says where engine and model differ in what anybody has now, and in
// the books.
func (s *session) compare() error {
	for _, id := range s.all {
		p := s.model.now(id)
		if p.erased {
			continue // verify asks about them.
		}
		if err := s.compareAt(p, later(s.clock, p.recorded)); err != nil {
			return err
		}
	}
	return s.compareTotals()
}

// compareAt compares what a person has at an instant, in the model's words.
func (s *session) compareAt(known *person, at time.Time) error {
	m, err := s.engine.MemberAt(s.ctx, known.id, at)
	if !known.enrolled {
		if told(err) != told(loyalty.ErrNotEnrolled) {
			return fmt.Errorf("%s is not enrolled, but a read says %w", known.id, err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	p := known.copy()
	s.model.apart().advance(p, at)
	if want := p.balances(); !slices.Equal(filled(m.Balances), want) {
		return fmt.Errorf("%s at %s has %+v, should have %+v", p.id, at, m.Balances, want)
	}
	have, want := shownLots(m.Lots), p.shown()
	if p.crowded {
		have, want = merged(have), merged(want)
	}
	if !slices.Equal(have, want) {
		return fmt.Errorf("%s at %s has the lots\n%s\nshould have\n%s", p.id, at, lines(have), lines(want))
	}
	if past := s.model.person(known.id).recorded.After(at); past {
		p.idle = nil // The past shows what lots had ahead by themselves.
	}
	maturing, expiring := p.schedule()
	if have := shownSchedule(m.Maturing); !slices.Equal(have, maturing) {
		return fmt.Errorf("%s at %s: there mature %v, should %v", p.id, at, have, maturing)
	}
	if have := shownSchedule(m.Expiring); !slices.Equal(have, expiring) {
		return fmt.Errorf("%s at %s: there expire %v, should %v", p.id, at, have, expiring)
	}
	return nil
}

// apart is a model whose books are its own, to let a copy of a person's time go on.
func (m *model) apart() *model {
	return &model{revisions: m.revisions, zone: m.zone, mayMerge: m.mayMerge, outside: map[string]map[points.Bucket]points.Amount{}}
}

// comparePast compares what a person had at an instant before the last command.
func (s *session) comparePast(id string, at time.Time) error {
	var then *person
	for _, p := range s.past[id] {
		if !p.recorded.After(at) {
			then = p
		}
	}
	if s.model.person(id).erased {
		return nil
	}
	if joined, gone := s.model.merged[id]; then == nil || gone && !at.Before(joined.at) {
		return nil
	}
	if err := s.compareAt(then, at); err != nil {
		return fmt.Errorf("in the past: %w", err)
	}
	return nil
}

// compareTotals compares the trial balance, and proves that it is one.
func (s *session) compareTotals() error {
	totals, err := s.engine.Totals(s.ctx)
	if err != nil {
		return err
	}
	type side struct {
		unit   string
		bucket points.Bucket
	}
	have, want, sums := map[side]points.Amount{}, map[side]points.Amount{}, map[string]points.Amount{}
	for _, total := range totals {
		have[side{total.Unit, total.From}] -= total.Amount
		have[side{total.Unit, total.To}] += total.Amount
	}
	for unit, buckets := range s.model.outside {
		for bucket, n := range buckets {
			want[side{unit, bucket}] = n
		}
	}
	for _, p := range s.model.people {
		for _, b := range p.balances() {
			want[side{b.Unit, points.Pending}] += b.Pending
			want[side{b.Unit, points.Available}] += b.Available
			want[side{b.Unit, points.Held}] += b.Held
			want[side{b.Unit, points.Debt}] -= b.Debt
			want[side{b.Unit, points.Counted}] += b.Counted
		}
	}
	for at, n := range have {
		want[at] += 0
		sums[at.unit] += n
	}
	order := func(a, b side) int { return cmp.Or(cmp.Compare(a.unit, b.unit), cmp.Compare(a.bucket, b.bucket)) }
	for _, at := range slices.SortedFunc(maps.Keys(want), order) {
		if have[at] != want[at] {
			return fmt.Errorf("the books say %d %s %s, should say %d", have[at], at.unit, at.bucket, want[at])
		}
	}
	for _, unit := range slices.Sorted(maps.Keys(sums)) {
		if sums[unit] != 0 {
			return fmt.Errorf("all buckets of %s come to %d", unit, sums[unit])
		}
	}
	return nil
}

// verify audits everything.
func (s *session) verify() error {
	report, err := s.engine.Verify(s.ctx, nil)
	if err != nil {
		return err
	}
	if !report.OK() {
		return fmt.Errorf("the audit found: %w", report.Problems[0])
	}
	if len(s.revisions[0].Reminders) > 0 {
		if err := s.compareReminders(); err != nil {
			return err
		}
	}
	for _, id := range s.all {
		if !s.model.person(id).erased {
			continue
		}
		if err := s.compareErased(id); err != nil {
			return err
		}
	}
	return nil
}

// shownLot is what a member page shows of a lot; instants count microseconds.
type shownLot struct {
	unit                string
	pending             bool
	left, held          points.Amount
	earned, from, until int64
	source, origin      string
}

func (l shownLot) String() string {
	at := func(t int64) string { return time.UnixMicro(t).UTC().Format("2006-01-02T15:04:05.999999Z") }
	return fmt.Sprintf("%s pending=%v left=%d held=%d earned=%s from=%s until=%s source=%s origin=%s",
		l.unit, l.pending, l.left, l.held, at(l.earned), at(l.from), at(l.until), l.source, l.origin)
}

func shownLots(lots []points.Lot) []shownLot {
	shown := make([]shownLot, 0, len(lots))
	for _, l := range lots {
		shown = append(shown, shownLot{
			unit: l.Unit, pending: l.State == points.LotPending, left: l.Remaining, held: l.Held, source: l.Source, origin: l.Origin,
			earned: l.EarnedAt.UnixMicro(), from: l.AvailableFrom.UnixMicro(), until: l.ExpiresAt.UnixMicro(),
		})
	}
	return shown
}

// shown lists the lots that hold something, in the order in which they are spent.
func (p *person) shown() []shownLot {
	places := p.places()
	shown := make([]shownLot, 0, len(places))
	for _, i := range places {
		l := p.lots[i]
		shown = append(shown, shownLot{
			unit: l.unit, pending: l.pending && l.left > 0, left: l.left, held: l.held, source: l.source, origin: l.origin,
			earned: l.earned.UnixMicro(), from: l.from.UnixMicro(), until: l.until.UnixMicro(),
		})
	}
	return shown
}

// places lists where the lots are that hold something, in the order in which they are spent.
func (p *person) places() []int {
	var places []int
	for i, l := range p.lots {
		if l.left > 0 || l.held > 0 {
			places = append(places, i)
		}
	}
	slices.SortStableFunc(places, func(a, b int) int {
		return cmp.Or(p.lots[a].until.Compare(p.lots[b].until), p.lots[a].earned.Compare(p.lots[b].earned))
	})
	return places
}

// merged adds up the lots of a unit, state and expiry.
func merged(lots []shownLot) []shownLot {
	type kind struct {
		unit    string
		pending bool
		until   int64
	}
	sums := map[kind]shownLot{}
	for _, l := range lots {
		k := kind{l.unit, l.pending, l.until}
		sum := sums[k]
		sums[k] = shownLot{unit: l.unit, pending: l.pending, until: l.until, left: sum.left + l.left, held: sum.held + l.held}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b shownLot) int { return strings.Compare(a.String(), b.String()) })
}

// schedule lists what matures and what expires, sorted.
func (p *person) schedule() (maturing, expiring []string) {
	type line struct {
		unit string
		at   string
	}
	matures, expires := map[line]points.Amount{}, map[line]points.Amount{}
	for _, l := range p.lots {
		switch {
		case l.left == 0:
		case l.pending:
			matures[line{l.unit, l.from.UTC().String()}] += l.left
		case !points.IsNever(p.expiry(l)):
			expires[line{l.unit, p.expiry(l).UTC().String()}] += l.left
		}
	}
	list := func(of map[line]points.Amount) []string {
		var all []string
		for at, n := range of {
			all = append(all, fmt.Sprintf("%d %s at %s", n, at.unit, at.at))
		}
		slices.Sort(all)
		return all
	}
	return list(matures), list(expires)
}

func shownSchedule(schedule []loyalty.Scheduled) []string {
	var all []string
	for _, at := range schedule {
		all = append(all, fmt.Sprintf("%d %s at %s", at.Points, at.Unit, at.At.UTC()))
	}
	slices.Sort(all)
	return all
}

func lines[T any](all []T) string {
	var text strings.Builder
	for _, line := range all {
		fmt.Fprintf(&text, "  %v\n", line)
	}
	return text.String()
}
