package enginetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// Unset lists the fields of commands, by type and path, that no sample of the type has
// set: through structs, pointers, slices and maps. A table of bad input that is made
// from the samples lacks them. A type without a sample is listed by its name.
func Unset(types, samples []loyalty.Command) []string {
	set := map[string]bool{}
	for _, sample := range samples {
		v := reflect.ValueOf(sample)
		set[v.Type().String()] = true
		walkValue(v, v.Type().String(), func(path string) { set[path] = true })
	}
	var missing []string
	for _, of := range types {
		t := reflect.TypeOf(of)
		if !set[t.String()] {
			missing = append(missing, t.String())
			continue
		}
		walkType(t, t.String(), nil, func(path string) {
			if !set[path] {
				missing = append(missing, path)
			}
		})
	}
	slices.Sort(missing)
	return missing
}

// leaf reports a type whose fields are not a command's.
func leaf(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[decimal.Decimal]() || t == reflect.TypeFor[[]byte]()
}

func fieldPath(path string, field reflect.StructField) string {
	if field.Anonymous {
		return path
	}
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		name = field.Name
	}
	return fmt.Sprintf("%s.%s", path, name)
}

// walkType names every leaf of a type. A type that contains itself is followed once.
func walkType(t reflect.Type, path string, within []reflect.Type, use func(path string)) {
	switch {
	case leaf(t):
		use(path)
	case t.Kind() == reflect.Struct && !slices.Contains(within, t):
		for field := range t.Fields() {
			if field.IsExported() {
				walkType(field.Type, fieldPath(path, field), append(slices.Clip(within), t), use)
			}
		}
	case t.Kind() == reflect.Struct:
	case t.Kind() == reflect.Pointer:
		walkType(t.Elem(), path, within, use)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		walkType(t.Elem(), path+"[]", within, use)
	default:
		use(path)
	}
}

// walkValue names every leaf of a value that is set.
func walkValue(v reflect.Value, path string, use func(path string)) {
	t := v.Type()
	switch {
	case v.IsZero():
	case leaf(t):
		use(path)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if field := t.Field(i); field.IsExported() {
				walkValue(v.Field(i), fieldPath(path, field), use)
			}
		}
	case t.Kind() == reflect.Pointer:
		walkValue(v.Elem(), path, use)
	case t.Kind() == reflect.Slice:
		for i := range v.Len() {
			walkValue(v.Index(i), path+"[]", use)
		}
	case t.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			walkValue(v.MapIndex(key), path+"[]", use)
		}
	default:
		use(path)
	}
}
