package rewards_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/rewards"
)

func TestEveryMisreadCharacterAndEverySwapOfTwoIsFound(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		voucher := rewards.Voucher{
			Prefix: rapid.StringOfN(rapid.RuneFrom([]rune(rewards.CodeAlphabet)), 0, 10, -1).Draw(r, "prefix"),
			Length: rapid.IntRange(19, 30).Draw(r, "length"),
		}
		source := rapid.SliceOfN(rapid.Byte(), 200, 200).Draw(r, "chance")
		code, err := rewards.NewCode(bytes.NewReader(source), &voucher)
		if errors.Is(err, rewards.ErrCodeSource) {
			r.Skip("the source had too few bytes that are used")
		}
		require.NoError(r, err)
		require.Len(r, code, voucher.Length)
		require.True(r, strings.HasPrefix(code, voucher.Prefix))
		require.NoError(r, rewards.CheckCode(code))

		at := rapid.IntRange(0, len(code)-1).Draw(r, "place")
		other := rapid.SampledFrom([]byte(rewards.CodeAlphabet)).Draw(r, "character")
		wrong := []byte(code)
		wrong[at] = other
		require.Equal(r, other == code[at], rewards.CheckCode(string(wrong)) == nil, "one wrong character")

		swap := rapid.IntRange(0, len(code)-1).Draw(r, "other place")
		wrong = []byte(code)
		wrong[at], wrong[swap] = wrong[swap], wrong[at]
		require.Equal(r, string(wrong) == code, rewards.CheckCode(string(wrong)) == nil, "two that changed places")
	})
}

func TestCodesOfTheSystemsSourceAreAllDifferentAndUseEveryCharacter(t *testing.T) {
	seen, used := map[string]bool{}, map[rune]bool{}
	for range 2000 {
		code, err := rewards.NewCode(rand.Reader, &rewards.Voucher{})
		require.NoError(t, err)
		require.Len(t, code, 12)
		seen[code] = true
		for _, c := range code {
			used[c] = true
		}
	}
	require.Len(t, seen, 2000)
	require.Len(t, used, len(rewards.CodeAlphabet))
}

func TestACodeIsReadAsItIsTyped(t *testing.T) {
	code, err := rewards.NewCode(bytes.NewReader(bytes.Repeat([]byte{100, 3, 250, 77}, 20)), &rewards.Voucher{Prefix: "MUG"})
	require.NoError(t, err)
	typed := strings.ToLower(code[:4] + "-" + code[4:8] + " " + code[8:])
	parsed, err := rewards.ParseCode(typed)
	require.NoError(t, err)
	require.Equal(t, code, parsed)
	for _, wrong := range []string{"", "MUG", code + "2", code[1:], "0" + code[1:], strings.Repeat("2", 31), strings.Repeat("-", 1000)} {
		_, err := rewards.ParseCode(wrong)
		require.ErrorIs(t, err, rewards.ErrCode, "%q", wrong)
	}
}

func TestHowLongACodeIs(t *testing.T) {
	for _, c := range []struct {
		prefix string
		length int
		want   int // 0 is refused
	}{
		{"", 0, 12},
		{"MUG", 0, 12},
		{"MUGS", 0, 13},
		{"MUGMUG", 0, 15},
		{"", 9, 9},
		{"", 8, 0},
		{"MUG", 12, 12},
		{"MUG", 11, 0},
		{"", 30, 30},
		{"", 31, 0},
	} {
		code, err := rewards.NewCode(bytes.NewReader(make([]byte, 30)), &rewards.Voucher{Prefix: c.prefix, Length: c.length})
		if c.want == 0 {
			require.ErrorContains(t, err, "at least 8 characters that are drawn", "%+v", c)
			continue
		}
		require.NoError(t, err)
		require.Len(t, code, c.want)
		require.NoError(t, rewards.CheckCode(code))
	}
}

func TestATextThatIsNoCodeIsFoundWhateverItsDigitsAddUpTo(t *testing.T) {
	code, err := rewards.NewCode(bytes.NewReader(make([]byte, 30)), &rewards.Voucher{Prefix: "Z"})
	require.NoError(t, err)
	for _, c := range []struct {
		code string
		want bool
	}{
		{code, true},
		{"O" + code[1:], false}, // a character that is in no code stands for −1, and Z for 30
		{strings.Repeat("2", 8), false},
		{strings.Repeat("2", 9), true},
		{strings.Repeat("2", 30), true},
		{strings.Repeat("2", 31), false},
	} {
		require.Equal(t, c.want, rewards.CheckCode(c.code) == nil, c.code)
	}
	typed := strings.Repeat("2", 30) + strings.Repeat(" ", 90)
	_, err = rewards.ParseCode(typed)
	require.NoError(t, err)
	_, err = rewards.ParseCode(typed + "-")
	require.ErrorIs(t, err, rewards.ErrCode)
}

func TestASourceThatFailsMakesNoCode(t *testing.T) {
	_, err := rewards.NewCode(bytes.NewReader([]byte{1, 2, 3}), &rewards.Voucher{})
	require.ErrorIs(t, err, rewards.ErrCodeSource)
	_, err = rewards.NewCode(rand.Reader, &rewards.Voucher{Length: 5})
	require.Error(t, err)
}
