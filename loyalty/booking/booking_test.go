package booking_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/booking"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/rewards/experience"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

func TestASeatAndItsPointsChangeHandsTogether(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	b := s.booked(book("anna", 3))
	require.Equal(t, experience.Booked, b.State)
	require.EqualValues(t, 700, s.balance("anna").Available)
	require.EqualValues(t, 1, s.board("latte-art").Free)
	require.Equal(t, "3 seats for Latte art, 12 Mar 2027 19:00: booked, for 300 bean", b.String())

	require.True(t, s.must(book("anna", 3)).Replayed, "a retry books once")
	again := book("anna", 1)
	again.Key = "again"
	s.refused(again, experience.ErrState)
	s.refused(book("ben", 2), experience.ErrSoldOut)
	s.refused(book("ben", 4), experience.ErrParty)
	cheap := book("ben", 1)
	cheap.Points = 99
	s.refused(cheap, loyalty.ErrPrice)
	s.join("poor", 99)
	s.refused(book("poor", 1), loyalty.ErrInsufficientPoints)
	require.EqualValues(t, 1, s.board("latte-art").Free, "who cannot pay takes no seat")
	nowhere := book("ben", 1)
	nowhere.Session = "nowhere"
	s.refused(nowhere, booking.ErrNoSession)
	s.verify("latte-art")
}

func TestTiersBookEarlierAndForLess(t *testing.T) {
	session := evening()
	session.Opens = []experience.Opening{{Tier: "gold", From: opening}, {From: opening.AddDate(0, 0, 3)}}
	s := openShop(t, session, "anna", "ben")
	s.tiers["anna"] = []string{"gold"}
	why := s.refused(book("ben", 1), experience.ErrNotOpen)
	require.Contains(t, why, "from 2027-03-04T09:00:00Z")
	s.refused(book("anna", 1), loyalty.ErrPrice)
	gold := book("anna", 1)
	gold.Points = 80
	s.booked(gold)
	require.EqualValues(t, 920, s.balance("anna").Available)
	s.at(opening.AddDate(0, 0, 3))
	s.booked(book("ben", 1))
	s.verify("latte-art")
}

func TestAHoldKeepsSeatsAndPointsUntilItLapses(t *testing.T) {
	tests := []struct {
		name   string
		settle func(s *shop)
	}{
		{"by RunDue", func(s *shop) { s.runDue() }},
		{"by the next who books", func(s *shop) { s.booked(book("ben", 3)); s.must(cancel("ben")) }},
		{"by the member's own next command", func(s *shop) {
			s.must(loyalty.Adjust{Member: "anna", Key: "sorry", Unit: "bean", Points: 1, Reason: "late", Actor: "shop"})
			s.must(loyalty.Spend{Member: "anna", Key: "tip", Unit: "bean", Points: 1})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := openShop(t, evening(), "anna", "ben")
			b := s.booked(booking.Hold{Member: "anna", Key: "hold", Session: "latte-art", Party: 3, Unit: "bean", Points: 300})
			require.Equal(t, experience.Held, b.State)
			require.Equal(t, opening.Add(15*time.Minute), b.Until)
			require.Equal(t, points.Balance{Unit: "bean", Available: 700, Held: 300}, s.balance("anna"))
			s.refused(book("ben", 2), experience.ErrSoldOut)

			s.wait(15*time.Minute - time.Microsecond)
			s.refused(book("ben", 2), experience.ErrSoldOut)
			s.wait(time.Microsecond)
			require.EqualValues(t, 4, s.board("latte-art").Free, "a read looks past the deadline")
			require.Equal(t, experience.Lapsed, s.of("anna", "latte-art").State)
			test.settle(s)
			require.EqualValues(t, 1000, s.balance("anna").Available)
			s.refused(confirm("anna"), experience.ErrState)
			s.verify("latte-art")
			s.booked(book("anna", 1))
			s.verify("latte-art")
		})
	}
}

func TestAHoldThatIsConfirmedIsPaid(t *testing.T) {
	s := openShop(t, evening(), "anna")
	held := s.booked(booking.Hold{Member: "anna", Key: "hold", Session: "latte-art", Party: 2, Unit: "bean", Points: 200})
	yes := confirm("anna")
	yes.Hold = held.Hold
	require.Equal(t, experience.Booked, s.booked(yes).State)
	require.Equal(t, points.Balance{Unit: "bean", Available: 800}, s.balance("anna"))
	s.must(cancel("anna"))
	require.EqualValues(t, 1000, s.balance("anna").Available)
	s.verify("latte-art")
}

