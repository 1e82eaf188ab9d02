package powercut

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// layer is a VFS over the system's that tells a recording what is done. SQLite is
// C that was translated to Go: its structures lie outside Go's heap, where the
// garbage collector does not see that they point to functions, so the layer holds
// on to the functions itself.
type layer struct {
	r    *Recording
	tls  *libc.TLS
	self uintptr
	name uintptr
	// below is the system's VFS, and system what it holds.
	below  uintptr
	system sqlite3.Tsqlite3_vfs
	// files is what is open in the folder, by SQLite's structure of it, and methods
	// the tables of such files, by the system's tables that they are made of.
	files   map[uintptr]*handle
	methods map[uintptr]uintptr
	held    functions
}

// handle is an open file.
type handle struct {
	number int
	// methods are the system's.
	methods uintptr
	// syncFolder says that the next sync is one of the folder too, as the system's
	// VFS does for the first of a journal.
	syncFolder bool
}

type (
	openFunc     = func(tls *libc.TLS, vfs, path, file uintptr, flags int32, outFlags uintptr) int32
	deleteFunc   = func(tls *libc.TLS, vfs, path uintptr, syncFolder int32) int32
	randomFunc   = func(tls *libc.TLS, vfs uintptr, n int32, out uintptr) int32
	closeFunc    = func(tls *libc.TLS, file uintptr) int32
	writeFunc    = func(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32
	truncateFunc = func(tls *libc.TLS, file uintptr, size int64) int32
	syncFunc     = func(tls *libc.TLS, file uintptr, flags int32) int32
)

type functions struct {
	open     openFunc
	remove   deleteFunc
	random   randomFunc
	close    closeFunc
	write    writeFunc
	truncate truncateFunc
	sync     syncFunc
}

// at returns what lies at an address outside Go's heap.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// address is where a function is, as SQLite keeps it, and function is the inverse.
func address[F any](f *F) uintptr { return *(*uintptr)(unsafe.Pointer(f)) }

func function[F any](address uintptr) F { return *(*F)(unsafe.Pointer(&address)) }

// duplicate copies a structure to where SQLite can have it.
func duplicate[T any](tls *libc.TLS, of T) (uintptr, error) {
	p := libc.Xmalloc(tls, types.Size_t(unsafe.Sizeof(of)))
	if p == 0 {
		return 0, errors.New("out of memory")
	}
	*at[T](p) = of
	return p, nil
}

// newLayer makes SQLite use a layer by default.
func newLayer(r *Recording) (*layer, error) {
	l := &layer{r: r, tls: libc.NewTLS(), files: map[uintptr]*handle{}, methods: map[uintptr]uintptr{}}
	l.held = functions{l.open, l.remove, l.random, l.close, l.write, l.truncate, l.sync}
	if err := l.register(); err != nil {
		libc.Xfree(l.tls, l.self)
		libc.Xfree(l.tls, l.name)
		l.tls.Close()
		return nil, err
	}
	return l, nil
}

func (l *layer) register() error {
	if l.below = sqlite3.Xsqlite3_vfs_find(l.tls, 0); l.below == 0 {
		return errors.New("SQLite has no VFS")
	}
	l.system = *at[sqlite3.Tsqlite3_vfs](l.below)
	name := "powercut"
	if libc.GoString(l.system.FzName) == name {
		return errors.New("another folder is being watched")
	}
	var err error
	if l.name, err = libc.CString(name); err != nil {
		return err
	}
	vfs := l.system
	vfs.FzName = l.name
	vfs.FxOpen = address(&l.held.open)
	vfs.FxDelete = address(&l.held.remove)
	vfs.FxRandomness = address(&l.held.random)
	if l.self, err = duplicate(l.tls, vfs); err != nil {
		return err
	}
	if code := sqlite3.Xsqlite3_vfs_register(l.tls, l.self, 1); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("SQLite refuses the VFS with code %d", code)
	}
	// SQLite asks for a seed again.
	sqlite3.Xsqlite3_randomness(l.tls, 0, 0)
	return nil
}

// unregister gives SQLite its own VFS back.
func (l *layer) unregister() error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if len(l.files) > 0 {
		return fmt.Errorf("%d %w", len(l.files), ErrOpen)
	}
	if code := sqlite3.Xsqlite3_vfs_unregister(l.tls, l.self); code != sqlite3.SQLITE_OK {
		return fmt.Errorf("powercut: SQLite keeps the VFS with code %d", code)
	}
	sqlite3.Xsqlite3_randomness(l.tls, 0, 0)
	for _, table := range l.methods {
		libc.Xfree(l.tls, table)
	}
	// Databases elsewhere may have been opened with the layer and still be open:
	// its few bytes stay, as another name of the system's VFS.
	*at[sqlite3.Tsqlite3_vfs](l.self) = l.system
	libc.Xfree(l.tls, l.name)
	l.tls.Close()
	return nil
}

