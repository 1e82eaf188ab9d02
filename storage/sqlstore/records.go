package sqlstore

import (
	"context"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/internal/rowcodec"
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
	page := storage.Page[storage.Record]{Items: []storage.Record{}}
	limit, scope := storage.LimitOf(query.Limit), query.Scope()
	at, err := rowcodec.DecodePosition(scope, query.After, position{"", ""})
	if err != nil {
		return page, err
	}
	err = e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		page.Items, page.Version = page.Items[:0], 0
		if _, err := s.one(ctx, getVersion, []any{&page.Version}, query.Program, query.Member); err != nil {
			return err
		}
		id := listRecords
		if query.Kind != "" {
			id, at[0] = listRecordsOfKind, query.Kind
		}
		scan := func(row scanner) (storage.Record, error) { return scanRecord(row, query.Program, query.Member) }
		more, err := collect(ctx, s, id, limit, scan, &page.Items,
			query.Program, query.Member, at[0], at[1], limit+1)
		turn(&page, more, scope, func(r *storage.Record) position { return position{r.Kind, r.ID} })
		if err != nil || !s.unsteady {
			return err
		}
		return s.steady(ctx, query.Program, query.Member, page.Version)
	})
	return page, err
}

// recordsOfKind lists records across members. Those without reference, status
// and sort are first in that order, and in SQLite they are not in its index.
func (e *engine) recordsOfKind(ctx context.Context, query storage.RecordQuery) (storage.Page[storage.Record], error) {
	page := storage.Page[storage.Record]{Items: []storage.Record{}}
	limit, scope := storage.LimitOf(query.Limit), query.Scope()
	at, err := rowcodec.DecodePosition(scope, query.After, position{query.Reference, query.Status, "", "", ""})
	if err != nil {
		return page, err
	}
	scan := func(row scanner) (storage.Record, error) {
		var member string
		record, err := scanRecord(after{row, &member}, query.Program, "")
		record.Member = member
		return record, err
	}
	err = e.sessions.read(ctx, func(ctx context.Context, s *session) error {
		page.Items = page.Items[:0]
		more := false
		list := func(id statement, args ...any) (err error) {
			if more {
				return nil
			}
			args = append(append([]any{query.Program, query.Kind}, args...), limit+1-len(page.Items))
			more, err = collect(ctx, s, id, limit, scan, &page.Items, args...)
			return err
		}
		var err error
		switch {
		case query.Status != "":
			err = list(listOfStatus, query.Reference, query.Status, at[2], at[3], at[4])
		case query.Reference != "":
			err = list(listOfReference, query.Reference, at[1], at[2], at[3], at[4])
		default:
			if !s.server && at[0] == "" && at[1] == "" && at[2] == "" {
				err = list(listUnlisted, at[3], at[4])
			}
			if err == nil {
				err = list(listListed, at...)
			}
		}
		turn(&page, more, scope, func(r *storage.Record) position {
			return position{r.Reference, r.Status, r.Sort, r.Member, r.ID}
		})
		return err
	})
	return page, err
}
