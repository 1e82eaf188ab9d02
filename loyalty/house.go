package loyalty

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// House names an account of a feature that belongs to no member: a session, a
// campaign, a raffle. It has the version, records and due time of every account, so
// what changes in it commits with what changes in the members of a command. It comes
// into being when a command opens it; see [Party.Open].
type House struct {
	// Feature is the name of the feature whose account it is: up to 32 bytes without
	// '/'.
	Feature string `json:"feature"`
	// ID is unique among the accounts of the feature: up to 80 bytes.
	ID string `json:"id"`
}

// maxHouse bounds the id of a house account.
const maxHouse = 80

// housePrefix starts the ids of all house accounts of features.
const housePrefix = storage.ReservedPrefix + "house/"

// Account is the id of the account: what a [RecordRef] names it by, and a query of the
// store. No member has it.
func (h House) Account() string { return housePrefix + h.Feature + "/" + h.ID }

// HouseOf returns which house an account is, and whether it is one.
func HouseOf(account string) (House, bool) {
	rest, found := strings.CutPrefix(account, housePrefix)
	feature, id, whole := strings.Cut(rest, "/")
	return House{Feature: feature, ID: id}, found && whole
}

// AccountName says in words whose an account is, as errors do: member "anna", or for the
// house of a session booking "latte-art".
func AccountName(account string) string {
	if _, found := HouseOf(account); found {
		return whose(account)
	}
	return "member " + whose(account)
}

// whose is AccountName without the word for a member.
func whose(account string) string {
	if house, found := HouseOf(account); found {
		return fmt.Sprintf("%s %q", house.Feature, points.Clip(house.ID))
	}
	return strconv.Quote(points.Clip(account))
}

// houseProblems lists what is wrong with the houses of a plan.
func (p *Plan) houseProblems() points.Problems {
	var problems points.Problems
	for i, house := range p.Houses {
		path := fmt.Sprintf("houses[%d]", i)
		if err := points.CheckID(house.Feature, 32); err != nil {
			problems.Add(path+".feature", "%v", err)
		} else if strings.Contains(house.Feature, "/") {
			problems.Add(path+".feature", "must not contain '/'")
		}
		if err := points.CheckID(house.ID, maxHouse); err != nil {
			problems.Add(path+".id", "%v", err)
		}
		if slices.Contains(p.Houses[:i], house) {
			problems.Add(path, "%q is named twice", house.ID)
		}
	}
	return problems
}

// housed turns the houses of a plan into the accounts that they are.
func (p *Plan) housed() {
	if len(p.Houses) == 0 {
		return
	}
	houses := p.Houses
	if p.Member == "" {
		p.Member, houses = houses[0].Account(), houses[1:]
	}
	p.Others = slices.Clone(p.Others)
	for _, house := range houses {
		p.Others = append(p.Others, house.Account())
	}
}

// isHouse reports whether the plan names an account as a house.
func (p *Plan) isHouse(account string) bool {
	return slices.ContainsFunc(p.Houses, func(h House) bool { return h.Account() == account })
}

// House returns a house account that the plan names, which may not be open yet.
func (tx *Tx) House(house House) (*Party, error) {
	for _, p := range tx.parties {
		if p.row.Member == house.Account() {
			return p, nil
		}
	}
	return nil, tx.fail(fmt.Errorf("loyalty: %s is not in the plan's Houses", whose(house.Account())))
}

// Open opens a house account that the plan names, for the life of the program. One
// that is open is an [ErrAlreadyEnrolled]. A member's account begins with [Enroll]: whether
// a member may earn or redeem say [Party.CanEarn] and [Party.CanRedeem].
func (p *Party) Open() error {
	if !p.tx.plan.isHouse(p.row.Member) {
		return p.tx.fail(errors.New("loyalty: Open opens a house account of the plan, not a member's: those begin with Enroll; CanEarn and CanRedeem say whether a member may"))
	}
	if p.Enrolled() {
		return fmt.Errorf("%w: %s", ErrAlreadyEnrolled, whose(p.row.Member))
	}
	p.row.Kind, p.row.Status, p.row.EnrolledAt = storage.House, storage.Active, p.tx.occurred
	return nil
}