func TestAFreedSeatIsTheListsAndNobodyOvertakes(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora", "emil", "gold")
	s.tiers["gold"] = []string{"gold"}
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	early := queue("cleo", 1)
	require.Equal(t, experience.Waiting, s.booked(early).State)
	s.booked(queue("dora", 2))
	first := queue("gold", 1)
	first.Points = 80
	s.booked(first)
	ahead, waits, err := s.Ahead(t.Context(), s.of("dora", "latte-art"))
	require.NoError(t, err)
	require.True(t, waits)
	require.EqualValues(t, 2, ahead, "gold, then cleo")

	// The plain engine frees the seats; nobody is promoted before a desk comes.
	_, err = s.Engine.Do(t.Context(), cancel("anna"))
	require.NoError(t, err)
	board := s.board("latte-art")
	require.EqualValues(t, 3, board.Offered)
	require.Zero(t, board.Free)
	s.refused(book("emil", 1), experience.ErrSoldOut)

	promoted := s.runDue().Promoted
	require.Len(t, promoted, 2, "dora needs two")
	require.Equal(t, []string{"gold", "cleo"}, []string{promoted[0].Member, promoted[1].Member})
	require.Equal(t, experience.Promised, s.of("gold", "latte-art").State)
	require.Equal(t, points.Balance{Unit: "bean", Available: 920, Held: 80}, s.balance("gold"))
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	require.Equal(t, experience.Waiting, s.of("dora", "latte-art").State)
	s.refused(book("emil", 1), experience.ErrSoldOut)
	s.booked(queue("emil", 1))
	s.verify("latte-art")

	s.booked(confirm("cleo"))
	s.wait(2 * time.Hour) // gold's offer lapses
	require.Len(t, s.runDue().Promoted, 1, "and dora has her two seats")
	require.Equal(t, experience.Lapsed, s.of("gold", "latte-art").State)
	require.EqualValues(t, 1000, s.balance("gold").Available)
	require.Equal(t, experience.Promised, s.of("dora", "latte-art").State)
	s.must(cancel("dora"))
	require.Equal(t, experience.Promised, s.of("emil", "latte-art").State, "a desk promotes with the cancellation")
	require.EqualValues(t, 1, s.board("latte-art").Free, "nobody waits any more")
	s.verify("latte-art")
}

func TestWhoCannotPayIsPassedOver(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora", "emil")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	s.booked(queue("dora", 1))
	s.booked(queue("emil", 1))
	s.must(loyalty.Spend{Member: "cleo", Key: "grinder", Unit: "bean", Points: 950})
	s.must(loyalty.Suspend{Member: "dora", Key: "suspend"})
	s.must(cancel("ben"))
	require.Equal(t, experience.Passed, s.of("cleo", "latte-art").State)
	require.Equal(t, experience.Passed, s.of("dora", "latte-art").State)
	require.Equal(t, experience.Promised, s.of("emil", "latte-art").State)
	require.EqualValues(t, 50, s.balance("cleo").Available)
	s.verify("latte-art")
}

func TestOnlyTheHeadIsPromoted(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	s.booked(queue("dora", 1))
	_, err := s.Engine.Do(t.Context(), cancel("ben"))
	require.NoError(t, err)
	promote := booking.Promote{Member: "dora", Key: "p", Session: "latte-art", Number: 1, Class: 1, From: 0, Unit: "bean", Points: 100}
	s.refused(promote, experience.ErrNotNext)
	promote.From = 1
	s.refused(promote, experience.ErrNotNext)
	promote.From, promote.Number = 0, 0
	s.refused(promote, experience.ErrNotNext)
	promote.Member = "cleo"
	s.booked(promote)
	s.refused(booking.Skip{Key: "s", Session: "latte-art", Class: 1, From: 1, To: 2}, experience.ErrNotNext)
	s.must(cancel("dora"))
	s.verify("latte-art")
}

