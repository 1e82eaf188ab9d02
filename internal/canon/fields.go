package canon

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"unicode"
)

// field is a struct field that is written, perhaps of an embedded struct.
type field struct {
	name string
	// key is the name as it stands in the object, with its colon.
	key    string
	index  []int
	typ    reflect.Type
	tagged bool
	known  atomic.Pointer[plan]
}

// plan is looked up on first use, since types may be recursive.
func (f *field) plan() *plan {
	if p := f.known.Load(); p != nil {
		return p
	}
	p := planOf(f.typ)
	f.known.Store(p)
	return p
}

// of returns the field of a struct, unless an embedded pointer on the way to it
// is nil.
func (f *field) of(v reflect.Value) (reflect.Value, bool) {
	if len(f.index) == 1 {
		return v.Field(f.index[0]), true
	}
	for i, at := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(at)
	}
	return v, true
}

// fieldsOf lists the fields that encoding/json would write, in order of name. Of
// several with one name the least nested counts, then the one with a tag; where
// that leaves more than one, none does.
func fieldsOf(t reflect.Type) ([]field, error) {
	var found []*field
	if err := collect(t, nil, nil, &found); err != nil {
		return nil, err
	}
	if len(found) == 0 && t.NumField() > 0 {
		return nil, fmt.Errorf("%s has no exported fields: give it MarshalText and UnmarshalText", t)
	}
	slices.SortStableFunc(found, func(a, b *field) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(len(a.index), len(b.index)), compareTags(a, b))
	})
	fields := make([]field, 0, len(found))
	for i := 0; i < len(found); {
		first, n := found[i], 1
		for i+n < len(found) && found[i+n].name == first.name {
			n++
		}
		if n == 1 || len(found[i+1].index) > len(first.index) || compareTags(first, found[i+1]) != 0 {
			fields = append(fields, field{name: first.name, key: first.key, index: first.index, typ: first.typ})
		}
		i += n
	}
	return fields, nil
}

func compareTags(a, b *field) int {
	switch {
	case a.tagged == b.tagged:
		return 0
	case a.tagged:
		return -1
	default:
		return 1
	}
}

// collect lists the fields of t and of what it embeds. parents are the types
// that embed t.
func collect(t reflect.Type, index []int, parents []reflect.Type, found *[]*field) error {
	if slices.Contains(parents, t) {
		return nil
	}
	parents = append(slices.Clip(parents), t)
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !validName(name) {
			name = ""
		}
		embedded := sf.Type
		if embedded.Kind() == reflect.Pointer {
			embedded = embedded.Elem()
		}
		if !sf.IsExported() && (!sf.Anonymous || embedded.Kind() != reflect.Struct) {
			continue
		}
		path := append(slices.Clip(index), i)
		if sf.Anonymous && name == "" && embedded.Kind() == reflect.Struct {
			if leaf(embedded) {
				return fmt.Errorf("%s embeds %s: give the field a JSON name", t, embedded)
			}
			if !sf.IsExported() && sf.Type.Kind() == reflect.Pointer {
				return fmt.Errorf("%s embeds a pointer to the unexported %s, which cannot be read back", t, embedded)
			}
			if err := collect(embedded, path, parents, found); err != nil {
				return err
			}
			continue
		}
		if slices.Contains(strings.Split(options, ","), "string") {
			return fmt.Errorf("%s.%s: the JSON option \"string\" is not supported", t, sf.Name)
		}
		if !sf.IsExported() {
			return fmt.Errorf("%s names the embedded field %s, which is not exported", t, sf.Name)
		}
		add(found, sf, cmp.Or(name, sf.Name), path, name != "")
	}
	return nil
}

func add(found *[]*field, sf reflect.StructField, name string, path []int, tagged bool) {
	key, err := appendString(nil, name)
	if err != nil {
		key = []byte(`""`)
	}
	*found = append(*found, &field{name: name, key: string(key) + ":", index: path, typ: sf.Type, tagged: tagged})
}

// leaf reports whether a struct is written as one value.
func leaf(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t == timeType || t == decimalType || p.Implements(marshalerType) || p.Implements(textType)
}

// validName is encoding/json's rule for names in tags.
func validName(name string) bool {
	for _, r := range name {
		if !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return false
		}
	}
	return name != ""
}
