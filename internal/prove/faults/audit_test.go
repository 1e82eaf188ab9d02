package faults

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// findings are what an auditor found wrong. Each counts things, and the first of
// each are described.
type findings struct {
	// acknowledged is how many lines were, and stored how many operations there are.
	acknowledged, stored int
	// lost lines were acknowledged and are not there, doubled ones are there twice.
	lost, doubled int
	// unexplained operations belong to no line, or to one that was refused.
	unexplained int
	// altered operations have another receipt than was answered.
	altered int
	// overspent members spent, at some moment, more than they had.
	overspent int
	// unbalanced members have another balance than their entries, or the book, say.
	unbalanced int
	// problems are those of the engine's own audit.
	problems int
	first    []string
}

func (f *findings) note(count *int, format string, args ...any) {
	if *count++; *count <= 3 {
		f.first = append(f.first, fmt.Sprintf(format, args...))
	}
}

// requireNone fails the test where anything is wrong.
func (f *findings) requireNone(t *testing.T) {
	t.Helper()
	require.Zero(t, f.lost+f.doubled+f.unexplained+f.altered+f.overspent+f.unbalanced+f.problems, "%s\n%s", f, strings.Join(f.first, "\n"))
}

func (f *findings) String() string {
	return fmt.Sprintf("%d acknowledged, %d operations stored: %d lost, %d doubled, %d unexplained, %d with another receipt, %d overspent, %d unbalanced, %d found by Verify",
		f.acknowledged, f.stored, f.lost, f.doubled, f.unexplained, f.altered, f.overspent, f.unbalanced, f.problems)
}

// auditor compares the book with the database.
type auditor struct {
	book   *book
	engine *loyalty.Engine
	store  storage.Store
	// mu is for all below.
	mu sync.Mutex
	findings
	// seen counts the operations of a line at a member.
	seen map[[2]string]int
	// net is what members have by the book and by what time took from them.
	net map[string]points.Amount
	// sent has the lines of transfers by their fingerprint, by which the other member's
	// side of it is known, and received those sides.
	sent     map[string]string
	received []side
}

// side is what the receiver of a transfer has of it.
type side struct {
	member, fingerprint string
	version             int64
}

// audits reads everything that a database holds.
func (l *load) audits(t testing.TB, store storage.Store) *findings {
	t.Helper()
	a := &auditor{book: l.book, engine: newEngine(t, store, l.clock), store: store, seen: map[[2]string]int{}, net: map[string]points.Amount{}, sent: map[string]string{}}
	require.NoError(t, a.reads(t.Context()))
	return &a.findings
}

// readers is how many members are read at once.
const readers = 4

func (a *auditor) reads(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	accounts := make(chan storage.Account)
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() {
			for account := range accounts {
				r, err := a.read(ctx, account)
				if err != nil {
					cancel(err)
					continue // what is left of the accounts is not read
				}
				a.mu.Lock()
				a.member(r)
				a.mu.Unlock()
			}
		})
	}
	for account, err := range storage.AllAccounts(ctx, a.store, storage.AccountQuery{Program: "shop"}) {
		if err != nil {
			cancel(err)
			break
		}
		accounts <- account
	}
	close(accounts)
	reading.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	a.sides()
	a.lines()
	return nil
}

// readMember is what is stored of a member, and what the engine's own audit says of it.
type readMember struct {
	storage.Account
	history  []stored
	problems []loyalty.Problem
}

// stored is an operation with the digest of its receipt, where it has one.
type stored struct {
	loyalty.Operation
	fingerprint string
	receipt     [sha256.Size]byte
}

