package sqlstate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/storage/internal/sqlstate"
)

func TestCodesMeanWhatTheServersSay(t *testing.T) {
	for code, want := range map[string]sqlstate.Meaning{
		"23505": sqlstate.Taken,
		"40001": sqlstate.Undone, "40P01": sqlstate.Undone, "55P03": sqlstate.Undone, "OC000": sqlstate.Undone, "OC001": sqlstate.Undone,
		"25006": sqlstate.Unserved, "53300": sqlstate.Unserved, "57P03": sqlstate.Unserved,
		"57P01": sqlstate.Ended, "57P02": sqlstate.Ended, "57P05": sqlstate.Ended,
		"08000": sqlstate.Lost, "08006": sqlstate.Lost, "08P01": sqlstate.Lost, "40003": sqlstate.Lost,
		// A rule that was broken at COMMIT, a database that was dropped, a query that was
		// canceled, a disk that is full, a table that is missing, and no code at all.
		"40002": sqlstate.Final, "57P04": sqlstate.Final, "57014": sqlstate.Final, "53100": sqlstate.Final, "42P01": sqlstate.Final,
		"": sqlstate.Final,
	} {
		assert.Equal(t, want, sqlstate.Of(code), code)
	}
}

func ExampleOf() {
	fmt.Println(sqlstate.Of("40001") == sqlstate.Undone, sqlstate.Of("53300") == sqlstate.Unserved)
	// Output: true true
}
