package points

import (
	"fmt"
	"strings"
	"time"
)

var dayNames = [7]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

const everyDay = Mon | Tue | Wed | Thu | Fri | Sat | Sun

// Has reports whether the set holds the day.
func (w Weekdays) Has(day time.Weekday) bool {
	return w&(1<<((int(day)+6)%7)) != 0
}

// String returns the days from Monday on, such as "mon,tue".
func (w Weekdays) String() string {
	var text strings.Builder
	for i, name := range dayNames {
		if w&(1<<i) == 0 {
			continue
		}
		if text.Len() > 0 {
			text.WriteByte(',')
		}
		text.WriteString(name)
	}
	return text.String()
}

// MarshalText returns the days as [Weekdays.String] does.
func (w Weekdays) MarshalText() ([]byte, error) {
	if w&^everyDay != 0 {
		return nil, fmt.Errorf("points: weekdays %#b: there are only seven", uint8(w))
	}
	return []byte(w.String()), nil
}

// UnmarshalText reads days separated by commas, in any order, each once.
func (w *Weekdays) UnmarshalText(text []byte) error {
	var days Weekdays
	if len(text) == 0 {
		*w = 0
		return nil
	}
next:
	for word := range strings.SplitSeq(string(text), ",") {
		for i, name := range dayNames {
			if day := Weekdays(1) << i; name == word && days&day == 0 {
				days |= day
				continue next
			}
		}
		return fmt.Errorf("points: weekdays %q: want days such as \"mon,tue\", each once", text)
	}
	*w = days
	return nil
}
