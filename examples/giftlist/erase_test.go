package giftlist_test

import (
	"testing"
	"time"

	"github.com/loyaltykit/loyaltykit/examples/giftlist"
	"github.com/loyaltykit/loyaltykit/loyalty"
	"github.com/loyaltykit/loyaltykit/loyalty/featuretest"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestNoTextOfACommandSurvivesAnErasure(t *testing.T) {
	members := []loyalty.Command{
		loyalty.Enroll{Member: "anna", Key: "signup"},
		loyalty.Enroll{Member: "ben", Key: "signup"},
		loyalty.Adjust{Member: "ben", Key: "welcome", Unit: "bean", Points: 100, Reason: "welcome", Actor: "shop"},
	}
	gift := give("ben", "gift", 30)
	gift.Note = "for your 30th"
	for name, c := range map[string]struct {
		before   []loyalty.Command
		cmd      loyalty.Command
		unmarked []string
	}{
		"of an owner, with the title of the list": {cmd: birthday(), unmarked: []string{"code"}},
		"of a giver, with the note":               {before: []loyalty.Command{birthday()}, cmd: gift, unmarked: []string{"owner", "code"}},
		"of an owner who closes the list":         {before: []loyalty.Command{birthday()}, cmd: giftlist.Close{Member: "anna", Key: "close", Code: "ANNA-30"}, unmarked: []string{"code"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := opening
			featuretest.Erasure(t, featuretest.ErasureCase{
				Store: memory.New(),
				Engine: func(store storage.Store) (*loyalty.Engine, error) {
					return loyalty.New(loyalty.Revisions{program()}, store, &loyalty.Options{
						Clock: func() time.Time { return now }, Secret: []byte("a secret of the test"), Features: []loyalty.Feature{giftlist.Feature{}},
					})
				},
				Before: append(members, c.before...), Command: c.cmd, Unmarked: c.unmarked,
				Later: func() { now = now.AddDate(0, 0, 11) },
			})
		})
	}
}
