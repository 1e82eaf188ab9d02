// Package kpicase reads the reference values of key figures for tests. They are
// public data beside the repository: the folder that LOYALTYKIT_DATA names holds
// kpi_vectors.json with one case an id, and the files that the cases name.
//
// Each package tests the cases of which [Owner] says that they are its own:
//
//	func TestVectors(t *testing.T) {
//		kpicase.Run(t, "kpi/clv", map[string]kpicase.Check{"bgnbd.points.": checkPoints})
//	}
package kpicase

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Case is one reference value with its input and tolerance.
type Case struct {
	ID     string          `json:"id"`
	Input  json.RawMessage `json:"input"`
	Expect json.RawMessage `json:"expect"`
	Ref    string          `json:"ref"`
	Note   string          `json:"note"`
	Tol    Tolerance       `json:"tol"`
	// Dir is the folder of the data files.
	Dir string `json:"-"`
}

// Tolerance is how far a value may be from the one that is expected.
type Tolerance struct {
	Rel   float64 `json:"rel"`
	Abs   float64 `json:"abs"`
	Exact bool    `json:"exact"`
	// LogLikelihood is how far below the expected one may be, and StandardErrors
	// how many of its standard errors a parameter may be off.
	LogLikelihood  float64 `json:"ll_abs"`
	StandardErrors float64 `json:"param_in_units_of_se"`
}

// Check tests one case.
type Check func(t *testing.T, c *Case)

// The packages that own cases.
const (
	Figures = "kpi: figures from totals and answers"
	Log     = "kpi: figures from an order log"
	Books   = "kpi/liability"
	Models  = "kpi/clv"
)

// owners says by the start of their ids which package tests which cases.
func owners() map[string]string {
	return map[string]string{
		"nps.": Figures, "nps2.": Figures, "lift.": Figures, "rates.": Figures, "survey.": Figures,
		"clv.simple": Figures, "cost.": Figures, "tier.": Figures,
		"liability.": Books, "breakage.": Books,
		"summary.": Log, "cohort.": Log, "km.": Log, "logrank.": Log, "rfm.": Log,
		"bgnbd.": Models, "mbgnbd.": Models, "pnbd.": Models, "nbd.": Models, "bgbb.": Models, "gg.": Models, "sbg.": Models,
		"clv.cdnow.": Models,
	}
}

// Owner returns the package that tests a case, or "" where nobody does.
func Owner(id string) string {
	best, owner := "", ""
	for prefix, name := range owners() {
		if strings.HasPrefix(id, prefix) && len(prefix) > len(best) {
			best, owner = prefix, name
		}
	}
	return owner
}

// Load reads all cases, in the file's order. It skips the test where the data are
// not at hand.
func Load(t *testing.T) []Case {
	t.Helper()
	dir := os.Getenv("LOYALTYKIT_DATA")
	if dir == "" {
		t.Skip("LOYALTYKIT_DATA names no folder with the reference values")
	}
	data, err := os.ReadFile(filepath.Join(dir, "kpi_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []Case `json:"cases"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	for i := range file.Cases {
		file.Cases[i].Dir = dir
	}
	return file.Cases
}

// Run tests the cases of an owner, each in a subtest named by its id, with the
// check whose key is the longest start of the id. A case without a check fails,
// and so does a check without a case.
func Run(t *testing.T, owner string, checks map[string]Check) {
	t.Helper()
	idle := maps.Clone(checks)
	for _, c := range Load(t) {
		if Owner(c.ID) != owner {
			continue
		}
		key := longest(checks, c.ID)
		delete(idle, key)
		t.Run(c.ID, func(t *testing.T) {
			check, ok := checks[key]
			if !ok {
				t.Fatalf("no check of %s covers this case", owner)
			}
			check(t, &c)
		})
	}
	for _, key := range slices.Sorted(maps.Keys(idle)) {
		t.Errorf("the check %q of %s has no case", key, owner)
	}
}

func longest(checks map[string]Check, id string) string {
	best := ""
	for prefix := range checks {
		if strings.HasPrefix(id, prefix) && len(prefix) > len(best) {
			best = prefix
		}
	}
	return best
}

// Decode reads the case's input and what is expected of it.
func (c *Case) Decode(t *testing.T, input, expect any) {
	t.Helper()
	if err := json.Unmarshal(c.Input, input); err != nil {
		t.Fatalf("input: %v", err)
	}
	if err := json.Unmarshal(c.Expect, expect); err != nil {
		t.Fatalf("expect: %v", err)
	}
}

// Near fails the test where a value is further from the expected one than the
// case's tolerance: its absolute and its relative part added.
func (c *Case) Near(t *testing.T, want, got float64, what string) {
	t.Helper()
	if !c.Tol.within(want, got) {
		t.Errorf("%s is %.17g, want %.17g (off by %.3g, tolerance %+v)", what, got, want, math.Abs(got-want), c.Tol)
	}
}

func (tol Tolerance) within(want, got float64) bool {
	if tol.Exact {
		return want == got
	}
	// A float64 that was computed in another order differs in its last digits even
	// where 0 is expected.
	const least = 1e-15
	return math.Abs(got-want) <= max(tol.Abs, least)+tol.Rel*math.Abs(want)
}
