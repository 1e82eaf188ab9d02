package bugrecord

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/loyaltykit/loyaltykit/storage"
)

// Case is one bug of the record.
type Case struct {
	// Number and Slug name it, as in C1_buy_earn_refund_keep.
	Number int
	Slug   string
	// Bug says what a shop saw go wrong, and Naive what an engine does that has it.
	Bug   string
	Naive string
	// Run fails where the bug is there.
	Run func(s *Shop)
	// Lacks says what of the bug's remedy this library does not have.
	Lacks string
	// Mistakes are shops that have the bug, on which Run must fail.
	Mistakes []Mistake
}

// Name is the case's name as a test.
func (c Case) Name() string { return fmt.Sprintf("C%d_%s", c.Number, c.Slug) }

// Cases lists all bugs of the record, by number.
func Cases() []Case {
	all := slices.Concat(refundCases(), expiryCases(), keyCases(), spendCases(), earnCases(), memberCases(), rewardCases(), tierCases(), referralCases())
	slices.SortFunc(all, func(a, b Case) int { return a.Number - b.Number })
	return all
}

// Run runs every case in a program of its own, on one store that open opens.
func Run(t *testing.T, open func(testing.TB) storage.Store) {
	store := open(t)
	for _, c := range Cases() {
		t.Run(c.Name(), func(t *testing.T) {
			t.Log(c.Bug)
			if c.Lacks != "" {
				t.Log("but: " + c.Lacks)
			}
			s := newShop(t, store, fmt.Sprintf("C%d", c.Number), Mistake{})
			c.Run(s)
			s.audit()
		})
	}
}

// Controls runs every case in shops that have its bug, where it must fail, and for that
// reason: a checker that cannot fail proves nothing.
func Controls(t *testing.T, open func(testing.TB) storage.Store) {
	for _, c := range Cases() {
		for _, m := range c.Mistakes {
			t.Run(c.Name()+"/"+m.Name, func(t *testing.T) {
				store := open(t)
				said := seen(t, func(t testing.TB) { c.Run(newShop(t, store, fmt.Sprintf("C%d", c.Number), m)) })
				t.Logf("%q", said)
				if !slices.ContainsFunc(said, func(what string) bool { return strings.Contains(what, m.Seen) }) {
					t.Errorf("the bug is there, and the case does not see %q, but says: %q", m.Seen, said)
				}
			})
		}
	}
}
