package sqlstore

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a block holds is what other servers of the dialect get one by one, and what the
// file of statements shows to their parsers.
func TestABlockHoldsTheStatementsThatOthersGetOneByOne(t *testing.T) {
	g, err := MySQL.grammar()
	require.NoError(t, err)
	known := texts(t, MySQL)
	for _, account := range []int{setAccounts, addAccounts} {
		for rows := uint8(1); rows <= 2; rows++ {
			shape := blockShape{addOperations: 1, addEntries: rows, putLots: rows, putRecords: rows, addEvents: rows, addClaims: rows}
			shape[account] = 1
			text := g.blocks.text(g, shape)
			text, ok := strings.CutPrefix(text, "BEGIN NOT ATOMIC ")
			require.True(t, ok)
			text, ok = strings.CutSuffix(text, "; END")
			require.True(t, ok)
			statements := strings.Split(text, "; ")
			if account == setAccounts {
				assert.Equal(t, []string{
					"IF ROW_COUNT() <> 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '" + refusal + "0'", "END IF",
				}, statements[1:3])
				statements = append(statements[:1], statements[3:]...)
			}
			require.Len(t, statements, 7)
			assert.Subset(t, known, statements)
		}
	}
}
