package kpi

// CESResult is the Customer Effort Score 2.0 in its three forms.
type CESResult struct {
	// Mean is the mean agreement from 1 to 7, the usual form, with the t interval of
	// its expectation.
	Mean Figure `json:"mean"`
	// Agreeing is the share of 5 to 7, with Wilson's interval.
	Agreeing Figure `json:"agreeing"`
	// Index is 100 × (share of 6 and 7 − share of 1 to 3), with the adjusted Wald
	// interval of such differences.
	Index Figure `json:"index"`
}

// CES is the Customer Effort Score 2.0: agreement, on [Ease7], that a matter was
// made easy. Answers on [Effort5] are another question, for [CustomerEffort1].
//
// Source: M. Dixon, N. Toman, R. DeLisi, The Effortless Experience (2013); the forms
// besides the mean are those of survey vendors.
func CES(answers *Answers, options *SurveyOptions) (CESResult, error) {
	var problems Problems
	answers.want(&problems, Ease7)
	level := options.level(&problems)
	if err := problems.Err(); err != nil {
		return CESResult{}, err
	}
	low, high := answers.between(1, 3), answers.between(6, 7)
	index := answers.noted(Quotient("ces_index", Score, count(high-low), count(answers.Total())))
	if answers.Total() > 0 {
		sample := trinomial{down: float64(low), none: float64(answers.between(4, 5)), up: float64(high)}
		b := sample.adjusted().wald(twoSided(level)).clamped(1)
		index = index.With(Interval{Lower: 100 * b.lower, Upper: 100 * b.upper, Level: level, Method: string(AdjustedWald)})
	}
	return CESResult{
		Mean:     answers.mean("ces_mean", level).As("CES 2.0: mean agreement from 1 to 7, more is better"),
		Agreeing: answers.share("ces_agreeing", 5, 7, level).As("CES 2.0: answers 5 to 7 / answers"),
		Index:    index.As("CES 2.0: 100 × (answers 6 to 7 − answers 1 to 3) / answers"),
	}, nil
}

// CustomerEffort1 is the Customer Effort Score 1.0: the mean effort from 1 to 5, on
// [Effort5], where less is better.
//
// Source: M. Dixon, K. Freeman, N. Toman, Stop trying to delight your customers,
// Harvard Business Review (July 2010).
func CustomerEffort1(answers *Answers, options *SurveyOptions) (Figure, error) {
	var problems Problems
	answers.want(&problems, Effort5)
	level := options.level(&problems)
	if err := problems.Err(); err != nil {
		return Figure{}, err
	}
	return answers.mean("ces1_mean", level).As("CES 1.0: mean effort from 1 to 5, less is better"), nil
}
