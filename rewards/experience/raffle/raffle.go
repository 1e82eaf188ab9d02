package raffle

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
)

// SeedSize is the size of a seed in bytes.
const SeedSize = 32

// Errors to branch on with errors.Is.
var (
	// ErrSeed reports a seed that is not the one committed to.
	ErrSeed = errors.New("raffle: the seed is not the one that was committed to")
	// ErrRoll reports labels that do not give the published digest.
	ErrRoll = errors.New("raffle: the tickets do not give the published digest")
	// ErrWinners reports winners that the seed and the tickets do not give.
	ErrWinners = errors.New("raffle: the winners are not those of the draw")
	// ErrSize reports a seed, or a number of tickets or winners, that cannot be.
	ErrSize = errors.New("raffle: out of range")
)

// Digest is a SHA-256 digest.
type Digest [sha256.Size]byte

// String returns the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText writes the digest in hexadecimal.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Digest) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(d) {
		return fmt.Errorf("%w: a digest has %d hexadecimal digits", ErrSize, 2*len(d))
	}
	copy(d[:], raw)
	return nil
}

// Commitment is what a host publishes of a seed before the first ticket is given out.
func Commitment(id string, seed []byte) (Digest, error) {
	if len(seed) != SeedSize {
		return Digest{}, fmt.Errorf("%w: a seed has %d bytes, this one %d", ErrSize, SeedSize, len(seed))
	}
	return sha256.Sum256(append(named("loyaltykit raffle seed v1", id), seed...)), nil
}

// Opens returns [ErrSeed] where a seed is not the one that a commitment was made of.
func Opens(id string, seed []byte, commitment Digest) error {
	got, err := Commitment(id, seed)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got[:], commitment[:]) == 0 {
		return ErrSeed
	}
	return nil
}

// Label is a holder's pseudonym: only who knows the salt can tell whose it is. A host
// gives each holder theirs, and keeps a salt of at least 16 random bytes secret.
func Label(salt []byte, id, holder string) string {
	sum := sha256.Sum256(append(append(named("loyaltykit raffle label v1", id), salt...), holder...))
	return hex.EncodeToString(sum[:12])
}

// Roll is the digest of the tickets given out so far.
type Roll struct {
	Tickets int64  `json:"tickets,omitempty"`
	Digest  Digest `json:"digest"`
}

// NewRoll is the roll of a raffle without tickets.
func NewRoll(id string) Roll {
	return Roll{Digest: sha256.Sum256(named("loyaltykit raffle roll v1", id))}
}

// Add gives the next ticket to the holder of a label, and returns its number.
func (r *Roll) Add(label string) int64 {
	r.Tickets++
	text := append([]byte{}, r.Digest[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(r.Tickets))
	text = binary.BigEndian.AppendUint64(text, uint64(len(label)))
	r.Digest = sha256.Sum256(append(text, label...))
	return r.Tickets
}

// Winners draws n tickets, the first winner first; where there are fewer it draws all.
func Winners(seed []byte, roll Roll, n int) ([]int64, error) {
	if len(seed) != SeedSize || roll.Tickets < 0 || n < 0 {
		return nil, fmt.Errorf("%w: a seed of %d bytes, %d tickets, %d winners", ErrSize, len(seed), roll.Tickets, n)
	}
	source := &stream{seed: seed, roll: roll.Digest}
	moved := map[int64]int64{} // what is not at its own place of the list
	at := func(place int64) int64 {
		if ticket, ok := moved[place]; ok {
			return ticket
		}
		return place + 1
	}
	count := min(int64(n), roll.Tickets)
	winners := make([]int64, 0, min(count, 1<<16))
	for k := range count {
		place := k + int64(source.below(uint64(roll.Tickets-k)))
		winners = append(winners, at(place))
		moved[place] = at(k)
	}
	return winners, nil
}

// Proof is what a host publishes after a draw: all that it takes to check it.
type Proof struct {
	Raffle     string   `json:"raffle"`
	Commitment Digest   `json:"commitment"`
	Labels     []string `json:"labels"`
	Roll       Digest   `json:"roll"`
	Seed       []byte   `json:"seed"`
	Winners    []int64  `json:"winners"`
}

// Verify returns nil where the winners are those that the published procedure gives.
func (p *Proof) Verify() error {
	if err := Opens(p.Raffle, p.Seed, p.Commitment); err != nil {
		return err
	}
	roll := NewRoll(p.Raffle)
	for _, label := range p.Labels {
		roll.Add(label)
	}
	if roll.Digest != p.Roll {
		return ErrRoll
	}
	winners, err := Winners(p.Seed, roll, len(p.Winners))
	if err != nil {
		return err
	}
	if !slices.Equal(winners, p.Winners) {
		return ErrWinners
	}
	return nil
}

func named(purpose, id string) []byte {
	text := append([]byte{}, purpose...)
	text = binary.BigEndian.AppendUint64(text, uint64(len(id)))
	return append(text, id...)
}

// stream is the bytes of a draw.
type stream struct {
	seed   []byte
	roll   Digest
	block  uint64
	buffer []byte
}

func (s *stream) next() uint64 {
	if len(s.buffer) == 0 {
		text := append([]byte("loyaltykit raffle draw v1"), s.seed...)
		text = append(text, s.roll[:]...)
		sum := sha256.Sum256(binary.BigEndian.AppendUint64(text, s.block))
		s.buffer = sum[:]
		s.block++
	}
	x := binary.BigEndian.Uint64(s.buffer)
	s.buffer = s.buffer[8:]
	return x
}

// below returns a number from 0 to m−1, each equally likely.
func (s *stream) below(m uint64) uint64 {
	over := (math.MaxUint64%m + 1) % m // 2^64 mod m
	for {
		if x := s.next(); x <= math.MaxUint64-over {
			return x % m
		}
	}
}
