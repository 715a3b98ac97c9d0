package html_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/reprise-lab/reprise/reports/html"
	"github.com/reprise-lab/reprise/reports/reportstest"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// browser starts Chromium, which all pages of a test share.
func browser(tb testing.TB) context.Context {
	tb.Helper()
	livetest.Long(tb, "a browser draws pages")
	var binary string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			binary = p
			break
		}
	}
	if binary == "" {
		tb.Skip("no chromium on this machine") //nolint:forbidigo // it is a browser of 300 MB, which CI does not install
	}
	ctx, cancel := context.WithTimeout(tb.Context(), 2*time.Minute)
	tb.Cleanup(cancel)
	options := chromedp.DefaultExecAllocatorOptions[:]
	options = append(options, chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(tb.TempDir()),
		chromedp.Env("TMPDIR="+tb.TempDir())) // what it leaves when it is ended
	for _, flag := range []string{"disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, stop := chromedp.NewExecAllocator(ctx, options...)
	tb.Cleanup(stop)
	return allocator
}

// tab is one page in a browser, with all that it asked for and complained of.
type tab struct {
	ctx context.Context //nolint:containedctx // to chromedp, a tab is its context

	mu       sync.Mutex
	requests []string
	console  []string
}

// open shows a file at a size and in a colour scheme.
func open(b context.Context, tb testing.TB, file string, width, height int64, scheme string) *tab {
	tb.Helper()
	ctx, cancel := chromedp.NewContext(b)
	tb.Cleanup(cancel)
	p := &tab{ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		tb.Fatalf("start chromium: %v", err)
	}
	console := chromedp.Console(ctx)
	requests := chromedp.Events(ctx, network.RequestWillBeSent)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.console = append(p.console, m.String())
			p.mu.Unlock()
		}
	}()
	go func() {
		for r, err := range requests {
			if err != nil {
				return
			}
			p.mu.Lock()
			p.requests = append(p.requests, r.Request.URL)
			p.mu.Unlock()
		}
	}()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
		tb.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())); err != nil {
		tb.Fatal(err)
	}
	return p
}

// eval gives the value of an expression in the page.
func eval[T any](t *testing.T, p *tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// quiet checks that the page asked for itself alone and did not complain.
func (p *tab) quiet(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.requests {
		if !strings.HasPrefix(u, "file:") && !strings.HasPrefix(u, "data:") {
			t.Errorf("the page asked for %s", u)
		}
	}
	if n := len(p.requests); n == 0 || n > 2 {
		t.Errorf("%d requests %q, want the page, and its empty icon at most", n, p.requests)
	}
	for _, m := range p.console {
		t.Errorf("console: %s", m)
	}
}

func write(t *testing.T, run string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, reportstest.Render(t, run, html.Write), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPage(t *testing.T) {
	b := browser(t)
	pages := map[string]string{
		"whole": write(t, reportstest.Whole(t)), "broken-off": write(t, reportstest.BrokenOff(t)),
		"hostile": write(t, reportstest.Hostile(t, 40<<10)), "frames": write(t, reportstest.Frames(t)),
	}
	sizes := map[string][2]int64{"desktop": {1280, 900}, "phone": {390, 844}}
	for name, file := range pages {
		for size, wh := range sizes {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(name+"/"+size+"/"+scheme, func(t *testing.T) {
					p := open(b, t, file, wh[0], wh[1], scheme)
					eval[bool](t, p, `document.querySelectorAll("details").forEach(d => d.open = true) === undefined`)
					if wide := eval[int64](t, p, "document.documentElement.scrollWidth"); wide > wh[0] {
						t.Errorf("the page is %d wide at %d", wide, wh[0])
					}
					if eval[bool](t, p, `window.owned !== undefined || document.title === "owned"`) {
						t.Error("a device's script ran")
					}
					if low := eval[[]string](t, p, contrast); len(low) > 0 {
						t.Errorf("too little contrast: %q", low)
					}
					png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot()) //nolint:contextcheck // the tab's
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(t.TempDir(), "page.png"), png, 0o600); err != nil {
						t.Fatal(err)
					}
					p.quiet(t)
				})
			}
		}
	}
}

