package loyalty

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/canon"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// standingKind is the kind of the one record that says how a member stands on the
// ladders. It is due when something changes if nothing more happens, and its Sort is
// the epoch of the ladders that it was decided by.
const (
	standingKind = "standing"
	standingID   = "ladders"
)

// restandType is the type of the operation by which an account adopts ladders that it
// does not know.
const restandType = "ladders"

// standingState is the document of such a record.
type standingState struct {
	// Quiet says what may be counted without a decision (see quietField). It is the first
	// field of the text.
	Quiet string `json:"Q,omitempty"`
	// Enrolled is the day on which the member joined, Anniversary the one that was
	// set instead for anniversaries.
	Enrolled    tiers.Day `json:"e"`
	Anniversary tiers.Day `json:"a,omitempty"`
	// Set lists the anniversaries that were set, as they were told.
	Set []anniversarySet `json:"s,omitempty"`
	// Kept is the first day whose counts are kept by the day, and Metrics are those
	// that are counted.
	Kept    tiers.Day     `json:"k,omitempty"`
	Metrics []string      `json:"m,omitempty"`
	Ladders []ladderState `json:"l,omitempty"`
	// Page is how many pages of an opening standing have come, of which others follow: until
	// then nothing is decided. Otherwise it is 0.
	Page int `json:"p,omitempty"`
	// Pages is how many there are, 0 where that is not known.
	Pages int `json:"ps,omitempty"`
	// Parting is set while the undoing of a merge gives back what that brought: what entering
	// tiers gives is settled once all of it is back.
	Parting bool `json:"pt,omitempty"`
}

// ladderState is how a member stands on one ladder.
type ladderState struct {
	Code string `json:"c"`
	// Base is decided for good. Closed is a later day that is over, decided anew from
	// Base where something was counted late. BaseBy and ClosedBy are the epochs of the
	// texts of the ladder that decided them.
	Base     tiers.State `json:"b,omitzero"`
	BaseBy   int         `json:"bb,omitempty"`
	Closed   tiers.State `json:"s,omitzero"`
	ClosedBy int         `json:"sb,omitempty"`
	// Told is the standing that was last told.
	Told toldState `json:"t,omitzero"`
	// Reminded is the lead of the last reminder of the end of what was told, or of one that
	// came before there was anything to remind of.
	Reminded tiers.Span   `json:"r,omitzero"`
	Grants   []grantState `json:"g,omitempty"`
	Given    []givenState `json:"v,omitempty"`
	// Again is set where some of Given is to be taken back: the member's next step decides
	// anew from Base.
	Again bool `json:"n,omitempty"`
	// Matched names who brought a match that Grants does not have any more: the member,
	// as an empty name, and those who were merged into them.
	Matched []string `json:"w,omitempty"`
	// Inherited is what merges brought and refunds may decide again.
	Inherited []inheritedState `json:"i,omitempty"`
	// Opened is set where the member came to the ladder from another system.
	Opened *openedState `json:"o,omitempty"`
}

// toldState is what was told of a member's standing on a ladder.
type toldState struct {
	Tier     string    `json:"t,omitempty"`
	Since    tiers.Day `json:"s,omitempty"`
	Until    tiers.Day `json:"u,omitempty"`
	Lapsed   tiers.Day `json:"l,omitempty"`
	Next     string    `json:"n,omitempty"`
	NextFrom tiers.Day `json:"f,omitempty"`
	Granted  bool      `json:"g,omitempty"`
}

// grantState is a tier that was granted. Revoked ones stay, with their end cut.
type grantState struct {
	tiers.Grant
	// How says by what, At when it was recorded, and Source who brought it by a merge. Path
	// names who had a tier that a merge brought, and through whom it came; With is set where
	// it is what they had until somebody was merged into them, as in what was inherited.
	How    grantKind `json:"h"`
	At     time.Time `json:"at"`
	Source string    `json:"o,omitempty"`
	Path   []string  `json:"p,omitempty"`
	With   string    `json:"x,omitempty"`
	// Revoked is when it was revoked, and Had what it was until then.
	Revoked time.Time    `json:"r,omitzero"`
	Had     *tiers.Grant `json:"w,omitempty"`
}

// givenState is what was given once for entering a tier.
type givenState struct {
	Tier   string        `json:"t"`
	Day    tiers.Day     `json:"d"`
	Points []givenPoints `json:"p,omitempty"`
	// Rewards are those of the catalog, by their redemptions.
	Rewards []givenReward `json:"r,omitempty"`
}

type givenReward struct {
	Reward string `json:"r"`
	ID     string `json:"i"`
}

// givenPoints are points of one unit, and the lot that they went to: of the account that has
// them now, whatever merges took them there or back. Below 0 it is one that a merge has
// not brought, by its number in the account of who went, and 0 is not known.
type givenPoints struct {
	Unit   string        `json:"u"`
	Points points.Amount `json:"n"`
	Lot    points.LotID  `json:"l,omitempty"`
}

func (s *standingState) ladder(code string) *ladderState {
	for i := range s.Ladders {
		if s.Ladders[i].Code == code {
			return &s.Ladders[i]
		}
	}
	return nil
}

