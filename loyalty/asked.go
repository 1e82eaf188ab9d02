package loyalty

import "github.com/loyaltykit/loyaltykit/storage"

// asked is what the requests of a group ask for, by account.
type asked map[string]*askedOf

// askedOf is what is asked for of one account: records, and of each unit the debit that
// stands for those of all calls, by the place of its request and its own.
type askedOf struct {
	records map[storage.RecordKey]struct{}
	debits  map[string][2]int
}

// once takes out of the last request what an earlier one of its account asks for already.
// A debit adds to the earlier one of its unit, as far as their sum is a number of points.
func (a asked) once(requests []storage.LoadRequest) {
	last := len(requests) - 1
	request := &requests[last]
	known := a[request.Member]
	if known == nil {
		known = &askedOf{records: make(map[storage.RecordKey]struct{}, len(request.Records)), debits: map[string][2]int{}}
		a[request.Member] = known
	}
	records := request.Records[:0]
	for _, key := range request.Records {
		if _, twice := known.records[key]; !twice {
			known.records[key] = struct{}{}
			records = append(records, key)
		}
	}
	request.Records = records
	debits := request.Debits[:0]
	for _, debit := range request.Debits {
		if debit.Unit == "" || debit.Amount <= 0 {
			debits = append(debits, debit)
			continue
		}
		if at, found := known.debits[debit.Unit]; found {
			earlier := &requests[at[0]].Debits[at[1]]
			if sum, err := earlier.Amount.Add(debit.Amount); err == nil {
				earlier.Amount, earlier.Limit = sum, max(earlier.Limit, debit.Limit)
				if debit.After.Before(earlier.After) {
					earlier.After = debit.After
				}
				continue
			}
		}
		known.debits[debit.Unit] = [2]int{last, len(debits)}
		debits = append(debits, debit)
	}
	request.Debits = debits
}
