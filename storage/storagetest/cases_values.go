package storagetest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func instantCases() []Case {
	return []Case{
		{Name: "instants-keep-microseconds", Clause: "A3", Run: microseconds},
		{Name: "instants-come-back-in-utc", Clause: "A3", Run: utc},
		{Name: "a-zero-time-comes-back-zero", Clause: "A3", Run: zeroTime},
		{Name: "never-comes-back-as-never", Clause: "A3", Run: never},
		{Name: "instants-a-microsecond-apart-are-told-apart", Clause: "A3", Run: apartByMicrosecond},
	}
}

func amountCases() []Case {
	return []Case{
		{Name: "every-field-comes-back", Clause: "A4", Run: everyField},
		{Name: "amounts-keep-all-64-bits", Clause: "A4", Run: allBits},
		{Name: "lots-up-to-the-largest-amount-can-be-debited", Clause: "A4", Run: largestDebit},
		{Name: "numbers-of-revisions-keep-all-64-bits", Clause: "A4", Run: revisionBits},
	}
}

func bytesCases() []Case {
	return []Case{
		{Name: "documents-come-back-byte-for-byte", Clause: "A5", Run: everyByte},
		{Name: "documents-are-not-rewritten", Clause: "A5", Run: notRewritten},
		{Name: "large-documents-come-back-whole", Clause: "A5", Run: largeDocuments},
		{Name: "nil-and-empty-come-back-nil", Clause: "A5", Run: nilAndEmpty},
		{Name: "texts-come-back-letter-for-letter", Clause: "A5", Run: texts},
	}
}

// comesBack stores a full leg of anna with its times, numbers or bytes changed,
// and expects it back through Load and every listing.
func (e *Env) comesBack(ctx context.Context, change func(leg *storage.Leg)) error {
	leg, want := e.full("anna", 0, "order-1"), e.full("anna", 0, "order-1")
	change(&leg)
	change(&want)
	if err := e.ok(ctx, e.batch(leg)); err != nil {
		return err
	}
	return e.showsLeg(ctx, want)
}

// showsLeg expects the rows of a leg that created anna.
func (e *Env) showsLeg(ctx context.Context, want storage.Leg) error {
	got, err := e.read(ctx, scope{members: []string{"anna"}})
	if err != nil {
		return err
	}
	if err := same("listings", books{
		Accounts: []storage.Account{want.Account}, Lots: want.Lots, Entries: want.Entries,
		Operations: []storage.Operation{want.Operation}, Records: want.Records, Events: want.Events,
	}, got.plain()); err != nil {
		return err
	}
	s, err := e.load(ctx, storage.LoadRequest{
		Member: "anna", Key: want.Operation.Key, Lots: []points.LotID{want.Lots[0].ID},
		Records: []storage.RecordKey{{Kind: want.Records[0].Kind, ID: want.Records[0].ID}},
	})
	if err != nil {
		return err
	}
	accounts, err := e.accounts(ctx, storage.AccountQuery{})
	if err != nil {
		return err
	}
	return inOrder(
		func() error { return same("Load: operation", &want.Operation, s.Operation) },
		func() error { return same("Load: lots", want.Lots, s.Lots) },
		func() error { return same("Load: records", want.Records, s.Records) },
		func() error { return same("Accounts", []storage.Account{want.Account}, accounts) },
	)
}

// setTimes gives the same time to every row of a leg.
func setTimes(leg *storage.Leg, at time.Time) {
	a := &leg.Account
	a.DueAt, a.RetryAt, a.EnrolledAt, a.RecordedAt = at, at, at, at
	for i := range a.Standing {
		a.Standing[i].Since, a.Standing[i].Until = at, at
	}
	leg.Operation.OccurredAt, leg.Operation.RecordedAt = at, at
	for i := range leg.Lots {
		leg.Lots[i].EarnedAt, leg.Lots[i].AvailableFrom, leg.Lots[i].ExpiresAt = at, at, at
	}
	for i := range leg.Entries {
		leg.Entries[i].OccurredAt, leg.Entries[i].RecordedAt = at, at
	}
	for i := range leg.Records {
		leg.Records[i].DueAt = at
	}
	for i := range leg.Events {
		leg.Events[i].RecordedAt = at
	}
}

