package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/prove/powercut"
	"github.com/loyaltykit/loyaltykit/storage/sqlite"
)

const cutSeed = 20270505

// tally sums what was found after many power cuts.
type tally struct {
	cuts, lives, events int
	// acknowledged counts, for each cut, the commands that had to be there, and lost
	// those that were not.
	acknowledged, lost int
	// losses counts the cuts after which something acknowledged was missing.
	losses int
}

func (c *tally) add(v verdict) {
	c.cuts++
	c.acknowledged += v.acknowledged
	c.lost += v.lost
	if v.lost > 0 {
		c.losses++
	}
}

// campaigns is how many databases are cut.
func campaigns() int {
	if full() {
		return 5
	}
	return 1
}

// cut cuts the power of a database at many moments of each of its lives, from
// before the file is made until after it is closed. Each life but the first begins
// with what a cut of the one before left.
func (c *tally) cut(t *testing.T, synchronous sqlite.Synchronous, seed uint64, lives, perLife int) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "cut")
	s := start{synchronous: synchronous}
	for s.turn = range lives {
		s.seed = seed + uint64(s.turn)
		l, err := live(t.Context(), t.TempDir(), s)
		require.NoError(t, err, "seed %d", s.seed)
		c.lives++
		c.events += l.log.Len()
		for _, after := range rand.New(rand.NewPCG(s.seed, 2)).Perm(l.log.Len() + 1)[:perLife] {
			random := rand.New(rand.NewPCG(s.seed, uint64(after)))
			loss := []powercut.Loss{powercut.LoseAll, powercut.LoseSome, powercut.LoseSome}[random.IntN(3)]
			s.files = l.log.Cut(after, loss, random)
			v, err := auditCut(t.Context(), folder, s.files, l.rounds, after, s.turn)
			where := fmt.Sprintf("seed %d, life %d, power cut after event %d of %d, loss %d", s.seed, s.turn, after, l.log.Len(), loss)
			require.NoError(t, err, where)
			if synchronous == sqlite.Full {
				require.Zero(t, v.lost, where)
			}
			c.add(v)
			s.stored = v.stored
			s.again = slices.Concat(v.stored[max(0, len(v.stored)-2):], v.missing)
		}
	}
}

// The driver, the adapter and its settings are those of package storage/sqlite: the
// power is cut in a layer between SQLite and the system. After each cut SQLite and
// the engine find the database whole, every acknowledged command is there once,
// what else is there was on its way and stands behind nothing that is missing,
// members have what the commands add up to, and callers who send again what they
// are unsure of end with every command once.
func TestR5NothingAcknowledgedIsLostWhenThePowerIsCut(t *testing.T) {
	began := time.Now()
	var c tally
	for i := range campaigns() {
		c.cut(t, sqlite.Full, cutSeed+uint64(100*i), 5, 40)
	}
	require.Zero(t, c.lost)
	t.Logf("figure R5 synchronous=FULL: %d power cuts in %d lives (%d file events), an acknowledged command was missing %d of %d times, 0 twice, 0 corrupt, in %s",
		c.cuts, c.lives, c.events, c.lost, c.acknowledged, time.Since(began).Round(time.Second))
}

// The control: without a sync for each commit the last commands are lost, and the
// checker sees it. What is left is whole all the same, as the setting promises.
func TestR5WithoutASyncForEachCommitTheLastCommandsAreLost(t *testing.T) {
	var c tally
	for i := range campaigns() {
		c.cut(t, sqlite.Normal, cutSeed+uint64(100*i), 2, 25)
	}
	require.Positive(t, c.lost, "the checker must see what is missing")
	t.Logf("figure R5-control synchronous=NORMAL: %d power cuts, an acknowledged command was missing %d of %d times, after %d of the cuts, 0 twice, 0 corrupt",
		c.cuts, c.lost, c.acknowledged, c.losses)
}

// The control of "never corrupt": no database is whole for long on a disk that says
// it has synced and has not.
func TestR5ADiskThatLiesIsCaught(t *testing.T) {
	l, err := live(t.Context(), t.TempDir(), start{seed: cutSeed})
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "cut")
	const n = 25
	corrupt, lossy := 0, 0
	for _, after := range rand.New(rand.NewPCG(cutSeed, 3)).Perm(l.log.Len() + 1)[:n] {
		files := l.log.Cut(after, powercut.LoseSynced, rand.New(rand.NewPCG(cutSeed, uint64(after))))
		v, err := auditCut(t.Context(), folder, files, l.rounds, after, 0)
		switch {
		case err != nil:
			corrupt++
		case v.lost > 0:
			lossy++
		}
	}
	require.Positive(t, corrupt, "the checker must see what is corrupt")
	t.Logf("figure R5-control a disk that lies about syncs: %d power cuts, %d databases corrupt, %d with acknowledged commands lost", n, corrupt, lossy)
}

func TestR5TheSameSeedWritesTheSameBytes(t *testing.T) {
	first, err := live(t.Context(), t.TempDir(), start{seed: cutSeed})
	require.NoError(t, err)
	second, err := live(t.Context(), t.TempDir(), start{seed: cutSeed})
	require.NoError(t, err)
	require.Equal(t, first.log.Digest(), second.log.Digest())
	other, err := live(t.Context(), t.TempDir(), start{seed: cutSeed + 1})
	require.NoError(t, err)
	require.NotEqual(t, first.log.Digest(), other.log.Digest())
}
