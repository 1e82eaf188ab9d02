package raffle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/rewards/experience/raffle"
)

var update = flag.Bool("update", false, "write the test vectors anew")

const vectorFile = "testdata/vectors.json"

// published is a raffle of n tickets, held and published by the rules.
func published(t *testing.T, id string, seed []byte, tickets, winners int, value ...byte) raffle.Proof {
	t.Helper()
	rules := raffle.Rules{Raffle: id, Winners: winners}
	if len(value) > 0 {
		rules.Beacon = "the lottery of Sunday"
	}
	commitment, err := raffle.Commitment(rules, seed)
	require.NoError(t, err)
	proof := raffle.Proof{Rules: rules, Value: value, Commitment: commitment, Seed: seed, Labels: []string{}}
	roll := raffle.NewRoll(id)
	for i := range tickets {
		label := raffle.Label([]byte("a salt of sixteen"), id, fmt.Sprintf("member-%d", i))
		proof.Labels = append(proof.Labels, label)
		require.EqualValues(t, i+1, roll.Add(label))
	}
	proof.Roll = roll.Digest
	proof.Winners, err = raffle.Winners(seed, roll, value, winners)
	require.NoError(t, err)
	return proof
}

func seedOf(n byte) []byte { return bytes.Repeat([]byte{n}, raffle.SeedSize) }

func vectors(t *testing.T) []raffle.Proof {
	return []raffle.Proof{
		published(t, "spring", seedOf(1), 1, 1),
		published(t, "spring", seedOf(2), 5, 5),
		published(t, "Kaffee-Abend für zwei", seedOf(3), 40, 7, []byte("4 8 15 16 23 42")...),
		published(t, "nobody came", seedOf(4), 0, 3),
	}
}

func TestTheDrawsOfTheVectorsNeverChange(t *testing.T) {
	want, err := json.MarshalIndent(vectors(t), "", "\t")
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(vectorFile, append(want, '\n'), 0o644))
	}
	text, err := os.ReadFile(vectorFile)
	require.NoError(t, err)
	require.Equal(t, string(want)+"\n", string(text))
	var proofs []raffle.Proof
	require.NoError(t, json.Unmarshal(text, &proofs))
	for _, proof := range proofs {
		require.NoError(t, proof.Verify())
		require.Equal(t, handCommitment(&proof), proof.Commitment[:])
		require.Equal(t, byHand(&proof), append([]int64{}, proof.Winners...), "by the procedure, in big numbers")
	}
}

