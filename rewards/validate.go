package rewards

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/points"
)

// The most that a catalog and a reward may have.
const (
	maxRewards  = 10_000
	maxPrices   = 100
	maxListed   = 100
	maxLimits   = 20
	maxShards   = 64
	maxCount    = int64(1_000_000_000_000)
	maxLabel    = 200
	maxText     = 128
	maxPoints   = points.Amount(1_000_000_000_000_000)
	maxQuantity = 1_000_000
)

// MaxQuantity is the most of one reward that one redemption may take.
const MaxQuantity = int64(maxQuantity)

// Validate lists every problem of a catalog, each with the path of its field under
// path. Units are those that the program has.
func Validate(path string, catalog Catalog, units []points.Unit) points.Problems {
	v := validation{units: units}
	if len(catalog) > maxRewards {
		v.add(path, "at most %d rewards fit a catalog, here are %d", maxRewards, len(catalog))
		return v.problems
	}
	first := make(map[string]int, len(catalog))
	for i := range catalog {
		r, at := &catalog[i], fmt.Sprintf("%s[%d]", path, i)
		if before, twice := first[r.Code]; twice {
			v.add(at+".code", "%q is named twice, see %s[%d]", r.Code, path, before)
		} else {
			first[r.Code] = i
		}
		v.reward(at, r)
	}
	return v.problems
}

type validation struct {
	units    []points.Unit
	problems points.Problems
}

func (v *validation) add(path, format string, args ...any) { v.problems.Add(path, format, args...) }

func (v *validation) more(problems points.Problems) { v.problems = append(v.problems, problems...) }

func (v *validation) reward(at string, r *Reward) {
	v.more(points.ValidateCode(at+".code", r.Code))
	v.text(at+".label", r.Label, maxLabel)
	v.benefit(at, r)
	v.prices(at, r)
	v.exchange(at, r)
	v.only(at, r)
	v.limits(at, r)
	v.voucher(at+".voucher", r.Voucher)
	if r.Voucher == nil && (r.Type == TypeVoucher || r.Type == TypeGiftCard) {
		v.add(at+".voucher", "a reward of type %q needs a code: say \"voucher\": {}", r.Type)
	}
	v.span(at+".reserve", r.Reserve)
	if r.Valid != (points.Expiry{}) {
		v.more(points.ValidateExpiry(at+".valid", r.Valid))
	}
	if r.Lapse != LapseKeeps && r.Lapse != LapseReturns {
		v.add(at+".lapse", "%q is not a policy: leave it out, or say %q", r.Lapse, LapseReturns)
	}
	v.span(at+".cancelWithin", r.CancelWithin)
	if r.Final && r.CancelWithin != (points.Span{}) {
		v.add(at+".cancelWithin", "a final reward is not cancelled: leave one of them out")
	}
	v.list(at+".categories", r.Categories)
}

// needs says which fields of a benefit a type must have, and which it may have.
type needs struct{ must, may []string }

func needsOf(t Type) (needs, bool) {
	switch t {
	case TypeMoneyOff:
		return needs{[]string{"amount"}, []string{"minimumOrder"}}, true
	case TypePercentOff:
		return needs{[]string{"percent"}, []string{"atMost", "minimumOrder"}}, true
	case TypeFreeProduct, TypePointsAndCash:
		return needs{[]string{"items"}, []string{"pieces", "minimumOrder"}}, true
	case TypeFreeShipping:
		return needs{nil, []string{"atMost", "minimumOrder"}}, true
	case TypeVoucher:
		return needs{nil, []string{"partner", "amount"}}, true
	case TypeGiftCard:
		return needs{[]string{"amount"}, nil}, true
	case TypeCashBack:
		return needs{}, true
	case TypeDonation:
		return needs{[]string{"cause"}, []string{"amount"}}, true
	case TypeExperience:
		return needs{[]string{"event"}, nil}, true
	case TypeSweepstake:
		return needs{[]string{"event"}, []string{"pieces"}}, true
	case TypeCustom:
		return needs{nil, []string{"amount", "percent", "atMost", "minimumOrder", "items", "pieces", "partner", "cause", "event"}}, true
	default:
		return needs{}, false
	}
}

