package kpi

// The sets that a member is in.
const (
	inStart uint8 = 1 << iota
	inJoined
	inEnd
)

// CustomerAccumulator counts the customers of a period from their ids, which may come
// in any order: those at its start, those who joined in it and those at its end, as a
// list of contracts tells them. It does what [CustomersOf] does, for sets that are
// spread over shards. It keeps one byte besides the id for each customer. One
// goroutine uses it. [Retention] and [Churn] have the sources of what is made of it.
type CustomerAccumulator struct {
	period Period
	marks  memberMarks
}

// NewCustomerAccumulator returns an empty one for a period. An error wraps
// [ErrInvalid].
func NewCustomerAccumulator(period Period) (*CustomerAccumulator, error) {
	var problems Problems
	checkPeriod(&problems, "period", period)
	return &CustomerAccumulator{period: period}, problems.Err()
}

// AddStart adds a customer of the start of the period. An id counts once however
// often it comes, here as in the other sets. The error wraps [ErrInvalid] where it is
// empty.
func (a *CustomerAccumulator) AddStart(id string) error { return a.add(id, inStart) }

// AddJoined adds a customer who joined in the period. Who was there at its start is
// not new.
func (a *CustomerAccumulator) AddJoined(id string) error { return a.add(id, inJoined) }

// AddEnd adds a customer of the end of the period.
func (a *CustomerAccumulator) AddEnd(id string) error { return a.add(id, inEnd) }

func (a *CustomerAccumulator) add(id string, set uint8) error {
	if id == "" {
		var problems Problems
		problems.Add("id", "must not be empty")
		return problems.Err()
	}
	a.marks.mark(id, set)
	return nil
}

func (a *CustomerAccumulator) key() string { return periodKey(a.period) }

// Merge adds all that was added to other, which stays as it is. The error is
// [ErrMerge] where their periods differ.
func (a *CustomerAccumulator) Merge(other *CustomerAccumulator) error {
	if err := mergeable(a.key(), other.key()); err != nil {
		return err
	}
	a.marks.merge(&other.marks)
	return nil
}

// Result counts the sets, for [Retention] and [Churn]. More may be added after it. The
// error wraps [ErrInvalid] where somebody is there at the end who neither was at the
// start nor joined.
func (a *CustomerAccumulator) Result() (Customers, error) {
	m := &a.marks
	lost := m.count(inStart, inEnd)
	c := Customers{
		Start: m.count(inStart, 0), New: m.count(inJoined, inStart), LostFromStart: &lost, Period: a.period,
		End: m.count(inStart|inEnd, 0) + m.count(inJoined|inEnd, inStart),
	}
	var problems Problems
	if strangers := m.count(inEnd, inStart|inJoined); strangers > 0 {
		problems.Add("end", "has %d that neither were there at the start nor joined", strangers)
	}
	return c, problems.Err()
}

// MarshalBinary returns the accumulator's state. Equal contents give equal bytes.
func (a *CustomerAccumulator) MarshalBinary() ([]byte, error) {
	w := newStateWriter("customers", a.key())
	a.marks.write(w)
	return w.bytes, nil
}

// UnmarshalBinary replaces what was added by a state. The accumulator was made with
// the period of the one that wrote it: otherwise the error is [ErrMerge], and
// [ErrState] where the bytes are no such state; nothing changes then.
func (a *CustomerAccumulator) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "customers", a.key())
	var read memberMarks
	read.read(r, inStart|inJoined|inEnd)
	if err := r.end(); err != nil {
		return err
	}
	a.marks = read
	return nil
}
