// Package experience is what a loyalty program offers that happens at a time and has
// room for so many: a tasting, a concert, a class, a consultation. It is pure: it does no
// I/O and knows no clock, and every decision is a function of what it is given.
//
//   - [Session] is the terms of one date as data: venue and zone, start, capacity and
//     party size, prices and booking windows by tier, how long a hold lasts, the wait
//     list, and what a cancellation costs when.
//   - [Board] counts where the seats of a session are and who is next on its list. It is
//     a few dozen bytes whatever the size of the venue, and its methods are the only way
//     in which seats move: it never sells a seat twice and lets nobody overtake.
//   - [State] is the life of a booking, with one table of what may follow what.
//   - [Room] puts these together for one session in memory, with the parties that are
//     in it: for a small venue, a what-if, or a test.
//   - [Service] cuts the hours of persons and things that are booked one by one into
//     sessions.
//
// Package loyalty/booking keeps the same Board and the same States in the engine, where
// seats and points change in one commit.
//
// # Seats
//
// A seat is free, held for somebody who has not decided, promised to somebody from the
// list, booked, or offered: freed while somebody waited, and kept for the list. Fresh
// bookings draw from the free ones only, the list from the offered ones first. So who
// waits is not overtaken by who comes later, whatever is freed when. What is free when
// the list begins, because the first on it is a party too large for it, stays free for
// smaller ones.
//
// # The list
//
// The list has classes by tier, the best first, and is first come, first served within a
// class. The head is promoted when there is room for its whole party; it is not passed
// over for a smaller one.
package experience
