package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/loyaltykit/loyaltykit/storage"
)

// PostgreSQL can store plain batches by one statement, which is one trip where a
// transaction takes nine: it writes every table, or nothing where an account is not at
// the version that is expected or a key is taken.

// spelled is how many rows of a table the statement of one account names one by one.
// More come as arrays, as all rows of several accounts do, so that there are few texts
// to prepare.
const spelled = 2

// refusal begins the text of the error that such a statement raises where accounts are
// at other versions. It is no number, which the server says in its log, too.
const refusal = "loyaltykit: accounts at the expected version: "

// plain reports whether batches only write accounts and rows under them, and take claims.
func plain(batches []storage.Batch) bool {
	return !slices.ContainsFunc(batches, func(b storage.Batch) bool {
		return len(b.Counters) > 0 || scrubs(&b) ||
			slices.ContainsFunc(b.Claims, func(c storage.ClaimChange) bool { return c.Release })
	})
}

// singleShape is how many rows of each rowset a statement writes, up to spelled, one
// more for any number in arrays. The last is 1 where all are of one account.
type singleShape [rowsetCount + 1]uint8

func (s *singleShape) ofOne() bool { return s[rowsetCount] == 1 }

// byShape keeps the texts of statements by their shape, as write makes them.
type byShape[S comparable] struct {
	write func(*grammar, S) string
	texts sync.Map
}

func (b *byShape[S]) text(g *grammar, shape S) string {
	if text, ok := b.texts.Load(shape); ok {
		return text.(string)
	}
	text := b.write(g, shape)
	b.texts.Store(shape, text)
	return text
}

// writeAtOnce stores plain batches by one statement.
func (s *session) writeAtOnce(ctx context.Context, batches []storage.Batch) error {
	legs, heads, err := inOrder(batches)
	if err != nil {
		return err
	}
	rows := rowsUnder(legs)
	rows[addClaims] = takenClaims(inClaimOrder(batches))
	for i := range heads {
		row, err := accountArgs(heads[i].last)
		if err != nil {
			return err
		}
		if heads[i].expect == 0 {
			rows[addAccounts] = append(rows[addAccounts], row...)
			continue
		}
		rows[setAccounts] = append(append(rows[setAccounts], row...), heads[i].expect)
	}
	shape := s.shapeOf(&rows, len(legs))
	text := s.singles.text(s.grammar, shape)
	args, err := s.singleArgs(shape, &rows, &legs[0].Account)
	if err != nil {
		return err
	}
	found, err := s.on.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	stored := 0
	if err := each(found, func(r *sql.Rows) (bool, error) { return true, r.Scan(&stored) }); err != nil {
		return err
	}
	return refusedUnless(stored == 1, nil)
}

func (s *session) shapeOf(rows *[rowsetCount][]any, legs int) (shape singleShape) {
	if legs == 1 {
		shape[rowsetCount] = 1
	}
	for id := range rows {
		n := len(rows[id]) / s.rowsets[id].width()
		if n > 0 && !shape.ofOne() {
			n = spelled + 1
		}
		shape[id] = uint8(min(n, spelled+1)) //nolint:gosec // up to three
	}
	return shape
}

// common is the place of a column's argument among those that all rows of one account
// have in common, 0 for others.
func (s *singleShape) common(column string) int {
	if !s.ofOne() {
		return 0
	}
	return 1 + slices.Index([]string{"program", "member", "version"}, column)
}

// singleArgs are the arguments of a statement in the order in which spell counts them.
func (s *session) singleArgs(shape singleShape, rows *[rowsetCount][]any, account *storage.Account) ([]any, error) {
	args := make([]any, 0, 128)
	if shape.ofOne() {
		args = append(args, account.Program, account.Member, account.Version)
	} else if shape[setAccounts] > 0 {
		args = append(args, int64(len(rows[setAccounts])/s.rowsets[setAccounts].width()))
	}
	for id := range rows {
		columns := s.rowsets[id].list
		if shape[id] <= spelled {
			for i, arg := range rows[id] {
				if shape.common(columns[i%len(columns)]) == 0 {
					args = append(args, arg)
				}
			}
			continue
		}
		for i, column := range columns {
			if shape.common(column) > 0 {
				continue
			}
			array, err := arrayOf(rows[id][i:], len(columns))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", column, err)
			}
			args = append(args, array)
		}
	}
	return args, nil
}

// arrayOf writes every width-th argument as the text of an array, which every driver
// can send.
func arrayOf(args []any, width int) (string, error) {
	text := append(make([]byte, 0, 256), '{')
	for i := 0; i < len(args); i += width {
		if i > 0 {
			text = append(text, ',')
		}
		switch v := args[i].(type) {
		case nil:
			text = append(text, "NULL"...)
		case int64:
			text = strconv.AppendInt(text, v, 10)
		case int:
			text = strconv.AppendInt(text, int64(v), 10)
		case string:
			text = appendQuoted(text, v)
		case []byte:
			text = append(hex.AppendEncode(append(text, `"\\x`...), v), '"')
		default:
			return "", fmt.Errorf("no array takes a %T", v)
		}
	}
	return string(append(text, '}')), nil
}

func appendQuoted(text []byte, v string) []byte {
	text = append(text, '"')
	for i := range len(v) {
		if v[i] == '"' || v[i] == '\\' {
			text = append(text, '\\')
		}
		text = append(text, v[i])
	}
	return append(text, '"')
}
