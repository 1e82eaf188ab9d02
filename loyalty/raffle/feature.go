package raffle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Name is the name of the feature.
const Name = "raffle"

// What the feature keeps: an entry under a member, the others under a raffle's house account.
const (
	entryKind  = "raffle-entry"
	termsKind  = "raffle-terms"
	stateKind  = "raffle-state"
	ticketKind = "raffle-ticket"
	onlyID     = "raffle"
)

// Feature is the feature: list it in loyalty.Options.Features.
type Feature struct {
	// Salt makes the pseudonyms of tickets, see raffle.Label: at least 16 random bytes that
	// stay secret and the same as long as a raffle runs.
	Salt []byte
}

var (
	_ loyalty.Feature = Feature{}
	_ loyalty.Merger  = Feature{}
	_ loyalty.Eraser  = Feature{}
)

// Name implements loyalty.Feature.
func (Feature) Name() string { return Name }

// Kinds implements loyalty.Feature.
func (Feature) Kinds() []string { return []string{entryKind, termsKind, stateKind, ticketKind} }

// Commands implements loyalty.Feature.
func (Feature) Commands() []loyalty.Command {
	return []loyalty.Command{Open{}, Enter{}, Draw{}, CallOff{}, Collect{}}
}

// Merge moves an entry to the survivor, beside their own.
func (Feature) Merge(_ context.Context, _ *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	for n := 2; record.Kind == entryKind; n++ {
		_, taken, err := into.Record(entryKind, record.ID)
		if err != nil {
			return err
		}
		if !taken {
			return into.PutRecord(record)
		}
		record.ID = mergedID(record.Reference, n)
	}
	return nil
}

// mergedID is the id of the n-th entry of a raffle that a member has by merges.
func mergedID(raffle string, n int) string { return fmt.Sprintf("%s/%d", raffle, n) }

// Erase leaves nothing but the numbers of the tickets, which have a pseudonym that only
// the salt leads back from: a ticket of a member who was erased can win, and nobody collects.
func (Feature) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	record.DueAt = points.Never
	return tx.PutRecord(record)
}

// Errors that a host branches on with errors.Is. Those of packages loyalty and raffle come
// too.
var (
	// ErrNoRaffle reports a raffle that was not opened.
	ErrNoRaffle = errors.New("there is no such raffle")
	// ErrNotOpen reports a raffle that takes no tickets now.
	ErrNotOpen = errors.New("the raffle is not open")
	// ErrNotDrawn reports a raffle that is neither drawn, called off nor lapsed.
	ErrNotDrawn = errors.New("the raffle is not drawn yet")
	// ErrEnded reports a raffle that is drawn, called off or lapsed.
	ErrEnded = errors.New("the raffle has ended")
	// ErrTickets reports more tickets than a member may have.
	ErrTickets = errors.New("the member may not have so many tickets")
	// ErrNoEntry reports a member without tickets.
	ErrNoEntry = errors.New("the member has no ticket")
)

// Terms is a raffle as data.
type Terms struct {
	// ID is the caller's id: 1 to 64 bytes of UTF-8. Title is up to 200 bytes.
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
	// Opens and Closes bound when tickets are given out: [Opens, Closes), instants of the
	// years 1970 to 9000.
	Opens  time.Time `json:"opens"`
	Closes time.Time `json:"closes"`
	// DrawBy is until when the raffle is drawn, after Closes: from then on it cannot be
	// drawn, and [Collect] gives the points back.
	DrawBy time.Time `json:"drawBy"`
	// Unit and Points are the price of a ticket, 0 to 2^40 in the unit's smallest step; 0
	// points is free.
	Unit   string        `json:"unit,omitempty"`
	Points points.Amount `json:"points,omitempty"`
	// MaxTickets is how many a member may have, up to 100; 0 is 1. Who has more by a merge
	// keeps them, and gets no more.
	MaxTickets int64 `json:"maxTickets,omitempty"`
	// Winners is how many tickets are drawn, 1 to 1,000: first those who win, then those
	// who stand by.
	Winners int `json:"winners"`
	// Beacon names the public value, up to 200 bytes, that [Draw] mixes in, one that nobody
	// can know before Closes. Without one the shop can choose who wins: see package
	// rewards/experience/raffle.
	Beacon string `json:"beacon,omitempty"`
	// Commitment is what was published of the seed and of id, winners and beacon; see
	// raffle.Commitment.
	Commitment raffle.Digest `json:"commitment"`
}

// rules are what the commitment is made of.
func (t *Terms) rules() raffle.Rules {
	return raffle.Rules{Raffle: t.ID, Winners: t.Winners, Beacon: t.Beacon}
}

// most is how many tickets a member may have.
func (t *Terms) most() int64 { return max(t.MaxTickets, 1) }

