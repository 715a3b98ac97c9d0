package html_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/experiment"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/harness/result/resulttest"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
)

// writeMatrix renders a matrix beside its file. The runs of the failing cells are there for those that are named.
func writeMatrix(tb testing.TB, m, old *result.Matrix, withRuns ...string) string {
	tb.Helper()
	dir := resulttest.Write(tb, m)
	for _, key := range withRuns {
		run := filepath.Join(dir, resulttest.Of(tb, m, key).Run)
		if err := os.CopyFS(run, os.DirFS(reportstest.Frames(tb))); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(run, reports.RunPage), reportstest.Render(tb, run, html.Write), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	for _, key := range withRuns {
		keepOpinion(tb, dir, m, key)
	}
	opinions, left := m.ReadOpinions(dir)
	if len(left) > 0 || len(opinions) != len(withRuns) {
		tb.Fatalf("%d opinions are read, %v", len(opinions), left)
	}
	reports.CleanMatrix(m)
	reports.CleanOpinions(opinions)
	if old != nil {
		reports.CleanMatrix(old)
	}
	r, err := experiment.ReportMatrix(m, old)
	if err != nil {
		tb.Fatal(err)
	}
	r.Opinions = opinions
	v, err := reports.NewMatrix(r, dir)
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := html.Matrix(&b, v); err != nil {
		tb.Fatal(err)
	}
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// keepOpinion has a third speaker say of a failing cell what "matrix explain" writes: its dut fails with it too.
func keepOpinion(tb testing.TB, dir string, m *result.Matrix, key string) {
	tb.Helper()
	cell := *resulttest.Of(tb, m, key)
	again := cell
	again.Run = "runs/again"
	o := result.Opinion{Reprise: result.MatrixFormat, Matrix: m.ID, Cell: cell, Reference: "tester@1", Again: &again, Requirements: m.Requirements[:1]}
	for _, role := range m.Roles {
		side := result.OpinionSide{Role: role, Subject: cell.Subjects[role], Cell: &result.Cell{Verdict: result.Pass, Passed: 3, Valid: 3, Trials: 3, Run: "runs/" + role}}
		if role == m.Roles[0] {
			side.Cell.Verdict, side.Cell.Passed, side.Cell.Reason = result.Fail, 0, "it says nothing "+reportstest.Payload
		}
		o.Sides = append(o.Sides, side)
	}
	o.Settle()
	to := evidence.Dir{Path: filepath.Join(dir, result.OpinionsFolder, "20261129T120000Z-"+m.Suite+"-0001")}
	if err := evidence.WriteJSON(to.File(result.OpinionFile), o); err != nil {
		tb.Fatal(err)
	}
	if err := evidence.WriteFile(to.File("runs", m.Roles[0], reports.RunPage), []byte("<!DOCTYPE html><title>a run</title>")); err != nil {
		tb.Fatal(err)
	}
}

const failing = "test-03[dut=frr@9.1,peer=bird@8.5]"

func TestMatrixPage(t *testing.T) {
	b := browser(t)
	old := reportstest.SmallMatrix()
	old.ID = "older"
	resulttest.Set(t, old, failing, result.Pass)
	pages := map[string]string{
		"small":   writeMatrix(t, reportstest.SmallMatrix(), old, failing),
		"large":   writeMatrix(t, resulttest.Matrix(5, 100), nil),
		"hostile": writeMatrix(t, reportstest.HostileMatrix(t), reportstest.HostileMatrix(t)),
		"empty":   writeMatrix(t, &result.Matrix{Reprise: result.MatrixFormat, ID: "x", Suite: "y", Roles: []string{"dut"}}, nil),
	}
	for name, file := range pages {
		for size, wh := range map[string][2]int64{"desktop": {1280, 900}, "phone": {390, 844}} {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(name+"/"+size+"/"+scheme, func(t *testing.T) {
					p := open(b, t, file, wh[0], wh[1], scheme)
					for _, view := range []string{"as-matrix", "as-list"} {
						eval[bool](t, p, `document.getElementById("`+view+`").click() === undefined`)
						eval[bool](t, p, `(c => !c || c.click() === undefined)(document.querySelector(".c-fail[data-cell], .r[data-cell]"))`)
						if wide := eval[int64](t, p, "document.documentElement.scrollWidth"); wide > wh[0] {
							t.Errorf("%s: the page is %d wide at %d", view, wide, wh[0])
						}
						if low := eval[[]string](t, p, contrast); len(low) > 0 {
							t.Errorf("%s: too little contrast: %q", view, low)
						}
						shot(t, p, fmt.Sprintf("%s-%s-%s-%s", name, size, scheme, view))
					}
					if eval[bool](t, p, `window.owned !== undefined || document.querySelector("x7") !== null`) {
						t.Error("somebody's text is more than text")
					}
					p.quiet(t)
				})
			}
		}
	}
}

// shot keeps a picture of the page where SHOTS names a folder, for whoever looks.
func shot(t *testing.T, p *tab, name string) {
	t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	dir := os.Getenv("SHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	count = `document.getElementById("shown").textContent`
	rows  = `[...document.querySelectorAll("#plane .r[data-cell]")].map(r => r.innerText.replaceAll(/\s+/g, " "))`
)

// set gives a field a value as a person does.
func set(t *testing.T, p *tab, id, value string) {
	t.Helper()
	eval[bool](t, p, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event(e.tagName === "SELECT" ? "change" : "input", {bubbles: true})); return true })(document.getElementById(%q))`, value, id))
}

func expect(t *testing.T, p *tab, what, want string) {
	t.Helper()
	if got := eval[string](t, p, count); got != want {
		t.Errorf("%s: %q is shown, want %q", what, got, want)
	}
}

func TestMatrixFilter(t *testing.T) {
	old := resulttest.Matrix(5, 100)
	old.ID = "older"
	m := resulttest.Matrix(5, 100)
	resulttest.Set(t, m, "test-00[dut=frr@8.1,peer=frr@8.1]", result.Fail)
	fails := m.Counts[result.Fail]
	p := open(browser(t), t, writeMatrix(t, m, old), 1280, 900, "light")
	expect(t, p, "at first", "10000 of 10000 cells")
	set(t, p, "q", "TEST-14 frr@9.1")
	expect(t, p, "by text", "19 of 10000 cells")
	set(t, p, "q", "pull request 14056")
	expect(t, p, "by deviation", "30 of 10000 cells")
	set(t, p, "q", "no such thing")
	expect(t, p, "by what is not there", "0 of 10000 cells")
	set(t, p, "q", "")
	set(t, p, "f-test", "3")
	expect(t, p, "by test", "100 of 10000 cells")
	// One test alone is shown as subjects by subjects.
	if got := eval[string](t, p, `(p => p.getAttribute("aria-rowcount") + " " + p.getAttribute("aria-colcount") + " " + p.querySelector(".heads .name").textContent)(document.getElementById("pane"))`); got != "11 11 peer" {
		t.Errorf("the matrix of one test is %s", got)
	}
	set(t, p, "f-role-0", "2")
	expect(t, p, "by test and role", "10 of 10000 cells")
	eval[bool](t, p, `document.getElementById("clear").click() === undefined`)
	expect(t, p, "cleared", "10000 of 10000 cells")
	set(t, p, "f-change", "0")
	expect(t, p, "newly failing", "1 of 10000 cells")
	eval[bool](t, p, `document.getElementById("clear").click() === undefined`)
	// Only what fails: the others' buttons are taken off.
	eval[bool](t, p, `document.querySelectorAll("#f-verdicts button:not(.v-fail)").forEach(b => b.click()) === undefined`)
	expect(t, p, "by verdict", fmt.Sprintf("%d of 10000 cells", fails))
	if off := eval[int](t, p, `document.querySelectorAll("#f-verdicts button[aria-pressed=false]").length`); off != 7 {
		t.Errorf("%d verdicts are told to be off", off)
	}
	// The problem table leads to its cells.
	eval[bool](t, p, `document.querySelector('#problems a[href="#problem:1"]').click() === undefined`)
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](count+`.endsWith("those of problem 1")`)); err != nil {
		t.Errorf("the link of the problem shows %q: %v", eval[string](t, p, count), err)
	}
	p.quiet(t)
}

// No box is blank without a word: what the suite has no cell for is told from what the filters leave out.
func TestMatrixNotInSuite(t *testing.T) {
	m := reportstest.SmallMatrix()
	m.Cells = slices.DeleteFunc(m.Cells, func(c result.Cell) bool { return c.Key() == failing })
	m.Counts = m.Count()
	p := open(browser(t), t, writeMatrix(t, m, nil), 1280, 900, "light")
	const boxes = `[...document.querySelectorAll("#plane .b.none")].map(b => b.textContent + b.getAttribute("aria-label") + " " + b.title)`
	if d := cmp.Diff([]string{"×not in the suite not in the suite"}, eval[[]string](t, p, boxes)); d != "" {
		t.Error(d)
	}
	eval[bool](t, p, `document.querySelector("#f-verdicts .v-fail").click() === undefined`)
	if d := cmp.Diff([]string{"filtered out filtered out", "×not in the suite not in the suite"}, eval[[]string](t, p, boxes)); d != "" {
		t.Error(d)
	}
	p.quiet(t)
}

func TestMatrixSort(t *testing.T) {
	p := open(browser(t), t, writeMatrix(t, resulttest.Matrix(5, 100), nil), 1280, 900, "light")
	eval[bool](t, p, `document.getElementById("as-list").click() === undefined`)
	if got := eval[[]string](t, p, rows); len(got) < 10 || len(got) > 60 || !strings.HasPrefix(got[0], "test-00 frr@8.1 frr@8.1") {
		t.Fatalf("the list begins with %d rows %q", len(got), got[:min(3, len(got))])
	}
	eval[bool](t, p, `document.querySelector('[data-sort=verdict]').click() === undefined`)
	if got := eval[[]string](t, p, rows); !strings.Contains(got[0], "✗ fail 0 of 3") {
		t.Errorf("the worst is %q", got[0])
	}
	eval[bool](t, p, `document.querySelector('[data-sort=verdict]').click() === undefined`)
	if got := eval[[]string](t, p, rows); !strings.Contains(got[0], "· not tested") {
		t.Errorf("turned round, first is %q", got[0])
	}
	if got := eval[string](t, p, `document.querySelector('[data-sort=verdict]').parentElement.getAttribute("aria-sort")`); got != "descending" {
		t.Errorf("the order is told as %q", got)
	}
	set(t, p, "sort", "role0")
	if got := eval[[]string](t, p, rows); !strings.HasPrefix(got[0], "test-00 frr@8.1") {
		t.Errorf("by role, first is %q", got[0])
	}
	// What is far down is there when it is scrolled to.
	eval[bool](t, p, `(e => { e.scrollTop = e.scrollHeight; return true })(document.getElementById("pane"))`)
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`[...document.querySelectorAll("#plane .r")].some(r => r.getAttribute("aria-rowindex") === "10001")`)); err != nil {
		t.Errorf("the last row does not come: %v", err)
	}
	eval[bool](t, p, `document.getElementById("as-matrix").click() === undefined`)
	set(t, p, "sort", "verdict")
	if got := eval[string](t, p, `document.querySelector("#plane .r .name").textContent`); got != "test-03" {
		t.Errorf("the worst test is %q", got)
	}
	p.quiet(t)
}

// From a red cell to the frame that made it red it is three clicks at most, by mouse and by keys, on a desk and on a
// phone: the cell, the frame, and it is there with its fields.
func TestMatrixToFrame(t *testing.T) {
	b := browser(t)
	file := writeMatrix(t, reportstest.SmallMatrix(), nil, failing)
	for name, wh := range map[string][2]int64{"desktop": {1280, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			p := open(b, t, file, wh[0], wh[1], "light")
			const cell = `#plane [data-cell][title^="test-03[dut=frr@9.1,peer=bird@8.5]"]`
			const link = `#panel ol.decisive a`
			for _, click := range []string{cell, link} {
				if err := chromedp.Do(p.ctx, chromedp.WaitVisible(click), chromedp.Click(click)); err != nil { //nolint:contextcheck // the tab's
					t.Fatalf("%s: %v", click, err)
				}
				if click == cell {
					panelSays(t, p)
					shot(t, p, "panel-"+name)
					eval[bool](t, p, `document.querySelector("#panel .tried").scrollIntoView({block: "center"}) === undefined`)
					shot(t, p, "opinion-"+name)
				}
			}
			arrived(t, p, name)
		})
	}
	// One that no look of the run shows leads to its trial.
	t.Run("elsewhere", func(t *testing.T) {
		run := filepath.Join(filepath.Dir(file), "runs/test-03-2-4", reports.RunPage)
		p := open(b, t, run, 1280, 900, "light")
		eval[bool](t, p, `(document.querySelector("#trial-1").open = false, location.hash = "#frame-1-r9-eth9.pcapng-7", true)`)
		if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`document.querySelector("#trial-1").open`)); err != nil { //nolint:contextcheck // the tab's
			t.Errorf("the trial is not opened: %v", err)
		}
	})
	t.Run("keys", func(t *testing.T) {
		p := open(b, t, file, 1280, 900, "dark")
		// test-03 is the first row; its third dut's pair with bird is the sixth column.
		right := strings.Repeat(kb.ArrowRight, 5)
		if err := chromedp.Do(p.ctx, chromedp.Focus("#pane"), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(right), chromedp.KeyEvent(kb.Enter)); err != nil { //nolint:contextcheck // the tab's
			t.Fatal(err)
		}
		panelSays(t, p)
		if got := eval[string](t, p, `document.activeElement.id`); got != "panel" {
			t.Errorf("the focus is on %q", got)
		}
		if err := chromedp.Do(p.ctx, chromedp.KeyEvent(kb.Escape)); err != nil { //nolint:contextcheck // the tab's
			t.Fatal(err)
		}
		if !eval[bool](t, p, `document.getElementById("panel").hidden && document.activeElement.id === "pane"`) {
			t.Error("Escape does not close the cell, or loses the place")
		}
		if err := chromedp.Do(p.ctx, chromedp.KeyEvent(kb.Enter), chromedp.Focus("#panel ol.decisive a"), chromedp.KeyEvent(kb.Enter)); err != nil { //nolint:contextcheck // the tab's
			t.Fatal(err)
		}
		arrived(t, p, "keys")
	})
}

