package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit in which Linux tells the processor time of processes.
const tick = 10 * time.Millisecond

// serverTime returns what is known of the processor time of a server on this machine:
// that of a process and of all that it started. It is 0 where the system does not tell,
// or where no such process runs.
func serverTime(process int) func() time.Duration {
	return func() time.Duration {
		if process == 0 {
			return 0
		}
		ticks := 0
		files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is good
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // it has ended
			}
			if s, ok := parseStat(string(text)); ok && (s.process == process || s.parent == process) {
				ticks += s.used
				if s.process == process {
					ticks += s.ended
				}
			}
		}
		return time.Duration(ticks) * tick
	}
}

// stat is what Linux tells of a process: the ticks that it used, and those that its
// children used which have ended.
type stat struct{ process, parent, used, ended int }

func parseStat(text string) (stat, bool) {
	id, rest, _ := strings.Cut(text, " (")
	_, rest, found := strings.Cut(rest, ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 15 {
		return stat{}, false
	}
	number := func(text string) int {
		n, _ := strconv.Atoi(text) // the system writes numbers
		return n
	}
	return stat{
		process: number(id), parent: number(fields[1]),
		used: number(fields[11]) + number(fields[12]), ended: number(fields[13]) + number(fields[14]),
	}, true
}

// process finds the process of a server on this machine by a query that tells its
// number, or the file that holds it; 0 is one that is elsewhere.
func (d *databases) process(ctx context.Context, query, name string) int {
	answer, err := d.server.Query(ctx, d.server.URL, query)
	if err != nil {
		return 0
	}
	answer = strings.TrimSpace(answer)
	if text, err := os.ReadFile(answer); err == nil {
		answer = strings.TrimSpace(string(text))
	}
	text, err := os.ReadFile(filepath.Join("/proc", answer, "stat"))
	if err != nil || !strings.Contains(string(text), "("+name) {
		return 0
	}
	s, _ := parseStat(string(text))
	return s.process
}
