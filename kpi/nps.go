package kpi

import "fmt"

// Opinions are the answers to the question of the Net Promoter Score, counted:
// 0 to 6 are detractors, 7 and 8 passives, 9 and 10 promoters.
type Opinions struct {
	Detractors int64 `json:"detractors"`
	Passives   int64 `json:"passives"`
	Promoters  int64 `json:"promoters"`
	// Missing are those who gave no answer; they are in no figure.
	Missing int64 `json:"missing"`
}

// Answered is the number of answers.
func (o Opinions) Answered() int64 { return o.Detractors + o.Passives + o.Promoters }

func (o Opinions) validate(problems *Problems) {
	total := int64(0)
	for _, field := range []struct {
		path string
		n    int64
	}{{"detractors", o.Detractors}, {"passives", o.Passives}, {"promoters", o.Promoters}, {"missing", o.Missing}} {
		checkCount(problems, field.path, field.n)
		if field.n > mostAnswers {
			problems.Add(field.path, "must be at most %d", int64(mostAnswers))
			continue
		}
		total += field.n
	}
	if len(*problems) == 0 && total > mostAnswers {
		problems.Add("opinions", "must be at most %d together", int64(mostAnswers))
	}
}

// NPSOptions says how the interval of a score is made; its zero value, and nil, is
// 95 % by [AdjustedWald].
type NPSOptions struct {
	// Level is the confidence level, 0 for 0.95.
	Level  float64
	Method NPSMethod
	// Seed and Resamples are of [Bootstrap]: the same seed gives the same interval.
	// Resamples is 0 for 10,000.
	Seed      uint64
	Resamples int
}

// NPSResult is a Net Promoter Score with the answers behind it.
type NPSResult struct {
	// Score is 100 × (promoters − detractors) / answers, from -100 to 100. It is not
	// rounded; [Figure.Rounded] is what to show.
	Score    Figure   `json:"score"`
	Opinions Opinions `json:"opinions"`
}

// String writes the score as it is reported: as a whole number, half away from zero.
func (r NPSResult) String() string {
	value, ok := r.Score.Value()
	if !ok {
		return "NPS undefined: " + r.Score.Reason()
	}
	text := "NPS " + short(value, 0)
	if i := r.Score.Interval; i != nil {
		text += fmt.Sprintf(" (%s %% %s to %s)", short(100*i.Level, 2), short(i.Lower, 1), short(i.Upper, 1))
	}
	o := r.Opinions
	return fmt.Sprintf("%s, %d promoters, %d passives, %d detractors of %d", text, o.Promoters, o.Passives, o.Detractors, o.Answered())
}

// NPS is the Net Promoter Score of answers from 0 to 10. Whole numbers only: one
// outside of them is an error with its place. For those who gave no answer, and for
// parts that are merged, use [NewAnswers] and [NPSOf].
//
// Source: F. F. Reichheld, The one number you need to grow, Harvard Business Review
// (December 2003).
func NPS(scores []int, options *NPSOptions) (NPSResult, error) {
	answers, err := NewAnswers(Recommend)
	if err != nil {
		return NPSResult{}, err
	}
	var problems Problems
	for i, score := range scores {
		const most = 20
		if answers.Add(score) == nil {
			continue
		}
		if len(problems) == most {
			problems.Add("scores", "and more")
			break
		}
		problems.Add(fmt.Sprintf("scores[%d]", i), "must be from 0 to 10, is %d", score)
	}
	if err := problems.Err(); err != nil {
		return NPSResult{}, err
	}
	return NPSOf(answers, options)
}

// NPSOf is [NPS] of counted answers on the scale [Recommend].
func NPSOf(answers *Answers, options *NPSOptions) (NPSResult, error) {
	var problems Problems
	answers.want(&problems, Recommend)
	if err := problems.Err(); err != nil {
		return NPSResult{}, err
	}
	return NPSOfOpinions(Opinions{
		Detractors: answers.between(0, 6), Passives: answers.between(7, 8), Promoters: answers.between(9, 10), Missing: answers.unheard,
	}, options)
}

// NPSOfOpinions is [NPS] of counts of promoters, passives and detractors.
func NPSOfOpinions(opinions Opinions, options *NPSOptions) (NPSResult, error) {
	if options == nil {
		options = &NPSOptions{}
	}
	var problems Problems
	opinions.validate(&problems)
	level := checkLevel(&problems, options.Level)
	interval, resamples := options.interval(&problems)
	if err := problems.Err(); err != nil {
		return NPSResult{}, err
	}
	f := Quotient("nps", Score, count(opinions.Promoters-opinions.Detractors), count(opinions.Answered())).
		As("100 × (promoters 9-10 − detractors 0-6) / answers")
	if opinions.Missing > 0 {
		f = f.Noted("%d without an answer are left out", opinions.Missing)
	}
	result := NPSResult{Score: f, Opinions: opinions}
	if opinions.Answered() == 0 {
		return result, nil
	}
	i := interval(trinomialOf(opinions), level, resamples, options.Seed)
	result.Score = f.With(Interval{Lower: 100 * i.lower, Upper: 100 * i.upper, Level: level, Method: string(options.method())})
	return result, nil
}
