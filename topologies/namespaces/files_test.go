package namespaces_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// onDisk is a ring whose first node keeps what it writes on a disk.
func onDisk(nodes int, size string) topologies.Topology {
	t := subject().Ring(nodes)
	t.Nodes[0].Labels = map[string]string{topologies.LabelDisk: size}
	return t
}

// left lists the folders of labs beside a run, and the notes of a run.
func left(t *testing.T, run string) []string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(filepath.Dir(run), ".reprise-files-*"))
	if err != nil {
		t.Fatal(err)
	}
	notes, err := filepath.Glob(filepath.Join(cache, "reprise", "files", "reprise-"+filepath.Base(run)+"-*"))
	if err != nil {
		t.Fatal(err)
	}
	// Of who is killed while a note is written there is one that says nothing yet, and of which nothing was made; gc takes it in an hour.
	notes = slices.DeleteFunc(notes, func(note string) bool { return strings.HasSuffix(note, ".new") })
	return append(folders, notes...)
}

// collector collects garbage.
func collector(t *testing.T) topologies.Collector {
	t.Helper()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a node with the label writes is on the file system of its run, as what it is made of is not: it
// stays when the node is started anew, is gone when it is made anew, and with the lab.
func TestDisk(t *testing.T) {
	t.Parallel()
	p := open(t)
	dir := filepath.Join(t.TempDir(), "test-disk-one")
	r := topologiestest.Reserve(t, p, onDisk(2, "64MiB"), topologies.Options{Run: "test-disk-one", Dir: dir})
	h := topologiestest.Host(t, r, "n1")
	topologiestest.Run(t, h, "sh", "-c", "head -c 8M /dev/urandom >/var/big && chown 101:102 /var/big && rm -r /var/lib/dpkg && mkdir /var/lib/dpkg && touch /var/lib/dpkg/mine && sync")
	find := func(name string) []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".reprise-files-*", "*", "upper", "var", name))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	files := find("big")
	if len(files) != 1 {
		t.Fatalf("on disk: %v", files)
	}
	var st unix.Stat_t
	if err := unix.Stat(files[0], &st); err != nil || st.Size != 8<<20 || st.Uid == 101 {
		t.Errorf("on disk: %d bytes of user %d, %v", st.Size, st.Uid, err)
	}
	if err := topologiestest.Ability[topologies.NodeRestarter](t, r).RestartNode(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if said := topologiestest.Run(t, h, "sh", "-c", "stat -c %s:%u /var/big; ls /var/lib/dpkg"); said != "8388608:101\nmine" {
		t.Errorf("started anew, the node has %q", said)
	}
	if _, _, err := topologiestest.Ability[topologies.Resetter](t, r).Reset(t.Context(), "n1"); err != nil {
		t.Fatal(err)
	}
	if said := topologiestest.Run(t, h, "sh", "-c", "ls /var/big /var/lib/dpkg/mine /var/lib/dpkg/status 2>/dev/null; true"); said != "/var/lib/dpkg/status" {
		t.Errorf("made anew, the node has %q", said)
	}
	if files := find("big"); len(files) != 0 {
		t.Errorf("made anew, there are still %v", files)
	}
	if removed, err := collector(t).GC(t.Context(), time.Now()); err != nil || slices.Contains(removed, r.ID()) {
		t.Errorf("gc of a lab that is up: %v, %v", removed, err)
	}
	topologiestest.Run(t, h, "touch", "/var/again")
	if files := find("again"); len(files) != 1 {
		t.Errorf("after gc, on disk: %v", files)
	}
	if err := r.Release(t.Context()); err != nil || len(left(t, dir)) > 0 {
		t.Errorf("released: %v, left: %v", err, left(t, dir))
	}
}

// What is on a disk is bounded too.
func TestDiskBound(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, g := range []struct{ name, script, over string }{
		{"bytes", `head -c 10G /dev/zero >/var/big`, "and may write 48MiB: the lab's supervisor ended it"},
		{"files", `while :; do i=$((i+1)); true >/var/empty$i; done`, " files, and may write 4096: the lab's supervisor ended it"},
		{"deep", `while mkdir ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd && cd d*; do :; done; sleep 100`, "the lab's supervisor ended it"},
	} {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			run := "test-disk-" + g.name
			dir := filepath.Join(t.TempDir(), run)
			r := topologiestest.Reserve(t, p, onDisk(2, "48MiB"), topologies.Options{Run: run, Dir: dir})
			w := topologiestest.Ability[topologies.NodeWatcher](t, r)
			command, err := topologiestest.Host(t, r, "n1").Open(t.Context(), []string{"bash", "-c", "cd /var; " + g.script}, false)
			if err != nil {
				t.Fatal(err)
			}
			defer command.Close() //nolint:errcheck // it ends with its node
			var state topologies.NodeState
			topologiestest.Eventually(t, "the greedy node has ended", func() bool {
				if state, err = w.NodeState(t.Context(), "n1"); err != nil {
					t.Fatal(err)
				}
				return !state.Running
			})
			if !strings.Contains(state.Detail, g.over) {
				t.Errorf("the lab says %+v", state)
			}
			if s, err := w.NodeState(t.Context(), "n2"); err != nil || !s.Running {
				t.Errorf("the other node: %+v, %v", s, err)
			}
			if err := r.Release(t.Context()); err != nil || len(left(t, dir)) > 0 {
				t.Errorf("released: %v, left: %v", err, left(t, dir))
			}
		})
	}
}

