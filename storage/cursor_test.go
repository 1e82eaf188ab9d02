package storage_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/storage"
)

func TestACursorGivesBackItsFields(t *testing.T) {
	scope := storage.MemberQuery{Program: "cafe", Member: "ada"}.Scope("lots")
	for _, fields := range [][]string{{""}, {"", ""}, {"ada", "12", "\x00\xff é"}, {string(make([]byte, 300))}} {
		cursor := storage.EncodeCursor(scope, fields...)
		got, err := storage.DecodeCursor(scope, cursor, len(fields))
		require.NoError(t, err)
		assert.Equal(t, fields, got)
	}
	got, err := storage.DecodeCursor(scope, "", 3)
	require.NoError(t, err)
	assert.Empty(t, got, "the empty cursor starts the listing")
}

func TestACursorFromElsewhereIsRefused(t *testing.T) {
	ada := storage.MemberQuery{Program: "cafe", Member: "ada"}
	scope := ada.Scope("lots")
	cursor := storage.EncodeCursor(scope, "1", "2")
	cases := map[string]struct {
		scope, cursor string
		fields        int
	}{
		"of another method":          {ada.Scope("entries"), cursor, 2},
		"of another member":          {storage.MemberQuery{Program: "cafe", Member: "bob"}.Scope("lots"), cursor, 2},
		"of another program":         {storage.MemberQuery{Program: "bar", Member: "ada"}.Scope("lots"), cursor, 2},
		"of another order":           {storage.MemberQuery{Program: "cafe", Member: "ada", Open: true}.Scope("lots"), cursor, 2},
		"with fewer fields":          {scope, cursor, 3},
		"with more fields":           {scope, cursor, 1},
		"cut short":                  {scope, cursor[:len(cursor)-1], 2},
		"with other letter case":     {scope, strings.Map(swapCase, cursor), 2},
		"with more behind":           {scope, cursor + "AAAA", 2},
		"that is no base64":          {scope, "page 2!", 2},
		"that is too short for any":  {scope, "AAAA", 2},
		"of accounts by member":      {scope, storage.EncodeCursor(storage.AccountQuery{Program: "cafe"}.Scope(), "1", "2"), 2},
		"of records of that member":  {scope, storage.EncodeCursor(storage.RecordQuery{Program: "cafe", Member: "ada"}.Scope(), "1", "2"), 2},
		"of events of the program":   {scope, storage.EncodeCursor(storage.EventQuery{Program: "cafe"}.Scope(), "1", "2"), 2},
		"with the border moved over": {storage.MemberQuery{Program: "cafea", Member: "da"}.Scope("lots"), cursor, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := storage.DecodeCursor(c.scope, c.cursor, c.fields)
			require.ErrorIs(t, err, storage.ErrBadCursor)
		})
	}
}

func swapCase(r rune) rune {
	if unicode.IsUpper(r) {
		return unicode.ToLower(r)
	}
	return unicode.ToUpper(r)
}
