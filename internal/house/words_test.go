package house_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// withoutExample has the packages that no example can show, and why. A package
// that got one must leave the list.
var withoutExample = map[string]string{
	".":                       "the map: it has no code",
	"examples":                "the folder of programs: it has no code",
	"examples/etcd/etcdstore": "it needs a server: the example of examples/etcd starts one",
	"storage/postgres":        "it needs a server: its examples are only compiled",
}

func TestEveryPackageExplainsItself(t *testing.T) {
	listed := 0
	for _, p := range packages(t) {
		if p.name == "" {
			continue // tests only
		}
		assert.NotEmpty(t, p.doc, "package %s has no comment that says what it is for", p.dir)
		if p.name != "main" && p.dir != "." {
			assert.True(t, strings.HasPrefix(p.doc, "Package "+p.name+" "), "the comment of package %s starts with its name", p.dir)
		}
		if p.name == "main" || below(p.dir, "internal") {
			continue
		}
		if reason, ok := withoutExample[p.dir]; ok {
			listed++
			assert.False(t, p.examples, "package %s has an example: take it off the list (%s)", p.dir, reason)
			continue
		}
		assert.True(t, p.examples, "package %s has no example with an output", p.dir)
	}
	assert.Equal(t, len(withoutExample), listed, "every package on the list exists")
}
