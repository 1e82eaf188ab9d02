package loyalty

import (
	"errors"
	"slices"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// entriesOf reads the stored entries of one version of the account. It costs a round
// trip, and makes a command that shares one leave its group.
func (p *Party) entriesOf(version int64) ([]points.Entry, error) {
	d := p.tx.deciding
	if !d.alone {
		d.wantsAlone = true
		return nil, p.tx.fail(errAlone)
	}
	if version < 1 || version > p.base.loaded {
		return nil, nil
	}
	d.engine.observer.UndeclaredRead(p.tx.call.typ)
	var entries []points.Entry
	query := storage.MemberQuery{Program: p.row.Program, Member: p.row.Member, AtVersion: p.base.loaded, From: version}
	for entry, err := range storage.AllEntries(d.ctx, d.store, query) {
		if errors.Is(err, storage.ErrConflict) {
			return nil, p.tx.fail(errStale)
		}
		if err != nil {
			return nil, p.tx.fail(err)
		}
		if entry.Version > version {
			break
		}
		entries = append(entries, entry.Entry)
	}
	return entries, nil
}

// ruleOf returns the code of the rule whose own expiry a lot follows, or "": the
// ledger knows it by the entries that made the lot. One that several rules gave, who let
// points live differently long in some revision, follows none: a law had them all live alike.
func (p *Party) ruleOf(lot *points.Lot) (string, error) {
	live := func(r points.Rule) bool { return r.Expiry != (points.Expiry{}) }
	revisions := p.tx.deciding.engine.revisions
	if !slices.ContainsFunc(revisions, func(rev *revision) bool { return slices.ContainsFunc(rev.Earning, live) }) {
		return "", nil
	}
	entries, err := p.entriesOf(int64(lot.ID) / lotsPerVersion)
	if err != nil {
		return "", err
	}
	entries = slices.DeleteFunc(entries, func(e points.Entry) bool { return e.Lot != lot.ID })
	if len(entries) == 0 || !slices.ContainsFunc(revisions, func(rev *revision) bool { return rev.livesOf(entries[0].Rule) != (points.Expiry{}) }) {
		return "", nil
	}
	rule := entries[0].Rule
	for _, entry := range entries[1:] {
		if slices.ContainsFunc(revisions, func(rev *revision) bool { return rev.livesOf(entry.Rule) != rev.livesOf(rule) }) {
			return "", nil
		}
	}
	return rule, nil
}

// livesOf is how long points of a rule live by the rule itself.
func (r *revision) livesOf(code string) points.Expiry {
	if rule := r.rule(code); rule != nil {
		return rule.Expiry
	}
	return points.Expiry{}
}
