package faults

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// road is the way between clients and their server. It can be made slow, silent, so that
// what is sent arrives when it is opened again, or shut, so that connections are cut and
// none begins.
type road struct {
	listener net.Listener
	server   string
	serve    sync.WaitGroup
	ended    chan struct{}

	mu sync.Mutex
	// delay is how long an answer takes, and quick is closed when it takes no more.
	delay time.Duration
	quick chan struct{}
	// open is closed while all passes.
	open chan struct{}
	shut bool
	// after is what makes the road silent once a client has sent it; nil is nothing.
	after []byte
	conns map[net.Conn]struct{}
}

func newRoad(t *testing.T, database string) *road {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &road{listener: listener, server: u.Host, ended: make(chan struct{}), open: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	close(r.open)
	r.serve.Go(r.accepts)
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		close(r.ended)
		r.cuts()
		r.serve.Wait()
	})
	return r
}

// cuts ends all connections.
func (r *road) cuts() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		_ = conn.Close() // its other end may have done so
	}
}

func (r *road) slows(delay time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.delay > 0 {
		close(r.quick)
	}
	r.delay, r.quick = delay, make(chan struct{})
}

func (r *road) silences() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = make(chan struct{})
}

func (r *road) opens() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.open)
}

// silencesAfter makes the road silent once a text has passed, so that what the server does
// then it does unheard.
func (r *road) silencesAfter(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after = []byte(text)
}

// hears makes the road silent if what a client sends is to do so.
func (r *road) hears(sent []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.after != nil && bytes.Contains(sent, r.after) {
		r.after, r.open = nil, make(chan struct{})
	}
}

func (r *road) shuts(shut bool) {
	r.mu.Lock()
	r.shut = shut
	r.mu.Unlock()
	if shut {
		r.cuts()
	}
}

// joins takes a connection on, unless the road is shut.
func (r *road) joins(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range conns {
		r.conns[conn] = struct{}{}
	}
	return !r.shut
}

func (r *road) leaves(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(r.conns, conn)
	}
}

func (r *road) accepts() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.serve.Go(func() { r.carries(client) })
	}
}

func (r *road) carries(client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", r.server)
	if err != nil {
		_ = client.Close()
		return
	}
	defer r.leaves(client, server)
	if !r.joins(client, server) {
		return
	}
	var ways sync.WaitGroup
	for _, way := range []struct {
		from, to net.Conn
		answers  bool
	}{{client, server, false}, {server, client, true}} {
		ways.Go(func() {
			defer way.from.Close()
			defer way.to.Close()
			r.passes(way.from, way.to, way.answers)
		})
	}
	ways.Wait()
}

func (r *road) passes(from io.Reader, to io.Writer, answers bool) {
	chunk := make([]byte, 64<<10)
	for {
		n, err := from.Read(chunk)
		if err != nil || !r.waits(answers) {
			return
		}
		if !answers {
			r.hears(chunk[:n])
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}

// waits until what was sent may arrive. It reports whether the road is still there.
func (r *road) waits(answers bool) bool {
	r.mu.Lock()
	open, quick, delay := r.open, r.quick, time.Duration(0)
	if answers {
		delay = r.delay
	}
	r.mu.Unlock()
	select {
	case <-open:
	case <-r.ended:
		return false
	}
	if delay == 0 {
		return true
	}
	select {
	case <-time.After(delay):
		return true
	case <-quick:
		return true
	case <-r.ended:
		return false
	}
}
