//go:build warehouse && cgo && linux

package chdb

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>

typedef struct { void *internal; } *chdb_connection;
typedef struct chdb_result chdb_result;

static chdb_connection *(*connect_to)(int, char **);
static void (*close_connection)(chdb_connection *);
static chdb_result *(*run_query)(chdb_connection, const char *, const char *);
static void (*destroy_result)(chdb_result *);
static char *(*result_buffer)(chdb_result *);
static size_t (*result_length)(chdb_result *);
static const char *(*result_error)(chdb_result *);

// load_library resolves the functions that are used and returns what went wrong.
static const char *load_library(const char *path) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) return dlerror();
	connect_to = dlsym(library, "chdb_connect");
	close_connection = dlsym(library, "chdb_close_conn");
	run_query = dlsym(library, "chdb_query");
	destroy_result = dlsym(library, "chdb_destroy_query_result");
	result_buffer = dlsym(library, "chdb_result_buffer");
	result_length = dlsym(library, "chdb_result_length");
	result_error = dlsym(library, "chdb_result_error");
	if (!connect_to || !close_connection || !run_query || !destroy_result || !result_buffer || !result_length || !result_error)
		return "it lacks a function of libchdb's C interface";
	return NULL;
}

static chdb_connection *open_at(char *program, char *path) {
	char *arguments[] = {program, path};
	return connect_to(2, arguments);
}
static void close_it(chdb_connection *connection) { close_connection(connection); }
static chdb_result *query(chdb_connection *connection, char *text, char *format) { return run_query(*connection, text, format); }
static void destroy(chdb_result *result) { destroy_result(result); }
static char *buffer(chdb_result *result) { return result_buffer(result); }
static size_t length(chdb_result *result) { return result_length(result); }
static const char *error_of(chdb_result *result) { return result_error(result); }
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// library is a loaded libchdb with its one connection: the engine is one a process.
type library struct{ connection *C.chdb_connection }

// load loads libchdb and opens a database in a folder.
func load(path, dir string) (*library, error) {
	text := C.CString(path)
	defer C.free(unsafe.Pointer(text))
	if failed := C.load_library(text); failed != nil {
		return nil, fmt.Errorf("chdb: load %s: %s", path, C.GoString(failed))
	}
	program, folder := C.CString("clickhouse"), C.CString("--path="+dir)
	defer C.free(unsafe.Pointer(program))
	defer C.free(unsafe.Pointer(folder))
	connection := C.open_at(program, folder)
	if connection == nil {
		return nil, errors.New("chdb: the engine does not start")
	}
	return &library{connection}, nil
}

func (l *library) close() { C.close_it(l.connection) }

// query runs a statement and hands its whole result, in a format of ClickHouse, to
// read; the bytes end with it. What a failed statement had written before is taken
// away, for the next one would answer with it.
func (l *library) query(text, format string, read func([]byte) error) error {
	err := l.run(text, format, read)
	if err != nil {
		err = errors.Join(err, l.run("SELECT 1", "Null", func([]byte) error { return nil }))
	}
	return err
}

func (l *library) run(text, format string, read func([]byte) error) error {
	statement, form := C.CString(text), C.CString(format)
	defer C.free(unsafe.Pointer(statement))
	defer C.free(unsafe.Pointer(form))
	result := C.query(l.connection, statement, form)
	if result == nil {
		return errors.New("chdb: no answer")
	}
	defer C.destroy(result)
	if failed := C.error_of(result); failed != nil && *failed != 0 {
		return fmt.Errorf("chdb: %s", C.GoString(failed))
	}
	var answer []byte
	if n := C.length(result); n > 0 {
		answer = unsafe.Slice((*byte)(unsafe.Pointer(C.buffer(result))), int(n))
	}
	return read(answer)
}
