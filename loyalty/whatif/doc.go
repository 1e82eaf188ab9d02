// Package whatif answers what another program would have meant: it lives a recorded
// history again under two programs, and reports what differs, for the shop and for
// each of its members.
//
// [History] reads the commands that a store has recorded, in the order in which they
// were; a log of one's own serves as well. [Compare] runs every [Event] on two engines,
// each on an empty store, with the clock at the event's instant, and returns a [Report].
// What one program makes possible, such as a reward that is bought with points that the
// other never gave, is counted with its reason where it is refused.
//
// A Reinstate of a recorded history brings back what expired of the unit at the same
// instant, if anything did. Commands that name lots, an Extend or a Confirm with Lots,
// are run as they are: another history may have other points in a lot of that number.
//
// [History] reads the accounts of members. Commands whose account is that of a session
// or a raffle, such as those that open it, are not among them: bookings and entries are
// then refused under both programs, and counted as refused. A log of one's own may have
// such commands.
package whatif
