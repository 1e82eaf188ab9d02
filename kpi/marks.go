package kpi

// memberMarks keep a few bits of each member. Marks add up in whatever sequence they
// come.
type memberMarks struct {
	members memberTable
	marks   []uint8
}

func (m *memberMarks) mark(member string, bits uint8) {
	n := m.members.number(member)
	if int(n) == len(m.marks) {
		m.marks = append(m.marks, 0)
	}
	m.marks[n] |= bits
}

func (m *memberMarks) merge(other *memberMarks) {
	for n, name := range other.members.names {
		m.mark(name, other.marks[n])
	}
}

// count is how many members have some bits, and none of others.
func (m *memberMarks) count(some, none uint8) (n int64) {
	for _, bits := range m.marks {
		if bits&some == some && bits&none == 0 {
			n++
		}
	}
	return n
}

func (m *memberMarks) write(w *stateWriter) {
	w.count(len(m.marks))
	for _, n := range m.members.byName() {
		w.text(m.members.names[n])
		w.unsigned(uint64(m.marks[n]))
	}
}

// read reads what write wrote, with marks up to most.
func (m *memberMarks) read(r *stateReader, most uint8) {
	r.members(2, func(name string) {
		bits := r.unsigned()
		if bits == 0 || bits > uint64(most) {
			r.fail("a mark is out of range")
			return
		}
		m.mark(name, uint8(bits))
	})
}
