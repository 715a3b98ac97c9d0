package labs_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/labs"
	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/topologies/doctor"
)

// TestWorkerCheck: who looks at a machine learns what others would get of it, and else why nothing.
func TestWorkerCheck(t *testing.T) {
	t.Parallel()
	spaces := doctor.Check{Name: "user namespaces", Detail: "a setting forbids them", Fix: "sysctl"}
	engine, machines := doctor.Check{Name: "container engine", OK: true}, doctor.Check{Name: "QEMU", Detail: "not found", Fix: "apt-get"}
	allowed, emulator := spaces, machines
	allowed.OK, emulator.OK = true, true
	for _, tt := range []struct {
		name   string
		checks []doctor.Check
		trust  []string
		ok     bool
		detail string
		fix    string
	}{
		{"an ordinary machine", []doctor.Check{engine, allowed, emulator}, nil, true, "labs with namespaces, vm", ""},
		{"the engine is given", []doctor.Check{engine, allowed, machines}, []string{"engine"}, true, "labs with namespaces, containers", ""},
		{"the engine alone", []doctor.Check{engine, spaces, machines}, nil, false, "scenarios of others do not get the container engine", "reprise worker --trust engine"},
		{"nothing", []doctor.Check{spaces, machines}, nil, false, "no user namespaces: a setting forbids them", "sysctl"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := labs.WorkerCheck(tt.checks, tt.trust)
			if got.OK != tt.ok || got.Detail != tt.detail || got.Fix != tt.fix || !got.Optional {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestOffer: a worker tells what it has of a machine, and keeps what others may not have or know.
func TestOffer(t *testing.T) {
	t.Parallel()
	offered := labs.Offered{Name: "rack-3", Slots: 2, Trust: []string{"binds.r1"}}
	offer, err := offered.Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if offer.Name != "rack-3" || offer.Slots != 2 || offer.Cores < 1 || offer.Memory < 1<<20 || offer.Version == "" {
		t.Errorf("%+v", offer)
	}
	if why := offer.Abilities["container engine"]; !strings.Contains(why, "--trust engine") {
		t.Errorf("the engine: %q", why)
	}
	for _, with := range offer.Providers {
		if with == "containers" || with == "mixed" || with == "lab" {
			t.Errorf("it offers %s, which nobody gave it", with)
		}
	}
	if why := offer.Lacks(fleet.Needs{Abilities: []string{"--trust binds.r1"}}); len(why) > 0 {
		t.Error(why)
	}
	if why := offer.Lacks(fleet.Needs{Abilities: []string{"--trust binds.r2"}}); len(why) != 1 {
		t.Error(why)
	}
	offered.Trust = append(offered.Trust, "engine")
	if offer, err = offered.Offer(t.Context()); err != nil {
		t.Fatal(err)
	}
	for ref, digest := range offer.Images {
		if strings.Contains(digest, " ") {
			t.Errorf("%s is offered as %q, which is no digest", ref, digest)
		}
	}
	nothing := fleet.Offer{Abilities: map[string]string{"user namespaces": "a setting forbids them; to get it: sysctl", "QEMU": "not found"}}
	if err := offered.Check(nothing); err == nil || !strings.Contains(err.Error(), "user namespaces: a setting forbids them; to get it: sysctl\n  QEMU: not found") {
		t.Errorf("%v", err)
	}
	if err := offered.Check(fleet.Offer{Providers: []string{"namespaces"}}); err != nil {
		t.Error(err)
	}
}
