package loyalty

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// A standing record begins with how much may be counted before anything about the
// member's tiers can change, so that most orders need not read the rest of it: the days
// from and until, [from, until), and what each metric has to stay below in all, such as
// "20540 20819 nights=40 spend=50000". Metrics that are not named do not matter.
const quietField = `{"Q":"`

// quietText writes such a line; empty promises nothing.
func quietText(from, until tiers.Day, below map[string]int64, metrics []string) string {
	if until <= from {
		return ""
	}
	text := strconv.AppendInt(nil, int64(from), 10)
	text = strconv.AppendInt(append(text, ' '), int64(until), 10)
	for _, metric := range metrics {
		if bound, bounded := below[metric]; bounded {
			text = append(append(append(text, ' '), metric...), '=')
			text = strconv.AppendInt(text, bound, 10)
		}
	}
	return string(text)
}

// quietOf is the line as the record has it, empty where it has none.
func quietOf(row *storage.Record) string {
	rest, found := bytes.CutPrefix(row.Data, []byte(quietField))
	if !found {
		return ""
	}
	end := bytes.IndexByte(rest, '"')
	return string(rest[:max(0, end)])
}

// undisturbed reports whether what the command counted cannot change anything about the
// party's tiers.
func (p *Party) undisturbed() (bool, error) {
	row, exists, err := p.kept(standingKind, standingID)
	if err != nil || !exists {
		return false, err
	}
	return p.within(quietOf(&row)), nil
}

// within reports whether all that was counted is on the days of a line, and below its
// bounds.
func (p *Party) within(line string) bool {
	from, rest, _ := strings.Cut(line, " ")
	until, rest, _ := strings.Cut(rest, " ")
	first, err := strconv.Atoi(from)
	if err != nil {
		return false
	}
	last, err := strconv.Atoi(until)
	if err != nil || p.today() >= tiers.Day(last) {
		return false
	}
	for _, f := range p.facts {
		if f.amount < 0 || f.day < tiers.Day(first) || f.day >= tiers.Day(last) {
			return false
		}
	}
	for rest != "" {
		var bound string
		bound, rest, _ = strings.Cut(rest, " ")
		metric, most, _ := strings.Cut(bound, "=")
		n, err := strconv.ParseInt(most, 10, 64)
		if err != nil || int64(p.Balance(metric).Counted) >= n {
			return false
		}
	}
	return true
}

// quiet is the line for a state that was just decided.
func (p *Party) quiet(verdicts []verdictOn, today, next tiers.Day) string {
	until, below := next, map[string]int64{}
	for i := range verdicts {
		v := &verdicts[i]
		if v.ladder.End == tiers.WhileHeld && v.state.Reminded != (tiers.Span{}) {
			return "" // What is counted puts the end off, and reminders may start anew.
		}
		room, end := v.ladder.Headroom(v.now, &v.member)
		until = min(until, end, max(v.state.Closed.At, v.member.Enrolled)+closedLag+1)
		for _, n := range room {
			counted := int64(p.Balance(n.Metric).Counted)
			bound := counted + min(n.AtLeast, math.MaxInt64-max(0, counted))
			if known, bounded := below[n.Metric]; bounded {
				bound = min(bound, known)
			}
			below[n.Metric] = bound
		}
	}
	return quietText(today, until, below, p.tx.deciding.engine.kept.metrics)
}
