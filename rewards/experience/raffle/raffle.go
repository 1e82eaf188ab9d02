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
	// ErrSeed reports a seed or rules that are not those committed to.
	ErrSeed = errors.New("raffle: seed and rules are not those that were committed to")
	// ErrValue reports a beacon without a value, or a value without a beacon.
	ErrValue = errors.New("raffle: a value is there if and only if the rules name a beacon")
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

// Rules are what a host fixes and publishes before the first ticket is given out.
type Rules struct {
	// Raffle is the raffle's id.
	Raffle string `json:"raffle"`
	// Winners is how many tickets are drawn, at least 1; where fewer were given out, all are.
	Winners int `json:"winners"`
	// Beacon names the public value that is mixed into the draw, and that nobody can know
	// before the last ticket. Without one the host can choose who wins; see the package's
	// documentation.
	Beacon string `json:"beacon,omitempty"`
}

// Commitment is what a host publishes with the rules before the first ticket is given out.
func Commitment(rules Rules, seed []byte) (Digest, error) {
	if len(seed) != SeedSize || rules.Winners < 1 {
		return Digest{}, fmt.Errorf("%w: a seed has %d bytes, this one %d, and %d win", ErrSize, SeedSize, len(seed), rules.Winners)
	}
	text := named("loyaltykit raffle seed v2", rules.Raffle)
	text = binary.BigEndian.AppendUint64(text, uint64(rules.Winners))
	text = binary.BigEndian.AppendUint64(text, uint64(len(rules.Beacon)))
	text = append(text, rules.Beacon...)
	return sha256.Sum256(append(text, seed...)), nil
}

// Opens returns [ErrSeed] where rules and seed are not those that a commitment was made of.
func Opens(rules Rules, seed []byte, commitment Digest) error {
	got, err := Commitment(rules, seed)
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

// Winners draws n tickets, the first winner first; where there are fewer it draws all. Value
// is what the beacon gave, and nil without one.
func Winners(seed []byte, roll Roll, value []byte, n int) ([]int64, error) {
	if len(seed) != SeedSize || roll.Tickets < 0 || n < 0 {
		return nil, fmt.Errorf("%w: a seed of %d bytes, %d tickets, %d winners", ErrSize, len(seed), roll.Tickets, n)
	}
	source := &stream{seed: seed, roll: roll.Digest, value: value}
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
	Rules      Rules    `json:"rules"`
	Commitment Digest   `json:"commitment"`
	Labels     []string `json:"labels"`
	Roll       Digest   `json:"roll"`
	Seed       []byte   `json:"seed"`
	// Value is what the beacon gave.
	Value   []byte  `json:"value,omitempty"`
	Winners []int64 `json:"winners"`
}

// Verify returns nil where the winners are all those that the published procedure gives.
// That commitment and digest were published in time, and that the value is the beacon's, is
// for the caller to compare with what was published then.
func (p *Proof) Verify() error {
	if err := Opens(p.Rules, p.Seed, p.Commitment); err != nil {
		return err
	}
	if (p.Rules.Beacon == "") != (len(p.Value) == 0) {
		return ErrValue
	}
	roll := NewRoll(p.Rules.Raffle)
	for _, label := range p.Labels {
		roll.Add(label)
	}
	if roll.Digest != p.Roll {
		return ErrRoll
	}
	winners, err := Winners(p.Seed, roll, p.Value, p.Rules.Winners)
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
	value  []byte
	block  uint64
	buffer []byte
}

func (s *stream) next() uint64 {
	if len(s.buffer) == 0 {
		text := append([]byte("loyaltykit raffle draw v2"), s.seed...)
		text = append(text, s.roll[:]...)
		text = binary.BigEndian.AppendUint64(text, uint64(len(s.value)))
		text = append(text, s.value...)
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