func (l *layer) open(tls *libc.TLS, _, path, file uintptr, flags int32, outFlags uintptr) int32 {
	open := function[openFunc](l.system.FxOpen)
	name := l.r.within(libc.GoString(path))
	if name == "" {
		return open(tls, l.below, path, file, flags, outFlags)
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	code := open(tls, l.below, path, file, flags, outFlags)
	if code != sqlite3.SQLITE_OK {
		return code
	}
	f := at[sqlite3.Tsqlite3_file](file)
	table, err := l.tableOver(f.FpMethods)
	if err != nil {
		_ = function[closeFunc](at[sqlite3.Tsqlite3_io_methods](f.FpMethods).FxClose)(tls, file)
		f.FpMethods = 0
		return sqlite3.SQLITE_NOMEM
	}
	const journals = sqlite3.SQLITE_OPEN_MAIN_JOURNAL | sqlite3.SQLITE_OPEN_SUPER_JOURNAL | sqlite3.SQLITE_OPEN_WAL
	l.files[file] = &handle{
		number:     l.r.opened(name),
		methods:    f.FpMethods,
		syncFolder: flags&sqlite3.SQLITE_OPEN_CREATE != 0 && flags&journals != 0,
	}
	f.FpMethods = table
	return code
}

// tableOver returns the methods of a file in the folder, over those of the system.
func (l *layer) tableOver(system uintptr) (uintptr, error) {
	if table, made := l.methods[system]; made {
		return table, nil
	}
	methods := *at[sqlite3.Tsqlite3_io_methods](system)
	methods.FxClose = address(&l.held.close)
	methods.FxWrite = address(&l.held.write)
	methods.FxTruncate = address(&l.held.truncate)
	methods.FxSync = address(&l.held.sync)
	table, err := duplicate(l.tls, methods)
	if err == nil {
		l.methods[system] = table
	}
	return table, err
}

func (l *layer) remove(tls *libc.TLS, _, path uintptr, syncFolder int32) int32 {
	remove := function[deleteFunc](l.system.FxDelete)
	name := l.r.within(libc.GoString(path))
	if name == "" {
		return remove(tls, l.below, path, syncFolder)
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	code := remove(tls, l.below, path, 0)
	if code == sqlite3.SQLITE_OK {
		l.r.deleted(name, syncFolder != 0)
	}
	return code
}

func (l *layer) random(_ *libc.TLS, _ uintptr, n int32, out uintptr) int32 {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	seed := unsafe.Slice(at[byte](out), n)
	for i := range seed {
		seed[i] = byte(l.r.random.Uint32())
	}
	return n
}

// methodsOf returns an open file with the methods that the system has for it.
func (l *layer) methodsOf(file uintptr) (*handle, *sqlite3.Tsqlite3_io_methods) {
	h := l.files[file]
	return h, at[sqlite3.Tsqlite3_io_methods](h.methods)
}

func (l *layer) close(tls *libc.TLS, file uintptr) int32 {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	h, methods := l.methodsOf(file)
	delete(l.files, file)
	at[sqlite3.Tsqlite3_file](file).FpMethods = h.methods
	return function[closeFunc](methods.FxClose)(tls, file)
}

func (l *layer) write(tls *libc.TLS, file, data uintptr, n int32, offset int64) int32 {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	h, methods := l.methodsOf(file)
	code := function[writeFunc](methods.FxWrite)(tls, file, data, n, offset)
	if code == sqlite3.SQLITE_OK {
		l.r.add(event{kind: written, file: h.number, offset: offset, data: bytes.Clone(unsafe.Slice(at[byte](data), n))})
	}
	return code
}

func (l *layer) truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	h, methods := l.methodsOf(file)
	code := function[truncateFunc](methods.FxTruncate)(tls, file, size)
	if code == sqlite3.SQLITE_OK {
		l.r.add(event{kind: truncated, file: h.number, offset: size})
	}
	return code
}

// sync takes down a sync, which the disk is spared.
func (l *layer) sync(_ *libc.TLS, file uintptr, _ int32) int32 {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	h := l.files[file]
	l.r.add(event{kind: synced, file: h.number})
	if h.syncFolder {
		h.syncFolder = false
		l.r.add(event{kind: folderSynced})
	}
	return sqlite3.SQLITE_OK
}
