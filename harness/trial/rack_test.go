package trial_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/harnesstest"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/trial"
	"github.com/reprise-lab/reprise/topologies"
)

// onRack is a scenario on two switches that were there before: what is configured on sw1 breaks it.
const onRack = `
reprise: v1
id: rack
title: The switch does not forward
topology:
  nodes: {sw1: {image: none}, sw2: {image: none}}
  links: [{endpoints: ["sw1:eth1", "sw2:eth1"]}]
nodes: {sw1: {platform: switch, config: sw1.cfg}, sw2: {platform: switch}}
baseline: [{name: healthy, node: sw1, run: show, expect: 'not (text contains "broken")', eventually: 1s, every: 10ms}]
stimulus: [{node: sw1, configure: ["broken {{eth1}}"]}]
symptom: [{name: broken, node: sw1, run: show, expect: 'text contains ("broken " + ports.eth1)', eventually: 200ms, every: 50ms}]
evidence: {tech-support: [sw1]}
control: {without: [stimulus.0]}
trials: {reset: config}
`

// rackSeries runs trials of a scenario on a rack, and gives their verdicts and the record.
func rackSeries(t *testing.T, r *harnesstest.Rack, yaml string, trials int) ([]evidence.TrialVerdict, evidence.Dir) {
	t.Helper()
	p := planWith(t, yaml, map[string]string{"sw1.cfg": "hostname sw1\n"}, plan.Options{Trials: trials})
	s, err := trial.NewSeries(t.Context(), p, t.TempDir(), trial.Environment{Provider: r, Registry: r.Registry()}, evidence.Tool{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []evidence.TrialVerdict
	for range trials {
		v, err := s.Try(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, v)
	}
	if err := s.Close(t.Context()); err != nil && r.RestoreFn == nil {
		t.Errorf("close: %v", err)
	}
	if s.Trials() != trials {
		t.Errorf("%d trials", s.Trials())
	}
	if run, _, err := s.Summarise(); err != nil || run.Planned != trials {
		t.Errorf("%+v, %v", run, err)
	}
	return verdicts, s.Dir()
}

func verdict(t *testing.T, v evidence.TrialVerdict, want evidence.Verdict, reason string) {
	t.Helper()
	if v.Verdict != want || !strings.Contains(v.Reason, reason) {
		t.Errorf("%s (%s), want %s (…%s…)", v.Verdict, v.Reason, want, reason)
	}
}

// A switch gets its own configuration back between two trials and after the last, its restore
// point is kept before anything is configured, and what evidence it gave says where it is from.
func TestRack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &harnesstest.Rack{
			PortsFn:  func(string) map[string]string { return map[string]string{"eth1": "1:5"} },
			MarksFn:  func(string) []string { return []string{"licence"} },
			DeviceFn: func(_ string, d *topologies.Device) { d.Marks = []string{"borrowed"} },
		}
		var journal []string
		r.ConfigureFn = func(_, line string) string {
			journal = append(journal, line+" after "+strings.Join(r.Journal()[:1], ""))
			return ""
		}
		verdicts, dir := rackSeries(t, r, onRack, 2)
		for _, v := range verdicts {
			verdict(t, v, evidence.Reproduced, "")
			if !slices.Equal(v.Marks, []string{"borrowed", "licence"}) {
				t.Errorf("marks %q", v.Marks)
			}
		}
		for _, line := range journal {
			if !strings.Contains(line, " after keep sw") {
				t.Errorf("configured %s", line)
			}
		}
		if len(journal) != 4 || !strings.HasPrefix(journal[1], "broken 1:5 ") {
			t.Errorf("configured %q", journal)
		}
		entries := r.Journal()
		slices.Sort(entries)
		if diff := cmp.Diff([]string{"keep sw1", "keep sw2", "restored sw1", "restored sw2"}, entries); diff != "" {
			t.Error(diff)
		}
		for _, sw := range []string{"sw1", "sw2"} {
			if !slices.Equal(r.Running(sw), []string{"factory"}) || len(r.Saved(sw)) != 0 {
				t.Errorf("%s runs %q, with %q saved", sw, r.Running(sw), r.Saved(sw))
			}
			if len(r.Log(sw)) != 2 || !strings.Contains(r.Log(sw)[1], "trial 2: the stimulus begins") {
				t.Errorf("%s logged %q", sw, r.Log(sw))
			}
		}
		if r.Up() != 0 {
			t.Errorf("%d labs are up", r.Up())
		}
		tech, err := os.ReadFile(dir.Trial(1).File("files", "sw1", "tech-support.txt"))
		if err != nil || string(tech) != "half of it\n" {
			t.Errorf("%q, %v", tech, err)
		}
		record, err := dir.Trial(1).Read()
		if err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(record.Events, func(e evidence.Event) bool {
			return e.Name == "tech-support" && strings.Contains(e.Detail, "not complete; missing: its end")
		})
		if !said {
			t.Error("half a tech-support is taken for whole")
		}
	})
}

