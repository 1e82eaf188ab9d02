package loyalty_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
	"github.com/loyaltykit/loyaltykit/storage/storagetest"
	"github.com/loyaltykit/loyaltykit/tiers"
)

// longLedger is a store whose reads of entries are looked at, and of which the broken-th
// fails where that is not 0.
type longLedger struct {
	*storagetest.Hooked
	reads, largest, read, broken int
	// conflicts says of how many reads one meets a conflict, 0 for none.
	conflicts int
}

var errUnplugged = errors.New("the cable was pulled")

func (l *longLedger) Entries(ctx context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	if l.reads++; l.reads == l.broken {
		return storage.Page[storage.Entry]{}, errUnplugged
	}
	if l.conflicts > 0 && l.reads%l.conflicts == 0 {
		return storage.Page[storage.Entry]{}, storage.ErrConflict
	}
	page, err := l.Hooked.Entries(ctx, query)
	l.read, l.largest = l.read+len(page.Items), max(l.largest, len(page.Items))
	return page, err
}

// movesIn is a shop with one member, who moves in with the spending of ten years, in pages of
// so many counts.
func movesIn(t *testing.T, program loyalty.Program, pages, counts int) *shop {
	t.Helper()
	s := openShop(t, program)
	for page := range pages {
		row := loyalty.Import{Member: "anna", Key: fmt.Sprint("page ", page), EnrolledAt: day(2016, time.January, 1)}
		row.Standing = &loyalty.OpeningStanding{Page: page + 1, Pages: pages}
		for i := range counts {
			on := tiers.Date(2017, 3, 10) + tiers.Day((page*counts+i)%3600)
			row.Standing.Counts = append(row.Standing.Counts, loyalty.OpeningCount{Metric: "spend", Day: on, Amount: 1})
		}
		s.must(row)
	}
	require.Empty(t, s.tier("anna"), "no year has so much")
	s.now = s.now.AddDate(0, 0, 1)
	return s
}

// ofTenYears is a program of which a ladder counts a year, and its revision that counts ten.
func ofTenYears(all int64) (year, decade loyalty.Program) {
	year = regulars(func(p *loyalty.Program) {
		p.Horizon = points.Span{N: 30, Unit: points.Days}
		p.Ladders[0].Tiers[0].Enter, p.Ladders[0].Tiers[1].Enter = of("spend", 5000), of("spend", 6000)
	})
	decade = regulars(func(p *loyalty.Program) {
		p.Horizon = year.Horizon
		p.Ladders[0].Window, p.Ladders[0].End = tiers.Window{Kind: tiers.Rolling, Span: tiers.Span{Months: 120}}, tiers.WhileHeld
		p.Ladders[0].Tiers[0].Enter, p.Ladders[0].Tiers[1].Enter = of("spend", 100), of("spend", all)
		p.EffectiveAt = day(2027, time.March, 1)
	})
	return year, decade
}

// TestARebuildOfALongLedgerReadsItInPagesAndStoresItOnce lets a revision ask for what was not
// counted by the day so far. The read of the ledger is cut in its middle, which stores nothing.
// The same engine goes on from there, another one begins anew, and either counts every day in
// one commit.
func TestARebuildOfALongLedgerReadsItInPagesAndStoresItOnce(t *testing.T) {
	const pages, counts, cut = 20, 1500, 16
	year, decade := ofTenYears(pages * counts)
	for name, restarts := range map[string]bool{"by the same engine": false, "by another process": true} {
		t.Run(name, func(t *testing.T) {
			s := movesIn(t, year, pages, counts)
			ledger := &longLedger{Hooked: s.store, broken: cut}
			open := func() *loyalty.Engine {
				engine, err := loyalty.New(loyalty.Revisions{year, decade}, ledger, &loyalty.Options{
					Clock: s.clock, Secret: []byte("a secret of the test"), Attempts: 1,
				})
				require.NoError(t, err)
				return engine
			}
			engine := open()
			before, commits := len(s.days("anna")), s.commits
			report, err := engine.AdoptLadders(t.Context(), nil)
			require.NoError(t, err)
			require.Len(t, report.Failed, 1)
			require.ErrorIs(t, report.Failed[0], errUnplugged)
			require.Len(t, s.days("anna"), before, "nothing of half a rebuild is stored")
			require.LessOrEqual(t, s.commits-commits, 1, "the revision")

			left := pages*counts - (cut-1)*1000 + pages
			if restarts {
				engine, left = open(), pages*counts
			}
			commits, ledger.reads, ledger.read, ledger.broken = s.commits, 0, 0, 0
			report, err = engine.AdoptLadders(t.Context(), nil)
			require.NoError(t, err)
			require.Empty(t, report.Failed)
			require.Equal(t, commits+1, s.commits)
			require.Equal(t, 1000, ledger.largest)
			require.InDelta(t, left, ledger.read, counts, "and what the commit has that was read in part")
			s.Engine = engine
			require.Equal(t, "gold", s.tier("anna"), "all that was ever counted")
			require.Len(t, s.days("anna"), 3600)
			s.verify()

			commits, ledger.reads = s.commits, 0
			_, err = engine.AdoptLadders(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, []int{commits, 0}, []int{s.commits, ledger.reads}, "a third run has nothing to do")
		})
	}
}

