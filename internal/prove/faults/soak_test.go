package faults

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// seatPrice is what a seat costs.
const seatPrice = 3

// soakProgram is a shop whose points last ten days, whose tiers are of months, and that has
// rewards.
func soakProgram() loyalty.Revisions {
	p := program()[0]
	p.Units = append(p.Units, points.Unit{Code: "euro", Kind: points.Metric})
	p.Earning = append(p.Earning, points.Rule{Code: "counts", Unit: "euro", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}})
	p.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 1}}, End: tiers.EndOfPeriod,
		Tiers: []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 20}}}}},
	}}
	p.Catalog = rewards.Catalog{{
		Code: "mug", Type: rewards.TypeCustom, Prices: []rewards.Price{{Unit: "point", Points: 4}}, Stock: 1_000_000_000, Shards: 4,
		Reserve: points.Span{N: 5, Unit: points.Days},
	}}
	return loyalty.Revisions{p}
}

// soak is a shop under a load that goes on and on. Its zero fields are those of a run of
// seconds.
type soak struct {
	store     storage.Store
	processes func() ([]int, error)
	members   int
	// length is how long half of the peak is served, in ticks; after each there is an audit of
	// a sample of members. The peak is measured for a part of it before.
	length, peaking time.Duration
	ticks, sample   int
	// days is how much of the shop's time goes by in a second.
	days  float64
	seed  uint64
	goals soakGoals
	// note, unless nil, is told of every tick.
	note func(format string, args ...any)

	clock    func() time.Time
	engine   *loyalty.Engine
	desk     *booking.Desk
	book     *soakBook
	hands    []*hand
	resting  []atomic.Bool
	settling sync.Mutex
	// delivering is held while events are delivered, and settled counts what was settled.
	delivering sync.Mutex
	settled    atomic.Int64
	session    atomic.Int64
	rate       float64
	figures    soakFigures
	audits     atomic.Int64
	// during is how many differences were found while calls went on.
	during int
	report loyalty.VerifyReport
}

// soakHands is how many serve.
const soakHands = 32

func (s *soak) evening() string { return "evening-" + strconv.FormatInt(s.session.Load(), 10) }

// opens makes the engine, enrolls the members and opens the first session.
func (s *soak) opens(t *testing.T) {
	t.Helper()
	began, first := time.Now(), time.Date(2027, time.January, 1, 9, 30, 0, 0, time.UTC)
	s.clock = func() time.Time {
		return first.Add(time.Duration(float64(time.Since(began)) * s.days * 24 * 3600))
	}
	engine, err := loyalty.New(soakProgram(), s.store, &loyalty.Options{Clock: s.clock, Secret: secret, Features: []loyalty.Feature{booking.Feature{}}})
	require.NoError(t, err)
	s.engine, s.desk, s.book = engine, booking.NewDesk(engine, s.store), newSoakBook(s.members)
	s.resting = make([]atomic.Bool, s.members)
	s.figures.took = make([]latencies, s.ticks)
	n := 0
	for _, err := range engine.DoAll(t.Context(), (&load{members: s.members}).enrollments, nil) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, s.members, n)
	for i := range soakHands {
		s.hands = append(s.hands, &hand{soak: s, name: strconv.Itoa(i), random: rand.New(rand.NewPCG(s.seed, uint64(i)))})
	}
	require.NoError(t, s.opensEvening(t.Context()))
}

// opensEvening opens another session, which members book from now on.
func (s *soak) opensEvening(ctx context.Context) error {
	next := s.session.Load() + 1
	starts := s.clock().AddDate(0, 2, 0)
	_, err := s.desk.Do(ctx, booking.Open{Key: "open", Session: experience.Session{
		ID: "evening-" + strconv.FormatInt(next, 10), Title: "Latte art", Zone: "UTC", Start: starts, End: starts.Add(2 * time.Hour),
		Capacity: 1_000_000, MaxParty: 1, Unit: "point", Prices: []experience.Price{{Points: seatPrice}},
	}})
	s.session.Store(next)
	return err
}

// work lets all hands serve until no more is due.
func (s *soak) work(ctx context.Context, due <-chan time.Time, took func(time.Duration)) (wait func()) {
	var serving sync.WaitGroup
	for _, h := range s.hands {
		serving.Go(func() { h.serves(ctx, due, took) })
	}
	return serving.Wait
}

// settles books what time has made true and closes months, again and again. Events are delivered
// beside that: as long as they come faster, a delivery does not end.
func (s *soak) settles(ctx context.Context, over <-chan struct{}) {
	var both sync.WaitGroup
	both.Go(func() {
		s.repeats(over, &s.settling, func() error {
			report, err := s.engine.RunDue(ctx, nil)
			if err == nil && len(report.Failed) > 0 {
				err = report.Failed[0]
			}
			if err == nil {
				_, err = s.engine.CloseBooks(ctx, nil)
			}
			s.settled.Add(1)
			return err
		})
	})
	both.Go(func() {
		s.repeats(over, &s.delivering, func() error {
			_, err := s.engine.Deliver(ctx, func(context.Context, loyalty.Event) error { return nil }, nil)
			return err
		})
	})
	both.Wait()
}

