package experience

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/calendar"
	"github.com/loyaltykit/loyaltykit/points"
)

// Service is something that one person or thing does for one party at a time: a
// consultation, a court, a repair. [Service.Sessions] cuts the hours of its resources into
// sessions, each of which is booked as any other.
type Service struct {
	// ID is the caller's id: 1 to 20 bytes of UTF-8.
	ID string `json:"id"`
	// Resources are who or what does it.
	Resources []Resource `json:"resources"`
	// Minutes is how long an appointment takes, 1 to 1,440, GapMinutes what is left between
	// two, 0 to 1,440.
	Minutes    int `json:"minutes"`
	GapMinutes int `json:"gapMinutes,omitempty"`
	// Ahead says from how many days before which tier books, at the same time of day;
	// empty is at once, for everybody.
	Ahead []Ahead `json:"ahead,omitempty"`
	// Terms is what all its sessions have in common. ID, Start, End and Opens are filled
	// in; a Capacity of 0 is 1.
	Terms Session `json:"terms"`
}

// Resource is a person or a thing that is booked.
type Resource struct {
	// ID is 1 to 24 bytes of UTF-8.
	ID string `json:"id"`
	// Hours are when it is there, Away when it is not all the same.
	Hours []Hours `json:"hours"`
	Away  []Away  `json:"away,omitempty"`
}

// Hours is a part of some days of the week, by the clock of the venue: [From, To), each
// as "09:30". To may be "24:00".
type Hours struct {
	Weekdays points.Weekdays `json:"weekdays"`
	From     string          `json:"from"`
	To       string          `json:"to"`
}

// Away is a time at which a resource is not there: [From, To).
type Away struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Ahead is from how many days before a session a tier books, 0 to 3,660 days of the venue's
// calendar; an empty Tier is everybody.
type Ahead struct {
	Tier string `json:"tier,omitempty"`
	Days int    `json:"days"`
}

// maxSlots bounds the sessions of one call.
const maxSlots = 10_000

// Sessions lists the sessions of all resources that start in [from, to), by resource in
// the order given, then by start. Hours are those of the venue's clock: a day on which it
// is put forward or back has its hours all the same, and what the hour that is missing
// would hold, or push beyond the end, is left out. More than 10,000 are refused.
func (s *Service) Sessions(from, to time.Time) ([]Session, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(s.Terms.Zone)
	if err != nil {
		return nil, err
	}
	var sessions []Session
	for i := range s.Resources {
		for day := calendar.StartOfDay(from, zone); day.Before(to); day = calendar.EndOfDay(day, zone) {
			for _, start := range s.starts(&s.Resources[i], day, zone) {
				if start.Before(from) || !start.Before(to) {
					continue
				}
				if len(sessions) == maxSlots {
					return nil, fmt.Errorf("experience: more than %d sessions: ask for less time", maxSlots)
				}
				sessions = append(sessions, s.session(&s.Resources[i], start, zone))
			}
		}
	}
	return sessions, nil
}

