// Package booking sells seats of sessions for points: it is the feature by which the engine
// knows what package rewards/experience models. List [Feature] in the engine's options, and
// run its commands through a [Desk].
//
// [Open] opens a session, [Change] and [CallOff] change and end it. Members [Book] at once,
// or [Hold] and [Confirm]; where there is no room they [Join] the list, from which the desk
// promotes them with [Promote]. [Cancel] and [Reschedule] keep what the policy says;
// [CheckIn] notes who came, [HandOver] lets a guest come. [Desk.Session], [Desk.Bookings],
// [Desk.Seats] and [Desk.Ahead] read.
//
// # What is kept where
//
// A session is a house account. It has its terms, a board of counts, which is a few dozen
// bytes whatever the size of the venue, a small record for each party that has seats and
// for each place on the list. A member has a record for each session that they booked. No
// document grows with the number of parties.
//
// A command on a booking changes the member's account and the session's in one commit: seats,
// points, and the list. So a seat is never sold twice, and points never leave without
// their seat. A hot session is one hot account: commands that wait for it share a commit,
// as those of a hot member do. Where one session is too hot for one account, such as a
// stadium, let each block be a session.
//
// # The hand-over to the list
//
// The commit that frees a seat makes it the list's while somebody waits: fresh bookings
// cannot have it. Who is next and whether they can pay is another member's affair, and
// decided by a command of that member, [Promote], which puts their points on hold and
// promises the seat until a deadline. Between the two commits the seat is nobody's and kept
// for the list; whichever process comes first goes on, and the commit of a promotion
// refuses everybody but the head of the list. An offer that is not accepted lapses on
// both accounts at the same instant, each by itself: the points return, and the seat is
// the list's again.
//
// A change of time reaches bookings in the same way, by [Refresh]: until it does, a
// booking has the deadline that it had. What is left to do is in the reference of the
// session's board, where [Desk.RunDue] finds it.
//
// # Prices and terms
//
// A command says what the member was shown, and is refused where that is not the price: so
// nobody pays what they did not see. Price and cancellation policy are kept with the booking
// and stay as they were when a session is changed. Tiers are those of
// the program's ladders, as "gold" or "status/gold", and those that loyalty.Options.Profile
// tells. Money is not collected here: a [Booking] says what the
// host collects, and a fee what part of it goes back.
//
// # The life of a booking
//
//	waiting   → promised, left, passed-over, unserved, called-off
//	held      → booked, cancelled, lapsed, called-off
//	promised  → booked, cancelled, lapsed, called-off
//	booked    → present, absent, cancelled, called-off, rescheduled
//	absent    → present
//
// The table is [experience.State.Next]; anything else is an experience.StateError.
package booking
