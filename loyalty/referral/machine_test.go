package referral_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/referral"
	"github.com/loyaltykit/loyaltykit/points"
)

// step is something that happens in the shop: what, to which members, and how much of it.
type step struct{ Do, A, B, N int }

var people = []string{"anna", "ben", "cleo"}

func steps() *rapid.Generator[[]step] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			rapid.IntRange(0, 11).Draw(t, "do"), rapid.IntRange(0, len(people)-1).Draw(t, "a"),
			rapid.IntRange(0, len(people)-1).Draw(t, "b"), rapid.IntRange(1, 20).Draw(t, "n"),
		}
	}), 1, 60)
}

// paper is what somebody with pen and paper keeps of the shop's referrals.
type paper struct {
	mistake string
	now     time.Time
	line    int
	back    bool
	friends map[string]*slip
	bought  map[string][]*bill
	beans   map[string]points.Amount
}

type slip struct {
	by, order     string
	line          int
	at, until     time.Time
	payAt         time.Time
	friend, maker referral.State
}

type bill struct {
	id   string
	line int
	at   time.Time
	left int64
}

func (p *paper) bill(member, id string) *bill {
	for _, b := range p.bought[member] {
		if b.id == id {
			return b
		}
	}
	return &bill{}
}

func (p *paper) accept(friend, by string) bool {
	if friend == by || p.friends[friend] != nil && p.mistake != "twice" {
		return false
	}
	if theirs := p.friends[by]; theirs != nil && theirs.by == friend && p.mistake != "rings" {
		return false
	}
	p.friends[friend] = &slip{by: by, line: p.line, at: p.now, until: p.now.AddDate(0, 0, 30), friend: referral.Accepted, maker: referral.Accepted}
	return true
}

func (p *paper) qualify(friend string, b *bill) bool {
	s := p.friends[friend]
	switch {
	case s == nil || b == nil || s.friend != referral.Accepted && s.friend != referral.Withdrawn:
		return false
	case b.line < s.line || !b.at.Before(s.until) || b.left < 20:
		return false
	}
	s.friend, s.maker, s.order, s.payAt = referral.Qualified, referral.Qualified, b.id, b.at.AddDate(0, 0, 14)
	return true
}

// returned looks at a friend's order again.
func (p *paper) returned(friend string) {
	s := p.friends[friend]
	if s == nil || s.order == "" || p.bill(friend, s.order).left >= 20 || p.mistake == "returns" {
		return
	}
	switch {
	case s.friend == referral.Qualified:
		s.friend, s.maker, s.order = referral.Withdrawn, referral.Withdrawn, ""
	case s.friend == referral.Paid && p.back:
		p.beans[friend] -= 200
		s.friend = referral.Reversed
		if s.maker == referral.Paid {
			s.maker = referral.Revoked
		} else {
			s.maker = referral.Denied
		}
	}
}

func (p *paper) due() {
	for _, friend := range people {
		if s := p.friends[friend]; s != nil && s.friend == referral.Qualified && !p.now.Before(s.payAt) {
			if p.returned(friend); s.friend == referral.Qualified {
				s.friend, s.maker = referral.Paid, referral.Cleared
				p.beans[friend] += 200
			}
		}
	}
	for _, s := range p.friends {
		switch s.maker {
		case referral.Cleared:
			s.maker = referral.Paid
			p.beans[s.by] += 500
		case referral.Revoked:
			s.maker = referral.Reversed
			p.beans[s.by] -= 500
		}
	}
}

func (p *paper) deny(friend string) bool {
	s := p.friends[friend]
	if s == nil || s.friend == referral.Denied || s.friend == referral.Reversed {
		return false
	}
	if s.friend, s.maker = ended(s.friend), ended(s.maker); s.friend == referral.Revoked {
		s.friend = referral.Reversed
		p.beans[friend] -= 200
	}
	return true
}

func ended(state referral.State) referral.State {
	switch state {
	case referral.Paid:
		return referral.Revoked
	case referral.Revoked, referral.Reversed, referral.Denied:
		return state
	default:
		return referral.Denied
	}
}

// shown is a state as a page shows it.
func (p *paper) shown(s *slip, state referral.State) referral.State {
	if (state == referral.Accepted || state == referral.Withdrawn) && !p.now.Before(s.until) {
		return referral.Lapsed
	}
	return state
}

