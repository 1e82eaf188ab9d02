package loyalty

import (
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// onceKind is the kind of the records that Once keeps.
const onceKind = "once"

// Period is a calendar period in the program's zone.
type Period string

// The periods. Weeks begin on Monday, and Ever has no end.
const (
	Hour  Period = "hour"
	Day   Period = "day"
	Week  Period = "week"
	Month Period = "month"
	Year  Period = "year"
	Ever  Period = "ever"
)

// OncePer is what a Plan declares for [Tx.Once].
func OncePer(name string, per Period) []RecordRef {
	return []RecordRef{{Kind: onceKind, ID: onceID(name, per)}}
}

func onceID(name string, per Period) string { return name + "/" + string(per) }

// Once lets the command pass once per member and period, by recorded time in the
// program's zone. Otherwise it returns an [AlreadyDoneError].
func (tx *Tx) Once(name string, per Period) error {
	if err := points.CheckID(name, maxID-8); err != nil {
		return tx.fail(invalid("once", "%v", err))
	}
	label, again, err := period(per, tx.now, tx.rev.zone)
	if err != nil {
		return tx.fail(err)
	}
	row, exists, err := tx.Record(onceKind, onceID(name, per))
	if err != nil {
		return err
	}
	if exists && row.Sort >= label {
		return &AlreadyDoneError{Name: name, Period: row.Sort, Again: again}
	}
	return tx.putOwn(storage.Record{Kind: onceKind, ID: onceID(name, per), Sort: label})
}

// period names the period that t is in, and when the next begins.
func period(per Period, t time.Time, zone *time.Location) (string, time.Time, error) {
	local := t.In(zone)
	switch per {
	case Hour:
		// In UTC, which tells apart the two hours that the end of summer time makes of one.
		past := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		return t.Add(-past).UTC().Format("2006-01-02T15:04Z"), t.Add(time.Hour - past), nil
	case Day:
		return local.Format("2006-01-02"), calendar.EndOfDay(t, zone), nil
	case Week:
		year, week := local.ISOWeek()
		sinceMonday := (int(local.Weekday()) + 6) % 7
		monday := calendar.AddDays(calendar.StartOfDay(t, zone), 6-sinceMonday, zone)
		return fmt.Sprintf("%d-W%02d", year, week), calendar.EndOfDay(monday, zone), nil
	case Month:
		return local.Format("2006-01"), calendar.EndOfMonths(t, 1, zone), nil
	case Year:
		return local.Format("2006"), calendar.EndOfMonths(t, 12, zone), nil
	case Ever:
		return "ever", points.Never, nil
	default:
		return "", time.Time{}, fmt.Errorf("loyalty: %w", invalid("period", "%q is not a period", string(per)))
	}
}
