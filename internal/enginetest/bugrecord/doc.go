// Package bugrecord holds the bugs that users of other loyalty systems reported, as
// scenarios that this one must be seen to survive, on any store and through the public
// API alone.
//
// A [Case] tells its bug in a shopkeeper's words, and what a naive engine would have
// done: that is what the case fails on. [Run] runs them all and then audits the ledger.
// [Controls] runs them in shops that have the bug, each by a [Mistake], and wants them to
// fail.
package bugrecord
