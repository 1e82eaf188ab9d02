package canon

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func structPlan(t reflect.Type) *plan {
	fields, err := fieldsOf(t)
	if err != nil {
		return refusal("%s", err)
	}
	s := &structure{fields: fields}
	return &plan{s.append, s.zero}
}

// structure writes structs of one type: its fields in order of name.
type structure struct{ fields []field }

func (s *structure) append(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, tooDeep()
	}
	dst = append(dst, '{')
	start := len(dst)
	for i := range s.fields {
		f := &s.fields[i]
		value, ok := f.of(v)
		if !ok {
			continue
		}
		p := f.plan()
		if p.zero(value) {
			continue
		}
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		dst = append(dst, f.key...)
		from := len(dst)
		var err error
		if dst, err = p.append(dst, value, depth+1); err != nil {
			return dst, under(f.name, err)
		}
		if string(dst[from:]) == "null" {
			dst = dst[:before]
		}
	}
	return append(dst, '}'), nil
}

func (s *structure) zero(v reflect.Value) bool {
	for i := range s.fields {
		f := &s.fields[i]
		if value, ok := f.of(v); ok && !f.plan().zero(value) {
			return false
		}
	}
	return true
}

func mapPlan(t reflect.Type) *plan {
	if t.Key().Kind() != reflect.String || t.Key().Implements(textType) {
		return refusal("%s: keys of maps must be strings", t)
	}
	return &plan{appendMap, func(v reflect.Value) bool { return v.Len() == 0 }}
}

func appendMap(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, tooDeep()
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	dst = append(dst, '{')
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		name := key.String()
		var err error
		if dst, err = appendString(dst, name); err != nil {
			return dst, under("["+strconv.Quote(name)+"]", err)
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, v.MapIndex(key), depth+1); err != nil {
			return dst, under("["+strconv.Quote(name)+"]", err)
		}
	}
	return append(dst, '}'), nil
}

func slicePlan(t reflect.Type) *plan {
	empty := func(v reflect.Value) bool { return v.Len() == 0 }
	if elem := reflect.PointerTo(t.Elem()); t.Elem().Kind() == reflect.Uint8 &&
		!elem.Implements(marshalerType) && !elem.Implements(textType) {
		return &plan{appendBytes, empty}
	}
	return &plan{appendElements, empty}
}

func arrayPlan(t reflect.Type) *plan {
	elem := t.Elem()
	return &plan{appendElements, func(v reflect.Value) bool {
		p := planOf(elem)
		for i := range v.Len() {
			if !p.zero(v.Index(i)) {
				return false
			}
		}
		return true
	}}
}

func appendElements(dst []byte, v reflect.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return dst, tooDeep()
	}
	dst = append(dst, '[')
	p := planOf(v.Type().Elem())
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = p.append(dst, v.Index(i), depth+1); err != nil {
			return dst, at(i, err)
		}
	}
	return append(dst, ']'), nil
}

func appendBytes(dst []byte, v reflect.Value, _ int) ([]byte, error) {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	return append(dst, '"'), nil
}
