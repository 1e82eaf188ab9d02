package enginetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

var (
	members    = []string{"ada", "bob", "cyd"}
	pools      = []string{"den", "nest"}
	strangers  = []string{"eve", "fay"}
	everybody  = slices.Concat(members, pools)
	spendables = []string{"bean", "crumb", "star", "leaf"}
)

// generator makes random commands that mostly make sense: about orders and holds
// that exist, at times around now.
type generator struct {
	pick pick
	now  func() time.Time
	// among is whom commands are about, and prefix what keys and orders begin with.
	among  []string
	prefix string
	// guests are who else there may be.
	guests []string
	// twins is set where members have orders of one id.
	twins  bool
	keys   int
	orders []sale
	holds  []sale
}

// sale is an id that was used for a member.
type sale struct {
	member string
	id     string
	lines  int
}

func (g *generator) key() string {
	g.keys++
	return fmt.Sprintf("%sk%d", g.prefix, g.keys)
}

func (g *generator) member() string {
	if g.among != nil {
		return oneOf(g.pick, "member", g.among...)
	}
	return oneOf(g.pick, "member", g.people()...)
}

// people are whom commands may be about.
func (g *generator) people() []string { return slices.Concat(members, g.guests) }

// two picks two of them.
func (g *generator) two() (one, other string) {
	people := g.people()
	i := g.pick("member", len(people))
	return people[i], people[(i+1+g.pick("other", len(people)-1))%len(people)]
}

// occurred is mostly now, sometimes late, seldom ahead of time.
func (g *generator) occurred() time.Time {
	now := g.now()
	switch n := g.pick("occurred", 16); {
	case n < 9:
		return time.Time{}
	case n < 12:
		return now.Add(-time.Duration(g.pick("minutes", 3*24*60)) * time.Minute)
	case n < 14:
		return now.AddDate(0, 0, -g.pick("days", 90))
	case n < 15:
		return now.Add(4 * time.Minute)
	default:
		return now.Add(10 * time.Minute)
	}
}

func (g *generator) amount() points.Amount {
	return oneOf[points.Amount](g.pick, "amount", 1, 3, 7, 12, 40, 90, 250)
}

func (g *generator) order() points.Order {
	order := points.Order{ID: fmt.Sprintf("%so%d", g.prefix, len(g.orders)+1), Currency: oneOf(g.pick, "currency", "EUR", "EUR", "EUR", "USD")}
	for i := range 1 + g.pick("lines", 3) {
		line := points.Line{Amount: money(oneOf(g.pick, "price", "4.50", "12.40", "0.99", "38", "120.05", "0"))}
		line.Quantity = int64(g.pick("pieces", 4))
		line.Item = oneOf(g.pick, "item", "latte", "beans", "mug")
		if g.pick("named", 3) == 0 {
			line.ID = fmt.Sprintf("line-%d", i)
		}
		order.Lines = append(order.Lines, line)
	}
	order.Channel = oneOf(g.pick, "channel", "", "app", "shop")
	if g.pick("shipped", 4) == 0 {
		order.Shipping = money("4.90")
	}
	return order
}

func (g *generator) enroll() loyalty.Command {
	return loyalty.Enroll{Member: g.member(), Key: g.key(), OccurredAt: g.occurred()}
}

func (g *generator) earn() loyalty.Command {
	order := g.order()
	who := g.member()
	often := 10
	if g.twins {
		often = 3
	}
	if len(g.orders) > 0 && g.pick("known order", often) == often-1 {
		order.ID = oneOf(g.pick, "order", g.orders...).id
		if g.twins {
			g.orders = append(g.orders, sale{member: who, id: order.ID, lines: len(order.Lines)})
		}
	} else if g.pick("strange currency", 20) == 19 {
		order.ID, order.Currency = order.ID+"-in-gold", "XAU"
	} else {
		g.orders = append(g.orders, sale{member: who, id: order.ID, lines: len(order.Lines)})
	}
	return loyalty.Earn{Member: who, Key: g.key(), Order: order, OccurredAt: g.occurred()}
}

