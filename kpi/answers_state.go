package kpi

// MarshalBinary returns the count's state. Equal counts have equal bytes, in
// whatever order they were made.
func (a *Answers) MarshalBinary() ([]byte, error) {
	w := newStateWriter("answers", "")
	w.text(string(a.scale))
	for _, n := range a.counts {
		w.tally(n)
	}
	w.tally(a.unheard)
	return w.bytes, nil
}

// UnmarshalBinary replaces the count, and its scale, by a state. The error is
// [ErrState] where the bytes are no such state, and the count is as it was.
func (a *Answers) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "answers", "")
	scale := Scale(r.text())
	if r.err != nil {
		return r.err
	}
	read, err := NewAnswers(scale)
	if err != nil {
		r.valid(err)
		return r.err
	}
	for i := range read.counts {
		r.valid(read.AddN(read.low+i, r.tally()))
	}
	r.valid(read.AddMissing(r.tally()))
	if err := r.end(); err != nil {
		return err
	}
	*a = *read
	return nil
}
