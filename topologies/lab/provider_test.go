package lab_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/lab"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

func topology(t *testing.T, text string) topologies.Topology {
	t.Helper()
	d := yamlpos.Parse("t.clab.yml", []byte(text))
	top := topologies.FromDoc(d, t.TempDir(), topologies.Environment())
	if faults := d.Problems.Faults(); faults != nil {
		t.Fatal(faults)
	}
	return top
}

const twoSwitches = `
name: two
topology:
  nodes:
    a: {labels: {reprise.version: ">=33", reprise.kind: hardware}}
    b: {type: 5520-24T}
  links:
    - endpoints: ["a:p1", "b:p1"]
    - endpoints: ["a:p2", "b:p2"]
`

func TestProvider(t *testing.T) {
	inv := load(t, "testdata/lab.yaml")
	inv.State = t.TempDir()
	p := lab.New(inv, lab.Options{
		Platforms: map[string]string{"a": "exos", "b": "exos"}, Settings: newFake("b").settings("anna@x"),
	})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	top := topology(t, twoSwitches)
	if err := p.Check(t.Context(), top); err != nil {
		t.Fatal(err)
	}
	if k := p.Kind(top); k != topologies.KindHardware {
		t.Errorf("kind %s", k)
	}
	res, err := p.Reserve(t.Context(), top, topologies.Options{Run: "r1", TTL: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Release(t.Context()) })
	if _, err := res.Host("a"); err == nil || !strings.Contains(err.Error(), "no shell beneath") {
		t.Errorf("host: %v", err)
	}
	if a, ok := res.(topologies.Accessor).Access("b"); !ok || a.Address != "10.0.0.2:22" {
		t.Errorf("access %+v, %v", a, ok)
	}
	if _, ok := res.(topologies.Accessor).Access("nobody"); ok {
		t.Error("access to a node that is not there")
	}
	if diff := cmp.Diff(map[string]string{"p1": "1:1", "p2": "1:2"}, res.(topologies.PortMapper).Ports("b")); diff != "" {
		t.Error(diff)
	}
	keeper := res.(topologies.RestoreJournal)
	d, err := keeper.Device("a")
	want := topologies.Device{Name: "sw1", Platform: "exos", Model: "5520-24T", Serial: "SIM0001", Version: ">=33", Marks: []string{"licence"}}
	if diff := cmp.Diff(want, d); err != nil || diff != "" {
		t.Error(err, diff)
	}
	testKeeper(t, keeper, res)
	// The same lab again, and a topology that the lab has no devices for.
	again, err := p.Reserve(t.Context(), top, topologies.Options{Run: "r2"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Reserve(t.Context(), top, topologies.Options{Run: "r3"})
	if _, ok := errors.AsType[*lab.BusyError](err); !ok || !strings.Contains(err.Error(), "sw1 is reserved by anna@x for run r2") {
		t.Errorf("got %v", err)
	}
	if err := p.Check(t.Context(), top); err != nil {
		t.Errorf("check while it is taken: %v", err)
	}
	if err := again.Release(t.Context()); err != nil {
		t.Error(err)
	}
	err = p.Check(t.Context(), topology(t, strings.Replace(twoSwitches, ">=33", ">=40", 1)))
	if _, ok := errors.AsType[*topologies.MissingError](err); !ok {
		t.Errorf("got %v", err)
	}
}

// testKeeper goes the way of the harness: keep, fail to restore, restore, release.
func testKeeper(t *testing.T, k topologies.RestoreJournal, res topologies.Reservation) {
	t.Helper()
	if _, ok, err := k.Kept("a"); ok || err != nil {
		t.Errorf("kept before it was: %v, %v", ok, err)
	}
	w := restorePoint() // of a release that was not asked for
	if err := k.Keep(t.Context(), "a", w); err == nil || !strings.Contains(err.Error(), ">=33 is asked for") {
		t.Errorf("kept with version %s: %v", w.Version, err)
	}
	w.Version = "33.1.1.14"
	if err := k.Keep(t.Context(), "a", w); err != nil {
		t.Fatal(err)
	}
	if w, ok, err := k.Kept("a"); err != nil || !ok || w.Serial != "S1" || len(w.SHA256) != 64 {
		t.Errorf("kept: %+v, %v, %v", w, ok, err)
	}
	err := res.Release(t.Context())
	if u, ok := errors.AsType[*lab.UnrestoredError](err); !ok || !cmp.Equal(u.Devices, []string{"sw1"}) {
		t.Fatalf("release with an open entry: %v", err)
	}
	if err := k.Restored(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := res.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// One simulator that might be chosen makes the lab a simulator.
func TestKindIsTheWeakest(t *testing.T) {
	inv := load(t, "testdata/lab.yaml")
	top := topology(t, "name: one\ntopology: {nodes: {a: {labels: {reprise.platform: exos}}}}")
	tests := []struct {
		kinds []topologies.Kind
		want  topologies.Kind
	}{
		{nil, topologies.KindSimulator},
		{[]topologies.Kind{topologies.KindHardware, topologies.KindVM}, topologies.KindHardware},
		{[]topologies.Kind{topologies.KindVM}, topologies.KindSimulator}, // nothing fits
	}
	for _, tt := range tests {
		if got := lab.New(inv, lab.Options{Kinds: tt.kinds}).Kind(top); got != tt.want {
			t.Errorf("of %v: %s, want %s", tt.kinds, got, tt.want)
		}
	}
}
