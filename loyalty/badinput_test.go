package loyalty_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// mutation is one bad value for one field, found by reflection.
type mutation struct {
	path  string
	name  string
	value reflect.Value
}

var (
	amountType  = reflect.TypeFor[points.Amount]()
	timeType    = reflect.TypeFor[time.Time]()
	decimalType = reflect.TypeFor[decimal.Decimal]()
	dayType     = reflect.TypeFor[tiers.Day]()
)

// badValues lists the bad values of a type.
func badValues(t reflect.Type) map[string]any {
	switch {
	case t == timeType:
		return map[string]any{
			"in the year 1":     time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC),
			"in the year 20000": time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC),
		}
	case t == decimalType:
		return map[string]any{
			"negative":        decimal.NewFromInt(-1),
			"a huge exponent": decimal.New(1, 1_000_000),
			"a tiny exponent": decimal.New(1, -1_000_000),
			"thirty digits":   decimal.RequireFromString(strings.Repeat("9", 30)),
		}
	case t == amountType:
		return map[string]any{"negative": points.Amount(-1), "the smallest": points.Amount(math.MinInt64)}
	case t == dayType:
		return map[string]any{"before 1970": tiers.Day(-1), "after 9999": tiers.LastDay + 1}
	case t.Kind() == reflect.String:
		return map[string]any{
			"of one MiB": strings.Repeat("x", 1<<20), "not UTF-8": "caf\xe9", "with NUL": "a\x00b",
		}
	case t.Kind() == reflect.Int64 || t.Kind() == reflect.Int:
		return map[string]any{"negative": int64(-1), "the largest": int64(math.MaxInt64)}
	default:
		return nil
	}
}

// mutations walks a value and lists every bad value of every leaf.
func mutations(v reflect.Value, path string, set func(reflect.Value) reflect.Value) []mutation {
	var list []mutation
	t := v.Type()
	for name, bad := range badValues(t) {
		list = append(list, mutation{path: path, name: name, value: set(reflect.ValueOf(bad).Convert(t))})
	}
	switch {
	case t == timeType || t == decimalType:
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			field := t.Field(i)
			if !field.IsExported() {
				continue
			}
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			list = append(list, mutations(v.Field(i), strings.TrimPrefix(path+"."+name, "."), func(x reflect.Value) reflect.Value {
				changed := reflect.New(t).Elem()
				changed.Set(v)
				changed.Field(i).Set(x)
				return set(changed)
			})...)
		}
	case t.Kind() == reflect.Slice && v.Len() > 0:
		list = append(list, mutations(v.Index(0), path+"[0]", func(x reflect.Value) reflect.Value {
			changed := reflect.MakeSlice(t, v.Len(), v.Len())
			reflect.Copy(changed, v)
			changed.Index(0).Set(x)
			return set(changed)
		})...)
	case t.Kind() == reflect.Map && v.Len() > 0:
		key := v.MapKeys()[0]
		with := func(key, value reflect.Value) reflect.Value {
			changed := reflect.MakeMap(t)
			changed.SetMapIndex(key, value)
			return set(changed)
		}
		list = append(list, mutations(key, path, func(x reflect.Value) reflect.Value { return with(x, v.MapIndex(key)) })...)
		at := path
		if t.Elem().Kind() == reflect.Slice {
			at += "." + key.String()
		}
		list = append(list, mutations(v.MapIndex(key), at, func(x reflect.Value) reflect.Value { return with(key, x) })...)
	case t.Kind() == reflect.Pointer && !v.IsNil():
		list = append(list, mutations(v.Elem(), path, func(x reflect.Value) reflect.Value {
			changed := reflect.New(t.Elem())
			changed.Elem().Set(x)
			return set(changed)
		})...)
	}
	return list
}

func itself(v reflect.Value) reflect.Value { return v }

