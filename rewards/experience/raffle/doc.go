// Package raffle draws tickets so that anyone can check the draw.
//
// # The procedure
//
// H is SHA-256, || joins bytes, text is UTF-8, u64 is 8 bytes, the most significant
// first, and long(x) is u64(length of x) || x.
//
//  1. Before the first ticket is given out, the host fixes the [Rules]: the raffle's id,
//     how many tickets are drawn, and, better, a beacon: the name of a public value that
//     nobody can know before the last ticket, such as a round of a randomness beacon or the
//     numbers of a lottery on a day. The host draws a secret seed of 32 bytes, and publishes
//     the rules and their commitment, in hexadecimal:
//     H("loyaltykit raffle seed v2" || long(id) || u64(winners) || long(beacon) || seed).
//     See [Commitment].
//  2. Tickets are numbered from 1 in the order in which they are given out. Each has a
//     label of its holder: a pseudonym that the holder knows and nobody else can
//     tell, such as that of [Label]. All labels are rolled into one digest:
//     R(0) = H("loyaltykit raffle roll v1" || long(id)) and
//     R(n) = H(R(n−1) || u64(n) || long(label)). See [Roll].
//  3. After the last ticket, and before the beacon's value is known, the host publishes the
//     number of tickets and the last digest R. After the draw it publishes the labels in
//     order, the seed and the value.
//  4. The bytes of the draw are the blocks
//     H("loyaltykit raffle draw v2" || seed || R || long(value) || u64(i)) for i = 0, 1, 2 …,
//     each cut into four numbers of 8 bytes; without a beacon the value is empty. To choose
//     one of m: the next number x counts unless x ≥ 2^64 − (2^64 mod m), and the choice is
//     x mod m.
//  5. The k-th winner: of the list of all tickets, choose one of those from place k to
//     the end, exchange it with the one at place k, and take it. So no ticket wins
//     twice, each order of winners is equally likely, and drawing more winners leaves the
//     first ones as they were. See [Winners].
//
// Whoever has the published [Proof] checks it with [Proof.Verify], or with a page of code
// in any language; testdata/vectors.json has test vectors.
//
// # What a check shows, and what it does not
//
// A proof that verifies shows that the winners follow from the seed, the rules, the labels
// and the value, and that the seed and the rules are those of the commitment. So who takes
// part cannot foresee the draw while the seed is secret, and the host can change neither
// seed, number of winners nor beacon after it has published the commitment.
//
// It does not show that the host did not choose who wins. The host knows the seed, so that
// without a beacon it can reckon, for each label that it might add as the last one, who
// would win, and add tickets until it likes the outcome. Only a beacon prevents this, and
// only to whoever has seen for themselves, since no proof can tell it,
//   - that the commitment was published before the first ticket,
//   - that R was published before anybody could know the value of the beacon, and
//   - that the value is the one that the beacon gave.
//
// Nor does a check show that a label belongs to a person: the host may hold tickets
// itself. A holder sees that their own label is in the list, with as many tickets as
// they have. And nothing makes a host draw that does not like the outcome: it can
// withhold the seed, for all to see, and should have promised what happens then.
package raffle