// known picks something that was used, or makes something up.
func (g *generator) known(label string, of []sale) sale {
	if len(of) == 0 || g.pick("unknown "+label, 25) == 24 {
		return sale{member: g.member(), id: "nothing", lines: 1}
	}
	have := of[len(of)-1-g.pick(label, min(len(of), 6))]
	if g.pick("other member", 25) == 24 {
		have.member = g.member()
	}
	return have
}

func (g *generator) confirm() loyalty.Command {
	order := g.known("order", g.orders)
	return loyalty.Confirm{Member: order.member, Key: g.key(), Order: order.id, OccurredAt: g.occurred()}
}

func (g *generator) refund() loyalty.Command {
	order := g.known("order", g.orders)
	refund := loyalty.Refund{
		Member: order.member, Key: g.key(), Order: order.id, OccurredAt: g.occurred(),
		Kind: oneOf(g.pick, "refund kind", loyalty.Refunded, loyalty.Cancelled, loyalty.Voided, loyalty.Chargeback),
	}
	line := points.RefundLine{Line: fmt.Sprint(1 + g.pick("line", order.lines+1))}
	if g.pick("named", 4) == 0 {
		line.Line = fmt.Sprintf("line-%d", g.pick("line", order.lines))
	}
	if g.pick("points back", 4) == 0 {
		refund.PointsBack = []loyalty.PointsBack{{Unit: g.unit(), Points: g.amount()}}
	}
	switch g.pick("refund", 6) {
	case 0:
		refund.Full, refund.PointsBack = true, nil
	case 1:
		line.Quantity = int64(1 + g.pick("pieces", 2))
		refund.Lines = []points.RefundLine{line}
	case 2:
		line.Amount = money(oneOf(g.pick, "money", "0.99", "2", "4.50", "30"))
		refund.Lines = []points.RefundLine{line}
	case 3:
		refund.Lines = []points.RefundLine{line, {Line: points.ShippingLine}}[:1+g.pick("shipping", 2)]
	case 4:
		if len(refund.PointsBack) > 0 {
			break
		}
		fallthrough
	default:
		refund.Amount = money(oneOf(g.pick, "money", "0.10", "3.33", "12.40", "60"))
	}
	return refund
}

func (g *generator) hold() loyalty.Command {
	hold := loyalty.Hold{
		Member: g.member(), Key: g.key(), ID: fmt.Sprintf("h%d", len(g.holds)+1), Unit: g.unit(),
		Points: g.amount(), OccurredAt: g.occurred(),
	}
	if len(g.holds) > 0 && g.pick("known hold", 15) == 14 {
		hold.ID = oneOf(g.pick, "hold", g.holds...).id
	}
	days := oneOf(g.pick, "hold days", 1, 5, 20, 100, -1, 0)
	hold.Until = g.now().AddDate(0, 0, days)
	if days == 0 {
		hold.Until = points.Never
	}
	g.holds = append(g.holds, sale{member: hold.Member, id: hold.ID})
	return hold
}

// unit is mostly one that can be spent.
func (g *generator) unit() string {
	switch n := g.pick("unit", 30); {
	case n < 28:
		return spendables[n%len(spendables)]
	case n < 29:
		return "visit"
	default:
		return "gold"
	}
}

func (g *generator) capture() loyalty.Command {
	hold := g.known("hold", g.holds)
	amount := oneOf[points.Amount](g.pick, "captured", 0, 1, 2, 7, 500)
	return loyalty.Capture{Member: hold.member, Key: g.key(), Hold: hold.id, Points: amount, OccurredAt: g.occurred()}
}

func (g *generator) void() loyalty.Command {
	hold := g.known("hold", g.holds)
	return loyalty.Void{Member: hold.member, Key: g.key(), Hold: hold.id, OccurredAt: g.occurred()}
}

func (g *generator) spend() loyalty.Command {
	spend := loyalty.Spend{Member: g.member(), Key: g.key(), Unit: g.unit(), Points: g.amount(), Reference: "menu", OccurredAt: g.occurred()}
	if g.pick("pays", 2) == 0 {
		order := g.known("order", g.orders)
		spend.Member, spend.Order = order.member, order.id
	}
	return spend
}

