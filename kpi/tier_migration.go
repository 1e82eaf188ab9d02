package kpi

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
)

// NoTier is the tier of who holds none: before joining and after leaving.
const NoTier = ""

// TierMoves counts members by their tier at the start and at the end of a period.
// It can be merged; make it with [NewTierMoves].
//
// Source: P. E. Pfeifer, R. L. Carraway, Modeling customer relationships as Markov
// chains, Journal of Interactive Marketing 14 (2000).
type TierMoves struct {
	ladder []string
	// moves has a row and a column for each tier and a last one for none.
	moves   [][]int64
	members int64
}

// NewTierMoves counts moves between the tiers of a ladder, from the lowest to the
// highest.
func NewTierMoves(ladder ...string) (*TierMoves, error) {
	var problems Problems
	const most = 1000
	if len(ladder) == 0 || len(ladder) > most {
		problems.Add("ladder", "must have from 1 to %d tiers, has %d", most, len(ladder))
	}
	for i, tier := range ladder[:min(len(ladder), most)] {
		path := fmt.Sprintf("ladder[%d]", i)
		if tier == NoTier {
			problems.Add(path, "must not be empty: that stands for no tier")
		} else if slices.Index(ladder, tier) < i {
			problems.Add(path, "%q is there twice", clip(tier))
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	m := &TierMoves{ladder: slices.Clone(ladder), moves: make([][]int64, len(ladder)+1)}
	for i := range m.moves {
		m.moves[i] = make([]int64, len(ladder)+1)
	}
	return m, nil
}

// Add counts a member who held one tier at the start and another, or the same, at
// the end. [NoTier] at the start is one who joined, at the end one who left.
func (m *TierMoves) Add(from, to string) error { return m.AddN(from, to, 1) }

// AddN counts n such members.
func (m *TierMoves) AddN(from, to string, n int64) error {
	var problems Problems
	checkCount(&problems, "n", n)
	if len(m.moves) == 0 {
		problems.Add("ladder", "has no tiers: make a count with NewTierMoves")
		return problems.Err()
	}
	row, column := m.place(&problems, "from", from), m.place(&problems, "to", to)
	if err := problems.Err(); err != nil {
		return err
	}
	return m.grow(row, column, n)
}

func (m *TierMoves) grow(row, column int, n int64) error {
	if n > mostAnswers-m.members {
		var problems Problems
		problems.Add("n", "makes more than %d members", int64(mostAnswers))
		return problems.Err()
	}
	m.moves[row][column] += n
	m.members += n
	return nil
}

func (m *TierMoves) place(problems *Problems, path, tier string) int {
	if tier == NoTier {
		return len(m.ladder)
	}
	at := slices.Index(m.ladder, tier)
	if at < 0 {
		problems.Add(path, "%q is no tier of the ladder %q", clip(tier), m.ladder)
	}
	return at
}

// Merge adds the moves of another count over the same ladder.
func (m *TierMoves) Merge(other *TierMoves) error {
	var problems Problems
	if !slices.Equal(m.ladder, other.ladder) {
		problems.Add("other", "is over the ladder %q, this over %q", other.ladder, m.ladder)
	} else if other.members > mostAnswers-m.members {
		problems.Add("other", "makes more than %d members", int64(mostAnswers))
	}
	if err := problems.Err(); err != nil {
		return err
	}
	for i, row := range other.moves {
		for j, n := range row {
			m.moves[i][j] += n
		}
	}
	m.members += other.members
	return nil
}

// MarshalBinary returns the count's state. Equal counts have equal bytes.
func (m *TierMoves) MarshalBinary() ([]byte, error) {
	w := newStateWriter("tier moves", "")
	w.count(len(m.ladder))
	for _, tier := range m.ladder {
		w.text(tier)
	}
	for _, row := range m.moves {
		for _, n := range row {
			w.tally(n)
		}
	}
	return w.bytes, nil
}

// UnmarshalBinary replaces the count, and its ladder, by a state. The error is
// [ErrState] where the bytes are no such state, and the count is as it was.
func (m *TierMoves) UnmarshalBinary(data []byte) error {
	r := newStateReader(data, "tier moves", "")
	var ladder []string
	for range r.count(1) {
		ladder = append(ladder, r.text())
	}
	if r.err != nil {
		return r.err
	}
	read, err := NewTierMoves(ladder...)
	if err != nil {
		r.valid(err)
		return r.err
	}
	for i, row := range read.moves {
		for j := range row {
			r.valid(read.grow(i, j, r.tally()))
		}
	}
	if err := r.end(); err != nil {
		return err
	}
	*m = *read
	return nil
}

// TierMigration is how members moved over a ladder in a period.
type TierMigration struct {
	// Ladder has the tiers from the lowest to the highest.
	Ladder []string `json:"ladder"`
	// Counts has a row for each tier at the start and a column for each at the end;
	// the last row is those who joined, the last column those who left.
	Counts [][]int64 `json:"counts"`
	// Probability is each count over the total of its row, for the tiers of the
	// ladder; a tier that nobody held has undefined ones.
	Probability [][]Figure `json:"probability"`
	// Upgrade, Downgrade, Stay and Exit are of all who held a tier at the start, and
	// sum to 1. Who joined is in none of them.
	Upgrade   Figure `json:"upgrade"`
	Downgrade Figure `json:"downgrade"`
	Stay      Figure `json:"stay"`
	Exit      Figure `json:"exit"`
}

// Migration is the matrix of the moves that were counted, for a period.
func (m *TierMoves) Migration(period Period) TierMigration {
	none := len(m.ladder)
	out := TierMigration{Ladder: slices.Clone(m.ladder), Probability: make([][]Figure, none)}
	var up, down, stay, exit, all int64
	for i, row := range m.moves {
		out.Counts = append(out.Counts, slices.Clone(row))
		if i == none {
			break
		}
		var held int64
		for j, n := range row {
			held += n
			switch {
			case j == none:
				exit += n
			case j > i:
				up += n
			case j < i:
				down += n
			default:
				stay += n
			}
		}
		all += held
		for _, n := range row {
			out.Probability[i] = append(out.Probability[i], Quotient("tier_move_probability", Fraction, count(n), count(held)).In(period).
				As("to the tier of the column / members with the tier of the row at the start"))
		}
	}
	rate := func(key string, n int64, convention string) Figure {
		return Quotient(key, Fraction, count(n), decimal.NewFromInt(all)).In(period).As(convention + " / members with a tier at the start")
	}
	out.Upgrade = rate("tier_upgrade_rate", up, "to a higher tier")
	out.Downgrade = rate("tier_downgrade_rate", down, "to a lower tier")
	out.Stay = rate("tier_stay_rate", stay, "in the same tier")
	out.Exit = rate("tier_exit_rate", exit, "left with no tier")
	return out
}