// walk takes the steps in a shop and on paper, and says where the two differ first.
func walk(t testing.TB, back bool, mistake string, all []step) string {
	s := openShop(t, func(s *shop) {
		s.terms.ClawBack = back
		s.program.Zone, s.program.Debt = "UTC", loyalty.AllowDebt
		s.program.Earning = slices.Clone(s.program.Earning)
		s.program.Earning[3].Caps = nil
	}, people...)
	p := &paper{mistake: mistake, now: s.now, back: back, friends: map[string]*slip{}, bought: map[string][]*bill{}, beans: map[string]points.Amount{}}
	codes := map[string]string{}
	for _, member := range people {
		codes[member] = s.code(member)
	}
	for i, step := range all {
		p.line = i
		a, b := people[step.A], people[step.B]
		if said := s.step(p, codes, a, b, step, i); said != "" {
			return said
		}
		if said := s.differs(p); said != "" {
			return fmt.Sprintf("step %d, %+v: %s", i, step, said)
		}
	}
	s.verify()
	return ""
}

// step takes one step on both sides.
func (s *shop) step(p *paper, codes map[string]string, a, b string, step step, i int) string {
	agree := func(want bool, cmd loyalty.Command) string {
		if _, err := s.Do(s.t.Context(), cmd); (err == nil) != want {
			return fmt.Sprintf("step %d, %+v: paper says %v, the engine %v", i, step, want, err)
		}
		return ""
	}
	bills := p.bought[a]
	if r := p.friends[a]; r != nil && r.order != "" && step.Do == 10 {
		bills = []*bill{p.bill(a, r.order)}
	}
	var last *bill
	if len(bills) > 0 {
		last = bills[step.N%len(bills)]
	}
	switch step.Do {
	case 0, 1:
		return agree(p.accept(a, b), s.accept(a, b, codes[b]))
	case 2, 3:
		id := fmt.Sprint("order-", i)
		p.bought[a] = append(p.bought[a], &bill{id: id, line: p.line, at: p.now, left: int64(step.N) + 10})
		p.beans[a] += points.Amount(step.N) + 10
		s.buys(a, id, fmt.Sprint(step.N+10))
	case 4, 5:
		if r := p.friends[a]; last != nil && r != nil {
			cmd := s.qualify(a, r.by, last.id)
			cmd.OccurredAt = last.at
			return agree(p.qualify(a, last), cmd)
		}
	case 6, 10:
		if last == nil || last.left < int64(step.N) {
			return ""
		}
		last.left -= int64(step.N)
		p.beans[a] -= points.Amount(step.N)
		s.must(loyalty.Refund{Member: a, Key: s.key(), Order: last.id, Amount: decimal.NewFromInt(int64(step.N))})
		if step.B%2 == 0 {
			p.returned(a)
			_, err := s.Returned(s.t.Context(), a, last.id)
			require.NoError(s.t, err)
		}
	case 7:
		s.days(step.N)
		p.now = s.now
	case 8, 11:
		s.RunDue()
		s.RunDue()
		p.due()
	default:
		if r := p.friends[a]; r != nil && step.N < 3 {
			return agree(p.deny(a), referral.Deny{Member: a, Key: s.key(), Referrer: r.by, Reason: "r", Actor: "a"})
		}
	}
	return ""
}

// differs says where the shop differs from the paper.
func (s *shop) differs(p *paper) string {
	for _, member := range people {
		if has := s.beans(member); has != p.beans[member] {
			return fmt.Sprintf("%s has %d, on paper %d", member, has, p.beans[member])
		}
		r := p.friends[member]
		if r == nil {
			continue
		}
		if has, want := s.sides(member, r.by), []referral.State{p.shown(r, r.friend), p.shown(r, r.maker)}; !slices.Equal(has, want) {
			return fmt.Sprintf("the referral of %s is %v, on paper %v", member, has, want)
		}
	}
	return ""
}

func TestReferralsAreWhatAPaperSays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		require.Empty(r, walk(t, rapid.Bool().Draw(r, "back"), "", steps().Draw(r, "steps")))
	})
}

func TestAPaperWithAMistakeIsFoundOut(t *testing.T) {
	for _, mistake := range []string{"twice", "rings", "returns"} {
		found := false
		for seed := 0; seed < 300 && !found; seed++ {
			found = walk(t, true, mistake, steps().Example(seed)) != ""
		}
		require.True(t, found, mistake)
	}
}
