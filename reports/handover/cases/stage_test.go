package cases_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/cases"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// A new case is its owner's alone, is open, and its timeline begins; nothing is made over one
// that is there, and nothing of one that is not valid.
func TestCreate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acme")
	f, err := cases.Create(dir, cases.Case{ID: "acme", Title: "It fails", Opened: "2026-03-01"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	again, err := cases.Open(dir)
	if err != nil || again.Case.State != cases.Opened || again.Case.Reprise != cases.Version || again.Case.Title != "It fails" {
		t.Errorf("%+v, %v", again.Case, err)
	}
	if list, err := f.Timeline(); err != nil || len(list) != 1 || list[0].Says != "opened: It fails" {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := cases.Create(dir, cases.Case{ID: "acme"}); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("over it: %v", err)
	}
	bad := filepath.Join(t.TempDir(), "bad")
	if _, err := cases.Create(bad, cases.Case{ID: "a case", Opened: "yesterday"}); err == nil {
		t.Error("one that is not valid was made")
	}
	if _, err := os.Stat(bad); !os.IsNotExist(err) {
		t.Errorf("of one that is not valid there is %v", err)
	}
}

// An entry of a list is edited where it is, and what is not there is an error that changes
// nothing.
func TestEditElement(t *testing.T) {
	f := open(t, whole)
	before, err := os.ReadFile(filepath.Join(f.Path, cases.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range []func(*cases.Editor) error{
		func(e *cases.Editor) error { _, err := e.Element("plan", 1); return err },
		func(e *cases.Editor) error { _, err := e.Element("plan", -1); return err },
		func(e *cases.Editor) error { _, err := e.Element("title", 0); return err },
		func(e *cases.Editor) error { _, err := e.Element("nothing", 0); return err },
		func(e *cases.Editor) error { return e.Set("title.of", "x") },
		func(e *cases.Editor) error { return e.Set("scope.severity", "high") },
	} {
		if err := f.Edit(edit); err == nil {
			t.Error("it was edited")
		}
	}
	if after, err := os.ReadFile(filepath.Join(f.Path, cases.FileName)); err != nil || string(after) != string(before) {
		t.Errorf("it was changed: %s, %v", cmp.Diff(string(before), string(after)), err)
	}
	if err := f.Edit(func(e *cases.Editor) error {
		step, err := e.Element("plan", 0)
		if err != nil {
			return err
		}
		return step.Set("state", "done")
	}); err != nil {
		t.Fatal(err)
	}
	if s := f.Case.Plan[0]; s.State != "done" || s.Owner != "R. Meier" {
		t.Errorf("%+v", s)
	}
}

// Every field that may be set is one: setting it is no error for want of its name.
func TestFields(t *testing.T) {
	fields := cases.Fields()
	if !slices.IsSorted(fields) || !slices.Contains(fields, "scope.what") || !slices.Contains(fields, "customer.site") {
		t.Errorf("%q", fields)
	}
	f := open(t, whole)
	for _, field := range fields {
		err := f.Edit(func(e *cases.Editor) error { return e.Set(field, "2") })
		if err != nil && strings.Contains(err.Error(), "unknown key") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

// A file is kept in the case under its own name: one that is there already is not copied, and
// another of the same name is not replaced.
func TestKeep(t *testing.T) {
	f := open(t, whole)
	elsewhere := filepath.Join(t.TempDir(), "trace.txt")
	for path, text := range map[string]string{elsewhere: "one", filepath.Join(f.Path, "own.txt"): "own"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if rel, err := f.Keep(elsewhere, "logs"); err != nil || rel != "logs/trace.txt" {
			t.Errorf("%q, %v", rel, err)
		}
	}
	if data, err := os.ReadFile(filepath.Join(f.Path, "logs/trace.txt")); err != nil || string(data) != "one" {
		t.Errorf("%q, %v", data, err)
	}
	if rel, err := f.Keep(filepath.Join(f.Path, "own.txt"), "logs"); err != nil || rel != "own.txt" {
		t.Errorf("what lies in the case: %q, %v", rel, err)
	}
	if err := os.WriteFile(elsewhere, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{elsewhere: "another logs/trace.txt already", f.Path: "is no file", elsewhere + "x": "is not there"} {
		if _, err := f.Keep(file, "logs"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want …%s…", err, want)
		}
	}
}

// In a bundle a case leads to what is packed beside it: runs by their names, logs and isolations
// below it. No path of this machine goes along, and of what was made on a simulator nothing.
func TestStage(t *testing.T) {
	f := open(t, strings.Replace(whole, "judgement:", "confirmations:\n  - {file: answer.json, result: confirmed}\n  - {file: gone.json, result: confirmed}\njudgement:", 1))
	info := reportstest.Info("20260301T121500Z-ospf-mtu-0003", 1)
	info.Fidelity = "simulator"
	rehearsed := reportstest.Make(t, info, reportstest.Trial{Verdict: evidence.NotApplicable, Reason: "simulated"})
	relative, err := filepath.Rel(f.Path, f.Case.Runs[1].Dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Edit(func(e *cases.Editor) (err error) {
		for _, of := range []string{f.Case.Runs[0].Dir + "/logs.json", filepath.ToSlash(relative) + "/logs.json", f.Case.Runs[0].Dir, rehearsed + "/logs.json", t.TempDir() + "/console.txt", "isolated/isolation.json"} {
			err = errors.Join(err, e.Append("analysis", cases.Finding{Of: of, Says: "as reported"}))
		}
		return errors.Join(err, e.Append("runs", map[string]string{"dir": rehearsed}), e.Set("fix.verified", t.TempDir()+"/20260302T101500Z-verify"))
	}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"answer.json": "{}", "isolated/runs/0001/run.json": "{}", "isolated/scenario.yaml": "id: small"} {
		if err := evidence.WriteFile(filepath.Join(f.Path, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Note(time.Unix(0, 0), "looked at "+filepath.Join(f.Path, "tech.txt")); err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "case")
	s, err := cases.Stage(f, dst, map[string][]byte{"form.txt": []byte("see " + f.Case.Runs[0].Dir)})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Runs) != 2 || len(s.Left) != 1 || !strings.Contains(s.Left[0], "made on simulators") {
		t.Errorf("%+v", s)
	}
	var files []string
	if err := filepath.WalkDir(dst, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dst, name)
		files = append(files, rel)
		data, err := os.ReadFile(name)
		if strings.Contains(string(data), f.Path) || strings.Contains(string(data), os.TempDir()) {
			t.Errorf("%s leads to this machine:\n%s", rel, data)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"answer.json", "case.yaml", "form.txt", "isolation/isolated/isolation.json", "isolation/isolated/scenario.yaml", "known.json", "logs/01-tech.txt", "timeline.ndjson"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Error(diff)
	}
	packed, err := os.ReadFile(filepath.Join(dst, cases.FileName))
	if err != nil {
		t.Fatal(err)
	}
	c, err := cases.Parse(filepath.Join(dst, cases.FileName), packed)
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, r := range c.Runs {
		dirs = append(dirs, r.Dir)
	}
	if diff := cmp.Diff([]string{"../runs/20260301T101500Z-ospf-mtu-0001", "../runs/20260301T111500Z-ospf-mtu-0002", "isolation/isolated"}, dirs); diff != "" {
		t.Error(diff)
	}
	var of []string
	for _, a := range c.Analysis {
		of = append(of, a.Of)
	}
	if diff := cmp.Diff([]string{"logs/01-tech.txt", dirs[0] + "/logs.json", dirs[1] + "/logs.json", dirs[0], "console.txt", "isolation/isolated/isolation.json"}, of); diff != "" {
		t.Error(diff)
	}
	if c.Fix.Verified != "20260302T101500Z-verify" || c.Logs[0].File != "logs/01-tech.txt" || c.Known.File != "known.json" || c.Confirmations[0].File != "answer.json" {
		t.Errorf("%+v", c)
	}
}

// A case whose runs or logs cannot be read is not packed.
func TestStageRefuses(t *testing.T) {
	for what, spoil := range map[string]func(f cases.Folder) error{
		"pack case": func(f cases.Folder) error { return os.RemoveAll(f.Case.Runs[0].Dir) },
		"pack log":  func(f cases.Folder) error { return os.Remove(filepath.Join(f.Path, "tech.txt")) },
		"pack timeline": func(f cases.Folder) error {
			return os.MkdirAll(filepath.Join(f.Path, "timeline.ndjson"), 0o700)
		},
	} {
		f := open(t, whole)
		if err := spoil(f); err != nil {
			t.Fatal(err)
		}
		if _, err := cases.Stage(f, filepath.Join(t.TempDir(), "case"), nil); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// An escalation says for whom it is, how its bundle is read and who vouches for it.
func TestEscalationWords(t *testing.T) {
	var e cases.Escalation
	if e.To() != "the vendor" || e.Reading() != "" || e.Opens() != "not encrypted" || e.Signed() != "not signed" {
		t.Errorf("%s, %q, %s, %s", e.To(), e.Reading(), e.Opens(), e.Signed())
	}
	e.Case.Product.Platform = "frr"
	e.Sealed, e.Signer = []string{"age1a", "age1b"}, "SHA256:x"
	if e.To() != "whoever makes frr" || e.Reading() != " -i YOUR-KEY --signers PARTNERS" || e.Opens() != "encrypted to age1a, age1b" || e.Signed() != "signed with SHA256:x" {
		t.Errorf("%s, %q, %s, %s", e.To(), e.Reading(), e.Opens(), e.Signed())
	}
	e.Case.Product.Vendor = "extreme"
	if e.To() != "extreme" {
		t.Error(e.To())
	}
	var out strings.Builder
	if err := e.WriteForm(&out, "nobody"); err == nil || !strings.Contains(err.Error(), `no form for "nobody"`) || out.Len() != 0 {
		t.Errorf("%v", err)
	}
	f := open(t, whole)
	e = cases.Escalate(f, cases.Check(f, platforms()))
	if err := e.WritePlan(&out); err != nil || !strings.Contains(out.String(), "same MTU at both ends") || !strings.Contains(out.String(), "2026-03-05") {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	units := []cases.Unit{{Serial: "2044N-40001"}}
	if err := cases.WriteSheet(&out, f.Case, units, 1, 2, []string{"the shipping address"}); err != nil || !strings.Contains(out.String(), "2044N-40001") || !strings.Contains(out.String(), "the shipping address") {
		t.Errorf("%v: %s", err, out.String())
	}
}
