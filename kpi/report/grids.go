package report

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
)

// mostOffsets is how many periods of a cohort fit on a page.
const mostOffsets = 25

func cohortSection(r *Report) (*section, error) {
	if r.Cohorts == nil || len(r.Cohorts.Cohorts) == 0 {
		return nil, nil
	}
	m := r.Cohorts
	offsets := 0
	for _, c := range m.Cohorts {
		offsets = max(offsets, len(c.Cells))
	}
	offsets = min(offsets, mostOffsets)
	grid := &table{Caption: "Percent of each cohort that bought in the periods after its first", Head: []string{"First " + string(m.Bucket), "Members"}}
	for o := range offsets {
		grid.Head = append(grid.Head, strconv.Itoa(o))
	}
	for _, c := range m.Cohorts {
		line := row{Head: c.Start.In(cmp.Or(m.Zone, time.UTC)).Format("2006-01-02"), Cells: plain(strconv.Itoa(c.Size))}
		for o := range offsets {
			rate, ok := c.Retention(o)
			switch {
			case !ok:
				line.Cells = append(line.Cells, cell{"", -1})
			case o == 0:
				line.Cells = append(line.Cells, cell{decimals(100*rate, 1), -1})
			default:
				line.Cells = append(line.Cells, shaded(decimals(100*rate, 1), 2*rate))
			}
		}
		grid.Rows = append(grid.Rows, line)
	}
	s := &section{ID: "cohorts", Title: "Cohorts", Grid: grid, Lead: "Members by the " + string(m.Bucket) + " of their first purchase."}
	if m.Partial {
		s.Foot = append(s.Foot, "The last "+string(m.Bucket)+" was observed in part: the last cell of every cohort may still grow.")
	}
	return s, nil
}

func rfmSection(r *Report) (*section, error) {
	if r.RFM == nil || len(r.RFM.Customers) == 0 {
		return nil, nil
	}
	groups := r.RFM.Groups
	counts := make([][]int, groups+1)
	for i := range counts {
		counts[i] = make([]int, groups+1)
	}
	most := 1
	for _, c := range r.RFM.Customers {
		if int(c.R) > groups || int(c.F) > groups {
			return nil, fmt.Errorf("%w: RFM: member %s has scores beyond %d", ErrInvalid, c.Member, groups)
		}
		counts[c.R][c.F]++
		most = max(most, counts[c.R][c.F])
	}
	grid := &table{Caption: "Members by the scores of recency and frequency", Head: []string{"Recency"}}
	for f := 1; f <= groups; f++ {
		grid.Head = append(grid.Head, "F "+strconv.Itoa(f))
	}
	for score := groups; score >= 1; score-- {
		line := row{Head: "R " + strconv.Itoa(score)}
		for f := 1; f <= groups; f++ {
			n := counts[score][f]
			line.Cells = append(line.Cells, shaded(strconv.Itoa(n), float64(n)/float64(most)))
		}
		grid.Rows = append(grid.Rows, line)
	}
	return &section{
		ID: "rfm", Title: "Recency and frequency", Grid: grid,
		Lead: fmt.Sprintf("%d members scored from 1 to %d, the best on top and to the right.", len(r.RFM.Customers), groups),
	}, nil
}

func segmentSection(r *Report) (*section, error) {
	if r.RFM == nil || len(r.RFM.SegmentCounts) == 0 {
		return nil, nil
	}
	if len(r.RFM.Segments) != len(r.RFM.SegmentCounts) {
		return nil, fmt.Errorf("%w: RFM: %d segments with %d counts", ErrInvalid, len(r.RFM.Segments), len(r.RFM.SegmentCounts))
	}
	all := max(1, len(r.RFM.Customers))
	t := &table{Caption: "Members by segment", Head: []string{"Segment", "Members", "Share"}}
	put := func(name string, n int) {
		share := float64(n) / float64(all)
		t.Rows = append(t.Rows, row{Head: name, Cells: []cell{{strconv.Itoa(n), -1}, shaded(percent(share), 2*share)}})
	}
	for i, s := range r.RFM.Segments {
		put(s.Name, r.RFM.SegmentCounts[i])
	}
	put("Others", r.RFM.Others)
	return &section{ID: "segments", Title: "Segments", Grid: t, Lead: "The first segment whose bounds hold a member's scores."}, nil
}

// Alive is P(alive) over the number of repeat purchases and the time from the first
// to the last of them.
type Alive struct {
	// Model names the model, and Age is the age of the members that are shown, in
	// Unit.
	Model string
	Age   float64
	Unit  string
	// Frequencies head the columns, Recencies the rows; P has a row for each recency.
	Frequencies []int
	Recencies   []float64
	P           [][]float64
}