// timesComeBack stores a leg and a revision for each time, in a program of its own.
func (e *Env) timesComeBack(ctx context.Context, times ...time.Time) error {
	for i, at := range times {
		own := *e
		own.Program = fmt.Sprintf("%s-%d", e.Program, i)
		if err := own.comesBack(ctx, func(leg *storage.Leg) { setTimes(leg, at) }); err != nil {
			return fmt.Errorf("%s: %w", at.Format(time.RFC3339Nano), err)
		}
		revision := own.revision(1, "one")
		revision.EffectiveAt = at
		if err := own.Store.PutRevision(ctx, revision); err != nil {
			return fmt.Errorf("PutRevision: %w", err)
		}
		got, err := own.Store.Revisions(ctx, own.Program)
		if err != nil {
			return fmt.Errorf("Revisions: %w", err)
		}
		if err := same("revisions", []storage.Revision{revision}, got); err != nil {
			return err
		}
	}
	return nil
}

func microseconds(ctx context.Context, env *Env) error {
	return env.timesComeBack(ctx,
		time.Date(2027, time.February, 22, 9, 30, 0, 1000, time.UTC),
		time.Date(2027, time.February, 22, 9, 30, 0, 999999000, time.UTC),
		time.Date(2027, time.February, 22, 9, 30, 59, 123457000, time.UTC),
		time.Date(2027, time.February, 22, 9, 30, 0, 0, time.UTC),
		time.Date(1969, time.December, 31, 23, 59, 59, 999999000, time.UTC),
		time.Unix(0, 0),
		time.Date(1900, time.January, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(9998, time.December, 31, 23, 59, 59, 999999000, time.UTC),
	)
}

func utc(ctx context.Context, env *Env) error {
	return env.timesComeBack(ctx,
		time.Date(2027, time.July, 1, 0, 30, 0, 123457000, time.FixedZone("summer in Vienna", 2*60*60)),
		time.Date(2027, time.March, 28, 2, 30, 0, 0, time.FixedZone("an hour that the clocks skip", 60*60)),
		time.Date(2027, time.January, 1, 12, 0, 0, 0, time.FixedZone("Kathmandu", 5*60*60+45*60)),
		time.Date(2027, time.January, 1, 12, 0, 0, 0, time.FixedZone("west", -11*60*60)),
	)
}

func zeroTime(ctx context.Context, env *Env) error { return env.timesComeBack(ctx, time.Time{}) }

func never(ctx context.Context, env *Env) error { return env.timesComeBack(ctx, points.Never) }

func apartByMicrosecond(ctx context.Context, env *Env) error {
	leg := env.bare("anna", 0, "order-1")
	leg.Account.DueAt = day(1)
	for i := range 3 {
		lot := env.lot("anna", points.LotID(3-i), 10)
		lot.ExpiresAt = day(1).Add(time.Duration(i) * time.Microsecond)
		leg.Lots = append(leg.Lots, lot)
	}
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	for i, want := range [][]points.LotID{{2, 1}, {1}, {}} {
		after := day(1).Add(time.Duration(i) * time.Microsecond)
		if err := env.debits(ctx, "beans after "+after.Format(time.RFC3339Nano), want, storage.Debit{Unit: "bean", After: after, Limit: 9}); err != nil {
			return err
		}
		s, err := env.due(ctx, after, 0)
		if err != nil {
			return err
		}
		if len(s.Lots) != i+1 {
			return fmt.Errorf("%d lots are due by %s, want %d", len(s.Lots), after.Format(time.RFC3339Nano), i+1)
		}
	}
	return nil
}

func everyField(ctx context.Context, env *Env) error {
	return env.comesBack(ctx, func(*storage.Leg) {})
}

func allBits(ctx context.Context, env *Env) error {
	for i, n := range []int64{math.MaxInt64, math.MaxInt64 - 1, 1<<53 + 1, 1<<32 + 1, 1 << 31} {
		own := *env
		own.Program = fmt.Sprintf("%s-%d", env.Program, i)
		if err := own.comesBack(ctx, func(leg *storage.Leg) {
			amount := points.Amount(n)
			a := &leg.Account
			a.Balances[0] = points.Balance{Unit: "bean", Pending: amount, Available: amount, Held: amount, Debt: amount, Counted: amount}
			a.Days[0].Amount, a.Days[1].Amount = amount, -amount
			lot := &leg.Lots[0].Lot
			lot.ID, lot.Original, lot.Remaining, lot.Held, lot.MergedInto, lot.Merged = points.LotID(n), amount, amount, amount, points.LotID(n), amount
			entry := &leg.Entries[0].Entry
			entry.Amount, entry.Lot, entry.Into, entry.Revision, entry.Corrects.Version = amount, points.LotID(n), points.LotID(n), n, n
			leg.Records[0].Lots = []points.LotID{points.LotID(n), 1, points.LotID(n - 1)}
		}); err != nil {
			return fmt.Errorf("with %d: %w", n, err)
		}
		if err := inOrder(
			func() error { return own.counts(ctx, adding(seats, n, n)) },
			func() error { return own.used(ctx, seats, n) },
			func() error { return own.exceeds(ctx, seats, n, adding(seats, 1, n)) },
		); err != nil {
			return fmt.Errorf("counter with %d: %w", n, err)
		}
	}
	return nil
}

func largestDebit(ctx context.Context, env *Env) error {
	lots := []storage.Lot{env.lot("anna", 1, 1), env.lot("anna", 2, points.MaxAmount-2), env.lot("anna", 3, 1)}
	if err := env.shelf(ctx, lots...); err != nil {
		return err
	}
	for amount, want := range map[points.Amount][]points.LotID{
		1:                    {1},
		2:                    {1, 2},
		points.MaxAmount - 1: {1, 2},
		points.MaxAmount:     {1, 2, 3},
	} {
		if err := env.debits(ctx, fmt.Sprintf("%d points", amount), want, storage.Debit{Unit: "bean", After: day(1), Amount: amount, Limit: 9}); err != nil {
			return err
		}
	}
	return nil
}

func revisionBits(ctx context.Context, env *Env) error {
	want := []storage.Revision{env.revision(1<<53, "a"), env.revision(1<<53+1, "b"), env.revision(math.MaxInt64, "c")}
	for _, revision := range want {
		if err := env.Store.PutRevision(ctx, revision); err != nil {
			return fmt.Errorf("PutRevision: %w", err)
		}
	}
	got, err := env.Store.Revisions(ctx, env.Program)
	if err != nil {
		return fmt.Errorf("Revisions: %w", err)
	}
	return same("revisions", want, got)
}

// documentsComeBack stores a document in every place for one.
func (e *Env) documentsComeBack(ctx context.Context, name string, document []byte) error {
	own := *e
	own.Program += "-" + name
	if err := own.comesBack(ctx, func(leg *storage.Leg) { setDocuments(leg, document) }); err != nil {
		return err
	}
	revision := own.revision(1, "one")
	revision.Text, revision.Digest = document, document
	if err := own.Store.PutRevision(ctx, revision); err != nil {
		return fmt.Errorf("PutRevision: %w", err)
	}
	got, err := own.Store.Revisions(ctx, own.Program)
	if err != nil {
		return fmt.Errorf("Revisions: %w", err)
	}
	return same("revisions", []storage.Revision{revision}, got)
}

func setDocuments(leg *storage.Leg, document []byte) {
	a, o := &leg.Account, &leg.Operation
	a.Hash, a.Data = document, document
	o.Command, o.Receipt, o.Fingerprint, o.Salt, o.Digests, o.Hash = document, document, document, document, document, document
	for i := range leg.Records {
		leg.Records[i].Data = document
	}
	for i := range leg.Events {
		leg.Events[i].Data = document
	}
}

func everyByte(ctx context.Context, env *Env) error {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
	}
	return inOrder(
		func() error { return env.documentsComeBack(ctx, "all", all) },
		func() error { return env.documentsComeBack(ctx, "zero", []byte{0}) },
		func() error { return env.documentsComeBack(ctx, "zeros", []byte{0, 0, 7, 0}) },
		func() error { return env.documentsComeBack(ctx, "bad-utf-8", []byte("caf\xe9 \xff\xfe")) },
	)
}

