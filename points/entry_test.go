package points_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
)

var buckets = []points.Bucket{
	points.Pending, points.Available, points.Held, points.Debt, points.Counted, points.Issued, points.Redeemed,
	points.Expired, points.Reversed, points.Adjusted, points.Transferred, points.Source,
}

func TestBucketsReadWhatTheyWrite(t *testing.T) {
	seen := map[string]bool{}
	for _, bucket := range buckets {
		text, err := bucket.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, bucket.String(), string(text))
		assert.False(t, seen[string(text)], "%q is the name of one bucket", text)
		seen[string(text)] = true
		var read points.Bucket
		require.NoError(t, read.UnmarshalText(text))
		assert.Equal(t, bucket, read)
		assert.Equal(t, bucket <= points.Counted, bucket.Member())
	}
	var read points.Bucket
	require.ErrorContains(t, read.UnmarshalText([]byte("Pending")), `"Pending"`)
	_, err := points.Bucket(9).MarshalText()
	require.ErrorContains(t, err, "9")
	assert.Equal(t, "bucket(9)", points.Bucket(9).String())
}

func entry(from, to points.Bucket, amount points.Amount) points.Entry {
	return points.Entry{Unit: "bean", From: from, To: to, Amount: amount}
}

func TestBalanceApply(t *testing.T) {
	for _, c := range []struct {
		name  string
		entry points.Entry
		says  string
		after points.Balance
	}{
		{"earn into pending", entry(points.Issued, points.Pending, 5), "", points.Balance{Unit: "bean", Pending: 25, Available: 100, Held: 10, Debt: 3}},
		{"activate", entry(points.Pending, points.Available, 20), "", points.Balance{Unit: "bean", Available: 120, Held: 10, Debt: 3}},
		{"spend the last point", entry(points.Available, points.Redeemed, 100), "", points.Balance{Unit: "bean", Pending: 20, Held: 10, Debt: 3}},
		{"hold", entry(points.Available, points.Held, 7), "", points.Balance{Unit: "bean", Pending: 20, Available: 93, Held: 17, Debt: 3}},
		{"owe", entry(points.Debt, points.Reversed, 4), "", points.Balance{Unit: "bean", Pending: 20, Available: 100, Held: 10, Debt: 7}},
		{"repay", entry(points.Available, points.Debt, 3), "", points.Balance{Unit: "bean", Pending: 20, Available: 97, Held: 10}},
		{"consolidate", entry(points.Available, points.Available, 50), "", points.Balance{Unit: "bean", Pending: 20, Available: 100, Held: 10, Debt: 3}},
		{"spend more than there is", entry(points.Available, points.Redeemed, 101), `available balance of "bean" would become -1`, points.Balance{}},
		{"take more pending than there is", entry(points.Pending, points.Reversed, 21), `pending balance of "bean" would become -1`, points.Balance{}},
		{"capture more than is held", entry(points.Held, points.Redeemed, 11), `held balance of "bean" would become -1`, points.Balance{}},
		{"repay more than is owed", entry(points.Available, points.Debt, 4), `debt balance of "bean" would become -1`, points.Balance{}},
		{"overflow", entry(points.Issued, points.Available, points.MaxAmount), "overflow", points.Balance{}},
		{"nothing", entry(points.Issued, points.Available, 0), "must be positive", points.Balance{}},
		{"less than nothing", entry(points.Issued, points.Available, -1), "must be positive", points.Balance{}},
		{"another unit", points.Entry{Unit: "star", From: points.Issued, To: points.Available, Amount: 1}, `unit "star"`, points.Balance{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := points.Balance{Unit: "bean", Pending: 20, Available: 100, Held: 10, Debt: 3}
			balance := before
			err := balance.Apply(c.entry)
			if c.says != "" {
				require.ErrorContains(t, err, c.says)
				assert.Equal(t, before, balance, "what fails changes nothing")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.after, balance)
		})
	}
}

func TestEveryEntryKeepsTheSumOfAllBuckets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		balance, counters := points.Balance{Unit: "bean"}, points.Amount(0)
		for range rapid.IntRange(1, 30).Draw(t, "entries") {
			e := entry(rapid.SampledFrom(buckets).Draw(t, "from"), rapid.SampledFrom(buckets).Draw(t, "to"),
				points.Amount(rapid.Int64Range(1, 50).Draw(t, "amount")))
			if balance.Apply(e) != nil {
				continue
			}
			if !e.From.Member() {
				counters -= e.Amount
			}
			if !e.To.Member() {
				counters += e.Amount
			}
			sum := balance.Pending + balance.Available + balance.Held - balance.Debt + balance.Counted
			require.Zero(t, sum+counters)
			assert.Equal(t, balance == points.Balance{Unit: "bean"}, balance.Zero())
		}
	})
}
