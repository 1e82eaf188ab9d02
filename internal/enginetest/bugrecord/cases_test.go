package bugrecord_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/internal/enginetest/bugrecord"
)

func TestEveryBugOfTheRecordIsACaseOrSaysWhatItWaitsFor(t *testing.T) {
	cases := bugrecord.Cases()
	assert.Len(t, cases, 61)
	for i, c := range cases {
		assert.Equal(t, i+1, c.Number, "every bug once")
		assert.NotEmpty(t, c.Slug)
		assert.NotEmpty(t, c.Bug, c.Name())
		assert.NotEmpty(t, c.Naive, c.Name())
		assert.NotEqual(t, c.Run == nil, c.Waits == "", "%s either runs or waits", c.Name())
	}
}
