// Package referral lets members bring friends: the referrer (advocate) shares a code, the
// friend (referee) accepts it and orders, and both are rewarded once the order has been kept
// through a cooling-off time, such as the return window. Nothing is given for a sign-up.
//
// List the [Feature] that [New] makes of [Terms] in the engine's options. [Issue] gives a
// member a code, [Accept] ties a friend to who has it, [Qualify] tells the order that counts,
// [Review] decides when its cooling-off is over, or when something of it came back, and [Pay]
// books what was decided. A [Desk] does the last two for all by its RunDue, and finds whose a
// code is. [Revoke] takes a code away, and [Deny] ends a referral by hand.
//
// What the two get is said by the program's own earning rules: each side's reward is an
// activity, such as "referral-made" and "referral-joined", whose rules give points, with
// conditions, caps for a referrer ("five times a year") and budgets. A metric of that code counts for
// tiers.
//
//	{"code": "made", "activity": "referral-made", "bonus": 500, "caps": [{"times": 5, "per": "year"}]},
//	{"code": "joined", "activity": "referral-joined", "bonus": 200}
//
// A step of a referral changes both accounts in one commit, so that both always say the same.
// The points come in one commit for each side: [Review] books those of the friend and leaves an
// obligation with the referrer, which [Pay] meets exactly once.
//
// # Guards
//
// Nobody refers themselves: not under one id, nor under two that were merged, before or
// after, nor with a fingerprint in common. Fingerprints are opaque digests that the host makes
// of what two persons hardly share, such as a card or a device; two friends who share one
// are one. A friend is referred once in their life, also through merges and their undoing. Two
// do not refer one another, unless the terms allow it. Who is suspended, closed or erased
// refers nobody, and a code ends with its member. An order counts that the ledger has, that was
// placed after the acceptance, and of which enough is left.
package referral
