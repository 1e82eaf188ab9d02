package referral

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Name is the name of the feature.
const Name = "referral"

// What the feature keeps: the codes of a member, the referrals by which they came, and one
// record for each friend whom they have referred.
const (
	codesKind  = "referral-codes"
	joinedKind = "referral-joined"
	madeKind   = "referral-made"
	onlyID     = "referral"
)

// The spaces of claims.
const (
	codeSpace   = "referral-code"
	friendSpace = "referral-friend"
	printSpace  = "referral-fingerprint"
)

// waiting is the reference of a record of which a [Desk] may have something to do.
const waiting = "waiting"

// Feature is the feature with its terms, as [New] makes it: list it in
// loyalty.Options.Features.
type Feature struct {
	terms Terms
	made  bool
}

// New returns the feature for terms, or what is wrong with them.
func New(terms Terms) (Feature, error) {
	if err := terms.Validate(); err != nil {
		return Feature{}, fmt.Errorf("referral: %w: %w", loyalty.ErrInvalid, err)
	}
	terms.Minimum = slices.Clone(terms.Minimum)
	return Feature{terms: terms, made: true}, nil
}

var (
	_ loyalty.Feature  = Feature{}
	_ loyalty.Merger   = Feature{}
	_ loyalty.Exporter = Feature{}
	_ loyalty.Eraser   = Feature{}
)

// Name implements loyalty.Feature.
func (Feature) Name() string { return Name }

// Kinds implements loyalty.Feature.
func (Feature) Kinds() []string { return []string{codesKind, joinedKind, madeKind} }

// Commands implements loyalty.Feature.
func (Feature) Commands() []loyalty.Command {
	return []loyalty.Command{Issue{}, Revoke{}, Accept{}, Qualify{}, Review{}, Pay{}, Deny{}}
}

// Terms returns the terms of the feature.
func (f Feature) Terms() Terms {
	terms := f.terms
	terms.Minimum = slices.Clone(terms.Minimum)
	return terms
}

// termsOf are the terms that the engine has.
func termsOf(tx *loyalty.Tx) (*Terms, error) {
	feature, ok := tx.Feature(Name).(Feature)
	if !ok || !feature.made {
		return nil, errors.New("referral: list the Feature that referral.New returns in loyalty.Options.Features")
	}
	return &feature.terms, nil
}

// State is where a referral is.
type State string

// The states of a referral.
const (
	// Accepted waits for an order of the friend.
	Accepted State = "accepted"
	// Qualified has an order, whose cooling-off runs or waits for its [Review].
	Qualified State = "qualified"
	// Cleared is decided, and the side's reward is still to be booked.
	Cleared State = "cleared"
	// Paid has the side's reward.
	Paid State = "paid"
	// Withdrawn lost its order to a refund. Another order may count, within its time.
	Withdrawn State = "withdrawn"
	// Lapsed had no order in time. It is told, and not stored.
	Lapsed State = "lapsed"
	// Denied ended without a reward.
	Denied State = "denied"
	// Revoked is to give its reward back, and Reversed has.
	Revoked  State = "revoked"
	Reversed State = "reversed"
)

// Why says why a referral is where it is.
type Why string

// The reasons of states.
const (
	// Refunded is one whose order came back, so that too little of it is left.
	Refunded Why = "refunded"
	// Self is one of two who turned out to be one member.
	Self Why = "self"
	// Twice is one of a friend who turned out to be a member who was referred before.
	Twice Why = "referred-before"
	// NotNew is one of a friend who turned out to be an old customer.
	NotNew Why = "not-new"
	// Gone is one of a member who was closed or erased meanwhile.
	Gone Why = "gone"
	// BySupport is one that somebody ended by a [Deny].
	BySupport Why = "support"
	// Unrewarded is one that came to nothing, since the program did not know its activity
	// any more.
	Unrewarded Why = "unrewarded"
)

// Grant is what a reward came to, of a unit in its smallest step.
type Grant struct {
	Unit   string        `json:"unit"`
	Points points.Amount `json:"points"`
}

