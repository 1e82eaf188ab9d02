package raffle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards"
	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Open opens a raffle. It is about the raffle's house account and no member.
type Open struct {
	Key    string `json:"key"`
	Raffle Terms  `json:"raffle"`
	Reason string `json:"reason,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Open) CommandType() string { return "raffle-open" }

func housePlan(raffle, key, reason, actor string) loyalty.Plan {
	return loyalty.Plan{
		Houses: []loyalty.House{house(raffle)}, Key: key, Reference: raffle, Reason: reason, Actor: actor, Records: records(raffle),
	}
}

// Plan implements loyalty.Command.
func (c Open) Plan() loyalty.Plan { return housePlan(c.Raffle.ID, c.Key, c.Reason, c.Actor) }

// Validate reports every problem of the raffle.
func (c Open) Validate() error { return c.Raffle.problems().Err() }

// Apply implements loyalty.Command.
func (c Open) Apply(_ context.Context, tx *loyalty.Tx) error {
	if c.Raffle.Unit != "" {
		if unit, known := tx.Program().Unit(c.Raffle.Unit); !known || unit.Kind != points.Spendable {
			return fmt.Errorf("%w: %q", loyalty.ErrUnknownUnit, c.Raffle.Unit)
		}
	}
	if err := tx.Open(); err != nil {
		return err
	}
	d := &drum{Party: tx.Party, row: storage.Record{Kind: stateKind, ID: onlyID}}
	d.state.Roll = raffle.NewRoll(c.Raffle.ID)
	if err := put(tx.Party, storage.Record{Kind: termsKind, ID: onlyID}, c.Raffle); err != nil {
		return err
	}
	return d.keep(Running)
}

// Entry is what a member has of a raffle: what [Enter] and [Collect] answer.
type Entry struct {
	// ID is the entry's id among the member's where that is not the raffle's, as after a
	// merge of two members who had both entered.
	ID     string `json:"id,omitempty"`
	Raffle string `json:"raffle"`
	// Tickets are the numbers of the entry's tickets, Label their pseudonym in the
	// published list.
	Tickets []int64 `json:"tickets"`
	Label   string  `json:"label,omitempty"`
	// Status is the raffle's. Once it is drawn, Ranks has the places of those of the
	// tickets that were drawn, from 1.
	Status Status `json:"status"`
	Ranks  []int  `json:"ranks,omitempty"`
	// Returned is what came back of a raffle that was called off or has lapsed, in the
	// smallest step of its unit.
	Returned points.Amount `json:"returned,omitempty"`
}

// Of reads the [Entry] that an [Enter] or a [Collect] answered.
func Of(receipt loyalty.Receipt) (Entry, error) {
	var entry Entry
	if err := json.Unmarshal(receipt.Result, &entry); err != nil {
		return entry, fmt.Errorf("raffle: the receipt of %q has no entry: %w", receipt.Command, err)
	}
	return entry, nil
}

// Enter gives tickets to a member, who pays for them with points. Its receipt's Result is
// an [Entry].
type Enter struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Raffle string `json:"raffle"`
	// Tickets is how many, 1 to 100; a raffle bounds how many a member has in all.
	Tickets int64 `json:"tickets"`
	// Unit and Points are the price of all of them that the member was shown, in the unit's
	// smallest step; any other is a [loyalty.PriceError].
	Unit       string        `json:"unit,omitempty"`
	Points     points.Amount `json:"points,omitempty"`
	OccurredAt time.Time     `json:"occurredAt,omitzero"`
	Reason     string        `json:"reason,omitempty"`
	Actor      string        `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Enter) CommandType() string { return "raffle-enter" }

// Plan implements loyalty.Command.
func (c Enter) Plan() loyalty.Plan {
	plan := loyalty.Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Raffle,
		Houses:  []loyalty.House{house(c.Raffle)},
		Records: append(records(c.Raffle), loyalty.RecordRef{Kind: entryKind, ID: c.Raffle}, loyalty.RecordRef{Kind: entryKind, ID: mergedID(c.Raffle, 2)}),
	}
	if c.Points > 0 {
		pays := c.spend(c.Member).Plan()
		plan.Records, plan.Debits = append(plan.Records, pays.Records...), pays.Debits
	}
	return plan
}

