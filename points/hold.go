package points

import (
	"errors"
	"fmt"
)

// ErrShort reports that less is there than is asked for.
var ErrShort = errors.New("points: less is left than was asked for")

// Total is the sum of the parts' amounts.
func Total(parts []Part) (Amount, error) {
	var total Amount
	for _, part := range parts {
		var err error
		if total, err = total.Add(part.Amount); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Capture splits held parts into those that a capture of amount takes, in the
// given order, and those that stay held. An amount above the parts' total is
// [ErrShort]. The argument is not changed.
func Capture(parts []Part, amount Amount) (taken, rest []Part, err error) {
	if amount <= 0 {
		return nil, nil, fmt.Errorf("points: capture %d: the amount must be positive", amount)
	}
	missing := amount
	for _, part := range parts {
		if part.Amount <= 0 {
			return nil, nil, fmt.Errorf("points: capture: part of lot %d has amount %d: must be positive", part.Lot, part.Amount)
		}
		take := min(part.Amount, missing)
		if take > 0 {
			taken = append(taken, Part{Lot: part.Lot, Amount: take})
		}
		if left := part.Amount - take; left > 0 {
			rest = append(rest, Part{Lot: part.Lot, Amount: left})
		}
		missing -= take
	}
	if missing > 0 {
		return nil, nil, fmt.Errorf("%w: capture %d of %d held", ErrShort, amount, amount-missing)
	}
	return taken, rest, nil
}