func (v *validation) benefit(at string, r *Reward) {
	needed, known := needsOf(r.Type)
	if !known {
		v.add(at+".type", "must be %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s or %s, not %q",
			TypeMoneyOff, TypePercentOff, TypeFreeProduct, TypeFreeShipping, TypeVoucher, TypeGiftCard, TypeCashBack,
			TypePointsAndCash, TypeDonation, TypeExperience, TypeSweepstake, TypeCustom, points.Clip(string(r.Type)))
		return
	}
	b, path := &r.Benefit, at+".benefit"
	has := map[string]bool{
		"amount": !b.Amount.IsZero(), "percent": !b.Percent.IsZero(), "atMost": !b.AtMost.IsZero(), "minimumOrder": !b.MinimumOrder.IsZero(),
		"items": len(b.Items) > 0, "pieces": b.Pieces != 0, "partner": b.Partner != "", "cause": b.Cause != "", "event": b.Event != "",
	}
	for _, field := range slices.Sorted(maps.Keys(has)) {
		must := slices.Contains(needed.must, field)
		switch {
		case must && !has[field]:
			v.add(path+"."+field, "a reward of type %q needs it", r.Type)
		case has[field] && !must && !slices.Contains(needed.may, field):
			v.add(path+"."+field, "a reward of type %q has none: leave it out", r.Type)
		}
	}
	v.worth(path, b)
	v.list(path+".items", b.Items)
	if b.Pieces < 0 || b.Pieces > points.MaxQuantity {
		v.add(path+".pieces", "%d is not a number of pieces up to %d", b.Pieces, points.MaxQuantity)
	}
	for _, text := range []struct{ path, value string }{{".partner", b.Partner}, {".cause", b.Cause}, {".event", b.Event}} {
		v.text(path+text.path, text.value, maxText)
	}
	if len(b.Attributes) > maxListed {
		v.add(path+".attributes", "at most %d fit, here are %d", maxListed, len(b.Attributes))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(b.Attributes)) {
		if err := points.CheckID(name, maxText); err != nil {
			v.add(path+".attributes", "the name %q %v", points.Clip(name), err)
		}
		v.text(path+".attributes."+points.Clip(name), b.Attributes[name], 2*maxLabel)
	}
}

// worth checks the money and the percentage of a benefit.
func (v *validation) worth(path string, b *Benefit) {
	money := false
	for _, amount := range []struct {
		path  string
		value decimal.Decimal
	}{{".amount", b.Amount}, {".atMost", b.AtMost}, {".minimumOrder", b.MinimumOrder}} {
		if amount.value.IsZero() {
			continue
		}
		money = true
		v.more(points.ValidateMoney(path+amount.path, amount.value, "", "EUR"))
	}
	switch {
	case money:
		v.more(points.ValidateMoney("", decimal.Zero, path+".currency", b.Currency))
	case b.Currency != "":
		v.add(path+".currency", "there is no money: leave it out")
	}
	v.percent(path+".percent", b.Percent)
}

func (v *validation) percent(path string, p decimal.Decimal) {
	if p.IsZero() {
		return
	}
	if p.Exponent() < -6 || p.Exponent() > 2 || p.IsNegative() || p.GreaterThan(hundred) {
		v.add(path, "must be above 0, up to 100, with at most 6 decimals")
	}
}

func (v *validation) prices(at string, r *Reward) {
	if len(r.Prices) > maxPrices {
		v.add(at+".prices", "at most %d fit a reward, here are %d", maxPrices, len(r.Prices))
		return
	}
	for i := range r.Prices {
		v.price(fmt.Sprintf("%s.prices[%d]", at, i), r, &r.Prices[i])
	}
}

