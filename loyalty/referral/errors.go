package referral

import "errors"

// Errors that a host branches on with errors.Is. Those of package loyalty come too.
var (
	// ErrCode reports a text that is no code, or a code that nobody has: it was mistyped,
	// revoked, or its member is gone.
	ErrCode = errors.New("nobody has the referral code")
	// ErrCodeTaken reports a code that another member has, or a member who has one
	// already: revoke it, or ask to replace it.
	ErrCodeTaken = errors.New("the referral code is taken")
	// ErrSelf reports a member who would refer themselves: under the same id, under one
	// that was merged with it, or with a fingerprint in common.
	ErrSelf = errors.New("nobody refers themselves")
	// ErrReferred reports a friend who was referred before, or who shares a fingerprint
	// with one who was.
	ErrReferred = errors.New("the friend was referred before")
	// ErrRing reports two who would refer one another.
	ErrRing = errors.New("the friend has referred the referrer")
	// ErrNotNew reports a friend who is no new customer.
	ErrNotNew = errors.New("the friend is not new")
	// ErrReferrer reports a referrer who may not earn: suspended or closed.
	ErrReferrer = errors.New("the referrer may not refer anybody now")
	// ErrNoReferral reports two between whom there is no such referral, or none to which
	// this can happen any more.
	ErrNoReferral = errors.New("there is no such referral")
	// ErrOrder reports an order that does not count: it did not earn, came before the
	// acceptance or too late, or too little of it is left.
	ErrOrder = errors.New("the order does not count for the referral")
	// ErrNotDue reports a referral of which there is nothing to decide or to book now.
	ErrNotDue = errors.New("there is nothing to do about the referral yet")
	// ErrNoReward reports an activity of the terms that the program does not know.
	ErrNoReward = errors.New("the program rewards no referrals")
)
