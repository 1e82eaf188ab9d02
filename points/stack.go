package points

import (
	"math/big"
	"math/bits"
	"slices"
	"strings"
)

// stacks holds the stacking groups that have a name, sorted by it.
type stacks struct{ groups []stack }

// stack is a group with the multiplier of each line: the rule's place in the list,
// from 1, or 0.
type stack struct {
	name  string
	picks []int
}

// stack lets the i-th rule, a multiplier, compete in its group for line l.
func (e *evaluation) stack(i, l int) {
	if e.stacks == nil {
		e.stacks = &stacks{}
	}
	rule := &e.rules[i]
	picked := &e.stacks.group(rule.Stack, len(e.picks)).picks[l]
	if *picked == 0 || before(rule, &e.rules[*picked-1]) {
		*picked = i + 1
	}
}

// group returns the group of a name, made where there is none.
func (s *stacks) group(name string, lines int) *stack {
	at, found := slices.BinarySearchFunc(s.groups, name, func(g stack, name string) int {
		return strings.Compare(g.name, name)
	})
	if !found {
		s.groups = slices.Insert(s.groups, at, stack{name: name, picks: make([]int, lines)})
	}
	return &s.groups[at]
}

// layer is one factor of a line: the boost or a multiplier.
type layer struct {
	kind int
	rule string
	factor
}

// appendStacked splits base × boost × multipliers of a line into what each gave,
// the multipliers in the order of their groups: a layer gives what it adds to all
// before it, and one below 1 gives nothing and lowers the others.
func (e *evaluation) appendStacked(terms []term, l int, boost factor) []term {
	p := &e.picks[l]
	layers := make([]layer, 0, 2+len(e.stacks.groups))
	if boost.up != boost.down {
		layers = append(layers, layer{boostTerm, BoostRule, boost})
	}
	if p.multiplier != 0 {
		layers = append(layers, layer{multiplierTerm, e.rules[p.multiplier-1].Code, p.multiply})
	}
	for _, s := range e.stacks.groups {
		if s.picks[l] != 0 {
			rule := &e.rules[s.picks[l]-1]
			layers = append(layers, layer{multiplierTerm, rule.Code, factorOf(rule.Multiply)})
		}
	}
	base := &e.rules[p.base-1]
	t := term{line: l, money: p.eligible, num: p.num, den: p.den, rounding: base.Spend.Rounding}
	for i := -1; i < len(layers); i++ {
		ups, downs := make([]uint64, 0, len(layers)), make([]uint64, 0, len(layers))
		t.kind, t.rule = baseTerm, base.Code
		for j, layer := range layers {
			up := min(layer.up, layer.down)
			switch {
			case j < i:
				up = layer.up
			case j == i:
				t.kind, t.rule = layer.kind, layer.rule
				up = max(layer.up, layer.down) - layer.down
			}
			ups, downs = append(ups, up), append(downs, layer.down)
		}
		t.up, t.down, t.wide = productOf(ups, downs)
		terms = append(terms, t)
	}
	return terms
}

// wideFactor is up ÷ down in as many bits as it takes.
type wideFactor struct{ up, down *big.Int }

// productOf returns the products of ups and of downs, in 64 bits where both fit.
func productOf(ups, downs []uint64) (up, down uint64, wide *wideFactor) {
	up, fits := product(ups)
	down, also := product(downs)
	if fits && also {
		return up, down, nil
	}
	return 0, 0, &wideFactor{up: bigProduct(ups), down: bigProduct(downs)}
}

func product(factors []uint64) (uint64, bool) {
	n := uint64(1)
	for _, f := range factors {
		var over uint64
		if over, n = bits.Mul64(n, f); over != 0 {
			return 0, false
		}
	}
	return n, true
}

func bigProduct(factors []uint64) *big.Int {
	n := big.NewInt(1)
	for _, f := range factors {
		n.Mul(n, new(big.Int).SetUint64(f))
	}
	return n
}

func (p *Problems) stacks(path string, r *Rule) {
	if r.Stack == "" {
		return
	}
	if problem := codeProblem(r.Stack); problem != "" {
		p.Add(path, "%s", problem)
	}
	if r.Multiply.IsZero() {
		p.Add(path, "only a multiplier has a stacking group: leave it out")
	}
}
