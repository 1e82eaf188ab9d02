package storage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

func earn(members ...string) storage.Batch {
	b := storage.Batch{Program: "cafe"}
	for _, m := range members {
		b.Legs = append(b.Legs, storage.Leg{
			Expect:    4,
			Account:   storage.Account{Program: "cafe", Member: m, Version: 5},
			Operation: storage.Operation{Program: "cafe", Member: m, Version: 5, Key: "sale-1", Receipt: []byte("receipt")},
			Entries:   []storage.Entry{{Program: "cafe", Member: m, Version: 5}},
			Lots:      []storage.Lot{{Program: "cafe", Member: m, Lot: points.Lot{ID: 1}}},
			Records:   []storage.Record{{Program: "cafe", Member: m, Kind: "order", ID: "A-1"}},
			Events:    []storage.Event{{Program: "cafe", Member: m, Version: 5}},
		})
	}
	return b
}

func TestValidateRefusesWhatNoAdapterStores(t *testing.T) {
	cases := map[string]struct {
		change func(*storage.Batch)
		says   string
	}{
		"an account has two legs":                          {func(b *storage.Batch) { b.Legs = append(b.Legs, b.Legs[0]) }, `"ada" has two legs`},
		"five accounts change together":                    {func(b *storage.Batch) { *b = earn("a", "b", "c", "d", "e") }, "5 legs"},
		"the account is of another program":                {func(b *storage.Batch) { b.Legs[0].Account.Program = "bar" }, `of program "bar"`},
		"the version does not follow the expected one":     {func(b *storage.Batch) { b.Legs[0].Expect = 3 }, "one more"},
		"the expected version is negative":                 {func(b *storage.Batch) { b.Legs[0].Expect, b.Legs[0].Account.Version = -1, 0 }, "one more"},
		"the operation is of another version":              {func(b *storage.Batch) { b.Legs[0].Operation.Version = 4 }, "operation"},
		"an entry is of another version":                   {func(b *storage.Batch) { b.Legs[0].Entries[0].Version = 4 }, "entry"},
		"an entry is of another account":                   {func(b *storage.Batch) { b.Legs[0].Entries[0].Member = "bob" }, "entry"},
		"a lot is of another account":                      {func(b *storage.Batch) { b.Legs[0].Lots[0].Member = "bob" }, "lot"},
		"a record is of another program":                   {func(b *storage.Batch) { b.Legs[0].Records[0].Program = "bar" }, "record"},
		"an event is of another version":                   {func(b *storage.Batch) { b.Legs[0].Events[0].Version = 6 }, "event"},
		"a scrubbed event is of another account":           {func(b *storage.Batch) { b.Legs[0].Scrub.Events = []storage.EventID{{Member: "bob"}} }, "scrubbed event"},
		"two entries have one ordinal":                     {func(b *storage.Batch) { b.Legs[0].Entries = append(b.Legs[0].Entries, b.Legs[0].Entries[0]) }, "ordinal 0"},
		"two events have one ordinal":                      {func(b *storage.Batch) { b.Legs[0].Events = append(b.Legs[0].Events, b.Legs[0].Events[0]) }, "ordinal 0"},
		"a lot comes twice":                                {func(b *storage.Batch) { b.Legs[0].Lots = append(b.Legs[0].Lots, b.Legs[0].Lots[0]) }, "lot 1 twice"},
		"a record comes twice":                             {func(b *storage.Batch) { b.Legs[0].Records = append(b.Legs[0].Records, b.Legs[0].Records[0]) }, `record "A-1"`},
		"a claim is taken and released":                    {func(b *storage.Batch) { b.Claims = claims("A-1", "A-2", "A-1"); b.Claims[2].Release = true }, `claim "A-1"`},
		"a counter is raised twice":                        {func(b *storage.Batch) { b.Counters = make([]storage.CounterChange, 2) }, "counter"},
		"one of many lots comes twice, far from the first": {func(b *storage.Batch) { b.Legs[0].Lots = lots(40); b.Legs[0].Lots[39].ID = 1 }, "lot 1 twice"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b := earn("ada", "bob")
			require.NoError(t, b.Validate())
			c.change(&b)
			require.ErrorContains(t, b.Validate(), c.says)
		})
	}
}

func TestValidateAcceptsTheSameNumbersUnderDifferentAccounts(t *testing.T) {
	b := earn("ada", "bob", "cyd", "dee")
	b.Legs[0].Lots = lots(40)
	b.Claims = claims("A-1", "A-2")
	b.Counters = []storage.CounterChange{
		{CounterKey: storage.CounterKey{Key: "budget"}},
		{CounterKey: storage.CounterKey{Key: "budget", Shard: 1}},
	}
	require.NoError(t, b.Validate())
}

func TestRowsCountsEveryRowWritten(t *testing.T) {
	b := earn("ada", "bob")
	assert.Equal(t, 12, b.Rows())
	b.Claims = claims("A-1")
	b.Counters = make([]storage.CounterChange, 1)
	b.Legs[0].Scrub = storage.Scrub{Operations: []int64{1, 2}, Records: make([]storage.RecordKey, 1), Events: make([]storage.EventID, 1)}
	assert.Equal(t, 18, b.Rows())
}

func TestBytesGrowsWithDocuments(t *testing.T) {
	small, big := earn("ada"), earn("ada")
	big.Legs[0].Operation.Command = make([]byte, 1000)
	big.Legs[0].Records[0].Data = make([]byte, 100)
	big.Legs[0].Events[0].Data = make([]byte, 10)
	assert.Equal(t, small.Bytes()+1110, big.Bytes())
	assert.Positive(t, small.Bytes())
}

func TestRecordQueriesThatNameNoListingAreRefused(t *testing.T) {
	cases := map[string]struct {
		query   storage.RecordQuery
		refused bool
	}{
		"all of an account":                     {storage.RecordQuery{Member: "ada"}, false},
		"a kind of an account":                  {storage.RecordQuery{Member: "ada", Kind: "hold"}, false},
		"a kind across members":                 {storage.RecordQuery{Kind: "hold"}, false},
		"a status under a reference":            {storage.RecordQuery{Kind: "hold", Reference: "A-1", Status: "open"}, false},
		"neither kind nor member":               {storage.RecordQuery{}, true},
		"a status without a reference":          {storage.RecordQuery{Kind: "hold", Status: "open"}, true},
		"a reference within an account's order": {storage.RecordQuery{Member: "ada", Reference: "A-1"}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if err := c.query.Validate(); c.refused {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func claims(keys ...string) []storage.ClaimChange {
	var all []storage.ClaimChange
	for _, key := range keys {
		all = append(all, storage.ClaimChange{ClaimKey: storage.ClaimKey{Space: "order", Key: key}, Holder: "ada"})
	}
	return all
}

func lots(n int) []storage.Lot {
	all := make([]storage.Lot, n)
	for i := range all {
		all[i] = storage.Lot{Program: "cafe", Member: "ada", Lot: points.Lot{ID: points.LotID(i + 1)}}
	}
	return all
}
