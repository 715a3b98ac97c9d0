package faketime

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// in runs a script with a folder in the place of a node's root.
func in(t *testing.T, root, script string, args ...string) (said string, exit int) {
	t.Helper()
	script = strings.NewReplacer("/usr/$LIB", root+"/usr/$LIB", "cd /usr", "cd "+root+"/usr", "/dev/shm", root+"/dev/shm").Replace(script)
	out, err := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...).Output()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	} else if ended != nil {
		exit = ended.ExitCode()
	}
	return string(out), exit
}

// A library that no program loads leaves a node as it was, and says why it could not be put there.
func TestGiveRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		has  map[string]string // files, and folders, whose names end with /
		want string            // of what is said
	}{
		"no folder of its own":   {map[string]string{"usr/lib/": "", "usr/lib/x-linux-gnu/": ""}, ""},
		"a folder of its own":    {map[string]string{"usr/lib64/faketime/": ""}, ""},
		"its own library":        {map[string]string{"usr/lib64/faketime/libfaketime.so.1": "own", "usr/lib/x-linux-gnu/faketime/libfaketime.so.1": "own"}, ""},
		"it cannot be put there": {map[string]string{"usr/lib/faketime": "a file"}, "lib/faketime"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for path, content := range tt.has {
				folder, file := filepath.Split(filepath.Join(root, path))
				if strings.HasSuffix(path, "/") {
					folder, file = filepath.Join(folder, file), ""
				}
				if err := os.MkdirAll(folder, 0o750); err != nil {
					t.Fatal(err)
				}
				if file != "" {
					if err := os.WriteFile(filepath.Join(folder, file), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			before := tree(t, root)
			library := filepath.Join(t.TempDir(), "library")
			if err := os.WriteFile(library, []byte("no library"), 0o600); err != nil {
				t.Fatal(err)
			}
			said, exit := in(t, root, giveScript, library)
			if exit != 1 || !strings.Contains(said, tt.want) {
				t.Errorf("it ends with %d and says %q, want …%s…", exit, said, tt.want)
			}
			if after := tree(t, root); after != before {
				t.Errorf("it had\n%s, and has\n%s", before, after)
			}
		})
	}
}

// tree is what there is in a folder, with what files hold.
func tree(t *testing.T, root string) string {
	t.Helper()
	var found strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found.WriteString(strings.TrimPrefix(path, root))
		if !d.IsDir() {
			held, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			found.WriteString("=" + string(held))
		}
		found.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.String()
}

// failing is a node whose own library cannot be looked for.
type failing struct {
	says string
	exit int
}

func (f failing) Exec(_ context.Context, _ []string, _ io.Reader, stdout, _ io.Writer) (int, error) {
	_, err := io.WriteString(stdout, f.says)
	return f.exit, err
}

func (failing) WriteFile(context.Context, string, []byte, fs.FileMode) error { return nil }

// That a node's share cannot be put in place, and that its own library cannot be read, says nothing of
// whether it has one: it is given no other.
func TestOwnFails(t *testing.T) {
	root := t.TempDir()
	said, exit := in(t, root, ownScript)
	if exit == 0 || exit == ownMissing || !strings.Contains(said, "reprise-clock") {
		t.Errorf("without a share it ends with %d, and says %q", exit, said)
	}
	e, err := Now()
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range []failing{{said, exit}, {"/usr/lib64/faketime/libfaketime.so.1\n", ownUnread}} {
		_, err := e.Place(t.Context(), node, func(context.Context) []topologies.ClockLibrary {
			t.Error("another is looked for")
			return nil
		})
		if err == nil || errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), firstWord(node.says)) {
			t.Errorf("%v", err)
		}
	}
}

func firstWord(s string) string { return strings.Fields(s)[0] }