// contrast lists visible texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const contrast = `(() => {
  const parse = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const e of document.querySelectorAll("body *:not(svg *)")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const a = light(parse(getComputedStyle(e).color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
  }
  return [...low];
})()`

func TestSearch(t *testing.T) {
	p := open(browser(t), t, write(t, reportstest.Whole(t)), 1280, 900, "light")
	const trial = "#trial-2 "
	if err := chromedp.Do(p.ctx, chromedp.WaitVisible("#q-2"), chromedp.SendKeys("#q-2", "exstart")); err != nil {
		t.Fatal(err)
	}
	found, err := chromedp.Run(p.ctx, chromedp.Poll[string](`document.querySelector("`+trial+`output").textContent`))
	if err != nil {
		t.Fatal(err)
	}
	// The symptom's text is in the transcript and in the log.
	if !strings.HasPrefix(found, "2 of ") {
		t.Errorf("the search says %q, want 2 lines", found)
	}
	shown := eval[[]string](t, p, `[...document.querySelectorAll("`+trial+`details.lines[open] li")].filter(l => l.checkVisibility()).map(l => l.textContent)`)
	if len(shown) != 2 || !strings.Contains(shown[0]+shown[1], "ExStart") {
		t.Errorf("the lines shown are %q", shown)
	}
	p.quiet(t)
}

// What happened moves apart when the timeline is drawn out, and nothing changes its size; the lanes' names stay in
// sight, and no second is lost.
func TestZoom(t *testing.T) {
	for name, wh := range map[string][2]int64{"desktop": {1280, 900}, "phone": {390, 844}} {
		t.Run(name, func(t *testing.T) {
			p := open(browser(t), t, write(t, reportstest.Frames(t)), wh[0], wh[1], "light")
			eval[bool](t, p, `document.querySelectorAll("details.trial").forEach(d => d.open = true) === undefined`)
			const (
				width  = `document.querySelector("svg.timeline").getBoundingClientRect().width`
				height = `document.querySelector("svg.timeline").getBoundingClientRect().height`
				hits   = `[...document.querySelectorAll("svg.timeline .hit")].map(e => e.getBoundingClientRect().left)`
				second = `document.querySelectorAll("svg.timeline .second").length`
			)
			wide, high, apart, ticks := eval[float64](t, p, width), eval[float64](t, p, height), eval[[]float64](t, p, hits), eval[int](t, p, second)
			if len(apart) != 20 {
				t.Fatalf("%d frames are shown", len(apart))
			}
			eval[bool](t, p, `document.querySelectorAll(".zoom button")[1].click() === undefined`)
			if err := chromedp.Do(p.ctx, chromedp.Focus("figure.plot"), chromedp.KeyEvent("+")); err != nil {
				t.Fatal(err)
			}
			drawn := eval[[]float64](t, p, hits)
			if grown := (drawn[19] - drawn[0]) / (apart[19] - apart[0]); grown < 3.9 || grown > 4.1 {
				t.Errorf("frames are %.2f times further apart, want 4", grown)
			}
			if now := eval[float64](t, p, height); now < high-1 || now > high+1 {
				t.Errorf("it is %.0f high, and was %.0f", now, high)
			}
			if now := eval[int](t, p, second); now < 2*ticks {
				t.Errorf("%d seconds are written, and %d were", now, ticks)
			}
			eval[bool](t, p, `(document.querySelector("figure.plot").scrollLeft = 300, true)`)
			if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`(at => Math.abs(at.left - document.querySelector("figure.plot").getBoundingClientRect().left) < 8)(document.querySelector("svg.timeline .lane").getBoundingClientRect())`)); err != nil {
				t.Errorf("a lane's name went out of sight: %v", err)
			}
			eval[bool](t, p, `document.querySelectorAll(".zoom button")[2].click() === undefined`)
			if now := eval[float64](t, p, width); now < wide-1 || now > wide+1 {
				t.Errorf("it is %.0f wide in the end, and was %.0f", now, wide)
			}
			p.quiet(t)
		})
	}
}

func TestKeyboard(t *testing.T) {
	p := open(browser(t), t, write(t, reportstest.Whole(t)), 1280, 900, "dark")
	const isOpen = `document.querySelector("#trial-1").open`
	if eval[bool](t, p, isOpen) || !eval[bool](t, p, `document.querySelector("#trial-2").open`) {
		t.Error("want the first reproduced trial open, and no other")
	}
	if err := chromedp.Do(p.ctx, chromedp.Focus("#trial-1 > summary"), chromedp.KeyEvent(kb.Enter)); err != nil {
		t.Fatal(err)
	}
	if !eval[bool](t, p, isOpen) {
		t.Error("Enter on its summary did not open the trial")
	}
	// A link to a closed trial opens it.
	eval[bool](t, p, `location.hash = "#trial-4", true`)
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](`document.querySelector("#trial-4").open`)); err != nil {
		t.Errorf("the link did not open the trial: %v", err)
	}
	p.quiet(t)
}

// TestStructure checks what those who cannot see the page need.
func TestStructure(t *testing.T) {
	p := open(browser(t), t, write(t, reportstest.Whole(t)), 1280, 900, "light")
	for what, expression := range map[string]string{
		"one main, one nav, one h1":   `["main", "nav", "h1"].every(s => document.querySelectorAll(s).length === 1)`,
		"no level of heading skipped": `[...document.querySelectorAll("h1,h2,h3,h4")].map(h => +h.tagName[1]).every((l, i, a) => i === 0 || l <= a[i-1] + 1)`,
		"every id once":               `(ids => new Set(ids).size === ids.length)([...document.querySelectorAll("[id]")].map(e => e.id))`,
		"every field named":           `[...document.querySelectorAll("input")].every(i => i.labels.length === 1)`,
		"every drawing described":     `[...document.querySelectorAll("svg")].every(s => s.getAttribute("role") === "img" && s.getAttribute("aria-label"))`,
		"what scrolls can be focused": `[...document.querySelectorAll("pre, .scroll, .tx")].every(e => e.tabIndex === 0)`,
		"links lead somewhere":        `[...document.querySelectorAll("a")].every(a => document.querySelector(a.getAttribute("href")))`,
	} {
		if !eval[bool](t, p, expression) {
			t.Errorf("not so: %s", what)
		}
	}
}
