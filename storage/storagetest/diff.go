package storagetest

import (
	"bytes"
	"fmt"
	"reflect"
	"time"
)

// same compares what came back with what was stored, and names the first field
// that differs. Instants must be the same instant in UTC; empty bytes and lists
// must come back nil.
func same(what string, want, got any) error {
	return differ(what, reflect.ValueOf(want), reflect.ValueOf(got))
}

func differ(path string, want, got reflect.Value) error {
	if want.IsValid() != got.IsValid() {
		return fmt.Errorf("%s: want %v, got %v", path, want, got)
	}
	if !want.IsValid() {
		return nil
	}
	if want.Type() != got.Type() {
		return fmt.Errorf("%s: want a %v, got a %v", path, want.Type(), got.Type())
	}
	if want.Type() == reflect.TypeFor[time.Time]() {
		return differTime(path, want.Interface().(time.Time), got.Interface().(time.Time))
	}
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			if err := differ(path+"."+want.Type().Field(i).Name, want.Field(i), got.Field(i)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Pointer:
		if want.IsNil() || got.IsNil() {
			if want.IsNil() != got.IsNil() {
				return fmt.Errorf("%s: want %s, got %s", path, presence(want), presence(got))
			}
			return nil
		}
		return differ(path, want.Elem(), got.Elem())
	case reflect.Slice:
		return differSlice(path, want, got)
	default:
		if !want.Equal(got) {
			return fmt.Errorf("%s: want %#v, got %#v", path, want, got)
		}
		return nil
	}
}

func differSlice(path string, want, got reflect.Value) error {
	if want.IsNil() != got.IsNil() && want.Len() == 0 && got.Len() == 0 {
		return fmt.Errorf("%s: want %#v, got %#v", path, want, got)
	}
	if want.Type().Elem().Kind() == reflect.Uint8 {
		return differBytes(path, want.Bytes(), got.Bytes())
	}
	if want.Len() != got.Len() {
		return fmt.Errorf("%s: want %d items, got %d: want %v, got %v", path, want.Len(), got.Len(), want, got)
	}
	for i := range want.Len() {
		if err := differ(fmt.Sprintf("%s[%d]", path, i), want.Index(i), got.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func differBytes(path string, want, got []byte) error {
	if bytes.Equal(want, got) {
		return nil
	}
	if len(want) != len(got) {
		return fmt.Errorf("%s: want %d bytes %.60q, got %d bytes %.60q", path, len(want), want, len(got), got)
	}
	for i := range want {
		if want[i] != got[i] {
			return fmt.Errorf("%s: byte %d: want %#02x, got %#02x", path, i, want[i], got[i])
		}
	}
	return nil
}

func differTime(path string, want, got time.Time) error {
	if !want.Equal(got) {
		return fmt.Errorf("%s: want %s, got %s", path, want.UTC().Format(time.RFC3339Nano), got.Format(time.RFC3339Nano))
	}
	if got.Location() != time.UTC {
		return fmt.Errorf("%s: %s is not in UTC", path, got.Format(time.RFC3339Nano))
	}
	return nil
}

func presence(v reflect.Value) string {
	if v.IsNil() {
		return "nothing"
	}
	return fmt.Sprintf("%+v", v.Elem())
}
