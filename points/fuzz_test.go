package points_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
)

// fuzzed is what the fuzzer writes.
type fuzzed struct {
	Units   []points.Unit   `json:"units"`
	Rules   []points.Rule   `json:"rules"`
	Order   points.Order    `json:"order"`
	Refunds []points.Refund `json:"refunds"`
	At      time.Time       `json:"at"`
}

func FuzzEvaluate(f *testing.F) {
	for _, seed := range []string{
		`{"units":[{"code":"bean","expiry":{"never":true}}],"rules":[{"code":"base","spend":{"points":1,"per":"1","currency":"EUR"}}],"order":{"id":"1","currency":"EUR","lines":[{"amount":"12.40","quantity":2}]},"refunds":[{"lines":[{"line":"1","quantity":1}]},{"full":true}],"at":"2027-03-01T12:00:00Z"}`,
		`{"units":[{"code":"bean","expiry":{"after":{"n":1,"unit":"years"}}}],"rules":[{"code":"base","spend":{"points":5,"per":"2.5","currency":"EUR","grouping":"whole-groups","rounding":"ceil","basis":{"tax":true,"exclude":{"tags":["a"]}}}},{"code":"x","multiply":"1.5","when":{"weekdays":"mon,tue"}},{"code":"y","bonus":7}],"order":{"id":"1","currency":"EUR","lines":[{"id":"a","amount":"9.99","tax":"1","tags":["a"]},{"amount":"1e3"}],"shipping":"4","tenders":[{"kind":"points","amount":"3"}]},"refunds":[{"amount":"2"}]}`,
		`{"order":{"lines":[{"amount":"1e1000000"}]}}`,
		`{"rules":[{"code":"base","spend":{"points":9223372036854775807,"per":"0.000000000001","currency":"EUR"}}],"order":{"id":"1","currency":"EUR","lines":[{"amount":"999999999999999999"}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var in fuzzed
		if json.Unmarshal(data, &in) != nil {
			return
		}
		problems := append(points.ValidateUnits("units", in.Units), points.ValidateRules("rules", in.Rules, in.Units)...)
		invalid := in.Order.Validate()
		awards, err := points.Evaluate(in.Rules, in.Units, in.Order, points.Env{At: in.At})
		if err != nil || invalid != nil || problems.Err() != nil {
			return
		}
		roundTrip(t, in.Rules)
		roundTrip(t, in.Order)
		state := points.NewOrderState(in.Order, awards)
		left := make([]points.Amount, len(awards))
		for i, award := range awards {
			sum := points.Amount(0)
			for _, share := range award.Shares {
				require.GreaterOrEqual(t, share.Points, points.Amount(0))
				sum += share.Points
			}
			require.Equal(t, award.Points, sum, "shares add up to the award")
			left[i] = award.Points
		}
		for _, refund := range append(in.Refunds, points.Refund{Full: true}) {
			takes, err := state.Refund(refund)
			if err != nil {
				continue
			}
			for i, take := range takes {
				require.GreaterOrEqual(t, take.Points, points.Amount(0))
				left[i] -= take.Points
			}
		}
		for i := range left {
			require.Zero(t, left[i], "a full refund leaves nothing")
		}
	})
}

func roundTrip[T any](t *testing.T, value T) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	var read T
	require.NoError(t, json.Unmarshal(text, &read))
	again, err := json.Marshal(read)
	require.NoError(t, err)
	require.Equal(t, string(text), string(again))
}

func FuzzUnitParse(f *testing.F) {
	f.Add("1.50", 2)
	f.Add("-0.000001", 6)
	f.Fuzz(func(t *testing.T, text string, scale int) {
		unit := points.Unit{Code: "bean", Scale: scale}
		amount, err := unit.Parse(text)
		if err != nil {
			return
		}
		again, err := unit.Parse(unit.Format(amount))
		require.NoError(t, err)
		require.Equal(t, amount, again)
	})
}