// panelSays looks at the panel of the failing cell.
func panelSays(t *testing.T, p *tab) {
	t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`document.getElementById("panel").checkVisibility()`)); err != nil {
		t.Fatalf("no panel: %v", err)
	}
	said := eval[string](t, p, `document.getElementById("panel").innerText`)
	for _, part := range []string{
		failing, "✗ fail", "0 of 3 valid trials", "95 % interval 0 to 56.1 %", "did not become true within 60s", "frr-hello (bug)", "Restart ospfd", "11.1",
		"A third opinion: look at frr@9.1 first", "fails with a third speaker too, and bird@8.5 does not", "frr@9.1 as dut, with tester@1 ✗ fail 0 of 3",
		"bird@8.5 as peer, with tester@1 ✓ pass 3 of 3", "the cell itself, once more ✗ fail 0 of 3", "What the test rests on:",
		"OSPF hello with another hello interval", "frame 130 of trials/0001/captures/r2-eth1.pcapng", "HelloInterval 5", "With this one side refuses what the other sent.",
		"reprise case from-cell 20261129T101500Z-ospfv2-1f2e 'test-03[dut=frr@9.1,peer=bird@8.5]'",
	} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), part) {
			t.Errorf("the panel does not say %q:\n%s", part, said)
		}
	}
	if got := eval[[]string](t, p, `[...document.querySelectorAll("#panel .tried a")].map(a => a.getAttribute("href"))`); len(got) != 1 ||
		got[0] != "opinions/20261129T120000Z-ospfv2-0001/runs/dut/report.html" {
		t.Errorf("the opinion leads to %q", got)
	}
	if got := eval[[]string](t, p, `[...document.querySelectorAll("#panel :not(.tried li)>a")].map(a => a.getAttribute("href"))`); len(got) != 3 ||
		got[0] != "runs/test-03-2-4/report.html" || got[1] != "runs/test-03-2-4/report.html#states-1" || got[2] != "runs/test-03-2-4/report.html#frame-1-r2-eth1.pcapng-130" {
		t.Errorf("the panel leads to %q", got)
	}
}

