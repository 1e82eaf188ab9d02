package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// event is one thing that a log says happened.
type event struct {
	// line is its line in a file, or its number in a generated log.
	line    int
	at      time.Time
	command loyalty.Command
}

// eventLog is a log that can be replayed: events in the order in which they
// happened, or a [*RowError] where a row is none. Any other error ends it.
type eventLog struct {
	name   string
	events iter.Seq2[event, error]
	// done is the part of the log that has been read, 0 to 1.
	done func() float64
	file io.Closer
}

func (l *eventLog) close() {
	if l.file != nil {
		_ = l.file.Close() // it was only read
	}
}

// orderKey is the key of an order's command.
func orderKey(id string) string { return "order/" + id }

// fileLog is the log in a CSV file. Close it after use.
func fileLog(path string, zone *time.Location) (*eventLog, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	log := &eventLog{name: path, file: file}
	info, err := file.Stat()
	if err != nil {
		log.close()
		return nil, err
	}
	orders, err := openOrders(file, zone)
	if err != nil {
		log.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	log.events = orders.all()
	log.done = func() float64 { return float64(orders.read) / float64(max(info.Size(), 1)) }
	return log, nil
}

func (f *orderFile) all() iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		for {
			next, err := f.next()
			if errors.Is(err, io.EOF) || !yield(next, err) {
				return
			}
			if err != nil && !errors.As(err, new(*RowError)) {
				return
			}
		}
	}
}