func (a *auditor) read(ctx context.Context, account storage.Account) (*readMember, error) {
	r := &readMember{Account: account}
	fingerprints := map[int64]string{}
	for op, err := range storage.AllOperations(ctx, a.store, storage.MemberQuery{Program: "shop", Member: account.Member}) {
		if err != nil {
			return nil, err
		}
		fingerprints[op.Version] = string(op.Fingerprint)
	}
	for op, err := range a.engine.History(ctx, account.Member) {
		if err != nil {
			return nil, err
		}
		s := stored{Operation: op, fingerprint: fingerprints[op.Version]}
		if op.Receipt != nil {
			if s.receipt, err = digest(*op.Receipt); err != nil {
				return nil, err
			}
		}
		r.history = append(r.history, s)
	}
	report, err := a.engine.Verify(ctx, &loyalty.VerifyOptions{Member: account.Member})
	r.problems = report.Problems
	return r, err
}

// member adds up a member's history by itself, without the lots.
func (a *auditor) member(account *readMember) {
	for _, problem := range account.problems {
		a.note(&a.problems, "%v", problem)
	}
	has := map[points.Bucket]points.Amount{}
	below := false
	for i := range account.history {
		op := &account.history[i]
		a.stored++
		for _, entry := range op.Entries {
			has[entry.From] -= entry.Amount
			has[entry.To] += entry.Amount
		}
		below = below || has[points.Available] < 0 || has[points.Held] < 0
		a.operation(account.Member, op)
	}
	if below {
		a.note(&a.overspent, "%s had less than nothing", account.Member)
	}
	var row points.Balance
	for _, balance := range account.Balances {
		row = balance
	}
	if row.Available != has[points.Available] || row.Held != has[points.Held] {
		a.note(&a.unbalanced, "%s has %d and %d on hold, and entries of %d and %d", account.Member, row.Available, row.Held, has[points.Available], has[points.Held])
	}
	a.net[account.Member] -= row.Available + row.Held
}

// operation looks an operation up in the book.
func (a *auditor) operation(member string, op *stored) {
	switch {
	case op.Type == "enroll":
		return
	case op.Key == "" && op.Type == "transfer":
		a.received = append(a.received, side{member, op.fingerprint, op.Version})
		return
	case op.Key == "":
		for _, entry := range op.Entries {
			if entry.From.Member() {
				a.net[member] -= entry.Amount
			}
			if entry.To.Member() {
				a.net[member] += entry.Amount
			}
		}
		return
	}
	l := a.book.lines[op.Reason]
	if l == nil || l.refused || member != l.member || op.Receipt == nil {
		a.note(&a.unexplained, "%s has a %s %q at version %d", member, op.Type, op.Key, op.Version)
		return
	}
	a.sees(op.Reason, member)
	a.sent[op.fingerprint] = op.Reason
	if l.answered && op.receipt != l.receipt {
		a.note(&a.altered, "%s was answered otherwise than it is stored", op.Reason)
	}
}

func (a *auditor) sees(id, member string) {
	seen := [2]string{id, member}
	if a.seen[seen]++; a.seen[seen] == 2 {
		a.note(&a.doubled, "%s has %s twice", member, id)
	}
}

// sides looks up whose transfers members have received.
func (a *auditor) sides() {
	for _, s := range a.received {
		id, ok := a.sent[s.fingerprint]
		if !ok || a.book.lines[id].to != s.member {
			a.note(&a.unexplained, "%s has received a transfer at version %d", s.member, s.version)
			continue
		}
		a.sees(id, s.member)
	}
}

// lines goes through the book: what was acknowledged is there, and explains the
// balances.
func (a *auditor) lines() {
	for _, member := range a.book.enrolled {
		a.acknowledged++
		if _, there := a.net[member]; !there {
			a.note(&a.lost, "the enrollment of %s was acknowledged", member)
		}
	}
	for id, l := range a.book.lines {
		if !l.answered {
			continue
		}
		a.acknowledged++
		if a.seen[[2]string{id, l.member}] == 0 || l.to != "" && a.seen[[2]string{id, l.to}] == 0 {
			a.note(&a.lost, "%s of %s was acknowledged", id, l.member)
		}
		a.net[l.member] += l.net
		if l.to != "" {
			a.net[l.to] += l.toNet
		}
	}
	for member, rest := range a.net {
		if rest != 0 {
			a.note(&a.unbalanced, "%s has %d points less than the book says", member, rest)
		}
	}
}
