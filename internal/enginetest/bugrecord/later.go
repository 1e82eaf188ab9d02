package bugrecord

// laterCases are the bugs of what is not built yet.
func laterCases() []Case {
	return []Case{
		{Number: 56, Slug: "free_account_completes_a_referral", Bug: "People referred themselves with free accounts.", Naive: "pays for a sign-up", Waits: "referrals are not part of the library yet"},
	}
}