func (t *Terms) problems() points.Problems {
	var problems points.Problems
	id(&problems, "raffle.id", t.ID, 64)
	if t.Title != "" {
		id(&problems, "raffle.title", t.Title, 200)
	}
	dated(&problems, "raffle.opens", t.Opens)
	dated(&problems, "raffle.closes", t.Closes)
	dated(&problems, "raffle.drawBy", t.DrawBy)
	if !t.Closes.After(t.Opens) {
		problems.Add("raffle.closes", "must be after opens")
	}
	if !t.DrawBy.After(t.Closes) {
		problems.Add("raffle.drawBy", "must be after closes: from then on tickets that were not drawn are paid back")
	}
	if t.Beacon != "" {
		id(&problems, "raffle.beacon", t.Beacon, 200)
	}
	if t.Unit != "" {
		id(&problems, "raffle.unit", t.Unit, 32)
	}
	if t.Points < 0 || t.Points > 1<<40 || t.Points > 0 && t.Unit == "" {
		problems.Add("raffle.points", "%d: must be 0 to %d, and of a unit", t.Points, points.Amount(1)<<40)
	}
	if t.MaxTickets < 0 || t.MaxTickets > 100 {
		problems.Add("raffle.maxTickets", "%d: must be 0 to 100", t.MaxTickets)
	}
	if t.Winners < 1 || t.Winners > 1000 {
		problems.Add("raffle.winners", "%d: must be 1 to 1000", t.Winners)
	}
	if t.Commitment == (raffle.Digest{}) {
		problems.Add("raffle.commitment", "is what binds the shop to its seed: see raffle.Commitment")
	}
	return problems
}

func dated(problems *points.Problems, path string, at time.Time) {
	if at.IsZero() || at.Year() < 1970 || at.Year() > 9000 {
		problems.Add(path, "must be in the years 1970 to 9000")
	}
}

func id(problems *points.Problems, path, value string, most int) {
	if err := points.CheckID(value, most); err != nil {
		problems.Add(path, "%v", err)
	}
}

// Status is where a raffle is.
type Status string

// The statuses of a raffle.
const (
	// Running gives out tickets, or waits for its draw.
	Running   Status = "running"
	Drawn     Status = "drawn"
	CalledOff Status = "called-off"
	// Lapsed was not drawn in time.
	Lapsed Status = "lapsed"
)

// stateDocument is what a raffle's record of its state holds; the status is the record's.
type stateDocument struct {
	raffle.Roll
	Seed    []byte  `json:"seed,omitempty"`
	Value   []byte  `json:"value,omitempty"`
	Winners []int64 `json:"winners,omitempty"`
}

// ticketDocument is what the record of a ticket holds; the id is its number.
type ticketDocument struct {
	Label string `json:"l"`
}

// entryDocument is what a member's record of a raffle holds.
type entryDocument struct {
	// As is the id by which the member entered.
	As      string        `json:"as"`
	Tickets []int64       `json:"tickets"`
	Unit    string        `json:"unit,omitempty"`
	Points  points.Amount `json:"points,omitempty"`
}

func ticketID(number int64) string { return fmt.Sprintf("%012d", number) }

func orderID(raffle, member string) string {
	sum := sha256.Sum256([]byte(member))
	return "raffle/" + raffle + "/" + hex.EncodeToString(sum[:12])
}

func house(raffle string) loyalty.House { return loyalty.House{Feature: Name, ID: raffle} }

func put(party *loyalty.Party, record storage.Record, document any) error {
	data, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("raffle: record %s %q: %w", record.Kind, record.ID, err)
	}
	record.Data = data
	return party.PutRecord(record)
}

func decode(record storage.Record, into any) error {
	if err := json.Unmarshal(record.Data, into); err != nil {
		return fmt.Errorf("raffle: record %s %q of %s: %w", record.Kind, record.ID, loyalty.AccountName(record.Member), err)
	}
	return nil
}

// drum is a raffle inside a command.
type drum struct {
	*loyalty.Party
	terms Terms
	state stateDocument
	row   storage.Record
}

// records names what a command loads of a raffle.
func records(raffle string) []loyalty.RecordRef {
	account := house(raffle).Account()
	return []loyalty.RecordRef{{Member: account, Kind: termsKind, ID: onlyID}, {Member: account, Kind: stateKind, ID: onlyID}}
}

func open(tx *loyalty.Tx, raffle string) (*drum, error) {
	party, err := tx.House(house(raffle))
	if err != nil {
		return nil, err
	}
	if !party.Enrolled() {
		return nil, fmt.Errorf("%w: %q", ErrNoRaffle, raffle)
	}
	d := &drum{Party: party}
	terms, _, err := party.Record(termsKind, onlyID)
	if err != nil {
		return nil, err
	}
	if err := decode(terms, &d.terms); err != nil {
		return nil, err
	}
	if d.row, _, err = party.Record(stateKind, onlyID); err != nil {
		return nil, err
	}
	return d, decode(d.row, &d.state)
}

// status is where the raffle is at an instant.
func (d *drum) status(now time.Time) Status {
	if status := Status(d.row.Status); status != Running || now.Before(d.terms.DrawBy) {
		return status
	}
	return Lapsed
}

func (d *drum) keep(status Status) error {
	d.row.Status = string(status)
	return put(d.Party, d.row, &d.state)
}