// A device that is not what the inventory says is not touched; one whose restore point cannot be
// kept is not configured; one that cannot be brought back is given to nobody.
func TestRackRefuses(t *testing.T) {
	t.Run("another serial number", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &harnesstest.Rack{DeviceFn: func(node string, d *topologies.Device) {
				if node == "sw1" {
					d.Serial = "S-other"
				}
			}}
			verdicts, _ := rackSeries(t, r, onRack, 1)
			verdict(t, verdicts[0], evidence.Inconclusive, `device rack-sw1 says its serial number is "S-sw1", and the inventory says "S-other": it is not touched`)
			if !slices.Equal(r.Running("sw1"), []string{"factory"}) || slices.Contains(r.Journal(), "keep sw1") {
				t.Errorf("it was touched: %q, %q", r.Running("sw1"), r.Journal())
			}
		})
	})
	t.Run("the disk is full", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &harnesstest.Rack{KeepFn: func(string) error { return errors.New("the disk is full") }}
			verdicts, _ := rackSeries(t, r, onRack, 1)
			verdict(t, verdicts[0], evidence.Inconclusive, "keep the restore point: the disk is full")
			if !slices.Equal(r.Running("sw1"), []string{"factory"}) || len(r.Saved("sw1")) != 0 {
				t.Errorf("it was touched: %q, %q", r.Running("sw1"), r.Saved("sw1"))
			}
		})
	})
	t.Run("it does not come back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &harnesstest.Rack{RestoreFn: func(node string) error {
				if node == "sw1" {
					return errors.New("it hangs")
				}
				return nil
			}}
			verdicts, _ := rackSeries(t, r, onRack, 1)
			verdict(t, verdicts[0], evidence.Reproduced, "")
			if !slices.Contains(r.Journal(), "quarantine sw1: it hangs") || !slices.Contains(r.Journal(), "restored sw2") {
				t.Errorf("%q", r.Journal())
			}
		})
	})
	t.Run("it does not come back between two trials", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &harnesstest.Rack{RestoreFn: func(string) error { return errors.New("it hangs") }}
			verdicts, _ := rackSeries(t, r, onRack, 2)
			verdict(t, verdicts[0], evidence.Reproduced, "")
			verdict(t, verdicts[1], evidence.Inconclusive, "it hangs")
		})
	})
	t.Run("lines that no restore point undoes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &harnesstest.Rack{}
			verdicts, _ := rackSeries(t, r, strings.Replace(onRack, `"broken {{eth1}}"`, `"save all"`, 1), 1)
			verdict(t, verdicts[0], evidence.Inconclusive, "which no restore point undoes")
			if slices.Contains(r.Running("sw1"), "save all") {
				t.Error("it was sent")
			}
		})
	})
	t.Run("a port that is not there", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			verdicts, _ := rackSeries(t, &harnesstest.Rack{}, strings.Replace(onRack, "{{eth1}}", "{{eth1}} {{eth9}}", 1), 1)
			verdict(t, verdicts[0], evidence.Inconclusive, "{{eth9}} is no interface of the node")
		})
	})
}

// What the inventory says of a device holds in every trial: one that is a simulator shows
// nothing in the second either, though nobody asks again.
func TestRackMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &harnesstest.Rack{DeviceFn: func(_ string, d *topologies.Device) { d.Marks = []string{"simulated"} }}
		verdicts, _ := rackSeries(t, r, onRack, 2)
		for _, v := range verdicts {
			verdict(t, v, evidence.NotApplicable, "made on a simulator")
		}
	})
}

// A lab that is taken away is not touched any more, not even to bring it back.
func TestRackLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &harnesstest.Rack{}
		r.ConfigureFn = func(_, line string) string {
			if strings.HasPrefix(line, "broken") {
				r.Lose()
			}
			return ""
		}
		p := planWith(t, onRack, map[string]string{"sw1.cfg": "hostname sw1\n"}, plan.Options{Trials: 1})
		s, err := trial.NewSeries(t.Context(), p, t.TempDir(), trial.Environment{Provider: r, Registry: r.Registry()}, evidence.Tool{})
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Try(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		verdict(t, v, evidence.Inconclusive, "taken away")
		if err := s.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "its devices are left as they are") {
			t.Errorf("close: %v", err)
		}
		if !slices.Contains(r.Running("sw1"), "hostname sw1") || slices.Contains(r.Journal(), "restored sw1") {
			t.Errorf("runs %q, journal %q", r.Running("sw1"), r.Journal())
		}
	})
}

