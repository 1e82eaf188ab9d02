package loyalty

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Question says what [Engine.Explain] is to explain: an entry, or what a member has of
// a unit.
type Question struct {
	// Entry names an entry of the account, by the version that wrote it.
	Entry points.EntryRef
	// Unit asks for a balance of that unit, such as "bean", where Entry is zero.
	Unit string
	// After is the Next of the explanation before, to go on where it ended; empty begins.
	After string
}

// Explanation says what is behind a balance or an entry. String reads it out.
type Explanation struct {
	// Member is whose it is: the survivor, where the id was merged.
	Member string `json:"member"`
	Unit   string `json:"unit"`
	Scale  int    `json:"scale,omitempty"`
	// Zone is the program's time zone, in which String renders dates. All times are UTC.
	Zone string `json:"zone,omitempty"`
	// Balance is set where a balance was asked for.
	Balance *points.Balance `json:"balance,omitempty"`
	// Entry and Operation are set where an entry was asked for.
	Entry     *points.Entry  `json:"entry,omitempty"`
	Operation *OperationName `json:"operation,omitempty"`
	// Lots are the lots behind it, in the order in which they are spent, each with
	// where its points came from.
	Lots []ExplainedLot `json:"lots,omitempty"`
	// Counted sums a metric by rule. Owed lists the entries that made debt: the last ones,
	// as many as make up what is owed now. They come with the first part.
	Counted []RuleSum `json:"counted,omitempty"`
	Owed    []Credit  `json:"owed,omitempty"`
	// Next, unless empty, says that there is more behind it: ask the same with it in
	// [Question.After]. A lot with many credits goes on in the next part, with the others
	// of its credits.
	Next string `json:"next,omitempty"`
}

