package html_test

import (
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestWrite compares the body; style, script and their hashes are files of their own.
func TestWrite(t *testing.T) {
	fixed := regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|content="default-src[^"]*"`)
	for name, run := range map[string]func(testing.TB) string{
		"whole": reportstest.Whole, "control": reportstest.Control, "broken-off": reportstest.BrokenOff, "fast": reportstest.Fast,
	} {
		t.Run(name, func(t *testing.T) {
			page := fixed.ReplaceAll(reportstest.Render(t, run(t), html.Write), nil)
			reportstest.Golden(t, name+".html", page, *update)
		})
	}
}

// TestHostile checks that no tag of a device's reaches the page.
func TestHostile(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Hostile(t, 4000), html.Write))
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d script tags, want our own", n)
	}
	for _, bad := range []string{"<img", "<b>died", "<svg onload", "javascript:alert(1)\"", "\x00", "\x1b", "\u202e", "</pre></li>"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

// TestFrames: what a look at frames saw is a table of them, and none of it is more than text.
func TestFrames(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Frames(t), html.Write))
	for _, part := range []string{
		"125 frames of ip proto 89 at r2:eth1 in; 9000 bytes; the first at 0.004 s; the last at 9.500 s; the longest gap 3.250 s; 12.5 a second; none since for 0.500 s; 105 before these not shown",
		`<td class="num">130</td><td class="num">9.500000</td><td>in</td><td class="num">78</td><td class="mono">OSPF hello v2 router 1.1.1.1`, "&lt;img src=x",
		"<summary>Frame 130, field by field</summary>", `<td colspan="8"><span class="field">Rtr Pri</span> <b>1</b></td>`, `<span class="field">&lt;img src=x&gt;</span> <b>cut off</b>`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q", part)
		}
	}
	if strings.Contains(page, "<img src=x") {
		t.Error("not escaped")
	}
	// Links lead to a frame, in however many looks it is shown, and to the states of its trial.
	for _, id := range []string{` id="frame-1-r2-eth1.pcapng-130"`, ` data-frame="frame-1-r2-eth1.pcapng-130"`, ` id="states-1"`} {
		if n := strings.Count(page, id); n != 1 {
			t.Errorf("%s is there %d times", id, n)
		}
	}
}

// TestBounded checks the size of the page of a run with far too much in it.
func TestBounded(t *testing.T) {
	livetest.Long(t, "writes 200 MB")
	page := reportstest.Render(t, reportstest.Hostile(t, 50<<20), html.Write)
	if len(page) > 3<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if !strings.Contains(string(page), "bytes not shown, see trials/0001/observations.ndjson") {
		t.Error("the page does not say where the rest is")
	}
}

func TestManyTrials(t *testing.T) {
	trials := make([]reportstest.Trial, 60)
	for i := range trials {
		trials[i] = reportstest.Trial{Verdict: evidence.Inconclusive, Reason: "the lab broke", Other: []string{"r2: zebra died"}, Text: reportstest.Attack(100 << 10)}
	}
	page := reportstest.Render(t, reportstest.Make(t, reportstest.Info("20260301T141500Z-many-5f6a", 60), trials...), html.Write)
	if len(page) > 4<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	if !strings.Contains(string(page), "6 of 60 trials in full") {
		t.Error("the page does not say how many trials it shows in full")
	}
}

// TestEverywhere: no text of a run is more than text, in whatever field it stands.
func TestEverywhere(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Everywhere(t), html.Write))
	if i := strings.Index(page, "<x7>"); i >= 0 {
		t.Errorf("not escaped: …%s…", page[max(i-100, 0):min(i+100, len(page))])
	}
	if strings.ContainsAny(page, "\x1b\u202e") {
		t.Error("a terminal would act on it")
	}
	if !strings.Contains(page, "&lt;x7&gt;") {
		t.Error("the words are not there")
	}
}

// TestHosts: of a run that a fleet made the page lists the machines, and which trials each executed.
func TestHosts(t *testing.T) {
	page := string(reportstest.Render(t, reportstest.Fleet(t), html.Write))
	for _, want := range []string{
		`<dt>Host</dt><dd>workers of a fleet: <br>&lt;b&gt;rack-4: <span class="dim">trial 3</span><br>rack-3, Debian 12, kernel 6.1.0, amd64, 4 CPUs: <span class="dim">trials 1–2, 4</span></dd>`,
	} {
		if !strings.Contains(page, want) {
			at := strings.Index(page, "<dt>Host</dt>")
			t.Errorf("want %s in\n%s", want, page[at:at+300])
		}
	}
}
