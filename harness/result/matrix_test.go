package result_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// The matrix of the tests has every verdict, and is one that can be read.
func TestReadMatrix(t *testing.T) {
	m := resulttest.Matrix(3, 20)
	for _, v := range result.CellVerdicts() {
		if m.Counts[v] == 0 {
			t.Errorf("no cell is %s", v)
		}
	}
	got, err := result.ReadMatrix(resulttest.Write(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if got.Unheld == "" {
		t.Error("nothing says that no ledger is beside it")
	}
	got.Unheld = ""
	if d := cmp.Diff(m, got); d != "" {
		t.Errorf("what was read is not what was written (-want +got):\n%s", d)
	}
}

// A cell that was taken over has its run below the folder of the matrix that it is from.
func TestTakenOver(t *testing.T) {
	m := resulttest.Matrix(2, 1)
	m.Cells[0].From, m.Cells[0].Run = "20260101T000000Z-ospfv2-0000", "../20260101T000000Z-ospfv2-0000/runs/a"
	got, err := result.ReadMatrix(resulttest.Write(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if run, ok := got.Cells[0].TakenOver(); !ok || run != "runs/a" {
		t.Errorf("%q, %v", run, ok)
	}
	if _, ok := got.Cells[1].TakenOver(); ok {
		t.Error("a cell of its own is from elsewhere")
	}
	m.Cells[0].From, m.Cells[0].Run = ".", ".././another/runs/a"
	if run, ok := m.Cells[0].TakenOver(); ok {
		t.Errorf("a matrix without a name is gone to: %s", run)
	}
	m.Cells[0].From = "20260101T000000Z-ospfv2-0000"
	// One of a matrix that lies elsewhere is read, and has no run here.
	for _, run := range []string{"../../elsewhere/20260101T000000Z-ospfv2-0000/runs/a", "../other/runs/a", "/a"} {
		m.Cells[0].Run = run
		if got, err = result.ReadMatrix(resulttest.Write(t, m)); err != nil {
			t.Fatal(err)
		}
		if _, ok := got.Cells[0].TakenOver(); ok {
			t.Errorf("%s is said to be beside it", run)
		}
	}
}

// What a matrix that was killed decided after its file was written is in its ledger; the last line may be cut. A
// ledger that was altered is an error. In a matrix that ended nothing is taken from it: what it has otherwise is inconclusive.
func TestReadMatrixLedger(t *testing.T) {
	const key, other = "test-03[dut=frr@9.1,peer=bird@8.1]", "test-03[dut=frr@9.1,peer=bird@8.5]"
	write := func(ended bool, damage func(folder string)) (*result.Matrix, error) {
		m := resulttest.Matrix(3, 4)
		if !ended {
			m.Ended = time.Time{}
		}
		was := *resulttest.Of(t, m, key)
		elsewise := *resulttest.Of(t, m, other)
		elsewise.Digest = "of another scenario"
		for _, k := range []string{key, other} {
			resulttest.Set(t, m, k, result.NotTested)
		}
		folder := resulttest.Write(t, m)
		for _, c := range []result.Cell{was, elsewise} {
			err := evidence.AppendChained(result.MatrixLedger(folder), func(prev string, _ [][]byte) any {
				return result.CellEntry{Reprise: result.MatrixFormat, Prev: prev, Key: c.Key(), Attempt: 1, Cell: c}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if damage != nil {
			damage(result.MatrixLedger(folder))
		}
		return result.ReadMatrix(folder)
	}
	edit := func(change func([]byte) []byte) func(string) {
		return func(file string) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, change(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := write(false, edit(func(data []byte) []byte { return append(data, []byte(`{"reprise":"matr`)...) }))
	if err != nil {
		t.Fatal(err)
	}
	if c := resulttest.Of(t, m, key); c.Verdict != result.Fail || c.Deviation == nil {
		t.Errorf("the cell is %+v", c)
	}
	if c := resulttest.Of(t, m, other); c.Verdict != result.NotTested {
		t.Errorf("the cell of another scenario is %+v", c)
	}
	if m, err = write(true, nil); err != nil || resulttest.Of(t, m, key).Verdict != result.CellUnknown {
		t.Errorf("a matrix that ended hides what its ledger has, or fails: %v", err)
	}
	if _, err = write(false, edit(func(data []byte) []byte { return bytes.Replace(data, []byte(`"fail"`), []byte(`"pass"`), 1) })); err == nil || !strings.Contains(err.Error(), "ledger.ndjson:2: the line before was altered") {
		t.Errorf("an altered ledger: %v", err)
	}
	if _, err = write(false, edit(func([]byte) []byte {
		return []byte(`{"prev":"` + evidence.SHA256(nil) + `","cell":{"test":"test-03","subjects":{"dut":"frr@9.1","peer":"bird@8.1"},"verdict":"x","digest":"030203"}}` + "\n")
	})); err == nil || !strings.Contains(err.Error(), `the verdict "x" is none of`) {
		t.Errorf("a wrong word in the ledger: %v", err)
	}
}

// What counts say is counted, and not believed; a matrix that was broken off is read.
func TestReadMatrixCounts(t *testing.T) {
	m := resulttest.Matrix(2, 10)
	want := m.Count()
	m.Counts = map[result.CellVerdict]int{result.Pass: 1000}
	m.Ended = time.Time{}
	got, err := result.ReadMatrix(resulttest.Write(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got.Counts); d != "" {
		t.Error(d)
	}
}

func TestReadMatrixDamage(t *testing.T) {
	fail := "test-03[dut=frr@9.1,peer=bird@8.1]"
	for _, tt := range []struct {
		name, want string
		damage     func(*result.Matrix)
	}{
		{"another format", `it says "evidence/v1", want "matrix/v1"`, func(m *result.Matrix) { m.Reprise = "evidence/v1" }},
		{"no id", "it has no id or no suite", func(m *result.Matrix) { m.ID = "" }},
		{"no roles", "it names no roles", func(m *result.Matrix) { m.Roles = nil }},
		{"a negative number of labs", "labs, repeats and took cannot be negative", func(m *result.Matrix) { m.Labs = -1 }},
		{"a wrong word", `cells[0]: the verdict "passed" is none of pass, pass-with-note, flaky, fail,`, func(m *result.Matrix) { m.Cells[0].Verdict = "passed" }},
		{"a blank verdict", `the verdict "" is none of`, func(m *result.Matrix) { m.Cells[0].Verdict = "" }},
		{"an unknown test", `cells[0]: no test has the id "x"`, func(m *result.Matrix) { m.Cells[0].Test = "x" }},
		{"an unknown subject", `the role peer has "x", which is no subject of the matrix`, func(m *result.Matrix) { m.Cells[0].Subjects["peer"] = "x" }},
		{"a role too many", "it has a subject for the role x, and the roles are dut, peer", func(m *result.Matrix) { m.Cells[0].Subjects["x"] = "frr@8.1" }},
		{"another role", "it has a subject for the role x", func(m *result.Matrix) { m.Cells[0].Subjects = map[string]string{"dut": "frr@8.1", "x": "frr@8.1"} }},
		{"a cell twice", "cells[1]: test-00[dut=frr@8.1,peer=frr@8.1] is cells[0] already", func(m *result.Matrix) { m.Cells[1] = m.Cells[0] }},
		{"a subject twice", `subjects[1]: the name "frr@8.1" is empty or is there twice`, func(m *result.Matrix) { m.Subjects[1] = m.Subjects[0] }},
		{"a test twice", `tests[1]: the id "test-00" is empty or is there twice`, func(m *result.Matrix) { m.Tests[1] = m.Tests[0] }},
		{"more passed than valid", "passed 4 of valid 3 of trials 3, and took", func(m *result.Matrix) { m.Cells[0].Passed = 4 }},
		{"a negative count", "these are no counts", func(m *result.Matrix) { m.Cells[0].Valid, m.Cells[0].Passed = -1, -2 }},
		{"a pass that failed", "pass cannot be said of 2 passed of 3 valid trials", func(m *result.Matrix) { m.Cells[0].Passed = 2 }},
		{"a pass of nothing", "pass cannot be said of 0 passed of 0 valid trials", func(m *result.Matrix) { m.Cells[0].Passed, m.Cells[0].Valid = 0, 0 }},
		{"a fail that passed", "fail cannot be said of 3 passed", func(m *result.Matrix) { m.Cells[0].Verdict = result.Fail }},
		{"a flaky that always passed", "flaky cannot be said of 3 passed", func(m *result.Matrix) { m.Cells[0].Verdict = result.Flaky }},
		{"an interval the wrong way round", "the interval [0.9 0.1] is none of a proportion", func(m *result.Matrix) { m.Cells[0].Wilson = [2]float64{0.9, 0.1} }},
		{"an interval above 1", "is none of a proportion", func(m *result.Matrix) { m.Cells[0].Wilson[1] = 1.5 }},
		{"a run elsewhere", `the path "../other/run" leads out of its folder`, func(m *result.Matrix) { m.Cells[0].Run = "../other/run" }},
		{"a run of a matrix that is not beside it", `the path "../../b" leads out`, func(m *result.Matrix) { m.Cells[0].From, m.Cells[0].Run = "a", "../a/../../b" }},
		{"a rooted scenario", `the path "/etc" leads out of its folder`, func(m *result.Matrix) { m.Cells[0].Scenario = "/etc" }},
		{"a capture elsewhere", `the path "trials/../../x" leads out of its folder`, func(m *result.Matrix) { resulttest.Of(t, m, fail).Decisive[0].Capture = "trials/../../x" }},
		{"a frame before the first", "the decisive frame 0 is none", func(m *result.Matrix) { resulttest.Of(t, m, fail).Decisive[0].Frame = 0 }},
		{"an unknown kind", `deviation "frr-hello": the kind "x" is none of bug, unsupported, ours, specification`, func(m *result.Matrix) { resulttest.Of(t, m, fail).Deviation.Kind = "x" }},
		{"an unknown expectation", `deviation "frr-hello": it expects "x"`, func(m *result.Matrix) { resulttest.Of(t, m, fail).Deviation.Expect = "x" }},
		{"everything", "and 392 more", func(m *result.Matrix) {
			for i := range m.Cells {
				m.Cells[i].Verdict = "x"
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := resulttest.Matrix(3, 10)
			if tt.name == "everything" {
				m = resulttest.Matrix(5, 4)
			}
			tt.damage(m)
			got, err := result.ReadMatrix(resulttest.Write(t, m))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if got != nil {
				t.Error("it is read in spite of that")
			}
		})
	}
}

func TestReadMatrixFile(t *testing.T) {
	whole, err := json.Marshal(resulttest.Matrix(2, 10))
	if err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "matrix.json")
	if err := os.WriteFile(outside, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	linked := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(linked, result.MatrixFile)); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, result.MatrixFile), 0o700); err != nil {
		t.Fatal(err)
	}
	huge := resulttest.WriteText(t, nil)
	if err := os.Truncate(filepath.Join(huge, result.MatrixFile), plain.Data+1); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"cut":               {resulttest.WriteText(t, whole[:len(whole)/2]), "it ends in the middle, after "},
		"empty":             {resulttest.WriteText(t, nil), "it ends in the middle, after 0 bytes"},
		"no JSON":           {resulttest.WriteText(t, []byte("verdict: pass")), "invalid character"},
		"another type":      {resulttest.WriteText(t, []byte(`{"reprise":"matrix/v1","cells":7}`)), "cannot unmarshal number"},
		"a number too big":  {resulttest.WriteText(t, []byte(`{"reprise":"matrix/v1","labs":1e99}`)), "cannot unmarshal number"},
		"huge":              {huge, "the file is larger"},
		"a link out of it":  {linked, "path escapes"},
		"a folder":          {folder, "not a plain file"},
		"an empty folder":   {t.TempDir(), "is not there: name the folder that matrix run made"},
		"no folder":         {filepath.Join(t.TempDir(), "x"), "open matrix"},
		"a file, no folder": {outside, "open matrix"},
	} {
		if _, err := result.ReadMatrix(tt.dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

// Whatever stands in the file, reading it ends with a matrix that holds together, or an error.
func FuzzReadMatrix(f *testing.F) {
	whole, err := json.Marshal(resulttest.Matrix(1, 10))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:300])
	f.Add([]byte(`{"reprise":"matrix/v1","id":"a","suite":"b","roles":["r"],"subjects":[{"name":"x@1"}],"tests":[{"id":"t"}],"cells":[{"test":"t","subjects":{"r":"x@1"},"verdict":"flaky","passed":1,"valid":2,"trials":2}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := result.ReadMatrix(resulttest.WriteText(t, data))
		if err != nil {
			return
		}
		n := 0
		for _, k := range m.Counts {
			n += k
		}
		if n != len(m.Cells) {
			t.Errorf("%d cells are counted of %d", n, len(m.Cells))
		}
		bad := m.Counts[result.Fail] + m.Counts[result.Flaky]
		for _, p := range m.FindProblems() {
			bad -= len(p.Cells)
		}
		if bad != 0 {
			t.Errorf("%d bad cells are in no problem, or in two", bad)
		}
		d, err := result.DiffMatrices(m, m)
		if err != nil || len(d.NewlyFailing)+len(d.Fixed)+len(d.NewlyTested)+len(d.NoLongerTested) > 0 {
			t.Errorf("it differs from itself: %+v, %v", d, err)
		}
	})
}

// Cells with one deviation are a problem, and so are those that failed for one reason; numbers, addresses, the
// names of subjects and what was seen last make no other reason.
func TestFindProblems(t *testing.T) {
	m := resulttest.Matrix(3, 20)
	problems := m.FindProblems()
	type brief struct {
		Area, Kind, Where string
		Tests             []string
		Cells             int
	}
	var got []brief
	for _, p := range problems {
		got = append(got, brief{p.Area, p.Kind, p.Where, p.Tests, len(p.Cells)})
	}
	want := []brief{
		{"adjacency", "", "dut any; peer bird@8.5", []string{"test-05", "test-15"}, 12},
		{"authentication", "bug", "dut frr@9.1; peer any", []string{"test-03"}, 6},
		{"authentication", "", "dut frr@9.1; peer any", []string{"test-13"}, 6},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("problems (-want +got):\n%s", d)
	}
	known := problems[1]
	if known.Workaround != "Restart ospfd" || known.Description != "Hellos are sent with the interval of before (FRRouting/frr pull request 14056)" ||
		known.Recommendation != "Take version 11.1 or a newer one, which no longer has it" {
		t.Errorf("the known problem is %+v", known)
	}
	open := problems[2]
	if open.Description != `"the adjacency with 2.2.2.0 is Full": did not become true within 60s` || open.Workaround != "" ||
		open.Command != "reprise case from-cell matrices/20261129T101500Z-ospfv2-1f2e 'test-13[dut=frr@9.1,peer=frr@8.1]'" {
		t.Errorf("the open problem is %+v", open)
	}
}

// A flaky cell that failed for the reason of one that always fails has the same problem.
func TestFindProblemsOfFlaky(t *testing.T) {
	m := resulttest.Matrix(2, 1)
	resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=frr@8.1]", result.Fail).Reason = "no route to 10.0.0.1 within 60s; seen last: none"
	resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=frr@8.5]", result.Flaky).Reason = "1 of 3 passed; else: no route to fe80::1 within 60s; seen last: a default route"
	p := m.FindProblems()
	if len(p) != 1 || len(p[0].Cells) != 2 || p[0].Description != "no route to 10.0.0.1 within 60s" || p[0].Where != "dut frr@8.1; peer frr@8.1 or frr@8.5" {
		t.Errorf("%+v", p)
	}
}

// A deviation that expects a pass explains no failure: nobody has explained the cell.
func TestFindProblemsUnexplained(t *testing.T) {
	m := resulttest.Matrix(1, 1)
	c := resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=frr@8.1]", result.Fail)
	c.Reason = "no route to 10.0.0.1 within 60s"
	c.Deviation = &result.Deviation{ID: "slow", Kind: "unsupported", Reason: "It takes a while", Expect: result.PassWithNote}
	p := m.FindProblems()
	if len(p) != 1 || p[0].Kind != "" || p[0].Description != c.Reason || p[0].Command == "" {
		t.Errorf("%+v", p)
	}
}

func TestRecommendation(t *testing.T) {
	for want, d := range map[string]result.Deviation{
		"Do without it there, or take a version that offers it":                     {Kind: "unsupported"},
		"The specification leaves it open: configure both sides so that they agree": {Kind: "specification"},
		"Mend the test suite: no device is to blame":                                {Kind: "ours"},
		"No version without it is known: follow issue 7":                            {Kind: "bug", Reference: "issue 7"},
		"No version without it is known":                                            {Kind: "bug"},
		"Take version 9 or a newer one, which no longer has it":                     {Kind: "unsupported", Fixed: "9"},
	} {
		m := resulttest.Matrix(1, 1)
		c := resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=frr@8.1]", result.Fail)
		d.Expect = result.Fail
		c.Deviation = &d
		if p := m.FindProblems(); len(p) != 1 || p[0].Recommendation != want {
			t.Errorf("%+v, want %q", p, want)
		}
	}
}

// A name that a shell would act on is quoted in the command.
func TestFromCell(t *testing.T) {
	m := &result.Matrix{ID: "a b;c"}
	if got := m.FromCell("t[x='$(id)']"); got != `reprise case from-cell 'matrices/a b;c' 't[x='\''$(id)'\'']'` {
		t.Error(got)
	}
}

// Every pair of what a cell was and is falls into one kind of change, and silence is never one of failing or fixed.
func TestDiffMatrices(t *testing.T) {
	key := "test-00[dut=frr@8.1,peer=frr@8.1]"
	good := []result.CellVerdict{result.Pass, result.PassWithNote}
	silent := []result.CellVerdict{result.CellUnknown, result.Blocked, result.NotApplicable, result.NotTested, ""}
	for _, was := range append(result.CellVerdicts(), "") {
		for _, is := range append(result.CellVerdicts(), "") {
			if was == "" && is == "" {
				continue
			}
			want := ""
			switch saidNothing, saysNothing := slices.Contains(silent, was), slices.Contains(silent, is); {
			case saidNothing && saysNothing:
				want = "silent"
			case saidNothing:
				want = "newly tested"
			case is == result.CellUnknown || is == result.Blocked:
				want = "unknown now"
			case saysNothing:
				want = "no longer tested"
			case was == is || slices.Contains(good, was) && slices.Contains(good, is):
				want = "unchanged"
			case is == result.Fail:
				want = "newly failing"
			case is == result.Flaky:
				want = "became flaky"
			case was == result.Fail:
				want = "fixed"
			default:
				want = "no longer flaky"
			}
			sides := [2]*result.Matrix{resulttest.Matrix(1, 1), resulttest.Matrix(1, 1)}
			for i, v := range []result.CellVerdict{was, is} {
				sides[i].Cells = sides[i].Cells[:1]
				if v == "" {
					sides[i].Cells = nil
					continue
				}
				c := resulttest.Set(t, sides[i], key, v)
				// Other packages, and so many trials that the difference is none of chance.
				c.Digest = fmt.Sprint(i)
				c.Passed, c.Valid, c.Trials = 10*c.Passed, 10*c.Valid, 10*c.Trials
			}
			d, err := result.DiffMatrices(sides[0], sides[1])
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]int{"silent": d.Silent, "unchanged": d.Same()}
			for _, kind := range d.Changes() {
				got[kind.Name] = len(kind.Cells)
			}
			for name, n := range got {
				if (name == want) != (n == 1) {
					t.Errorf("%q to %q: %d %s, want it %s", was, is, n, name, want)
				}
			}
			decided := !slices.Contains(silent, was) && !slices.Contains(silent, is)
			if (d.Comparable == 1) != decided {
				t.Errorf("%q to %q: %d can be compared", was, is, d.Comparable)
			}
		}
	}
}

// What passes now was not fixed where as much was to be expected of what failed before.
func TestDiffMayBeChance(t *testing.T) {
	type share struct{ passed, valid int }
	for _, tt := range []struct {
		was, is share
		alike   bool
		want    string
	}{
		{share{0, 3}, share{1, 1}, false, "passes now, may be chance"},
		{share{1, 3}, share{1, 1}, false, "passes now, may be chance"},
		{share{0, 3}, share{3, 3}, false, "passes now, may be chance"},
		{share{0, 4}, share{4, 4}, false, "fixed"},
		{share{0, 4}, share{4, 4}, true, "passes now, may be chance"},
		{share{5, 10}, share{10, 10}, false, "passes now, may be chance"},
		{share{5, 10}, share{40, 40}, false, "no longer flaky"},
	} {
		old, m := resulttest.Matrix(1, 1), resulttest.Matrix(1, 1)
		o, n := &old.Cells[0], &m.Cells[0]
		o.Verdict, o.Passed, o.Valid, o.Trials = result.Fail, tt.was.passed, tt.was.valid, tt.was.valid
		if tt.was.passed > 0 {
			o.Verdict = result.Flaky
		}
		n.Passed, n.Valid, n.Trials = tt.is.passed, tt.is.valid, tt.is.valid
		if !tt.alike {
			n.Digest = "other"
		}
		d, err := result.DiffMatrices(old, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range d.Changes() {
			if (kind.Name == tt.want) != (len(kind.Cells) == 1) {
				t.Errorf("%v to %v, alike %t: %d %s, want it %s", tt.was, tt.is, tt.alike, len(kind.Cells), kind.Name, tt.want)
			}
		}
	}
}

// A change says what was and is, and whether anything was another; of what is tested anew what fails is first.
func TestDiffSays(t *testing.T) {
	old, m := resulttest.Matrix(2, 2), resulttest.Matrix(2, 2)
	key := "test-00[dut=frr@8.1,peer=bird@8.1]"
	c := resulttest.Set(t, m, key, result.Fail)
	c.Deviation = &result.Deviation{ID: "known-one", Expect: result.Flaky}
	resulttest.Set(t, old, "test-01[dut=frr@8.1,peer=frr@8.1]", result.NotTested)
	resulttest.Set(t, old, "test-01[dut=frr@8.5,peer=frr@8.1]", result.NotTested)
	resulttest.Set(t, m, "test-01[dut=frr@8.5,peer=frr@8.1]", result.Fail).Digest = "other"
	m.Digest = "other"
	d, err := result.DiffMatrices(old, m)
	if err != nil {
		t.Fatal(err)
	}
	want := []result.CellChange{{Key: key, Was: result.Pass, Is: result.Fail, WasPassed: 3, WasValid: 3, Valid: 3, Reason: "because of fail", Alike: true, Deviation: "known-one"}}
	if diff := cmp.Diff(want, d.NewlyFailing); diff != "" {
		t.Error(diff)
	}
	if n := d.NewlyTested; len(n) != 2 || n[0].Is != result.Fail || n[0].Alike || n[1].Is != result.Pass || !n[1].Alike {
		t.Errorf("newly tested %+v", n)
	}
	if !d.SuiteChanged {
		t.Error("the suite changed")
	}
	m.Suite = "bgp"
	if _, err := result.DiffMatrices(old, m); err == nil || !strings.Contains(err.Error(), "only runs of one suite have the same cells") {
		t.Errorf("two suites: %v", err)
	}
}

// What is known of a version explains a cell only where it came to that.
func TestKnown(t *testing.T) {
	for _, tt := range []struct {
		is, expect result.CellVerdict
		want       bool
	}{
		{result.Fail, result.Fail, true},
		{result.Flaky, result.Fail, true},
		{result.NotApplicable, result.NotApplicable, true},
		{result.CellUnknown, result.Fail, false},
		{result.NotTested, result.Fail, false},
		{result.Pass, result.Fail, false},
		{result.Fail, result.PassWithNote, false},
	} {
		old, m := resulttest.Matrix(1, 1), resulttest.Matrix(1, 1)
		const key = "test-00[dut=frr@8.1,peer=frr@8.1]"
		c := resulttest.Set(t, m, key, tt.is)
		c.Deviation = &result.Deviation{ID: "known-one", Expect: tt.expect}
		if got := c.Known() != nil; got != tt.want {
			t.Errorf("%s, expected %s: known %t", tt.is, tt.expect, got)
		}
		d, err := result.DiffMatrices(old, m)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range d.Changes() {
			for _, change := range kind.Cells {
				if (change.Deviation != "") != tt.want {
					t.Errorf("%s, expected %s: %s is known by %q", tt.is, tt.expect, kind.Name, change.Deviation)
				}
			}
		}
	}
}

// A decoded frame of a decisive one is kept as it is.
func TestDecisiveSeen(t *testing.T) {
	m := resulttest.Matrix(3, 4)
	got, err := result.ReadMatrix(resulttest.Write(t, m))
	if err != nil {
		t.Fatal(err)
	}
	c := resulttest.Of(t, got, "test-03[dut=frr@9.1,peer=bird@8.1]")
	if d := cmp.Diff(resulttest.Frame(), c.Decisive[0].Seen); d != "" || c.Decisive[0].Seen == (*evidence.Frame)(nil) {
		t.Error(d)
	}
}
