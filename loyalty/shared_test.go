package loyalty_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

// step is one thing that a scripted command does with claims and counters.
type step struct {
	Do    string `json:"do"`
	Key   string `json:"key"`
	Delta int64  `json:"delta,omitempty"`
	Bound int64  `json:"bound,omitempty"`
}

// scripted does its steps one after the other and answers with what it sees.
type scripted struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Steps  []step `json:"steps,omitempty"`
	// Blind leaves claims and counters out of the plan.
	Blind bool `json:"blind,omitempty"`
}

func (c scripted) Plan() loyalty.Plan {
	plan := loyalty.Plan{Member: c.Member, Key: c.Key}
	for _, s := range c.Steps {
		switch {
		case c.Blind:
		case s.Do == "use":
			plan.Counters = append(plan.Counters, storage.CounterKey{Key: s.Key})
		default:
			plan.Claims = append(plan.Claims, storage.ClaimKey{Space: "table", Key: s.Key})
		}
	}
	return plan
}

func (c scripted) Apply(_ context.Context, tx *loyalty.Tx) error {
	for _, s := range c.Steps {
		var err error
		switch s.Do {
		case "use":
			err = tx.Use(s.Key, s.Delta, s.Bound)
		case "claim":
			err = tx.Claim("table", s.Key)
		case "release":
			err = tx.Release("table", s.Key)
		}
		if err != nil {
			return err
		}
	}
	seen := map[string]int64{}
	for _, s := range c.Steps {
		if s.Do == "use" {
			seen[s.Key] = tx.Used(s.Key)
		} else if _, held := tx.Holder("table", s.Key); held {
			seen[s.Key] = 1
		}
	}
	return tx.Answer(seen)
}

func openBar(t *testing.T, options loyalty.Options, members ...string) *loyalty.Engine {
	t.Helper()
	if options.Clock == nil {
		options.Clock = func() time.Time { return time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) }
	}
	engine, err := loyalty.New(loyalty.Revisions{beans(points.NeverExpire())}, memory.New(), &options)
	require.NoError(t, err)
	for _, member := range members {
		_, err := engine.Do(t.Context(), loyalty.Enroll{Member: member, Key: "signup"})
		require.NoError(t, err)
	}
	return engine
}

func TestClaimsAndCounters(t *testing.T) {
	tests := []struct {
		name   string
		before []step
		steps  []step
		want   error
		sees   string
	}{
		{
			name:  "Two uses of one counter in a command add up",
			steps: []step{{Do: "use", Key: "cups", Delta: 1, Bound: 5}, {Do: "use", Key: "cups", Delta: 2, Bound: 3}},
			sees:  `{"cups":3}`,
		},
		{
			name:  "Two uses of one counter are held to the bound of the second",
			steps: []step{{Do: "use", Key: "cups", Delta: 2, Bound: 5}, {Do: "use", Key: "cups", Delta: 2, Bound: 3}},
			want:  loyalty.ErrLimit,
		},
		{
			name:  "What a command uses and gives back is not used",
			steps: []step{{Do: "use", Key: "cups", Delta: 2, Bound: 2}, {Do: "use", Key: "cups", Delta: -2}},
			sees:  `{"cups":0}`,
		},
		{
			name:   "A counter at its bound is a limit",
			before: []step{{Do: "use", Key: "cups", Delta: 2, Bound: 2}},
			steps:  []step{{Do: "use", Key: "cups", Delta: 1, Bound: 2}},
			want:   loyalty.ErrLimit,
		},
		{
			name:  "A use above a bound below 0 is a limit",
			steps: []step{{Do: "use", Key: "cups", Delta: 1, Bound: -1 << 62}},
			want:  loyalty.ErrLimit,
		},
		{
			name:   "More than was used cannot be given back",
			before: []step{{Do: "use", Key: "cups", Delta: 2, Bound: 2}},
			steps:  []step{{Do: "use", Key: "cups", Delta: -3}},
			want:   loyalty.ErrInvalid,
		},
		{
			name:  "A command cannot claim one thing twice",
			steps: []step{{Do: "claim", Key: "7"}, {Do: "claim", Key: "7"}},
			want:  loyalty.ErrInvalid,
		},
		{
			name:   "A command cannot release and claim one thing",
			before: []step{{Do: "claim", Key: "7"}},
			steps:  []step{{Do: "release", Key: "7"}, {Do: "claim", Key: "7"}},
			want:   loyalty.ErrInvalid,
		},
		{
			name:  "A command sees its own claim",
			steps: []step{{Do: "claim", Key: "7"}},
			sees:  `{"7":1}`,
		},
		{
			name:   "A command does not see what it released",
			before: []step{{Do: "claim", Key: "7"}},
			steps:  []step{{Do: "release", Key: "7"}},
			sees:   `{}`,
		},
		{
			name:  "What nobody holds cannot be released",
			steps: []step{{Do: "release", Key: "7"}},
			want:  loyalty.ErrClaimed,
		},
	}
	for _, test := range tests {
		for _, blind := range []bool{false, true} {
			name := test.name
			if blind {
				name += ", also where it was not planned"
			}
			t.Run(name, func(t *testing.T) {
				engine := openBar(t, loyalty.Options{Attempts: 4}, "anna")
				if test.before != nil {
					_, err := engine.Do(t.Context(), scripted{Member: "anna", Key: "before", Steps: test.before})
					require.NoError(t, err)
				}
				cmd := scripted{Member: "anna", Key: "k", Steps: test.steps, Blind: blind}
				quote, quoteErr := engine.Quote(t.Context(), cmd)
				receipt, err := engine.Do(t.Context(), cmd)
				if test.want != nil {
					require.ErrorIs(t, quoteErr, test.want)
					require.ErrorIs(t, err, test.want)
					return
				}
				require.NoError(t, quoteErr)
				require.NoError(t, err)
				if !blind {
					require.Equal(t, test.sees, string(quote.Result))
					require.Equal(t, test.sees, string(receipt.Result))
				}
			})
		}
	}
}

