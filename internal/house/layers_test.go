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

// Folders that several layers share.
var (
	pure     = []string{"internal/calendar", "internal/canon"}
	adapters = []string{"storage/memory", "storage/sqlstore", "storage/sqlite", "storage/postgres"}
	models   = []string{"points", "tiers", "rewards"}
)

// The first layer that has a package counts.
var layers = []layer{
	{dirs: []string{"."}, alone: true},
	{dirs: []string{"internal/calendar"}},
	{dirs: []string{"internal/canon"}, tests: []string{"points"}},
	{dirs: []string{"internal/house"}},
	{dirs: []string{"internal/servers"}, may: []string{"internal/servers"}, tests: []string{"internal/servers"}},
	{dirs: []string{"points"}, may: with(pure, "points")},
	{dirs: []string{"tiers", "rewards"}, may: with(pure, models...), tests: []string{"internal/enginetest"}},
	{dirs: []string{"kpi/parquet"}, may: with(pure, "storage", "points", "kpi"), not: with(adapters, "storage/storagetest"), tests: []string{"storage", "loyalty"}},
	{dirs: []string{"kpi"}, may: with(pure, "kpi"), not: []string{"kpi/parquet"}, tests: []string{"internal/kpicase", "internal/servers"}},
	{dirs: []string{"internal/kpicase"}},
	{dirs: []string{"storage"}, alone: true, may: []string{"points"}, tests: []string{"storage"}},
	{dirs: []string{"storage/storagetest"}, may: with(pure, "storage", "points"), not: adapters, tests: []string{"storage"}},
	{
		dirs: []string{"storage"}, may: with(pure, "storage", "points"),
		not: []string{"storage/storagetest"}, tests: []string{"storage", "loyalty", "rewards", "internal/enginetest", "internal/servers"},
	},
	{
		dirs: []string{"loyalty/figures"}, may: with(pure, with(models, "loyalty", "storage", "kpi")...),
		not: with(adapters, "storage/storagetest"), tests: []string{"storage"},
	},
	{
		dirs: []string{"loyalty"}, may: with(pure, with(models, "loyalty", "storage")...),
		not: with(adapters, "storage/storagetest", "loyalty/figures"), tests: []string{"storage", "internal/enginetest"},
	},
	{dirs: testOnly, may: with(pure, with(models, "internal/enginetest", "loyalty", "storage")...), not: adapters, tests: []string{"storage"}},
	{dirs: []string{"internal/schema"}, may: with(models, "loyalty")},
	{dirs: []string{"internal/bench", "internal/prove", "internal/servertest", "internal/warehouse"}, may: with(models, "internal", "loyalty", "storage", "kpi")},
	{
		dirs: []string{"examples"}, may: with(models, "examples", "loyalty", "storage", "kpi"),
		tests: []string{"internal/enginetest", "internal/servers"},
	},
}

// testOnly is what only tests and the proofs import.
var testOnly = []string{"internal/enginetest"}

func with(dirs []string, more ...string) []string { return slices.Concat(dirs, more) }

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
		"points imports storage":                {dir: "points", imports: []string{"storage"}},
		"points imports the engine in a test":   {dir: "points", testImports: []string{"loyalty"}},
		"storage imports internal":              {dir: "storage", imports: []string{"internal/canon"}},
		"storage imports an adapter":            {dir: "storage", imports: []string{"storage/memory"}},
		"an adapter imports the engine":         {dir: "storage/memory", imports: []string{"loyalty"}},
		"an adapter imports the engine's tests": {dir: "storage/memory", imports: []string{"internal/enginetest"}},
		"the engine imports its own tests":      {dir: "loyalty", imports: []string{"internal/enginetest"}},
		"an adapter imports the suite":          {dir: "storage/sqlite", imports: []string{"storage/storagetest"}},
		"the engine imports an adapter":         {dir: "loyalty", imports: []string{"storage/memory"}},
		"the engine imports figures":            {dir: "loyalty", imports: []string{"kpi"}},
		"a feature imports figures":             {dir: "loyalty/whatif", imports: []string{"kpi"}},
		"figures import points":                 {dir: "kpi/clv", imports: []string{"points"}},
		"an example imports internal":           {dir: "examples/replay", imports: []string{"internal/canon"}},
		"internal imports the engine":           {dir: "internal/canon", imports: []string{"loyalty"}},
		"the map imports points":                {dir: ".", imports: []string{"points"}},
		"a package without a layer":             {dir: "helpers"},
	} {
		assert.Len(t, wrong(p), 1, name)
	}
}
