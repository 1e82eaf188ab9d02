package etcdstore

import (
	"cmp"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage"
)

// anyText draws texts of the bytes that are hard to keep in order.
var anyText = rapid.StringOf(rapid.SampledFrom([]rune{0, 1, 2, 'a', 'b', 0xff, 0x2028}))

func TestKeysSortAsTheirFieldsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type fields struct {
			first, second string
			number        int64
		}
		draw := func(name string) fields {
			return fields{
				strings.ReplaceAll(anyText.Draw(t, name+" first"), "\u00ff", "\xff"),
				strings.ReplaceAll(anyText.Draw(t, name+" second"), "\u00ff", "\xff"),
				rapid.Int64().Draw(t, name+" number"),
			}
		}
		encode := func(f fields) key { return key("lot/").text(f.first).number(f.number).text(f.second) }
		a, b := draw("a"), draw("b")
		want := cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.number, b.number), cmp.Compare(a.second, b.second))
		require.Equal(t, want, cmp.Compare(encode(a), encode(b)), "%q and %q", a, b)
	})
}

func TestNoTextReachesIntoTheRangeOfAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyText.Draw(t, "a"), anyText.Draw(t, "b")
		prefix, other := key("entry/").text(a), key("entry/").text(b).number(-1)
		inside := prefix <= other && other < prefix.end()
		require.Equal(t, a == b, inside, "%q and %q", a, b)
	})
}

func TestInstantsSortInKeysFromTheYearOneToNever(t *testing.T) {
	var last key
	for _, instant := range []time.Time{
		{}, time.UnixMicro(-1), time.UnixMicro(0), time.Date(2027, time.February, 22, 9, 30, 0, 1000, time.UTC), points.Never,
	} {
		k := key("account-due/").instant(instant)
		assert.Greater(t, k, last)
		assert.True(t, instant.Equal(instantIn([]byte(k), "account-due/")), instant)
		last = k
	}
}

func TestValuesComeBackAsTheyWere(t *testing.T) {
	event := storage.Event{
		Program: "beans", Member: "Zoë \x00\xff", Version: 1 << 62, Ordinal: 3, Type: "earned",
		RecordedAt: points.Never, Data: []byte{0, 0xff},
	}
	got, err := unmarshal[storage.Event]([]byte(marshal(event)))
	require.NoError(t, err)
	assert.Equal(t, event, got)
	lot := storage.Lot{Program: "beans", Lot: points.Lot{ID: 7, State: points.LotOpen, Qualifies: true, Remaining: points.MaxAmount}}
	gotLot, err := unmarshal[storage.Lot]([]byte(marshal(lot)))
	require.NoError(t, err)
	assert.Equal(t, lot, gotLot)
}

func TestAFieldOfALaterReleaseIsPassedOver(t *testing.T) {
	type later struct {
		Program string
		Novelty []string
		Used    int64
	}
	got, err := unmarshal[storage.Counter]([]byte(marshal(later{"beans", []string{"a", ""}, 12})))
	require.NoError(t, err)
	assert.Equal(t, storage.Counter{Program: "beans", Used: 12}, got)
}

func TestDamagedValuesAreAnErrorAndNoPanic(t *testing.T) {
	value := marshal(storage.Account{
		Program: "beans", Member: "m-7301", Version: 3, Balances: []points.Balance{{Unit: "bean", Available: 24}}, DueAt: points.Never,
	})
	for i := range len(value) {
		_, err := unmarshal[storage.Account]([]byte(value[:i]))
		assert.ErrorIs(t, err, errDamaged, "cut after %d bytes", i)
	}
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(value)
		data[rapid.IntRange(0, len(data)-1).Draw(t, "place")] = rapid.Byte().Draw(t, "byte")
		_, _ = unmarshal[storage.Account](data)
	})
}

// The codec knows the kinds of fields that rows have today.
func TestEveryFieldOfARowIsOfAKindThatIsStored(t *testing.T) {
	var check func(path string, of reflect.Type)
	check = func(path string, of reflect.Type) {
		if of == reflect.TypeFor[time.Time]() {
			return
		}
		switch of.Kind() {
		case reflect.Struct:
			for field := range of.Fields() {
				check(path+"."+field.Name, field.Type)
			}
		case reflect.Slice:
			check(path, of.Elem())
		case reflect.String, reflect.Bool, reflect.Uint8, reflect.Int, reflect.Int64:
		default:
			t.Errorf("%s is a %s", path, of.Kind())
		}
	}
	for _, row := range []any{
		storage.Account{},
		storage.Operation{},
		storage.Entry{},
		storage.Lot{},
		storage.Record{},
		storage.Event{},
		storage.Claim{},
		storage.Counter{},
		storage.Revision{},
	} {
		check(reflect.TypeOf(row).Name(), reflect.TypeOf(row))
	}
}
