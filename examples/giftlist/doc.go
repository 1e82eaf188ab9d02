// Package giftlist adds gift lists to a loyalty program: a member makes a list
// with a number of points to wish for and a deadline, shares its code, and other
// members give points to it until it is full, closed, or over.
//
// It is an example of a feature that lives outside the kernel: it imports the
// public packages, owns its records, and no store has heard of it. Copy it as the
// start of a feature of your own.
//
// List [Feature] in the engine's options. [Create] opens a list, [Give] moves points
// from one member to another, and [Close] ends a list early. A list whose deadline
// comes settles by itself. [Find], [Lists] and [Gifts] read.
//
// What it keeps:
//
//   - a record of kind "giftlist" under the owner, which falls due at the deadline,
//   - a record of kind "giftlist-gift" under each giver and list,
//   - a claim of the code while the list is live, so that a code names one list,
//   - a counter of the lists that are open in the program, bounded by
//     [Feature].MaxOpen.
package giftlist
