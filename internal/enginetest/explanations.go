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
// by which its points were first earned: none of them twice, and of each lot that they made all
// that it was made of and no more, whatever merges have moved of it since.
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
				if err := m.check(told, lot); err != nil {
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
			if err := m.check(told, &x.Lots[i]); err != nil {
				return fmt.Errorf("entry %d.%d %s: %w", ref.Version, ref.Ordinal, entry.Kind, err)
			}
		}
	}
	return nil
}

// madeBy is what the credits of a lot say of one that they made.
type madeBy struct {
	member string
	lot    points.LotID
}

// movedOnly reports whether points went through nothing but merges and the undoing of them,
// each by an entry: lots go from one account to another one by one.
func movedOnly(way []string) bool {
	return !slices.ContainsFunc(way, func(step string) bool {
		var version int64
		kind, rest, _ := strings.Cut(step, " ")
		_, err := fmt.Sscanf(rest, "%d of", &version)
		return err != nil || kind != string(points.EntryMerge) && kind != string(points.EntryUnmerge)
	})
}

// check says what is missing in the explanation of a lot, or too much in it.
func (m *machine) check(told *explanations, lot *loyalty.ExplainedLot) error {
	var sum points.Amount
	seen, made := map[string]bool{}, map[madeBy]points.Amount{}
	moved := len(lot.Credits) > 0
	for i := range lot.Credits {
		credit := &lot.Credits[i]
		told.credits++
		sum += credit.Entry.Amount
		from := madeBy{credit.Operation.Member, credit.Entry.Lot}
		made[from] += credit.Entry.Amount
		once := fmt.Sprint(from, credit.Entry.Rule)
		if seen[once] {
			return fmt.Errorf("lot %d goes back to %s twice: %s", lot.ID, once, text(lot))
		}
		seen[once] = true
		moved = moved && movedOnly(credit.Way)
		if credit.Entry.Unit != lot.Unit {
			return fmt.Errorf("lot %d of %s goes back to %s", lot.ID, lot.Unit, text(credit))
		}
		if !slices.Contains([]points.EntryKind{points.EntryEarn, points.EntryAdjust, points.EntryImport}, credit.Entry.Kind) {
			return fmt.Errorf("lot %d goes back to %s %s", lot.ID, credit.Entry.Kind, text(credit))
		}
		if credit.Entry.Kind == points.EntryEarn && (credit.Entry.Rule == "" || credit.Entry.Revision == 0) {
			return fmt.Errorf("lot %d was earned by no rule: %s", lot.ID, text(credit))
		}
	}
	if moved && len(made) != 1 {
		return fmt.Errorf("lot %d went through nothing but merges, and goes back to %d lots: %s", lot.ID, len(made), text(lot))
	}
	for from, amount := range made {
		request := storage.LoadRequest{Program: m.revisions[0].ID, Member: from.member, Lots: []points.LotID{from.lot}}
		snaps, err := m.store.Load(m.ctx, []storage.LoadRequest{request})
		if err != nil {
			return err
		}
		if len(snaps[0].Lots) != 1 || snaps[0].Lots[0].Original != amount {
			return fmt.Errorf("lot %d goes back to %d of %+v, which is %s: %s", lot.ID, amount, from, text(snaps[0].Lots), text(lot))
		}
	}
	if least := lot.Remaining + lot.Held; sum < least {
		return fmt.Errorf("lot %d has %d, and what is behind it comes to %d: %s", lot.ID, least, sum, text(lot))
	}
	return nil
}