func u64(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func long(text string) []byte { return append(u64(len(text)), text...) }

func hash(parts ...[]byte) []byte { sum := sha256.Sum256(slices.Concat(parts...)); return sum[:] }

func handCommitment(p *raffle.Proof) []byte {
	return hash([]byte("loyaltykit raffle seed v2"), long(p.Rules.Raffle), u64(p.Rules.Winners), long(p.Rules.Beacon), p.Seed)
}

// byHand draws by the words of the package's documentation alone.
func byHand(p *raffle.Proof) []int64 {
	roll := hash([]byte("loyaltykit raffle roll v1"), long(p.Rules.Raffle))
	list := []int64{}
	for i, label := range p.Labels {
		roll = hash(roll, u64(i+1), long(label))
		list = append(list, int64(i+1))
	}
	var numbers []*big.Int
	for i := range 200 {
		block := hash([]byte("loyaltykit raffle draw v2"), p.Seed, roll, long(string(p.Value)), u64(i))
		for part := range slices.Chunk(block, 8) {
			numbers = append(numbers, new(big.Int).SetBytes(part))
		}
	}
	all := new(big.Int).Lsh(big.NewInt(1), 64)
	winners := []int64{}
	for k := 0; k < len(p.Winners); {
		m := big.NewInt(int64(len(list) - k))
		limit := new(big.Int).Sub(all, new(big.Int).Mod(all, m))
		x := numbers[0]
		numbers = numbers[1:]
		if x.Cmp(limit) >= 0 {
			continue
		}
		place := k + int(new(big.Int).Mod(x, m).Int64())
		list[k], list[place] = list[place], list[k]
		winners = append(winners, list[k])
		k++
	}
	return winners
}

func TestAProofThatWasTamperedWithDoesNotVerify(t *testing.T) {
	tests := []struct {
		name   string
		tamper func(p *raffle.Proof)
		want   error
	}{
		{"another seed", func(p *raffle.Proof) { p.Seed = seedOf(9) }, raffle.ErrSeed},
		{"a short seed", func(p *raffle.Proof) { p.Seed = p.Seed[1:] }, raffle.ErrSize},
		{"another raffle's commitment", func(p *raffle.Proof) { p.Rules.Raffle = "autumn" }, raffle.ErrSeed},
		{"a ticket more", func(p *raffle.Proof) { p.Labels = append(p.Labels, "late") }, raffle.ErrRoll},
		{"a ticket less", func(p *raffle.Proof) { p.Labels = p.Labels[1:] }, raffle.ErrRoll},
		{"two tickets exchanged", func(p *raffle.Proof) { p.Labels[0], p.Labels[1] = p.Labels[1], p.Labels[0] }, raffle.ErrRoll},
		{"a winner replaced", func(p *raffle.Proof) { p.Winners[0] = p.Winners[0]%40 + 1 }, raffle.ErrWinners},
		{"a winner kept quiet", func(p *raffle.Proof) { p.Winners = p.Winners[:4] }, raffle.ErrWinners},
		{"fewer winners than were promised", func(p *raffle.Proof) { p.Rules.Winners, p.Winners = 4, p.Winners[:4] }, raffle.ErrSeed},
		{"another beacon", func(p *raffle.Proof) { p.Rules.Beacon = "the weather of Monday" }, raffle.ErrSeed},
		{"another value of the beacon", func(p *raffle.Proof) { p.Value[0]++ }, raffle.ErrWinners},
		{"no value of the beacon", func(p *raffle.Proof) { p.Value = nil }, raffle.ErrValue},
		{"two winners exchanged", func(p *raffle.Proof) { p.Winners[0], p.Winners[1] = p.Winners[1], p.Winners[0] }, raffle.ErrWinners},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			proof := published(t, "spring", seedOf(7), 40, 5, []byte("4 8 15 16 23 42")...)
			require.NoError(t, proof.Verify())
			test.tamper(&proof)
			require.ErrorIs(t, proof.Verify(), test.want)
		})
	}
}

func TestEveryTicketWinsAsOften(t *testing.T) {
	const tickets, rounds = 8, 4000
	first, among := [tickets]int{}, [tickets]int{}
	roll := raffle.NewRoll("fair")
	for range tickets {
		roll.Add("x")
	}
	for i := range rounds {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
		winners, err := raffle.Winners(seed[:], roll, nil, 3)
		require.NoError(t, err)
		sorted := slices.Sorted(slices.Values(winners))
		require.Len(t, slices.Compact(sorted), 3, "no ticket wins twice")
		first[winners[0]-1]++
		for _, w := range winners {
			among[w-1]++
		}
	}
	// Chi-square with 7 degrees of freedom passes 24.32 in one of a thousand fair draws.
	chi := func(counts [tickets]int, each float64) (sum float64) {
		for _, n := range counts {
			sum += (float64(n) - each) * (float64(n) - each) / each
		}
		return sum
	}
	require.Less(t, chi(first, rounds/tickets), 24.32)
	require.Less(t, chi(among, 3*rounds/tickets), 24.32)
}

func TestMoreWinnersLeaveTheFirstAsTheyWere(t *testing.T) {
	roll := raffle.NewRoll("spring")
	for range 1000 {
		roll.Add("x")
	}
	few, err := raffle.Winners(seedOf(5), roll, nil, 10)
	require.NoError(t, err)
	all, err := raffle.Winners(seedOf(5), roll, nil, 5000)
	require.NoError(t, err)
	require.Equal(t, few, all[:10])
	require.Len(t, all, 1000)
}

func TestWhatCannotBeDrawnIsRefused(t *testing.T) {
	_, err := raffle.Winners(nil, raffle.NewRoll("x"), nil, 1)
	require.ErrorIs(t, err, raffle.ErrSize)
	_, err = raffle.Winners(seedOf(1), raffle.NewRoll("x"), nil, -1)
	require.ErrorIs(t, err, raffle.ErrSize)
	_, err = raffle.Commitment(raffle.Rules{Raffle: "x", Winners: 1}, []byte("short"))
	require.ErrorIs(t, err, raffle.ErrSize)
	_, err = raffle.Commitment(raffle.Rules{Raffle: "x"}, seedOf(1))
	require.ErrorIs(t, err, raffle.ErrSize)
	var digest raffle.Digest
	require.ErrorIs(t, digest.UnmarshalText([]byte("no")), raffle.ErrSize)
}