// AliveOf computes [clv.Alive] for members of an age in the unit of the model, for 1
// to most repeat purchases and steps of equal length of recency, at least 1.
func AliveOf(m clv.Model, age float64, unit string, most, steps int) (*Alive, error) {
	if most < 1 || steps < 1 {
		return nil, fmt.Errorf("%w: Alive: most is %d and steps %d, both are at least 1", ErrInvalid, most, steps)
	}
	a := &Alive{Model: m.Name(), Age: age, Unit: unit}
	for x := range most {
		a.Frequencies = append(a.Frequencies, x+1)
	}
	for i := range steps {
		recency := age * float64(steps-i) / float64(steps)
		line := make([]float64, most)
		for j, x := range a.Frequencies {
			p, err := clv.Alive(m, clv.Customer{Frequency: x, Recency: recency, Age: age}, 0)
			if err != nil {
				return nil, err
			}
			line[j] = p
		}
		a.Recencies, a.P = append(a.Recencies, recency), append(a.P, line)
	}
	return a, nil
}

func aliveSection(r *Report) (*section, error) {
	a := r.Alive
	if a == nil {
		return nil, nil
	}
	grid := &table{Caption: "P(alive) by the last and the number of repeat purchases", Head: []string{"Last purchase"}}
	for _, x := range a.Frequencies {
		grid.Head = append(grid.Head, strconv.Itoa(x))
	}
	if len(a.P) != len(a.Recencies) {
		return nil, fmt.Errorf("%w: Alive: %d rows for %d recencies", ErrInvalid, len(a.P), len(a.Recencies))
	}
	for i, recency := range a.Recencies {
		if len(a.P[i]) != len(a.Frequencies) {
			return nil, fmt.Errorf("%w: Alive: row %d has %d cells for %d frequencies", ErrInvalid, i, len(a.P[i]), len(a.Frequencies))
		}
		line := row{Head: decimals(a.Age-recency, 1) + " " + a.Unit + " ago"}
		for _, p := range a.P[i] {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("%w: Alive: row %d has a P(alive) of %g", ErrInvalid, i, p)
			}
			line.Cells = append(line.Cells, shaded(decimals(p, 2), p))
		}
		grid.Rows = append(grid.Rows, line)
	}
	return &section{
		ID: "alive", Title: "Who is still a customer", Grid: grid,
		Lead: fmt.Sprintf("The probability by %s that a member of %s %s is still a customer, by repeat purchases and how long ago the last one was.",
			a.Model, decimals(a.Age, places(a.Age)), a.Unit),
	}, nil
}

func riskSection(r *Report) (*section, error) {
	if len(r.AtRisk) == 0 {
		return nil, nil
	}
	t := &table{Caption: "Members at risk", Head: []string{"Member", "P(alive)", "Worth", "Last purchase"}}
	for _, m := range r.AtRisk {
		if !(m.Alive >= 0 && m.Alive <= 1) {
			return nil, fmt.Errorf("%w: AtRisk: P(alive) of %s is %g", ErrInvalid, m.ID, m.Alive)
		}
		t.Rows = append(t.Rows, row{Head: m.ID, Cells: []cell{shaded(decimals(m.Alive, 2), 1-m.Alive), {m.Value, -1}, {m.Last, -1}}})
	}
	return &section{ID: "risk", Title: "Members at risk", Grid: t, Lead: "Members that are worth most and may be lost."}, nil
}

func tierSection(r *Report) (*section, error) {
	t := r.Tiers
	if t == nil {
		return nil, nil
	}
	if len(t.Counts) != len(t.Ladder)+1 {
		return nil, fmt.Errorf("%w: Tiers: %d rows for %d tiers and those who joined", ErrInvalid, len(t.Counts), len(t.Ladder))
	}
	grid := &table{Caption: "Members by tier at the start and at the end", Head: []string{"From"}}
	for _, tier := range t.Ladder {
		grid.Head = append(grid.Head, "to "+tier)
	}
	grid.Head = append(grid.Head, "left")
	for i, counts := range t.Counts {
		if len(counts) != len(t.Ladder)+1 {
			return nil, fmt.Errorf("%w: Tiers: row %d has %d cells", ErrInvalid, i, len(counts))
		}
		line := row{Head: "joined"}
		if i < len(t.Ladder) {
			line.Head = t.Ladder[i]
		}
		total := int64(0)
		for _, n := range counts {
			total += n
		}
		for j, n := range counts {
			if i == len(t.Ladder) && j == len(t.Ladder) {
				line.Cells = append(line.Cells, cell{"", -1})
				continue
			}
			text := strconv.FormatInt(n, 10)
			share := float64(n) / float64(max(1, total))
			if n > 0 {
				text += " (" + percent(share) + ")"
			}
			line.Cells = append(line.Cells, shaded(text, share))
		}
		grid.Rows = append(grid.Rows, line)
	}
	s := &section{ID: "tiers", Title: "Tiers", Grid: grid, Lead: "Where members of each tier are at the end, and how many of its row that is."}
	for _, f := range []struct {
		name   string
		figure kpi.Figure
	}{{"Upgraded", t.Upgrade}, {"Stayed", t.Stay}, {"Downgraded", t.Downgrade}, {"Left", t.Exit}} {
		if v, ok := f.figure.Value(); ok {
			s.Foot = append(s.Foot, f.name+": "+percent(v))
		}
	}
	return s, nil
}
