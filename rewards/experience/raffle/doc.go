// Package raffle draws tickets so that anyone can check the draw: who holds it cannot
// choose who wins, and who takes part cannot foresee it.
//
// # The procedure
//
// H is SHA-256, || joins bytes, text is UTF-8, and u64 is 8 bytes, the most significant
// first.
//
//  1. Before the first ticket is given out, the host draws a secret seed of 32 bytes and
//     publishes its commitment, in hexadecimal:
//     H("loyaltykit raffle seed v1" || u64(length of id) || id || seed), where id is the
//     raffle's. See [Commitment].
//  2. Tickets are numbered from 1 in the order in which they are given out. Each has a
//     label of its holder: a pseudonym that the holder knows and nobody else can
//     tell, such as that of [Label]. All labels are rolled into one digest:
//     R(0) = H("loyaltykit raffle roll v1" || u64(length of id) || id) and
//     R(n) = H(R(n−1) || u64(n) || u64(length of label) || label). See [Roll].
//  3. After the last ticket the host publishes the labels in order, the last digest R,
//     and the seed.
//  4. The bytes of the draw are the blocks
//     H("loyaltykit raffle draw v1" || seed || R || u64(i)) for i = 0, 1, 2 …, each cut into
//     four numbers of 8 bytes. To choose one of m: the next number x counts unless
//     x ≥ 2^64 − (2^64 mod m), and the choice is x mod m.
//  5. The k-th winner: of the list of all tickets, choose one of those from place k to
//     the end, exchange it with the one at place k, and take it. So no ticket wins
//     twice, each order of winners is equally likely, and drawing more winners leaves the
//     first ones as they were. See [Winners].
//
// Whoever has the published [Proof] checks it with [Proof.Verify], or with a page of code
// in any language; testdata/vectors.json has test vectors.
//
// The commitment binds the host before it can know the tickets; the digest of the
// tickets keeps anybody who has learned the seed from having chosen it. What the procedure
// cannot do is to make a host reveal a seed: a host that does not like the outcome can
// only call the raffle off, for all to see.
package raffle
