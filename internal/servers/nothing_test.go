//go:build unix

package servers

import "testing"

// NothingInstalled makes a machine without databases for the length of a test.
func NothingInstalled(t *testing.T) {
	t.Helper()
	folders, sbin := postgresFolders, sbinFolders
	t.Cleanup(func() { postgresFolders, sbinFolders = folders, sbin })
	postgresFolders, sbinFolders = nil, nil
	t.Setenv("PATH", t.TempDir())
}
