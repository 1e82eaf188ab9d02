package clv_test

import (
	"encoding/csv"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/loyaltykit/loyaltykit/internal/kpicase"
	"github.com/loyaltykit/loyaltykit/kpi/clv"
	"github.com/stretchr/testify/require"
)

// dataFile reads a public data set from the folder that LOYALTYKIT_DATA names.
func dataFile(t testing.TB, name string) []byte {
	t.Helper()
	folder := os.Getenv("LOYALTYKIT_DATA")
	if folder == "" {
		t.Skip("LOYALTYKIT_DATA names no folder with the public data sets")
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	require.NoError(t, err)
	return text
}

// table reads a CSV file with a header into columns by name.
func table(t testing.TB, name string) map[string][]string {
	t.Helper()
	dataFile(t, name)
	file, err := os.Open(filepath.Join(os.Getenv("LOYALTYKIT_DATA"), name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	columns := map[string][]string{}
	for i, column := range rows[0] {
		for _, row := range rows[1:] {
			columns[column] = append(columns[column], row[i])
		}
	}
	return columns
}

func number(t testing.TB, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	require.NoError(t, err)
	return v
}

// customersOf reads customers from the columns of a file; money may be empty.
func customersOf(t testing.TB, file, x, recency, age, money string) []clv.Customer {
	t.Helper()
	columns := table(t, file)
	var customers []clv.Customer
	for i := range columns[x] {
		c := clv.Customer{ID: strconv.Itoa(i + 1)}
		c.Frequency = int(number(t, columns[x][i]))
		c.Recency = number(t, columns[recency][i])
		c.Age = number(t, columns[age][i])
		if money != "" {
			c.Monetary = number(t, columns[money][i])
		}
		customers = append(customers, c)
	}
	return customers
}

// cdnow is the 1/10 sample of CDNOW's customers in their first 39 weeks.
func cdnow(t testing.TB) []clv.Customer {
	return customersOf(t, "cdnow_btyd_summary.csv", "x", "t.x", "T.cal", "m_x")
}

func vectorOf(c *kpicase.Case) vector {
	v := vector{ID: c.ID, Input: c.Input, Expect: c.Expect}
	v.Tol.Rel, v.Tol.Abs, v.Tol.LL, v.Tol.InSEs = c.Tol.Rel, c.Tol.Abs, c.Tol.LogLikelihood, c.Tol.StandardErrors
	return v
}

type vector struct {
	ID            string
	Input, Expect json.RawMessage
	Tol           struct {
		Rel, Abs, LL, InSEs float64
	} `json:"tol"`
}

func (v vector) input(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(v.Input, into))
}

func (v vector) expect(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(v.Expect, into))
}

// fitter is a function that fits a model of purchases.
type fitter[M clv.Model] = func(iter.Seq[clv.Customer], *clv.FitOptions) (clv.Fit[M], error)
