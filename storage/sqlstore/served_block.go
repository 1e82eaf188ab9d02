package sqlstore

import (
	"context"
	"strings"

	"github.com/loyaltykit/loyaltykit/storage"
)

// MariaDB takes several statements as one, BEGIN NOT ATOMIC … END, with marks for
// arguments, and prepares it. It saves a small commit a trip for each table. Inside are
// the statements that other servers get one by one, and the transaction around them is
// the same.

// blockRows is up to how many rows of a table a block writes. More are worth a trip, and
// would make many texts to prepare.
const blockRows = 8

// blockShape is how many rows of each rowset a block writes.
type blockShape [rowsetCount]uint8

// blockOf writes the block of a shape. Where the account is at another version it
// raises an error: a block does not tell how many rows a statement inside has changed.
func blockOf(g *grammar, shape blockShape) string {
	var text strings.Builder
	text.WriteString("BEGIN NOT ATOMIC ")
	for id, rows := range shape {
		switch {
		case rows == 0:
		case id == setAccounts:
			text.WriteString(g.statements[setAccount].text + "; IF ROW_COUNT() <> 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '" +
				refusal + "0'; END IF; ")
		default:
			text.WriteString(g.rowsets[id].text(g, int(rows)) + "; ")
		}
	}
	text.WriteString("END")
	return text.String()
}

// fitsBlock reports whether a block can write batches, whose rows under accounts are
// given.
func (s *session) fitsBlock(batches []storage.Batch, rows *[rowsetCount][]any) bool {
	if len(batches) > 1 || len(batches[0].Legs) > 1 || scrubs(&batches[0]) {
		return false
	}
	for id := range rows {
		if len(rows[id]) > blockRows*s.rowsets[id].width() {
			return false
		}
	}
	return true
}

// writeBlock writes one account and rows under it by one statement.
func (s *session) writeBlock(ctx context.Context, head *joined, rows *[rowsetCount][]any) error {
	account, err := accountArgs(head.last)
	if err != nil {
		return err
	}
	var shape blockShape
	var args []any
	if head.expect == 0 {
		shape[addAccounts], args = 1, account
	} else {
		shape[setAccounts], args = 1, setAccountArgs(account, head.expect)
	}
	for id := range rows {
		shape[id] += uint8(len(rows[id]) / s.rowsets[id].width()) //nolint:gosec // up to blockRows
		args = append(args, rows[id]...)
	}
	_, err = s.on.ExecContext(ctx, s.blocks.text(s.grammar, shape), args...)
	return err
}

// takesBlocks reports whether the server knows blocks, which it is asked once.
func (p *pool) takesBlocks(ctx context.Context) bool {
	if p.grammar.blocks == nil || p.spread {
		return false
	}
	if known := p.blocks.Load(); known != nil {
		return *known
	}
	stmt, err := p.db.PrepareContext(ctx, "BEGIN NOT ATOMIC DO ?; END")
	if err != nil && p.grammar.fails(err) != final || ctx.Err() != nil {
		return false // which says nothing about the server's language
	}
	takes := err == nil
	p.blocks.Store(&takes)
	if takes {
		defer func() { _ = stmt.Close() }() // all that counts is that it could be prepared
	}
	return takes
}