// OperationName says which operation of whom it is.
type OperationName struct {
	Member    string    `json:"member"`
	Version   int64     `json:"version"`
	Type      string    `json:"type"`
	Key       string    `json:"key,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Actor     string    `json:"actor,omitempty"`
	Reference string    `json:"reference,omitempty"`
	At        time.Time `json:"at"`
}

// ExplainedLot is a lot and where its points came from.
type ExplainedLot struct {
	points.Lot
	// Credits are the entries by which the points were first earned, followed back
	// through confirmations, consolidations, transfers, merges and reinstatements.
	Credits []Credit `json:"credits,omitempty"`
}

// Credit is an entry by which points came into the program's books, or debt into an
// account's.
type Credit struct {
	Operation OperationName `json:"operation"`
	Entry     points.Entry  `json:"entry"`
	// Why is the sentence about the rule, in English, where a rule is behind it.
	Why string `json:"why,omitempty"`
	// Way names what the points went through since, the last first.
	Way []string `json:"way,omitempty"`
}

// RuleSum is what a rule counted of a metric, less what was taken back.
type RuleSum struct {
	Rule   string        `json:"rule,omitempty"`
	Points points.Amount `json:"points"`
}

// The bounds of one part of an explanation.
const (
	explainLots    = 100
	explainCredits = 1000
)

// explainDepth is more than a lot's points can have gone through.
const explainDepth = 10_000

// Explain says which rule, revision, order and lots are behind an entry, or behind
// what a member has of a unit now. Points are followed back to where they were
// earned, also under another member. An explanation has up to 100 lots and 1000 credits;
// where there is more, Next goes on, until it is empty.
func (e *Engine) Explain(ctx context.Context, member string, question Question) (Explanation, error) {
	x := &explaining{engine: e, ctx: ctx}
	err := x.after.read(question.After)
	if err != nil {
		return Explanation{}, fmt.Errorf("loyalty: explain %s: %w", AccountName(member), err)
	}
	if question.Entry == (points.EntryRef{}) {
		err = x.balance(member, question.Unit)
	} else {
		err = x.entry(member, question.Entry)
	}
	if err != nil {
		return Explanation{}, fmt.Errorf("loyalty: explain %s: %w", AccountName(member), err)
	}
	if unit, ok := e.present().Unit(x.Unit); ok {
		x.Scale = unit.Scale
	}
	x.Zone = e.present().Zone
	return x.Explanation, nil
}

type explaining struct {
	Explanation
	engine *Engine
	ctx    context.Context //nolint:containedctx // it lives within one call of Explain
	// after is where the part before ended; seen counts the credits of the lot that is
	// followed, told their points, count those of this part.
	after explained
	seen  int
	told  points.Amount
	count int
	// met holds the lots of others that the lot that is followed was looked for among, and
	// gone whether a member was erased.
	met  map[lotOf]bool
	gone map[string]bool
}

func (x *explaining) balance(member, unit string) error {
	if unit == "" {
		return invalid("question", "say the unit of a balance, or an entry")
	}
	known, ok := x.engine.present().Unit(unit)
	if !ok {
		return fmt.Errorf("%w: %w", ErrUnknownUnit, invalid("unit", "%q is not a unit of the program", unit))
	}
	m, err := x.engine.Member(x.ctx, member)
	if err != nil {
		return err
	}
	b := m.Balance(unit)
	x.Member, x.Unit, x.Balance = m.ID, unit, &b
	if known.Kind == points.Metric {
		return x.metric()
	}
	for _, lot := range m.Lots {
		if lot.Unit != unit {
			continue
		}
		if x.after.passed(lot) {
			continue
		}
		if len(x.Lots) == explainLots || x.Next != "" {
			x.Next = cmp.Or(x.Next, explained{lot: lot}.String())
			break
		}
		if err := x.lot(m.ID, lot); err != nil {
			return err
		}
	}
	if b.Debt == 0 || x.after.set {
		return nil
	}
	return x.debt(b.Debt)
}

// metric sums what rules counted.
func (x *explaining) metric() error {
	for entry, err := range storage.AllEntries(x.ctx, x.engine.store, x.query(x.Member, 0)) {
		if err != nil {
			return err
		}
		if entry.Unit != x.Unit {
			continue
		}
		amount := entry.Amount
		if entry.From == points.Counted {
			amount = -amount
		}
		i := slices.IndexFunc(x.Counted, func(s RuleSum) bool { return s.Rule == entry.Rule })
		if i < 0 {
			i, x.Counted = len(x.Counted), append(x.Counted, RuleSum{Rule: entry.Rule})
		}
		x.Counted[i].Points += amount
	}
	return nil
}

// debt lists the last entries that made debt, as many as make up what is owed.
func (x *explaining) debt(owed points.Amount) error {
	var made []storage.Entry
	sum := points.Amount(0)
	for entry, err := range storage.AllEntries(x.ctx, x.engine.store, x.query(x.Member, 0)) {
		if err != nil {
			return err
		}
		if entry.Unit != x.Unit || entry.From != points.Debt {
			continue
		}
		made, sum = append(made, entry), sum+entry.Amount
		for sum-made[0].Amount >= owed {
			sum -= made[0].Amount
			made = made[1:]
		}
	}
	for i := range made {
		op, _, err := x.operation(x.Member, made[i].Version)
		if err != nil {
			return err
		}
		entry, err := x.restored(op, made[i].Entry)
		if err != nil {
			return err
		}
		x.Owed = append(x.Owed, Credit{Operation: op, Entry: entry})
	}
	return nil
}

func (x *explaining) entry(member string, ref points.EntryRef) error {
	if _, err := x.engine.living(x.ctx, member); err != nil {
		return err
	}
	op, _, err := x.operation(member, ref.Version)
	if err != nil {
		return err
	}
	entries, err := x.entries(member, ref.Version)
	if err != nil {
		return err
	}
	if ref.Ordinal < 0 || ref.Ordinal >= len(entries) {
		return fmt.Errorf("%w: entry %d.%d", ErrNoEntry, ref.Version, ref.Ordinal)
	}
	entry, err := x.restored(op, entries[ref.Ordinal])
	if err != nil {
		return err
	}
	x.Member, x.Unit, x.Entry, x.Operation = member, entry.Unit, &entry, &op
	if entry.Lot == 0 {
		return nil
	}
	snaps, err := x.engine.store.Load(x.ctx, []storage.LoadRequest{{Program: x.engine.program, Member: member, Lots: []points.LotID{entry.Lot}}})
	if err != nil {
		return err
	}
	if len(snaps[0].Lots) == 0 {
		return fmt.Errorf("lot %d is missing: verify the ledger", entry.Lot)
	}
	return x.lot(member, snaps[0].Lots[0].Lot)
}

func (x *explaining) lot(member string, lot points.Lot) error {
	x.seen, x.told, x.met = 0, 0, nil
	behind := ExplainedLot{Lot: lot}
	err := x.follow(&behind, member, lot.ID, nil)
	x.Lots = append(x.Lots, behind)
	return err
}

// follow goes back to the entries by which the points of a lot were earned. The lot's
// id says which version made it.
func (x *explaining) follow(to *ExplainedLot, member string, id points.LotID, way []string) error {
	version := int64(id) / lotsPerVersion
	entries, err := x.entries(member, version)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		step := append(slices.Clip(way), fmt.Sprintf("%s %d of %s", entry.Kind, version, whose(member)))
		switch {
		case x.Next != "":
			return nil
		case len(way) >= explainDepth:
			return fmt.Errorf("lot %d went through more than %d entries: verify the ledger", to.ID, explainDepth)
		case entry.Into == id && id > 0:
			err = x.follow(to, member, entry.Lot, step)
		case entry.Lot != id || entry.From.Member() || entry.Kind == points.EntryReturn:
			continue
		case entry.Into < 0:
			err = x.follow(to, entry.Reference, -entry.Into, step)
		case entry.Kind == points.EntryReinstate:
			err = x.corrected(to, member, entry.Corrects, step)
		default:
			err = x.credit(to, member, version, entry, way)
		}
		if found = true; err != nil {
			return err
		}
	}
	if found {
		return nil
	}
	return x.elsewhere(to, member, id, way)
}

// credit adds the entry that brought points into the books.
func (x *explaining) credit(to *ExplainedLot, member string, version int64, entry points.Entry, way []string) error {
	x.seen, x.told = x.seen+1, x.told+entry.Amount
	switch {
	case x.after.set && x.after.lot.ID == to.ID && x.seen <= x.after.credits:
		return nil
	case x.count == explainCredits:
		x.Next = explained{lot: to.Lot, credits: x.seen - 1}.String()
		return nil
	}
	op, receipt, err := x.operation(member, version)
	if err != nil {
		return err
	}
	if entry, err = x.restored(op, entry); err != nil {
		return err
	}
	x.count++
	to.Credits = append(to.Credits, Credit{Operation: op, Entry: entry, Why: x.why(entry, receipt), Way: way})
	return nil
}

// why is the sentence about a credit's rule: as the receipt has it, else as its
// revision does.
func (x *explaining) why(entry points.Entry, receipt *Receipt) string {
	if entry.Rule == "" {
		return ""
	}
	if receipt != nil {
		for i := range receipt.Awards {
			award := &receipt.Awards[i]
			for j := range award.Rules {
				if award.Lot == entry.Lot && award.Rules[j].Rule == entry.Rule {
					return receipt.why(entry.Unit, &award.Rules[j])
				}
			}
		}
	}
	if entry.Revision < 1 || entry.Revision > int64(len(x.engine.revisions)) {
		return ""
	}
	rev := x.engine.revisions[entry.Revision-1]
	rule := rev.rule(entry.Rule)
	if rule == nil {
		return ""
	}
	described := RuleReceipt{Rule: rule.Code}
	described.describe(rule)
	if rule.Spend != nil {
		unit, _ := rev.Unit(entry.Unit)
		return fmt.Sprintf("%s %s %s %s %s", unit.Format(described.Rate), entry.Unit, described.per(), rule.Spend.Currency, described.Per)
	}
	return Receipt{Scales: rev.scales()}.why(entry.Unit, &described)
}

func (x *explaining) query(member string, from int64) storage.MemberQuery {
	return storage.MemberQuery{Program: x.engine.program, Member: member, From: from, Limit: 1000}
}

// restored is an entry with what it is about.
func (x *explaining) restored(op OperationName, entry points.Entry) (points.Entry, error) {
	if gone, err := x.erased(op.Member); err != nil {
		return entry, err
	} else if gone && reserved(entry.Reference) {
		entry.Reference = ""
		return entry, nil
	}
	one := []recounted{{Operation: storage.Operation{Reference: op.Reference}, entries: []points.Entry{entry}}}
	err := x.engine.restoreReferences(x.ctx, op.Member, one)
	return one[0].entries[0], err
}

// entries returns the entries of one version, as their rows have them.
func (x *explaining) entries(member string, version int64) ([]points.Entry, error) {
	var entries []points.Entry
	query := x.query(member, version)
	query.Limit = 100
	for entry, err := range storage.AllEntries(x.ctx, x.engine.store, query) {
		if err != nil || entry.Version != version {
			return entries, err
		}
		entries = append(entries, entry.Entry)
	}
	return entries, nil
}

// operation names an operation, and returns its receipt where it has one.
func (x *explaining) operation(member string, version int64) (OperationName, *Receipt, error) {
	query := x.query(member, version)
	query.Limit = 1
	page, err := x.engine.store.Operations(x.ctx, query)
	if err != nil {
		return OperationName{}, nil, err
	}
	if len(page.Items) == 0 || page.Items[0].Version != version {
		return OperationName{}, nil, fmt.Errorf("%w: operation %d of %s", ErrNoEntry, version, AccountName(member))
	}
	op, err := newOperation(recounted{Operation: page.Items[0]})
	if err != nil {
		return OperationName{}, nil, err
	}
	gone, err := x.erased(member)
	if err != nil {
		return OperationName{}, nil, err
	}
	if gone {
		return OperationName{Member: member, Version: version, Type: op.Type, At: op.OccurredAt}, nil, nil
	}
	name := OperationName{
		Member: member, Version: version, Type: op.Type, Key: op.Key, Reason: op.Reason, Actor: op.Actor, Reference: op.Reference,
		At: op.OccurredAt,
	}
	return name, op.Receipt, nil
}

// String reads the explanation out in English, a line per fact.
func (x Explanation) String() string {
	var b strings.Builder
	unit := points.Unit{Code: x.Unit, Scale: x.Scale}
	if x.Entry != nil {
		e := x.Entry
		fmt.Fprintf(&b, "%s %s %s: %s to %s, by %s", e.Kind, unit.Format(e.Amount), e.Unit, e.From, e.To, x.Operation.words(x.Zone))
	}
	if x.Balance != nil {
		b.WriteString(x.Member + " has " + Receipt{Scales: map[string]int{x.Unit: x.Scale}}.balance(*x.Balance))
	}
	for _, sum := range x.Counted {
		fmt.Fprintf(&b, "\n%s by %s", unit.Format(sum.Points), orHand(sum.Rule))
	}
	for _, lot := range x.Lots {
		fmt.Fprintf(&b, "\nlot %d: %s", lot.ID, unit.Format(lot.Remaining))
		if lot.Original > 0 { // Otherwise it was made for points that come back.
			b.WriteString(" of " + unit.Format(lot.Original))
		}
		fmt.Fprintf(&b, " left, %s", lot.State)
		if lot.Held > 0 {
			fmt.Fprintf(&b, ", %s on hold", unit.Format(lot.Held))
		}
		if !points.IsNever(lot.ExpiresAt) {
			b.WriteString(", until " + inZone(lot.ExpiresAt, x.Zone).Format("2 Jan 2006 15:04 MST"))
		}
		for i := range lot.Credits {
			b.WriteString("\n  " + lot.Credits[i].words(unit, x.Zone))
		}
	}
	for i := range x.Owed {
		b.WriteString("\nowed since " + x.Owed[i].words(unit, x.Zone))
	}
	if x.Next != "" {
		b.WriteString("\nand more")
	}
	return b.String()
}

func orHand(rule string) string {
	if rule == "" {
		return "no rule"
	}
	return "rule " + rule
}

func (o *OperationName) words(zone string) string {
	text := o.Type
	if o.Reference != "" {
		text += " " + o.Reference
	}
	text += fmt.Sprintf(" of %s on %s", o.Member, inZone(o.At, zone).Format("2 Jan 2006"))
	if o.Reason != "" {
		text += " (" + o.Reason + ")"
	}
	if o.Actor != "" {
		text += ", by " + o.Actor
	}
	return text
}

func (c *Credit) words(unit points.Unit, zone string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s from %s", unit.Format(c.Entry.Amount), c.Operation.words(zone))
	if c.Entry.Rule != "" {
		fmt.Fprintf(&b, ": rule %s of revision %d", c.Entry.Rule, c.Entry.Revision)
	}
	if c.Why != "" {
		b.WriteString(", " + c.Why)
	}
	for _, step := range slices.Backward(c.Way) {
		b.WriteString(", then " + step)
	}
	return b.String()
}
