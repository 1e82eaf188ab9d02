package points

import (
	"fmt"
	"math/big"

	"github.com/shopspring/decimal"
)

const (
	maxMoneyDigits   = 18
	maxMoneyDecimals = 12
)

// moneyProblem says what is wrong with an amount of money, or "". It looks at the
// exponent first: 1e1000000 is a short text and a very long number.
func moneyProblem(d decimal.Decimal) string {
	exponent := d.Exponent()
	switch {
	case exponent > maxMoneyDigits || exponent < -maxMoneyDecimals:
		return fmt.Sprintf("money has at most %d digits before the point and %d after it", maxMoneyDigits, maxMoneyDecimals)
	case d.IsNegative():
		return "must not be negative"
	case d.NumDigits()+int(exponent) > maxMoneyDigits:
		return fmt.Sprintf("money has at most %d digits before the point", maxMoneyDigits)
	}
	return ""
}

// decimals is the number of decimal places that d needs, for money that has no
// problem.
func decimals(d decimal.Decimal) int {
	places := max(0, -int(d.Exponent()))
	if places <= tenderPlaces {
		return places
	}
	n := coefficient(d).big()
	ten, rem := big.NewInt(10), new(big.Int)
	for places > 0 {
		if n.QuoRem(n, ten, rem); rem.Sign() != 0 {
			break
		}
		places--
	}
	return places
}

// scaled returns d × 10^scale for money that has no problem and needs at most
// scale decimals.
func scaled(d decimal.Decimal, scale int) uint128 {
	shift := scale + int(d.Exponent())
	c := coefficient(d)
	if shift >= 0 {
		n, ok := c.mul(pow10(min(shift, 19)))
		if shift > 19 {
			n, ok = n.mul(pow10(shift - 19))
		}
		if ok {
			return n
		}
		return uint128{}
	}
	n := c.big()
	return uint128Of(n.Quo(n, new(big.Int).SetUint64(pow10(-shift))))
}

func coefficient(d decimal.Decimal) uint128 {
	if d.NumDigits() <= 18 {
		return uint128{lo: uint64(d.CoefficientInt64())}
	}
	return uint128Of(d.Coefficient())
}

// pow10 returns 10^n for n from 0 to 19.
func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}

// money returns n ÷ 10^scale.
func money(n uint128, scale int) decimal.Decimal {
	if n.hi == 0 && n.lo <= uint64(MaxAmount) {
		return decimal.New(int64(n.lo), -int32(scale))
	}
	return decimal.NewFromBigInt(n.big(), -int32(scale))
}

// ValidateMoney lists every problem of an amount of money and the code of its
// currency, each under its own path.
func ValidateMoney(path string, amount decimal.Decimal, currencyPath, currency string) Problems {
	var problems Problems
	if problem := moneyProblem(amount); problem != "" {
		problems.Add(path, "%s", problem)
	}
	if problem := currencyProblem(currency); problem != "" {
		problems.Add(currencyPath, "%s", problem)
	}
	return problems
}

// ValidateCode lists what is wrong with a code: it has 1 to 32 lower-case letters,
// digits, '-' and '_', and starts with a letter.
func ValidateCode(path, code string) Problems {
	var problems Problems
	if problem := codeProblem(code); problem != "" {
		problems.Add(path, "%s", problem)
	}
	return problems
}