// eachGiven visits what the member was given, and what was inherited.
func (s *standingState) eachGiven(visit func(*inheritedState, *givenState) error) error {
	for i := range s.Ladders {
		l := &s.Ladders[i]
		for j := range l.Given {
			if err := visit(nil, &l.Given[j]); err != nil {
				return err
			}
		}
		for j := range l.Inherited {
			for k := range l.Inherited[j].Given {
				if err := visit(&l.Inherited[j], &l.Inherited[j].Given[k].givenState); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// clone is a copy that can be changed.
func (s *standingState) clone() *standingState {
	next := *s
	next.Ladders, next.Set = slices.Clone(s.Ladders), slices.Clone(s.Set)
	for i := range next.Ladders {
		l := &next.Ladders[i]
		l.Grants, l.Given, l.Matched = slices.Clone(l.Grants), slices.Clone(l.Given), slices.Clone(l.Matched)
		l.Inherited = slices.Clone(l.Inherited)
		for j := range l.Inherited {
			l.Inherited[j].Given = slices.Clone(l.Inherited[j].Given)
		}
	}
	return &next
}

// lots lists the lots of what was given, for a refund that takes it back.
func (s *standingState) lots() []points.LotID {
	var lots []points.LotID
	_ = s.eachGiven(func(_ *inheritedState, given *givenState) error {
		for _, p := range given.Points {
			if p.Lot > 0 {
				lots = append(lots, p.Lot)
			}
		}
		return nil
	})
	return lots
}

// standing returns the party's state, nil where it has none yet.
func (p *Party) standing() (*standingState, error) {
	if p.stand != nil {
		return p.stand, nil
	}
	row, exists, err := p.kept(standingKind, standingID)
	if err != nil || !exists {
		return nil, err
	}
	state := &standingState{}
	if err := json.Unmarshal(row.Data, state); err != nil {
		return nil, p.tx.fail(fmt.Errorf("loyalty: record %s %q: %w", row.Kind, row.ID, err))
	}
	p.stand = state
	return state, nil
}

func (p *Party) putStanding(state *standingState, due time.Time) error {
	data, err := canon.Append(nil, state)
	if err != nil {
		return p.tx.fail(err)
	}
	p.stand = state
	sort := p.tx.deciding.engine.epochAt(p.tx.reached()).label()
	if row, exists, err := p.kept(standingKind, standingID); err != nil {
		return err
	} else if exists && state.Parting && p.tx.system == moveType {
		sort = row.Sort // The ladders are adopted once all is back.
	}
	return p.putOwn(storage.Record{Kind: standingKind, ID: standingID, Sort: sort, DueAt: due, Lots: state.lots(), Data: data})
}

// epoch is a stretch of time over which one set of ladders holds: whole days of the
// zone of the revision that brought it.
type epoch struct {
	number int
	from   time.Time
	day    tiers.Day
	rev    *revision
}

func (e *epoch) label() string { return strconv.Itoa(e.number) }

// newEpochs lists the epochs of the ladders of revisions; none where no revision has
// any. The first has no beginning.
func newEpochs(revisions []*revision) []epoch {
	if !slices.ContainsFunc(revisions, func(r *revision) bool { return len(r.Ladders) > 0 }) {
		return nil
	}
	epochs := []epoch{{number: 1, rev: revisions[0]}}
	for _, r := range revisions[1:] {
		if sameLadders(epochs[len(epochs)-1].rev, r) {
			continue
		}
		e := epoch{number: int(r.number), rev: r}
		if !r.EffectiveAt.IsZero() {
			e.day = tiers.DayOf(r.EffectiveAt.Add(-time.Microsecond), r.zone) + 1
			e.from = e.day.Start(r.zone)
		}
		for len(epochs) > 0 && !epochs[len(epochs)-1].from.Before(e.from) {
			epochs = epochs[:len(epochs)-1] // It never held for a day.
		}
		epochs = append(epochs, e)
	}
	epochs[0].from, epochs[0].day = time.Time{}, tiers.FirstDay
	return epochs
}

func sameLadders(a, b *revision) bool {
	if a.Horizon != b.Horizon || a.LateWindow != b.LateWindow || a.Zone != b.Zone {
		return false
	}
	one, err := canon.Append(nil, a.Ladders)
	other, err2 := canon.Append(nil, b.Ladders)
	return err == nil && err2 == nil && string(one) == string(other)
}

// epochAt is the epoch of an instant. There must be epochs.
func (e *Engine) epochAt(t time.Time) *epoch {
	for i := len(e.epochs) - 1; i > 0; i-- {
		if !e.epochs[i].from.After(t) {
			return &e.epochs[i]
		}
	}
	return &e.epochs[0]
}

// epochOn is the epoch of a day.
func (e *Engine) epochOn(day tiers.Day) (*epoch, tiers.Day) {
	last := tiers.LastDay
	for i := len(e.epochs) - 1; i > 0; i-- {
		if e.epochs[i].day <= day {
			return &e.epochs[i], last
		}
		last = e.epochs[i].day - 1
	}
	return &e.epochs[0], last
}

// ladderText is a ladder as the revision had it that began an epoch.
func (e *Engine) ladderText(number int, code string) *tiers.Ladder {
	if number < 1 || number > len(e.revisions) {
		return nil
	}
	return e.revisions[number-1].ladder(code)
}

// horizonDay is the first day of those that are decided anew where something is counted
// late.
func (r *revision) horizonDay(today tiers.Day) tiers.Day {
	span := r.Horizon
	if span == (points.Span{}) {
		span = r.LateWindow
	}
	if span == (points.Span{}) {
		span = points.Span{N: 90, Unit: points.Days}
	}
	span.N = -span.N
	return max(tiers.FirstDay, tiers.DayOf(span.After(noon(today), time.UTC), time.UTC))
}

func noon(day tiers.Day) time.Time { return day.Start(time.UTC).Add(12 * time.Hour) }

// grantKind says by what a tier was granted.
type grantKind string
