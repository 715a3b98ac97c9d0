package containers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/reprise-lab/reprise/topologies"
)

// readonlyPaths is the engine's own list and /proc/mtrr, where CAP_SYS_ADMIN sets how the
// machine's memory is cached; but for /proc/sys/net: a router sets its forwarding, and the
// kernel keeps that apart for each namespace.
func readonlyPaths() []string {
	return []string{
		"/proc/bus", "/proc/fs", "/proc/irq", "/proc/mtrr", "/proc/sysrq-trigger", "/proc/sys/abi", "/proc/sys/crypto",
		"/proc/sys/debug", "/proc/sys/dev", "/proc/sys/fs", "/proc/sys/kernel", "/proc/sys/user", "/proc/sys/vm",
	}
}

// maskedPaths are those that engines mask by themselves, of the newest, and what else tells
// root of a node about the machine's memory and its log.
func maskedPaths() []string {
	return []string{
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/key-users", "/proc/keys", "/proc/kmsg",
		"/proc/kpagecgroup", "/proc/kpagecount", "/proc/kpageflags", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo",
		"/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/bpf", "/sys/kernel/debug", "/sys/kernel/tracing",
	}
}

// machineCapabilities is what the launcher of a machine within a container needs besides: it
// makes /dev/net/tun and /dev/kvm where its image has none.
func machineCapabilities() []string { return []string{"MKNOD"} }

// confine takes every right from a node but those that it needs, and bounds what it uses.
// filter is its filter of system calls.
func confine(h *container.HostConfig, n *node, filter string) {
	h.CapDrop = []string{"ALL"}
	h.CapAdd = append(topologies.BaseCapabilities(), n.CapAdd...)
	if n.machine != nil {
		h.CapAdd = append(h.CapAdd, machineCapabilities()...)
	}
	h.SecurityOpt = []string{"seccomp=" + filter, "no-new-privileges"}
	if slices.Contains(n.Rights, topologies.RightNamespaces) {
		h.SecurityOpt = append(h.SecurityOpt, "apparmor=unconfined") // the engine's own profile refuses mounts
	}
	h.ReadonlyPaths, h.MaskedPaths = readonlyPaths(), maskedPaths()
	h.CgroupnsMode = container.CgroupnsModePrivate
	pids := int64(maxProcesses)
	h.PidsLimit = &pids
	h.Memory, h.MemorySwap, h.NanoCPUs = n.limits.memory, n.limits.memory, n.limits.nanoCPUs
	// Where the machine itself runs out of memory, a node goes first.
	h.OomScoreAdj = 500
	size := fmt.Sprintf("size=%d", n.limits.memory/2)
	h.Tmpfs = map[string]string{"/run": "rw,exec,nosuid,nodev,mode=755," + size, "/tmp": "rw,exec,nosuid,nodev,mode=1777," + size}
	if n.limits.quota {
		h.StorageOpt = map[string]string{"size": fmt.Sprint(n.limits.disk)}
	}
	h.Ulimits = []*container.Ulimit{{Name: "core", Soft: -1, Hard: -1}}
}

// protected says whether the engine can keep a node from the machine; without a filter of
// system calls it cannot, for nodes have CAP_SYS_ADMIN.
func protected(info system.Info) error {
	if slices.ContainsFunc(info.SecurityOptions, func(o string) bool { return strings.HasPrefix(o, "name=seccomp") || o == "seccomp" }) {
		return nil
	}
	return &topologies.MissingError{
		What: "protection", Name: "seccomp", Hint: "without a filter of system calls root in a node is root on this machine: use a kernel with CONFIG_SECCOMP_FILTER and an engine that uses it, or a lab of machines (image reprise/guest:bookworm)",
	}
}

// about asks the engine what it is.
func about(ctx context.Context, c client.APIClient) (system.Info, error) {
	found, err := c.Info(ctx, client.InfoOptions{})
	if err != nil {
		return system.Info{}, fmt.Errorf("ask the engine what it can do: %w", err)
	}
	return found.Info, nil
}
