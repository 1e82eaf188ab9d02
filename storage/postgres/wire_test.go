package postgres_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
)

// wire counts the round trips of a pool's connections, and can cut them.
type wire struct {
	mu sync.Mutex
	// trips counts the writes that an answer followed.
	trips int
	// cut, if not empty, closes a connection that is about to send it: before it
	// is sent, or where after is set once the server has it.
	cut   []byte
	after bool
	cuts  int
}

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &wired{Conn: conn, wire: w}, err
}

func (w *wire) on(c *pgxpool.Config) { c.ConnConfig.DialFunc = w.dial }

// during returns how many round trips work takes.
func (w *wire) during(t testing.TB, work func() error) int {
	t.Helper()
	w.mu.Lock()
	before := w.trips
	w.mu.Unlock()
	require.NoError(t, work())
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trips - before
}

// breaks cuts the next connection that sends a text.
func (w *wire) breaks(text string, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.after = []byte(text), after
}

func (w *wire) cutting(sent []byte) (cut, after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.cut) == 0 || !bytes.Contains(sent, w.cut) {
		return false, false
	}
	w.cut = nil
	w.cuts++
	return true, w.after
}

// wired is a connection. pgx writes and reads on different goroutines.
type wired struct {
	net.Conn
	wire *wire
	mu   sync.Mutex
	sent bool
}

func (c *wired) Write(b []byte) (int, error) {
	cut, after := c.wire.cutting(b)
	if cut && !after {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	c.mu.Lock()
	c.sent = true
	c.mu.Unlock()
	n, err := c.Conn.Write(b)
	if cut {
		// The server ends the transaction before it sees that nobody listens.
		answer := make([]byte, 1)
		_, _ = c.Conn.Read(answer)
		_ = c.Close()
		return n, net.ErrClosed
	}
	return n, err
}

func (c *wired) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if n > 0 && c.sent {
		c.sent = false
		c.wire.mu.Lock()
		c.wire.trips++
		c.wire.mu.Unlock()
	}
	return n, err
}
