package rewards_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/rewards"
)

var update = flag.Bool("update", false, "write the table of docs/redemptions.md anew")

const (
	tableBegin = "<!-- transitions: go test ./rewards -run TheTable -update -->\n"
	tableEnd   = "<!-- end -->\n"
)

func TestTheTableOfTheDocumentationIsTheOneInTheCode(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| from | action | to | points, stock and limits |\n|---|---|---|---|\n")
	for _, tr := range rewards.Transitions() {
		from := string(tr.From)
		if tr.From == rewards.None {
			from = "—"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", from, tr.Action, tr.To, tr.Returns)
	}
	table.WriteString("\n")
	const path = "../docs/redemptions.md"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(page), tableBegin)
	require.True(t, found)
	had, after, found := strings.Cut(rest, tableEnd)
	require.True(t, found)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(before+tableBegin+table.String()+tableEnd+after), 0o644)) //nolint:gosec // a page that all may read
		return
	}
	require.Equal(t, table.String(), had, "run go test ./rewards -run TheTable -update")
}

func TestEveryStateIsReachedAndEveryActionHasOneEffect(t *testing.T) {
	reached, seen := map[rewards.State]bool{rewards.None: true}, map[string]bool{}
	for range rewards.Transitions() {
		for _, tr := range rewards.Transitions() {
			reached[tr.To] = reached[tr.To] || reached[tr.From]
		}
	}
	for _, tr := range rewards.Transitions() {
		key := string(tr.From) + "/" + string(tr.Action)
		require.False(t, seen[key], key)
		seen[key] = true
		next, err := tr.From.Next(tr.Action)
		require.NoError(t, err)
		require.Equal(t, tr, next)
	}
	for _, state := range []rewards.State{rewards.Reserved, rewards.Issued, rewards.Fulfilled, rewards.Used, rewards.Cancelled, rewards.Rejected, rewards.Expired} {
		require.True(t, reached[state], state)
	}
	for _, state := range []rewards.State{rewards.Used, rewards.Cancelled, rewards.Rejected, rewards.Expired} {
		require.True(t, state.Ended())
		for _, action := range []rewards.Action{rewards.Reserve, rewards.Issue, rewards.Fulfill, rewards.UsePart, rewards.Use, rewards.Cancel, rewards.Reject, rewards.Expire} {
			_, err := state.Next(action)
			require.ErrorIs(t, err, rewards.ErrTransition)
			require.ErrorContains(t, err, "nor is anything else")
		}
	}
	_, err := rewards.Reserved.Next(rewards.Use)
	require.EqualError(t, err, `the redemption is reserved: "use" is not possible, only: issue, cancel, reject, expire`)
}
