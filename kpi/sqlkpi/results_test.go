package sqlkpi_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/kpi"
	"github.com/loyaltykit/loyaltykit/kpi/sqlkpi"
)

// own are results that are not of package kpi, and how they say of when they are.
var own = map[reflect.Type]string{
	reflect.TypeFor[sqlkpi.Extent]():       "it is the instants of the first and the last order",
	reflect.TypeFor[[]sqlkpi.PointTotal](): "each has the period of its month, with its zone",
	reflect.TypeFor[[]string]():            "the names of the groups",
}

func TestEveryAnswerHasAnExample(t *testing.T) {
	text, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	for _, of := range []reflect.Type{reflect.TypeFor[*sqlkpi.Table](), reflect.TypeFor[*sqlkpi.Ledger](), reflect.TypeFor[*sqlkpi.Lifetimes]()} {
		for method := range of.Methods() {
			if strings.HasSuffix(method.Name, "Query") {
				continue // the statement that the answer sends
			}
			example := "func Example" + of.Elem().Name() + "_" + method.Name + "() {"
			assert.Contains(t, lines, example)
		}
	}
}

// What package kpi returns has its parts by the tests there, and the rows of these are equal
// to those: see internal/warehouse.
func TestEveryAnswerIsAResultOfPackageKPI(t *testing.T) {
	failing, answers := reflect.TypeFor[error](), 0
	for _, of := range []reflect.Type{reflect.TypeFor[*sqlkpi.Table](), reflect.TypeFor[*sqlkpi.Ledger](), reflect.TypeFor[*sqlkpi.Lifetimes]()} {
		for method := range of.Methods() {
			name := of.Elem().Name() + "." + method.Name
			results := method.Type.NumOut()
			if results == 0 || strings.HasSuffix(name, "Query") {
				continue
			}
			answers++
			assert.Equal(t, failing, method.Type.Out(results-1), "%s says when there is no answer", name)
			for i := range results - 1 {
				result := method.Type.Out(i)
				inner := result
				for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
					inner = inner.Elem()
				}
				assert.True(t, own[result] != "" || inner.PkgPath() == reflect.TypeFor[kpi.Figure]().PkgPath(), "%s returns %s", name, result)
			}
		}
	}
	assert.Greater(t, answers, 13)
	month, _ := reflect.TypeFor[sqlkpi.PointTotal]().FieldByName("Month")
	assert.Equal(t, reflect.TypeFor[kpi.Period](), month.Type)
	for _, end := range []string{"First", "Last"} {
		at, _ := reflect.TypeFor[sqlkpi.Extent]().FieldByName(end)
		assert.Equal(t, reflect.TypeFor[time.Time](), at.Type)
	}
}
