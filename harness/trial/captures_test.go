package trial_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// tape is a capture that writes what it is told.
type tape struct {
	spec    topologies.CaptureSpec
	marks   []string
	synced  int
	stopped int
	got     topologies.Captured
	err     error
}

func (c *tape) Mark(_ time.Time, text string) { c.marks = append(c.marks, text) }

func (c *tape) Sync(context.Context) (topologies.Captured, error) {
	c.synced++
	return c.got, c.err
}

func (c *tape) Stop() (topologies.Captured, error) {
	c.stopped++
	return c.got, c.err
}

const twoCaptures = `
evidence: {captures: ["r1:eth1", {endpoint: "r2:eth1", filter: arp, max: 2MB}]}
`

// captureEvents are what the record says of captures.
func captureEvents(t *testing.T, w *world) []evidence.Event {
	t.Helper()
	record, err := w.dir.Trial(1).Read()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(record.Events, func(e evidence.Event) bool { return e.Capture == nil })
}

// TestCaptures: they run from before the nodes start until the evidence is collected, are marked with
// what happened, and what they hold is in the record.
func TestCaptures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		var tapes []*tape
		w.provider.CaptureFn = func(s topologies.CaptureSpec) (topologies.Capture, error) {
			c := &tape{spec: s, got: topologies.Captured{Frames: 7, Bytes: 5}}
			if len(tapes) == 1 {
				c.got.Dropped, c.got.Discarded, c.got.Anew = 3, 4, 1
			}
			tapes = append(tapes, c)
			return c, errors.Join(os.MkdirAll(filepath.Dir(s.Path), 0o755), os.WriteFile(s.Path, []byte("tape\n"), 0o600))
		}
		w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) {
			w.broken.Store(true)
			return drivers.Exchange{Command: line}, nil
		}
		v := w.trial(t, t.Context(), planOf(t, deadly(breaks, looks)+twoCaptures, plan.Options{}))
		events := captureEvents(t, w)
		if len(tapes) != 2 || len(events) != 2 {
			t.Fatalf("%d captures, %d events, verdict %s %s", len(tapes), len(events), v.Verdict, v.Reason)
		}
		want := &evidence.Capture{
			File: "captures/r2-eth1.pcapng", Filter: "arp", Frames: 7, Bytes: 5, SHA256: evidence.SHA256([]byte("tape\n")), Dropped: 3, Discarded: 4, Max: 2_000_000, Anew: 1,
		}
		if diff := cmp.Diff(want, events[1].Capture); diff != "" {
			t.Error(diff)
		}
		const said = "7 frames, 5B; of those that match arp; the newest: 4 before them went at the bound of 2MB; not whole: the kernel lost 3; the interface was made anew 1 times"
		if e := events[1]; e.Outcome != evidence.OK || e.Lane != "r2:eth1" || e.Detail != said || e.Count != 0 || e.Capture.Frames != 7 {
			t.Errorf("%+v", e)
		}
		for _, c := range tapes {
			text := strings.Join(c.marks, "\n")
			for _, part := range []string{"deploy boot r1", "stimulus begins", "stimulus step stimulus[0] r1", "decided symptom[0]", "reprise +"} {
				if !strings.Contains(text, part) {
					t.Errorf("no mark has %q: %s", part, text)
				}
			}
			if c.stopped != 1 || !strings.Contains(c.spec.About, "trial 1") || c.spec.Ring != 16<<20 {
				t.Errorf("%+v", c)
			}
		}
	})
}

// TestCaptureLost: a capture that cannot be, or broke, is told, and decides nothing.
func TestCaptureLost(t *testing.T) {
	verdicts := map[evidence.Verdict]int{}
	for name, capture := range map[string]func(topologies.CaptureSpec) (topologies.Capture, error){
		"not captured: this lab has no way to listen at its cables": nil,
		"not captured: no socket":                                   func(topologies.CaptureSpec) (topologies.Capture, error) { return nil, errors.New("no socket") },
		"5 frames, 0B; the disk is full": func(topologies.CaptureSpec) (topologies.Capture, error) {
			return &tape{got: topologies.Captured{Frames: 5}, err: errors.New("the disk is full")}, nil
		},
		"0 frames, 0B; no such file or directory": func(topologies.CaptureSpec) (topologies.Capture, error) { return &tape{}, nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.provider.CaptureFn = capture
				v := w.trial(t, t.Context(), planOf(t, deadly(breaks, looks)+twoCaptures, plan.Options{}))
				verdicts[v.Verdict]++
				first, last, _ := strings.Cut(name, "; ")
				for _, e := range captureEvents(t, w) {
					if e.Outcome != evidence.Failed || strings.Contains(e.Detail, w.dir.Path) || !strings.HasPrefix(e.Detail, first) || !strings.HasSuffix(e.Detail, last) {
						t.Errorf("%+v", e)
					}
				}
				if n := len(captureEvents(t, w)); n != 2 {
					t.Errorf("%d events", n)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		verdicts[w.trial(t, t.Context(), planOf(t, deadly(breaks, looks), plan.Options{})).Verdict]++
	})
	if len(verdicts) != 1 {
		t.Errorf("captures decide: %v", verdicts)
	}
}

// A file says whose time its frames have wherever that is not the lab's.
func TestCaptureTime(t *testing.T) {
	for speed, said := range map[string]string{"1": "", "0.5": "; the clocks of the lab run 0.5x, the times of frames are real", "10": "; the clocks of the lab run 10x, the times of frames are real"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			factor, err := strconv.ParseFloat(speed, 64)
			if err != nil {
				t.Fatal(err)
			}
			w.clocked(factor, "")
			var about string
			w.provider.CaptureFn = func(s topologies.CaptureSpec) (topologies.Capture, error) {
				about = s.About
				return &tape{}, nil
			}
			_ = w.trial(t, t.Context(), planOf(t, strings.Replace(fast, "speed: 10", "speed: "+speed, 1)+twoCaptures, plan.Options{}))
			if _, rest, ok := strings.Cut(about, " trial 1"); !ok || rest != said {
				t.Errorf("at speed %s it says %q", speed, about)
			}
		})
	}
}
