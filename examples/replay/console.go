package main

import (
	"fmt"
	"io"
	"time"
)

// console is stderr: lines to keep, and on a terminal one line of progress that
// is written over and over.
type console struct {
	out      io.Writer
	terminal bool
	now      func() time.Time

	started time.Time
	shown   time.Time
	dirty   bool
}

const progressEvery = 150 * time.Millisecond

// say writes a line.
func (c *console) say(format string, args ...any) {
	c.clear()
	fmt.Fprintf(c.out, format+"\n", args...)
}

// progress shows how far a replay is, with the log's date in the zone.
func (c *console) progress(o outcome, done float64, zone *time.Location) {
	c.show(func(seconds float64) string {
		return fmt.Sprintf("%3.0f %%  %s rows, %s a second, at %s",
			100*done, grouped(o.rows), grouped(int64(float64(o.rows)/seconds)), o.last.In(zone).Format(time.DateOnly))
	})
}

// step shows what goes on after a replay.
func (c *console) step(what string, n int64) {
	c.show(func(float64) string { return fmt.Sprintf("%s: %s", what, grouped(n)) })
}

func (c *console) show(text func(seconds float64) string) {
	if !c.terminal {
		return
	}
	now := c.now()
	if now.Sub(c.shown) < progressEvery {
		return
	}
	c.shown, c.dirty = now, true
	fmt.Fprintf(c.out, "\r\x1b[K%s", text(max(now.Sub(c.started).Seconds(), 0.001)))
}

// clear takes the line of progress away.
func (c *console) clear() {
	if c.dirty {
		fmt.Fprint(c.out, "\r\x1b[K")
		c.dirty = false
	}
}
