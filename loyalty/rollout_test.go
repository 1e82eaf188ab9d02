package loyalty_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// rollout is a program on its way to its second revision, which gives twice as much, and
// stars on top of it, and has a ladder.
type rollout struct {
	store    storage.Store
	now      time.Time
	effect   time.Time
	old, new *loyalty.Engine
}

func newRollout(t *testing.T) *rollout {
	r := &rollout{store: memory.New(), now: time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)}
	r.effect = r.now.AddDate(0, 0, 1)
	first := beans(points.ExpireAfter(10, points.Days).At(points.Exact))
	first.Earning = []points.Rule{euroRate()}
	second := beans(points.ExpireAfter(10, points.Days).At(points.Exact))
	second.EffectiveAt = r.effect
	second.Units = append(second.Units, points.Unit{Code: "star", Expiry: points.ExpireAfter(5, points.Days).At(points.Exact)}, points.Unit{Code: "spent", Kind: points.Metric})
	double := euroRate()
	double.Spend.Points = 2
	star, spent := euroRate(), euroRate()
	star.Code, star.Unit, spent.Code, spent.Unit = "star", "star", "spent", "spent"
	second.Earning = []points.Rule{double, star, spent}
	second.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
		Tiers: []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "spent", AtLeast: 10}}}}},
	}}
	r.old, r.new = r.engine(t, first), r.engine(t, first, second)
	return r
}

func (r *rollout) engine(t *testing.T, programs ...loyalty.Program) *loyalty.Engine {
	engine, err := loyalty.New(programs, r.store, &loyalty.Options{Clock: func() time.Time { return r.now }})
	require.NoError(t, err)
	return engine
}

func (r *rollout) must(t *testing.T, engine *loyalty.Engine, cmd loyalty.Command) loyalty.Receipt {
	receipt, err := engine.Do(t.Context(), cmd)
	require.NoError(t, err)
	return receipt
}

func (r *rollout) verify(t *testing.T) {
	report, err := r.new.Verify(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Problems)
}

func TestTwoEnginesOfWhichOneHasTheNextRevisionWorkTogetherUntilItTakesEffect(t *testing.T) {
	r := newRollout(t)
	engines := []*loyalty.Engine{r.old, r.new}
	var all sync.WaitGroup
	for m := range 4 {
		member := fmt.Sprint("member ", m)
		r.must(t, engines[m%2], loyalty.Enroll{Member: member, Key: "enroll"})
	}
	for caller := range 8 {
		all.Go(func() {
			for i := range 20 {
				id := fmt.Sprintf("o-%d-%d", caller, i)
				cmd := loyalty.Earn{Member: fmt.Sprint("member ", i%4), Key: id, Order: coffees(id, 1)}
				receipt, err := engines[caller%2].Do(context.Background(), cmd)
				if err != nil || receipt.Revision != 1 {
					t.Errorf("%s under revision %d: %v", id, receipt.Revision, err)
				}
				if again, err := engines[(caller+1)%2].Do(context.Background(), cmd); err != nil || !again.Replayed {
					t.Errorf("%s asked of the other engine: %v", id, err)
				}
			}
		})
	}
	all.Wait()
	for m := range 4 {
		for _, engine := range engines {
			member, err := engine.Member(t.Context(), fmt.Sprint("member ", m))
			require.NoError(t, err)
			require.EqualValues(t, 120, member.Balance("bean").Available)
		}
	}
	r.verify(t)
}

func TestAnEngineThatLacksTheRevisionInForceRefusesToDecide(t *testing.T) {
	r := newRollout(t)
	r.must(t, r.old, loyalty.Enroll{Member: "anna", Key: "enroll"})
	early := r.must(t, r.old, loyalty.Earn{Member: "anna", Key: "o-1", Order: coffees("o-1", 1)})
	r.must(t, r.new, loyalty.Enroll{Member: "ben", Key: "enroll"})
	r.now = r.effect
	under2 := r.must(t, r.new, loyalty.Earn{Member: "anna", Key: "o-2", Order: coffees("o-2", 4)})
	late := r.must(t, r.new, loyalty.Earn{Member: "anna", Key: "o-3", Order: coffees("o-3", 1), OccurredAt: r.effect.Add(-time.Hour)})
	require.EqualValues(t, 1, early.Revision)
	require.EqualValues(t, 24, under2.Awards[0].Points)
	require.EqualValues(t, 3, late.Awards[0].Points, "a late order earns by the revision of its time")

	refund := loyalty.Refund{Member: "anna", Key: "refund", Order: "o-2", Full: true}
	for _, cmd := range []loyalty.Command{
		refund, loyalty.Earn{Member: "anna", Key: "o-4", Order: coffees("o-4", 1)}, loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 1},
	} {
		_, err := r.old.Do(t.Context(), cmd)
		require.ErrorIs(t, err, loyalty.ErrOldProgram)
		var old *loyalty.OldProgramError
		require.ErrorAs(t, err, &old)
		require.Equal(t, loyalty.OldProgramError{Program: "beans", Known: 1, InForce: 2, Since: r.effect}, *old)
		_, err = r.old.Quote(t.Context(), cmd)
		require.ErrorIs(t, err, loyalty.ErrOldProgram)
	}
	_, err := r.old.RunDue(t.Context(), nil)
	require.ErrorIs(t, err, loyalty.ErrOldProgram)
	for _, err := range r.old.DoAll(t.Context(), func(yield func(loyalty.Command) bool) { yield(refund) }, nil) {
		require.ErrorIs(t, err, loyalty.ErrOldProgram)
	}

	_, err = r.old.Member(t.Context(), "anna")
	require.ErrorIs(t, err, loyalty.ErrOldProgram)
	r.must(t, r.new, refund)
	member, err := r.new.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, 6, member.Balance("bean").Available)
	require.Zero(t, member.Balance("star").Available)
	r.verify(t)
}

