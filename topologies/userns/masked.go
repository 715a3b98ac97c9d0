package userns

import (
	"os"
	"slices"
	"strings"
)

// mounted is a line of mountinfo (proc_pid_mountinfo(5)).
type mounted struct {
	id, parent string
	root, at   string
	kind       string
	readOnly   bool // by itself, or as a file system
}

// mounts lists what is mounted; what cannot be read is nothing.
func (h Host) mounts() []mounted {
	text, _ := os.ReadFile(h.path("/proc/self/mountinfo")) // without it nothing is known
	var list []mounted
	for line := range strings.Lines(string(text)) {
		mount, system, _ := strings.Cut(line, " - ")
		m, s := strings.Fields(mount), strings.Fields(system)
		if len(m) < 6 || len(s) < 3 {
			continue
		}
		list = append(list, mounted{
			id: m[0], parent: m[1], root: m[3], at: m[4], kind: s[0],
			readOnly: slices.Contains(strings.Split(m[5], ","), "ro") || slices.Contains(strings.Split(s[2], ","), "ro"),
		})
	}
	return list
}

// emptyFolders are those of a /proc that are there to be mounted at, and hide nothing.
func emptyFolders() []string {
	return []string{"/sys/fs/binfmt_misc", "/fs/nfsd", "/xen", "/openprom"}
}

// masks says what hides parts of a whole /proc.
func (m mounted) masks(all []mounted) []string {
	var list []string
	if m.readOnly {
		list = append(list, m.at)
	}
	for _, over := range all {
		if over.parent == m.id && !slices.Contains(emptyFolders(), strings.TrimPrefix(over.at, m.at)) {
			list = append(list, over.at)
		}
	}
	return list
}

// maskedProc is the refusal of a container: the kernel mounts a /proc in a namespace only where
// all of one is in view, wherever that is (mnt_already_visible in fs/namespace.c).
func maskedProc(h Host) (Refusal, bool) {
	var masks []string
	all := h.mounts()
	for _, m := range all {
		if m.kind != "proc" || m.root != "/" {
			continue
		}
		these := m.masks(all)
		if len(these) == 0 {
			return Refusal{}, false
		}
		masks = append(masks, these...)
	}
	slices.Sort(masks)
	masks = slices.Compact(masks)
	if len(masks) == 0 {
		return Refusal{}, false
	}
	return Refusal{
		Reason: "this is a container, in which parts of /proc are masked (" + strings.Join(masks[:min(len(masks), 3)], ", ") + "): no namespace can have a /proc of its own",
		Allow:  "start the container unmasked: docker run --security-opt systempaths=unconfined --security-opt seccomp=unconfined, podman run --security-opt unmask=ALL, or procMount: Unmasked in Kubernetes",
	}, true
}
