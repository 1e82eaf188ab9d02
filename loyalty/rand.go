package loyalty

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"

	"github.com/loyaltykit/loyaltykit/points"
)

// Rand draws for a command. What it draws depends on the engine's secret, the
// program, the member and the key, so that a retry draws the same; a quote draws
// from another sequence and tells nothing of it.
type Rand struct{ source *rand.Rand }

// Rand returns the command's source of chance. Each call starts a new sequence.
func (tx *Tx) Rand() Rand {
	mode := "draw"
	if tx.quote {
		mode = "quote"
	}
	tx.draws++
	sealers := tx.deciding.engine.sealers
	sealer := sealers.Get().(*sealer)
	defer sealers.Put(sealer)
	seed := sealer.derive(32, mode, tx.row.Program, tx.plan.Member, tx.plan.Key, strconv.FormatUint(tx.draws, 10))
	return Rand{source: rand.New(rand.NewChaCha8([32]byte(seed)))} //nolint:gosec // seeded with the engine's secret
}

// IntN returns a number from 0 to n−1, each equally likely; n below 1 gives 0.
func (r Rand) IntN(n int) int {
	if n < 1 {
		return 0
	}
	return r.source.IntN(n)
}

// Choose returns one of the amounts, each equally likely, or 0 of none.
func (r Rand) Choose(amounts ...points.Amount) points.Amount {
	if len(amounts) == 0 {
		return 0
	}
	return amounts[r.IntN(len(amounts))]
}

// Bytes returns n random bytes.
func (r Rand) Bytes(n int) []byte {
	out := make([]byte, 0, n+8)
	for len(out) < n {
		out = binary.LittleEndian.AppendUint64(out, r.source.Uint64())
	}
	return out[:n]
}

// Read fills p with random bytes; it never fails.
func (r Rand) Read(p []byte) (int, error) { return copy(p, r.Bytes(len(p))), nil }
