package points

import "math/big"

// Uncounted returns how much of what a rule counted on an order refunds have taken
// back so far: of pieces the whole ones refunded on the lines at the places, else
// all of it, 1, once nothing of those lines is left.
func (s *OrderState) Uncounted(pieces bool, lines []int) int64 {
	var counted, back int64
	parts := s.parts()
	for _, l := range lines {
		if l < 0 || l >= len(s.Lines) {
			continue
		}
		pieces := s.Lines[l].pieces()
		counted += pieces
		whole := new(big.Rat).Mul(parts[l], big.NewRat(pieces, 1))
		back += new(big.Int).Quo(whole.Num(), whole.Denom()).Int64()
	}
	switch {
	case pieces:
		return back
	case back == counted:
		return 1
	default:
		return 0
	}
}
