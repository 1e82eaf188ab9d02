package loyalty_test

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/points"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestBadOptionsAreNamed(t *testing.T) {
	_, err := loyalty.New(loyalty.Revisions{coffee()}, memory.New(), &loyalty.Options{
		Skew: -time.Minute, StoreTimeout: -time.Second, Attempts: -1,
	})
	require.ErrorIs(t, err, loyalty.ErrInvalid)
	require.EqualError(t, err, "loyalty: invalid: options.skew: -1m0s: must not be negative; "+
		"options.storeTimeout: -1s: must not be negative; options.attempts: -1: must not be negative")
	_, err = loyalty.New(loyalty.Revisions{coffee()}, memory.New(), &loyalty.Options{Features: []loyalty.Feature{nil}})
	require.EqualError(t, err, "loyalty: invalid: options.features[0]: is nil")
}

func TestBadCallsAreNamedAndDoNotPanic(t *testing.T) {
	ctx := t.Context()
	engine, err := loyalty.New(loyalty.Revisions{coffee()}, memory.New(), nil)
	require.NoError(t, err)
	_, err = engine.Do(ctx, loyalty.Enroll{Member: "m-7301", Key: "signup"})
	require.NoError(t, err)
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"A nil command", func() error { _, err := engine.Do(ctx, nil); return err }, "loyalty: invalid: command: is nil"},
		{"A nil pointer to a command", func() error {
			_, err := engine.Do(ctx, (*loyalty.Earn)(nil))
			return err
		}, "loyalty: invalid: command: is nil"},
		{"A nil pointer in a quote", func() error {
			_, err := engine.Quote(ctx, (*loyalty.Earn)(nil))
			return err
		}, "loyalty: invalid: command: is nil"},
		{"A delivery to nobody", func() error {
			_, err := engine.Deliver(ctx, nil, nil)
			return err
		}, "loyalty: deliver: invalid: send: is nil: say how an event is sent"},
		{"A page as of no instant", func() error {
			_, err := engine.MemberAt(ctx, "m-7301", time.Time{})
			return err
		}, `loyalty: member "m-7301": invalid: at: the year must be 1900 to 9000, is 1`},
		{"A page as of never", func() error {
			_, err := engine.MemberAt(ctx, "m-7301", points.Never)
			return err
		}, `loyalty: member "m-7301": invalid: at: the year must be 1900 to 9000, is 9999`},
		{"An explanation of nothing", func() error {
			_, err := engine.Explain(ctx, "m-7301", loyalty.Question{})
			return err
		}, `loyalty: explain member "m-7301": invalid: question: say the unit of a balance, or an entry`},
		{"An explanation that goes on from nowhere", func() error {
			_, err := engine.Explain(ctx, "m-7301", loyalty.Question{Unit: "bean", After: "junk"})
			return err
		}, `loyalty: explain member "m-7301": invalid: after: "junk" is not the Next of an explanation`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.call()
			require.ErrorIs(t, err, loyalty.ErrInvalid)
			require.EqualError(t, err, test.want)
		})
	}
	sent := 0
	_, err = engine.Deliver(ctx, func(context.Context, loyalty.Event) error { sent++; return nil }, nil)
	require.NoError(t, err)
	require.Equal(t, 1, sent, "only the enrollment was stored")
}

func TestTheDocumentationOfCommandsListsThemAll(t *testing.T) {
	text, err := os.ReadFile("command.go")
	require.NoError(t, err)
	doc, _, found := strings.Cut(string(text), "type Command interface")
	require.True(t, found)
	for _, cmd := range loyalty.KernelCommands() {
		name := reflect.TypeOf(cmd).Name()
		require.Regexp(t, `[ ,]`+name+`[,;.\n]`, doc, name)
	}
}