// document is what each side keeps of a referral. Only the friend's has the order.
type document struct {
	// Friend and Referrer are the ids of both when it was accepted.
	Friend   string `json:"friend,omitempty"`
	Referrer string `json:"referrer,omitempty"`
	State    State  `json:"state"`
	Why      Why    `json:"why,omitempty"`
	Offer    Offer  `json:"offer,omitzero"`
	// New is how long before the acceptance the friend may have joined.
	New   points.Span `json:"new,omitzero"`
	At    time.Time   `json:"at"`
	Until time.Time   `json:"until"`
	// Version is that of the friend's account at the acceptance.
	Version   int64     `json:"version,omitempty"`
	Order     string    `json:"order,omitempty"`
	Currency  string    `json:"currency,omitempty"`
	OrderedAt time.Time `json:"orderedAt,omitzero"`
	PayAt     time.Time `json:"payAt,omitzero"`
	Granted   []Grant   `json:"granted,omitempty"`
	PaidAt    time.Time `json:"paidAt,omitzero"`
	// Prints are the fingerprints that the friend has claimed.
	Prints []string `json:"prints,omitempty"`
}

// open reports whether the referral is not at an end.
func (d *document) open() bool {
	switch d.State {
	case Accepted, Withdrawn, Qualified, Cleared, Paid:
		return true
	default:
		return false
	}
}

// owes reports whether something is to be booked on this side.
func (d *document) owes() bool { return d.State == Cleared || d.State == Revoked }

// waits reports whether a desk has something to do about this side, by now or later.
func (d *document) waits() bool { return d.State == Qualified || d.owes() }

// deny ends a referral that is not paid, and reports whether it did. One that is paid is to
// give its reward back where the offer says so, or it must.
func (d *document) deny(why Why, must bool) bool {
	switch {
	case d.State == Paid && (must || d.Offer.ClawBack):
		d.State = Revoked
	case d.State == Accepted || d.State == Withdrawn || d.State == Qualified || d.State == Cleared:
		d.State = Denied
	default:
		return false
	}
	d.Why = why
	return true
}

// joined is what a member keeps of how they came: one referral, or several where members
// were merged.
type joined struct {
	List []document `json:"list"`
}

func (j *joined) waits() bool {
	return slices.ContainsFunc(j.List, func(d document) bool { return d.waits() })
}

// codes is what a member keeps of their codes: the one that is theirs first, and those that
// came by merges. Prints are their fingerprints.
type codes struct {
	Codes  []Code   `json:"codes,omitempty"`
	Prints []string `json:"prints,omitempty"`
}

func joinedOf(p *loyalty.Party) (joined, error) {
	var j joined
	return j, read(p, joinedKind, onlyID, &j)
}

func putJoined(p *loyalty.Party, j *joined) error {
	record := storage.Record{Kind: joinedKind, ID: onlyID}
	if j.waits() {
		record.Reference = waiting
	}
	return put(p, record, j)
}

// madeOf returns what a member keeps of a friend, and whether they do.
func madeOf(p *loyalty.Party, friend string) (document, bool, error) {
	var d document
	err := read(p, madeKind, digest(friend), &d)
	return d, d.State != "", err
}

func putMade(p *loyalty.Party, friend string, d *document) error {
	return putMadeAs(p, digest(friend), d)
}

func putMadeAs(p *loyalty.Party, id string, d *document) error {
	record := storage.Record{Kind: madeKind, ID: id}
	if d.waits() {
		record.Reference = waiting
	}
	return put(p, record, d)
}

func codesOf(p *loyalty.Party) (codes, error) {
	var c codes
	return c, read(p, codesKind, onlyID, &c)
}

// read decodes a record, where there is one that was not erased.
func read(p *loyalty.Party, kind, id string, into any) error {
	row, exists, err := p.Record(kind, id)
	if err != nil || !exists || len(row.Data) == 0 {
		return err
	}
	return decode(row, into)
}

func decode(row storage.Record, into any) error {
	if err := json.Unmarshal(row.Data, into); err != nil {
		return fmt.Errorf("referral: record %s %q of %s: %w", row.Kind, row.ID, loyalty.AccountName(row.Member), err)
	}
	return nil
}

func put(p *loyalty.Party, record storage.Record, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("referral: record %s %q: %w", record.Kind, record.ID, err)
	}
	record.Data = data
	return p.PutRecord(record)
}

// digest stands for a member in the key of a record or claim.
func digest(member string) string {
	sum := sha256.Sum256([]byte(member))
	return hex.EncodeToString(sum[:12])
}

// event is the data of an event of a referral.
type event struct {
	State State     `json:"state"`
	Why   Why       `json:"why,omitempty"`
	With  string    `json:"with"`
	PayAt time.Time `json:"payAt,omitzero"`
}

// tell emits what became of a referral, to a side about the other one.
func tell(p *loyalty.Party, d *document, with string) error {
	return p.Emit("referral-"+string(d.State), event{State: d.State, Why: d.Why, With: with, PayAt: d.PayAt})
}