// goodCommands has one valid command of each type, with every field set that may be.
func goodCommands(now time.Time) []loyalty.Command {
	at, reason, actor := now.Add(-time.Minute), "a reason", "ada"
	order := points.Order{
		ID: "1001", Currency: "EUR", Shipping: decimal.NewFromInt(3), Fees: decimal.NewFromInt(1),
		Lines: []points.Line{{
			ID: "a", Item: "latte", Category: "coffee", Tags: []string{"hot"}, Quantity: 2,
			Amount: decimal.NewFromInt(12), Discount: decimal.NewFromInt(1), Tax: decimal.NewFromInt(2),
		}},
		Tenders: []points.Tender{{Kind: points.PointsTender, Amount: decimal.NewFromInt(1)}},
	}
	excluding := order
	excluding.Tenders = []points.Tender{{
		Kind: points.PointsTender, Amount: decimal.NewFromInt(1),
		Exclude: points.Match{Items: []string{"bag"}, Categories: []string{"wine"}, Tags: []string{"sale"}},
	}}
	sold := order
	sold.Channel, sold.Store = "app", "graz"
	return []loyalty.Command{
		loyalty.Enroll{Member: "new", Key: "k", Attributes: map[string]string{"city": "Wien"}, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Earn{Member: "anna", Key: "k", Order: order, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Earn{Member: "anna", Key: "k", Order: excluding, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Confirm{Member: "anna", Key: "k", Order: "paid", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Refund{
			Member: "anna", Key: "k", Order: "paid", Kind: loyalty.Chargeback, Lines: []points.RefundLine{{Line: "1", Quantity: 1}},
			Amount: decimal.NewFromInt(1), OccurredAt: at, Reason: reason, Actor: actor,
		},
		loyalty.Spend{Member: "anna", Key: "k", Unit: "bean", Points: 5, Order: "2003", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Capture{Member: "anna", Key: "k", Hold: "open", Points: 5, Order: "2003", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Refund{Member: "anna", Key: "k", Order: "tendered", PointsBack: []loyalty.PointsBack{{Unit: "bean", Points: 2}}, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Spend{Member: "anna", Key: "k", Unit: "bean", Points: 5, Reference: "cup", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Hold{Member: "anna", Key: "k", ID: "new", Unit: "bean", Points: 5, Until: now.Add(time.Hour), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Capture{Member: "anna", Key: "k", Hold: "open", Points: 5, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Void{Member: "anna", Key: "k", Hold: "open", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Transfer{Member: "anna", Key: "k", To: "ben", Unit: "bean", Points: 5, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: 5, ExpiresAt: now.AddDate(1, 0, 0), Reference: "case-7", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: 5, AvailableFrom: now.AddDate(0, 0, 14), Reason: "a reason", Actor: "ada"},
		loyalty.Import{
			Member: "anna", Key: "k", Unit: "bean", Points: 5, EarnedAt: now.AddDate(-1, 0, 0), AvailableFrom: now.AddDate(0, -6, 0), ExpiresAt: now.AddDate(1, 0, 0),
			Reference: "old-7", EnrolledAt: now.AddDate(-2, 0, 0), ActiveAt: now.AddDate(0, -1, 0), Reason: reason, Actor: actor,
		},
		loyalty.Extend{Member: "anna", Key: "k", Unit: "bean", ExpiringBy: now.AddDate(2, 0, 0), ExpiresAt: now.AddDate(3, 0, 0), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Extend{Member: "anna", Key: "k", Unit: "bean", Lots: []points.LotID{20000}, ExpiresAt: now.AddDate(3, 0, 0), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Reinstate{Member: "anna", Key: "k", Entries: []points.EntryRef{{Version: 5, Ordinal: 1}}, ExpiresAt: now.AddDate(1, 0, 0), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Fact{Member: "anna", Key: "k", Activity: "visits", Amount: 2, Reference: "table-4", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Suspend{Member: "anna", Key: "k", Gates: []loyalty.Gate{loyalty.EarnGate}, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Resume{Member: "anna", Key: "k", Gates: []loyalty.Gate{loyalty.EarnGate}, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Close{Member: "anna", Key: "k", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.SetJurisdiction{Member: "anna", Key: "k", Jurisdiction: "CA-QC", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Merge{Member: "anna", Key: "k", From: "twin", UndoUntil: now.AddDate(0, 0, 7), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.UnMerge{Member: "anna", Key: "k", From: "gone", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.EnrollGuest{Member: "new", Key: "k", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.ClaimAward{Member: "anna", Key: "k", Guest: "g-1", Verified: "asked", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.FoundPool{Member: "zara", Key: "k", Pool: "den", Kind: "household", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.InviteToPool{Member: "anna", Key: "k", Pool: "home", Who: "twin", Role: "adult", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.JoinPool{Member: "zara", Key: "k", Pool: "home", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.LeavePool{Member: "anna", Key: "k", Pool: "home", Who: "ben", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.SetPoolRole{Member: "anna", Key: "k", Pool: "home", Who: "ben", Role: "owner", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.ContributeToPool{Member: "ben", Key: "k", Pool: "home", Unit: "bean", Points: 5, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.DrawFromPool{Member: "ben", Key: "k", Pool: "home", Unit: "bean", Points: 5, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.DissolvePool{Member: "anna", Key: "k", Pool: "home", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Earn{Member: "anna", Key: "k", Order: sold, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Fact{
			Member: "anna", Key: "k", Activity: "visits", Channel: "app", Store: "graz", Attributes: map[string]string{"rating": "5"},
			OccurredAt: at, Reason: reason, Actor: actor,
		},
		loyalty.MatchTier{
			Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Days: 90, Again: true, Reference: "their card", Reason: reason, Actor: actor,
			Challenge: tiers.Condition{All: []tiers.Need{{Metric: "visits", AtLeast: 5}}, Any: []tiers.Need{{Metric: "visits", AtLeast: 3}}},
		},
		loyalty.OverrideTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Until: now.AddDate(0, 6, 0), Reason: reason, Actor: actor},
		loyalty.RevokeTier{Member: "anna", Key: "k", Ladder: "status", Reason: reason, Actor: actor},
		loyalty.SetAnniversary{Member: "anna", Key: "k", Day: tiers.Date(2026, time.May, 1), Reason: reason, Actor: actor},
		loyalty.Erase{Member: "anna", Key: "k", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Redeem{
			Member: "anna", Key: "k", Redemption: "new", Reward: "grinder", Quantity: 1, Option: "few-points", Channel: "app", Until: now.AddDate(0, 0, 1),
			OccurredAt: at, Reason: reason, Actor: actor,
		},
		loyalty.Redeem{Member: "anna", Key: "k", Redemption: "new", Reward: "cinema", Code: "ODEON-2", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Redeem{Member: "anna", Key: "k", Redemption: "new", Reward: "cash", Points: 15, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Redeem{
			Member: "anna", Key: "k", Redemption: "new", Reward: "grinder", OccurredAt: at, Reason: reason, Actor: actor,
			Option: "few-points", Channel: "app", Price: &rewards.Cost{Option: "few-points", Unit: "bean", Points: 10, Cash: decimal.NewFromInt(60), Currency: "EUR"},
		},
		loyalty.Redeem{Member: "anna", Key: "k", Redemption: "new", Reward: "cash", Points: 50, Worth: decimal.New(5, -1), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Earn{
			Member: "anna", Key: "k", OccurredAt: at, Reason: reason, Actor: actor, Pay: &loyalty.PayPoints{Reward: "cash", Points: 50, Worth: decimal.New(5, -1)},
			Order: points.Order{ID: "1003", Currency: "EUR", Lines: []points.Line{{Item: "latte", Amount: decimal.NewFromInt(12)}}},
		},
		loyalty.GrantReward{Member: "anna", Key: "k", Redemption: "new", Reward: "cinema", Code: "ODEON-2", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.IssueRedemption{Member: "anna", Key: "k", Redemption: "later", Code: "ODEON-2", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.FulfillRedemption{Member: "anna", Key: "k", Redemption: "card", Result: "parcel-7", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.UseVoucher{Member: "anna", Key: "k", Redemption: "card", Code: "CARD-1", Money: decimal.NewFromInt(2), Order: "1001", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.CancelRedemption{Member: "anna", Key: "k", Redemption: "card", Override: true, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.RejectRedemption{Member: "anna", Key: "k", Redemption: "card", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.MatchTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Days: 90, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.OverrideTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Until: now.AddDate(0, 6, 0), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.RevokeTier{Member: "anna", Key: "k", Ladder: "status", OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.SetAnniversary{Member: "anna", Key: "k", Day: tiers.Date(2026, time.May, 1), OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.Enroll{Member: "new", Key: "k", Jurisdiction: "CA-QC"},
		loyalty.Earn{Member: "anna", Key: "k", Order: points.Order{ID: "1004", Currency: "EUR", Lines: []points.Line{
			{Item: "gift card", Amount: decimal.NewFromInt(25), StoredValue: true},
		}}},
		loyalty.Confirm{Member: "anna", Key: "k", Lots: []points.LotID{40000}},
		loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Full: true},
		loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Lines: []points.RefundLine{{Line: "1", Amount: decimal.NewFromInt(1)}}},
		loyalty.Import{Member: "new", Key: "k", EnrolledAt: now.AddDate(-2, 0, 0), Standing: oldStanding(), Reason: reason, Actor: actor},
		loyalty.Import{Member: "new", Key: "k", Reason: reason, Actor: actor, Standing: &loyalty.OpeningStanding{
			Counts: []loyalty.OpeningCount{{Metric: "visits", Day: tiers.Date(2026, time.May, 1), Amount: 12}}, Page: 1, Pages: 2,
		}},
		loyalty.InviteToPool{Member: "anna", Key: "k", Pool: "home", Who: "twin", Role: "adult", Override: true, OccurredAt: at, Reason: reason, Actor: actor},
		loyalty.SetPoolRole{Member: "anna", Key: "k", Pool: "home", Who: "ben", Role: "owner", Override: true, OccurredAt: at, Reason: reason, Actor: actor},
	}
}

// oldStanding has all that somebody can bring of a ladder.
func oldStanding() *loyalty.OpeningStanding {
	return &loyalty.OpeningStanding{
		Anniversary: tiers.Date(2025, time.May, 1),
		Counts:      []loyalty.OpeningCount{{Metric: "visits", Day: tiers.Date(2026, time.May, 1), Amount: 12}},
		Ladders: []loyalty.OpeningLadder{{
			Ladder: "club", Matched: true,
			State: tiers.State{
				Tier: "bronze", Since: tiers.Date(2026, time.May, 1), Until: tiers.Date(2027, time.March, 20), Highest: "iron",
				Next: "iron", NextFrom: tiers.Date(2027, time.April, 1), Lapsed: tiers.Date(2027, time.February, 20),
				Carried: []tiers.Need{{Metric: "visits", AtLeast: 3}}, CarriedTo: tiers.Date(2027, time.January, 1), At: tiers.Date(2027, time.February, 27),
			},
			Entered: []loyalty.OpeningEntry{{Tier: "iron", Day: tiers.Date(2027, time.February, 28)}},
			Grants: []loyalty.OpeningGrant{{By: "match", Grant: tiers.Grant{
				Tier: "iron", From: tiers.Date(2027, time.February, 1), Until: tiers.Date(2027, time.June, 1),
				Challenge: tiers.Condition{All: []tiers.Need{{Metric: "visits", AtLeast: 5}}, Any: []tiers.Need{{Metric: "visits", AtLeast: 3}}},
			}}},
		}},
	}
}

// badMenu is a catalog for the commands about rewards.
func badMenu() rewards.Catalog {
	catalog := menu()
	for i := range catalog {
		catalog[i].When, catalog[i].Only = points.When{}, rewards.Only{}
		if catalog[i].Code == "card" {
			catalog[i].Voucher = &rewards.Voucher{Host: true}
			catalog[i].Prices[0].Points = 1
		}
	}
	return catalog
}

// redeemed adds to a shop the redemptions that commands are about.
func redeemed(s *shop) {
	s.must(loyalty.Redeem{Member: "anna", Key: "card", Redemption: "card", Reward: "card", Code: "CARD-1"})
	s.must(loyalty.Redeem{Member: "anna", Key: "later", Redemption: "later", Reward: "cinema", Until: s.now.AddDate(0, 1, 0)})
}

// peopled adds to a shop those whom commands about several members need.
func peopled(s *shop) {
	for _, member := range []string{"twin", "gone", "zara"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Merge{Member: "anna", Key: "merge", From: "gone"})
	s.must(loyalty.EnrollGuest{Member: "g-1", Key: "enroll"})
	s.must(loyalty.Adjust{Member: "ben", Key: "gift", Unit: "bean", Points: 20, Reason: "gift", Actor: "ada"})
	s.must(loyalty.FoundPool{Member: "anna", Key: "found", Pool: "home", Kind: "household"})
	for _, member := range []string{"ben", "zara"} {
		s.must(loyalty.InviteToPool{Member: "anna", Key: "invite " + member, Pool: "home", Who: member, Role: "adult"})
	}
	s.must(loyalty.JoinPool{Member: "ben", Key: "join", Pool: "home"})
	s.must(loyalty.ContributeToPool{Member: "ben", Key: "put", Pool: "home", Unit: "bean", Points: 10})
}

// household is a kind of pool.
func household() []loyalty.PoolKind {
	return []loyalty.PoolKind{{Code: "household", Roles: []loyalty.PoolRole{
		{Code: "owner", Manages: true, Contributes: true, Draws: true}, {Code: "adult", Contributes: true, Draws: true},
	}}}
}

func badShop(t *testing.T) *shop {
	program := beans(points.ExpireAfter(12, points.Months))
	program.Units[0].Pending = points.UntilConfirmed()
	program.Units[0].Reinstate = points.Span{N: 1, Unit: points.Months}
	program.Units = append(program.Units, points.Unit{Code: "visits", Kind: points.Metric})
	program.Earning = []points.Rule{{Code: "base", Spend: &points.SpendRate{Points: 1, Per: decimal.NewFromInt(1), Currency: "EUR"}}}
	program.Jurisdictions = []loyalty.Jurisdiction{{Code: "CA-QC"}}
	program.Guests, program.Pools, program.Catalog = true, household(), badMenu()
	program.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.AfterSpan, Lasts: tiers.Span{Months: 12},
		Tiers: []tiers.Tier{{Code: "gold", Enter: of("visits", 100)}},
	}, {
		Code: "club", Window: tiers.Window{Kind: tiers.Calendar, Span: tiers.Span{Months: 12}}, Start: tiers.NextPeriod, Grace: 28,
		Tiers: []tiers.Tier{{Code: "bronze", Enter: of("visits", 10)}, {Code: "iron", Enter: of("visits", 50)}},
	}}
	s := openShop(t, program)
	for _, member := range []string{"anna", "ben"} {
		s.must(loyalty.Enroll{Member: member, Key: "enroll"})
	}
	s.must(loyalty.Adjust{Member: "anna", Key: "gift", Unit: "bean", Points: 100, Reason: "gift", Actor: "ada"})
	s.must(loyalty.Hold{Member: "anna", Key: "hold", ID: "open", Unit: "bean", Points: 10, Until: s.now.AddDate(0, 1, 0)})
	paid := latte("paid")
	paid.Lines[0].Quantity = 3
	s.must(loyalty.Earn{Member: "anna", Key: "paid", Order: paid})
	s.must(loyalty.Adjust{Member: "anna", Key: "gone", Unit: "bean", Points: 4, ExpiresAt: s.now.Add(-time.Hour), Reason: "gift", Actor: "ada"})
	s.must(loyalty.Spend{Member: "anna", Key: "tender", Unit: "bean", Points: 3, Order: "tendered"})
	s.must(loyalty.OverrideTier{Member: "anna", Key: "sorry", Ladder: "status", Tier: "gold", Until: s.now.AddDate(0, 1, 0), Reason: "sorry", Actor: "ada"})
	peopled(s)
	redeemed(s)
	return s
}

// state is everything that a store keeps of the shop's members.
func (s *shop) state() string {
	var b strings.Builder
	query := storage.AccountQuery{Program: "beans"}
	for a, err := range storage.AllAccounts(s.t.Context(), s.store, query) {
		require.NoError(s.t, err)
		fmt.Fprintf(&b, "%+v\n", a)
		for op, err := range storage.AllOperations(s.t.Context(), s.store, storage.MemberQuery{Program: "beans", Member: a.Member}) {
			require.NoError(s.t, err)
			fmt.Fprintf(&b, "  %s %x\n", op.Key, op.Hash)
		}
	}
	return b.String()
}

// fine says which bad values are no error for a field, since they have a meaning.
func fine(path, name string) bool {
	switch {
	case path == "points" && name == "negative":
		return true // an adjustment that takes
	case path == "expiresAt" && name == "in the year 1", path == "until" && name == "in the year 1":
		return false
	default:
		return false
	}
}

func TestEveryBadFieldOfEveryCommandIsRefusedAndChangesNothing(t *testing.T) {
	s := badShop(t)
	cases := 0
	for _, good := range goodCommands(s.now) {
		_, err := s.Quote(t.Context(), good)
		require.NoError(t, err, "%T must be good before it is spoilt", good)
		for _, m := range mutations(reflect.ValueOf(good), "", itself) {
			if _, adjusts := good.(loyalty.Adjust); adjusts && fine(m.path, m.name) {
				continue
			}
			cases++
			t.Run(fmt.Sprintf("%T %s %s", good, m.path, m.name), func(t *testing.T) {
				before := s.state()
				_, err := s.Do(t.Context(), m.value.Interface().(loyalty.Command))
				require.Error(t, err)
				require.ErrorIs(t, err, loyalty.ErrInvalid)
				var problems points.Problems
				require.ErrorAs(t, err, &problems)
				field := strings.TrimPrefix(m.path, "order.")
				require.Contains(t, problems.Error(), strings.Split(field, "[")[0], "the error names the field")
				require.Less(t, len(err.Error()), 2000, "an error does not repeat a hostile input")
				require.Equal(t, before, s.state())
			})
		}
	}
	require.Greater(t, cases, 200)
}

func TestNamedBadInputs(t *testing.T) {
	order := func(change func(*points.Order)) points.Order {
		o := latte("2002")
		change(&o)
		return o
	}
	now := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		cmd  loyalty.Command
		want error
	}{
		"no command":                            {nil, loyalty.ErrInvalid},
		"no member":                             {loyalty.Spend{Key: "k", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"no key":                                {loyalty.Spend{Member: "anna", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"a key of the library's own":            {loyalty.Spend{Member: "anna", Key: "\x01settle/3", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"a member of the library's own":         {loyalty.Enroll{Member: "\x01house/1", Key: "k"}, loyalty.ErrInvalid},
		"a member id of 129 bytes":              {loyalty.Enroll{Member: strings.Repeat("m", 129), Key: "k"}, loyalty.ErrInvalid},
		"a stranger":                            {loyalty.Spend{Member: "zoe", Key: "k", Unit: "bean", Points: 1}, loyalty.ErrNotEnrolled},
		"enrolled twice":                        {loyalty.Enroll{Member: "anna", Key: "again"}, loyalty.ErrAlreadyEnrolled},
		"no unit":                               {loyalty.Spend{Member: "anna", Key: "k", Points: 1}, loyalty.ErrInvalid},
		"a unit of another program":             {loyalty.Spend{Member: "anna", Key: "k", Unit: "mile", Points: 1}, loyalty.ErrUnknownUnit},
		"a metric to spend":                     {loyalty.Spend{Member: "anna", Key: "k", Unit: "visits", Points: 1}, loyalty.ErrInvalid},
		"no points":                             {loyalty.Spend{Member: "anna", Key: "k", Unit: "bean"}, loyalty.ErrInvalid},
		"more than there is":                    {loyalty.Spend{Member: "anna", Key: "k", Unit: "bean", Points: 91}, loyalty.ErrInsufficientPoints},
		"all there can be":                      {loyalty.Spend{Member: "anna", Key: "k", Unit: "bean", Points: points.MaxAmount}, loyalty.ErrInsufficientPoints},
		"an award beyond int64":                 {loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: points.MaxAmount, Reason: "r", Actor: "a"}, points.ErrOverflow},
		"an adjustment without a reason":        {loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: 1, Actor: "a"}, loyalty.ErrInvalid},
		"an adjustment without an actor":        {loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: 1, Reason: "r"}, loyalty.ErrInvalid},
		"an adjustment of nothing":              {loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Reason: "r", Actor: "a"}, loyalty.ErrInvalid},
		"an adjustment below nothing":           {loyalty.Adjust{Member: "anna", Key: "k", Unit: "bean", Points: -91, Reason: "r", Actor: "a"}, loyalty.ErrInsufficientPoints},
		"a metric below nothing":                {loyalty.Adjust{Member: "anna", Key: "k", Unit: "visits", Points: -1, Reason: "r", Actor: "a"}, loyalty.ErrInsufficientPoints},
		"a transfer to oneself":                 {loyalty.Transfer{Member: "anna", Key: "k", To: "anna", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"a transfer to nobody":                  {loyalty.Transfer{Member: "anna", Key: "k", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"a transfer to a stranger":              {loyalty.Transfer{Member: "anna", Key: "k", To: "zoe", Unit: "bean", Points: 1}, loyalty.ErrNotEnrolled},
		"a hold that lapsed before it began":    {loyalty.Hold{Member: "anna", Key: "k", ID: "h", Unit: "bean", Points: 1, Until: now}, loyalty.ErrInvalid},
		"a hold without an end":                 {loyalty.Hold{Member: "anna", Key: "k", ID: "h", Unit: "bean", Points: 1}, loyalty.ErrInvalid},
		"a hold id in use":                      {loyalty.Hold{Member: "anna", Key: "k", ID: "open", Unit: "bean", Points: 1, Until: points.Never}, loyalty.ErrHoldExists},
		"a hold that is not there":              {loyalty.Capture{Member: "anna", Key: "k", Hold: "none"}, loyalty.ErrUnknownHold},
		"a void of what is not there":           {loyalty.Void{Member: "anna", Key: "k", Hold: "none"}, loyalty.ErrUnknownHold},
		"a capture of more than is held":        {loyalty.Capture{Member: "anna", Key: "k", Hold: "open", Points: 11}, loyalty.ErrInvalid},
		"a refund of another's order":           {loyalty.Refund{Member: "ben", Key: "k", Order: "paid", Full: true}, loyalty.ErrUnknownOrder},
		"a refund of nothing":                   {loyalty.Refund{Member: "anna", Key: "k", Order: "paid"}, loyalty.ErrInvalid},
		"a refund full and in part":             {loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Full: true, Amount: decimal.NewFromInt(1)}, loyalty.ErrInvalid},
		"a refund of more pieces than sold":     {loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Lines: []points.RefundLine{{Line: "1", Quantity: 4}}}, loyalty.ErrOverRefund},
		"a refund of more money than paid":      {loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Amount: decimal.NewFromInt(13)}, loyalty.ErrOverRefund},
		"a refund of an unknown line":           {loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Lines: []points.RefundLine{{Line: "9"}}}, loyalty.ErrOverRefund},
		"a refund of an unknown kind":           {loyalty.Refund{Member: "anna", Key: "k", Order: "paid", Full: true, Kind: "loss"}, loyalty.ErrInvalid},
		"a confirmation of an unknown order":    {loyalty.Confirm{Member: "anna", Key: "k", Order: "none"}, loyalty.ErrUnknownOrder},
		"an order that earned":                  {loyalty.Earn{Member: "anna", Key: "k", Order: latte("paid")}, loyalty.ErrOrderEarned},
		"an order of another member":            {loyalty.Earn{Member: "ben", Key: "k", Order: latte("paid")}, loyalty.ErrOrderEarned},
		"an order without an id":                {loyalty.Earn{Member: "anna", Key: "k", Order: latte("")}, loyalty.ErrInvalid},
		"an order without lines":                {loyalty.Earn{Member: "anna", Key: "k", Order: order(func(o *points.Order) { o.Lines = nil })}, loyalty.ErrInvalid},
		"an order with a line id twice":         {loyalty.Earn{Member: "anna", Key: "k", Order: order(func(o *points.Order) { o.Lines = append(o.Lines, o.Lines[0]); o.Lines[0].ID, o.Lines[1].ID = "a", "a" })}, loyalty.ErrInvalid},
		"an order in an unknown currency":       {loyalty.Earn{Member: "anna", Key: "k", Order: order(func(o *points.Order) { o.Currency = "GBP" })}, points.ErrUnknownCurrency},
		"an order in lower-case currency":       {loyalty.Earn{Member: "anna", Key: "k", Order: order(func(o *points.Order) { o.Currency = "eur" })}, loyalty.ErrInvalid},
		"an order of tomorrow":                  {loyalty.Earn{Member: "anna", Key: "k", Order: latte("2002"), OccurredAt: now.AddDate(0, 0, 1)}, loyalty.ErrNotYet},
		"an order just beyond the skew":         {loyalty.Earn{Member: "anna", Key: "k", Order: latte("2002"), OccurredAt: now.Add(5*time.Minute + time.Microsecond)}, loyalty.ErrNotYet},
		"an activity that nobody knows":         {loyalty.Fact{Member: "anna", Key: "k", Activity: "juggling"}, loyalty.ErrInvalid},
		"a visit in a shop without a name":      {loyalty.Fact{Member: "anna", Key: "k", Activity: "visits", Store: strings.Repeat("x", 129)}, loyalty.ErrInvalid},
		"a visit with an attribute like a book": {loyalty.Fact{Member: "anna", Key: "k", Activity: "visits", Attributes: map[string]string{"a": strings.Repeat("x", 257)}}, loyalty.ErrInvalid},
		"a visit with 33 attributes":            {loyalty.Fact{Member: "anna", Key: "k", Activity: "visits", Attributes: manyAttributes(33)}, loyalty.ErrInvalid},
		"a gate that is not there":              {loyalty.Suspend{Member: "anna", Key: "k", Gates: []loyalty.Gate{"cellar"}}, loyalty.ErrInvalid},
		"thirty-three attributes":               {loyalty.Enroll{Member: "new", Key: "k", Attributes: manyAttributes(33)}, loyalty.ErrInvalid},
		"an attribute without a name":           {loyalty.Enroll{Member: "new", Key: "k", Attributes: map[string]string{"": "x"}}, loyalty.ErrInvalid},
		"an attribute of 257 bytes":             {loyalty.Enroll{Member: "new", Key: "k", Attributes: map[string]string{"a": strings.Repeat("x", 257)}}, loyalty.ErrInvalid},
		"an attribute that is not UTF-8":        {loyalty.Enroll{Member: "new", Key: "k", Attributes: map[string]string{"a": "\xff"}}, loyalty.ErrInvalid},
		"a match on a ladder that is not there": {loyalty.MatchTier{Member: "anna", Key: "k", Ladder: "stairs", Tier: "gold", Days: 90}, loyalty.ErrInvalid},
		"a match to a tier that is not there":   {loyalty.MatchTier{Member: "anna", Key: "k", Ladder: "status", Tier: "lead", Days: 90}, loyalty.ErrInvalid},
		"a challenge over what nobody counts":   {loyalty.MatchTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Days: 90, Challenge: of("miles", 5)}, loyalty.ErrInvalid},
		"an override without a reason":          {loyalty.OverrideTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Until: now.AddDate(0, 1, 0), Actor: "a"}, loyalty.ErrInvalid},
		"an override without an actor":          {loyalty.OverrideTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Until: now.AddDate(0, 1, 0), Reason: "r"}, loyalty.ErrInvalid},
		"an override that has ended":            {loyalty.OverrideTier{Member: "anna", Key: "k", Ladder: "status", Tier: "gold", Until: now, Reason: "r", Actor: "a"}, loyalty.ErrInvalid},
		"a revocation of nothing":               {loyalty.RevokeTier{Member: "ben", Key: "k", Ladder: "status", Reason: "r", Actor: "a"}, loyalty.ErrNoGrant},
		"an anniversary without a day":          {loyalty.SetAnniversary{Member: "anna", Key: "k"}, loyalty.ErrInvalid},
		"an anniversary before 1970":            {loyalty.SetAnniversary{Member: "anna", Key: "k", Day: -1}, loyalty.ErrInvalid},
		"an anniversary of a pool":              {loyalty.SetAnniversary{Member: "home", Key: "k", Day: 20000}, loyalty.ErrNotPerson},
		"a command that plans five accounts":    {greedy{}, loyalty.ErrInvalid},
		"a command with a float in its fields":  {floating{Member: "anna", Key: "k", Rate: 0.1}, loyalty.ErrInvalid},
	}
	s := badShop(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := s.state()
			_, err := s.Do(t.Context(), c.cmd)
			require.ErrorIs(t, err, c.want)
			require.Equal(t, before, s.state())
			if c.cmd != nil {
				var wrapped *loyalty.CommandError
				require.ErrorAs(t, err, &wrapped)
			}
		})
	}
}

func manyAttributes(n int) map[string]string {
	return maps.Collect(func(yield func(string, string) bool) {
		for i := range n {
			yield(fmt.Sprint("a", i), "x")
		}
	})
}

// greedy plans more accounts than a commit may touch.
type greedy struct{}

func (greedy) Plan() loyalty.Plan {
	return loyalty.Plan{Member: "anna", Key: "k", Others: []string{"b", "c", "d", "e"}}
}
func (greedy) Apply(context.Context, *loyalty.Tx) error { return nil }

// floating has a field that no exact command can have.
type floating struct {
	Member, Key string
	Rate        float64
}

func (f floating) Plan() loyalty.Plan                     { return loyalty.Plan{Member: f.Member, Key: f.Key} }
func (floating) Apply(context.Context, *loyalty.Tx) error { return nil }
