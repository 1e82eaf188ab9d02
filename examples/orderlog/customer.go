package orderlog

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// customer is somebody who comes again and again and one day no more: visits
// come at a pace of their own, and after each the customer may be lost.
type customer struct {
	random *rand.Rand
	// pace is the mean number of days between visits, leaves the chance that a
	// visit was the last.
	pace, leaves float64
	// purse is about how many points the customer counts on.
	purse float64
}

func newCustomer(seed uint64, number int) customer {
	random := rand.New(rand.NewPCG(seed, uint64(number)))
	c := customer{random: random}
	// Most come every week or two, some every few days, some once in a season.
	visitsPerDay := (random.ExpFloat64() + random.ExpFloat64()) / 2 / 14
	c.pace = min(max(1/visitsPerDay, 2), 120)
	c.leaves = 0.02 + 0.25*random.Float64()*random.Float64()
	return c
}

// arrival is the day of a customer's first visit, of so many days.
func (c *customer) arrival(days int) int {
	return int(float64(days) * math.Pow(c.random.Float64(), 0.8))
}

// again is when the customer comes again, if ever.
func (c *customer) again() (days int, comes bool) {
	if c.random.Float64() < c.leaves {
		return 0, false
	}
	return 1 + int(c.pace*c.random.ExpFloat64()), true
}

// moment is when on a day the customer comes: from 7 to 19 o'clock, most before
// noon.
func (c *customer) moment(day time.Time) time.Time {
	hours := 12 * math.Pow(c.random.Float64(), 1.4)
	seconds := int(hours * 3600)
	return time.Date(day.Year(), day.Month(), day.Day(), 7, 0, seconds, 0, day.Location())
}

type menuItem struct {
	item, category string
	price          decimal.Decimal
}

func menu() []menuItem {
	item := func(name, category, price string) menuItem {
		return menuItem{item: name, category: category, price: decimal.RequireFromString(price)}
	}
	return []menuItem{
		item("espresso", "coffee", "2.60"), item("cappuccino", "coffee", "3.90"), item("latte", "coffee", "4.20"),
		item("flat white", "coffee", "4.10"), item("tea", "coffee", "3.40"), item("croissant", "pastry", "2.80"),
		item("cheesecake", "pastry", "5.20"), item("sandwich", "food", "6.90"),
		item("beans 250 g", "beans", "11.90"), item("beans 1 kg", "beans", "36.00"), item("mug", "goods", "14.50"),
	}
}

// shares is how often each item of the menu is ordered, in percent.
var shares = [...]int{14, 20, 16, 12, 8, 12, 6, 6, 4, 1, 1}

// counts is how a customer reckons with the points of an order.
func (c *customer) counts(order points.Order, at time.Time) {
	for _, line := range order.Lines {
		c.purse += line.Amount.InexactFloat64()
		if at.Weekday() == time.Monday {
			c.purse += line.Amount.InexactFloat64()
		}
	}
}

func (c *customer) basket() []points.Line {
	items := menu()
	lines := make([]points.Line, 0, 3)
	for range 1 + c.random.IntN(3)*c.random.IntN(2) {
		item := items[c.choose()]
		pieces := int64(1)
		if c.random.IntN(5) == 0 {
			pieces = 2
		}
		line := points.Line{Item: item.item, Category: item.category, Amount: item.price.Mul(decimal.NewFromInt(pieces))}
		if pieces > 1 {
			line.Quantity = pieces
		}
		lines = append(lines, line)
	}
	return lines
}

func (c *customer) choose() int {
	draw := c.random.IntN(100)
	for i, share := range shares {
		if draw -= share; draw < 0 {
			return i
		}
	}
	return 0
}

// regret is a refund of an order some days later: now and then part or all of
// it within the return window, seldom a chargeback after it.
func (c *customer) regret(member string, order points.Order) (days int, refund *loyalty.Refund) {
	draw := c.random.Float64()
	if draw > 0.038 {
		return 0, nil
	}
	refund = &loyalty.Refund{Member: member, Key: "refund/" + order.ID, Order: order.ID}
	switch {
	case draw < 0.008:
		refund.Kind, refund.Full = loyalty.Chargeback, true
		return 25 + c.random.IntN(40), refund
	case draw < 0.020 && len(order.Lines) > 1:
		refund.Amount = order.Lines[0].Amount
	default:
		refund.Full = true
	}
	return 1 + c.random.IntN(12), refund
}
