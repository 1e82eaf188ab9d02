package tiers

import (
	"fmt"
	"strings"
)

// Name is the name of a tier among several ladders: "status/gold" for the tier gold of the
// ladder status. The tier's code alone names it too where no other ladder has one of that
// code; see [CheckName].
func Name(ladder, tier string) string { return ladder + "/" + tier }

// CheckName returns why a name of a tier, as rules, prices and windows have it, is not
// clear among the ladders of a program, nil where it is: a code that several ladders
// have, or a tier that the ladder does not have that it names. A code that no ladder has is
// one of the host's own.
func CheckName(ladders []Ladder, name string) error {
	if code, tier, qualified := strings.Cut(name, "/"); qualified {
		for i := range ladders {
			if ladders[i].Code == code && ladders[i].rank(tier) == none {
				return fmt.Errorf("%q is not a tier of ladder %q", tier, code)
			}
		}
		return nil
	}
	var names []string
	for i := range ladders {
		if ladders[i].rank(name) != none {
			names = append(names, fmt.Sprintf("%q", Name(ladders[i].Code, name)))
		}
	}
	if len(names) > 1 {
		return fmt.Errorf("%q is a tier of %d ladders: say %s", name, len(names), strings.Join(names, " or "))
	}
	return nil
}
