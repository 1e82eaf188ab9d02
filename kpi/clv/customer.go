package clv

// Customer is all that the models know of a customer. Times are in one unit of
// the caller's choice, continuous (weeks are days / 7), the same for all customers
// of a fit and for every prediction from it.
type Customer struct {
	// ID names the customer in errors and results.
	ID string
	// Frequency counts repeat purchases: the periods with a purchase (days, by
	// default in package kpi) but the first one.
	Frequency int
	// Recency is the time from the first to the last purchase, 0 without a repeat
	// purchase. It is not the time since the last purchase.
	Recency float64
	// Age is the time from the first purchase to the end of the observation.
	Age float64
	// Monetary is the mean spend of the repeat purchases: the first purchase is
	// left out. Only [GammaGamma] reads it, and MonetaryFrequency, which says how many
	// of the repeat purchases it is the mean of. Zero means Frequency, all of them.
	Monetary          float64
	MonetaryFrequency int
	// Weight is how many customers with these figures there are. Zero means one.
	Weight float64
}

func (c Customer) weight() float64 {
	if c.Weight == 0 {
		return 1
	}
	return c.Weight
}

// spends is how many purchases the mean spend is of.
func (c Customer) spends() float64 {
	if c.MonetaryFrequency == 0 {
		return float64(c.Frequency)
	}
	return float64(c.MonetaryFrequency)
}

func (c Customer) problems(row int, p *problems) {
	if c.Frequency < 0 {
		p.add(row, c.ID, "Frequency", float64(c.Frequency), "a count of repeat purchases is 0 or more")
	}
	if !isFinite(c.Age) || c.Age < 0 {
		p.add(row, c.ID, "Age", c.Age, "an age is 0 or more: leave out customers who came after the end of the observation")
	}
	if !isFinite(c.Recency) || c.Recency < 0 || c.Recency > c.Age {
		p.add(row, c.ID, "Recency", c.Recency, "the last purchase lies between the first one and the end: 0 ≤ Recency ≤ Age")
	}
	if c.Frequency == 0 && c.Recency > 0 {
		p.add(row, c.ID, "Recency", c.Recency, "without a repeat purchase the last purchase is the first: Recency is 0")
	}
	if !isFinite(c.Weight) || c.Weight < 0 {
		p.add(row, c.ID, "Weight", c.Weight, "a weight is above 0, and 0 means 1")
	}
}

func (c Customer) check() error {
	var p problems
	c.problems(-1, &p)
	return p.err()
}

func checkTime(field string, t float64) error {
	var p problems
	if !isFinite(t) || t < 0 {
		p.add(-1, "", field, t, "a time is 0 or more, in the unit of the model")
	}
	return p.err()
}
