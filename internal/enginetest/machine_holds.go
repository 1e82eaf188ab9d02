package enginetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
)

// keepHold sets some of what a member has aside, or ends a hold that is open: most of
// those that the generator makes up are refused.
func (m *machine) keepHold() error {
	p := m.model.now(m.member())
	open := slices.DeleteFunc(slices.Sorted(maps.Keys(p.holds)), func(id string) bool { return !p.holds[id].open || !strings.HasPrefix(id, "h") })
	if len(open) == 0 || m.pick("one more", 8) == 0 {
		hold := m.generator.hold().(loyalty.Hold)
		hold.Member = p.id
		m.holds[len(m.holds)-1].member = p.id
		if available := p.balance(hold.Unit).Available; available > 0 {
			hold.Points = 1 + points.Amount(m.pick("part", int(min(available, 600)+2)/3))
		}
		return m.send(hold)
	}
	id := oneOf(m.pick, "open hold", open...)
	if m.pick("void", 3) == 0 {
		return m.send(loyalty.Void{Member: p.id, Key: m.key(), Hold: id, OccurredAt: m.occurred()})
	}
	part := oneOf[points.Amount](m.pick, "captured", 0, 0, 1, 2, 7)
	return m.send(loyalty.Capture{Member: p.id, Key: m.key(), Hold: id, Points: part, OccurredAt: m.occurred()})
}
