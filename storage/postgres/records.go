package postgres

import (
	"context"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
)

const (
	ofKind = " FROM loyalty_records WHERE program = $1 AND kind = $2"

	listRecords = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount +
		" AND (kind, id) > ($3, $4) ORDER BY kind, id LIMIT $5"
	listRecordsOfKind = "SELECT " + recordColumns + " FROM loyalty_records" + ofAccount +
		" AND kind = $3 AND id > $4 ORDER BY id LIMIT $5"
	listKind = "SELECT member, " + recordColumns + ofKind +
		" AND (reference, status, sort, member, id) > ($3, $4, $5, $6, $7)" +
		" ORDER BY reference, status, sort, member, id LIMIT $8"
	listOfReference = "SELECT member, " + recordColumns + ofKind +
		" AND reference = $3 AND (status, sort, member, id) > ($4, $5, $6, $7)" +
		" ORDER BY status, sort, member, id LIMIT $8"
	listOfStatus = "SELECT member, " + recordColumns + ofKind +
		" AND reference = $3 AND status = $4 AND (sort, member, id) > ($5, $6, $7)" +
		" ORDER BY sort, member, id LIMIT $8"
)

// Records lists records of an account by key, or of a kind by reference.
func (e *engine) Records(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	if err := query.Validate(); err != nil {
		return storage.Page[storage.Record]{}, err
	}
	list := e.recordsOfKind
	if query.Member != "" {
		list = e.recordsOfMember
	}
	page, err := list(ctx, query)
	if err != nil {
		return storage.Page[storage.Record]{}, wrap("records", err)
	}
	return page, nil
}

func (e *engine) recordsOfMember(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	l := listing[storage.Record]{limit: storage.LimitOf(query.Limit), scope: query.Scope()}
	l.at = func(r *storage.Record) position { return position{r.Kind, r.ID} }
	at, err := rowcodec.DecodePosition(l.scope, query.After, position{"", ""})
	if err != nil {
		return storage.Page[storage.Record]{}, err
	}
	sql := listRecords
	if query.Kind != "" {
		sql, at[0] = listRecordsOfKind, query.Kind
	}
	read := func(r *row) storage.Record { return readRecord(r, query.Program, query.Member) }
	version, err := l.atVersion(ctx, e, query.Program, query.Member, func(t *trip) {
		l.add(t, read, sql, query.Program, query.Member, at[0], at[1])
	})
	page := l.page()
	page.Version = version
	return page, err
}

// recordsOfKind lists records across members.
func (e *engine) recordsOfKind(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	l := listing[storage.Record]{limit: storage.LimitOf(query.Limit), scope: query.Scope()}
	l.at = func(r *storage.Record) position { return position{r.Reference, r.Status, r.Sort, r.Member, r.ID} }
	at, err := rowcodec.DecodePosition(l.scope, query.After, position{query.Reference, query.Status, "", "", ""})
	if err != nil {
		return storage.Page[storage.Record]{}, err
	}
	sql := listKind
	switch {
	case query.Status != "":
		sql, at[0], at[1] = listOfStatus, query.Reference, query.Status
	case query.Reference != "":
		sql, at[0] = listOfReference, query.Reference
	}
	t := &trip{}
	read := func(r *row) storage.Record {
		member := r.text()
		return readRecord(r, query.Program, member)
	}
	l.add(t, read, sql, append([]any{query.Program, query.Kind}, at...)...)
	err = e.database.read(ctx, t)
	return l.page(), err
}