func TestALongListThatHasThinnedOutIsPassedInSteps(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "last")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	var names []string
	for i := range 150 {
		name := "w" + time.Duration(i).String()
		names = append(names, name)
		s.join(name, 0)
		s.booked(queue(name, 1))
	}
	s.booked(queue("last", 1))
	for _, name := range names {
		s.must(cancel(name))
	}
	s.must(cancel("ben"))
	require.Equal(t, experience.Promised, s.of("last", "latte-art").State)
	s.verify("latte-art")
}

func TestACancellationKeepsWhatWasAgreed(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 2))
	s.booked(book("ben", 1))
	harsh := evening()
	harsh.Cancellation = []experience.CancelRule{{Minutes: 0, Percent: 100}}
	harsh.Prices = []experience.Price{{Points: 500}}
	s.must(booking.Change{Key: "harsh", Session: harsh, Reason: "costs", Actor: "mia"})
	s.at(start.Add(-24 * time.Hour))
	b := s.booked(cancel("anna"))
	require.EqualValues(t, 100, b.Kept)
	require.EqualValues(t, 900, s.balance("anna").Available)
	late := book("cleo", 1)
	s.refused(late, loyalty.ErrPrice)
	late.Points = 500
	s.booked(late)
	require.EqualValues(t, 500, s.booked(cancel("cleo")).Kept)
	s.at(start)
	s.refused(cancel("ben"), experience.ErrStarted)
	s.verify("latte-art")
}

func TestPointsThatComeBackKeepTheirExpiry(t *testing.T) {
	s := openShop(t, evening(), "anna")
	before, err := s.Engine.Member(t.Context(), "anna")
	require.NoError(t, err)
	s.booked(book("anna", 2))
	s.wait(time.Hour)
	s.must(cancel("anna"))
	after, err := s.Engine.Member(t.Context(), "anna")
	require.NoError(t, err)
	require.Equal(t, before.Expiring, after.Expiring)
}

func TestAPartyMovesToAnotherSession(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	second := evening()
	second.ID, second.Capacity = "latte-art-2", 2
	second.Start, second.End = second.Start.AddDate(0, 0, 7), second.End.AddDate(0, 0, 7)
	second.Prices = []experience.Price{{Points: 120}}
	s.must(booking.Open{Key: "open", Session: second})
	s.booked(book("anna", 2))
	s.booked(book("ben", 2))
	s.booked(queue("cleo", 1))
	s.must(booking.HandOver{Member: "anna", Key: "guest", Session: "latte-art", Guest: "Aunt Ida"})
	s.at(start.Add(-24 * time.Hour))
	move := booking.Reschedule{Member: "anna", Key: "move", Session: "latte-art", To: "latte-art-2", Unit: "bean", Points: 240}
	b := s.booked(move)
	require.Equal(t, experience.Booked, b.State)
	require.Equal(t, "latte-art-2", b.Session)
	require.Equal(t, "Aunt Ida", b.Guest)
	require.EqualValues(t, 1000-100-240, s.balance("anna").Available, "half of the first is kept")
	require.Equal(t, experience.Rescheduled, s.of("anna", "latte-art").State)
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	back := booking.Reschedule{Member: "ben", Key: "move", Session: "latte-art", To: "latte-art-2", Unit: "bean", Points: 240}
	s.refused(back, experience.ErrSoldOut)
	s.verify("latte-art", "latte-art-2")
}

func TestAPartyIsCheckedInOnce(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben")
	s.booked(book("anna", 2))
	s.booked(book("ben", 1))
	in := booking.CheckIn{Member: "anna", Key: "in", Session: "latte-art", Actor: "door"}
	s.refused(in, experience.ErrNotYet)
	s.at(start.Add(-time.Hour))
	require.Equal(t, experience.Present, s.booked(in).State)
	require.True(t, s.must(in).Replayed)
	in.Key = "again"
	s.refused(in, experience.ErrState)
	require.EqualValues(t, 2, s.board("latte-art").Present)
	s.refused(cancel("anna"), experience.ErrState)
	s.at(start.Add(2 * time.Hour))
	s.runDue()
	require.Equal(t, experience.Absent, s.of("ben", "latte-art").State)
	require.EqualValues(t, 900, s.balance("ben").Available, "who does not come has paid")
	late := booking.CheckIn{Member: "ben", Key: "in", Session: "latte-art"}
	s.refused(late, experience.ErrClosed)
	s.verify("latte-art")
}

