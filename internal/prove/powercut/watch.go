package powercut

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Recording is a folder that is being watched. [Watch] makes one.
type Recording struct {
	folder string
	layer  *layer

	mu     sync.Mutex
	log    Log
	random *rand.Rand
	// names numbers the files that have a name now, and files counts all there were.
	names map[string]int
	files int
}

// ErrOpen reports that files of the folder are still open.
var ErrOpen = errors.New("powercut: files are still open: close the database first")

// Watch takes down what SQLite does to the files of a folder from now on, until
// [Recording.Stop]. What is in the folder counts as synced. Other folders are left
// alone. The databases of the folder must be opened after Watch and closed before
// Stop, and a process watches one folder at a time.
//
// SQLite takes its random numbers from the seed while the folder is watched, so
// that the same calls in the same order give the same log.
func Watch(folder string, seed uint64) (*Recording, error) {
	r := &Recording{random: rand.New(rand.NewPCG(seed, 0)), names: map[string]int{}}
	var err error
	if r.folder, err = filepath.EvalSymlinks(folder); err != nil {
		return nil, fmt.Errorf("powercut: watch: %w", err)
	}
	if err := r.takeStock(); err != nil {
		return nil, fmt.Errorf("powercut: watch: %w", err)
	}
	if r.layer, err = newLayer(r); err != nil {
		return nil, fmt.Errorf("powercut: watch: %w", err)
	}
	return r, nil
}

// Position is how many events there were so far.
func (r *Recording) Position() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Len()
}

// Stop ends the watch and returns the log. It is [ErrOpen] while a file is open.
func (r *Recording) Stop() (Log, error) {
	if err := r.layer.unregister(); err != nil {
		return Log{}, err
	}
	return r.log, nil
}

// takeStock begins the log with the files that are there. Shared memory is made
// anew by whoever opens the database first.
func (r *Recording) takeStock() error {
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "-shm") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(r.folder, entry.Name()))
		if err != nil {
			return err
		}
		number := r.create(entry.Name())
		r.add(event{kind: written, file: number, data: data}, event{kind: synced, file: number})
	}
	r.add(event{kind: folderSynced})
	r.log.before = len(r.log.events)
	return nil
}

func (r *Recording) add(events ...event) { r.log.events = append(r.log.events, events...) }

func (r *Recording) create(name string) int {
	number := r.files
	r.files++
	r.names[name] = number
	r.add(event{kind: created, file: number, name: name})
	return number
}

// opened returns the number of a file that has just been opened.
func (r *Recording) opened(name string) int {
	if number, known := r.names[name]; known {
		return number
	}
	return r.create(name)
}

func (r *Recording) deleted(name string, sync bool) {
	delete(r.names, name)
	r.add(event{kind: deleted, name: name})
	if sync {
		r.add(event{kind: folderSynced})
	}
}

// within returns the name of a file in the folder, or "" for one elsewhere.
func (r *Recording) within(path string) string {
	if path == "" || filepath.Dir(path) != r.folder {
		return ""
	}
	return filepath.Base(path)
}
