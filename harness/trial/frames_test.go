package trial_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/judge"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

// frameTape is a capture of frames that are made.
type frameTape struct {
	spec topologies.CaptureSpec
	file bytes.Buffer
	ng   *pcapgo.NgWriter
	got  topologies.Captured
	err  error

	wall   func() time.Time // that gives frames their times
	marked []time.Time
}

func newFrameTape(s topologies.CaptureSpec) (*frameTape, error) {
	c := &frameTape{spec: s, wall: time.Now}
	var err error
	c.ng, err = pcapgo.NewNgWriterInterface(&c.file, pcapgo.NgInterface{Name: "x", LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}, pcapgo.DefaultNgWriterOptions)
	return c, err
}

// pass has a frame pass now.
func (c *frameTape) pass(way topologies.Way, data []byte) error {
	f := topologies.Frame{At: c.wall(), Way: way, Length: len(data), Data: data}
	flags := &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	if way == topologies.WayOut {
		flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
	}
	c.got.Frames++
	c.spec.Each(f)
	return c.ng.WritePacketWithOptions(gopacket.CaptureInfo{Timestamp: f.At, CaptureLength: len(data), Length: len(data)}, data, pcapgo.NgPacketOptions{Flags: flags})
}

func (c *frameTape) Mark(at time.Time, _ string) { c.marked = append(c.marked, at) }

func (c *frameTape) Sync(context.Context) (topologies.Captured, error) { return c.got, c.err }

func (c *frameTape) Stop() (topologies.Captured, error) {
	err := errors.Join(c.ng.WriteInterfaceStats(0, pcapgo.NgInterfaceStatistics{PacketsDropped: c.got.Dropped, PacketsReceived: c.got.Frames}), c.ng.Flush())
	return c.got, errors.Join(c.err, err, os.MkdirAll(filepath.Dir(c.spec.Path), 0o755), os.WriteFile(c.spec.Path, c.file.Bytes(), 0o600))
}

// arpRequest is one from 10.0.0.1 for 10.0.0.2.
func arpRequest(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString("ffffffffffff020000000001" + "0806" + "0001080006040001" + "020000000001" + "0a000001" + "000000000000" + "0a000002")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sees is a fixture with a condition over frames. That it holds before the stimulus already is no matter.
func sees(frame string) string {
	return head + `
stimulus: [{node: r1, configure: [break it]}]
symptom: [{name: seen, frame: {at: "r1:eth1", filter: arp}, may-hold-before: true, every: 10ms, ` + frame + "}]\n"
}

// sending has a request leave r1:eth1 in the baseline, and so many after it, a millisecond apart.
func sending(t *testing.T, w *world, n int, breaks func(*frameTape)) {
	t.Helper()
	var tape *frameTape
	w.provider.CaptureFn = func(s topologies.CaptureSpec) (topologies.Capture, error) {
		var err error
		tape, err = newFrameTape(s)
		tape.wall = w.wall
		return tape, err
	}
	w.platform.RunFn = func(string, string) (drivers.Exchange, error) {
		if tape.got.Frames == 0 {
			if err := tape.pass(topologies.WayOut, arpRequest(t)); err != nil {
				t.Error(err)
			}
			wait(t, time.Millisecond)
		}
		return drivers.Exchange{Output: "state is up"}, nil
	}
	w.platform.ConfigureFn = func(string, string) (string, error) {
		for range n {
			wait(t, time.Millisecond)
			if err := tape.pass(topologies.WayOut, arpRequest(t)); err != nil {
				t.Error(err)
			}
		}
		if breaks != nil {
			breaks(tape)
		}
		return "", nil
	}
}

func wait(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

// TestFrames: a condition over frames is decided by what the capture holds since the stimulus, and what it
// may lack is unknown.
func TestFrames(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		sent        int
		breaks      func(*frameTape)
		want        evidence.Verdict
		reason      string
	}{
		{"some came", "eventually: 100ms", 3, nil, evidence.Reproduced, ""},
		{"as many as came", "expect: count == 3 and json.bytes == 126, eventually: 100ms", 3, nil, evidence.Reproduced, ""},
		{"none came", "eventually: 100ms", 0, nil, evidence.NotReproduced, "no frame at r1:eth1"},
		{"what never came", "never: 100ms", 0, nil, evidence.Reproduced, ""},
		{"what came all the same", "never: 100ms", 1, nil, evidence.NotReproduced, "1 frame of 42 bytes"},
		{"their gap", "expect: json.gap > 0.0009 and json.gap < 0.0011, eventually: 100ms", 3, nil, evidence.Reproduced, ""},
		{"no gap between less than two", "expect: json.gap < 1, eventually: 100ms", 1, nil, evidence.Inconclusive, "gap"},
		{"what they are", `expect: 'all(rows, .kind == "arp" and .ipdst == "10.0.0.2" and .direction == "out") and len(rows) == 3', eventually: 100ms`, 3, nil, evidence.Reproduced, ""},
		{"more than are told", `expect: 'any(rows, .kind == "bgp")', eventually: 100ms`, 101, nil, evidence.Inconclusive, "101 frames are more than are told one by one"},
		{"the newest of more", `expect: 'json.newest[-1].number == 102 and len(json.newest) == 20', eventually: 100ms`, 101, nil, evidence.Reproduced, ""},
		{"lost: none came", "eventually: 100ms", 0, func(c *frameTape) { c.got.Dropped = 4 }, evidence.Inconclusive, "the kernel lost 4 frames at r1:eth1"},
		{"lost: how many came", "expect: count > 5, eventually: 100ms", 3, func(c *frameTape) { c.got.Dropped = 4 }, evidence.Inconclusive, "the kernel lost 4 frames"},
		{"lost: one is enough", "eventually: 100ms", 3, func(c *frameTape) { c.got.Dropped = 4 }, evidence.Reproduced, ""},
		{"at its bound", "expect: count > 5, eventually: 100ms", 3, func(c *frameTape) { c.got.Discarded = 4 }, evidence.Inconclusive, "the capture at r1:eth1 reached its bound"},
		{"broken", "expect: count > 5, eventually: 100ms", 3, func(c *frameTape) { c.err = errors.New("no space left") }, evidence.Inconclusive, "no space left"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				sending(t, w, tt.sent, tt.breaks)
				v := w.trial(t, t.Context(), planOf(t, sees(tt.frame), plan.Options{}))
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s\nwant %s: %s", v.Verdict, v.Reason, tt.want, tt.reason)
				}
			})
		})
	}
}

