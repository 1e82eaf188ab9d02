package servertest

import (
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// cafe is a program with something of every table: a budget, a stock, codes, a tier.
func cafe() loyalty.Revisions {
	each := func(unit string) points.Rule {
		return points.Rule{Code: "each-" + unit, Unit: unit, Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}
	}
	mug := rewards.Reward{
		Code: "mug", Type: rewards.TypeCustom, Stock: 100, Voucher: &rewards.Voucher{},
		Prices: []rewards.Price{{Unit: "bean", Points: 3}}, Limits: []rewards.Limit{{Times: 9, Per: points.Lifetime}},
	}
	return loyalty.Revisions{{
		ID: "cafe", Zone: "UTC",
		Units:   []points.Unit{{Code: "bean", Expiry: points.ExpireAfter(1, points.Years)}, {Code: "euro", Kind: points.Metric}},
		Earning: []points.Rule{each("bean"), each("euro")},
		Ladders: []tiers.Ladder{{
			Code: "status", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}},
			Tiers: []tiers.Tier{{Code: "silver", Enter: tiers.Condition{All: []tiers.Need{{Metric: "euro", AtLeast: 100}}}}},
		}},
		Catalog: rewards.Catalog{mug},
	}}
}

// livesAYear lets one member do all that a member does, and looks at them in every way.
func livesAYear(t *testing.T, store storage.Store) {
	t.Helper()
	now := march
	options := &loyalty.Options{Clock: func() time.Time { return now }, Secret: []byte("what every host of the cafe has.")}
	engine, err := loyalty.New(cafe(), store, options)
	require.NoError(t, err)
	const anna = "anna"
	order := func(id string, euros int64) loyalty.Earn {
		lines := []points.Line{{Amount: decimal.NewFromInt(euros)}}
		return loyalty.Earn{Member: anna, Key: id, Order: points.Order{ID: id, Currency: "EUR", Lines: lines}}
	}
	until := now.AddDate(0, 0, 1)
	commands := []loyalty.Command{
		loyalty.Enroll{Member: anna, Key: "enroll"},
		order("order-1", 40), order("order-2", 90), order("order-2", 90),
		loyalty.Spend{Member: anna, Key: "spend", Unit: "bean", Points: 50},
		loyalty.Hold{Member: anna, Key: "hold", ID: "h1", Unit: "bean", Points: 10, Until: until},
		loyalty.Capture{Member: anna, Key: "capture", Hold: "h1", Points: 4},
		loyalty.Hold{Member: anna, Key: "hold-2", ID: "h2", Unit: "bean", Points: 3, Until: until},
		loyalty.Void{Member: anna, Key: "void", Hold: "h2"},
		loyalty.Refund{Member: anna, Key: "refund", Order: "order-1", Amount: decimal.NewFromInt(5)},
		loyalty.Adjust{Member: anna, Key: "adjust", Unit: "bean", Points: 7, Reason: "gift", Actor: "till"},
		loyalty.Redeem{Member: anna, Key: "redeem", Redemption: "r1", Reward: "mug"},
		loyalty.UseVoucher{Member: anna, Key: "use", Redemption: "r1"},
		loyalty.Redeem{Member: anna, Key: "redeem-2", Redemption: "r2", Reward: "mug"},
		loyalty.CancelRedemption{Member: anna, Key: "cancel", Redemption: "r2"},
	}
	do := func(cmd loyalty.Command) {
		_, err := engine.Do(t.Context(), cmd)
		require.NoError(t, err, "%T", cmd)
	}
	for _, cmd := range commands {
		do(cmd)
	}
	member, err := engine.Member(t.Context(), anna)
	require.NoError(t, err)
	do(loyalty.Extend{
		Member: anna, Key: "extend", Unit: "bean", Lots: []points.LotID{member.Lots[0].ID}, ExpiresAt: now.AddDate(2, 0, 0), Reason: "sorry", Actor: "till",
	})
	looks := func() {
		_, err := engine.Member(t.Context(), anna)
		require.NoError(t, err)
		_, err = engine.Rewards(t.Context(), anna, nil)
		require.NoError(t, err)
		_, err = engine.Redemption(t.Context(), anna, "r1")
		require.NoError(t, err)
		_, err = engine.Quote(t.Context(), order("order-9", 3))
		require.NoError(t, err)
		for _, err := range engine.History(t.Context(), anna) {
			require.NoError(t, err)
		}
		for _, err := range engine.Redemptions(t.Context(), anna) {
			require.NoError(t, err)
		}
		_, err = engine.Verify(t.Context(), &loyalty.VerifyOptions{Member: anna})
		require.NoError(t, err)
	}
	looks()
	for range 3 { // points expire, the tier ends
		now = now.AddDate(0, 7, 0)
		do(loyalty.Adjust{Member: anna, Key: fmt.Sprint("later", now.Unix()), Unit: "bean", Points: 1, Reason: "gift", Actor: "till"})
		looks()
	}
	do(loyalty.Erase{Member: anna, Key: "erase"})
}

var claimKey = regexp.MustCompile(`claim_key = `)

// What an engine sends for one member, through the store's own connections, touches one
// partition of each table, whatever the statement; of claims, which are spread by their
// own key, one for each key. Exports and deliveries, which walk over events, and what
// walks over members are not meant.
func TestWhatAMemberDoesTouchesOnePartitionOfEachTable(t *testing.T) {
	byMember := regexp.MustCompile(`FROM loyalty_(accounts|operations|entries|lots|records|events)`)
	for _, c := range []struct {
		place
		touched func(t *testing.T, tx *sql.Tx, s sent) map[string][]string
	}{
		{postgres.with("custom plans", "plan_cache_mode", "force_custom_plan"), postgresPartitions},
		{mariadb.with("one trip", "interpolateParams", "true"), mariadbPartitions},
	} {
		t.Run(c.name, func(t *testing.T) {
			database, plain := c.spreadTables(t)
			store, tap := c.tappedStore(t, database)
			statements := tap.during(func() { livesAYear(t, store) })
			tx, err := plain.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer func() { require.NoError(t, tx.Rollback()) }()
			looked := 0
			for _, s := range statements {
				if strings.Contains(s.text, "loyalty_revisions") { // which every machine has
					continue
				}
				touched := c.touched(t, tx, s)
				for table, partitions := range touched {
					most := 1
					if table == "loyalty_claims" {
						most = max(1, len(claimKey.FindAllString(s.text, -1)))
					}
					assert.LessOrEqual(t, len(partitions), most, "%s touches partitions %v of %s", s.text, partitions, table)
				}
				if byMember.MatchString(s.text) {
					looked += len(touched)
				}
			}
			assert.Greater(t, looked, 15)
			assert.Greater(t, len(statements), 40)
		})
	}
}
