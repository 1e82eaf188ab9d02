package kpi

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The state of an accumulator is a header, of the kind of accumulator, the
// version of its form and its options, and what was added: numbers as varints,
// members in the order of their ids.

const stateVersion = 1

type stateWriter struct{ bytes []byte }

func newStateWriter(kind, options string) *stateWriter {
	w := &stateWriter{}
	w.text("loyaltykit/kpi/" + kind)
	w.unsigned(stateVersion)
	w.text(options)
	return w
}

func (w *stateWriter) unsigned(n uint64) { w.bytes = binary.AppendUvarint(w.bytes, n) }
func (w *stateWriter) signed(n int64)    { w.bytes = binary.AppendVarint(w.bytes, n) }
func (w *stateWriter) count(n int)       { w.unsigned(uint64(n)) }

func (w *stateWriter) text(s string) {
	w.count(len(s))
	w.bytes = append(w.bytes, s...)
}

func (w *stateWriter) amount(m Amount) {
	w.signed(m.hi)
	w.unsigned(m.lo)
}

// stateReader reads states that anybody may have made: it never panics and takes
// no more memory than the bytes account for.
type stateReader struct {
	bytes []byte
	err   error
}

func newStateReader(data []byte, kind, options string) *stateReader {
	r := &stateReader{bytes: data}
	if have := r.text(); r.err == nil && have != "loyaltykit/kpi/"+kind {
		r.fail("it is that of another kind")
	}
	if version := r.unsigned(); r.err == nil && version != stateVersion {
		r.fail(fmt.Sprintf("it has version %d and this library reads %d", version, stateVersion))
	}
	if have := r.text(); r.err == nil && have != options {
		r.err = fmt.Errorf("%w: the state has %q and this one %q", ErrMerge, have, options)
		r.bytes = nil
	}
	return r
}

func (r *stateReader) fail(reason string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrState, reason)
	}
	r.bytes = nil
}

func (r *stateReader) unsigned() uint64 {
	n, size := binary.Uvarint(r.bytes)
	if size <= 0 {
		r.fail("it ends too early")
		return 0
	}
	r.bytes = r.bytes[size:]
	return n
}

func (r *stateReader) signed() int64 {
	n, size := binary.Varint(r.bytes)
	if size <= 0 {
		r.fail("it ends too early")
		return 0
	}
	r.bytes = r.bytes[size:]
	return n
}

// count reads how many things follow that have at least size bytes each.
func (r *stateReader) count(size int) int {
	n := r.unsigned()
	if n > uint64(len(r.bytes)/size) {
		r.fail("it ends too early")
		return 0
	}
	return int(n)
}

func (r *stateReader) text() string {
	n := r.count(1)
	s := string(r.bytes[:n])
	r.bytes = r.bytes[n:]
	return s
}

func (r *stateReader) amount() Amount { return Amount{hi: r.signed(), lo: r.unsigned()} }

// end reports what went wrong, or bytes that are left.
func (r *stateReader) end() error {
	if r.err == nil && len(r.bytes) > 0 {
		r.fail("bytes follow its end")
	}
	return r.err
}

// number reads a count of things that do not follow.
func (r *stateReader) number() int {
	n := r.unsigned()
	if n > math.MaxInt32*1000 {
		r.fail("a count is out of range")
		return 0
	}
	return int(n)
}

// period reads the number of a period.
func (r *stateReader) period() int64 {
	n := r.signed()
	if n > maxPeriod || n < -maxPeriod {
		r.fail("a period is out of range")
		return 0
	}
	return n
}

func (w *stateWriter) flag(set bool) {
	if set {
		w.unsigned(1)
	} else {
		w.unsigned(0)
	}
}

func (r *stateReader) flag() bool {
	n := r.unsigned()
	if n > 1 {
		r.fail("a flag is neither 0 nor 1")
	}
	return n == 1
}

// members reads members, which have at least size bytes each, in the order of
// their ids; what follows the id is for visit to read.
func (r *stateReader) members(size int, visit func(name string)) {
	before := ""
	for range r.count(size) {
		name := r.text()
		if r.err == nil && name <= before {
			r.fail("members are not in order")
		}
		if r.err != nil {
			return
		}
		visit(name)
		before = name
	}
}