// TestFramesOfAClockThatIsSet: where the clock that gives frames their times is set while the trial runs,
// when they came is not known, and they decide nothing: neither by how many a window has, nor by their
// gaps. What happens is still put on the frames that come next.
func TestFramesOfAClockThatIsSet(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		by          time.Duration
		want        evidence.Verdict
	}{
		{"a gap of an hour", "expect: json.gap > 50, eventually: 100ms", time.Hour, evidence.Inconclusive},
		{"none since the stimulus", "never: 100ms", -time.Hour, evidence.Inconclusive},
		{"one is enough", "eventually: 100ms", time.Hour, evidence.Inconclusive},
		{"within a second", "expect: count == 5, eventually: 100ms", 60 * time.Millisecond, evidence.Inconclusive},
		{"too little to matter", "expect: count == 5, eventually: 100ms", 40 * time.Millisecond, evidence.Reproduced},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				var tape *frameTape
				var at time.Time
				sending(t, w, 3, func(c *frameTape) {
					tape, at = c, time.Now().Add(tt.by)
					w.set.Store(int64(tt.by))
					for range 2 {
						if err := c.pass(topologies.WayOut, arpRequest(t)); err != nil {
							t.Error(err)
						}
					}
				})
				v := w.trial(t, t.Context(), planOf(t, sees(tt.frame), plan.Options{}))
				if v.Verdict != tt.want || tt.want == evidence.Inconclusive && !strings.Contains(v.Reason, "the clock of this machine was set while the trial ran") {
					t.Errorf("%s: %s\nwant %s", v.Verdict, v.Reason, tt.want)
				}
				if got := w.unguarded(t, planOf(t, sees(tt.frame), plan.Options{})); tt.by.Abs() >= time.Hour && got.Verdict != evidence.Inconclusive {
					t.Errorf("by the capture alone: %s: %s", got.Verdict, got.Reason)
				}
				if last := tape.marked[len(tape.marked)-1]; last.Before(at) || last.After(at.Add(time.Minute)) {
					t.Errorf("the last mark is at %s, and the clock was set to %s", last, at)
				}
			})
		})
	}
}

