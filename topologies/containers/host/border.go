package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies/containers/engine"
	"github.com/reprise-lab/reprise/topologies/doctor"
)

// borderChecks says what stands between a lab of containers and this machine.
func borderChecks(ctx context.Context) []doctor.Check {
	c, err := engine.Connect(ctx)
	if err != nil {
		return borderOf(system.Info{}, "the engine does not answer")
	}
	defer func() { _ = c.Close() }()
	found, err := c.Info(ctx, client.InfoOptions{})
	if err != nil {
		return borderOf(system.Info{}, err.Error())
	}
	return borderOf(found.Info, "")
}

// borderOf reads what an engine tells of itself. problem says why it could not be asked.
func borderOf(info system.Info, problem string) []doctor.Check {
	has := func(name string) bool {
		return slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return o == name || o == "name="+name || strings.HasPrefix(o, "name="+name+",") })
	}
	seccomp := doctor.Check{
		Name: "border: seccomp", OK: has("seccomp"), Detail: "nodes run under this program's filter of system calls",
		Lost: "every lab of containers: root of a node would be root of this machine, and none is built", Fix: "use a kernel with CONFIG_SECCOMP_FILTER, and an engine that was built with it",
	}
	users := doctor.Check{
		Name: "border: user namespaces", Optional: true, OK: has("userns") || has("rootless"), Detail: "root of a node is nobody on this machine",
		Lost: "a second line: root of a node is root to the kernel, held by the filter and few capabilities alone, and shares root's limits (inotify, keys)",
		Fix:  `"userns-remap": "default" in /etc/docker/daemon.json, and images built again`,
	}
	rootless := doctor.Check{
		Name: "border: rootless engine", Optional: true, OK: has("rootless"), Detail: "the engine has no rights of root",
		Lost: "a third line: who may use the engine is root on this machine, and so is a fault of the engine", Fix: "an engine of an ordinary user (dockerd-rootless-setuptool.sh); wiring then needs that user's namespaces",
	}
	mac := doctor.Check{
		Name: "border: AppArmor or SELinux", Optional: true, OK: has("apparmor") || has("selinux"), Detail: "the engine's profile holds nodes too",
		Lost: "a second line around files of /proc and /sys; they are read-only and masked all the same", Fix: "a kernel with it (apparmor=1 security=apparmor), and the package apparmor",
	}
	cgroups := doctor.Check{
		Name: "border: cgroup version", Optional: true, OK: info.CgroupVersion == "2", Detail: "2",
		Lost: "cgroups without release agents, which in version 1 run on this machine; nodes can mount none", Fix: "boot with systemd.unified_cgroup_hierarchy=1",
	}
	limits := doctor.Check{
		Name: "border: limits", Optional: true, OK: info.MemoryLimit && info.PidsLimit && info.SwapLimit, Detail: "of memory, swap and processes of a node",
		Lost: "bounds: a node can take this machine's memory or processes", Fix: "boot with cgroup_enable=memory swapaccount=1",
	}
	disk := doctor.Check{
		Name: "border: disk quota", Optional: true, OK: engine.Quota(info), Detail: "the engine's storage can bound what a node writes",
		Lost: "a bound kept by the kernel", Fix: "the engine's folder on xfs mounted with pquota, on btrfs or on zfs",
	}
	checks := []doctor.Check{seccomp, users, mac, cgroups, rootless, limits, disk}
	for i := range checks {
		c := &checks[i]
		switch {
		case problem != "":
			c.OK, c.Unknown, c.Detail = false, true, problem
		case c.OK:
		case c.Name == cgroups.Name && info.CgroupVersion != "":
			c.Detail = info.CgroupVersion
		case c.Name == disk.Name:
			c.Detail = fmt.Sprintf("%s on %s", info.Driver, engine.Backing(info))
		default:
			c.Detail = "not here"
		}
	}
	return checks
}