// A lab without a hand on its cables takes a link down at a switch's port, and can neither drop
// frames nor do it to a port that it does not have.
func TestRackFaults(t *testing.T) {
	with := func(step, expect string) string {
		text := strings.Replace(onRack, `{node: sw1, configure: ["broken {{eth1}}"]}`, step, 1)
		return strings.Replace(text, `text contains ("broken " + ports.eth1)`, expect, 1)
	}
	ports := func(string) map[string]string { return map[string]string{"eth1": "1:5"} }
	for _, tt := range []struct {
		name, step, expect string
		want               evidence.Verdict
		reason             string
	}{
		{"down", "{link: 'sw1:eth1', fault: down}", `text contains "down: 1:5"`, evidence.Reproduced, ""},
		{"down for a moment", "{link: 'sw1:eth1', fault: down, for: 10ms}", `text contains "down: 1:5"`, evidence.NotReproduced, ""},
		{"flap", "{link: 'sw1:eth1', fault: flap, times: 2, for: 10ms, every: 10ms}", `text contains "down: 1:5"`, evidence.NotReproduced, ""},
		{"drop", "{link: 'sw1:eth1', fault: drop}", `text contains "down: 1:5"`, evidence.NotApplicable, "drop: not supported"},
		{"restart", "{node: sw1, fault: restart}", `not (text contains "1:5")`, evidence.Inconclusive, "before the stimulus already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &harnesstest.Rack{PortsFn: ports}
				verdicts, _ := rackSeries(t, r, with(tt.step, tt.expect), 1)
				verdict(t, verdicts[0], tt.want, tt.reason)
				if restarted := r.Reboots("sw1") > 0; restarted != (tt.name == "restart") {
					t.Errorf("restarted %v", restarted)
				}
			})
		})
	}
}

// checkpoint saves the configuration of a rack's device, as a restore point.
func checkpoint(t *testing.T, r *harnesstest.Rack, node string) (topologies.RestorePoint, error) {
	t.Helper()
	d, err := r.Registry().Open(t.Context(), "switch", drivers.Target{Node: node})
	if err != nil {
		return topologies.RestorePoint{}, err
	}
	c, ok := drivers.As[drivers.Checkpointer](d)
	if !ok {
		return topologies.RestorePoint{}, errors.New("it saves nothing")
	}
	point, err := c.Checkpoint(t.Context(), "reprise-2", nil)
	return topologies.RestorePoint{Checkpoint: point.Name, Config: []byte(point.Config), SHA256: evidence.SHA256([]byte(point.Config)), Serial: "S-" + node}, err
}

// Bringing a device back ends its entry only where it is there again, and never gives one device
// the configuration of another.
func TestBringBack(t *testing.T) {
	r := &harnesstest.Rack{}
	lab, err := r.Reserve(t.Context(), topologies.Topology{}, topologies.Options{})
	if err != nil {
		t.Fatal(err)
	}
	journal, ok := topologies.As[topologies.RestoreJournal](lab)
	if !ok {
		t.Fatal("it keeps no journal")
	}
	driver, err := r.Registry().Open(t.Context(), "switch", drivers.Target{Node: "sw1"})
	if err != nil {
		t.Fatal(err)
	}
	good := topologies.RestorePoint{Checkpoint: "reprise-1", Config: []byte("factory"), SHA256: evidence.SHA256([]byte("factory")), Serial: "S-sw1"}
	for name, tt := range map[string]struct {
		change func(*topologies.RestorePoint)
		says   string
	}{
		"another text":   {func(w *topologies.RestorePoint) { w.Config = []byte("other") }, "not the one that was taken"},
		"another device": {func(w *topologies.RestorePoint) { w.Serial = "S-sw2" }, `the restore point is that of "S-sw2"`},
		"it is gone":     {func(*topologies.RestorePoint) {}, "there is no reprise-1"},
	} {
		w := good
		tt.change(&w)
		if err := trial.BringBack(t.Context(), journal, "sw1", driver, w); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(r.Journal()); n != 3 || slices.ContainsFunc(r.Journal(), func(s string) bool { return !strings.HasPrefix(s, "quarantine sw1: ") }) {
		t.Errorf("%q", r.Journal())
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel() // a switch that is left half-way is worse than a late exit
	r2 := &harnesstest.Rack{}
	lab, err = r2.Reserve(t.Context(), topologies.Topology{}, topologies.Options{})
	if err != nil {
		t.Fatal(err)
	}
	journal, _ = topologies.As[topologies.RestoreJournal](lab)
	point, err := checkpoint(t, r2, "sw1")
	if err != nil {
		t.Fatal(err)
	}
	driver, err = r2.Registry().Open(t.Context(), "switch", drivers.Target{Node: "sw1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := trial.BringBack(gone, journal, "sw1", driver, point); err != nil || !slices.Equal(r2.Journal(), []string{"restored sw1"}) || len(r2.Saved("sw1")) != 0 {
		t.Errorf("%v, %q", err, r2.Journal())
	}
}
