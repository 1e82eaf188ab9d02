package house_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// layer says what of ours the packages of some folders import. Folders stand for
// all below them, unless alone is set.
type layer struct {
	dirs  []string
	alone bool
	may   []string
	// tests is what their tests import besides.
	tests []string
	// not is what is forbidden though a folder in may holds it.
	not []string
}

// The first layer that has a package counts.
var layers = []layer{
	{dirs: []string{"."}, alone: true},
	{dirs: []string{"internal/calendar"}},
	{dirs: []string{"internal/canon"}, tests: []string{"points"}},
	{dirs: []string{"internal/house"}},
	{dirs: []string{"points"}, may: []string{"points", "internal/calendar", "internal/canon"}},
	{dirs: []string{"tiers", "rewards"}, may: []string{"tiers", "rewards", "points", "internal/calendar", "internal/canon"}},
	{dirs: []string{"kpi"}, may: []string{"kpi", "internal/calendar", "internal/canon"}},
	{dirs: []string{"storage"}, alone: true, may: []string{"points"}, tests: []string{"storage"}},
	{
		dirs:  []string{"storage/storagetest"},
		may:   []string{"storage", "points", "internal"},
		not:   []string{"storage/memory", "storage/sqlstore", "storage/sqlite"},
		tests: []string{"storage/memory"},
	},
	{
		dirs: []string{"storage/memory", "storage/sqlstore"}, may: []string{"storage", "points", "internal"},
		not: []string{"storage/storagetest", "storage/sqlite"}, tests: []string{"storage", "loyalty"},
	},
	{
		dirs: []string{"storage"}, may: []string{"storage", "points", "internal"},
		not: []string{"storage/storagetest"}, tests: []string{"storage", "loyalty"},
	},
	{
		dirs: []string{"loyalty"}, may: []string{"loyalty", "points", "tiers", "rewards", "storage", "internal"},
		not:   []string{"storage/storagetest", "storage/memory", "storage/sqlstore", "storage/sqlite"},
		tests: []string{"storage"},
	},
	{dirs: []string{"internal/bench", "internal/prove"}, may: []string{"internal", "loyalty", "storage", "points", "tiers", "rewards", "kpi"}},
	{dirs: []string{"examples"}, may: []string{"examples", "loyalty", "storage", "points", "tiers", "rewards", "kpi"}},
}

func (l *layer) has(dir string) bool {
	if l.alone {
		return slices.Contains(l.dirs, dir)
	}
	return below(dir, l.dirs...)
}

func (l *layer) allows(dir string, test bool) bool {
	if test && below(dir, l.tests...) {
		return true
	}
	return below(dir, l.may...) && !below(dir, l.not...)
}

// wrong lists the imports of a package that its layer forbids.
func wrong(p *source) []string {
	at := slices.IndexFunc(layers, func(l layer) bool { return l.has(p.dir) })
	if at < 0 {
		return []string{"it has no layer: add it to the table"}
	}
	l := &layers[at]
	var found []string
	for _, dir := range p.imports {
		if !l.allows(dir, false) {
			found = append(found, dir)
		}
	}
	for _, dir := range p.testImports {
		if dir != p.dir && !l.allows(dir, true) {
			found = append(found, dir+" in a test")
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestNothingImportsUpward(t *testing.T) {
	for _, p := range packages(t) {
		assert.Empty(t, wrong(p), "package %s imports what its layer does not allow", p.dir)
	}
}

func TestTheTableForbidsWhatTheHouseForbids(t *testing.T) {
	for name, p := range map[string]*source{
		"points imports storage":              {dir: "points", imports: []string{"storage"}},
		"points imports the engine in a test": {dir: "points", testImports: []string{"loyalty"}},
		"storage imports internal":            {dir: "storage", imports: []string{"internal/canon"}},
		"storage imports an adapter":          {dir: "storage", imports: []string{"storage/memory"}},
		"an adapter imports the engine":       {dir: "storage/memory", imports: []string{"loyalty"}},
		"an adapter imports the suite":        {dir: "storage/sqlite", imports: []string{"storage/storagetest"}},
		"the engine imports an adapter":       {dir: "loyalty", imports: []string{"storage/memory"}},
		"the engine imports figures":          {dir: "loyalty", imports: []string{"kpi"}},
		"figures import points":               {dir: "kpi/clv", imports: []string{"points"}},
		"an example imports internal":         {dir: "examples/replay", imports: []string{"internal/canon"}},
		"internal imports the engine":         {dir: "internal/canon", imports: []string{"loyalty"}},
		"the map imports points":              {dir: ".", imports: []string{"points"}},
		"a package without a layer":           {dir: "helpers"},
	} {
		assert.Len(t, wrong(p), 1, name)
	}
}
