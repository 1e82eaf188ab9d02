package bugrecord

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// recorder is a test that may fail: what a case says when its bug is there.
type recorder struct {
	testing.TB
	one  sync.Mutex
	said []string
}

// seen runs something, also where it ends its goroutine, and returns what it failed with.
func seen(t testing.TB, run func(testing.TB)) []string {
	r := &recorder{TB: t}
	var all sync.WaitGroup
	all.Go(func() { run(r) })
	all.Wait()
	return r.said
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.one.Lock()
	defer r.one.Unlock()
	r.said = append(r.said, plain(fmt.Sprintf(format, args...)))
}

func (r *recorder) FailNow() { runtime.Goexit() }

func (r *recorder) Error(args ...any) { r.Errorf("%s", fmt.Sprint(args...)) }

func (r *recorder) Fatal(args ...any) {
	r.Error(args...)
	r.FailNow()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	r.FailNow()
}

// plain is a failure without where it was, nor the shape it is printed in: its message,
// if it has one, and what was wrong.
func plain(said string) string {
	_, what, found := strings.Cut(said, "Error:")
	if !found {
		return strings.Join(strings.Fields(said), " ")
	}
	what, message, _ := strings.Cut(what, "Messages:")
	what, _, _ = strings.Cut(what, "Test:")
	if message = strings.Join(strings.Fields(message), " "); message != "" {
		message += ": "
	}
	return message + strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(what), "Not equal:")), " ")
}