// More than there is room for is refused, and so is a file system that cannot carry a node's files.
func TestDiskRefused(t *testing.T) {
	t.Parallel()
	p := open(t)
	refused := func(size, dir, name string) {
		t.Helper()
		_, err := p.Reserve(t.Context(), onDisk(2, size), topologies.Options{Run: "test-disk-refused", Dir: filepath.Join(dir, "run")})
		missing, ok := errors.AsType[*topologies.MissingError](err)
		if !ok || !strings.Contains(missing.Error(), name) || !strings.Contains(missing.Error(), topologies.LabelDisk) {
			t.Errorf("%s at %s: %v", size, dir, err)
		}
		if list := left(t, filepath.Join(dir, "test-disk-refused")); len(list) > 0 {
			t.Errorf("left: %v", list)
		}
	}
	refused("900PB", t.TempDir(), "room")
	ram := t.TempDir()
	if err := unix.Mount("none", ram, "ramfs", 0, ""); errors.Is(err, unix.EPERM) {
		return // only root can mount one
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(ram, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	refused("1MB", ram, "to carry the files of nodes")
}

// Whoever is killed, and whenever: gc removes what is left on the disk, and nothing while it is used.
func TestDiskKilled(t *testing.T) {
	open(t)
	livetest.Long(t, "labs are killed at many moments")
	gc := collector(t)
	remains := 0
	for i := range 24 {
		run := fmt.Sprintf("test-disk-killed-%d", i)
		dir := filepath.Join(t.TempDir(), run)
		cmd, lines, in := owner(t, run, "disk", dir)
		if i%4 == 0 {
			lines.Scan()
			if _, err := gc.GC(t.Context(), time.Now()); err != nil {
				t.Fatal(err)
			}
			if len(left(t, dir)) != 2 {
				t.Errorf("a lab that is up has %v", left(t, dir))
			}
		} else {
			timer := time.NewTimer(time.Duration(rand.IntN(300)) * time.Millisecond)
			<-timer.C
		}
		list := supervisors(t, run)
		who := i / 4 % 3
		if who != 1 {
			_ = cmd.Process.Kill()
		}
		if who != 0 && len(list) > 0 {
			_ = syscall.Kill(pidOf(list[0]), syscall.SIGKILL)
		}
		_ = in.Close()
		_ = cmd.Wait()
		topologiestest.Eventually(t, "its supervisor has ended", func() bool { return len(supervisors(t, run)) == 0 })
		remains += len(left(t, dir))
		var removed []string
		topologiestest.Eventually(t, "gc has removed it", func() bool {
			names, err := gc.GC(t.Context(), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			removed = append(removed, names...)
			return len(left(t, dir)) == 0
		})
		entries, err := os.ReadDir(filepath.Dir(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) || len(entries) > 0 {
			t.Errorf("left: %v, %v; removed: %v", entries, err, removed)
		}
	}
	if remains == 0 {
		t.Error("nothing was ever left to remove")
	}
}

// noted writes a note of files of a lab that has ended, as old as given, where a user has none other.
func noted(t *testing.T, text string, age time.Duration) (note string) {
	t.Helper()
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	note = filepath.Join(cache, "reprise", "files", "reprise-test-noted-1-ABCDEFGH")
	if err := errors.Join(os.MkdirAll(filepath.Dir(note), 0o700), os.WriteFile(note, []byte(text), 0o600), os.Chtimes(note, time.Time{}, time.Now().Add(-age))); err != nil {
		t.Fatal(err)
	}
	return note
}

// What is on a disk that is not mounted is not taken for removed: gc says so, and removes it later.
func TestDiskAway(t *testing.T) {
	open(t)
	runs := filepath.Join(t.TempDir(), "runs")
	folder := filepath.Join(runs, ".reprise-files-reprise-test-noted-1-ABCDEFGH")
	note := noted(t, folder, time.Hour)
	_, err := collector(t).GC(t.Context(), time.Now())
	away, ok := errors.AsType[*topologies.AwayError](err)
	if !ok || away.Path != folder || away.Note != note {
		t.Fatalf("gc: %v", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	removed, err := collector(t).GC(t.Context(), time.Now())
	if err != nil || !slices.Contains(removed, "reprise-test-noted-1") {
		t.Errorf("mounted, gc: %v, %v", removed, err)
	}
	for _, path := range []string{folder, note} {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("left: %s, %v", path, err)
		}
	}
}

// A note of which a crash has left nothing does not keep gc from the others for ever.
func TestDiskNoteEmpty(t *testing.T) {
	open(t)
	for age, stays := range map[time.Duration]bool{time.Hour: true, 25 * time.Hour: false} {
		note := noted(t, "", age)
		if _, err := collector(t).GC(t.Context(), time.Now()); err != nil {
			t.Errorf("%s old: %v", age, err)
		}
		if _, err := os.Stat(note); (err == nil) != stays {
			t.Errorf("%s old: it stays: %t, %v", age, err == nil, err)
		}
	}
}

// What is bound into a node and is not there is told before anything is built.
func TestBindThatIsNotThere(t *testing.T) {
	t.Parallel()
	lab := topologies.Topology{Name: "bound", Dir: t.TempDir(), Nodes: []topologies.Node{{Name: "a", Kind: topologies.KindLinux, Image: image, Binds: []string{"gone/file:/etc/x"}}}}
	err := open(t).Check(t.Context(), lab)
	if err == nil || !strings.Contains(err.Error(), "node a: bind gone/file:/etc/x: ") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
