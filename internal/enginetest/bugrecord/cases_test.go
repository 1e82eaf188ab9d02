package bugrecord_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/bugrecord"
	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestEveryBugOfTheRecordIsACase(t *testing.T) {
	cases := bugrecord.Cases()
	assert.Len(t, cases, 61)
	for i, c := range cases {
		assert.Equal(t, i+1, c.Number, "every bug once")
		assert.NotEmpty(t, c.Slug)
		assert.NotEmpty(t, c.Bug, c.Name())
		assert.NotEmpty(t, c.Naive, c.Name())
		assert.NotNil(t, c.Run, c.Name())
		assert.NotEmpty(t, c.Mistakes, "%s must be seen to fail", c.Name())
		for _, m := range c.Mistakes {
			assert.NotEmpty(t, m.Seen, "%s says something of %q", c.Name(), m.Name)
		}
	}
}

func TestEveryCaseFailsInAShopThatHasItsBug(t *testing.T) {
	bugrecord.Controls(t, func(testing.TB) storage.Store { return memory.New() })
}
