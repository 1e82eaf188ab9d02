// Package raffle holds raffles in the engine, by the procedure of package
// rewards/experience/raffle that anyone can check: the shop commits to a secret seed before
// the first ticket, tickets are rolled into a digest, and the draw follows from both and from
// the value of a public beacon. Name one in [Terms], and publish the digest that [Read] gives
// before its value is known: without this the shop, which knows the seed, can choose who
// wins.
//
// List [Feature] in the engine's options. [Open] opens a raffle with its commitment, [Enter]
// gives tickets to a member for points, [Draw] reveals the seed and draws, [Collect] tells a
// member what they have won. [CallOff] ends a raffle without a draw, after which [Collect]
// gives the points back, as it does where the shop has not drawn by Terms.DrawBy. [Read] and [ProofOf] are for pages and for whoever checks.
//
// A raffle is a house account. It has its terms, a state of a few hundred bytes, and a small
// record for each ticket; a member has a record for each raffle. Points and tickets
// change in one commit. Tickets carry a pseudonym and no member's id, so that the list can be
// published; see [Feature].
package raffle
