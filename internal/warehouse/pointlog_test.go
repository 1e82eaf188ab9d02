package warehouse_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"time"

	"github.com/loyaltykit/loyaltykit/internal/warehouse/orderlog"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// pointLog is a store of accounts with some ten entries each, which are made as they are
// read: a ledger of any length takes no memory.
type pointLog struct {
	storage.Store
	members int
}

func (l *pointLog) name(i int) string {
	return []string{"a", "B", "ä", "b-", "_"}[i%5] + fmt.Sprintf("%09d", i)
}

func (l *pointLog) Accounts(_ context.Context, query storage.AccountQuery) (storage.Page[storage.Account], error) {
	var page storage.Page[storage.Account]
	first, _ := strconv.Atoi(query.After)
	last := min(first+query.Limit, l.members)
	for i := first; i < last; i++ {
		page.Items = append(page.Items, storage.Account{Program: query.Program, Member: l.name(i)})
	}
	if last < l.members {
		page.Next = strconv.Itoa(last)
	}
	return page, nil
}

func (l *pointLog) Lots(_ context.Context, query storage.MemberQuery) (storage.Page[storage.Lot], error) {
	var page storage.Page[storage.Lot]
	for _, lot := range l.account(query.Member).lots {
		page.Items = append(page.Items, storage.Lot{Program: query.Program, Member: query.Member, Lot: lot})
	}
	return page, nil
}

func (l *pointLog) Entries(_ context.Context, query storage.MemberQuery) (storage.Page[storage.Entry], error) {
	var page storage.Page[storage.Entry]
	for i, e := range l.account(query.Member).entries {
		page.Items = append(page.Items, storage.Entry{Program: query.Program, Member: query.Member, Version: int64(i + 1), Entry: e})
	}
	return page, nil
}

// pointAccount is what a member earned, and what became of it.
type pointAccount struct {
	random  *rand.Rand
	lots    []points.Lot
	entries []points.Entry
}

func (l *pointLog) account(member string) *pointAccount {
	at := len(member) - 9
	number, _ := strconv.Atoi(member[at:])
	a := &pointAccount{random: rand.New(rand.NewPCG(uint64(number), 7))}
	for id := range points.LotID(1 + a.random.IntN(3)) {
		earned := orderlog.Start.Add(time.Duration(a.random.Int64N(3*365*24*int64(time.Hour)/1000)) * 1000)
		unit := "bean"
		if a.random.IntN(20) == 0 {
			unit = "leaf"
		}
		a.lots = append(a.lots, points.Lot{ID: id + 1, Unit: unit, State: points.LotOpen, Original: points.Amount(1 + a.random.Int64N(1000)), EarnedAt: earned})
	}
	for _, lot := range a.lots {
		a.life(lot)
	}
	// What paid debts is of no lot.
	a.move(points.Lot{Unit: "bean"}, points.Debt, points.Reversed, points.Amount(a.random.IntN(9)), a.lots[0].EarnedAt)
	sort.SliceStable(a.entries, func(i, j int) bool { return a.entries[i].OccurredAt.Before(a.entries[j].OccurredAt) })
	return a
}

func (a *pointAccount) move(lot points.Lot, from, to points.Bucket, amount points.Amount, at time.Time) {
	a.entries = append(a.entries, points.Entry{Unit: lot.Unit, Kind: points.EntryEarn, From: from, To: to, Amount: amount, Lot: lot.ID, OccurredAt: at, RecordedAt: at})
}

// life moves all that a lot has.
func (a *pointAccount) life(lot points.Lot) {
	left, at := lot.Original, lot.EarnedAt
	if a.random.IntN(4) == 0 {
		a.move(lot, points.Issued, points.Available, left, at)
	} else {
		a.move(lot, points.Issued, points.Pending, left, at)
		if a.random.IntN(10) == 0 {
			return
		}
		at = at.AddDate(0, 0, 14)
		a.move(lot, points.Pending, points.Available, left, at)
	}
	for range a.random.IntN(5) {
		at = at.Add(time.Duration(a.random.IntN(90*24)) * time.Hour)
		part := points.Amount(a.random.Int64N(int64(left)/2 + 1))
		if a.step(lot, part, at) {
			left -= part
		}
	}
	if expires := lot.EarnedAt.AddDate(1, 0, 0); expires.After(at) {
		a.move(lot, points.Available, points.Expired, left, expires)
	}
}

// step does one of the things that become of points, and reports whether they are gone.
func (a *pointAccount) step(lot points.Lot, part points.Amount, at time.Time) bool {
	switch a.random.IntN(9) {
	case 0:
		a.move(lot, points.Available, points.Redeemed, part, at)
		a.move(lot, points.Redeemed, points.Available, part, at.Add(24*time.Hour))
		return false
	case 1:
		a.move(lot, points.Available, points.Held, part, at)
		a.move(lot, points.Held, points.Redeemed, part, at.Add(time.Hour))
	case 2:
		a.move(lot, points.Available, points.Reversed, part, at)
	case 3:
		a.move(lot, points.Available, points.Transferred, part, at)
	case 4:
		a.move(lot, points.Available, points.Debt, part, at)
	case 5:
		a.move(lot, points.Issued, points.Debt, part, at)
		return false
	case 6:
		into := a.lots[a.random.IntN(len(a.lots))]
		if into.Unit != lot.Unit || into.ID == lot.ID {
			return false
		}
		a.move(lot, points.Available, points.Available, part, at)
		a.entries[len(a.entries)-1].Into = into.ID
	default:
		a.move(lot, points.Available, points.Redeemed, part, at)
	}
	return true
}
