package clv

// MBGNBD is the modified BG/NBD model of Batislam, Denizel and Filiztekin,
// "Empirical validation and comparison of models for customer base analysis",
// International Journal of Research in Marketing 24 (2007): as [BGNBD], but a
// customer may also leave right after the first purchase, so that P(alive) of a
// one-time buyer is below 1 and falls with age.
type MBGNBD struct {
	R, Alpha, A, B float64
}

// Name returns "MBG/NBD".
func (MBGNBD) Name() string { return "MBG/NBD" }

// Params returns r, alpha, a and b.
func (m MBGNBD) Params() []Param {
	return []Param{{"r", m.R}, {"alpha", m.Alpha}, {"a", m.A}, {"b", m.B}}
}

func (MBGNBD) with(v []float64) Model { return MBGNBD{v[0], v[1], v[2], v[3]} }

func (m MBGNBD) logLikelihood(c Customer) float64 {
	x := float64(c.Frequency)
	ll := NBD{m.R, m.Alpha}.logLikelihood(c) + lgammaDelta(m.B, x+1) - lgammaDelta(m.A+m.B, x+1)
	gone, _ := softplus(logOddsGone(m.R+x, m.Alpha, m.A, m.B+x, c))
	return ll + gone
}

func (m MBGNBD) start() (float64, process) {
	return 1 / (1 + m.A/m.B), fading{m.R, m.Alpha, m.A, m.B + 1}
}

func (m MBGNBD) posterior(c Customer) (float64, process) {
	x := float64(c.Frequency)
	_, alive := softplus(-logOddsGone(m.R+x, m.Alpha, m.A, m.B+x, c))
	return alive, fading{m.R + x, m.Alpha + c.Age, m.A, m.B + x + 1}
}
