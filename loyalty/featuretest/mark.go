package featuretest

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/loyaltykit/loyaltykit/loyalty"
)

// Mark is what [Marked] writes into texts.
const Mark = "Johanna-Privatissima"

// lawful lists the fields that an erasure lawfully leaves, with the reason.
var lawful = map[string]string{
	"member": surrogate, "from": surrogate, "to": surrogate, "guest": surrogate, "pool": surrogate, "who": surrogate,
	"unit": code, "role": code, "kind": code, "currency": code, "activity": code,
}

const (
	surrogate = "the id of an account, which is a surrogate"
	code      = "a code of the program's own"
)

// Marked puts the mark into every text of a command that is not lawfully kept and that
// still makes a command that the engine accepts now: texts, ids of orders and holds,
// references, keys. It finds them by reflection. It counts them, and lists the fields, by
// their names in JSON, that have a text and take no mark. A command that JSON does not
// bring back is an error.
func Marked(ctx context.Context, engine *loyalty.Engine, cmd loyalty.Command) (marked loyalty.Command, n int, refused []string, err error) {
	filled := reflect.New(reflect.TypeOf(cmd)).Elem()
	data, err := json.Marshal(cmd)
	if err == nil {
		err = json.Unmarshal(data, filled.Addr().Interface())
	}
	if err != nil {
		return nil, 0, nil, err
	}
	try := func(name string, set func(string), old string) {
		set(old + Mark)
		if _, err := engine.Quote(ctx, filled.Interface().(loyalty.Command)); err == nil {
			n++
			return
		}
		if set(old); old != "" {
			refused = append(refused, name)
		}
	}
	texts(filled, "", try)
	return filled.Interface().(loyalty.Command), n, refused, nil
}

// texts finds the texts of a value, by the name of their field.
func texts(v reflect.Value, name string, found func(name string, set func(string), old string)) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.String && lawful[name] == "":
		found(name, v.SetString, v.String())
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if field.Type.Kind() == reflect.Slice && tag == "lines" {
					tag = ""
				}
				texts(v.Field(i), tag, found)
			}
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), name, found)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		texts(v.Elem(), name, found)
	case v.Kind() == reflect.Map && v.Type().Elem().Kind() == reflect.String:
		for _, key := range v.MapKeys() {
			found(name, func(s string) { v.SetMapIndex(key, reflect.ValueOf(s)) }, v.MapIndex(key).String())
		}
	}
}
