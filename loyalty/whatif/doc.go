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
// [History] reads the commands of sessions and raffles as well, and those that a
// booking.Desk gave. They are lived again where the features are listed: in the engine that
// History reads with, and in [Options]. A raffle's feature needs its salt there.
package whatif
