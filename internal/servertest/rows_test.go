package servertest

import (
	"time"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

var march = time.Date(2027, time.March, 8, 9, 30, 0, 0, time.UTC)

// earn is an order that brings 120 beans, with all rows that such a commit has.
func earn(member string, expect int64, key string) storage.Batch {
	version := expect + 1
	lot := points.Lot{
		ID: points.LotID(version), Unit: "bean", State: points.LotOpen, Original: 120, Remaining: 120,
		EarnedAt: march, AvailableFrom: march, ExpiresAt: march.AddDate(1, 0, 0), Source: key, Qualifies: true,
	}
	return storage.Batch{
		Program: "beans",
		Legs: []storage.Leg{{
			Expect: expect,
			Account: storage.Account{
				Program: "beans", Member: member, Kind: storage.Person, Version: version, Status: storage.Active,
				Balances: []points.Balance{{Unit: "bean", Available: points.Amount(120 * version)}},
				DueAt:    march.AddDate(1, 0, 0), EnrolledAt: march, RecordedAt: march, Hash: []byte{1},
			},
			Operation: storage.Operation{
				Program: "beans", Member: member, Version: version, Key: key, Type: "earn", Command: []byte("{}"),
				Receipt: []byte("{}"), Reference: key, Library: "v0", Format: 1, OccurredAt: march, RecordedAt: march, Hash: []byte{1},
			},
			Entries: []storage.Entry{{
				Program: "beans", Member: member, Version: version,
				Entry: points.Entry{
					Unit: "bean", Kind: points.EntryEarn, From: points.Issued, To: points.Available, Amount: 120,
					Lot: lot.ID, Rule: "base", Reference: key, OccurredAt: march, RecordedAt: march,
				},
			}},
			Lots:    []storage.Lot{{Program: "beans", Member: member, Lot: lot}},
			Records: []storage.Record{{Program: "beans", Member: member, Kind: "order", ID: key, DueAt: points.Never, Lots: []points.LotID{lot.ID}}},
			Events:  []storage.Event{{Program: "beans", Member: member, Version: version, Type: "earned", RecordedAt: march, Data: []byte("{}")}},
		}},
		Claims: []storage.ClaimChange{{ClaimKey: storage.ClaimKey{Space: "order", Key: member + key}, Holder: member}},
	}
}
