package kpi_test

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
)

func TestAComparisonSaysWhetherItIsCausal(t *testing.T) {
	treated, control := kpi.Arm{Hits: 30, Total: 100}, kpi.Arm{Hits: 20, Total: 100}
	for design, want := range map[kpi.Design]string{
		"":             "not causal: members and others differ in more than the program",
		kpi.Randomized: "causal estimate: randomized control",
		kpi.Holdout:    "causal estimate: holdout control",
	} {
		got, err := kpi.ProportionLift(treated, control, &kpi.LiftOptions{Design: design})
		require.NoError(t, err)
		for _, f := range []kpi.Figure{got.Difference, got.Ratio, got.Relative, got.Incremental} {
			assert.Contains(t, f.Notes, want, f.Key)
		}
	}
	_, err := kpi.ProportionLift(treated, control, &kpi.LiftOptions{Design: "hoped", Level: 2})
	assert.Len(t, err, 2)
}

func TestLiftAtTheEdges(t *testing.T) {
	none, err := kpi.ProportionLift(kpi.Arm{Hits: 5, Total: 50}, kpi.Arm{Total: 50}, nil)
	require.NoError(t, err)
	assert.EqualError(t, none.Relative.Err(), "relative_lift is undefined: the control's rate is 0")
	assert.ErrorIs(t, none.Ratio.Err(), kpi.ErrUndefined)
	assert.NotNil(t, none.Difference.Interval)
	lost, err := kpi.ProportionLift(kpi.Arm{Total: 50}, kpi.Arm{Hits: 5, Total: 50}, nil)
	require.NoError(t, err)
	exactly(t, -1, defined(t, lost.Relative))
	assert.Nil(t, lost.Ratio.Interval)
	same, err := kpi.ProportionLift(kpi.Arm{Hits: 5, Total: 5}, kpi.Arm{Hits: 7, Total: 7}, nil)
	require.NoError(t, err)
	assert.ErrorIs(t, same.PValue.Err(), kpi.ErrUndefined)
	assert.ErrorIs(t, same.Z.Err(), kpi.ErrUndefined)
	empty, err := kpi.ProportionLift(kpi.Arm{}, kpi.Arm{Hits: 1, Total: 2}, nil)
	require.NoError(t, err)
	for _, f := range []kpi.Figure{empty.Treated, empty.Difference, empty.Ratio, empty.Relative, empty.Incremental, empty.Z, empty.PValue, empty.PValueLarger} {
		assert.ErrorIs(t, f.Err(), kpi.ErrUndefined)
	}
	_, err = kpi.ProportionLift(kpi.Arm{Hits: 3, Total: 2}, kpi.Arm{Hits: -1}, nil)
	assert.Len(t, err, 2)
}

func TestSpendOfTooFewIsNotTested(t *testing.T) {
	var one, two kpi.Spend
	require.NoError(t, one.Add(dec("10")))
	for _, amount := range []string{"10", "10"} {
		require.NoError(t, two.Add(dec(amount)))
	}
	got, err := kpi.SpendLift(&one, &two, nil)
	require.NoError(t, err)
	exactly(t, 0, defined(t, got.Difference))
	assert.Nil(t, got.Difference.Interval)
	assert.ErrorIs(t, got.T.Err(), kpi.ErrUndefined)
	got, err = kpi.SpendLift(&two, &two, nil)
	require.NoError(t, err)
	assert.EqualError(t, got.PValue.Err(), "spend_p_value is undefined: all members of each group spent the same")
	got, err = kpi.SpendLift(&kpi.Spend{}, &two, nil)
	require.NoError(t, err)
	assert.ErrorIs(t, got.Difference.Err(), kpi.ErrUndefined)
	_, err = kpi.SpendLift(nil, &two, nil)
	assert.ErrorIs(t, err, kpi.ErrInvalid)
	assert.ErrorIs(t, one.Add(decimal.New(1, 1_000_000)), kpi.ErrInvalid)
}

func TestALargeMeanDoesNotCostTheVarianceItsDigits(t *testing.T) {
	var s kpi.Spend
	for _, amount := range []string{"1000000000000000.01", "1000000000000000.02", "1000000000000000.03"} {
		require.NoError(t, s.Add(dec(amount)))
	}
	var base kpi.Spend
	for _, amount := range []string{"0.01", "0.02", "0.03"} {
		require.NoError(t, base.Add(dec(amount)))
	}
	got, err := kpi.SpendLift(&s, &base, nil)
	require.NoError(t, err)
	assert.InEpsilon(t, 1e15/math.Sqrt(2*0.0001/3), defined(t, got.T), 1e-14)
}

// Student's t of 1, 2 and infinitely many degrees of freedom has closed forms. With
// two members in each group and equal variances there are 2.
func TestStudentsTAgainstItsClosedForms(t *testing.T) {
	for _, shift := range []string{"0.01", "0.5", "1", "3", "40", "100000"} {
		var a, b kpi.Spend
		for _, x := range []string{"0", "2"} {
			require.NoError(t, a.Add(dec(x).Add(dec(shift))))
			require.NoError(t, b.Add(dec(x)))
		}
		got, err := kpi.SpendLift(&a, &b, nil)
		require.NoError(t, err)
		exactly(t, 2, defined(t, got.DegreesOfFreedom))
		x := defined(t, got.T)
		root := math.Sqrt(2 + x*x)
		assert.InEpsilon(t, 2/(root*(root+x)), defined(t, got.PValue), 1e-13, "t = %v", x)
		i := got.Difference.Interval
		quantile := 0.95 * math.Sqrt(2/(1-0.95*0.95))
		assert.InEpsilon(t, quantile, (i.Upper-i.Lower)/2/math.Sqrt2, 1e-11)
	}
	for n, want := range map[int64]float64{2: 12.706204736174694, 5: 2.7764451051977943, 1001: 1.9623390808264078, 10_000_001: 1.9599642218} {
		a := answers(t, kpi.Effort5, map[int]int64{3: n - 2, 2: 1, 4: 1})
		if n == 2 {
			a = answers(t, kpi.Effort5, map[int]int64{2: 1, 4: 1})
		}
		got, err := kpi.CustomerEffort1(a, nil)
		require.NoError(t, err)
		se := math.Sqrt(2 / float64(n-1) / float64(n))
		half := (got.Interval.Upper - got.Interval.Lower) / 2
		if n > 2 {
			assert.InEpsilon(t, want, half/se, 1e-9, "%d answers", n)
		} else {
			exactly(t, 2, half) // the scale ends at 1 and 5
		}
	}
}
