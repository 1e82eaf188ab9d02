package rewards

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// CodeAlphabet has the characters of voucher codes: none is read for another, in
// print or aloud, and there are 31, a prime, so that one check digit finds every
// single wrong character and every two that changed places.
const CodeAlphabet = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"

const (
	defaultCode = 12
	maxCode     = 30
	// leastDrawn is how many characters of a code are drawn at least: 31^8 are 8.5e11.
	leastDrawn = 8
)

// Errors of codes.
var (
	// ErrCode reports a text that is no code: it was misread or mistyped.
	ErrCode = errors.New("rewards: this is no code: it was misread or mistyped")
	// ErrCodeSource reports a source of chance that failed.
	ErrCodeSource = errors.New("rewards: the source of codes failed")
)

// length is how long the codes are.
func (v *Voucher) length() (int, error) {
	length := v.Length
	if length == 0 {
		length = max(defaultCode, len(v.Prefix)+leastDrawn+1)
	}
	if length > maxCode || length < len(v.Prefix)+leastDrawn+1 {
		return 0, fmt.Errorf("must be %d to %d: with the prefix, at least %d characters that are drawn, and a check digit",
			len(v.Prefix)+leastDrawn+1, maxCode, leastDrawn)
	}
	return length, nil
}

// NewCode draws a code: the prefix, characters from the source, each equally likely,
// and a check digit. The source must be cryptographic, since who has a code has the
// reward. That no two members get the same code is for a claim to ensure.
func NewCode(source io.Reader, voucher *Voucher) (string, error) {
	length, err := voucher.length()
	if err != nil {
		return "", err
	}
	code := append(make([]byte, 0, length), voucher.Prefix...)
	var buffer [1]byte
	for len(code) < length-1 {
		if _, err := io.ReadFull(source, buffer[:]); err != nil {
			return "", fmt.Errorf("%w: %w", ErrCodeSource, err)
		}
		// Of 256 values 248 are used, 8 for each character.
		if n := int(buffer[0]); n < 8*len(CodeAlphabet) {
			code = append(code, CodeAlphabet[n/8])
		}
	}
	return string(append(code, CodeAlphabet[check(code)])), nil
}

// check is the number of the check digit that makes the weighted sum of a code 0
// modulo 31. The digit itself has weight 1, the one before it 2, and so on.
func check(code []byte) int {
	sum := 0
	for i, c := range code {
		sum += (len(code) + 1 - i) * strings.IndexByte(CodeAlphabet, c)
	}
	n := len(CodeAlphabet)
	return (n - sum%n) % n
}

// ParseCode returns a code as it is stored from a text as it is typed: in any case,
// with spaces and hyphens. A text that is no code is [ErrCode].
func ParseCode(text string) (string, error) {
	if len(text) > 4*maxCode {
		return "", ErrCode
	}
	code := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	return code, CheckCode(code)
}

// CheckCode reports by its check digit whether a code was misread, as [ErrCode].
func CheckCode(code string) error {
	if len(code) <= leastDrawn || len(code) > maxCode || foreign(code) >= 0 {
		return ErrCode
	}
	last := len(code) - 1
	if CodeAlphabet[check([]byte(code[:last]))] != code[last] {
		return ErrCode
	}
	return nil
}

// foreign is the place of the first character that no code has, or −1.
func foreign(code string) int {
	for i := range len(code) {
		if strings.IndexByte(CodeAlphabet, code[i]) < 0 {
			return i
		}
	}
	return -1
}