func TestANeighborIsUnharmedByACommandThatUsesACounterTwice(t *testing.T) {
	members := []string{"anna", "ben", "cleo", "dora"}
	engine := openBar(t, loyalty.Options{}, members...)
	var wait sync.WaitGroup
	errs := make([]error, len(members))
	for i, member := range members {
		wait.Go(func() {
			_, errs[i] = engine.Do(t.Context(), scripted{Member: member, Key: "k", Steps: []step{
				{Do: "use", Key: "cups", Delta: 1, Bound: 8}, {Do: "use", Key: "cups", Delta: 1, Bound: 8},
			}})
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	_, err := engine.Do(t.Context(), scripted{Member: "anna", Key: "one more", Steps: []step{{Do: "use", Key: "cups", Delta: 1, Bound: 8}}})
	require.ErrorIs(t, err, loyalty.ErrLimit)
}

// tables is a feature whose reservations lapse and give back what they used.
type tables struct {
	settle func(ctx context.Context, tx *loyalty.Tx, record storage.Record) error
}

func (tables) Name() string                { return "tables" }
func (tables) Kinds() []string             { return []string{"reservation"} }
func (tables) Commands() []loyalty.Command { return []loyalty.Command{reserve{}} }
func (f tables) Settle(ctx context.Context, tx *loyalty.Tx, record storage.Record) error {
	if f.settle != nil {
		return f.settle(ctx, tx, record)
	}
	record.Status, record.DueAt = "lapsed", points.Never
	if err := tx.Use("reservations", -1, 0); err != nil {
		return err
	}
	return tx.PutRecord(record)
}

type reserve struct {
	Member string    `json:"member"`
	Key    string    `json:"key"`
	Kind   string    `json:"kind,omitempty"`
	Until  time.Time `json:"until"`
	Bound  int64     `json:"bound"`
}

func (c reserve) Plan() loyalty.Plan {
	return loyalty.Plan{Member: c.Member, Key: c.Key, Counters: []storage.CounterKey{{Key: "reservations"}}}
}

func (c reserve) Apply(_ context.Context, tx *loyalty.Tx) error {
	if err := tx.Use("reservations", 1, c.Bound); err != nil {
		return err
	}
	kind := c.Kind
	if kind == "" {
		kind = "reservation"
	}
	return tx.PutRecord(storage.Record{Kind: kind, ID: c.Key, DueAt: c.Until, Data: json.RawMessage(`{}`)})
}

func TestARefusalThatRestsOnItsOwnSettlementIsGiven(t *testing.T) {
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	engine := openBar(t, loyalty.Options{
		Clock: func() time.Time { return now }, Features: []loyalty.Feature{tables{}}, StoreTimeout: time.Second,
	}, "anna")
	for key, until := range map[string]time.Time{"noon": now.Add(3 * time.Hour), "night": now.Add(12 * time.Hour)} {
		_, err := engine.Do(t.Context(), reserve{Member: "anna", Key: key, Until: until, Bound: 2})
		require.NoError(t, err)
	}
	now = now.Add(4 * time.Hour)
	_, err := engine.Do(t.Context(), reserve{Member: "anna", Key: "one more", Until: now.Add(time.Hour), Bound: 1})
	var limit *loyalty.LimitError
	require.ErrorAs(t, err, &limit)
	require.EqualValues(t, 1, limit.Used, "the reservation for noon has lapsed")

	_, err = engine.Do(t.Context(), reserve{Member: "anna", Key: "one more", Until: now.Add(time.Hour), Bound: 2})
	require.NoError(t, err)
}
