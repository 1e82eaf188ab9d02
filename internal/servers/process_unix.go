//go:build unix

package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under its keeper: a shell that started it, waits for a word on
// its input, and ends it. The word is the name of a signal. Where the input ends
// without one, because this process is gone, the folder is deleted too.
type process struct {
	pid    int
	keeper *exec.Cmd
	word   *os.File
	// alive is a pipe that the server and all its children hold open, so that it
	// ends when the last of them has ended.
	alive *os.File
}

// The server stays the shell's child until the shell waits for it, so that its
// process id cannot become another's before it is signaled.
const keeper = `
folder=$1 last=$2; shift 2
cd "$folder" || exit 1
"$@" </dev/null >>log 2>&1 &
server=$!
echo "$server" >&3
exec 3>&-
if read -r signal; then
	kill -s "$signal" "$server"
	wait "$server"
	exit 0
fi
kill -s "$last" "$server"
kill -s CONT "$server"
wait "$server"
cd /
rm -rf "$folder"
`

// launch starts a server under its keeper, who ends it by the last signal if nobody
// is left to do so.
func launch(folder, last string, args []string) (*process, error) {
	input, word, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer input.Close()
	alive, held, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, word.Close())
	}
	defer held.Close()
	// The server outlives the context of whoever starts it.
	cmd := exec.CommandContext(context.Background(), "/bin/sh", slices.Concat([]string{"-c", keeper, "sh", folder, last}, args)...)
	cmd.Stdin = input
	cmd.ExtraFiles = []*os.File{held}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: credential()}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, word.Close(), alive.Close())
	}
	p := &process{keeper: cmd, word: word, alive: alive}
	if err := errors.Join(held.Close(), input.Close()); err != nil {
		return nil, errors.Join(err, p.leave())
	}
	if p.pid, err = readPID(alive); err != nil {
		return nil, errors.Join(err, p.leave())
	}
	return p, nil
}

func readPID(alive *os.File) (int, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(alive, 32), 32).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("the keeper did not start the server: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(line))
}

// ended reports whether the server and all processes it made have ended, and waits
// for that until the given time, and at least for a moment: a read whose deadline has
// passed does not look.
func (p *process) ended(by time.Time) bool {
	if err := p.alive.SetReadDeadline(by.Add(time.Millisecond)); err != nil {
		return false
	}
	for {
		// A server may print something there; it is not asked to.
		_, err := p.alive.Read(make([]byte, 64))
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// tell says a word to the keeper. One who has heard it already is gone.
func (p *process) tell(signal string) error {
	_, err := fmt.Fprintln(p.word, signal)
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// kill ends the server and its children by SIGKILL.
func (p *process) kill() error {
	return errors.Join(p.strike(), p.tell("KILL"), p.leave())
}

// strike sends SIGKILL to the server and its children. The server is halted first,
// so that it makes no more of them.
func (p *process) strike() error {
	if p.ended(time.Now()) {
		return nil
	}
	if err := signal(p.pid, syscall.SIGSTOP); err != nil {
		return err
	}
	children, err := childrenOf(p.pid)
	for _, pid := range append(children, p.pid) {
		err = errors.Join(err, signal(pid, syscall.SIGKILL))
	}
	return err
}

// signal signals a process that may have ended.
func signal(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("send %s to process %d: %w", signal, pid, err)
	}
	return nil
}

// stop asks the server to end by a signal, and kills it where it does not.
func (p *process) stop(signal string) error {
	err := p.tell(signal)
	if !p.ended(time.Now().Add(patience)) {
		err = errors.Join(err, errors.New("the server does not end by itself"), p.strike())
	}
	return errors.Join(err, p.leave())
}

// leave waits until no process of the server is left, and its keeper has gone too.
func (p *process) leave() error {
	var err error
	if !p.ended(time.Now().Add(patience)) {
		err = errors.New("processes of the server are left")
	}
	return errors.Join(err, p.word.Close(), p.keeper.Wait(), p.alive.Close())
}

// credential is the unprivileged user whom servers run as where this process is root,
// because they refuse to run as root.
func credential() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "mysql", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return nil
}

// newFolder makes a temporary folder that belongs to the user of the servers.
func newFolder() (string, error) {
	folder, err := os.MkdirTemp("", "loyaltykit-server-")
	if err != nil {
		return "", err
	}
	return folder, give(folder)
}

// give makes a file or folder that of the servers' user.
func give(path string) error {
	who := credential()
	if who == nil {
		return nil
	}
	return os.Chown(path, int(who.Uid), int(who.Gid))
}

// command is a program that runs as the servers' user.
func command(ctx context.Context, folder, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential()}
	return cmd
}

// childrenOf lists the processes whose parent is the one given.
func childrenOf(parent int) ([]int, error) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		return childrenByPS(parent)
	}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// The name, in parentheses, may hold spaces and parentheses.
		_, rest, ok := cutLast(string(text), ") ")
		fields := strings.Fields(rest)
		if !ok || len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		children = append(children, pid)
	}
	return children, nil
}

func childrenByPS(parent int) ([]int, error) {
	out, err := exec.CommandContext(context.Background(), "ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var children []int
	for line := range strings.Lines(string(out)) {
		var pid, ppid int
		if _, err := fmt.Sscan(line, &pid, &ppid); err == nil && ppid == parent {
			children = append(children, pid)
		}
	}
	return children, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
