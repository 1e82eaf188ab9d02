package storage_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/loyaltykit/loyaltykit/storage"
)

func TestWhatBuildsOnAFailedBatchIsBroken(t *testing.T) {
	at := func(expect int64, members ...string) *storage.Batch {
		b := earn(members...)
		for i := range b.Legs {
			b.Legs[i].Expect, b.Legs[i].Account.Version = expect, expect+1
		}
		return &b
	}
	var chains storage.Chains
	chains.Ended(at(1, "ada"), storage.OK)
	assert.False(t, chains.Broken(at(2, "ada")), "what went well can be built on")
	chains.Ended(at(2, "ada", "bob"), storage.Conflict)
	assert.True(t, chains.Broken(at(3, "ada")))
	assert.True(t, chains.Broken(at(3, "cyd", "bob")), "one leg is enough")
	assert.False(t, chains.Broken(at(2, "ada")), "it expects what the failed one expected")
	assert.False(t, chains.Broken(at(3, "cyd")))
	chains.Ended(at(3, "ada"), storage.Conflict)
	assert.True(t, chains.Broken(at(4, "ada")), "a chain breaks to its end")
	chains.Ended(at(2, "ada"), storage.OK)
	assert.False(t, chains.Broken(at(3, "ada")), "another batch made the version")
}
