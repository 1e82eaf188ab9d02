package enginetest

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// Spoil calls use with a command and the path of what is wrong with it, once for each
// value that a field should not take or that must do no harm: each field of a sample in
// turn, also those of the first element of a slice and of what pointers point to.
// reserved is the id of an account that no caller may name.
func Spoil(sample loyalty.Command, reserved string, use func(path string, cmd loyalty.Command)) {
	cmd := reflect.New(reflect.TypeOf(sample)).Elem()
	cmd.Set(reflect.ValueOf(sample))
	spoil(cmd, fmt.Sprintf("%T", sample), reserved, func(path string) {
		use(path, cmd.Interface().(loyalty.Command)) //nolint:forcetypeassert // it is the sample's type
	})
}

func spoil(v reflect.Value, path, reserved string, use func(path string)) {
	for _, value := range spoilt(v.Type(), reserved) {
		before := reflect.ValueOf(v.Interface())
		v.Set(reflect.ValueOf(value).Convert(v.Type()))
		use(path)
		v.Set(before)
	}
	switch {
	case leaf(v.Type()):
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				spoil(v.Field(i), path+"."+field.Name, reserved, use)
			}
		}
	case v.Kind() == reflect.Slice && v.Len() > 0:
		// The slice is of a literal of its own.
		spoil(v.Index(0), path+"[0]", reserved, use)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		spoil(v.Elem(), path, reserved, use)
	}
}

// spoilt lists values that no field of a type takes, or that must do no harm.
func spoilt(t reflect.Type, reserved string) []any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return []any{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}
	case t == reflect.TypeFor[decimal.Decimal]():
		return []any{decimal.NewFromInt(-1), decimal.New(1, 1_000_000), decimal.New(1, -1_000_000)}
	case t == reflect.TypeFor[[]byte]():
		return []any{[]byte{}, []byte(strings.Repeat("x", 1<<20))}
	case t.Kind() == reflect.String:
		return []any{strings.Repeat("x", 1<<20), "caf\xe9", "a\x00b", reserved}
	case t.Kind() == reflect.Int64 || t.Kind() == reflect.Int:
		return []any{int64(-1), int64(math.MaxInt64), int64(math.MinInt64)}
	default:
		return nil
	}
}