func (v *validation) price(at string, r *Reward, p *Price) {
	if p.Option != "" {
		v.more(points.ValidateCode(at+".option", p.Option))
	}
	switch {
	case p.Points < 0 || p.Points > maxPoints:
		v.add(at+".points", "%d is not a price in points up to %d", p.Points, maxPoints)
	case p.Points > 0:
		v.unit(at+".unit", p.Unit)
	case p.Unit != "":
		v.add(at+".unit", "the price has no points: leave it out")
	}
	switch {
	case !p.Cash.IsZero():
		v.more(points.ValidateMoney(at+".cash", p.Cash, at+".currency", p.Currency))
	case p.Currency != "":
		v.add(at+".currency", "the price has no cash: leave it out")
	}
	if p.Points == 0 && p.Cash.IsZero() && len(p.Tiers) == 0 {
		v.add(at, "a price has points or cash; a reward without prices is free, and so is one at a price of nothing for some tiers")
	}
	if r.Type == TypePointsAndCash && (p.Points == 0 || p.Cash.IsZero()) {
		v.add(at, "a reward of type %q costs points and cash", r.Type)
	}
	v.list(at+".tiers", p.Tiers)
	v.more(points.ValidateWhen(at+".when", p.When))
}

func (v *validation) unit(path, code string) {
	i := slices.IndexFunc(v.units, func(u points.Unit) bool { return u.Code == code })
	switch {
	case i < 0:
		v.add(path, "%q is not a unit of the program", points.Clip(code))
	case v.units[i].Kind == points.Metric:
		v.add(path, "%q is a metric and cannot be spent", code)
	}
}

func (v *validation) exchange(at string, r *Reward) {
	x := r.Exchange
	switch {
	case x == nil && r.Type == TypeCashBack:
		v.add(at+".exchange", "a reward of type %q needs it", r.Type)
		return
	case x == nil && r.Type == TypePointsAndCash && len(r.Prices) == 0:
		v.add(at+".prices", "a reward of type %q needs prices", r.Type)
		return
	case x == nil:
		return
	case r.Type != TypeCashBack && r.Type != TypeDonation && r.Type != TypeCustom:
		v.add(at+".exchange", "a reward of type %q has prices: leave it out", r.Type)
	}
	if r.Type != TypeCashBack && !x.Exclude.IsZero() {
		v.add(at+".exchange.exclude", "a reward of type %q pays for no lines: leave it out", r.Type)
	}
	if len(r.Prices) > 0 {
		v.add(at+".prices", "the exchange says the price: leave one of them out")
	}
	v.unit(at+".exchange.unit", x.Unit)
	v.more(ValidateExchange(at+".exchange", x))
}

// ValidateExchange lists every problem of an exchange but its unit, each with the path
// of its field under path.
func ValidateExchange(path string, x *Exchange) points.Problems {
	v := validation{}
	if err := points.CheckID(x.Unit, maxText); err != nil {
		v.add(path+".unit", "%v", err)
	}
	if x.Points <= 0 || x.Points > maxPoints {
		v.add(path+".points", "%d is not a number of points from 1 to %d", x.Points, maxPoints)
	}
	v.more(points.ValidateMoney(path+".money", x.Money, path+".currency", x.Currency))
	if x.Money.IsZero() {
		v.add(path+".money", "must be above 0")
	}
	if !x.Smallest.IsZero() {
		v.more(points.ValidateMoney(path+".smallest", x.Smallest, "", "EUR"))
	}
	for _, bound := range []struct {
		path  string
		value points.Amount
	}{{".minimum", x.Minimum}, {".maximum", x.Maximum}, {".step", x.Step}} {
		if bound.value < 0 || bound.value > maxPoints {
			v.add(path+bound.path, "%d is not a number of points up to %d", bound.value, maxPoints)
		}
	}
	if len(v.problems) == 0 && x.Maximum > 0 && x.Maximum < x.least() {
		v.add(path+".maximum", "is below the least number of points that is exchanged, %d", x.least())
	}
	v.percent(path+".share", x.Share)
	v.more(points.ValidateMatch(path+".exclude", x.Exclude))
	switch x.Fraction {
	case FractionCash, FractionRoundUp, FractionForgive:
	default:
		v.add(path+".fraction", "%q is not a policy: leave it out, or say %q or %q", points.Clip(string(x.Fraction)), FractionRoundUp, FractionForgive)
	}
	return v.problems
}

