package keyfigures

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/report"
)

// surveys has the answers of a file by their scale.
type surveys struct {
	answers map[kpi.Scale]*kpi.Answers
	// bySegment has those of the Net Promoter Score by the segment of who answered.
	bySegment map[string]*kpi.Answers
	// recent and earlier are those of the Net Promoter Score that were given in the last
	// days, from since on, and in as many days before, from past on.
	recent, earlier *kpi.Answers
	since, past     time.Time
	// first is when the first answer was given that says when.
	first time.Time
	bad   int
}

const mostWarnings = 20

const (
	scaleColumn    = "scale"
	answerColumn   = "answer"
	answeredColumn = "answered_at"
	segmentColumn  = "segment"
)

// readSurveys counts the answers of a file that were given before an instant. Rows
// that are none are named and left out.
func readSurveys(path string, before time.Time, days int, zone *time.Location, warnings io.Writer) (s surveys, err error) {
	s.since, s.past = daysAfter(before.In(zone), -days), daysAfter(before.In(zone), -2*days)
	if s.recent, err = kpi.NewAnswers(kpi.Recommend); err != nil {
		return s, err
	}
	if s.earlier, err = kpi.NewAnswers(kpi.Recommend); err != nil {
		return s, err
	}
	file, err := os.Open(path)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	in := csv.NewReader(file)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, cmpEOF(err))
	}
	at := map[string]int{}
	for _, name := range []string{scaleColumn, answerColumn, answeredColumn, segmentColumn} {
		at[name] = slices.IndexFunc(header, func(have string) bool { return strings.TrimSpace(strings.TrimPrefix(have, "\ufeff")) == name })
	}
	if at[scaleColumn] < 0 || at[answerColumn] < 0 {
		return s, fmt.Errorf("%s: the header must name the columns %s and %s", path, scaleColumn, answerColumn)
	}
	s.answers, s.bySegment = map[kpi.Scale]*kpi.Answers{}, map[string]*kpi.Answers{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil && !errors.Is(err, csv.ErrFieldCount) {
			return s, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := in.FieldPos(0)
		if err == nil {
			err = s.add(row, at, before, zone)
		}
		if err != nil {
			if s.bad++; s.bad <= mostWarnings {
				fmt.Fprintf(warnings, "left out: %s line %d: %v\n", path, line, err)
			}
		}
	}
}

func cmpEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the file is empty; its first line must name the columns")
	}
	return err
}

func (s *surveys) add(row []string, at map[string]int, before time.Time, zone *time.Location) error {
	var answered time.Time
	if i := at[answeredColumn]; i >= 0 {
		var err error
		if answered, err = instant(row[i], zone); err != nil {
			return err
		}
		if !answered.Before(before) {
			return nil
		}
	}
	scale := kpi.Scale(strings.TrimSpace(row[at[scaleColumn]]))
	answers := s.answers[scale]
	if answers == nil {
		var err error
		if answers, err = kpi.NewAnswers(scale); err != nil {
			return err
		}
	}
	text := strings.TrimSpace(row[at[answerColumn]])
	if text == "" {
		s.answers[scale] = answers
		return answers.AddMissing(1)
	}
	answer, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%.40q is no whole number", text)
	}
	if err := answers.Add(answer); err != nil {
		return err
	}
	s.answers[scale] = answers
	if !answered.IsZero() && (s.first.IsZero() || answered.Before(s.first)) {
		s.first = answered
	}
	if scale == kpi.Recommend && !answered.IsZero() {
		if err := s.dated(answered, answer); err != nil {
			return err
		}
	}
	if i := at[segmentColumn]; i >= 0 && scale == kpi.Recommend && strings.TrimSpace(row[i]) != "" {
		return s.segment(strings.TrimSpace(row[i]), answer)
	}
	return nil
}

func (s *surveys) dated(at time.Time, answer int) error {
	switch {
	case !at.Before(s.since):
		return s.recent.Add(answer)
	case !at.Before(s.past):
		return s.earlier.Add(answer)
	}
	return nil
}

func (s *surveys) segment(name string, answer int) error {
	answers := s.bySegment[name]
	if answers == nil {
		var err error
		if answers, err = kpi.NewAnswers(kpi.Recommend); err != nil {
			return err
		}
		s.bySegment[name] = answers
	}
	return answers.Add(answer)
}

// change compares the answers of the last days with those of as many before.
func (s *surveys) change(r *Report, level float64) error {
	if s.recent == nil || s.recent.Total() == 0 || s.earlier.Total() == 0 {
		return nil
	}
	now, err := kpi.NPSOf(s.recent, nil)
	if err != nil {
		return err
	}
	before, err := kpi.NPSOf(s.earlier, nil)
	if err != nil {
		return err
	}
	d, err := kpi.CompareNPS(now.Opinions, before.Opinions, &kpi.NPSOptions{Level: level})
	if err != nil {
		return err
	}
	twice := kpi.Period{Start: s.past, End: r.period.End, Zone: r.period.Zone}
	r.add("nps_change", d.Difference.In(twice))
	r.add("nps_change_p_value", d.PValue.In(twice))
	return nil
}

// segments are the scores by segment, in the order of their names; where none are
// named, that of all.
func (s *surveys) segments(r *Report, all kpi.NPSResult, o *kpi.NPSOptions) error {
	for _, name := range slices.Sorted(maps.Keys(s.bySegment)) {
		score, err := kpi.NPSOf(s.bySegment[name], o)
		if err != nil {
			return err
		}
		r.parts.nps = append(r.parts.nps, report.Segment{Name: name, Result: score})
	}
	r.parts.nps = append(r.parts.nps, report.Segment{Name: "All", Result: all})
	return nil
}

func instant(text string, zone *time.Location) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return Day(text, zone)
}

// figures are those that the answers allow.
func (s *surveys) figures(r *Report, level float64) error {
	o := &kpi.SurveyOptions{Level: level}
	for scale, answers := range s.answers {
		var err error
		switch scale {
		case kpi.Recommend:
			var nps kpi.NPSResult
			if nps, err = kpi.NPSOf(answers, &kpi.NPSOptions{Level: level}); err == nil {
				err = s.segments(r, nps, &kpi.NPSOptions{Level: level})
			}
			r.add("nps", nps.Score)
			for _, method := range []kpi.NPSMethod{kpi.Wald, kpi.ScoreTest, kpi.Bootstrap} {
				if other, otherErr := kpi.NPSOf(answers, &kpi.NPSOptions{Level: level, Method: method, Seed: 1}); otherErr == nil {
					r.add("nps_"+string(method), other.Score)
				}
			}
			err = errors.Join(err, s.change(r, level))
		case kpi.Satisfaction5, kpi.Satisfaction7:
			var csat kpi.CSATResult
			csat, err = kpi.CSAT(answers, o)
			suffix := strings.TrimPrefix(string(scale), "satisfaction_1")
			r.add("csat"+suffix, csat.Satisfied)
			r.add("csat_mean"+suffix, csat.Mean)
		case kpi.Ease7:
			var ces kpi.CESResult
			ces, err = kpi.CES(answers, o)
			r.add("ces_mean", ces.Mean)
			r.add("ces_agreeing", ces.Agreeing)
			r.add("ces_index", ces.Index)
		case kpi.Effort5:
			var effort kpi.Figure
			effort, err = kpi.CustomerEffort1(answers, o)
			r.add("ces1_mean", effort)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