// arrived looks whether the frame is in sight with its fields.
func arrived(t *testing.T, p *tab, name string) {
	t.Helper()
	// The page that is left takes its scripts with it: first the other has to be there.
	if err := chromedp.Do(p.ctx, chromedp.WaitVisible(`tr[id="frame-1-r2-eth1.pcapng-130"]`)); err != nil {
		t.Fatalf("the frame is not shown: %v", err)
	}
	const there = `(r => r && r.checkVisibility() && r.getBoundingClientRect().top >= 0 && r.getBoundingClientRect().bottom <= innerHeight && r.innerText.includes("130"))(document.getElementById("frame-1-r2-eth1.pcapng-130"))`
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](there)); err != nil {
		t.Errorf("the frame is not in sight at %s: %v", eval[string](t, p, "location.href"), err)
	}
	if !eval[bool](t, p, `[...document.querySelectorAll("details.packet[open] .bits")].some(b => b.innerText.includes("HelloInterval"))`) {
		t.Error("its fields are closed")
	}
	shot(t, p, "frame-"+name)
}

// TestMatrixStructure checks what those who cannot see the page need.
func TestMatrixStructure(t *testing.T) {
	p := open(browser(t), t, writeMatrix(t, reportstest.SmallMatrix(), nil, failing), 1280, 900, "light")
	eval[bool](t, p, `document.querySelector(".b.c-fail").click() === undefined`)
	for what, expression := range map[string]string{
		"one main, one nav, one h1":   `["main", "nav", "h1"].every(s => document.querySelectorAll(s).length === 1)`,
		"no level of heading skipped": `[...document.querySelectorAll("h1,h2,h3,h4")].map(h => +h.tagName[1]).every((l, i, a) => i === 0 || l <= a[i-1] + 1)`,
		"every id once":               `(ids => new Set(ids).size === ids.length)([...document.querySelectorAll("[id]")].map(e => e.id))`,
		"every field named":           `[...document.querySelectorAll("input,select")].every(i => i.labels.length === 1)`,
		"what scrolls can be focused": `[...document.querySelectorAll("pre, .scroll, .pane")].every(e => e.tabIndex === 0)`,
		"every cell said":             `[...document.querySelectorAll("#plane [role=gridcell]")].every(e => e.getAttribute("aria-label"))`,
		"every cell has a sign":       `[...document.querySelectorAll("#plane .b[data-cell]")].every(e => e.textContent.trim() !== "")`,
		"rows are rows of a grid":     `document.querySelector("[role=grid][aria-rowcount]") && [...document.querySelectorAll("#plane > *")].every(e => e.getAttribute("role") === "row")`,
	} {
		if !eval[bool](t, p, "Boolean("+expression+")") {
			t.Errorf("not so: %s", what)
		}
	}
}