func (v *validation) only(at string, r *Reward) {
	v.list(at+".only.tiers", r.Only.Tiers)
	v.list(at+".only.segments", r.Only.Segments)
	v.list(at+".only.channels", r.Only.Channels)
	v.span(at+".only.enrolled", r.Only.Enrolled)
	v.more(points.ValidateWhen(at+".when", r.When))
	if len(r.Early) > maxListed {
		v.add(at+".early", "at most %d fit, here are %d", maxListed, len(r.Early))
		return
	}
	for i, early := range r.Early {
		path := fmt.Sprintf("%s.early[%d]", at, i)
		if len(early.Tiers) == 0 {
			v.add(path+".tiers", "name the tiers")
		}
		v.list(path+".tiers", early.Tiers)
		if early.From.Year() < 1970 || early.From.Year() > 9998 {
			v.add(path+".from", "the year must be 1970 to 9998")
		}
		if r.When.From.IsZero() {
			v.add(path, "the reward opens for everybody: say \"when\": {\"from\": …}, or leave it out")
		} else if !early.From.Before(r.When.From) {
			v.add(path+".from", "is not before the reward opens for everybody")
		}
	}
}

func (v *validation) limits(at string, r *Reward) {
	if len(r.Limits) > maxLimits {
		v.add(at+".limits", "at most %d fit a reward, here are %d", maxLimits, len(r.Limits))
		return
	}
	for i, limit := range r.Limits {
		path := fmt.Sprintf("%s.limits[%d]", at, i)
		if limit.Times < 1 || limit.Times > maxCount {
			v.add(path+".times", "%d is not a number of times from 1 to %d", limit.Times, maxCount)
		}
		switch limit.Per {
		case points.PerDay, points.PerWeek, points.PerMonth, points.PerQuarter, points.PerYear, points.Lifetime:
		default:
			v.add(path+".per", "%q is not a period: say %q, %q, %q, %q, %q or %q", points.Clip(string(limit.Per)),
				points.PerDay, points.PerWeek, points.PerMonth, points.PerQuarter, points.PerYear, points.Lifetime)
		}
		if slices.ContainsFunc(r.Limits[:i], func(l Limit) bool { return l.Per == limit.Per && l.All == limit.All }) {
			v.add(path, "there is a limit for this period already")
		}
	}
	if r.Stock < 0 || r.Stock > maxCount {
		v.add(at+".stock", "%d is not a number up to %d; a reward that is not redeemed any more is \"withdrawn\"", r.Stock, maxCount)
	}
	if r.Shards < 0 || r.Shards > maxShards {
		v.add(at+".shards", "%d is not a number of shards up to %d", r.Shards, maxShards)
	}
}

func (v *validation) voucher(path string, voucher *Voucher) {
	if voucher == nil {
		return
	}
	if voucher.Host && (voucher.Prefix != "" || voucher.Length != 0) {
		v.add(path, "the host's codes have their own form: leave prefix and length out")
		return
	}
	if _, err := voucher.length(); err != nil {
		v.add(path+".length", "%v", err)
	}
	if at := foreign(voucher.Prefix); at >= 0 {
		v.add(path+".prefix", "may have only the characters %s", CodeAlphabet)
	}
}

func (v *validation) span(path string, s points.Span) {
	if s != (points.Span{}) {
		v.more(points.ValidateSpan(path, s))
	}
}

func (v *validation) text(path, text string, most int) {
	if text == "" {
		return
	}
	if err := points.CheckID(text, most); err != nil {
		v.add(path, "%v", err)
	}
}

func (v *validation) list(path string, list []string) {
	if len(list) > maxListed {
		v.add(path, "at most %d fit, here are %d", maxListed, len(list))
		return
	}
	for i, value := range list {
		if err := points.CheckID(value, maxText); err != nil {
			v.add(fmt.Sprintf("%s[%d]", path, i), "%v", err)
		}
	}
}
