package host

import (
	"testing"

	"github.com/moby/moby/api/types/system"

	"github.com/reprise-lab/reprise/topologies/doctor"
)

func TestBorder(t *testing.T) {
	t.Parallel()
	ok := func(info system.Info, problem string) map[string]bool {
		found := map[string]bool{}
		for _, c := range borderOf(info, problem) {
			if found[c.Name] = c.OK; c.Lost == "" || c.Fix == "" || c.Detail == "" || c.Unknown != (problem != "") {
				t.Errorf("%+v", c)
			}
		}
		return found
	}
	bare := ok(system.Info{CgroupVersion: "1", Driver: "overlay2", DriverStatus: [][2]string{{"Backing Filesystem", "extfs"}}}, "")
	all := ok(system.Info{
		CgroupVersion: "2", Driver: "overlay2", DriverStatus: [][2]string{{"Backing Filesystem", "xfs"}}, MemoryLimit: true, PidsLimit: true, SwapLimit: true,
		SecurityOptions: []string{"name=apparmor", "name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"},
	}, "")
	unknown := ok(system.Info{}, "the engine does not answer")
	for name := range bare {
		if bare[name] || !all[name] || unknown[name] {
			t.Errorf("%s: bare %v, with all %v, unknown %v", name, bare[name], all[name], unknown[name])
		}
	}
	if remapped := ok(system.Info{SecurityOptions: []string{"name=seccomp,profile=default", "name=userns"}}, ""); !remapped["border: user namespaces"] || remapped["border: rootless engine"] {
		t.Errorf("remapped users: %v", remapped)
	}
	if doctor.Ready(borderOf(system.Info{}, "")) {
		t.Error("a machine without seccomp is ready")
	}
}
