package enginetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// session drives an engine and the model side by side.
type session struct {
	ctx       context.Context //nolint:containedctx // of the test, and lives as long
	revisions loyalty.Revisions
	store     storage.Store
	engine    *loyalty.Engine
	model     *model
	clock     time.Time
	// receipts holds the first receipt of each key, as JSON.
	receipts map[string]string
	sent     []loyalty.Command
	// past holds what the model knew before, by member.
	past map[string][]*person
	// heard is the last reminder of each member that was compared.
	heard map[string][2]int64
	// all lists whom anything is asked of.
	all []string
	// twist changes what the engine is asked for, in controls.
	twist func(loyalty.Command) loyalty.Command
}

func newSession(t testing.TB, revisions loyalty.Revisions, store storage.Store) *session {
	t.Helper()
	s := &session{
		ctx: t.Context(), revisions: revisions, store: store, model: newModel(revisions, mayMerge(store)), clock: start,
		receipts: map[string]string{}, past: map[string][]*person{}, all: everybody, heard: map[string][2]int64{},
		twist: func(cmd loyalty.Command) loyalty.Command { return cmd },
	}
	s.engine = revised(t, revisions, store, &loyalty.Options{Clock: s.now})
	return s
}

// mayMerge is up to how many open lots of an account the engine leaves alone:
// RunDue merges them over 256, and a command that needs more than a commit takes
// merges them before. The most rows a commit of this engine takes are 100 lots.
func mayMerge(store storage.Store) int { return max(1, min(100, (commitRows(store)-20)/2)) }

// commitRows is how many rows one commit of a store takes.
func commitRows(store storage.Store) int {
	if limiter, ok := storage.As[storage.Limiter](store); ok {
		return cmp.Or(limiter.Limits().Rows, defaultRows)
	}
	return defaultRows
}

const defaultRows = 500

func (s *session) now() time.Time { return s.clock }

// do runs a command on both and says where their answers differ. The engine is
// asked for a quote first.
func (s *session) do(cmd loyalty.Command) error {
	asked := s.twist(cmd)
	quote, quoteErr := s.engine.Quote(s.ctx, asked)
	receipt, err := s.engine.Do(s.ctx, asked)
	if problem := s.answered(cmd, receipt, err); problem != nil {
		return problem
	}
	if s.model.widest > s.fewLots() {
		// A quote does not commit: it knows neither the limits of a commit nor the
		// versions that a gathering makes.
		return s.settled()
	}
	if told(quoteErr) != told(err) {
		return fmt.Errorf("the quote of %s says %w, done it says %w", show(cmd), quoteErr, err)
	}
	if _, parts := cmd.(loyalty.UnMerge); parts {
		// A quote carries nothing out: it cannot say what goes back.
		quote.Result, quote.Balances, receipt.Result, receipt.Balances = nil, nil, nil, nil
	}
	if quote.Version != receipt.Version {
		// A long backlog is settled in more commits than a quote takes; versions, and
		// the lots that they name, then differ.
		quote.Version, quote.Awards, receipt.Awards = receipt.Version, nil, nil
	}
	if a, b := text(quote), text(receipt); err == nil && a != b {
		return fmt.Errorf("the quote of %s is\n%s\nand the receipt\n%s", show(cmd), a, b)
	}
	return s.settled()
}

// doAll runs commands in one stream.
func (s *session) doAll(cmds []loyalty.Command) error {
	i := 0
	asked := make([]loyalty.Command, len(cmds))
	for k, cmd := range cmds {
		asked[k] = s.twist(cmd)
	}
	for receipt, err := range s.engine.DoAll(s.ctx, slices.Values(asked), nil) {
		if problem := s.answered(cmds[i], receipt, err); problem != nil {
			return fmt.Errorf("command %d of %d in a stream: %w", i+1, len(cmds), problem)
		}
		i++
	}
	if i != len(cmds) {
		return fmt.Errorf("a stream of %d commands had %d answers", len(cmds), i)
	}
	return s.settled()
}

