package powercut

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// Log is what was done to the files of a folder, in order.
type Log struct {
	events []event
	// before is how many events made what was there at the start.
	before int
}

// event is one thing that was done to a file. File tells files apart that had one
// name after the other.
type event struct {
	kind   kind
	file   int
	name   string
	offset int64
	data   []byte
}

type kind uint8

const (
	created kind = iota + 1
	deleted
	written
	truncated
	synced
	folderSynced
)

// Loss says what becomes of that which was not synced when the power goes.
type Loss uint8

const (
	// LoseAll drops whatever was not synced.
	LoseAll Loss = 1
	// LoseSome leaves it to chance: a write is there, or is not, or some of its
	// sectors are, and later ones may be there without earlier ones. A sector that
	// was being written may hold noise. New and deleted names may be there or not.
	LoseSome Loss = 2
	// LoseSynced is a disk that lies: syncs count for nothing, and all is left to
	// chance as under LoseSome. It is a control, which no database withstands.
	LoseSynced Loss = 3
)

// Len is how many events there are: the power can go before them all, and after
// each.
func (l Log) Len() int { return len(l.events) - l.before }

// Digest tells whether two logs hold the same.
func (l Log) Digest() string {
	h := sha256.New()
	for _, e := range l.events {
		fmt.Fprintf(h, "%d %d %q %d %d\n", e.kind, e.file, e.name, e.offset, len(e.data))
		_, _ = h.Write(e.data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Cut returns the files, by name, as they are found when the power went after the
// first so many events. Random decides what is left to chance.
func (l Log) Cut(after int, loss Loss, random *rand.Rand) map[string][]byte {
	d := disk{files: map[int]*file{}, names: map[string]int{}}
	for i, e := range l.events[:l.before+after] {
		d.apply(e, loss == LoseSynced && i >= l.before)
	}
	return d.remains(loss, random)
}

// disk is what is on a disk, and what waits to get there.
type disk struct {
	files   map[int]*file
	names   map[string]int
	waiting []event
}

type file struct {
	synced  []byte
	waiting []event
}

// apply does what an event says. A disk that lies passes over syncs.
func (d *disk) apply(e event, lies bool) {
	switch e.kind {
	case created:
		d.files[e.file] = &file{}
		d.waiting = append(d.waiting, e)
	case deleted:
		d.waiting = append(d.waiting, e)
	case written, truncated:
		d.files[e.file].waiting = append(d.files[e.file].waiting, e)
	case synced:
		if !lies {
			d.files[e.file].sync()
		}
	case folderSynced:
		if !lies {
			d.rename(d.waiting)
			d.waiting = nil
		}
	}
}

func (d *disk) rename(events []event) {
	for _, e := range events {
		if e.kind == created {
			d.names[e.name] = e.file
		} else {
			delete(d.names, e.name)
		}
	}
}

func (d *disk) remains(loss Loss, random *rand.Rand) map[string][]byte {
	if loss != LoseAll {
		d.rename(some(d.waiting, random))
	}
	found := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		f := d.files[d.names[name]]
		if loss != LoseAll {
			f.settle(random)
		}
		found[name] = f.synced
	}
	return found
}

func (f *file) sync() {
	for _, e := range f.waiting {
		f.put(e)
	}
	f.waiting = nil
}

func (f *file) put(e event) {
	if e.kind == truncated {
		f.synced = append(f.synced[:min(e.offset, int64(len(f.synced)))], make([]byte, max(0, e.offset-int64(len(f.synced))))...)
		return
	}
	if end := e.offset + int64(len(e.data)); end > int64(len(f.synced)) {
		f.synced = append(f.synced, make([]byte, end-int64(len(f.synced)))...)
	}
	copy(f.synced[e.offset:], e.data)
}

// settle lets chance decide over what was not synced.
func (f *file) settle(random *rand.Rand) {
	chance := []float64{0.1, 0.5, 0.9}[random.IntN(3)]
	for _, e := range f.waiting {
		switch {
		case random.Float64() < chance:
			f.put(e)
		case e.kind == written && random.IntN(2) == 0:
			for _, sector := range torn(e, random) {
				f.put(sector)
			}
		}
	}
	f.waiting = nil
}

func some(events []event, random *rand.Rand) []event {
	return slices.DeleteFunc(slices.Clone(events), func(event) bool { return random.IntN(2) == 0 })
}

// sectorSize is the least that a disk writes as a whole.
const sectorSize = 512

// torn returns some sectors of a write. Of a sector that is in part the write's,
// the rest stays as it is: disks keep what they are not asked to write.
func torn(e event, random *rand.Rand) []event {
	var kept []event
	for at := e.offset; at < e.offset+int64(len(e.data)); {
		next := min(at-at%sectorSize+sectorSize, e.offset+int64(len(e.data)))
		data := e.data[at-e.offset : next-e.offset]
		switch random.IntN(16) {
		case 0:
			kept = append(kept, event{kind: written, offset: at, data: noise(len(data), random)})
		case 1, 2, 3, 4, 5, 6, 7:
			kept = append(kept, event{kind: written, offset: at, data: data})
		}
		at = next
	}
	return kept
}

func noise(n int, random *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}