func TestABookingKeepsWhenItWasMade(t *testing.T) {
	s := openShop(t, evening(), "anna")
	made := func() string {
		for row, err := range storage.AllRecords(t.Context(), s.store, storage.RecordQuery{Program: "beans", Kind: "booking", Reference: "latte-art"}) {
			require.NoError(t, err)
			require.Contains(t, string(row.Data), `"at":"`+strings.TrimSuffix(row.Sort, ".000000Z")+`Z"`)
			return row.Sort
		}
		return ""
	}
	s.booked(book("anna", 2))
	require.Equal(t, "2027-03-01T09:00:00.000000Z", made())
	s.wait(time.Hour)
	s.must(booking.HandOver{Member: "anna", Key: "guest", Session: "latte-art", Guest: "Aunt Ida"})
	later := evening()
	later.Start, later.End = later.Start.Add(time.Hour), later.End.Add(time.Hour)
	s.must(booking.Change{Key: "later", Session: later, Reason: "traffic", Actor: "mia"})
	require.Equal(t, later.Start, s.of("anna", "latte-art").Start)
	require.Equal(t, "2027-03-01T09:00:00.000000Z", made(), "neither a guest nor a new time makes it another")
	s.must(cancel("anna"))
	require.Equal(t, "2027-03-01T10:00:00.000000Z", made())
}

func TestTheListEndsAndTellsWhoWaited(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	s.at(start)
	s.runDue()
	require.Equal(t, experience.Unserved, s.of("cleo", "latte-art").State)
	s.must(booking.CheckIn{Member: "ben", Key: "in", Session: "latte-art"})
	board := s.board("latte-art")
	require.Zero(t, board.Waiting())
	late := queue("cleo", 1)
	late.Key = "late"
	s.refused(late, experience.ErrClosed)
	s.verify("latte-art")
}

func TestACalledOffSessionGivesEverythingBack(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(booking.Hold{Member: "ben", Key: "hold", Session: "latte-art", Party: 1, Unit: "bean", Points: 100})
	s.booked(queue("cleo", 1))
	off := booking.CallOff{Key: "off", Session: "latte-art", Reason: "the machine broke", Actor: "mia"}
	_, err := s.Engine.Do(t.Context(), off)
	require.NoError(t, err)
	s.refused(confirm("ben"), experience.ErrCalledOff)
	require.Equal(t, booking.Advanced{Told: 3}, s.runDue())
	require.Equal(t, booking.Advanced{}, s.runDue(), "nothing is left to do")
	for _, member := range []string{"anna", "ben", "cleo"} {
		require.Equal(t, experience.CalledOff, s.of(member, "latte-art").State)
		require.EqualValues(t, 1000, s.balance(member).Available)
	}
	s.join("dora", 500)
	s.refused(book("dora", 1), experience.ErrCalledOff)
	s.verify("latte-art")
}

func TestABookingThatTheHostRefundedStopsNobodyElsesRefund(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 1))
	s.booked(book("ben", 1))
	s.booked(book("cleo", 1))
	refund := func(member string) loyalty.Refund {
		return loyalty.Refund{Member: member, Key: "support", Order: s.paidFor(member), Full: true, Reason: "sorry", Actor: "mia"}
	}
	s.must(refund("anna"))
	s.must(refund("cleo"))
	require.Equal(t, experience.Cancelled, s.booked(cancel("cleo")).State, "and gives up the seat")
	require.EqualValues(t, 1000, s.balance("cleo").Available)
	s.must(booking.CallOff{Key: "off", Session: "latte-art", Reason: "the machine broke", Actor: "mia"})
	for _, member := range []string{"anna", "ben"} {
		require.Equal(t, experience.CalledOff, s.of(member, "latte-art").State)
		require.EqualValues(t, 1000, s.balance(member).Available)
	}
	require.Equal(t, booking.Advanced{}, s.runDue(), "nothing is left to do")
	s.verify("latte-art")
}

