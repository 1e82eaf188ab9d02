package servers

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// Where distributions put programs that are not in everybody's PATH.
var (
	postgresFolders = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"}
	sbinFolders     = []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec"}
)

// programsKey names the variable that lists, as PATH does, the only folders to look
// in, such as those of another version.
const programsKey = "LOYALTYKIT_SERVER_PROGRAMS"

// program finds an installed program in PATH, or else the newest in the folders.
func program(name string, folders ...string) (string, bool) {
	if only := os.Getenv(programsKey); only != "" {
		folders = filepath.SplitList(only)
	} else if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for _, pattern := range folders {
		found, err := filepath.Glob(filepath.Join(pattern, name))
		if err != nil || len(found) == 0 {
			continue
		}
		newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
		if path, err := exec.LookPath(newest); err == nil {
			return path, true
		}
	}
	return "", false
}

var digits = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)

// version is the number in a path such as /usr/lib/postgresql/15/bin/initdb.
func version(path string) float64 {
	n, err := strconv.ParseFloat(digits.FindString(path), 64)
	if err != nil {
		return 0
	}
	return n
}

// beside finds a program in the folder of another, which a link in PATH may lead to,
// or else as program does.
func beside(other, name string, folders ...string) (string, bool) {
	if real, err := filepath.EvalSymlinks(other); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(real), name)); err == nil {
			return path, true
		}
	}
	return program(name, folders...)
}

// missing says what to install or set.
func missing(engine Engine, programs string) error {
	hint := "install it"
	if key := engine.environment(); key != "" {
		hint = fmt.Sprintf("install it, or set %s to the URL of a running one", key)
	}
	return fmt.Errorf("%w: %s (%s) was not found: %s", ErrMissing, engine, programs, hint)
}

// environment names the variable that holds the URL of a running server.
func (e Engine) environment() string {
	switch e {
	case PostgreSQL:
		return "LOYALTYKIT_POSTGRES"
	case MySQL:
		return "LOYALTYKIT_MYSQL"
	default:
		return ""
	}
}
