package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
)

// surveys has the answers of a file by their scale.
type surveys struct {
	answers map[kpi.Scale]*kpi.Answers
	bad     int
}

const (
	scaleColumn    = "scale"
	answerColumn   = "answer"
	answeredColumn = "answered_at"
)

// readSurveys counts the answers of a file that were given before an instant. Rows
// that are none are named and left out.
func readSurveys(path string, before time.Time, zone *time.Location, warnings io.Writer) (s surveys, err error) {
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
	for _, name := range []string{scaleColumn, answerColumn, answeredColumn} {
		at[name] = slices.IndexFunc(header, func(have string) bool { return strings.TrimSpace(strings.TrimPrefix(have, "\ufeff")) == name })
	}
	if at[scaleColumn] < 0 || at[answerColumn] < 0 {
		return s, fmt.Errorf("%s: the header must name the columns %s and %s", path, scaleColumn, answerColumn)
	}
	s.answers = map[kpi.Scale]*kpi.Answers{}
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
	if i := at[answeredColumn]; i >= 0 {
		answered, err := instant(row[i], zone)
		if err != nil {
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
	return nil
}

func instant(text string, zone *time.Location) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return day(text, zone)
}

// figures are those that the answers allow.
func (s *surveys) figures(r *report, level float64) error {
	o := &kpi.SurveyOptions{Level: level}
	for scale, answers := range s.answers {
		var err error
		switch scale {
		case kpi.Recommend:
			var nps kpi.NPSResult
			nps, err = kpi.NPSOf(answers, &kpi.NPSOptions{Level: level})
			r.add("nps", nps.Score)
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
