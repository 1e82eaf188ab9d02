package enginetest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// tampering says how rows of one table are named and ordered, and what of one row
// is its key.
type tampering[T any] struct {
	name func(T) string
	same func(to *T, from T)
	less func(a, b T) int
}

// tamper drops a row, exchanges the content of two, or flips something in one.
func tamper[T any](pick pick, c *change, rows []T, table tampering[T]) ([]T, bool) {
	if len(rows) == 0 {
		return nil, false
	}
	rows = slices.Clone(rows)
	i := pick("row", len(rows))
	name := table.name(rows[i])
	version := versionOf(name)
	of := func(versions ...int64) func(string) bool {
		return func(row string) bool {
			// What follows the last row shows in the account.
			return slices.Contains(versions, versionOf(row)) || row == "account" && c.what == name+" dropped"
		}
	}
	switch pick("act", 6) {
	case 0:
		c.what, c.names = name+" dropped", of(version)
		return slices.Delete(rows, i, i+1), true
	case 1:
		j := pick("row", len(rows))
		c.what, c.names = name+" exchanged with "+table.name(rows[j]), of(version, versionOf(table.name(rows[j])))
		one, other := rows[i], rows[j]
		rows[i], rows[j] = other, one
		table.same(&rows[i], one)
		table.same(&rows[j], other)
		return rows, !reflect.DeepEqual(rows[i], one)
	}
	field, changed := flip(pick, &rows[i])
	c.what = name + ", field " + field
	switch after := table.name(rows[i]); {
	case after != name:
		c.names = of(version, versionOf(after))
		slices.SortStableFunc(rows, table.less)
		// No database keeps two rows of one key.
		names := map[string]bool{}
		for _, row := range rows {
			changed = changed && !names[table.name(row)]
			names[table.name(row)] = true
		}
	case field == "Digests":
		// A digest that was changed shows in the row that it is of.
		c.names = of(version)
	default:
		c.names = func(row string) bool { return row == name }
	}
	return rows, changed
}

// flip flips something small in a random field of a row, and says in which.
// Program and member are where the row is, and are left.
func flip(pick pick, row any) (string, bool) {
	var fields []reflect.Value
	var names []string
	var walk func(v reflect.Value, name string)
	walk = func(v reflect.Value, name string) {
		switch {
		case v.Type() == reflect.TypeFor[time.Time](), v.Kind() != reflect.Struct && v.Kind() != reflect.Slice,
			v.Type() == reflect.TypeFor[[]byte]():
			fields, names = append(fields, v), append(names, name)
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", name, i))
			}
		default:
			for i := range v.NumField() {
				if field := v.Type().Field(i); field.Name != "Program" && field.Name != "Member" {
					walk(v.Field(i), field.Name)
				}
			}
		}
	}
	v := reflect.ValueOf(row).Elem()
	unshare(v)
	walk(v, "")
	i := pick("field", len(fields))
	return names[i], flipValue(pick, fields[i])
}

// unshare copies the slices of a row, so that the honest row stays.
func unshare(v reflect.Value) {
	for _, field := range v.Fields() {
		if field.Kind() == reflect.Slice && field.Len() > 0 {
			copied := reflect.MakeSlice(field.Type(), field.Len(), field.Len())
			reflect.Copy(copied, field)
			field.Set(copied)
		}
	}
}

func flipValue(pick pick, v reflect.Value) bool {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		t := v.Interface().(time.Time)
		v.Set(reflect.ValueOf(t.Add(oneOf(pick, "time", time.Microsecond, -time.Microsecond, time.Hour))))
	case v.Kind() == reflect.String:
		v.SetString(string(flipByte(pick, []byte(v.String()))))
	case v.Type() == reflect.TypeFor[[]byte]():
		v.SetBytes(flipByte(pick, v.Bytes()))
	case v.CanInt():
		v.SetInt(v.Int() ^ 1<<pick("bit", 63))
	case v.CanUint():
		v.SetUint(v.Uint() ^ 1<<pick("bit", 8))
	case v.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
	default:
		return false
	}
	return true
}

func flipByte(pick pick, text []byte) []byte {
	if len(text) == 0 {
		return []byte("x")
	}
	text = bytes.Clone(text)
	text[pick("byte", len(text))] ^= 1 << pick("bit", 8)
	return text
}
