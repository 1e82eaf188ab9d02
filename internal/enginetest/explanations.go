package enginetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Explanations proves that whatever commands have made of a ledger, every balance and
// every entry of it is explained: by lots that make up the balance, each with the entries
// by which its points were first earned.
func Explanations(t *testing.T, open Open, options *Options) {
	checks(t, options.or().Sequences)
	opened := stores{open: open, t: t}
	told := &explanations{}
	rapid.Check(t, func(rt *rapid.T) {
		m := opened.machine(rt)
		if err := m.walk(10 + m.pick("steps", 40)); err != nil {
			rt.Fatal(err)
		}
		if err := m.explained(told); err != nil {
			rt.Fatal(err)
		}
	})
	t.Logf("figure R11 %d balances and %d entries are explained, by %d credits", told.balances, told.entries, told.credits)
}

// explanations counts what was explained.
type explanations struct{ balances, entries, credits int }

// explained asks for everything, and says what is not explained.
func (m *machine) explained(told *explanations) error {
	program := m.revisions[0].ID
	for account, err := range storage.AllAccounts(m.ctx, m.store, storage.AccountQuery{Program: program}) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(account.Member, storage.ReservedPrefix) {
			continue
		}
		if err := m.explainBalances(account.Member, told); err != nil {
			return fmt.Errorf("of %s: %w", account.Member, err)
		}
		if err := m.explainEntries(account.Member, told); err != nil {
			return fmt.Errorf("of %s: %w", account.Member, err)
		}
	}
	return nil
}

// explainBalances compares what a member has of each unit with its explanation.
func (m *machine) explainBalances(member string, told *explanations) error {
	page, err := m.engine.Member(m.ctx, member)
	if errors.Is(err, loyalty.ErrErased) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, b := range page.Balances {
		x, err := m.engine.Explain(m.ctx, member, loyalty.Question{Unit: b.Unit})
		if err != nil {
			return fmt.Errorf("%s is not explained: %w", b.Unit, err)
		}
		told.balances++
		have := points.Balance{Unit: b.Unit}
		for more := x; ; {
			for i := range more.Lots {
				lot := &more.Lots[i]
				if lot.State == points.LotPending {
					have.Pending += lot.Remaining
				} else {
					have.Available += lot.Remaining
				}
				have.Held += lot.Held
				if err := told.check(lot); err != nil {
					return err
				}
			}
			if more.Next == "" {
				break
			}
			if more, err = m.engine.Explain(m.ctx, member, loyalty.Question{Unit: b.Unit, After: more.Next}); err != nil {
				return err
			}
		}
		for _, sum := range x.Counted {
			have.Counted += sum.Points
		}
		for _, owed := range x.Owed {
			have.Debt += owed.Entry.Amount
		}
		if n := len(x.Owed); n > 0 && have.Debt-x.Owed[0].Entry.Amount < b.Debt && have.Debt > b.Debt {
			have.Debt = b.Debt // the first one is in part repaid
		}
		if have != b {
			return fmt.Errorf("it has %+v, and the explanation %+v: %s", b, have, x)
		}
	}
	return nil
}

// explainEntries asks for every entry of an account.
func (m *machine) explainEntries(member string, told *explanations) error {
	for entry, err := range storage.AllEntries(m.ctx, m.store, storage.MemberQuery{Program: m.revisions[0].ID, Member: member}) {
		if err != nil {
			return err
		}
		ref := points.EntryRef{Version: entry.Version, Ordinal: entry.Ordinal}
		x, err := m.engine.Explain(m.ctx, member, loyalty.Question{Entry: ref})
		if errors.Is(err, loyalty.ErrErased) && m.model.now(member).erased {
			continue
		}
		if err != nil {
			return fmt.Errorf("entry %d.%d %s is not explained: %w", ref.Version, ref.Ordinal, entry.Kind, err)
		}
		told.entries++
		if x.Entry.Amount != entry.Amount || x.Entry.Kind != entry.Kind || (entry.Lot != 0) != (len(x.Lots) > 0) {
			return fmt.Errorf("entry %d.%d %+v is explained as %s", ref.Version, ref.Ordinal, entry.Entry, x)
		}
		for i := range x.Lots {
			if err := told.check(&x.Lots[i]); err != nil {
				return fmt.Errorf("entry %d.%d %s: %w", ref.Version, ref.Ordinal, entry.Kind, err)
			}
		}
	}
	return nil
}

// check says what is missing in the explanation of a lot.
func (told *explanations) check(lot *loyalty.ExplainedLot) error {
	var sum points.Amount
	for i := range lot.Credits {
		credit := &lot.Credits[i]
		told.credits++
		sum += credit.Entry.Amount
		if !slices.Contains([]points.EntryKind{points.EntryEarn, points.EntryAdjust, points.EntryImport}, credit.Entry.Kind) {
			return fmt.Errorf("lot %d goes back to %s %s", lot.ID, credit.Entry.Kind, text(credit))
		}
		if credit.Entry.Kind == points.EntryEarn && (credit.Entry.Rule == "" || credit.Entry.Revision == 0) {
			return fmt.Errorf("lot %d was earned by no rule: %s", lot.ID, text(credit))
		}
	}
	if least := lot.Remaining + lot.Held; sum < least {
		return fmt.Errorf("lot %d has %d, and what is behind it comes to %d: %s", lot.ID, least, sum, text(lot))
	}
	return nil
}
