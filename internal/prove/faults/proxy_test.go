package faults

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// cutter stands between a client and its server. While it is armed, it cuts a
// connection when the server answers a commit: the client never sees the answer.
type cutter struct {
	listener net.Listener
	server   string
	engine   servers.Engine
	armed    atomic.Bool
	cuts     atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
	serve sync.WaitGroup
}

func newCutter(t *testing.T, engine servers.Engine, database string) *cutter {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cutter{listener: listener, server: u.Host, engine: engine}
	c.serve.Go(c.accepts)
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		c.mu.Lock()
		for _, conn := range c.conns {
			_ = conn.Close() // it may be cut
		}
		c.mu.Unlock()
		c.serve.Wait()
	})
	return c
}

func (c *cutter) address() string { return c.listener.Addr().String() }

func (c *cutter) accepts() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, client, server)
		c.mu.Unlock()
		l := &link{cutter: c, client: client, server: server}
		c.serve.Go(l.asks)
		c.serve.Go(l.answers)
	}
}

// link is one connection through the proxy.
type link struct {
	*cutter
	client, server net.Conn
	// committing is set while the answer to a COMMIT of MySQL's is awaited.
	committing atomic.Bool
}

func (l *link) close() {
	_ = l.client.Close()
	_ = l.server.Close()
}

// asks passes on what the client says.
func (l *link) asks() {
	defer l.close()
	if l.engine != servers.MySQL {
		_, _ = io.Copy(l.server, l.client)
		return
	}
	in := bufio.NewReader(l.client)
	for {
		packet, err := mysqlPacket(in)
		if err != nil {
			return
		}
		l.committing.Store(commits(packet))
		if _, err := l.server.Write(packet); err != nil {
			return
		}
	}
}

// mysqlPacket reads a packet with its header: three bytes of length, one of sequence.
func mysqlPacket(in *bufio.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	packet := append(head, make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)...)
	_, err := io.ReadFull(in, packet[4:])
	return packet, err
}

// commits reports a query, command 3, that is COMMIT.
func commits(packet []byte) bool {
	return len(packet) > 5 && packet[3] == 0 && packet[4] == 3 && strings.EqualFold(string(packet[5:]), "commit")
}

// answers passes on what the server says, up to the answer of a commit.
func (l *link) answers() {
	defer l.close()
	if l.engine == servers.MySQL {
		l.answersMySQL()
		return
	}
	l.answersPostgres()
}

func (l *link) answersMySQL() {
	chunk := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(chunk)
		if err != nil {
			return
		}
		if l.committing.Load() && l.armed.Load() {
			l.cuts.Add(1)
			return
		}
		if _, err := l.client.Write(chunk[:n]); err != nil {
			return
		}
	}
}

// answersPostgres holds back that a transaction which wrote is complete: by the tag of
// COMMIT, or, where a statement or a pipeline is the transaction, by the server's being
// ready for more. One statement that writes to several tables is answered as a SELECT.
func (l *link) answersPostgres() {
	in := bufio.NewReaderSize(l.server, 64<<10)
	out := bufio.NewWriterSize(l.client, 64<<10)
	wrote := false
	for {
		message, err := postgresMessage(in)
		if err != nil {
			return
		}
		tag := message[5:]
		switch message[0] {
		case 'C':
			wrote = wrote || writes(tag)
		case 'E':
			wrote = false
		}
		complete := message[0] == 'C' && bytes.HasPrefix(tag, []byte("COMMIT")) || message[0] == 'Z' && tag[0] == 'I'
		if complete && wrote && l.armed.Load() {
			l.cuts.Add(1)
			return
		}
		if complete {
			wrote = false
		}
		if _, err := out.Write(message); err != nil {
			return
		}
		if in.Buffered() > 0 {
			continue
		}
		if err := out.Flush(); err != nil {
			return
		}
	}
}

func writes(tag []byte) bool {
	for _, verb := range []string{"INSERT", "UPDATE", "DELETE", "SELECT"} {
		if bytes.HasPrefix(tag, []byte(verb)) {
			return true
		}
	}
	return false
}

// postgresMessage reads a message with its kind and length.
func postgresMessage(in *bufio.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(in, head); err != nil {
		return nil, err
	}
	message := append(head, make([]byte, binary.BigEndian.Uint32(head[1:])-4)...)
	_, err := io.ReadFull(in, message[5:])
	return message, err
}