func TestAMemberWhoCannotBeToldStopsNoOther(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo", "dora")
	other := evening()
	other.ID = "other"
	s.must(booking.Open{Key: "open", Session: other})
	for _, member := range []string{"anna", "ben", "cleo"} {
		s.booked(book(member, 1))
	}
	elsewhere := book("dora", 1)
	elsewhere.Session = "other"
	s.booked(elsewhere)
	broken := errors.New("the row is locked")
	s.store = &storagetest.Hooked{Store: s.store, OnCommit: func(ctx context.Context, batches []storage.Batch, next storagetest.CommitFunc) ([]storage.Outcome, error) {
		for i := range batches {
			for _, leg := range batches[i].Legs {
				if broken != nil && leg.Account.Member == "ben" {
					return nil, broken
				}
			}
		}
		return next(ctx, batches)
	}}
	s.Engine = s.engine()
	s.Desk = booking.NewDesk(s.Engine, s.store)
	for _, session := range []string{"latte-art", "other"} {
		_, err := s.Engine.Do(t.Context(), booking.CallOff{Key: "off", Session: session, Reason: "ill", Actor: "mia"})
		require.NoError(t, err)
	}
	_, done, err := s.Desk.RunDue(t.Context(), nil)
	require.ErrorIs(t, err, broken)
	require.EqualValues(t, 3, done.Told)
	for _, member := range []string{"anna", "cleo", "dora"} {
		require.EqualValues(t, 1000, s.balance(member).Available, member)
	}
	broken = nil
	require.EqualValues(t, 1, s.runDue().Told, "what was left to do is done by the next run")
	require.EqualValues(t, 1000, s.balance("ben").Available)
	s.verify("latte-art", "other")
}

func TestASessionThatIsPutOffTakesItsBookingsAlong(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	later := evening()
	later.Start, later.End = later.Start.AddDate(0, 0, 7), later.End.AddDate(0, 0, 7)
	s.must(booking.Change{Key: "later", Session: later, Reason: "the barista is ill", Actor: "mia"})
	require.Equal(t, later.Start, s.of("anna", "latte-art").Start)
	s.at(start.Add(3 * time.Hour))
	s.runDue()
	require.Equal(t, experience.Booked, s.of("anna", "latte-art").State, "the old end has passed and means nothing")
	require.Equal(t, experience.Waiting, s.of("cleo", "latte-art").State)
	s.at(later.Start.Add(-time.Minute))
	b := s.booked(cancel("anna"))
	require.Zero(t, b.Kept, "who booked another time cancels free of charge")
	require.EqualValues(t, 1000, s.balance("anna").Available)
	s.must(booking.CheckIn{Member: "ben", Key: "in", Session: "latte-art"})
	s.verify("latte-art")
}

