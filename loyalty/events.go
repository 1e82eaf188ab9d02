package loyalty

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/storage"
)

// eventData is the data of the event that every operation emits.
type eventData struct {
	Reference  string    `json:"reference,omitempty"`
	OccurredAt time.Time `json:"occurredAt"`
	Moves      []Move    `json:"moves,omitempty"`
}

// Event is a domain event as CloudEvents 1.0 has it; its JSON is the structured
// mode of that format.
type Event struct {
	// SpecVersion is "1.0".
	SpecVersion string `json:"specversion"`
	// ID is the same at every delivery: member, version and ordinal.
	ID string `json:"id"`
	// Source is "/loyaltykit/" and the program, escaped as a URI asks for.
	Source string `json:"source"`
	// Type is "loyaltykit." and the operation's type, or the name that a command
	// emitted.
	Type string `json:"type"`
	// Subject is the member, or "house/", the feature and the id of a house account.
	Subject string `json:"subject"`
	// Time is when it was recorded, in UTC.
	Time time.Time `json:"time"`
	// DataContentType is "application/json".
	DataContentType string `json:"datacontenttype"`
	// Data is empty, null in JSON, where the member was erased.
	Data json.RawMessage `json:"data"`
}

func cloudEvent(row storage.Event) Event {
	return Event{
		SpecVersion: "1.0",
		ID:          row.Member + "/" + strconv.FormatInt(row.Version, 10) + "/" + strconv.Itoa(row.Ordinal),
		Source:      "/loyaltykit/" + url.PathEscape(row.Program), Type: "loyaltykit." + row.Type, Subject: row.Member,
		Time: row.RecordedAt, DataContentType: "application/json", Data: row.Data,
	}
}

// DeliverOptions says how Deliver works; nil and the zero value are good defaults.
type DeliverOptions struct {
	// From and Until bound the buckets that are read, [From, Until), so that several
	// relays can share the work; Until 0 is all [storage.Buckets].
	From  int
	Until int
	// Progress, if not nil, is called after every page.
	Progress func(DeliverReport)
}

// DeliverReport says what one Deliver did.
type DeliverReport struct {
	// Delivered counts events that were sent and acknowledged.
	Delivered int
	// Stopped names the members whose events wait behind one that could not be
	// sent, with the error, at most 100.
	Stopped []error
}

// Deliver sends every pending event and acknowledges it: at least once, and in
// order per member. An event that cannot be sent stops the events of its member
// only, and is reported in Stopped, not as an error; the next Deliver tries it again.
//
// An event comes again where a process ended between sending and acknowledging, or where
// two relays read the same buckets: who must act once keeps the [Event]'s ID with what it
// did.
//
// Of a member who was erased, and of those who were merged into them, events are sent with
// their id, type and time, and with null for their data, from the commit of the erasure on:
// as they are once they are scrubbed. Deliver looks up, by one Load for every 100 members of a
// page, who that is.
func (e *Engine) Deliver(ctx context.Context, send func(context.Context, Event) error, options *DeliverOptions) (DeliverReport, error) {
	var o DeliverOptions
	if options != nil {
		o = *options
	}
	if o.Until == 0 {
		o.Until = storage.Buckets
	}
	var report DeliverReport
	if o.From < 0 || o.Until > storage.Buckets || o.From > o.Until {
		return report, fmt.Errorf("loyalty: deliver: %w", invalid("from", "buckets must be within 0 to %d", storage.Buckets))
	}
	if send == nil {
		return report, fmt.Errorf("loyalty: deliver: %w", invalid("send", "is nil: say how an event is sent"))
	}
	for bucket := o.From; bucket < o.Until; bucket++ {
		if err := e.deliverBucket(ctx, bucket, send, &o, &report); err != nil {
			return report, fmt.Errorf("loyalty: deliver: %w", err)
		}
	}
	return report, nil
}

func (e *Engine) deliverBucket(ctx context.Context, bucket int, send func(context.Context, Event) error, o *DeliverOptions, report *DeliverReport) error {
	query := storage.EventQuery{Program: e.program, Bucket: bucket}
	stopped := ""
	for {
		page, err := e.store.Events(ctx, query)
		if err != nil {
			return err
		}
		found, err := fatesOf(ctx, e.store, e.program, membersOf(page.Items, func(row *storage.Event) string { return row.Member }))
		if err != nil {
			return err
		}
		sent := make([]storage.EventID, 0, len(page.Items))
		for _, row := range page.Items {
			if row.Member == stopped {
				continue
			}
			if row.Version <= found.silentTo(row.Member) {
				row.Data = nil
			}
			if err := send(ctx, cloudEvent(row)); err != nil {
				stopped = row.Member
				if len(report.Stopped) < 100 {
					report.Stopped = append(report.Stopped, fmt.Errorf("event %d/%d of %s: %w", row.Version, row.Ordinal, AccountName(row.Member), err))
				}
				continue
			}
			sent = append(sent, storage.EventID{Member: row.Member, Version: row.Version, Ordinal: row.Ordinal})
		}
		if len(sent) > 0 {
			if err := e.store.Ack(ctx, e.program, sent); err != nil {
				return errors.Join(errors.New("events were sent and not acknowledged: they will be sent again"), err)
			}
			report.Delivered += len(sent)
		}
		if o.Progress != nil {
			o.Progress(*report)
		}
		if page.Next == "" {
			return nil
		}
		query.After = page.Next
	}
}