// repeats does something again and again, with a lock, until all is over.
func (s *soak) repeats(over <-chan struct{}, lock sync.Locker, something func() error) {
	for {
		select {
		case <-over:
			return
		case <-time.After(200 * time.Millisecond):
		}
		lock.Lock()
		err := something()
		lock.Unlock()
		if err != nil {
			s.book.fails(err)
		}
	}
}

// fewest is how many calls there are at least at the peak, however slow the machine is.
const fewest = 500

// peak has all hands serve as fast as they can, and returns how many calls they end in a second.
func (s *soak) peak(ctx context.Context) float64 {
	due, calls := make(chan time.Time), atomic.Int64{}
	wait := s.work(ctx, due, func(time.Duration) { calls.Add(1) })
	began := time.Now()
	for time.Since(began) < s.peaking || calls.Load() < fewest {
		due <- time.Now()
	}
	close(due)
	wait()
	return float64(calls.Load()) / time.Since(began).Seconds()
}

// soaks serves half of the peak, whether or not those before are served, and audits at the end
// of each tick.
func (s *soak) soaks(ctx context.Context) error {
	due := make(chan time.Time, 1<<16)
	began, each := time.Now(), s.length/time.Duration(s.ticks)
	// A call counts where it was due.
	wait := s.work(ctx, due, func(took time.Duration) {
		tick := (time.Since(began) - took) / each
		s.figures.took[min(max(0, int(tick)), s.ticks-1)].note(took)
	})
	over, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- s.looks(ctx, began, each) }()
	go func() { defer close(over); s.sends(began, due) }()
	<-over
	close(due)
	wait()
	return <-done
}

// sends lets calls be due at random moments, half as many as at the peak.
func (s *soak) sends(began time.Time, due chan<- time.Time) {
	random := rand.New(rand.NewPCG(s.seed, 77))
	for at := began; ; {
		at = at.Add(time.Duration(random.ExpFloat64() / s.rate * float64(time.Second)))
		if at.Sub(began) > s.length {
			return
		}
		if wait := time.Until(at); wait > 0 {
			<-time.After(wait)
		}
		select {
		case due <- at:
		default:
			s.figures.late++
		}
	}
}

// looks watches every second, and audits after each tick, until the load is over.
func (s *soak) looks(ctx context.Context, began time.Time, each time.Duration) error {
	w := &watcher{processes: s.processes}
	audited := make(chan error, 1)
	audited <- nil
	for tick := range s.ticks {
		step := min(each/4, time.Second)
		for n := 1; time.Duration(n)*step <= each; n++ {
			<-time.After(time.Until(began.Add(time.Duration(tick)*each + time.Duration(n)*step)))
			if err := w.looks(); err != nil {
				return err
			}
		}
		w.ticks(&s.figures)
		s.notes(tick)
		select {
		case err := <-audited:
			if err != nil {
				return err
			}
		default:
			continue // the last one still goes on
		}
		go func() {
			before := s.evening()
			err := s.opensEvening(ctx)
			if err == nil {
				err = s.audit(ctx, tick*s.sample, s.sample, before)
			}
			s.audits.Add(1)
			audited <- err
		}()
	}
	return <-audited
}

// notes tells of a tick of a long run.
func (s *soak) notes(tick int) {
	if s.note == nil {
		return
	}
	f, took := &s.figures, &s.figures.took[tick]
	done, refused, failed, differences := s.book.counts()
	s.note("tick %d: memory %.1f MB, server %.1f MB, heap %.1f MB, %.0f goroutines, %.0f files, %d calls, p50 %s, p99 %s; %d acknowledged, %d refused, %d failed, %d audits, %d differences so far",
		tick+1, f.own[tick]/(1<<20), f.server[tick]/(1<<20), f.heap[tick]/(1<<20), f.goroutines[tick], f.files[tick], took.count(), took.percentile(50), took.percentile(99),
		done, refused, failed, s.audits.Load(), differences)
}

// heldIdle is what the process holds while nothing goes on.
func (s *soak) heldIdle() float64 {
	s.settling.Lock()
	defer s.settling.Unlock()
	s.delivering.Lock()
	defer s.delivering.Unlock()
	return heapIdle()
}