func (c Enter) spend(member string) loyalty.Spend {
	return loyalty.Spend{Member: member, Key: c.Key, Unit: c.Unit, Points: c.Points, Order: orderID(c.Raffle, member)}
}

// Validate reports every problem of the entry.
func (c Enter) Validate() error {
	var problems points.Problems
	id(&problems, "raffle", c.Raffle, 64)
	if c.Tickets < 1 || c.Tickets > 100 {
		problems.Add("tickets", "%d: must be 1 to 100", c.Tickets)
	}
	if c.Unit != "" {
		id(&problems, "unit", c.Unit, 32)
	}
	if c.Points < 0 || c.Points > 0 && c.Unit == "" {
		problems.Add("points", "%d: must be 0 or more, and of a unit", c.Points)
	}
	return problems.Err()
}

// price says what so many tickets cost.
func (d *drum) price(tx *loyalty.Tx, c Enter) error {
	unit, _ := tx.Program().Unit(d.terms.Unit)
	return &loyalty.PriceError{
		What: "the tickets", Scale: unit.Scale,
		Price: rewards.Cost{Unit: d.terms.Unit, Points: d.terms.Points * points.Amount(c.Tickets)},
		Shown: rewards.Cost{Unit: c.Unit, Points: c.Points},
	}
}

// Apply implements loyalty.Command.
func (c Enter) Apply(ctx context.Context, tx *loyalty.Tx) error {
	feature, ok := tx.Feature(Name).(Feature)
	if !ok || len(feature.Salt) < 16 {
		return errors.New("raffle: list raffle.Feature in loyalty.Options.Features, with a Salt of at least 16 bytes")
	}
	d, err := open(tx, c.Raffle)
	if err != nil {
		return err
	}
	switch {
	case d.status(tx.Now()) != Running:
		return ErrEnded
	case tx.Now().Before(d.terms.Opens) || !tx.Now().Before(d.terms.Closes):
		return fmt.Errorf("%w: it gives out tickets from %s to %s", ErrNotOpen, d.terms.Opens.Format(time.RFC3339), d.terms.Closes.Format(time.RFC3339))
	case c.Points != d.terms.Points*points.Amount(c.Tickets) || c.Points > 0 && c.Unit != d.terms.Unit:
		return d.price(tx, c)
	}
	if err := tx.CanRedeem(); err != nil {
		return err
	}
	row, exists, err := tx.Record(entryKind, c.Raffle)
	if err != nil {
		return err
	}
	entry := entryDocument{As: tx.Member(), Unit: d.terms.Unit}
	if exists {
		if err := decode(row, &entry); err != nil {
			return err
		}
	}
	others, err := ticketsByMerges(tx, c.Raffle)
	if err != nil {
		return err
	}
	if has := int64(len(entry.Tickets)) + others; has+c.Tickets > d.terms.most() {
		return fmt.Errorf("%w: %d of at most %d are there", ErrTickets, has, d.terms.most())
	}
	label := raffle.Label(feature.Salt, c.Raffle, entry.As)
	for range c.Tickets {
		number := d.state.Add(label)
		entry.Tickets = append(entry.Tickets, number)
		if err := put(d.Party, storage.Record{Kind: ticketKind, ID: ticketID(number)}, ticketDocument{Label: label}); err != nil {
			return err
		}
	}
	if c.Points > 0 {
		if err := c.spend(entry.As).Apply(ctx, tx); err != nil {
			return err
		}
		entry.Points += c.Points
	}
	if err := put(tx.Party, storage.Record{Kind: entryKind, ID: c.Raffle, Reference: c.Raffle, Status: string(Running)}, entry); err != nil {
		return err
	}
	if err := d.keep(Running); err != nil {
		return err
	}
	return tx.Answer(Entry{Raffle: c.Raffle, Tickets: entry.Tickets, Label: label, Status: Running})
}

