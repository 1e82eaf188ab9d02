package kpi_test

import (
	"encoding"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// counting is an accumulator, of which add takes what it counts from an order and merge
// adds another.
type counting struct {
	stored
	add   func(kpi.Order) error
	merge func(other counting) error
}

// countingOf makes an accumulator of the table from one of a log.
func countingOf[A interface {
	stored
	kpi.Adder
	Merge(other A) error
}](a A, err error) counting {
	if err != nil {
		panic(err)
	}
	return counting{a, a.Add, func(other counting) error { return a.Merge(other.stored.(A)) }}
}

// everyAccumulator makes one of each kind. Those that are of no log count something of its
// orders.
func everyAccumulator() map[string]func() counting {
	start := time.Date(2000, time.June, 1, 0, 0, 0, 0, time.UTC)
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		panic(err)
	}
	period := kpi.Period{Start: start, End: start.AddDate(20, 0, 0), Zone: vienna}
	return map[string]func() counting{
		"SummaryAccumulator":  func() counting { return countingOf(kpi.NewSummaryAccumulator(&kpi.SummaryOptions{Zone: vienna})) },
		"CohortAccumulator":   func() counting { return countingOf(kpi.NewCohortAccumulator(&kpi.CohortOptions{Zone: vienna})) },
		"RFMAccumulator":      func() counting { return countingOf(kpi.NewRFMAccumulator(&kpi.RFMOptions{Zone: vienna})) },
		"PurchaseAccumulator": func() counting { return countingOf(kpi.NewPurchaseAccumulator(period, kpi.ByWeek)) },
		"InactivityAccumulator": func() counting {
			return countingOf(kpi.NewInactivityAccumulator(period.End, 300, vienna))
		},
		"RetentionAccumulator":      func() counting { return countingOf(kpi.NewRetentionAccumulator(period, 90)) },
		"ReturningAccumulator":      func() counting { return countingOf(kpi.NewReturningAccumulator(period)) },
		"SecondPurchaseAccumulator": func() counting { return countingOf(kpi.NewSecondPurchaseAccumulator(period.End, vienna)) },
		"CustomerAccumulator": func() counting {
			a := must(kpi.NewCustomerAccumulator(period))
			return counting{a, func(o kpi.Order) error {
				if o.Amount.Sign() < 0 {
					return a.AddStart(o.Member)
				}
				if err := a.AddJoined(o.Member); o.At.Minute() > 0 || err != nil {
					return err
				}
				return a.AddEnd(o.Member)
			}, func(other counting) error { return a.Merge(other.stored.(*kpi.CustomerAccumulator)) }}
		},
		"SurvivalAccumulator": func() counting {
			a := &kpi.SurvivalAccumulator{}
			return counting{a, func(o kpi.Order) error {
				return a.Add(kpi.Lifetime{Exit: float64(o.At.YearDay()), Event: o.Amount.Sign() > 0})
			}, func(other counting) error { return a.Merge(other.stored.(*kpi.SurvivalAccumulator)) }}
		},
		"Answers": func() counting {
			a := must(kpi.NewAnswers(kpi.Recommend))
			return counting{a, func(o kpi.Order) error { return a.Add(o.At.Day() % 11) }, func(other counting) error { return a.Merge(other.stored.(*kpi.Answers)) }}
		},
		"TierMoves": func() counting {
			ladder := []string{"base", "silver", "gold"}
			a := must(kpi.NewTierMoves(ladder...))
			return counting{a, func(o kpi.Order) error { return a.Add(ladder[o.At.Day()%3], ladder[o.At.Hour()%3]) }, func(other counting) error { return a.Merge(other.stored.(*kpi.TierMoves)) }}
		},
		"Inactivity": func() counting {
			a := must(kpi.NewInactivity(period.End, 300, vienna))
			return counting{a, func(o kpi.Order) error { a.Add(o.At); return nil }, func(other counting) error { return a.Merge(other.stored.(*kpi.Inactivity)) }}
		},
		"Spend": func() counting {
			a := &kpi.Spend{}
			return counting{a, func(o kpi.Order) error { return a.Add(o.Amount.Decimal()) }, func(other counting) error { a.Merge(other.stored.(*kpi.Spend)); return nil }}
		},
		"PointAccumulator": func() counting {
			a := must(kpi.NewPointAccumulator(period.End, vienna))
			buckets := []kpi.PointBucket{kpi.IssuedPoints, kpi.PendingPoints, kpi.AvailablePoints, kpi.RedeemedPoints, kpi.ExpiredPoints, kpi.DebtPoints}
			return counting{a, func(o kpi.Order) error {
				m := kpi.PointMove{At: o.At, From: buckets[o.At.Day()%6], To: buckets[o.At.Hour()%6], Points: int64(o.At.YearDay())}
				if o.Amount.Sign() > 0 {
					m.Earned, m.Into = o.At.AddDate(0, -o.At.Hour(), 0), o.At.AddDate(0, 1-o.At.Day()%3, 0)
				}
				return a.Add(m)
			}, func(other counting) error { return a.Merge(other.stored.(*kpi.PointAccumulator)) }}
		},
		"PointCounts": func() counting {
			a := &kpi.PointCounts{}
			return counting{a, func(o kpi.Order) error {
				return a.Merge(kpi.PointCounts{Issued: int64(o.At.Day()), Redeemed: int64(o.At.Hour())})
			}, func(other counting) error { return a.Merge(*other.stored.(*kpi.PointCounts)) }}
		},
	}
}

func TestNoAccumulatorDependsOnTheOrderOfAddingAndMerging(t *testing.T) {
	for name, fresh := range everyAccumulator() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				orders := drawLog(t)
				whole := fresh()
				for _, o := range orders {
					require.NoError(t, whole.add(o))
				}
				shards := []counting{fresh(), fresh(), fresh()}
				for _, o := range rapid.Permutation(orders).Draw(t, "shuffled") {
					require.NoError(t, rapid.SampledFrom(shards).Draw(t, "shard").add(o))
				}
				merged := fresh()
				for _, shard := range rapid.Permutation(shards).Draw(t, "shards") {
					travelled := fresh()
					require.NoError(t, travelled.UnmarshalBinary(bytesOf(t, shard)))
					require.NoError(t, merged.merge(travelled))
				}
				assert.Equal(t, bytesOf(t, whole), bytesOf(t, merged))
			})
		})
	}
}

func bytesOf(t require.TestingT, a encoding.BinaryMarshaler) []byte {
	state, err := a.MarshalBinary()
	require.NoError(t, err)
	return state
}

// TestEveryAccumulatorIsInTheTable looks for exported types that merge.
func TestEveryAccumulatorIsInTheTable(t *testing.T) {
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	table, found := everyAccumulator(), map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Merge" && f.Name.Name != "MarshalBinary" && f.Name.Name != "UnmarshalBinary" {
				continue
			}
			of := f.Recv.List[0].Type
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			name := of.(*ast.Ident).Name
			found[name] = true
			assert.Contains(t, table, name, "%s has %s", name, f.Name.Name)
		}
	}
	assert.Len(t, found, len(table))
	for name, fresh := range table {
		assert.Equal(t, name, reflect.TypeOf(fresh().stored).Elem().Name())
	}
}
