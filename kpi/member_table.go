package kpi

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"strings"
)

// memberTable numbers members in the order in which they come, from 0 on. Finding one
// reads as little memory as can be: logs name members in no order, and processors wait for
// nothing else as long.
type memberTable struct {
	seed maphash.Seed
	// slots are a power of two, of which at most half are taken.
	slots []memberSlot
	names []string
}

// memberSlot is the hash of a name, and 1 + its number; 0 is a free slot.
type memberSlot struct{ hash, place uint32 }

// number returns a member's number, its next free one where it is new.
func (t *memberTable) number(name string) uint32 {
	if len(t.slots) == 0 {
		t.grow()
	}
	hash := uint32(maphash.String(t.seed, name))
	at, ok := slotOf(t, hash, name)
	if !ok {
		return t.take(at, hash, strings.Clone(name))
	}
	return t.slots[at].place - 1
}

// slotOf returns the slot of a name, or else the free one for it.
func slotOf[text string | []byte](t *memberTable, hash uint32, name text) (at uint32, ok bool) {
	mask := uint32(len(t.slots) - 1)
	for at = hash & mask; ; at = (at + 1) & mask {
		slot := t.slots[at]
		if slot.place == 0 {
			return at, false
		}
		if slot.hash == hash && t.names[slot.place-1] == string(name) {
			return at, true
		}
	}
}

// memberBatch is members who are numbered together: the memory of each is far away, and a
// processor waits for all of them at once.
type memberBatch struct {
	size   int
	names  [64]string
	kept   [64]string
	slots  [64]memberSlot
	hashes [64]uint32
}

// add adds a member, and reports whether the batch is full.
func (b *memberBatch) add(name string) (full bool) {
	b.names[b.size] = name
	b.size++
	return b.size == len(b.names)
}

// numbers appends the numbers of a batch's members, and empties it.
func (t *memberTable) numbers(to []uint32, b *memberBatch) []uint32 {
	if len(t.slots) == 0 {
		t.grow()
	}
	names, mask := b.names[:b.size], uint32(len(t.slots)-1)
	for i, name := range names {
		b.hashes[i] = uint32(maphash.String(t.seed, name))
		b.slots[i] = t.slots[b.hashes[i]&mask]
	}
	for i := range names {
		if slot := b.slots[i]; slot.place > 0 && slot.hash == b.hashes[i] {
			b.kept[i] = t.names[slot.place-1]
		} else {
			b.kept[i] = ""
		}
	}
	for i, name := range names {
		if b.kept[i] == name {
			to = append(to, b.slots[i].place-1)
		} else {
			to = append(to, t.number(name))
		}
	}
	b.size = 0
	return to
}

// find returns the slot of a member who has a number, and else the free one for it.
func (t *memberTable) find(name []byte) (at, hash uint32, ok bool) {
	if len(t.slots) == 0 {
		t.grow()
	}
	hash = uint32(maphash.Bytes(t.seed, name))
	at, ok = slotOf(t, hash, name)
	return at, hash, ok
}

// take gives a new name a free slot.
func (t *memberTable) take(free, hash uint32, name string) uint32 {
	t.names = append(t.names, name)
	t.slots[free] = memberSlot{hash, uint32(len(t.names))}
	if 2*len(t.names) > len(t.slots) {
		t.grow()
	}
	return uint32(len(t.names)) - 1
}

// grow doubles the slots.
func (t *memberTable) grow() {
	const few = 16
	if len(t.slots) == 0 {
		t.seed = maphash.MakeSeed()
	}
	slots := make([]memberSlot, max(few, 2*len(t.slots)))
	mask := uint32(len(slots) - 1)
	for _, slot := range t.slots {
		if slot.place == 0 {
			continue
		}
		at := slot.hash & mask
		for slots[at].place != 0 {
			at = (at + 1) & mask
		}
		slots[at] = slot
	}
	t.slots = slots
}

// byName lists the numbers in the order of the names. Ids mostly start alike, so that the
// eight bytes behind what all share tell most of them apart.
func (t *memberTable) byName() []uint32 {
	shared := sharedStart(t.names)
	type keyed struct {
		key    uint64
		number uint32
	}
	keys := make([]keyed, len(t.names))
	for i, name := range t.names {
		var start [8]byte
		copy(start[:], name[shared:])
		keys[i] = keyed{binary.BigEndian.Uint64(start[:]), uint32(i)}
	}
	slices.SortFunc(keys, func(a, b keyed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return strings.Compare(t.names[a.number], t.names[b.number])
	})
	order := make([]uint32, len(keys))
	for i, k := range keys {
		order[i] = k.number
	}
	return order
}

// sharedStart is how many bytes all names start with alike.
func sharedStart(names []string) int {
	if len(names) == 0 {
		return 0
	}
	shared := names[0]
	for _, name := range names {
		n := min(len(shared), len(name))
		for i := range n {
			if shared[i] != name[i] {
				n = i
				break
			}
		}
		shared = shared[:n]
	}
	return len(shared)
}