// ticketsByMerges counts the tickets of the member's entries that came by merges.
func ticketsByMerges(tx *loyalty.Tx, raffle string) (int64, error) {
	var tickets int64
	for n := 2; ; n++ {
		row, exists, err := tx.Record(entryKind, mergedID(raffle, n))
		if err != nil || !exists {
			return tickets, err
		}
		var entry entryDocument
		if err := decode(row, &entry); err != nil {
			return tickets, err
		}
		tickets += int64(len(entry.Tickets))
	}
}

// Draw reveals the seed of a raffle that has closed, and draws, before its Terms.DrawBy. Its receipt's Result is
// the numbers of the winning tickets, the first winner first.
type Draw struct {
	Key    string `json:"key"`
	Raffle string `json:"raffle"`
	// Seed is what the commitment was made of: 32 bytes.
	Seed []byte `json:"seed"`
	// Value is what the beacon of the terms gave, up to 1,024 bytes; nothing without one.
	Value  []byte `json:"value,omitempty"`
	Reason string `json:"reason,omitempty"`
	Actor  string `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Draw) CommandType() string { return "raffle-draw" }

// Plan implements loyalty.Command.
func (c Draw) Plan() loyalty.Plan { return housePlan(c.Raffle, c.Key, c.Reason, c.Actor) }

// Validate reports every problem of the draw.
func (c Draw) Validate() error {
	var problems points.Problems
	id(&problems, "raffle", c.Raffle, 64)
	if len(c.Seed) != raffle.SeedSize {
		problems.Add("seed", "must have %d bytes, has %d", raffle.SeedSize, len(c.Seed))
	}
	if len(c.Value) > 1024 {
		problems.Add("value", "must have at most 1024 bytes, has %d", len(c.Value))
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Draw) Apply(_ context.Context, tx *loyalty.Tx) error {
	d, err := open(tx, c.Raffle)
	switch {
	case err != nil:
		return err
	case d.status(tx.Now()) != Running:
		return ErrEnded
	case tx.Now().Before(d.terms.Closes):
		return fmt.Errorf("%w: it closes at %s", ErrNotDrawn, d.terms.Closes.Format(time.RFC3339))
	case (d.terms.Beacon == "") != (len(c.Value) == 0):
		return fmt.Errorf("%w: the beacon is %q", raffle.ErrValue, d.terms.Beacon)
	}
	if err := raffle.Opens(d.terms.rules(), c.Seed, d.terms.Commitment); err != nil {
		return err
	}
	if d.state.Winners, err = raffle.Winners(c.Seed, d.state.Roll, c.Value, d.terms.Winners); err != nil {
		return err
	}
	d.state.Seed, d.state.Value = slices.Clone(c.Seed), slices.Clone(c.Value)
	if err := d.keep(Drawn); err != nil {
		return err
	}
	return tx.Answer(d.state.Winners)
}

// CallOff ends a raffle without a draw: members get their points back by [Collect]. One that
// is drawn, called off or has lapsed is [ErrEnded].
type CallOff struct {
	Key    string `json:"key"`
	Raffle string `json:"raffle"`
	Reason string `json:"reason"`
	Actor  string `json:"actor"`
}

// CommandType implements loyalty.Typed.
func (CallOff) CommandType() string { return "raffle-call-off" }

// Plan implements loyalty.Command.
func (c CallOff) Plan() loyalty.Plan { return housePlan(c.Raffle, c.Key, c.Reason, c.Actor) }

// Validate reports a bad raffle, and a missing reason or actor.
func (c CallOff) Validate() error {
	var problems points.Problems
	id(&problems, "raffle", c.Raffle, 64)
	if c.Reason == "" {
		problems.Add("reason", "must say why")
	}
	if c.Actor == "" {
		problems.Add("actor", "must say who")
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c CallOff) Apply(_ context.Context, tx *loyalty.Tx) error {
	d, err := open(tx, c.Raffle)
	if err != nil {
		return err
	}
	if d.status(tx.Now()) != Running {
		return ErrEnded
	}
	return d.keep(CalledOff)
}

// Collect tells a member, once, what their tickets have won, and gives the points back of a
// raffle that was called off or has lapsed. Its receipt's Result is an [Entry].
type Collect struct {
	Member string `json:"member"`
	Key    string `json:"key"`
	Raffle string `json:"raffle"`
	// Entry is the id of the entry where it is not the raffle's, as after a merge of two
	// members who had both entered; [Entries] tells.
	Entry      string    `json:"entry,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Reason     string    `json:"reason,omitempty"`
	Actor      string    `json:"actor,omitempty"`
}