func TestAnEngineThatHasNotNoticedTheRevisionInForceSpoilsNothingOfIt(t *testing.T) {
	r := newRollout(t)
	r.must(t, r.new, loyalty.Enroll{Member: "anna", Key: "enroll"})
	r.now = r.effect
	r.must(t, r.new, loyalty.Earn{Member: "anna", Key: "o-1", Order: coffees("o-1", 4)})
	r.old = r.engine(t, r.old.Program(r.now)).WithStore(unaware{r.store})

	member, err := r.old.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, 12, member.Balance("star").Available)
	_, err = r.old.Do(t.Context(), loyalty.Refund{Member: "anna", Key: "refund", Order: "o-1", Full: true})
	require.ErrorIs(t, err, loyalty.ErrUnknownUnit)
	spent := r.must(t, r.old, loyalty.Spend{Member: "anna", Key: "spend", Unit: "bean", Points: 4})
	require.EqualValues(t, 1, spent.Revision)
	r.now = r.effect.AddDate(0, 0, 6)
	_, err = r.old.Do(t.Context(), loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 2, Reason: "goodwill", Actor: "shop"})
	require.ErrorIs(t, err, loyalty.ErrOldProgram, "the member has a tier, of which the engine knows nothing")
	_, err = r.old.Member(t.Context(), "anna")
	require.ErrorIs(t, err, loyalty.ErrOldProgram)
	member, err = r.new.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.EqualValues(t, 20, member.Balance("bean").Available)
	require.Zero(t, member.Balance("star").Available)
	r.must(t, r.new, loyalty.Refund{Member: "anna", Key: "refund", Order: "o-1", Full: true})
	r.verify(t)
}

// unaware is a store that tells of no revisions, as one that is read before they were
// put.
type unaware struct{ storage.Store }

func (unaware) Revisions(context.Context, string) ([]storage.Revision, error) { return nil, nil }

func TestAnEngineNoticesARevisionThatWasPutWhileItRuns(t *testing.T) {
	r := newRollout(t)
	r.must(t, r.old, loyalty.Enroll{Member: "anna", Key: "enroll"})
	r.now = r.effect.Add(-2 * time.Minute)
	r.must(t, r.new, loyalty.Enroll{Member: "ben", Key: "enroll"})
	r.now = r.effect.Add(-time.Microsecond)
	r.must(t, r.old, loyalty.Earn{Member: "anna", Key: "o-1", Order: coffees("o-1", 1)})
	r.now = r.effect
	_, err := r.old.Do(t.Context(), loyalty.Earn{Member: "anna", Key: "o-2", Order: coffees("o-2", 1)})
	require.ErrorIs(t, err, loyalty.ErrOldProgram)
	again := r.must(t, r.engine(t, r.new.Program(r.effect.Add(-time.Hour)), r.new.Program(r.effect)), loyalty.Earn{Member: "anna", Key: "o-2", Order: coffees("o-2", 1)})
	require.EqualValues(t, 2, again.Revision, "the same key asked of an engine with every revision")
	r.verify(t)
}

// silent is a store that answers nothing about revisions.
type silent struct {
	storage.Store
	puts bool
}

func (s silent) PutRevision(ctx context.Context, r storage.Revision) error {
	if s.puts {
		return s.Store.PutRevision(ctx, r)
	}
	<-ctx.Done()
	return ctx.Err()
}

func (silent) Revisions(ctx context.Context, _ string) ([]storage.Revision, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAStoreThatAnswersNothingAboutRevisionsIsWaitedForAsLongAsAnyOther(t *testing.T) {
	for _, puts := range []bool{false, true} {
		t.Run(fmt.Sprintf("puts %v", puts), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, silent{memory.New(), puts},
					&loyalty.Options{StoreTimeout: 50 * time.Millisecond})
				require.NoError(t, err)
				for _, ask := range map[string]func() error{
					"Do": func() error {
						_, err := engine.Do(context.Background(), loyalty.Enroll{Member: "anna", Key: "enroll"})
						return err
					},
					"RunDue": func() error { _, err := engine.RunDue(context.Background(), nil); return err },
				} {
					begun := time.Now()
					require.ErrorIs(t, ask(), context.DeadlineExceeded)
					require.Equal(t, 50*time.Millisecond, time.Since(begun))
				}
			})
		})
	}
}
