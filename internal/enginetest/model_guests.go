package enginetest

import (
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// enrollGuest opens an account whose points wait to be claimed.
func (m *model) enrollGuest(p *person, now time.Time) error {
	if !m.program.Guests {
		return loyalty.ErrNoGuests
	}
	if err := m.enroll(p, now); err != nil {
		return err
	}
	p.guest = true
	return nil
}

// claimed says who a claim is about. A guest is not followed to whom they became one
// with: a guest is claimed once.
func (m *model) claimed(by *person, guest string) (*person, error) {
	switch {
	case by.id == guest:
		return nil, loyalty.ErrSameMember
	case m.merged[guest].into != "":
		return nil, loyalty.ErrClaimed
	default:
		return m.person(guest), nil
	}
}

// claim gives what a guest has to a member.
func (m *model) claim(p, guest *person, now time.Time) error {
	if err := p.mayEarn(); err != nil {
		return err
	}
	switch {
	case p.guest:
		return loyalty.ErrGuest
	case !guest.guest:
		return loyalty.ErrNotGuest
	}
	return m.merge(p, guest, now)
}

// strangers are commands about guests, and about members as if they were some.
func (g *generator) strangers() loyalty.Command {
	who, other := g.two()
	guest := oneOf(g.pick, "guest", g.guests...)
	switch g.pick("stranger", 6) {
	case 0, 1:
		return loyalty.EnrollGuest{Member: guest, Key: g.key(), OccurredAt: g.occurred()}
	case 2:
		return loyalty.EnrollGuest{Member: who, Key: g.key(), OccurredAt: g.occurred()}
	case 3:
		return loyalty.ClaimAward{Member: who, Key: g.key(), Guest: other, Verified: "by her card", OccurredAt: g.occurred()}
	default:
		if who == guest {
			who = other
		}
		return loyalty.ClaimAward{Member: who, Key: g.key(), Guest: guest, Verified: "by the receipt", OccurredAt: g.occurred()}
	}
}
