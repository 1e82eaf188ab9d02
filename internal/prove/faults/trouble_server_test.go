//go:build unix

package faults

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/loyaltykit/loyaltykit/internal/servers"
)

// prepares makes what a trouble needs: a small disk of its own for one that is to be full,
// and for one that is to be read-only another user, where the server's may always write.
func (v *troubled) prepares(t *testing.T, server *servers.Server) {
	t.Helper()
	switch {
	case v.name == "disk full":
		v.database = v.onSmallDisk(t, server)
		v.migrate(t, v.database)
	case v.name == "read only" && v.shop.engine == servers.MySQL:
		u, err := url.Parse(v.database)
		require.NoError(t, err)
		name := "shop_" + strings.ToLower(rand.Text()[:10])
		asks(t, server, "CREATE USER '"+name+"'@'%' IDENTIFIED BY 'beans'")
		t.Cleanup(func() { asks(t, server, "DROP USER '"+name+"'@'%'") })
		asks(t, server, "GRANT ALL ON "+strings.Trim(u.Path, "/")+".* TO '"+name+"'@'%'")
		u.User = url.UserPassword(name, "beans")
		v.database = u.String()
	}
}

func asks(t *testing.T, server *servers.Server, statement string) string {
	t.Helper()
	answer, err := server.Query(context.WithoutCancel(t.Context()), server.URL, statement)
	require.NoError(t, err, statement)
	return answer
}

// readsOnly has the server refuse writes.
func readsOnly(t *testing.T, v *troubled) func() {
	t.Helper()
	server := servers.Killable(t, v.shop.engine)
	if v.shop.engine == servers.MySQL {
		asks(t, server, "SET GLOBAL read_only = 1")
		return func() { asks(t, server, "SET GLOBAL read_only = 0") }
	}
	name := strings.Trim(pathOf(t, v.database), "/")
	reconnects := func() {
		asks(t, server, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '"+name+"'")
	}
	asks(t, server, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	reconnects()
	return func() {
		asks(t, server, "ALTER DATABASE "+name+" RESET default_transaction_read_only")
		reconnects()
	}
}

func pathOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	return u.Path
}

// onSmallDisk makes a database whose tables are on a disk of a few megabytes.
func (v *troubled) onSmallDisk(t *testing.T, server *servers.Server) string {
	t.Helper()
	disk, err := os.MkdirTemp("", "loyaltykit-disk-") //nolint:usetesting // the server is another user, who may not enter a test's folder
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.Remove(disk)) })
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no small disk without the right to mount one: %s", out)
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", disk).Run()) })
	data := filepath.Join(disk, "data")
	require.NoError(t, os.Mkdir(data, 0o700))
	info, err := os.Stat("/proc/" + strconv.Itoa(server.PID()))
	require.NoError(t, err)
	owner, ok := info.Sys().(*syscall.Stat_t)
	require.True(t, ok)
	require.NoError(t, os.Chmod(disk, 0o755)) //nolint:gosec // the server is another user
	for _, folder := range []string{disk, data} {
		require.NoError(t, os.Chown(folder, int(owner.Uid), int(owner.Gid)))
	}
	database := v.databaseIn(t, server, data)
	v.disk = disk
	return database
}

// databaseIn makes a database in a folder.
func (v *troubled) databaseIn(t *testing.T, server *servers.Server, folder string) string {
	t.Helper()
	if v.shop.engine == servers.MySQL {
		database := server.NewDatabase(t)
		link := filepath.Join(asks(t, server, "SELECT @@datadir"), strings.Trim(pathOf(t, database), "/"))
		files, err := os.ReadDir(link)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(link, file.Name()))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(folder, file.Name()), text, 0o644)) //nolint:gosec // the server is another user
		}
		require.NoError(t, os.RemoveAll(link))
		require.NoError(t, os.Symlink(folder, link))
		return database
	}
	name := "loyaltykit_" + strings.ToLower(rand.Text())
	asks(t, server, fmt.Sprintf("CREATE TABLESPACE %s LOCATION '%s'", name, folder))
	t.Cleanup(func() { asks(t, server, "DROP TABLESPACE "+name) })
	asks(t, server, fmt.Sprintf("CREATE DATABASE %[1]s TABLESPACE %[1]s", name))
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	u.Path = "/" + name
	t.Cleanup(func() { require.NoError(t, server.DropDatabase(context.WithoutCancel(t.Context()), u.String())) })
	return u.String()
}

// fillsDisk leaves no room on the disk.
func fillsDisk(t *testing.T, v *troubled) func() {
	t.Helper()
	junk := filepath.Join(v.disk, "junk")
	file, err := os.Create(junk)
	require.NoError(t, err)
	chunk := make([]byte, 4096)
	for {
		if _, err := file.Write(chunk); err != nil {
			break
		}
	}
	require.NoError(t, file.Close())
	return func() { require.NoError(t, os.Remove(junk)) }
}