// TestARebuildThatMeetsConflictsGoesOn lets every third read of a ledger meet a conflict: each
// time the read goes on from where it was.
func TestARebuildThatMeetsConflictsGoesOn(t *testing.T) {
	const pages, counts = 20, 1500
	year, decade := ofTenYears(pages * counts)
	s := movesIn(t, year, pages, counts)
	ledger := &longLedger{Hooked: s.store, conflicts: 3}
	engine, err := loyalty.New(loyalty.Revisions{year, decade}, ledger, &loyalty.Options{Clock: s.clock, Secret: []byte("a secret of the test")})
	require.NoError(t, err)
	report, err := engine.AdoptLadders(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, report.Failed)
	require.Greater(t, ledger.reads, pages*counts/1000+10, "ten conflicts")
	require.Less(t, ledger.read, 2*pages*counts, "not all of it again each time")
	ledger.conflicts, s.Engine = 0, engine
	require.Equal(t, "gold", s.tier("anna"))
	s.verify()
}

// TestARebuildRemembersDaysAndNotEntries counts the days of a ledger, of which some is taken
// back, as a table of all entries does.
func TestARebuildRemembersDaysAndNotEntries(t *testing.T) {
	engine, err := loyalty.New(loyalty.Revisions{regulars()}, memory.New(), nil)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		var ledger []storage.Entry
		on, counted := map[points.EntryRef]tiers.Day{}, map[tiers.Day]points.Amount{}
		today, days, late := tiers.Date(2027, 3, 1), 1, 0
		noonOf := func(day tiers.Day) time.Time { return day.Start(time.UTC).Add(11 * time.Hour) }
		for version := range int64(rapid.IntRange(1, 400).Draw(t, "entries")) {
			e := storage.Entry{Version: version + 1, Ordinal: rapid.IntRange(0, 2).Draw(t, "ordinal")}
			e.Entry = points.Entry{Unit: "spend", Amount: 5, From: points.Source, To: points.Counted}
			switch day := today; rapid.IntRange(0, 20).Draw(t, "what") {
			case 0:
				today, days = today+1, days+1
			case 1:
				day -= tiers.Day(rapid.IntRange(1, 40).Draw(t, "late"))
				late++
				fallthrough
			default:
				e.OccurredAt = noonOf(day)
				counted[day] += e.Amount
				on[points.EntryRef{Version: e.Version, Ordinal: e.Ordinal}] = day
				ledger = append(ledger, e)
			case 2, 3:
				if len(on) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(ledger)-1).Draw(t, "of")
				e.Corrects = points.EntryRef{Version: ledger[i].Version, Ordinal: ledger[i].Ordinal}
				day, known := on[e.Corrects]
				if !known || counted[day] < 1 {
					continue
				}
				e.From, e.To, e.Amount, e.OccurredAt = points.Counted, points.Source, 1, noonOf(today)
				counted[day]--
				ledger = append(ledger, e)
			}
		}
		have, runs, err := loyalty.CountDays(engine, ledger)
		require.NoError(t, err)
		var sum points.Amount
		for _, d := range have {
			day := tiers.Date(d.Day/10000, time.Month(d.Day/100%100), d.Day%100)
			require.Equal(t, counted[day], d.Amount, day.String())
			sum += d.Amount
		}
		for _, n := range counted {
			sum -= n
		}
		require.Zero(t, sum)
		require.LessOrEqual(t, runs, days+2*late)
	})
}