func (g *generator) transfer() loyalty.Command {
	from, to := g.two()
	return loyalty.Transfer{Member: from, Key: g.key(), To: to, Unit: g.unit(), Points: g.amount(), OccurredAt: g.occurred()}
}

// merge makes two members one. It is seldom, since there are few.
func (g *generator) merge() loyalty.Command {
	if g.pick("merge", 4) > 0 {
		return g.any()
	}
	from, into := g.two()
	return loyalty.Merge{Member: into, Key: g.key(), From: from, OccurredAt: g.occurred()}
}

// group is a command about a pool.
func (g *generator) group() loyalty.Command {
	who, key, pool, at := g.member(), g.key(), oneOf(g.pick, "pool", "den", "den", "den", "nest"), g.occurred()
	other, role := oneOf(g.pick, "who", g.people()...), oneOf(g.pick, "role", "owner", "adult", "child")
	switch g.pick("group", 14) {
	case 0:
		return loyalty.FoundPool{Member: who, Key: key, Pool: pool, Kind: "family", OccurredAt: at}
	case 1, 2:
		return loyalty.InviteToPool{Member: who, Key: key, Pool: pool, Who: other, Role: role, Override: g.pick("override", 8) == 0, Reason: "quarrel", Actor: "clerk", OccurredAt: at}
	case 3, 4:
		return loyalty.JoinPool{Member: who, Key: key, Pool: pool, OccurredAt: at}
	case 5:
		return loyalty.LeavePool{Member: who, Key: key, Pool: pool, OccurredAt: at}
	case 6:
		return loyalty.LeavePool{Member: who, Key: key, Pool: pool, Who: other, OccurredAt: at}
	case 7:
		return loyalty.SetPoolRole{Member: who, Key: key, Pool: pool, Who: other, Role: role, Override: g.pick("override", 3) == 0, Reason: "quarrel", Actor: "clerk", OccurredAt: at}
	case 8:
		return loyalty.DissolvePool{Member: who, Key: key, Pool: pool, OccurredAt: at}
	case 9, 10:
		return loyalty.DrawFromPool{Member: who, Key: key, Pool: pool, Unit: g.unit(), Points: g.amount(), OccurredAt: at}
	default:
		return loyalty.ContributeToPool{Member: who, Key: key, Pool: pool, Unit: g.unit(), Points: g.amount(), OccurredAt: at}
	}
}

// draw takes a little out of the pool that there is from the start, or gives bob another
// role in it.
func (g *generator) draw() loyalty.Command {
	if g.pick("role", 4) == 0 {
		return loyalty.SetPoolRole{Member: "ada", Key: g.key(), Pool: "den", Who: "bob", Role: oneOf(g.pick, "role", "owner", "adult", "child"), OccurredAt: g.occurred()}
	}
	return loyalty.DrawFromPool{
		Member: oneOf(g.pick, "who", "ada", "bob"), Key: g.key(), Pool: "den", Unit: oneOf(g.pick, "unit", "leaf", "crumb"),
		Points: oneOf[points.Amount](g.pick, "amount", 1, 3, 7), OccurredAt: g.occurred(),
	}
}

// part undoes a merge, or tries to.
func (g *generator) part() loyalty.Command {
	from, into := g.two()
	return loyalty.UnMerge{Member: into, Key: g.key(), From: from, OccurredAt: g.occurred()}
}

func (g *generator) adjust() loyalty.Command {
	adjust := loyalty.Adjust{
		Member: g.member(), Key: g.key(), Unit: g.unit(), Points: g.amount(), OccurredAt: g.occurred(),
		Reference: "ticket", Reason: "goodwill", Actor: "clerk",
	}
	switch g.pick("sign", 5) {
	case 0:
	case 1:
		adjust.Points = -adjust.Points
	case 2:
		adjust.AvailableFrom = g.now().AddDate(0, 0, g.pick("window", 20)-1)
		if g.pick("dated", 2) == 0 {
			adjust.ExpiresAt = adjust.AvailableFrom.AddDate(0, 0, g.pick("expiry", 60))
		}
	case 3:
		adjust.AvailableFrom = points.Never
		if g.pick("dated", 2) == 0 {
			adjust.ExpiresAt = g.now().AddDate(0, 0, g.pick("expiry", 40)-3)
		}
	default:
		adjust.ExpiresAt = g.now().AddDate(0, 0, g.pick("expiry", 40)-3)
	}
	return adjust
}

