package kpi

// MarshalBinary writes the state of the count, in version 1. Equal counts have
// equal bytes, in whatever order they were made.
func (a *Answers) MarshalBinary() ([]byte, error) {
	w := newTally(tallyAnswers, 1)
	w.text(string(a.scale))
	for _, n := range a.counts {
		w.int(n)
	}
	w.int(a.unheard)
	return w.data, nil
}

// UnmarshalBinary reads what MarshalBinary wrote. Where it fails, the count is as
// it was.
func (a *Answers) UnmarshalBinary(data []byte) error {
	r := readTally(data, tallyAnswers, 1)
	scale := Scale(r.text())
	if r.err != nil {
		return r.err
	}
	read, err := NewAnswers(scale)
	if err != nil {
		return err
	}
	for i := range read.counts {
		if n := r.count(); r.err == nil {
			r.err = read.AddN(read.low+i, n)
		}
	}
	if n := r.count(); r.err == nil {
		r.err = read.AddMissing(n)
	}
	if err := r.end(); err != nil {
		return err
	}
	*a = *read
	return nil
}
