package postgres

import (
	"github.com/loyaltykit/loyaltykit/storage"
)

// getPage finds an account and the first of its open lots by one statement, so that it
// sees one state of the database without a transaction around it. A row is that of a lot,
// and two documents. The account comes in one without a lot, in columns of its types.
const getPage = "SELECT NULL::bigint AS lot, balances, status, version, due_at, retry_at, enrolled_at, recorded_at, NULL::bigint," +
	" standing, days, kind, NULL::bigint, NULL::bigint, hash, data FROM loyalty_accounts" + ofAccount +
	" UNION ALL (SELECT " + lotColumns + ", NULL::bytea, NULL::bytea FROM loyalty_lots" + ofAccount +
	" AND open = 1" + consumption + " LIMIT $3)"

// pageAccount are the places of [accountColumns] in it.
var pageAccount = []int{11, 3, 2, 4, 5, 6, 7, 1, 9, 10, 14, 15}

// pages reports whether a request wants an account and a page of its open lots, and
// nothing else under it.
func pages(r *storage.LoadRequest) bool {
	return r.Key == "" && len(r.Records)+len(r.Lots) == 0 && len(r.Debits) == 1 && r.Debits[0].Unit == ""
}

// page loads them.
func (l *loading) page(t *trip) {
	r := &l.requests[0]
	head := row{values: make([][]byte, 0, len(pageAccount))}
	t.query(func(from *row) error {
		if !from.null() {
			l.addLot(from, 0)
			return nil
		}
		if len(from.values) <= pageAccount[len(pageAccount)-1] {
			return errFewColumns
		}
		account := readAccount(head.at(from, pageAccount), r.Program, r.Member)
		l.snapshots[0].Account = &account
		return head.err
	}, getPage, r.Program, r.Member, int64(storage.LimitOf(r.Debits[0].Limit)))
}