// TestFramesOfAnotherMachine: where frames are told by the clock of another machine, which is known to within so much only, a trial that is
// decided by when they came says nothing where that is more than the margin, live and from the record. All else is decided as ever.
func TestFramesOfAnotherMachine(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name, frame string
		sent        int
		clock       *topologies.NodeClock
		want        evidence.Verdict
		reason      string
	}{
		{"of this one's clock", "eventually: 100ms", 3, nil, evidence.Reproduced, ""},
		{"known well", "eventually: 100ms", 20, &topologies.NodeClock{Within: 4 * ms, Measured: true}, evidence.Reproduced, ""},
		{"never measured", "eventually: 100ms", 20, &topologies.NodeClock{}, evidence.Inconclusive, "the clock of host right was not measured, and when things came there is not known"},
		{"before the stimulus, it may be", "eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "the clock of host right is known to within 50ms, and that decides: it is true, and would be false had all come so much earlier"},
		{"since the stimulus, it may be", "never: 100ms", 0, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "it is false, and would be true had all come so much later"},
		{"not since the stimulus", "eventually: 100ms", 0, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "it is false, and would be true had all come so much later"},
		{"as many as came", "expect: count == 3, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "it is true, and would be false"},
		{"a gap within what is certain", "expect: json.gap < 0.1, eventually: 100ms", 20, &topologies.NodeClock{Within: 5 * ms, Measured: true}, evidence.Reproduced, ""},
		{"a gap that may be none", "expect: json.gap < 0.1, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "had all come so much earlier"},
		{"whatever the clock", "expect: count < 100, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Reproduced, ""},
		{"one number between", "expect: count != 2, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "known to within 50ms, and that decides"},
		{"neither", "expect: count > 100, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.NotReproduced, ""},
		{"a silence that comes", "expect: json.silence > 0.08, eventually: 200ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Reproduced, ""},
		{"a silence that may have been", "expect: json.silence > 0.08, eventually: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Inconclusive, "had all come so much"},
		{"as many in all looks", "expect: count, unchanged: 100ms", 3, &topologies.NodeClock{Within: 50 * ms, Measured: true}, evidence.Reproduced, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				sending(t, w, tt.sent, nil)
				if tt.clock != nil {
					w.provider.NodeClockFn = func(node string, _ time.Time) topologies.NodeClock {
						c := *tt.clock
						if c.Host = "right"; node != "r1" {
							t.Errorf("the clock of %s is asked for", node)
						}
						return c
					}
				}
				p := planOf(t, sees(tt.frame), plan.Options{})
				v := w.trial(t, t.Context(), p)
				if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) {
					t.Errorf("%s: %s\nwant %s: %s", v.Verdict, v.Reason, tt.want, tt.reason)
				}
				record, err := w.dir.Trial(1).Read()
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(v, judge.Judge(p, 1, record)); diff != "" {
					t.Errorf("from the record (-live +again):\n%s", diff)
				}
			})
		})
	}
}

// unguarded judges the trial as one whose looks did not compare the clocks.
func (w *world) unguarded(t *testing.T, p *plan.Plan) evidence.TrialVerdict {
	t.Helper()
	record, err := w.dir.Trial(1).Read()
	if err != nil {
		t.Fatal(err)
	}
	for i := range record.Observations {
		if o := &record.Observations[i]; o.Probe == evidence.ProbeFrame {
			o.Error, o.Text = "", regexp.MustCompile(`"stepped":-?[0-9]+,`).ReplaceAllString(o.Text, "")
		}
	}
	return judge.Judge(p, 1, record)
}

// TestFramesOfEither: direction and since choose among the frames of one capture.
func TestFramesOfEither(t *testing.T) {
	for frame, want := range map[string]evidence.Verdict{
		`{at: "r1:eth1"}, expect: count == 3`:                                          evidence.Reproduced,
		`{at: "r1:eth1", direction: out}, expect: count == 2`:                          evidence.Reproduced,
		`{at: "r1:eth1", direction: in}, expect: count == 1`:                           evidence.Reproduced,
		`{at: "r1:eth1", direction: both, since: baseline}, expect: count == 4`:        evidence.Reproduced,
		`{at: "r1:eth1", since: baseline}, expect: count - before.count == 3`:          evidence.Reproduced,
		`{at: "r1:eth1", direction: in}, expect: count == 2`:                           evidence.NotReproduced,
		`{at: "r1:eth1", direction: in}, expect: 'rows[0].number == 3 and count == 1'`: evidence.Reproduced,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			var tape *frameTape
			sending(t, w, 1, func(c *frameTape) { tape = c })
			breaks := w.platform.ConfigureFn
			w.platform.ConfigureFn = func(node, line string) (string, error) {
				said, err := breaks(node, line)
				return said, errors.Join(err, tape.pass(topologies.WayIn, arpRequest(t)), tape.pass(topologies.WayOut, arpRequest(t)))
			}
			yaml := strings.Replace(sees("eventually: 100ms"), `{at: "r1:eth1", filter: arp}`, frame, 1)
			if v := w.trial(t, t.Context(), planOf(t, yaml, plan.Options{})); v.Verdict != want {
				t.Errorf("%s: %s: %s", frame, v.Verdict, v.Reason)
			}
		})
	}
}

// TestFramesNowhere: a lab in which nothing can be captured shows nothing, and one where it did not work is
// inconclusive; neither is waited for.
func TestFramesNowhere(t *testing.T) {
	for _, tt := range []struct {
		capture func(topologies.CaptureSpec) (topologies.Capture, error)
		kind    topologies.Kind
		want    evidence.Verdict
		reason  string
	}{
		{nil, "", evidence.NotApplicable, "this lab has no way to listen at its cables"},
		{nil, topologies.KindHardware, evidence.NotApplicable, "the cables of switches do not come by this machine"},
		{func(topologies.CaptureSpec) (topologies.Capture, error) {
			return nil, &topologies.MissingError{What: "ability", Name: "tap"}
		}, "", evidence.NotApplicable, "tap"},
		{func(topologies.CaptureSpec) (topologies.Capture, error) { return nil, errors.New("no socket") }, "", evidence.Inconclusive, "cannot be captured: no socket"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.provider.CaptureFn, w.provider.BuiltKind = tt.capture, tt.kind
			asked := false
			w.platform.ConfigureFn = func(string, string) (string, error) { asked = true; return "", nil }
			w.platform.ShellFn = func(_, line string) (drivers.Exchange, error) { return drivers.Exchange{Command: line}, nil }
			v := w.trial(t, t.Context(), planOf(t, sees("never: 100ms"), plan.Options{}))
			if v.Verdict != tt.want || !strings.Contains(v.Reason, tt.reason) || asked {
				t.Errorf("%s: %s, after the stimulus: %t\nwant %s: %s", v.Verdict, v.Reason, asked, tt.want, tt.reason)
			}
		})
	}
}

