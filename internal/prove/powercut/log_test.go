package powercut

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func a(text string) event { return event{kind: written, data: []byte(text)} }

func TestOnlyWhatWasSyncedIsSureToBeThere(t *testing.T) {
	log := Log{events: []event{
		{kind: created, name: "books"},
		a("synced"),
		{kind: synced},
		{kind: folderSynced},
		{kind: written, offset: 6, data: []byte(" and not")},
	}}
	random := rand.New(rand.NewPCG(1, 1))
	require.Empty(t, log.Cut(3, LoseAll, random), "the folder was not synced")
	require.Equal(t, "synced", string(log.Cut(4, LoseAll, random)["books"]))
	require.Equal(t, "synced", string(log.Cut(5, LoseAll, random)["books"]))
	seen := map[string]bool{}
	for range 1000 {
		text := string(log.Cut(5, LoseSome, random)["books"])
		require.Contains(t, text, "synced")
		seen[text] = true
	}
	require.True(t, seen["synced"])
	require.True(t, seen["synced and not"])
	require.Greater(t, len(seen), 2, "noise")
}

func TestALaterWriteMayBeThereWithoutAnEarlierOne(t *testing.T) {
	log := Log{events: []event{
		{kind: created, name: "books"},
		{kind: folderSynced},
		a("one"),
		{kind: written, offset: 3, data: []byte("two")},
	}}
	random := rand.New(rand.NewPCG(2, 1))
	seen := map[string]bool{}
	for range 1000 {
		seen[string(log.Cut(4, LoseSome, random)["books"])] = true
	}
	for _, text := range []string{"", "one", "onetwo", "\x00\x00\x00two"} {
		require.True(t, seen[text], "%q", text)
	}
}

func TestADeletedFileComesBackUntilTheFolderIsSynced(t *testing.T) {
	log := Log{before: 4, events: []event{
		{kind: created, name: "books"},
		a("old"),
		{kind: synced},
		{kind: folderSynced},
		{kind: deleted, name: "books"},
		{kind: created, file: 1, name: "books"},
		{kind: written, file: 1, data: []byte("new")},
		{kind: synced, file: 1},
		{kind: truncated, file: 1, offset: 1},
		{kind: folderSynced},
	}}
	random := rand.New(rand.NewPCG(3, 1))
	require.Equal(t, 6, log.Len())
	require.Equal(t, "old", string(log.Cut(5, LoseAll, random)["books"]))
	require.Equal(t, "new", string(log.Cut(6, LoseAll, random)["books"]))
	seen := map[string]bool{}
	for range 1000 {
		seen[string(log.Cut(5, LoseSome, random)["books"])] = true
	}
	require.Equal(t, map[string]bool{"old": true, "new": true, "n": true, "": true}, seen, "and with no file at all")
}

func TestADiskThatLiesKeepsNothingForSure(t *testing.T) {
	log := Log{before: 4, events: []event{
		{kind: created, name: "books"},
		a("old"),
		{kind: synced},
		{kind: folderSynced},
		a("new"),
		{kind: synced},
	}}
	random := rand.New(rand.NewPCG(4, 1))
	seen := map[string]bool{}
	for range 100 {
		seen[string(log.Cut(2, LoseSynced, random)["books"])] = true
	}
	require.True(t, seen["old"])
	require.True(t, seen["new"])
	require.Equal(t, "new", string(log.Cut(2, LoseAll, random)["books"]))
}
