package lab_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies/lab"
)

// kept gives a lab with one open entry, the folder of it and its files by name.
func kept(t *testing.T) (l *lab.Lab, dir string, files map[string][]byte) {
	t.Helper()
	inv := row(t, t.TempDir(), 1)
	f := newFake("b")
	l = open(t, inv, f.settings("anna@x"))
	h := reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1"), Run: "r1"})
	if err := h.Keep(t.Context(), "sw1", "a", restorePoint()); err != nil {
		t.Fatal(err)
	}
	_ = h.Release(t.Context())
	f.dead.Store(true)
	dir = filepath.Join(inv.State, "journal", "sw1")
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, e := range list {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return l, dir, files
}

func TestJournal(t *testing.T) {
	l, dir, files := kept(t)
	entries, err := l.Journal.Open()
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %v, %v", entries, err)
	}
	e := entries[0]
	if diff := cmp.Diff([]string{"sw1", "a", "r1", "anna@x", "reprise", "open"}, []string{e.Device, e.Node, e.Run, e.Owner, e.RestorePoint.Checkpoint, string(e.State)}); diff != "" {
		t.Error(diff)
	}
	if text, err := os.ReadFile(e.ConfigPath); err != nil || string(text) != "create vlan v1\n" {
		t.Errorf("configuration %q, %v", text, err)
	}
	if len(files) != 2 || !json.Valid(files["entry.json"]) {
		t.Errorf("files of the entry: %q", files)
	}
	aside, err := l.Dismiss(t.Context(), "sw1", "restored by hand at the console")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(aside, "entry.json")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	free(t, l, "sw1")
}

// lay puts files in place of what the folder holds.
func lay(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Wherever writing stopped, and wherever the disk lost the end of a file, the journal
// names the device; and only where it cannot have been touched is it given out.
func TestTornJournal(t *testing.T) {
	l, dir, files := kept(t)
	entry, config, name := files["entry.json"], []byte(nil), ""
	for n, data := range files {
		if strings.HasPrefix(n, "config-") {
			name, config = n, data
		}
	}
	check := func(files map[string][]byte, want lab.EntryState) {
		t.Helper()
		lay(t, dir, files)
		entries, err := l.Journal.Open()
		if err != nil || len(entries) != 1 || entries[0].Device != "sw1" || entries[0].State != want || (want != lab.EntryOpen) != (entries[0].Problem != "") {
			t.Fatalf("%d files: got %+v, %v, want %s", len(files), entries, err, want)
		}
		if _, err := entries[0].Load(); (err == nil) != (want == lab.EntryOpen) {
			t.Fatalf("load: %v, want %s", err, want)
		}
		list, err := l.List(t.Context())
		if state := map[bool]lab.State{true: lab.StateFree, false: lab.StateUnrestored}[want == lab.EntryUnfinished]; err != nil || list[0].State != state {
			t.Fatalf("%+v, %v, want %s", list, err, state)
		}
	}
	for i := range len(config) + 1 {
		check(map[string][]byte{"part-" + name: config[:i]}, lab.EntryUnfinished)
	}
	for i := range len(entry) + 1 {
		check(map[string][]byte{name: config, "part-entry.json": entry[:i]}, lab.EntryUnfinished)
	}
	for i := range len(entry) - 1 { // all but its last line break
		check(map[string][]byte{name: config, "entry.json": entry[:i]}, lab.EntryDamaged)
	}
	for i := range config {
		check(map[string][]byte{name: config[:i], "entry.json": entry}, lab.EntryDamaged)
	}
	check(map[string][]byte{"entry.json": entry}, lab.EntryDamaged)
	check(files, lab.EntryOpen)
	// What was left over does not stand in the way of the next entry.
	lay(t, dir, map[string][]byte{name: config, "part-entry.json": entry[:10]})
	h := reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1"), ByHand: true})
	if err := h.Keep(t.Context(), "sw1", "a", restorePoint()); err != nil {
		t.Fatal(err)
	}
	if w, ok, err := h.Kept("sw1"); err != nil || !ok || string(w.Config) != string(config) {
		t.Errorf("got %+v, %v, %v", w, ok, err)
	}
	if err := h.Restored(t.Context(), "sw1"); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Errorf("left over: %v, %v", list, err)
	}
}

// What Keep promised has reached the disk: every file and folder was flushed before it returned.
func TestKeepFlushes(t *testing.T) {
	inv := row(t, t.TempDir(), 1)
	s := newFake("b").settings("anna@x")
	var flushed []string
	s.Synced = func(f *os.File) error {
		flushed = append(flushed, strings.TrimPrefix(f.Name(), inv.State))
		return f.Sync()
	}
	l := open(t, inv, s)
	h := reserve(t, l, lab.Order{Request: lab.RequestDevices("sw1")})
	w := restorePoint()
	w.SHA256 = "0000"
	if err := h.Keep(t.Context(), "sw1", "a", w); err == nil {
		t.Error("kept with a digest of something else")
	}
	flushed = nil
	if err := h.Keep(t.Context(), "sw1", "a", restorePoint()); err != nil {
		t.Fatal(err)
	}
	for i, f := range flushed {
		if strings.Contains(f, "part-config-") {
			flushed[i] = "/journal/sw1/part-config"
		}
	}
	want := []string{"/journal/sw1/part-config", "/journal/sw1", "/journal/sw1/part-entry.json", "/journal/sw1"}
	if diff := cmp.Diff(want, flushed); diff != "" {
		t.Error(diff)
	}
}
