package referral

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/storage"
)

// Merge moves codes and referrals to the survivor, who can still be found by all codes and
// has been referred if either was. Where both turn out to be the two of a referral, or a friend to
// have been referred twice, what is not paid ends. After an UnMerge all stays with the
// survivor; the one who goes was referred once and for all. Nobody can accept the code that they
// had until an [Issue] that names it gives it to them again.
func (Feature) Merge(_ context.Context, tx *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	if len(record.Data) == 0 {
		return nil
	}
	switch record.Kind {
	case codesKind:
		return mergeCodes(into, record)
	case joinedKind:
		return mergeJoined(tx, into, record)
	default:
		return mergeMade(tx, into, record)
	}
}

func mergeCodes(into *loyalty.Party, record storage.Record) error {
	var theirs codes
	if err := decode(record, &theirs); err != nil {
		return err
	}
	mine, err := codesOf(into)
	if err != nil {
		return err
	}
	mine.Codes = append(mine.Codes, theirs.Codes...)
	mine.Prints = append(mine.Prints, theirs.Prints...)
	mine.Codes = mine.Codes[:min(len(mine.Codes), mostCodes)]
	mine.Prints = mine.Prints[:min(len(mine.Prints), mostCodes*mostPrints)]
	return put(into, storage.Record{Kind: codesKind, ID: onlyID}, &mine)
}

// mergeJoined adds how a member came to how the survivor did.
func mergeJoined(tx *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	var theirs joined
	if err := decode(record, &theirs); err != nil {
		return err
	}
	mine, err := joinedOf(into)
	if err != nil {
		return err
	}
	for i := range theirs.List {
		if err := endSelf(tx, into, &theirs.List[i]); err != nil {
			return err
		}
	}
	// What the survivor has made of the one who goes ends as well, where it came first.
	for i := range mine.List {
		if err := endSelf(tx, into, &mine.List[i]); err != nil {
			return err
		}
	}
	mine.List = append(mine.List, theirs.List...)
	return putOnce(into, &mine)
}

// endSelf ends a referral whose two sides become one, on both.
func endSelf(tx *loyalty.Tx, into *loyalty.Party, d *document) error {
	self, err := is(tx, into, d.Referrer)
	if err != nil || !self || !d.deny(Self, false) {
		return err
	}
	return errors.Join(tell(into, d, d.Referrer), denyMade(into, d.Friend))
}

// is reports whether an id is one of the two who become one.
func is(tx *loyalty.Tx, into *loyalty.Party, member string) (bool, error) {
	same, err := tx.Is(member)
	if err != nil || same {
		return same, err
	}
	return into.Is(member)
}

// putOnce stores how a member came, where of several referrals the first that stands is the
// one: one that is paid before all that are not.
func putOnce(p *loyalty.Party, j *joined) error {
	first := -1
	for i := range j.List {
		d := &j.List[i]
		if !d.open() {
			continue
		}
		if first < 0 || d.before(&j.List[first]) {
			first = i
		}
	}
	for i := range j.List {
		d := &j.List[i]
		if i == first || d.State == Paid || !d.deny(Twice, false) {
			continue
		}
		if err := tell(p, d, d.Referrer); err != nil {
			return err
		}
	}
	return putJoined(p, j)
}

// before reports whether a referral stands rather than another one.
func (d *document) before(other *document) bool {
	if paid := d.State == Paid; paid != (other.State == Paid) {
		return paid
	}
	return d.At.Before(other.At)
}

// denyMade ends the referrer's side of two who have become one.
func denyMade(p *loyalty.Party, friend string) error {
	made, exists, err := madeOf(p, friend)
	if err != nil || !exists || !made.deny(Self, false) {
		return err
	}
	return errors.Join(putMade(p, friend, &made), tell(p, &made, friend))
}

// mergeMade moves what a member has made of a friend, and ends it where the survivor is that
// friend.
func mergeMade(tx *loyalty.Tx, into *loyalty.Party, record storage.Record) error {
	var made document
	if err := decode(record, &made); err != nil {
		return err
	}
	mine, err := joinedOf(into)
	if err != nil {
		return err
	}
	changed := false
	for i := range mine.List {
		d := &mine.List[i]
		if d.Friend != made.Friend {
			continue
		}
		if d.deny(Self, false) {
			if err := tell(into, d, d.Referrer); err != nil {
				return err
			}
			changed = true
		}
		if made.deny(Self, false) {
			if err := tell(into, &made, made.Friend); err != nil {
				return err
			}
		}
	}
	if changed {
		if err := putJoined(into, &mine); err != nil {
			return err
		}
	}
	return putMadeAs(into, record.ID, &made)
}

// exported is what a person is shown of a referral: not who the other one is.
type exported struct {
	Referral
	Friend   string `json:"friend,omitempty"`
	Referrer string `json:"referrer,omitempty"`
}

// Export renders codes and referrals for the member whose they are, without the ids of
// others.
func (Feature) Export(record storage.Record) (json.RawMessage, error) {
	if len(record.Data) == 0 || record.Kind == codesKind {
		return record.Data, nil
	}
	var list joined
	if record.Kind == joinedKind {
		if err := decode(record, &list); err != nil {
			return nil, err
		}
	} else {
		list.List = make([]document, 1)
		if err := decode(record, &list.List[0]); err != nil {
			return nil, err
		}
	}
	out := make([]exported, len(list.List))
	for i := range list.List {
		out[i] = exported{Referral: list.List[i].stored()}
	}
	return json.Marshal(out)
}

// Erase gives up the member's codes and fingerprints, and leaves of their referrals when each
// was, how it ended and what it came to: of nobody else, and of no order.
func (Feature) Erase(_ context.Context, tx *loyalty.Tx, record storage.Record) error {
	row := storage.Record{Kind: record.Kind, ID: record.ID}
	if len(record.Data) == 0 {
		return tx.PutRecord(row)
	}
	switch record.Kind {
	case codesKind:
		var have codes
		if err := decode(record, &have); err != nil {
			return err
		}
		if err := releaseCodes(tx, have.Codes); err != nil {
			return err
		}
		return tx.PutRecord(row)
	case joinedKind:
		var list joined
		if err := decode(record, &list); err != nil {
			return err
		}
		for i := range list.List {
			d := &list.List[i]
			if err := d.free(tx); err != nil {
				return err
			}
			*d = d.bare()
		}
		return put(tx.Party, row, &list)
	default:
		var made document
		if err := decode(record, &made); err != nil {
			return err
		}
		made = made.bare()
		return put(tx.Party, row, &made)
	}
}

// free gives up what the friend of a referral claimed.
func (d *document) free(tx *loyalty.Tx) error {
	if d.Friend != "" {
		if err := release(tx, friendSpace, digest(d.Friend)); err != nil {
			return err
		}
	}
	for _, mark := range d.Prints {
		if err := release(tx, printSpace, mark); err != nil {
			return err
		}
	}
	return nil
}

// bare is what is left of a referral once a side of it is erased.
func (d *document) bare() document {
	return document{State: d.State, Why: d.Why, At: d.At, OrderedAt: d.OrderedAt, PaidAt: d.PaidAt, Granted: d.Granted}
}
