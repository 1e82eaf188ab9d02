package enginetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// erase takes out all that a person is, and leaves what they have on the books: it
// matures and expires as before. Holds are voided, and they leave their pools. Whoever
// was merged into them is erased as well.
func (m *model) erase(p *person, now time.Time) (result, error) {
	if m.pools[p.id] != nil {
		return result{}, loyalty.ErrNotPerson
	}
	r := result{balances: p.balances(), recorded: now, early: true}
	p.closed, p.law = true, ""
	m.after = func() {
		for _, id := range m.along(p.id) {
			m.person(id).erased = true
		}
		for _, g := range m.pools {
			delete(g.places, p.id)
			delete(g.invites, p.id)
		}
		for _, id := range slices.Sorted(maps.Keys(p.holds)) {
			if p.holds[id].open {
				_ = m.void(p, id, now)
			}
		}
	}
	return r, nil
}

// erased answers a command about somebody who was erased, and reports whether it is.
func (m *model) erased(cmd loyalty.Command) (result, bool, error) {
	plan := cmd.Plan()
	if _, again := cmd.(loyalty.Erase); again && m.person(plan.Member).erased {
		return result{replayed: true, bare: true}, true, nil
	}
	for _, id := range append([]string{plan.Member}, plan.Others...) {
		if m.person(id).erased {
			return result{}, true, loyalty.ErrErased
		}
	}
	return result{}, false, nil
}

// forget erases somebody, seldom, since there are few. What holds give back first
// is not promised where somebody owes points as well.
func (m *machine) forget() error {
	who := oneOf(m.pick, "member", slices.Concat(m.people(), m.people(), pools)...)
	p := m.model.now(who)
	open := 0
	for _, h := range p.holds {
		if h.open {
			open++
		}
	}
	for _, owed := range p.debt {
		if owed > 0 && open > 1 {
			return nil
		}
	}
	if !p.erased && m.pick("erase", 3) > 0 {
		return m.send(m.any())
	}
	return m.send(loyalty.Erase{Member: who, Key: m.key(), Reason: "asked for it", OccurredAt: m.occurred()})
}

// compareErased says where a read still tells of somebody who was erased.
func (s *session) compareErased(id string) error {
	_, err := s.engine.MemberAt(s.ctx, id, s.clock)
	reads := map[string]error{"a page": err}
	_, reads["what expired"] = s.engine.Expired(s.ctx, id)
	_, reads["an explanation"] = s.engine.Explain(s.ctx, id, loyalty.Question{Unit: "bean"})
	reads["an export"] = s.engine.Export(s.ctx, id, &bytes.Buffer{})
	for _, err := range s.engine.History(s.ctx, id) {
		reads["the history"] = err
		break
	}
	for _, name := range slices.Sorted(maps.Keys(reads)) {
		if told(reads[name]) != told(loyalty.ErrErased) {
			return fmt.Errorf("%s was erased, and %s says %w", id, name, reads[name])
		}
	}
	for op, err := range storage.AllOperations(s.ctx, s.store, storage.MemberQuery{Program: s.revisions[0].ID, Member: id}) {
		switch {
		case err != nil:
			return err
		case !strings.HasPrefix(op.Key, storage.ReservedPrefix), len(op.Command)+len(op.Receipt)+len(op.Reason)+len(op.Actor)+len(op.Reference) > 0:
			return fmt.Errorf("%s was erased, and version %d still says %q %s %s %q %q %q", id, op.Version, op.Key, op.Command, op.Receipt, op.Reason, op.Actor, op.Reference)
		}
	}
	return nil
}