func notRewritten(ctx context.Context, env *Env) error {
	return inOrder(
		func() error { return env.documentsComeBack(ctx, "json", []byte(`{"b":1,  "a":2, "a":3, "n":1.50}`)) },
		func() error { return env.documentsComeBack(ctx, "lines", []byte(" one\r\ntwo\n\n ")) },
		func() error { return env.documentsComeBack(ctx, "hex", []byte(`\x616263`)) },
		func() error { return env.documentsComeBack(ctx, "null", []byte(`null`)) },
	)
}

func largeDocuments(ctx context.Context, env *Env) error {
	document := bytes.Repeat([]byte("0123456789abcde\x00"), 1<<12+1) // a little over 64 KiB
	leg := env.full("anna", 0, "order-1")
	leg.Operation.Command, leg.Operation.Receipt, leg.Records[0].Data, leg.Events[0].Data = document, document, document, document
	if err := env.ok(ctx, env.batch(leg)); err != nil {
		return err
	}
	return env.showsLeg(ctx, leg)
}

func nilAndEmpty(ctx context.Context, env *Env) error {
	for i, empty := range [][]byte{nil, {}} {
		own := *env
		own.Program = fmt.Sprintf("%s-%d", env.Program, i)
		leg, want := own.full("anna", 0, "order-1"), own.full("anna", 0, "order-1")
		setDocuments(&leg, empty)
		setDocuments(&want, nil)
		want.Account.Balances, want.Account.Standing, want.Account.Days, want.Records[0].Lots = nil, nil, nil, nil
		leg.Account.Balances, leg.Account.Standing, leg.Account.Days, leg.Records[0].Lots = nil, nil, nil, nil
		if empty != nil {
			leg.Account.Balances, leg.Account.Standing = []points.Balance{}, []storage.Standing{}
			leg.Account.Days, leg.Records[0].Lots = []storage.DayCount{}, []points.LotID{}
		}
		if err := own.ok(ctx, own.batch(leg)); err != nil {
			return err
		}
		if err := own.showsLeg(ctx, want); err != nil {
			return err
		}
	}
	return nil
}

func texts(ctx context.Context, env *Env) error {
	for i, text := range []string{
		"Gr\u00fc\u00dfe vom \u2615-Tisch \U0001f600",
		" leading and trailing  ",
		"line\r\nbreak\ttab",
		`quotes ' " and \ and % and _`,
		"\u202eright to left",
		strings.Repeat("x", 128),
		"",
	} {
		own := *env
		own.Program = fmt.Sprintf("%s-%d", env.Program, i)
		if err := own.comesBack(ctx, func(leg *storage.Leg) {
			o := &leg.Operation
			o.Reason, o.Actor, o.Reference, o.Type, o.Library = text, text, text, text, text
			leg.Lots[0].Source, leg.Lots[0].Origin = text, text
			leg.Entries[0].Rule, leg.Entries[0].Reference = text, text
			leg.Records[0].Status, leg.Records[0].Reference, leg.Records[0].Sort = text, text, text
			leg.Events[0].Type = text
			if len(text) == 128 {
				o.Reason, o.Actor = strings.Repeat(text, 7), strings.Repeat(text, 7)
			}
		}); err != nil {
			return fmt.Errorf("text %q: %w", text, err)
		}
	}
	return nil
}