// starts lists when sessions of a resource start on a day.
func (s *Service) starts(r *Resource, day time.Time, zone *time.Location) []time.Time {
	local := day.In(zone)
	y, m, d := local.Date()
	length := time.Duration(s.Minutes) * time.Minute
	var starts []time.Time
	for _, hours := range r.Hours {
		if !hours.Weekdays.Has(local.Weekday()) {
			continue
		}
		opens, _ := clock(hours.From)
		closes, _ := clock(hours.To)
		for at := opens; at+length <= closes; at += length + time.Duration(s.GapMinutes)*time.Minute {
			start := calendar.Wall(y, m, d, at, zone)
			late := start.Add(length).After(calendar.Wall(y, m, d, closes, zone))
			gone := start.In(zone).Hour() != int(at/time.Hour) || start.In(zone).Minute() != int(at/time.Minute)%60
			away := slices.ContainsFunc(r.Away, func(a Away) bool { return start.Before(a.To) && a.From.Before(start.Add(length)) })
			overlaps := slices.ContainsFunc(starts, func(t time.Time) bool { return start.Before(t.Add(length)) && t.Before(start.Add(length)) })
			if !gone && !late && !away && !overlaps {
				starts = append(starts, start)
			}
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	return starts
}

func (s *Service) session(r *Resource, start time.Time, zone *time.Location) Session {
	session := s.Terms
	session.ID = s.ID + "/" + r.ID + "/" + start.UTC().Format("20060102T1504Z")
	session.Event = s.ID
	session.Start, session.End = start.UTC(), start.Add(time.Duration(s.Minutes)*time.Minute).UTC()
	session.Capacity = max(session.Capacity, 1)
	session.Opens = nil
	for _, ahead := range s.Ahead {
		from := calendar.AddDays(start, -ahead.Days, zone).UTC()
		session.Opens = append(session.Opens, Opening{Tier: ahead.Tier, From: from})
	}
	return session
}

// clock reads a time of day.
func clock(text string) (time.Duration, error) {
	if text == "24:00" {
		return 24 * time.Hour, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, fmt.Errorf("%q is no time of day, such as \"09:30\"", points.Clip(text))
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Validate reports every problem of the service at once, as [points.Problems].
func (s *Service) Validate() error {
	var problems points.Problems
	id := func(path, value string, most int) {
		if err := points.CheckID(value, most); err != nil {
			problems.Add(path, "%v", err)
		} else if strings.Contains(value, "/") {
			problems.Add(path, "must not contain '/'")
		}
	}
	id("id", s.ID, 20)
	if s.Minutes < 1 || s.Minutes > 24*60 {
		problems.Add("minutes", "%d: must be 1 to 1440", s.Minutes)
	}
	if s.GapMinutes < 0 || s.GapMinutes > 24*60 {
		problems.Add("gapMinutes", "%d: must be 0 to 1440", s.GapMinutes)
	}
	if len(s.Resources) == 0 {
		problems.Add("resources", "at least one is needed")
	}
	for i, r := range s.Resources {
		path := fmt.Sprintf("resources[%d]", i)
		id(path+".id", r.ID, 24)
		if slices.ContainsFunc(s.Resources[:i], func(o Resource) bool { return o.ID == r.ID }) {
			problems.Add(path+".id", "%q is another's too", points.Clip(r.ID))
		}
		hourProblems(&problems, path, &r)
	}
	for i, a := range s.Ahead {
		path := fmt.Sprintf("ahead[%d]", i)
		text(&problems, path+".tier", a.Tier, 64)
		if a.Days < 0 || a.Days > 3660 {
			problems.Add(path+".days", "%d: must be 0 to 3660", a.Days)
		}
		if slices.ContainsFunc(s.Ahead[:i], func(o Ahead) bool { return o.Tier == a.Tier }) {
			problems.Add(path+".tier", "%q is named twice", points.Clip(a.Tier))
		}
	}
	terms := s.Terms
	terms.ID, terms.Event, terms.Opens, terms.Capacity = "terms", "", nil, max(terms.Capacity, 1)
	terms.Start = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	terms.End = terms.Start.Add(time.Hour)
	for _, p := range terms.problems() {
		problems.Add("terms."+p.Path, "%s", p.Message)
	}
	return problems.Err()
}

func hourProblems(problems *points.Problems, path string, r *Resource) {
	for i, h := range r.Hours {
		path := fmt.Sprintf("%s.hours[%d]", path, i)
		if h.Weekdays == 0 {
			problems.Add(path+".weekdays", "names no day")
		}
		from, err := clock(h.From)
		if err != nil {
			problems.Add(path+".from", "%v", err)
		}
		to, err := clock(h.To)
		if err != nil {
			problems.Add(path+".to", "%v", err)
		} else if to <= from {
			problems.Add(path+".to", "must be after from")
		}
	}
	for i, a := range r.Away {
		if !a.To.After(a.From) {
			problems.Add(fmt.Sprintf("%s.away[%d].to", path, i), "must be after from")
		}
	}
}
