// Package rewards is the model of what points are redeemed for: a [Catalog] as plain
// data, the question whether a member can redeem something now and why not, what a
// redemption goes through, voucher codes, and what points are worth in money. It has
// no clock, no randomness of its own and does no I/O, and is useful without the rest
// of the library.
//
// [Evaluate] answers, for each [Reward] of a catalog, an [Offer]: what it costs this
// member, and every [Reason] why it cannot be redeemed, with what is missing and when
// that ends. [Transitions] is the one table of what a redemption may go through.
// [NewCode] draws a voucher code and [CheckCode] finds one that was misread.
// [Exchange] turns points into money, for cash-back and at the checkout.
package rewards
