package cli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// What the linker is told, as in -ldflags "-X github.com/reprise-lab/reprise/cmd/reprise/cli.linkedVersion=v1.2.3 -X github.com/reprise-lab/reprise/cmd/reprise/cli.linkedRevision=…", by
// builds that the go command knows no version of: from an archive, or without git.
var linkedVersion, linkedRevision string //nolint:gochecknoglobals // the linker sets nothing else

// Built is the version of this program and what it was made for and with.
type Built struct {
	evidence.Tool

	OS   string `json:"os"`
	Arch string `json:"arch"`
}

// VersionOptions are what version was asked.
type VersionOptions struct{ *App }

// NewVersion is the verb that prints the version.
func NewVersion(a *App, runF func(context.Context, *VersionOptions) error) *cobra.Command {
	o := &VersionOptions{a}
	return &cobra.Command{
		Use: "version", Short: "Print the version, its revision and what it was built with", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return Run(runF, runVersion)(c.Context(), o) },
	}
}

func runVersion(_ context.Context, o *VersionOptions) error {
	b := Built{ToolInfo(), runtime.GOOS, runtime.GOARCH}
	return o.Show(b, func(w io.Writer) { printBuilt(w, b) })
}

// printBuilt writes a version, for people.
func printBuilt(w io.Writer, b Built) {
	of := ""
	if b.Revision != "" {
		of = "revision " + b.Revision + ", "
	}
	Line(w, "%s %s (%s%s, %s/%s)", b.Name, b.Version, of, b.Go, b.OS, b.Arch)
}

// ToolInfo describes this program, for people and for every record that it makes.
func ToolInfo() evidence.Tool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return toolOf(linkedVersion, linkedRevision, info)
}

// Build names this program so that two of the same name are the same: by its version, where that stands for one source, and
// else, of a build of sources that were changed or are not known, by the digest of the executable too.
func Build() (string, error) { return build() }

// build reads the executable once: many ask.
//
//nolint:gochecknoglobals // it is one program
var build = sync.OnceValues(func() (string, error) {
	return buildOf(ToolInfo().Version, func() (io.ReadCloser, error) { return plain.Open("/proc/self/exe") })
})

func buildOf(version string, executable func() (io.ReadCloser, error)) (string, error) {
	if version != develVersion && !strings.HasSuffix(version, "+dirty") {
		return version, nil
	}
	f, err := executable()
	if err != nil {
		return "", fmt.Errorf("find out which build this is: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is only read
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("find out which build this is: %w", err)
	}
	return fmt.Sprintf("%s (executable %x)", version, sum.Sum(nil)[:6]), nil
}

// develVersion is that of a build of which nothing else is known.
const develVersion = "devel"

// toolOf puts together what the linker and the go command were told. The linker's word
// counts first, then the module's version, which is exact for `go install …@v1.2.3` and a
// pseudo-version for a build in a clone.
func toolOf(version, revision string, info *debug.BuildInfo) evidence.Tool {
	t := evidence.Tool{Name: "reprise", Version: develVersion, Revision: revision, Go: runtime.Version()}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		t.Version = v
	}
	if version != "" {
		t.Version = version
	}
	if revision == "" {
		t.Revision = vcsRevision(info)
	}
	return t
}

// vcsRevision is the revision that the go command found, marked where files were changed.
func vcsRevision(info *debug.BuildInfo) string {
	found := map[string]string{}
	for _, s := range info.Settings {
		found[s.Key] = s.Value
	}
	if found["vcs.revision"] != "" && found["vcs.modified"] == "true" {
		return found["vcs.revision"] + "+dirty"
	}
	return found["vcs.revision"]
}
