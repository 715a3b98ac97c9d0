package containers

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// outOfMemory says whether the kernel has ended a process of a node because the node's memory
// ran out, as its cgroup counts (cgroups(7); memory.events of version 2, memory.oom_control of
// version 1). Engines tell of it for the first process only. What cannot be read tells nothing.
func outOfMemory(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		file := ""
		switch {
		case parts[0] == "0" && parts[1] == "":
			file = filepath.Join("/sys/fs/cgroup", parts[2], "memory.events")
		case strings.Contains(","+parts[1]+",", ",memory,"):
			file = filepath.Join("/sys/fs/cgroup/memory", parts[2], "memory.oom_control")
		default:
			continue
		}
		if counters, err := os.ReadFile(file); err == nil && counted(string(counters), "oom_kill") {
			return true
		}
	}
	return false
}

// counted says whether a counter of a cgroup's file is above zero.
func counted(text, name string) bool {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
			return err == nil && n > 0
		}
	}
	return false
}