// TestFramesAgain: the same is counted again in the capture; one that is damaged makes unknown what was seen.
func TestFramesAgain(t *testing.T) {
	damage := []struct {
		name   string
		do     func(file string, data []byte) error
		reason string
	}{
		{"whole", func(string, []byte) error { return nil }, ""},
		{"cut off", func(file string, data []byte) error { return os.WriteFile(file, data[:len(data)-30], 0o600) }, "unexpected EOF"},
		{"cut off at a frame", func(file string, data []byte) error { return os.WriteFile(file, data[:len(data)/2], 0o600) }, "cannot be counted again"},
		{"gone", func(file string, _ []byte) error { return os.Remove(file) }, "captures/r1-eth1.pcapng is not there: no such file or directory"},
		{"empty", func(file string, _ []byte) error { return os.WriteFile(file, nil, 0o600) }, "unexpected EOF"},
		{"another", func(file string, data []byte) error {
			return os.WriteFile(file, bytes.ReplaceAll(data, []byte{10, 0, 0, 2}, []byte{10, 0, 0, 3}), 0o600)
		}, "its digest is another"},
	}
	for _, tt := range damage {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				sending(t, w, 3, nil)
				p := planOf(t, sees("expect: count == 3, eventually: 100ms"), plan.Options{})
				live := w.trial(t, t.Context(), p)
				file := w.dir.Trial(1).File("captures", "r1-eth1.pcapng")
				data, err := os.ReadFile(file)
				if err == nil {
					err = tt.do(file, data)
				}
				record, failed := w.dir.Trial(1).Read()
				if err = errors.Join(err, failed); err != nil {
					t.Fatal(err)
				}
				again := judge.Judge(p, 1, record)
				if tt.reason == "" {
					if diff := cmp.Diff(live, again); diff != "" || again.Verdict != evidence.Reproduced {
						t.Errorf("%s: %s\n%s", again.Verdict, again.Reason, diff)
					}
					return
				}
				if again.Verdict != evidence.Inconclusive || !strings.Contains(again.Reason, tt.reason) {
					t.Errorf("%s: %s\nwant %s", again.Verdict, again.Reason, tt.reason)
				}
				record.Dir = "" // of whom has no more than the record
				if v := judge.Judge(p, 1, record); v.Verdict != evidence.Reproduced {
					t.Errorf("without files: %s: %s", v.Verdict, v.Reason)
				}
			})
		})
	}
}

// TestFramesAtSpeed: times of frames are the lab's.
func TestFramesAtSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.clocked(10, "")
		sending(t, w, 3, nil)
		yaml := strings.Replace(sees("expect: json.gap > 0.009 and json.gap < 0.011 and json.first > 0.009, eventually: 10s"), "stimulus:", "clock: {speed: 10}\nstimulus:", 1)
		if v := w.trial(t, t.Context(), planOf(t, yaml, plan.Options{})); v.Verdict != evidence.Reproduced {
			t.Errorf("%s: %s", v.Verdict, v.Reason)
		}
	})
}