func (g *generator) fact() loyalty.Command {
	fact := loyalty.Fact{
		Member: g.member(), Key: g.key(), Activity: oneOf(g.pick, "activity", "visit", "birthday", "spent", "yoga"),
		Amount: points.Amount(g.pick("amount", 3)), OccurredAt: g.occurred(), Channel: oneOf(g.pick, "channel", "", "app", "shop"),
	}
	if weather := oneOf(g.pick, "weather", "", "rain", "sun"); weather != "" {
		fact.Attributes = map[string]string{"weather": weather}
	}
	return fact
}

func (g *generator) gates() loyalty.Command {
	which := oneOf(g.pick, "gates", nil, []loyalty.Gate{loyalty.EarnGate}, []loyalty.Gate{loyalty.RedeemGate})
	switch n := g.pick("status", 12); {
	case n < 3:
		return loyalty.Suspend{Member: g.member(), Key: g.key(), Gates: which}
	case n < 11:
		return loyalty.Resume{Member: g.member(), Key: g.key()}
	default:
		return loyalty.Close{Member: g.member(), Key: g.key()}
	}
}

func (g *generator) extend() loyalty.Command {
	now := g.now()
	return loyalty.Extend{
		Member: g.member(), Key: g.key(), Unit: g.unit(), ExpiringBy: now.AddDate(0, 0, g.pick("days", 60)),
		ExpiresAt: now.AddDate(0, 0, g.pick("days", 120)-2), OccurredAt: g.occurred(), Reason: "goodwill", Actor: "clerk",
	}
}

func (g *generator) opening() loyalty.Command {
	now := g.now()
	row := loyalty.Import{Member: g.member(), Key: g.key(), Unit: g.unit(), Points: g.amount(), Reference: "old"}
	if g.pick("dated", 2) == 0 {
		row.EarnedAt, row.ExpiresAt = now.AddDate(-1, 0, 0), now.AddDate(0, 0, g.pick("days", 40)-2)
	}
	return row
}

// kinds names the commands that any makes, the frequent ones several times.
func (g *generator) kinds() []func() loyalty.Command {
	return []func() loyalty.Command{
		g.earn, g.earn, g.earn, g.spend, g.spend, g.refund, g.refund, g.hold, g.hold, g.capture, g.void,
		g.adjust, g.adjust, g.fact, g.confirm, g.confirm, g.gates, g.enroll, g.transfer, g.transfer,
	}
}

// alone makes any command of one member.
func (g *generator) alone() loyalty.Command {
	kinds := g.kinds()
	return oneOf(g.pick, "command", kinds[:len(kinds)-2]...)()
}

func (g *generator) any() loyalty.Command { return oneOf(g.pick, "command", g.kinds()...)() }

// leap is how far the clock goes at once: minutes to a year, to a change of the
// clocks or the end of a month, or a little back.
func (g *generator) leap() time.Time {
	now := g.now()
	switch g.pick("leap", 9) {
	case 0, 1:
		return now.Add(time.Duration(1+g.pick("minutes", 600)) * time.Minute)
	case 2, 3:
		return now.AddDate(0, 0, 1+g.pick("days", 12))
	case 4:
		return now.AddDate(0, 1+g.pick("months", 3), 0)
	case 5: // the last instants of a month in Vienna
		return time.Date(now.Year(), now.Month()+1, 1, -2, 0, 0, -1000*g.pick("microseconds", 2), time.UTC)
	case 6: // the clocks go forward
		return time.Date(now.Year()+1, time.March, 28, 0, 59, 59, 999999000, time.UTC)
	case 7: // and back
		return time.Date(now.Year(), time.October, 25, 1, g.pick("minutes", 2), 0, 0, time.UTC)
	default:
		return now.Add(-time.Duration(1+g.pick("hours", 60)) * time.Hour)
	}
}
