package points

import (
	"cmp"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
)

// round makes the terms whole: those of one rounding together, once.
func round(terms []term) error {
	for len(terms) > 0 {
		n := 1
		for n < len(terms) && terms[n].rounding == terms[0].rounding {
			n++
		}
		if err := roundTogether(terms[:n], terms[0].rounding); err != nil {
			return err
		}
		terms = terms[n:]
	}
	return nil
}

// roundTogether rounds the exact sum of terms and sets the points of each so that
// they add up to it: each is rounded down, and what is left goes to the largest
// fractions, ties to the first.
func roundTogether(terms []term, rounding Rounding) error {
	if roundFast(terms, rounding) {
		return nil
	}
	return roundBig(terms, rounding)
}

// roundFast is roundBig in 128 bits. Where that is not enough it reports false,
// and the terms' points mean nothing.
func roundFast(terms []term, rounding Rounding) bool {
	den, ok := commonDenominator(terms)
	if !ok {
		return false
	}
	var space [8]uint64
	fractions := append(space[:0], make([]uint64, len(terms))...)
	var total, floors uint64
	var over uint128
	for i := range terms {
		t := &terms[i]
		n, ok := t.numerator(den)
		if !ok {
			return false
		}
		whole, fraction, ok := n.divMod(den)
		if !ok || whole > uint64(MaxAmount)-floors {
			return false
		}
		floors += whole
		over = over.add(uint128{lo: fraction})
		t.points, fractions[i] = Amount(whole), fraction
	}
	extra, rest, ok := over.divMod(den)
	if !ok {
		return false
	}
	total = floors + extra
	twice := uint128{lo: rest}.add(uint128{lo: rest}).cmp(uint128{lo: den})
	if rounding.up(rest == 0, twice, total%2 == 1) {
		total++
	}
	if total > uint64(MaxAmount) {
		return false
	}
	give(terms, int(total-floors), func(a, b int) int { return cmp.Compare(fractions[b], fractions[a]) })
	return true
}

// numerator returns the term × den, where den is a common denominator.
func (t *term) numerator(den uint64) (uint128, bool) {
	n, ok := t.money.mul(t.num)
	if !ok || t.wide != nil {
		return n, false
	}
	if n, ok = n.mul(t.up); !ok {
		return n, false
	}
	return n.mul(den / (t.den.lo * t.down))
}

func commonDenominator(terms []term) (uint64, bool) {
	common := uint64(1)
	for i := range terms {
		t := &terms[i]
		over, den := bits.Mul64(t.den.lo, t.down)
		if t.den.hi != 0 || over != 0 || den == 0 || t.wide != nil {
			return 0, false
		}
		if common%den == 0 {
			continue
		}
		over, common = bits.Mul64(common, den/gcd(common, den))
		if over != 0 {
			return 0, false
		}
	}
	return common, true
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func roundBig(terms []term, rounding Rounding) error {
	common := big.NewInt(1)
	for i := range terms {
		den := terms[i].bigDen()
		common.Mul(common, new(big.Int).Quo(den, new(big.Int).GCD(nil, nil, common, den)))
	}
	fractions := make([]*big.Int, len(terms))
	sum, floors := new(big.Int), new(big.Int)
	for i := range terms {
		t := &terms[i]
		n := t.money.big()
		n.Mul(n, new(big.Int).SetUint64(t.num))
		n.Mul(n, t.bigUp())
		n.Mul(n, new(big.Int).Quo(common, t.bigDen()))
		sum.Add(sum, n)
		whole, fraction := new(big.Int).QuoRem(n, common, new(big.Int))
		if !whole.IsInt64() {
			return fmt.Errorf("%w: one rule alone earns %s", ErrOverflow, whole)
		}
		floors.Add(floors, whole)
		t.points, fractions[i] = Amount(whole.Int64()), fraction
	}
	total, rest := sum.QuoRem(sum, common, new(big.Int))
	exact := rest.Sign() == 0
	if rounding.up(exact, rest.Lsh(rest, 1).Cmp(common), total.Bit(0) == 1) {
		total.Add(total, big.NewInt(1))
	}
	if !total.IsInt64() {
		return fmt.Errorf("%w: the award would be %s", ErrOverflow, total)
	}
	give(terms, int(total.Sub(total, floors).Int64()), func(a, b int) int { return fractions[b].Cmp(fractions[a]) })
	return nil
}

func (t *term) bigDen() *big.Int {
	den := t.den.big()
	if t.wide != nil {
		return den.Mul(den, t.wide.down)
	}
	return den.Mul(den, new(big.Int).SetUint64(t.down))
}

func (t *term) bigUp() *big.Int {
	if t.wide != nil {
		return t.wide.up
	}
	return new(big.Int).SetUint64(t.up)
}

// give adds one point each to the n terms that compare puts first; ties go to the
// earlier term.
func give(terms []term, n int, compare func(a, b int) int) {
	if n <= 0 {
		return
	}
	if n == 1 {
		best := 0
		for i := range terms {
			if compare(i, best) < 0 {
				best = i
			}
		}
		terms[best].points++
		return
	}
	order := make([]int, len(terms))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	for _, i := range order[:n] {
		terms[i].points++
	}
}

// up reports whether a whole number goes up by one under the rounding: exact says
// that nothing is to be rounded, half compares the fraction with one half, odd
// says that the whole part is odd.
func (r Rounding) up(exact bool, half int, odd bool) bool {
	switch r {
	case Ceil:
		return !exact
	case HalfUp:
		return half >= 0
	case HalfEven:
		return half > 0 || half == 0 && odd
	default:
		return false
	}
}

func (r Rounding) valid() bool {
	return r == Floor || r == HalfEven || r == HalfUp || r == Ceil
}

// wholeGroups returns points × floor(total ÷ per).
func wholeGroups(total, per uint128, points uint64) (uint64, error) {
	groups := new(big.Int)
	if quo, _, ok := total.divMod(per.lo); ok && per.hi == 0 {
		groups.SetUint64(quo)
	} else {
		groups.Quo(total.big(), per.big())
	}
	n := groups.Mul(groups, new(big.Int).SetUint64(points))
	if !n.IsInt64() {
		return 0, fmt.Errorf("%w: %s points for whole groups", ErrOverflow, n)
	}
	return n.Uint64(), nil
}

// apportion splits whole into integers in proportion to weights, which add up to
// total: each is rounded down, and what is left goes to the largest fractions,
// ties to the first.
func apportion(whole *big.Int, weights []*big.Int, total *big.Int) []*big.Int {
	parts := make([]*big.Int, len(weights))
	fractions := make([]*big.Int, len(weights))
	left := new(big.Int).Set(whole)
	for i, weight := range weights {
		product := new(big.Int).Mul(whole, weight)
		parts[i], fractions[i] = product.QuoRem(product, total, new(big.Int))
		left.Sub(left, parts[i])
	}
	order := make([]int, len(weights))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return fractions[b].Cmp(fractions[a]) })
	for _, i := range order[:int(left.Int64())] {
		parts[i].Add(parts[i], big.NewInt(1))
	}
	return parts
}