func TestAListThatAChangeBringsEnds(t *testing.T) {
	session := evening()
	session.List = nil
	s := openShop(t, session, "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.must(booking.Change{Key: "list", Session: evening(), Reason: "many ask", Actor: "mia"})
	require.Equal(t, booking.Advanced{}, s.runDue(), "everybody was told at once")
	s.booked(queue("cleo", 1))
	s.at(start)
	s.runDue()
	require.Equal(t, experience.Unserved, s.of("cleo", "latte-art").State)
	board := s.board("latte-art")
	require.Zero(t, board.Waiting())
	s.verify("latte-art")
}

func TestWhoWaitsWaitsAsLongAsAChangedListDoes(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	s.booked(book("ben", 1))
	s.booked(queue("cleo", 1))
	shorter := evening()
	shorter.List.ClosesMinutes = 600
	s.must(booking.Change{Key: "shorter", Session: shorter, Reason: "we shop early", Actor: "mia"})
	require.Equal(t, start.Add(-10*time.Hour), s.of("cleo", "latte-art").Until)
	s.must(booking.Change{Key: "longer", Session: evening(), Reason: "we do not", Actor: "mia"})
	require.Equal(t, start, s.of("cleo", "latte-art").Until)
	s.must(booking.Change{Key: "shorter again", Session: shorter, Reason: "we do", Actor: "mia"})
	require.Equal(t, booking.Advanced{}, s.runDue(), "nothing is left to do")
	s.at(start.Add(-10 * time.Hour))
	s.runDue()
	require.Equal(t, experience.Unserved, s.of("cleo", "latte-art").State)
	board := s.board("latte-art")
	require.Zero(t, board.Waiting())
	s.at(start.Add(-9 * time.Hour))
	require.EqualValues(t, 150, s.booked(cancel("anna")).Kept, "another end of the list lets nobody off the fee")
	s.verify("latte-art")
}

func TestCapacityGrowsForTheListAndShrinksByWhatIsFree(t *testing.T) {
	s := openShop(t, evening(), "anna", "ben", "cleo")
	s.booked(book("anna", 3))
	small := evening()
	small.Capacity = 2
	s.refused(booking.Change{Key: "small", Session: small, Reason: "room", Actor: "mia"}, experience.ErrCapacity)
	small.Capacity = 3
	s.must(booking.Change{Key: "three", Session: small, Reason: "room", Actor: "mia"})
	s.booked(queue("cleo", 1))
	other := small
	other.List = &experience.List{OfferMinutes: 5}
	s.refused(booking.Change{Key: "classes", Session: other, Reason: "list", Actor: "mia"}, booking.ErrTerms)
	large := evening()
	large.Capacity = 5
	s.must(booking.Change{Key: "five", Session: large, Reason: "room", Actor: "mia"})
	require.Equal(t, experience.Promised, s.of("cleo", "latte-art").State)
	require.EqualValues(t, 1, s.board("latte-art").Free)
	s.verify("latte-art")
}

func TestASessionThatNamesATierOfTwoLaddersIsRefused(t *testing.T) {
	two := program()
	step := []tiers.Tier{{Code: "gold", Enter: tiers.Condition{All: []tiers.Need{{Metric: "visit", AtLeast: 2}}}}}
	for _, code := range []string{"status", "lifetime"} {
		two.Ladders = append(two.Ladders, tiers.Ladder{Code: code, Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld, Tiers: step})
	}
	two.Earning = []points.Rule{{Code: "visit", Unit: "visit", Activity: "visit", Bonus: 1}}
	engine, err := loyalty.New(loyalty.Revisions{two}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return opening }, Features: []loyalty.Feature{booking.Feature{}},
	})
	require.NoError(t, err)
	session := evening()
	session.Prices = []experience.Price{{Points: 100}, {Tier: "gold", Points: 60}}
	session.Opens = []experience.Opening{{Tier: "lifetime/gold", From: opening}, {Tier: "status/silver", From: opening}}
	session.Cancellation = []experience.CancelRule{{Tier: "gold", Minutes: 10}}
	session.List = &experience.List{Priority: []string{"gold"}, OfferMinutes: 30}
	_, err = engine.Do(t.Context(), booking.Open{Key: "open", Session: session})
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	for _, path := range []string{"session.prices[1].tier", "session.opens[1].tier", "session.list.priority[0]", "session.cancellation[0].tier"} {
		require.ErrorContains(t, err, path)
	}
	require.NotContains(t, err.Error(), "opens[0]")
}

func TestTiersAreThoseOfTheProgramsLaddersToo(t *testing.T) {
	session := evening()
	session.Prices = append(session.Prices, experience.Price{Tier: "status/regular", Points: 60})
	ladder := program()
	ladder.Earning = []points.Rule{{Code: "visit", Unit: "visit", Activity: "visit", Bonus: 1}}
	ladder.Ladders = []tiers.Ladder{{
		Code: "status", Window: tiers.Window{Kind: tiers.Lifetime}, End: tiers.WhileHeld,
		Tiers: []tiers.Tier{{Code: "regular", Enter: tiers.Condition{All: []tiers.Need{{Metric: "visit", AtLeast: 2}}}}},
	}}
	engine, err := loyalty.New(loyalty.Revisions{ladder}, memory.New(), &loyalty.Options{
		Clock: func() time.Time { return opening }, Features: []loyalty.Feature{booking.Feature{}},
	})
	require.NoError(t, err)
	do := func(cmd loyalty.Command) error { _, err := engine.Do(t.Context(), cmd); return err }
	require.NoError(t, do(booking.Open{Key: "open", Session: session}))
	require.NoError(t, do(loyalty.Enroll{Member: "anna", Key: "signup"}))
	require.NoError(t, do(loyalty.Adjust{Member: "anna", Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"}))
	regular := book("anna", 1)
	regular.Points = 60
	require.ErrorIs(t, do(regular), loyalty.ErrPrice)
	for _, key := range []string{"monday", "tuesday"} {
		require.NoError(t, do(loyalty.Fact{Member: "anna", Key: key, Activity: "visit"}))
	}
	require.NoError(t, do(regular))
}
