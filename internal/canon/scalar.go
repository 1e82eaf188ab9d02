package canon

import (
	"fmt"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

func appendBool(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendBool(dst, v.Bool()), nil
}

func appendInt(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

func appendUint(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return strconv.AppendUint(dst, v.Uint(), 10), nil
}

func appendStringValue(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	return appendString(dst, v.String())
}

const hex = "0123456789abcdef"

// appendString writes text in quotes, with escapes only where JSON needs them.
func appendString[T string | []byte](dst []byte, text T) ([]byte, error) {
	dst = append(dst, '"')
	plain := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, size := decodeRune(text[i:])
			if r == utf8.RuneError && size == 1 {
				return dst, refuse("invalid UTF-8 at byte %d", i)
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(append(dst, text[plain:i]...), '\\')
		switch c {
		case '"', '\\':
			dst = append(dst, c)
		case '\b':
			dst = append(dst, 'b')
		case '\f':
			dst = append(dst, 'f')
		case '\n':
			dst = append(dst, 'n')
		case '\r':
			dst = append(dst, 'r')
		case '\t':
			dst = append(dst, 't')
		default:
			dst = append(dst, 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		plain = i
	}
	return append(append(dst, text[plain:]...), '"'), nil
}

func decodeRune[T string | []byte](text T) (rune, int) {
	return utf8.DecodeRuneInString(string(text[:min(len(text), utf8.UTFMax)]))
}

func zeroTime(v reflect.Value) bool {
	return toMicroseconds(*v.Addr().Interface().(*time.Time)).IsZero()
}

func appendTime(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	t := toMicroseconds(v.Addr().Interface().(*time.Time).UTC())
	if year := t.Year(); year < 0 || year > 9999 {
		return dst, refuse("the year %d is outside of 0 to 9999", year)
	}
	dst = t.AppendFormat(append(dst, '"'), time.RFC3339Nano)
	return append(dst, '"'), nil
}

func toMicroseconds(t time.Time) time.Time {
	return t.Add(-time.Duration(t.Nanosecond() % 1000))
}

func zeroDecimal(v reflect.Value) bool {
	return v.Addr().Interface().(*decimal.Decimal).IsZero()
}

func appendDecimal(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	d := *v.Addr().Interface().(*decimal.Decimal)
	var space [32]byte
	digits := space[:0]
	if n := d.NumDigits(); n <= 18 {
		digits = strconv.AppendInt(digits, d.CoefficientInt64(), 10)
	} else if n <= maxDigits {
		digits = d.Coefficient().Append(digits, 10)
	} else {
		return dst, &ValueError{Message: "decimal", Err: errTooLong}
	}
	dst = append(dst, '"')
	negative := digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	dst, err := appendNumber(dst, negative, digits, int64(d.Exponent()))
	if err != nil {
		return dst, &ValueError{Message: "decimal", Err: err}
	}
	return append(dst, '"'), nil
}

func appendNumberText(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	text := v.String()
	if text == "" {
		return append(dst, '0'), nil
	}
	s := scanner{data: []byte(text)}
	dst, err := s.number(dst)
	if err == nil && s.pos < len(s.data) {
		err = s.fail("it is no number")
	}
	if err != nil {
		return dst, &ValueError{Message: "json.Number " + strconv.Quote(text), Err: err}
	}
	return dst, nil
}

// maxDigits is how many digits a number has at most, written without exponent.
const maxDigits = 400

var errTooLong = fmt.Errorf("it has more than %d digits", maxDigits)

// appendNumber writes digits × 10^exponent without exponent or trailing zeros.
func appendNumber(dst []byte, negative bool, digits []byte, exponent int64) ([]byte, error) {
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
		exponent++
	}
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
	}
	if len(digits) == 0 {
		return append(dst, '0'), nil
	}
	if exponent > maxDigits || exponent < -maxDigits || len(digits)+int(max(exponent, 0)) > maxDigits {
		return dst, errTooLong
	}
	if negative {
		dst = append(dst, '-')
	}
	if exponent >= 0 {
		dst = append(dst, digits...)
		for range exponent {
			dst = append(dst, '0')
		}
		return dst, nil
	}
	whole := len(digits) + int(exponent)
	if whole > 0 {
		dst = append(append(dst, digits[:whole]...), '.')
		return append(dst, digits[whole:]...), nil
	}
	dst = append(dst, "0."...)
	for range -whole {
		dst = append(dst, '0')
	}
	return append(dst, digits...), nil
}
