package storagetest

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/loyaltykit/loyaltykit/storage"
	"github.com/loyaltykit/loyaltykit/storage/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reported names the run of this binary that runs the suite on a broken store.
const reported = "STORAGETEST_REPORTED"

// report runs one of the tests below in a process of its own, where it may fail.
func report(t *testing.T, test string) (output string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), reported+"=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestReportedFault(t *testing.T) {
	if os.Getenv(reported) == "" {
		t.Skip("runs in a process of its own")
	}
	opened := 0
	Run(t, func(testing.TB) storage.Store {
		opened++
		return alteredIn(each(func(q *storage.MemberQuery) { q.AtVersion = 0 }))(memory.New())
	}, &Options{Skip: map[string]string{"a-later-page-of-another-version-is-a-conflict": "this store keeps no versions"}})
	t.Logf("opened %d times", opened)
}

func TestReportedSkip(t *testing.T) {
	if os.Getenv(reported) == "" {
		t.Skip("runs in a process of its own")
	}
	Run(t, func(testing.TB) storage.Store { return memory.New() }, &Options{Skip: map[string]string{"a-case-of-long-ago": "it was slow"}})
}

func TestRunFailsTheCaseOfTheFaultAndNoOther(t *testing.T) {
	out, err := report(t, "TestReportedFault")
	require.Error(t, err, out)
	assert.Contains(t, out, "--- FAIL: TestReportedFault/pages/a-page-of-another-version-is-a-conflict")
	assert.Contains(t, out, "clause Q3: A page of one account carries the account's version, and with AtVersion fails with ErrConflict where it changed.")
	assert.Contains(t, out, "--- FAIL: TestReportedFault/decorator/every_case_on_a_decorated_store/a-page-of-another-version-is-a-conflict")
	assert.Contains(t, out, "--- FAIL: TestReportedFault/optional_abilities/every_case_without_the_abilities/a-page-of-another-version-is-a-conflict")
	assert.Contains(t, out, "--- SKIP: TestReportedFault/pages/a-later-page-of-another-version-is-a-conflict")
	assert.Contains(t, out, "this store keeps no versions")
	assert.Contains(t, out, "--- PASS: TestReportedFault/pages/a-page-carries-the-version-of-its-account")
	assert.Contains(t, out, "--- SKIP: TestReportedFault/bound_transaction")
	assert.Contains(t, out, "--- PASS: TestReportedFault/contract")
	assert.Contains(t, out, "opened 1 times")
}

func TestASkipThatNamesNoCaseFails(t *testing.T) {
	out, err := report(t, "TestReportedSkip")
	require.Error(t, err, out)
	assert.Contains(t, out, `Options.Skip names "a-case-of-long-ago", which is not a case`)
}
