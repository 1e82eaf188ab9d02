package kpi

// Breakage is the realized breakage: the share of issued points that have expired
// until now, of the same cohorts. What will never be redeemed at all is
// [UltimateFigures].Breakage, which is larger while points are still outstanding.
//
// Source: IFRS 15, B44 to B46, calls so the rights that are not exercised; the rate is
// of the cohorts of [Redemption].
func Breakage(c PointCounts) (Figure, error) {
	if err := c.Validate(); err != nil {
		return Figure{}, err
	}
	return Quotient("breakage_rate", Fraction, count(c.Expired), count(c.Issued)).As("realized: expired / issued to date, same cohorts"), nil
}
