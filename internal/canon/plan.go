package canon

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// plan is how values of one type are written. Both functions are given
// addressable values.
type plan struct {
	append func(dst []byte, v reflect.Value, depth int) ([]byte, error)
	// zero reports whether a field with this value is left out.
	zero func(v reflect.Value) bool
}

// plans holds the plan of each type met so far: a cache of what reflection says
// about types, which never changes.
var plans sync.Map

var (
	timeType      = reflect.TypeFor[time.Time]()
	decimalType   = reflect.TypeFor[decimal.Decimal]()
	numberType    = reflect.TypeFor[json.Number]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
	appenderType  = reflect.TypeFor[encoding.TextAppender]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	isZeroType    = reflect.TypeFor[interface{ IsZero() bool }]()
)

func planOf(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		return known.(*plan)
	}
	made := newPlan(t)
	known, _ := plans.LoadOrStore(t, made)
	return known.(*plan)
}

// appendValue writes any value, addressable or not.
func appendValue(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	for v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
		if depth++; depth > maxDepth {
			return dst, tooDeep()
		}
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer {
		return append(dst, "null"...), nil
	}
	if !v.CanAddr() {
		own := reflect.New(v.Type()).Elem()
		own.Set(v)
		v = own
	}
	return planOf(v.Type()).append(dst, v, depth)
}

func tooDeep() error { return refuse("values nest deeper than %d", maxDepth) }

func newPlan(t reflect.Type) *plan {
	switch {
	case t == timeType:
		return &plan{appendTime, zeroTime}
	case t == decimalType:
		return &plan{appendDecimal, zeroDecimal}
	case t == numberType:
		return &plan{appendNumberText, zeroValue}
	case t.Kind() == reflect.Pointer:
		return &plan{appendPointer, reflect.Value.IsNil}
	case t.Kind() == reflect.Interface:
		return &plan{appendInterface, reflect.Value.IsNil}
	case reflect.PointerTo(t).Implements(marshalerType):
		return &plan{appendMarshaler, zeroOf(t)}
	case reflect.PointerTo(t).Implements(textType) && reflect.PointerTo(t).Implements(appenderType):
		return &plan{appendOwnText, zeroOf(t)}
	case reflect.PointerTo(t).Implements(textType):
		return &plan{appendText, zeroOf(t)}
	}
	switch t.Kind() {
	case reflect.Bool:
		return &plan{appendBool, zeroValue}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &plan{appendInt, zeroValue}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &plan{appendUint, zeroValue}
	case reflect.String:
		return &plan{appendStringValue, zeroValue}
	case reflect.Struct:
		return structPlan(t)
	case reflect.Map:
		return mapPlan(t)
	case reflect.Slice:
		return slicePlan(t)
	case reflect.Array:
		return arrayPlan(t)
	case reflect.Float32, reflect.Float64:
		return refusal("%s is floating point: use a decimal or an integer", t)
	default:
		return refusal("values of type %s cannot be written", t)
	}
}

// refusal is the plan of a type that has no canonical form.
func refusal(format string, args ...any) *plan {
	return &plan{
		append: func(dst []byte, _ reflect.Value, _ int) ([]byte, error) { return dst, refuse(format, args...) },
		zero:   func(reflect.Value) bool { return false },
	}
}

func zeroValue(v reflect.Value) bool { return v.IsZero() }

// zeroOf is the zero check of a type that marshals itself.
func zeroOf(t reflect.Type) func(reflect.Value) bool {
	switch {
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		return func(v reflect.Value) bool { return v.Len() == 0 }
	case reflect.PointerTo(t).Implements(isZeroType):
		return func(v reflect.Value) bool {
			return v.IsZero() || v.Addr().Interface().(interface{ IsZero() bool }).IsZero()
		}
	default:
		return zeroValue
	}
}

func appendPointer(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	return appendValue(dst, v, depth)
}

func appendInterface(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	return appendValue(dst, v.Elem(), depth)
}

func appendMarshaler(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	if v.Type() == rawType && v.Len() == 0 {
		return append(dst, "null"...), nil
	}
	raw, err := v.Addr().Interface().(json.Marshaler).MarshalJSON()
	if err != nil {
		return dst, &ValueError{Message: "marshal " + v.Type().String(), Err: err}
	}
	out, err := appendCanonical(dst, raw)
	if err != nil {
		return dst, &ValueError{Message: "JSON of " + v.Type().String(), Err: err}
	}
	return out, nil
}

func appendText(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	text, err := v.Addr().Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return dst, &ValueError{Message: "marshal " + v.Type().String(), Err: err}
	}
	return appendString(dst, text)
}

// appendOwnText writes the text of a type that appends it by itself.
func appendOwnText(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	out, err := v.Addr().Interface().(encoding.TextAppender).AppendText(append(dst, '"'))
	if err != nil {
		return dst, &ValueError{Message: "marshal " + v.Type().String(), Err: err}
	}
	text := out[len(dst)+1:]
	for _, c := range text {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return appendString(dst, slices.Clone(text))
		}
	}
	return append(out, '"'), nil
}
