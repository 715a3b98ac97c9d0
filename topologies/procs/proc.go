package procs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// status is what /proc says of a process.
type status struct {
	name   string
	inside int  // its number in its own namespace of processes; 0 of one that its parent has let go of meanwhile
	parent int  // its parent's number on the machine
	over   bool // it ended, and somebody has yet to ask how
}

// atOnce is more than what is read here takes, in bytes, for all but a process of a thousand groups.
const atOnce = 4 << 10

// read reads a file of /proc without what package os asks the kernel about it: it is read for every process
// that the machine begins.
func read(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd) //nolint:errcheck // read only
	b := make([]byte, atOnce)
	n, err := unix.Read(fd, b)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: path, Err: err}
	}
	if n == len(b) { // there may be more
		return os.ReadFile(path)
	}
	return b[:n], nil
}

func readStatus(pid int) (s status, err error) {
	data, err := read("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); key {
		case "Name":
			s.name = value
		case "State":
			s.over = strings.HasPrefix(value, "Z") || strings.HasPrefix(value, "X")
		case "PPid":
			s.parent, _ = strconv.Atoi(value) // always a number
		case "NSpid":
			all := strings.Fields(value)
			if len(all) > 0 {
				s.inside, err = strconv.Atoi(all[len(all)-1])
			}
		}
	}
	const commLength = 15 // the kernel cuts names there
	if len(s.name) == commLength {
		s.name = wholeName(pid, s.name)
	}
	return s, err
}

// processNumbers lists the processes of the machine.
func processNumbers() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()                //nolint:errcheck // read only
	names, _ := dir.Readdirnames(-1) // what can be read of it
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// wholeName completes a name that the kernel cut, by the program's path or first argument.
func wholeName(pid int, name string) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return name
	}
	for arg := range strings.SplitSeq(string(data), "\x00") {
		if base := arg[strings.LastIndexByte(arg, '/')+1:]; strings.HasPrefix(base, name) {
			return base
		}
	}
	return name
}

// Space names the namespace of processes that a process is in: the id of what has one of its own.
func Space(pid int) (string, error) {
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return "", fmt.Errorf("look at the namespace of process %d: %w", pid, err)
	}
	return name, nil
}

func isSpace(id string) bool { return strings.HasPrefix(id, "pid:[") }

// containerOf finds which of the watched containers a process is in, by its namespace or by
// the names of its control groups. The caller holds mu.
func (w *Watcher) containerOf(pid int) string {
	if len(w.containers) == 0 {
		return ""
	}
	if w.spaces {
		if name, err := Space(pid); err == nil && w.containers[name] != nil {
			return name
		}
	}
	if !w.engines {
		return ""
	}
	data, err := read("/proc/" + strconv.Itoa(pid) + "/cgroup")
	if err != nil {
		return ""
	}
	for id := range w.containers {
		if !isSpace(id) && strings.Contains(string(data), id) {
			return id
		}
	}
	return ""
}

// sight is what can be seen of a process that begins to dump core. What cannot be learnt
// is left empty.
type sight struct {
	status
	known  bool   // of the status
	dir    string // where it stands
	noDump string // what keeps the kernel from it
}

// look is quick, or it comes too late.
func look(pid int) (s sight) {
	root := fmt.Sprintf("/proc/%d/", pid)
	if dir, err := os.Readlink(root + "cwd"); err == nil {
		s.dir = dir
	}
	// The files of a process that may not be dumped belong to root whoever it runs as.
	var link, dir syscall.Stat_t
	if syscall.Lstat(root+"cwd", &link) == nil && syscall.Stat(root, &dir) == nil && link.Uid != dir.Uid {
		s.noDump = "it changed its user, and the kernel does not dump such a process (fs.suid_dumpable)"
	}
	if limits, err := os.ReadFile(root + "limits"); err == nil {
		for line := range strings.Lines(string(limits)) {
			if f := strings.Fields(strings.TrimPrefix(line, "Max core file size")); strings.HasPrefix(line, "Max core file size") && len(f) > 0 && f[0] == "0" {
				s.noDump = "its limit of core files is 0 (RLIMIT_CORE)"
			}
		}
	}
	st, err := readStatus(pid)
	s.status, s.known = st, err == nil
	return s
}

// saw takes over what was seen of a process.
func (p *process) saw(s sight) {
	p.end.Dir, p.end.NoDump = s.dir, s.noDump
	if s.known {
		p.is(s.status)
	}
}

// is takes over what /proc says of a process, but for a number that is gone.
func (p *process) is(st status) {
	p.end.Name, p.end.By = st.name, ""
	if st.inside != 0 {
		p.end.PID = st.inside
	}
}

// oomKills counts the processes that the kernel has killed for want of memory.
func oomKills() (uint64, error) {
	data, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, os.ErrNotExist
}

// prctlName gets or sets the calling thread's name.
func prctlName(option int, name *[16]byte) error {
	return unix.Prctl(option, uintptr(unsafe.Pointer(name)), 0, 0, 0) //nolint:gosec // prctl takes the address of the name
}
