package faults

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// audit compares so many members, from one on, and the sums of the whole ledger, with the book,
// while calls go on about all others. It ends with the seats of a session that is not booked any
// more.
func (s *soak) audit(ctx context.Context, from, members int, session string) error {
	for i := range members {
		s.resting[(from+i)%s.members].Store(true)
	}
	defer func() {
		for i := range members {
			s.resting[(from+i)%s.members].Store(false)
		}
	}()
	at := s.clock()
	s.book.cutsAt(at)
	// Whatever was sent before is answered once every hand was free for a moment.
	for _, h := range s.hands {
		h.serving.Lock()
		h.serving.Unlock() //nolint:staticcheck // nothing is to be done meanwhile
	}
	balance, err := s.engine.TrialBalance(ctx, at, nil)
	if err != nil {
		return fmt.Errorf("trial balance: %w", err)
	}
	s.balances(balance, s.book.joins(), nil)
	if err := s.auditSample(ctx, from, members); err != nil {
		return err
	}
	return s.auditSeats(ctx, session)
}

// auditSample compares members who rest, while nothing is settled either.
func (s *soak) auditSample(ctx context.Context, from, members int) error {
	s.settling.Lock()
	defer s.settling.Unlock()
	_, err := s.auditMembers(ctx, from, members)
	return err
}

// auditMembers compares what is stored of so many members, from one on, with the book, and
// returns what time did.
func (s *soak) auditMembers(ctx context.Context, from, members int) (byTime totals, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	byTime = totals{}
	var mu sync.Mutex
	var reading sync.WaitGroup
	for reader := range readers {
		reading.Go(func() {
			for i := reader; i < members && ctx.Err() == nil; i += readers {
				did, err := s.auditMember(ctx, (from+i)%s.members)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				for what, amount := range did {
					byTime[what] += amount
				}
				mu.Unlock()
			}
		})
	}
	reading.Wait()
	return byTime, context.Cause(ctx)
}

// byTime are the kinds of entries that time makes too, of which callers are told a part.
var byTime = map[points.EntryKind]bool{points.EntryExpire: true, points.EntryVoid: true, points.EntryConsolidate: true}

// balances compares a trial balance with the book. What time did is known only where the whole
// ledger was read; otherwise there may be more of its kinds than callers were told.
func (s *soak) balances(balance loyalty.TrialBalance, book, time totals) {
	for _, problem := range balance.Problems {
		s.book.differs("trial balance: %s", problem)
	}
	ledger := totals{}
	for _, unit := range balance.Units {
		for _, total := range unit.Totals {
			ledger[movement{unit.Unit, total.Kind, total.From, total.To}] += total.Amount
		}
	}
	all := maps.Clone(ledger)
	maps.Copy(all, book)
	for what := range all {
		told := book[what] + time[what]
		more := time == nil && byTime[what.kind] && ledger[what] > told
		if ledger[what] != told && !more {
			s.book.differs("the trial balance has %d of %s %s from %s to %s, the book %d", ledger[what], what.unit, what.kind, what.from, what.to, told)
		}
	}
}

// auditMember compares what is stored of a member with the book, and returns what time did.
func (s *soak) auditMember(ctx context.Context, number int) (byTime totals, err error) {
	id := member(number)
	report, err := s.engine.Verify(ctx, &loyalty.VerifyOptions{Member: id})
	if err != nil {
		return nil, err
	}
	for _, problem := range report.Problems {
		s.book.differs("%v", problem)
	}
	snaps, err := s.store.Load(ctx, []storage.LoadRequest{{Program: "shop", Member: id}})
	if err != nil {
		return nil, err
	}
	if snaps[0].Account == nil {
		s.book.differs("%s is not there", id)
		return nil, nil
	}
	stored, has, byTime, err := s.addsUp(ctx, id)
	if err != nil {
		return nil, err
	}
	if told := s.book.page(number); stored != told {
		s.book.differs("%s has %d operations, %d transfers received and %d points by them, and %d, %d and %d by the book, or other receipts",
			id, stored.done, stored.received, stored.net, told.done, told.received, told.net)
	}
	var row points.Balance
	for _, balance := range snaps[0].Account.Balances {
		if balance.Unit == "point" {
			row = balance
		}
	}
	if row.Available != has[points.Available] || row.Held != has[points.Held] {
		s.book.differs("%s has %d and %d on hold, and entries of %d and %d", id, row.Available, row.Held, has[points.Available], has[points.Held])
	}
	return byTime, nil
}

// addsUp makes a page of the book from what is stored of a member, and the member's points by
// bucket. What time did is apart.
func (s *soak) addsUp(ctx context.Context, id string) (p page, has map[points.Bucket]points.Amount, byTime totals, err error) {
	has, byTime = map[points.Bucket]points.Amount{}, totals{}
	for op, err := range s.engine.History(ctx, id) {
		if err != nil {
			return p, nil, nil, err
		}
		net := points.Amount(0)
		for _, entry := range op.Entries {
			net += netOf(entry.Unit, entry.From, entry.To, entry.Amount)
			if entry.Unit == "point" {
				has[entry.From] -= entry.Amount
				has[entry.To] += entry.Amount
			}
		}
		if has[points.Available] < 0 || has[points.Held] < 0 {
			s.book.differs("%s has less than nothing at version %d", id, op.Version)
		}
		switch {
		case op.Type == "enroll":
		case op.Key == "" && op.Type == "transfer":
			p.received++
			p.net += net
		case op.Key == "":
			for _, entry := range op.Entries {
				byTime[movement{entry.Unit, entry.Kind, entry.From, entry.To}] += entry.Amount
			}
		case op.Receipt == nil:
			s.book.differs("%s has an operation without a receipt at version %d", id, op.Version)
		default:
			sum, err := sumOf(*op.Receipt)
			if err != nil {
				return p, nil, nil, err
			}
			p.done++
			p.receipts.add(sum)
			p.net += net
		}
	}
	return p, has, byTime, nil
}

// auditSeats compares a session's board with the seats that members were given.
func (s *soak) auditSeats(ctx context.Context, session string) error {
	if session == "" {
		return nil
	}
	given := s.book.takesSeats(session)
	shown, err := s.desk.Session(ctx, session)
	if err != nil {
		return err
	}
	if shown.Board.Booked != given {
		s.book.differs("%s has %d seats booked, by the book %d", session, shown.Board.Booked, given)
	}
	return nil
}

// auditsAll compares everything there is with the book, once nothing goes on any more.
func (s *soak) auditsAll(ctx context.Context) (loyalty.VerifyReport, error) {
	report, err := s.engine.Verify(ctx, nil)
	if err != nil {
		return report, err
	}
	for _, problem := range report.Problems {
		s.book.differs("%v", problem)
	}
	time, err := s.auditMembers(ctx, 0, s.members)
	if err != nil {
		return report, err
	}
	balance, err := s.engine.TrialBalance(ctx, s.clock(), nil)
	if err != nil {
		return report, err
	}
	s.balances(balance, s.book.joins(), time)
	return report, s.auditSeats(ctx, s.evening())
}
