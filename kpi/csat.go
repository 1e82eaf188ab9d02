package kpi

// SurveyOptions says how sure an interval is; nil is 95 %.
type SurveyOptions struct {
	// Level is the confidence level, 0 for 0.95.
	Level float64
}

func (o *SurveyOptions) level(problems *Problems) float64 {
	if o == nil {
		return DefaultLevel
	}
	return checkLevel(problems, o.Level)
}

// CSATResult is customer satisfaction.
type CSATResult struct {
	// Satisfied is the share of the top two answers, with Wilson's interval.
	Satisfied Figure `json:"satisfied"`
	// Mean is the mean answer, with the t interval of its expectation.
	Mean Figure `json:"mean"`
}

// CSAT is customer satisfaction: of answers on [Satisfaction5] the share of 4 and
// 5, on [Satisfaction7] that of 6 and 7. This is the convention of the trade; there
// is no primary standard.
func CSAT(answers *Answers, options *SurveyOptions) (CSATResult, error) {
	var problems Problems
	answers.want(&problems, Satisfaction5, Satisfaction7)
	level := options.level(&problems)
	if err := problems.Err(); err != nil {
		return CSATResult{}, err
	}
	_, high, _ := answers.scale.Bounds()
	return CSATResult{
		Satisfied: answers.share("csat", high-1, high, level).As("top 2 boxes / answers, scale " + string(answers.scale)),
		Mean:      answers.mean("csat_mean", level).As("mean answer, scale " + string(answers.scale)),
	}, nil
}
