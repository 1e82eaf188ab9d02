package parquet

import (
	"io"
	"iter"

	"github.com/loyaltykit/loyaltykit/kpi"
)

type summaryRow struct {
	Member          string  `parquet:"member"`
	Repeats         int64   `parquet:"repeats"`
	Recency         float64 `parquet:"recency"`
	Age             float64 `parquet:"age"`
	Monetary        float64 `parquet:"monetary"`
	MonetaryRepeats int64   `parquet:"monetary_repeats"`
	HoldoutRepeats  int64   `parquet:"holdout_repeats"`
	HoldoutOrders   int64   `parquet:"holdout_orders"`
	HoldoutSpend    money   `parquet:"holdout_spend,decimal(12:38)"`
}

var summaryColumns = []string{
	"member", "repeats", "recency", "age", "monetary", "monetary_repeats", "holdout_repeats", "holdout_orders", "holdout_spend",
}

// WriteSummaries writes customers, such as those of kpi.Summaries, one a row.
func WriteSummaries(w io.Writer, customers iter.Seq2[kpi.CustomerSummary, error]) (int64, error) {
	return writeRows(w, customers, func(c kpi.CustomerSummary) summaryRow {
		return summaryRow{
			c.Member, int64(c.Repeats), c.Recency, c.Age, c.Monetary, int64(c.MonetaryRepeats),
			int64(c.HoldoutRepeats), int64(c.HoldoutOrders), moneyOf(c.HoldoutSpend),
		}
	})
}

// ReadSummaries reads what [WriteSummaries] wrote. An error, which wraps [ErrFile]
// where the file is at fault, ends the sequence.
func ReadSummaries(r io.ReaderAt, size int64) iter.Seq2[kpi.CustomerSummary, error] {
	return readRows(r, size, summaryColumns, func(row *summaryRow) (kpi.CustomerSummary, error) {
		spend, err := amountOf(row.HoldoutSpend)
		return kpi.CustomerSummary{
			Member: row.Member, Repeats: int(row.Repeats), Recency: row.Recency, Age: row.Age, Monetary: row.Monetary,
			MonetaryRepeats: int(row.MonetaryRepeats), HoldoutRepeats: int(row.HoldoutRepeats), HoldoutOrders: int(row.HoldoutOrders), HoldoutSpend: spend,
		}, err
	})
}