// CommandType implements loyalty.Typed.
func (Collect) CommandType() string { return "raffle-collect" }

// entry is the id of the entry's record.
func (c Collect) entry() string {
	if c.Entry != "" {
		return c.Entry
	}
	return c.Raffle
}

// Plan implements loyalty.Command.
func (c Collect) Plan() loyalty.Plan {
	refund := loyalty.Refund{Member: c.Member, Order: orderID(c.Raffle, c.Member)}.Plan()
	return loyalty.Plan{
		Member: c.Member, Key: c.Key, OccurredAt: c.OccurredAt, Reason: c.Reason, Actor: c.Actor, Reference: c.Raffle,
		Houses:  []loyalty.House{house(c.Raffle)},
		Records: slices.Concat(records(c.Raffle), []loyalty.RecordRef{{Kind: entryKind, ID: c.entry()}}, refund.Records),
	}
}

// Validate reports every problem of the collection.
func (c Collect) Validate() error {
	var problems points.Problems
	id(&problems, "raffle", c.Raffle, 64)
	if c.Entry != "" {
		id(&problems, "entry", c.Entry, 128)
	}
	return problems.Err()
}

// Apply implements loyalty.Command.
func (c Collect) Apply(ctx context.Context, tx *loyalty.Tx) error {
	d, err := open(tx, c.Raffle)
	if err != nil {
		return err
	}
	status := d.status(tx.Now())
	row, exists, err := tx.Record(entryKind, c.entry())
	switch {
	case err != nil:
		return err
	case !exists || row.Reference != c.Raffle:
		return fmt.Errorf("%w: %q", ErrNoEntry, c.Raffle)
	case status == Running:
		return ErrNotDrawn
	case row.Status != string(Running):
		return fmt.Errorf("%w: the tickets were collected", loyalty.ErrAlreadyDone)
	}
	var entry entryDocument
	if err := decode(row, &entry); err != nil {
		return err
	}
	if c.Entry == c.Raffle {
		c.Entry = ""
	}
	answer := Entry{ID: c.Entry, Raffle: c.Raffle, Tickets: entry.Tickets, Status: status, Ranks: ranks(d.state.Winners, entry.Tickets)}
	if status != Drawn && entry.Points > 0 {
		if answer.Returned, err = c.payBack(ctx, tx, &entry); err != nil {
			return err
		}
	}
	row.Status = string(status)
	if err := tx.PutRecord(row); err != nil {
		return err
	}
	return errors.Join(d.keep(status), tx.Answer(answer))
}

// payBack gives back what is left of what the tickets cost.
func (c Collect) payBack(ctx context.Context, tx *loyalty.Tx, entry *entryDocument) (points.Amount, error) {
	order := orderID(c.Raffle, entry.As)
	left, err := tx.LeftOfPayment(order, entry.Unit)
	if err != nil {
		return 0, err
	}
	back := min(entry.Points, left)
	if back == 0 {
		return 0, nil
	}
	refund := loyalty.Refund{Member: entry.As, Key: c.Key, Order: order, PointsBack: []loyalty.PointsBack{{Unit: entry.Unit, Points: back}}}
	return back, refund.Apply(ctx, tx)
}

// ranks lists the places of tickets among the winners, from 1.
func ranks(winners, tickets []int64) []int {
	var ranks []int
	for i, winner := range winners {
		if slices.Contains(tickets, winner) {
			ranks = append(ranks, i+1)
		}
	}
	return ranks
}
