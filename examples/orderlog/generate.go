package orderlog

import (
	"container/heap"
	"fmt"
	"iter"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// Shop says what the log of a shop that never was looks like.
type Shop struct {
	Seed    uint64
	Members int
	// The shop opens on the first day and the log ends before the last.
	First, Last time.Time
	Zone        *time.Location
	Currency    string
	// Unit is what a free coffee is paid with, Price how much of it.
	Unit  string
	Price points.Amount
}

// coffeePrice is what a free coffee costs, in whole points.
const coffeePrice = 60

// CoffeeShop is the shop whose log is replayed where no other is given: it takes
// the currency and the unit of the program.
func CoffeeShop(program loyalty.Program, zone *time.Location) Shop {
	s := Shop{
		Seed: 1, Members: 2000, Zone: zone, Currency: "EUR",
		First: time.Date(2025, time.January, 7, 0, 0, 0, 0, zone),
		Last:  time.Date(2026, time.September, 30, 0, 0, 0, 0, zone),
	}
	for _, rule := range program.Earning {
		if rule.Spend != nil {
			s.Currency = rule.Spend.Currency
			break
		}
	}
	for _, unit := range program.Units {
		if unit.Kind == points.Spendable {
			s.Unit, s.Price = unit.Code, coffeePrice
			for range unit.Scale {
				s.Price *= 10
			}
			break
		}
	}
	return s
}

// Generated is the log of a shop. The same shop has the same log.
func Generated(s Shop) *Log {
	at := s.First
	span := float64(s.Last.Sub(s.First))
	return &Log{
		Name: fmt.Sprintf("the log of a coffee shop that never was (seed %d)", s.Seed),
		Done: func() float64 { return float64(at.Sub(s.First)) / span },
		Events: func(yield func(Event, error) bool) {
			for next := range s.Events() {
				at = next.At
				if !yield(next, nil) {
					return
				}
			}
		},
	}
}

// Events yields what happened in the shop, in order of time. What it keeps grows
// with the members and with the refunds to come, not with the orders.
func (s Shop) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		g := &generator{Shop: s}
		g.open()
		line := 0
		for g.agenda.Len() > 0 {
			due := heap.Pop(&g.agenda).(appointment)
			for _, command := range g.happens(due) {
				line++
				if !yield(Event{Line: line, At: due.at.UTC(), Command: command}) {
					return
				}
			}
		}
	}
}

// generator walks through the shop's time from one appointment to the next.
type generator struct {
	Shop
	agenda    agenda
	customers []customer
	orders    int
	made      int
}

// appointment is something that will happen: a visit of a customer, or a refund.
type appointment struct {
	at time.Time
	// number makes the order of appointments at one instant certain.
	number int
	// customer is the number of who comes.
	customer int
	refund   *loyalty.Refund
}

type agenda []appointment

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].number < a[j].number
	}
	return a[i].at.Before(a[j].at)
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(appointment)) }
func (a *agenda) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// plan notes an appointment, unless it is after the end of the log.
func (g *generator) plan(a appointment) {
	if !a.at.Before(g.Last) {
		return
	}
	g.made++
	a.number = g.made
	heap.Push(&g.agenda, a)
}

// open lets every customer find the shop some day.
func (g *generator) open() {
	g.customers = make([]customer, g.Members)
	days := int(g.Last.Sub(g.First).Hours() / 24)
	for i := range g.customers {
		g.customers[i] = newCustomer(g.Seed, i)
		c := &g.customers[i]
		g.plan(appointment{at: c.moment(g.First.AddDate(0, 0, c.arrival(days))), customer: i})
	}
}

// happens turns an appointment into commands.
func (g *generator) happens(a appointment) []loyalty.Command {
	if a.refund != nil {
		return []loyalty.Command{*a.refund}
	}
	c := &g.customers[a.customer]
	g.orders++
	member, id := fmt.Sprintf("m-%04d", a.customer+1), fmt.Sprintf("o-%06d", g.orders)
	var commands []loyalty.Command
	if g.Unit != "" && c.purse >= coffeePrice {
		c.purse -= coffeePrice
		commands = append(commands, FreeCoffee{Member: member, Key: "coffee/" + id, Unit: g.Unit, Price: g.Price, OccurredAt: a.at.UTC()})
	}
	order := points.Order{ID: id, Currency: g.Currency, Lines: c.basket()}
	c.counts(order, a.at)
	commands = append(commands, loyalty.Earn{Member: member, Key: orderKey(id), Order: order, OccurredAt: a.at.UTC()})
	if day, refund := c.regret(member, order); refund != nil {
		at := c.moment(a.at.AddDate(0, 0, day))
		refund.OccurredAt = at.UTC()
		g.plan(appointment{at: at, customer: a.customer, refund: refund})
	}
	if days, again := c.again(); again {
		g.plan(appointment{at: c.moment(a.at.AddDate(0, 0, days)), customer: a.customer})
	}
	return commands
}
