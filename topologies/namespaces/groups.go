package namespaces

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
)

// Where a control group is delegated, the kernel bounds each node, besides the supervisor: what goes
// too fast for its looks, and what they do not count. A group is of a node's processes, and its files
// in memory are counted there too, so that the bound of memory is that of all together.

// ptraceScope is Yama's setting; from 2 on a command of a node cannot be held until it is in its
// group (Documentation/admin-guide/LSM/Yama.rst).
const ptraceScope = "/proc/sys/kernel/yama/ptrace_scope"

// findGroups finds the control group that labs may divide.
func findGroups() (cgroups.Delegation, error) {
	if text, err := os.ReadFile(ptraceScope); err == nil {
		if scope, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && scope >= 2 {
			return cgroups.Delegation{}, &cgroups.NotDelegatedError{
				Reason: fmt.Sprintf("kernel.yama.ptrace_scope is %d, so that no command can be held until it is in a group", scope),
				Allow:  "as root: sysctl -w kernel.yama.ptrace_scope=1",
			}
		}
	}
	return cgroups.Find()
}

// limits are what the kernel sees to. The sum of memory is what a node may have of each kind.
func (pl *planned) limits() cgroups.Limits {
	return cgroups.Limits{Memory: pl.spec.Memory + pl.spec.filesInMemory(), Tasks: pl.spec.Tasks, CPU: pl.CPU}
}

// filesInMemory is how many bytes of memory a node may use for files.
func (s *nodeSpec) filesInMemory() int64 {
	files := 2*s.Volatile + sharedSize
	if !s.OnDisk {
		files += s.Disk
	}
	return files
}

// divide makes the lab's control group where one is delegated. Where it cannot be divided the
// supervisor bounds the nodes alone, as without, which the lab tells; but nothing else bounds processors.
func (l *lab) divide() error {
	if l.build.groups == nil {
		return nil
	}
	groups, err := l.build.groups.Divide(l.ID())
	if err == nil {
		l.groups = groups
		return nil
	}
	for _, n := range l.order {
		if n.CPU != 0 {
			return fmt.Errorf("bound processors: %w", err)
		}
	}
	l.warnings = append(l.warnings, fmt.Sprintf("the kernel does not bound the nodes of this lab, its supervisor does it alone, though a control group is delegated (%s): %v", l.build.groups.Dir, err))
	return nil
}

// grouped puts the files of a node's control group beside the request that makes it.
func (l *lab) grouped(n *member, req request) (request, []*os.File, error) {
	if l.groups == nil {
		return req, nil, nil
	}
	g, err := l.groups.Node(n.Name, n.limits())
	if err != nil {
		return req, nil, err
	}
	var files []*os.File
	for _, f := range []struct {
		name string
		file *os.File
	}{{groupProcs, g.Procs}, {groupMemory, g.Memory}, {groupPids, g.Pids}} {
		if f.file != nil {
			req.Group, files = append(req.Group, f.name), append(files, f.file)
		}
	}
	return req, files, nil
}

// The files of a control group, as a request names them.
const (
	groupProcs  = "procs"
	groupMemory = "memory"
	groupPids   = "pids"
)

// nodeGroup is the control group of a node, in the supervisor.
type nodeGroup struct {
	cgroups.Group
	killed, refused int // by it, before the node's present life
}

// groupOf takes the files that came with a request; nil where there are none.
func groupOf(names []string, files []*os.File) *nodeGroup {
	if len(names) == 0 || len(names) != len(files) {
		closeAll(files)
		return nil
	}
	g := &nodeGroup{}
	for i, name := range names {
		switch name {
		case groupProcs:
			g.Procs = files[i]
		case groupMemory:
			g.Memory = files[i]
		case groupPids:
			g.Pids = files[i]
		}
	}
	return g
}

// begin takes the first process of a life into the group.
func (g *nodeGroup) begin(pid int) error {
	if g == nil {
		return nil
	}
	g.killed, g.refused = counted(g.Memory, "oom_kill"), counted(g.Pids, "max")
	return g.take(pid)
}

// take moves a process into the group. The kernel goes by who has opened the file.
func (g *nodeGroup) take(pid int) error {
	if err := hold(g.Procs, func(fd int) error {
		_, err := unix.Write(fd, []byte(strconv.Itoa(pid)))
		return err
	}); err != nil {
		return fmt.Errorf("take process %d into its control group: %w", pid, err)
	}
	return nil
}

// counted is a number of a file of events.
func counted(f *os.File, name string) int {
	if f == nil {
		return 0
	}
	text := make([]byte, maxAbout)
	n, _ := f.ReadAt(text, 0) // its end is an error
	return cgroups.Count(text[:n], name)
}

// killedFor says what of its memory the kernel has ended the node for in its present life; empty where
// it has not.
func (g *nodeGroup) killedFor(spec *nodeSpec) string {
	if g == nil || counted(g.Memory, "oom_kill") <= g.killed {
		return ""
	}
	files := spec.filesInMemory()
	return fmt.Sprintf("it used more than the %s of memory that it may have, %s of them for files (memory: in the topology gives it more): the kernel ended it, by its control group",
		size(spec.Memory+files), size(files))
}

// over says that the node was refused processes in its present life; empty where it was not.
func (g *nodeGroup) over(spec *nodeSpec) string {
	if g == nil || counted(g.Pids, "max") <= g.refused {
		return ""
	}
	return fmt.Sprintf("it had %d processes and threads, which is all that it may have, and its control group refused it more: the lab's supervisor ended it", spec.Tasks)
}

// executeIn starts a program that is in a control group before it does anything: it is traced, and
// the kernel holds it at its first instruction. The caller's thread is its own.
func executeIn(g *nodeGroup, program string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	if g == nil {
		return execute(program, argv, attr)
	}
	attr.Sys.Ptrace = true
	if pid, err = execute(program, argv, attr); err != nil {
		return 0, err
	}
	var status unix.WaitStatus
	for {
		if _, err = unix.Wait4(pid, &status, 0, nil); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err == nil && !status.Stopped() {
		return 0, fmt.Errorf("start %s: it ended at once", argv[0])
	}
	if err == nil {
		err = g.take(pid)
	}
	if err == nil {
		err = unix.PtraceDetach(pid)
	}
	if err == nil {
		return pid, nil
	}
	err = errors.Join(err, unix.Kill(pid, unix.SIGKILL))
	_, _ = unix.Wait4(pid, nil, 0, nil) // it was killed, and nobody else waits for it
	return 0, err
}