// fewLots is how many lots fit every commit of every command. A command over more
// may be too large for one; a spend is then gathered.
func (s *session) fewLots() int { return max(20, min(60, (commitRows(s.store)-40)/4)) }

// answered lets the model run a command and compares its answer with the
// engine's.
func (s *session) answered(cmd loyalty.Command, receipt loyalty.Receipt, err error) error {
	before, merged := s.model, s.model.merged
	s.model = before.copy()
	want, wantErr := s.model.do(cmd, s.clock)
	if wide := s.model.widest; errors.Is(err, loyalty.ErrTooLarge) && wide > s.fewLots() {
		before.widest = wide
		s.model = before
		return nil
	}
	if once(cmd) && err != nil {
		return s.agree(cmd, err, wantErr)
	}
	s.sent = append(s.sent, cmd)
	if problem := s.agree(cmd, err, wantErr); problem != nil || err != nil {
		return problem
	}
	if want.bare {
		if !receipt.Replayed || len(receipt.Balances) > 0 {
			return fmt.Errorf("%s: the receipt of somebody who is gone says %s", show(cmd), text(receipt))
		}
		return nil
	}
	s.remember(cmd.Plan())
	for id := range s.model.merged {
		if _, before := merged[id]; !before {
			s.past[id] = append(s.past[id], s.model.person(id).copy())
		}
	}
	key := cmd.Plan().Member + "/" + cmd.Plan().Key
	if receipt.Replayed != want.replayed {
		return fmt.Errorf("%s: replayed is %v", show(cmd), receipt.Replayed)
	}
	receipt.Replayed = false
	if first, again := s.receipts[key]; again && first != text(receipt) {
		return fmt.Errorf("%s: the second receipt is\n%s\nthe first was\n%s", show(cmd), text(receipt), first)
	}
	s.receipts[key] = text(receipt)
	if !receipt.RecordedAt.Equal(want.recorded) {
		return fmt.Errorf("%s: recorded at %s, should be %s", show(cmd), receipt.RecordedAt, want.recorded)
	}
	if !slices.Equal(filled(receipt.Balances), want.balances) {
		return fmt.Errorf("%s: the receipt says %+v, should be %+v", show(cmd), receipt.Balances, want.balances)
	}
	if problem := comparePayments(cmd, receipt, want); problem != nil {
		return problem
	}
	if have, want := text(receipt.Shortfalls), text(want.shortfalls); have != want {
		return fmt.Errorf("%s: shortfalls are %s, should be %s", show(cmd), have, want)
	}
	return nil
}

// agree says where the engine refuses what the model does not, or for another reason.
func (s *session) agree(cmd loyalty.Command, err, want error) error {
	if told(err) == told(want) {
		return nil
	}
	return fmt.Errorf("%s: the engine says %s (%w), the model %s", show(cmd), told(err), err, told(want))
}

// once reports a command that is not to be sent again once it was refused: it rests on
// what was known when it was made.
func once(cmd loyalty.Command) bool {
	switch c := cmd.(type) {
	case loyalty.Confirm:
		return len(c.Lots) > 0
	case loyalty.Erase:
		return true
	default:
		return false
	}
}

// remember keeps what the model knows of the parties after a command, and of others whom it
// gave anything, such as the members of a pool that was dissolved.
func (s *session) remember(plan loyalty.Plan) {
	for _, id := range append(plan.Others, plan.Member) {
		p := s.model.now(id)
		s.past[p.id] = append(s.past[p.id], p.copy())
	}
	for id, past := range s.past {
		if p := s.model.person(id); len(past) > 0 && !slices.Equal(past[len(past)-1].balances(), p.balances()) {
			s.past[id] = append(past, p.copy())
		}
	}
}

