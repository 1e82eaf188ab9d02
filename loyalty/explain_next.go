package loyalty

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
)

// explained is where a part of an explanation ended: the first lot that it does not
// explain, or not in full, by its place in the order in which lots are spent, and how
// many of its credits were told.
type explained struct {
	set     bool
	lot     points.Lot
	credits int
}

// String is what [Explanation.Next] has.
func (e explained) String() string {
	return fmt.Sprintf("%d.%d.%d.%d", e.lot.ExpiresAt.UnixMicro(), e.lot.EarnedAt.UnixMicro(), e.lot.ID, e.credits)
}

// read takes what String made.
func (e *explained) read(text string) error {
	if text == "" {
		return nil
	}
	var expires, earned int64
	_, err := fmt.Sscanf(text, "%d.%d.%d.%d", &expires, &earned, &e.lot.ID, &e.credits)
	e.lot.ExpiresAt, e.lot.EarnedAt, e.set = time.UnixMicro(expires).UTC(), time.UnixMicro(earned).UTC(), true
	if err != nil || e.String() != text || e.credits < 0 {
		return invalid("after", "%q is not the Next of an explanation", points.Clip(text))
	}
	return nil
}

// passed reports whether a lot was explained in full before.
func (e *explained) passed(lot points.Lot) bool {
	return e.set && points.ConsumptionOrder(lot, e.lot) < 0
}
