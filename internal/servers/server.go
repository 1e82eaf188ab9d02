package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Engine is a kind of server.
type Engine string

// The engines. A server of MySQL's kind that is started here is MariaDB, and PgBouncer
// stands before PostgreSQL: see [Server.Pooled].
const (
	PostgreSQL Engine = "PostgreSQL"
	MySQL      Engine = "MariaDB"
	PgBouncer  Engine = "PgBouncer"
)

var (
	// ErrMissing reports that a program is not installed; its text says what to
	// install or set.
	ErrMissing = errors.New("servers: no server")
	// ErrNotOurs reports that a server was not started here, so that it cannot be
	// killed or restarted.
	ErrNotOurs = errors.New("servers: the server was not started here")
	// errEnded reports a server that ended before it was ready.
	errEnded = errors.New("the server ended")
)

// patience is how long a server has to start, or to end.
const patience = time.Minute

// Options say how a throwaway server is run. The zero value is fine.
type Options struct {
	// Settings are the server's own, such as max_connections or
	// default_transaction_isolation, and override those of this package.
	Settings map[string]string
}

// Server is a running database server. Its methods are for one goroutine at a time,
// except that URL may always be read.
type Server struct {
	// Engine is its kind.
	Engine Engine
	// URL connects to it as a user who may do everything.
	URL string

	folder string
	port   int
	// run returns the command line, after writing what it needs.
	run     func() ([]string, error)
	process *process
}

// Start makes a throwaway server and returns it once it answers. The error is
// [ErrMissing] where the engine is not installed.
func Start(ctx context.Context, engine Engine, options *Options) (*Server, error) {
	if options == nil {
		options = &Options{}
	}
	var prepare func(context.Context, *Server, *Options) error
	switch engine {
	case PostgreSQL:
		prepare = preparePostgres
	case MySQL:
		prepare = prepareMariaDB
	default:
		return nil, fmt.Errorf("%w: %s is not started alone", ErrMissing, engine)
	}
	return begin(ctx, engine, func(ctx context.Context, s *Server) error { return prepare(ctx, s, options) })
}

// begin makes a folder, lets the engine fill it, and starts the server.
func begin(ctx context.Context, engine Engine, prepare func(context.Context, *Server) error) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	folder, err := newFolder()
	if err != nil {
		return nil, err
	}
	s := &Server{Engine: engine, folder: folder}
	if err := prepare(ctx, s); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// start runs the server, on another port where somebody took its own.
func (s *Server) start(ctx context.Context) error {
	var err error
	for range 3 {
		err = s.launch(ctx)
		if !errors.Is(err, errEnded) {
			return err
		}
		if moved := s.move(); moved != nil {
			return errors.Join(err, moved)
		}
	}
	return err
}

// launch runs the server and returns once it answers.
func (s *Server) launch(ctx context.Context) error {
	args, err := s.run()
	if err != nil {
		return err
	}
	if s.process, err = launch(s.folder, s.Engine.atOnce(), args); err != nil {
		return fmt.Errorf("start %s: %w", s.Engine, err)
	}
	if err = s.ready(ctx); err == nil {
		return nil
	}
	err = fmt.Errorf("start %s: %w\n%s", s.Engine, err, s.lastLog())
	return errors.Join(err, s.Kill())
}

// move gives a server another port.
func (s *Server) move() error {
	port, err := freePort()
	if err != nil {
		return err
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return err
	}
	s.port = port
	u.Host = "127.0.0.1:" + strconv.Itoa(port)
	s.URL = u.String()
	return nil
}

// ready asks the server until it answers.
func (s *Server) ready(ctx context.Context) error {
	for {
		err := ask(ctx, s.Engine, "127.0.0.1:"+strconv.Itoa(s.port))
		if err == nil {
			return nil
		}
		if !s.running() {
			return errEnded
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) running() bool { return s.process != nil && !s.process.ended(time.Now()) }

// PID is the process id of the server, or 0 if it is not running or not ours.
func (s *Server) PID() int {
	if s.process == nil {
		return 0
	}
	return s.process.pid
}

// Processes lists the ids of the server's processes, its own first; it is empty where the
// server is not running or not ours.
func (s *Server) Processes() ([]int, error) {
	if s.process == nil {
		return nil, nil
	}
	children, err := childrenOf(s.process.pid)
	return append([]int{s.process.pid}, children...), err
}

// Kill ends the server and all processes it made by SIGKILL, all at once, and
// returns when none is left. [Server.Restart] starts it again on the same data.
func (s *Server) Kill() error {
	if s.folder == "" {
		return ErrNotOurs
	}
	if s.process == nil {
		return nil
	}
	err := s.process.kill()
	s.process = nil
	return err
}

// Restart starts the server again under the same URL, on the data that are there,
// and returns once it answers. One that is running is shut down in good order first.
func (s *Server) Restart(ctx context.Context) error {
	if s.folder == "" {
		return ErrNotOurs
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.process != nil {
		if err := s.end(s.Engine.inOrder()); err != nil {
			return err
		}
	}
	return s.launch(ctx)
}

// Stop ends the server and deletes its data. A server that was not started
// here goes on. Stopping twice is no error.
func (s *Server) Stop() error {
	if s.folder == "" {
		return nil
	}
	return errors.Join(s.end(s.Engine.atOnce()), os.RemoveAll(s.folder))
}

// end ends the server by a signal, or by force where that takes too long.
func (s *Server) end(signal string) error {
	if s.process == nil {
		return nil
	}
	p := s.process
	s.process = nil
	return p.stop(signal)
}

// lastLog is the end of what the server wrote, for an error.
func (s *Server) lastLog() string {
	text, err := os.ReadFile(filepath.Join(s.folder, logFile))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// logFile is where, in its folder, a server writes.
const logFile = "log"

// inOrder names the signal by which an engine ends with its books in order.
func (e Engine) inOrder() string {
	switch e {
	case PostgreSQL:
		return "INT"
	case MySQL:
		return "TERM"
	default:
		return "KILL"
	}
}

// atOnce names the signal by which an engine ends without ado. PostgreSQL leaves shared
// memory in the system where it is killed, and QUIT takes it along.
func (e Engine) atOnce() string {
	if e == PostgreSQL {
		return "QUIT"
	}
	return "KILL"
}

// newSecret returns a password.
func newSecret() string { return rand.Text() }
