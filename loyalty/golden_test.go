package loyalty_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
)

// TestFingerprintsStayTheSameAcrossReleases holds commands to the bytes under
// which earlier releases stored them: a key that is repeated after an upgrade must
// still be recognized. The file only ever grows.
func TestFingerprintsStayTheSameAcrossReleases(t *testing.T) {
	golden, err := os.ReadFile("testdata/fingerprints.txt")
	require.NoError(t, err)
	var lines []string
	for _, cmd := range goodCommands(time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC)) {
		s := badShop(t)
		receipt := s.must(cmd)
		page, err := s.store.Operations(t.Context(), storage.MemberQuery{Program: "beans", Member: receipt.Member, From: receipt.Version, Limit: 1})
		require.NoError(t, err)
		op := page.Items[0]
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", op.Type, hex.EncodeToString(op.Fingerprint), op.Command)))
	}
	var want []string
	for line := range strings.Lines(string(golden)) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), " ") // the number of the line
		want = append(want, line)
	}
	for _, line := range lines {
		require.Contains(t, want, line)
	}
	require.Len(t, want, len(lines))
}