// BenchmarkMatrixPage measures, in the browser, how long 10 000 cells take to filter and to sort until the page is laid out anew.
func BenchmarkMatrixPage(b *testing.B) {
	p := open(browser(b), b, writeMatrix(b, resulttest.Matrix(5, 100), nil), 1280, 900, "light")
	timed := func(act string) float64 {
		v, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](`(() => { const t = performance.now(); `+act+`; document.body.offsetHeight; return performance.now() - t })()`))
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	field := func(id, value string) string {
		return fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event(e.tagName === "SELECT" ? "change" : "input", {bubbles: true})) })(document.getElementById(%q))`, value, id)
	}
	for _, view := range []string{"as-matrix", "as-list"} {
		took := map[string][]float64{}
		b.Run(view, func(b *testing.B) {
			timed(`document.getElementById("` + view + `").click()`)
			for b.Loop() {
				for name, act := range map[string]string{
					"filter": field("q", "frr@9"), "filter-none": field("q", ""), "sort-reason": field("sort", "reason"), "sort-verdict": field("sort", "verdict"), "sort-suite": field("sort", "suite"),
					"verdict": `document.querySelector("#f-verdicts .v-pass").click()`,
				} {
					took[name] = append(took[name], timed(act))
				}
			}
			for name, ms := range took {
				slices.Sort(ms)
				b.ReportMetric(ms[len(ms)/2], name+"-ms")
				b.ReportMetric(ms[len(ms)-1], name+"-worst-ms")
			}
		})
	}
}