// runs does all of it, and says what does not hold.
func (s *soak) runs(t *testing.T) []string {
	t.Helper()
	requireTold(t)
	s.opens(t)
	over, settled := make(chan struct{}), make(chan struct{})
	go func() { defer close(settled); s.settles(t.Context(), over) }()
	s.rate = s.peak(t.Context()) / 2
	s.figures.idle[0] = s.heldIdle()
	t.Logf("%.0f calls a second at the peak", 2*s.rate)
	err := s.soaks(t.Context())
	s.figures.idle[1] = s.heldIdle()
	close(over)
	<-settled
	require.NoError(t, err)
	_, _, _, s.during = s.book.counts()
	s.report, err = s.auditsAll(t.Context())
	require.NoError(t, err)
	_, _, s.figures.failed, s.figures.differences = s.book.counts()
	s.figures.audits = int(s.audits.Load())
	return s.figures.judge(s.goals)
}

// figure says what was measured.
func (s *soak) figure(t *testing.T, name string) {
	t.Helper()
	done, refused, failed, differences := s.book.counts()
	first, last := s.figures.slowest()
	t.Logf("figure R20 %s for %s at %.0f calls a second, half of the peak: %d acknowledged, %d refused, %d failed; memory %s, of the server %s, heap %s, and idle %.2f MB before and %.2f after, goroutines %s, files %s; "+
		"p99 %s in the first sixth and %s in the last; settled %d times, %d audits of %d members and a trial balance each, %d operations verified in the end: %d differences",
		name, s.length, s.rate, done, refused, failed, growthOf(s.figures.own), growthOf(s.figures.server), growthOf(s.figures.heap), s.figures.idle[0]/(1<<20), s.figures.idle[1]/(1<<20), growthOf(s.figures.goroutines), growthOf(s.figures.files),
		first, last, s.settled.Load(), s.figures.audits, s.sample, s.report.Operations, differences)
}

// lengthOfSoak is a run of seconds, or of LOYALTYKIT_SOAK, such as 20m.
func lengthOfSoak(t *testing.T) time.Duration {
	t.Helper()
	length := []time.Duration{3 * time.Second, time.Minute, time.Hour}[size(0, 1, 2)]
	if text := os.Getenv("LOYALTYKIT_SOAK"); text != "" {
		var err error
		length, err = time.ParseDuration(text)
		require.NoError(t, err, "LOYALTYKIT_SOAK")
		require.GreaterOrEqual(t, length, time.Second, "LOYALTYKIT_SOAK")
	}
	return length
}

// newSoak is a soak of some length, which has sixty ticks, as an hour has minutes, and is held
// to all goals. One of less than ten minutes has few, is not held to time, and has the room that
// a process takes as it starts and that caches fill by and by: SQLite's are of 32 MiB for each of
// three connections.
func newSoak(store storage.Store, length time.Duration) *soak {
	s := &soak{
		store: store, members: 1000, length: length, peaking: min(length/6, time.Minute), ticks: 60, sample: 24, days: 0.25, seed: 2020,
		goals: soakGoals{slower: soakSlower, things: 4, audits: 30},
	}
	if length < 10*time.Minute {
		s.members, s.ticks, s.sample, s.days = 200, 8, 20, 2
		s.goals = soakGoals{slack: 128 << 20, things: 8, audits: 1}
	}
	return s
}

// soakOnPostgres opens a shop on a server of its own, whose memory is that of the shop.
func soakOnPostgres(t *testing.T, length time.Duration) *soak {
	t.Helper()
	server := servers.New(t, servers.PostgreSQL, &servers.Options{Settings: map[string]string{"shared_buffers": "32MB"}})
	database := server.NewDatabase(t)
	onPostgres.migrate(t, database)
	s := newSoak(onPostgres.open(t, database), length)
	s.processes = server.Processes
	return s
}

// Members earn, spend, hold, redeem, book seats and pass points on for an hour, at half of what
// the machine can do. Nothing grows, nothing gets slower, and every minute the books agree with
// those that are kept outside.
func TestR20TheBooksAreRightAndNothingGrowsUnderALongLoad(t *testing.T) {
	for _, place := range []struct {
		name string
		open func(t *testing.T) *soak
	}{
		{"PostgreSQL", func(t *testing.T) *soak { return soakOnPostgres(t, lengthOfSoak(t)) }},
		{"SQLite", func(t *testing.T) *soak { return newSoak(newFile(t), lengthOfSoak(t)) }},
	} {
		t.Run(place.name, func(t *testing.T) {
			s := place.open(t)
			s.note = t.Logf
			faults := s.runs(t)
			s.figure(t, place.name)
			require.Empty(t, faults, strings.Join(s.book.first, "\n"))
			require.Equal(t, soakCommands, s.book.commands(), "every command was acknowledged")
		})
	}
}

// soakCommands are those of the load, sorted.
var soakCommands = []string{"adjust", "booking-book", "cancel-redemption", "capture", "earn", "hold", "redeem", "refund", "spend", "transfer", "void"}
