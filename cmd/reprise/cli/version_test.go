package cli

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies/livetest"
)

func TestToolOf(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	info := func(version, modified string) *debug.BuildInfo {
		i := &debug.BuildInfo{Main: debug.Module{Version: version}}
		if modified != "" {
			i.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: modified}}
		}
		return i
	}
	for _, c := range []struct {
		name, version, revision string
		info                    *debug.BuildInfo
		wantVersion, want       string
	}{
		{"nothing is known", "", "", info("", ""), "devel", ""},
		{"a test", "", "", info("(devel)", ""), "devel", ""},
		{"installed as a module", "", "", info("v1.2.3", ""), "v1.2.3", ""},
		{"built in a clone", "", "", info("v1.2.4-0.20260301101500-0123456789ab", "false"), "v1.2.4-0.20260301101500-0123456789ab", commit},
		{"built in a changed clone", "", "", info("v1.2.3+dirty", "true"), "v1.2.3+dirty", commit + "+dirty"},
		{"released", "v1.2.3", "0123456789ab", info("(devel)", ""), "v1.2.3", "0123456789ab"},
		{"the linker's word counts first", "v1.2.3", "fedc", info("v1.0.0", "true"), "v1.2.3", "fedc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := toolOf(c.version, c.revision, c.info)
			if got.Version != c.wantVersion || got.Revision != c.want || got.Name != "reprise" || got.Go == "" {
				t.Errorf("got %+v, want version %q, revision %q", got, c.wantVersion, c.want)
			}
		})
	}
}

// TestBuild: of two builds that call themselves the same, the executable tells whether they are.
func TestBuild(t *testing.T) {
	t.Parallel()
	of := func(version, executable string) string {
		t.Helper()
		got, err := buildOf(version, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(executable)), nil })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, version := range []string{"devel", "v1.2.3+dirty"} {
		if of(version, "one") == of(version, "other") || !strings.HasPrefix(of(version, "one"), version+" (executable ") {
			t.Errorf("%s: %s and %s", version, of(version, "one"), of(version, "other"))
		}
	}
	if of("v1.2.3", "amd64") != "v1.2.3" || of("v1.2.3", "arm64") != "v1.2.3" {
		t.Error("a release is another one on another machine")
	}
	if got, err := buildOf("devel", func() (io.ReadCloser, error) { return nil, os.ErrPermission }); err == nil {
		t.Errorf("of an executable that cannot be read: %q", got)
	}
	if here, err := Build(); err != nil || !strings.HasPrefix(here, "devel (executable ") {
		t.Errorf("of this test: %q, %v", here, err)
	}
}

// TestVersionScript holds the version that releases are stamped with against what the go
// command makes of the same history.
func TestVersionScript(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		livetest.Missing(t, "git", err)
	}
	script, err := filepath.Abs("../../../.ci/version")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	run := func(name string, args ...string) string {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir = dir
		c.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "TZ=America/Lima", "GIT_COMMITTER_DATE=2026-03-01T10:15:00+0100",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := run(script); got != "" {
		t.Errorf("without a repository: %q, want nothing", got)
	}
	change := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		run("git", "add", name)
	}
	commit := func(name string) string {
		change(name)
		run("git", "commit", "-q", "-m", name)
		return "20260301091500-" + run("git", "rev-parse", "--short=12", "HEAD")
	}
	check := func(want string) {
		t.Helper()
		if got := run(script); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	run("git", "init", "-q")
	check("")
	first := commit("one")
	check("v0.0.0-" + first)
	run("git", "tag", "v1.2.9")
	run("git", "tag", "other")
	check("v1.2.9")
	check("v1.2.10-0." + commit("two"))
	change("three")
	check("v1.2.10-0.20260301091500-" + run("git", "rev-parse", "--short=12", "HEAD") + "+dirty")
	run("git", "commit", "-q", "-m", "three")
	run("git", "tag", "v2.0.0-rc.1")
	check("v2.0.0-rc.1")
	check("v2.0.0-rc.1.0." + commit("four"))
}
