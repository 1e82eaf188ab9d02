package orderlog

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/loyalty"
)

// Event is one thing that a log says happened.
type Event struct {
	// Line is its line in a file, or its number in a generated log.
	Line    int
	At      time.Time
	Command loyalty.Command
}

// Log is a log that can be replayed: events in the order in which they
// happened, or a [*kpi.RowError] where a row is none. Any other error ends it.
type Log struct {
	Name   string
	Events iter.Seq2[Event, error]
	// Done is the part of the log that has been read, 0 to 1.
	Done func() float64
	file io.Closer
}

// Close closes the log's file, if it has one.
func (l *Log) Close() {
	if l.file != nil {
		_ = l.file.Close() // it was only read
	}
}

// orderKey is the key of an order's command.
func orderKey(id string) string { return "order/" + id }

// File is the log in a CSV file. Close it after use.
func File(path string, zone *time.Location) (*Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	log := &Log{Name: path, file: file}
	info, err := file.Stat()
	if err != nil {
		log.Close()
		return nil, err
	}
	orders, err := openOrders(file, zone)
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	log.Events = orders.all()
	log.Done = func() float64 { return float64(orders.read) / float64(max(info.Size(), 1)) }
	return log, nil
}

func (f *orderFile) all() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			next, err := f.next()
			if errors.Is(err, io.EOF) || !yield(next, err) {
				return
			}
			if err != nil && !errors.As(err, new(*kpi.RowError)) {
				return
			}
		}
	}
}