// runDue settles everybody who is due.
func (s *session) runDue() error {
	report, err := s.engine.RunDue(s.ctx, nil)
	if err == nil {
		err = errors.Join(report.Failed...)
	}
	if err != nil {
		return fmt.Errorf("run due: %w", err)
	}
	return s.settled()
}

// settled takes over the recorded times of accounts that were settled without a
// command, or before one that was refused by the commit. Settling is recorded by
// the clock, or at the time of a party that is ahead of it.
func (s *session) settled() error {
	latest := s.clock
	for _, p := range s.model.people {
		if p.recorded.After(latest) {
			latest = p.recorded
		}
	}
	for _, id := range s.all {
		p := s.model.now(id)
		if p.id != id {
			continue
		}
		snaps, err := s.store.Load(s.ctx, []storage.LoadRequest{{Program: s.revisions[0].ID, Member: id}})
		if err != nil {
			return err
		}
		account := snaps[0].Account
		if account == nil && p.enrolled {
			return fmt.Errorf("%s is not enrolled, but should be", id)
		}
		if account == nil || !p.enrolled || account.RecordedAt.Equal(p.recorded) {
			continue
		}
		if account.RecordedAt.Before(p.recorded) || account.RecordedAt.After(latest) {
			return fmt.Errorf("%s: recorded at %s, which is not between %s and %s", id, account.RecordedAt, p.recorded, latest)
		}
		if account.RetryAt.IsZero() { // otherwise it was only noted that settling failed
			s.model.advance(p, account.RecordedAt)
			s.model.look(p, account.RecordedAt)
		}
		p.recorded = account.RecordedAt
		s.remember(loyalty.Plan{Member: id})
	}
	return nil
}

// sentinels are the errors that a host branches on, the telling first.
var sentinels = []error{
	loyalty.ErrKeyReused, loyalty.ErrNotYet, loyalty.ErrNotEnrolled, loyalty.ErrAlreadyEnrolled, loyalty.ErrSuspended,
	loyalty.ErrClosed, loyalty.ErrOrderEarned, loyalty.ErrClaimed, loyalty.ErrGuest, loyalty.ErrNotGuest, loyalty.ErrNoGuests, loyalty.ErrUnknownOrder, loyalty.ErrUnknownHold, loyalty.ErrHoldClosed,
	loyalty.ErrHoldExists, loyalty.ErrNothingPending, loyalty.ErrOverRefund, loyalty.ErrUnknownUnit,
	points.ErrUnknownCurrency, points.ErrOverflow, loyalty.ErrAlreadyDone, loyalty.ErrTooLateToReinstate, loyalty.ErrNotMerged,
	loyalty.ErrTooLate, loyalty.ErrLimit, loyalty.ErrTooOld, loyalty.ErrInPool, loyalty.ErrNotInPool, loyalty.ErrNotInvited, loyalty.ErrRole, loyalty.ErrTooLarge, loyalty.ErrErased, loyalty.ErrSameMember, loyalty.ErrNotPerson, loyalty.ErrForbidden, loyalty.ErrUnknownReward, loyalty.ErrPrice, loyalty.ErrInvalid,
}

// told is what a host is told by an error: its sentinel, and the numbers of a
// shortage.
func told(err error) string {
	var short shortage
	var insufficient *loyalty.InsufficientPointsError
	switch {
	case err == nil:
		return "nothing"
	case errors.As(err, &short):
		return short.Error()
	case errors.As(err, &insufficient):
		return shortage{
			needed: insufficient.Needed, available: insufficient.Available, pending: insufficient.Pending, next: insufficient.NextAvailable,
		}.Error()
	}
	for _, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			return sentinel.Error()
		}
	}
	return "something that no host knows: " + err.Error()
}

func filled(balances []points.Balance) []points.Balance {
	return slices.DeleteFunc(slices.Clone(balances), points.Balance.Zero)
}

func show(cmd loyalty.Command) string { return fmt.Sprintf("%T %s", cmd, text(cmd)) }

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
