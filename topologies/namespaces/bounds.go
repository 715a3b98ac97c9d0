package namespaces

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"
)

// No kernel bounds what the nodes of an ordinary user use together, unless control groups are
// delegated to it. The supervisor sees to it: a node that uses more than it may is ended, and the
// lab says so. It looks when the machine has less memory or more processes than at the last look,
// and now and then anyway.
const (
	boundsTick  = 50 * time.Millisecond // between two looks at the machine, where something happens
	boundsIdle  = 4 * boundsTick        // and where nothing does
	boundsSlow  = 2 * time.Second       // between two looks at the nodes, where nothing happens
	boundsShare = 20                    // looks at nodes take no more than this part of the time
	boundsStep  = 4                     // this part of what a node may use is worth a look
	boundsQuiet = 16                    // and less than this part of that is nothing
	diskFull    = 64                    // a file system is full with less than this part of it free
	diskSpare   = 1 << 30               // and less than this, bytes
)

// keepBounds ends nodes that use more than they may, for as long as this process lives.
func (s *supervisor) keepBounds() {
	wait := boundsTick
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var before, last machine
	next, rest := time.Now().Add(boundsSlow), time.Now()
	for now := range timer.C {
		m, ok := look()
		step := s.step()
		if ok && last.memory-m.memory < step.memory/boundsQuiet && m.tasks-last.tasks < step.tasks/boundsQuiet {
			wait = min(2*wait, boundsIdle)
		} else {
			wait = boundsTick
		}
		timer.Reset(wait)
		last = m
		if ok {
			before.memory = max(before.memory, m.memory)
			before.tasks = min(before.tasks, m.tasks)
		}
		grown := !ok || before.memory-m.memory > step.memory || m.tasks-before.tasks > step.tasks
		// What has grown by all that a node may use is looked at whatever it costs: processes that
		// are made without end may be over before the next look is due, and have harmed their node.
		urgent := ok && (before.memory-m.memory > boundsStep*step.memory || m.tasks-before.tasks > boundsStep*step.tasks)
		if !urgent && (now.Before(rest) || !grown && now.Before(next)) {
			continue
		}
		all := !now.Before(next)
		s.endGreedy(all)
		before = m
		rest = time.Now().Add(boundsShare * time.Since(now))
		if all {
			next = time.Now().Add(boundsSlow)
		}
	}
}

// step is how much of the machine has to come into use for a node to be suspected.
func (s *supervisor) step() machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	least := machine{memory: math.MaxInt64, tasks: math.MaxInt}
	for _, n := range s.nodes {
		n.mu.Lock()
		if l := n.life; l != nil {
			least.memory = min(least.memory, l.spec.Memory/boundsStep, l.spec.Disk/boundsStep, l.spec.Volatile/boundsStep)
			least.tasks = min(least.tasks, l.spec.Tasks/boundsStep)
		}
		n.mu.Unlock()
	}
	return least
}

// machine is how much of it is free, or used.
type machine struct {
	memory int64 // bytes that are free
	tasks  int
}

func look() (machine, bool) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return machine{}, false
	}
	return machine{memory: int64(info.Freeram) * int64(info.Unit), tasks: int(info.Procs)}, true //nolint:gosec // bytes of memory
}

// endGreedy looks at every node that runs, and ends those that use more than they may. Those that nobody has
// entered have nothing to use it, and are left out unless all are to be looked at: but for a lab that is kept,
// whose nodes a person enters by himself.
func (s *supervisor) endGreedy(all bool) {
	s.mu.Lock()
	nodes := make([]*node, 0, len(s.nodes))
	for _, n := range s.nodes {
		nodes = append(nodes, n)
	}
	s.mu.Unlock()
	for _, n := range nodes {
		l, err := n.current()
		if err != nil || !all && !s.boot.Keep && !l.entered.Load() {
			continue
		}
		var over string
		err = hold(l.proc, func(proc int) error {
			if over = l.group.over(l.spec); over == "" {
				over = usage{l.spec, proc, l.home}.over()
			}
			return nil
		})
		if err == nil && over != "" {
			s.tell(answer{Node: n.name, Life: l.number, Over: over})
			_ = killProcess(l.handle) // nothing forbids it
		}
	}
}

// usage is what a node uses, as its open /proc tells.
type usage struct {
	spec *nodeSpec // what it may
	proc int
	home string // on a disk; empty: what it writes is in memory
}

// over says what the node uses too much of; empty where it does not.
func (u usage) over() string {
	for _, dir := range []struct {
		path, where string
		may         int64
	}{{"", "", u.spec.Disk}, {"/run", " to /run", u.spec.Volatile}, {"/tmp", " to /tmp", u.spec.Volatile}} {
		f := u.filled(dir.path)
		if dir.path == "" && u.home != "" {
			if f.ofBytes || f.ofFiles {
				return "the file system that its files are on is full: the lab's supervisor ended it"
			}
			var err error
			if f, err = u.written(); err != nil {
				return fmt.Sprintf("what it has written cannot be counted (%v): the lab's supervisor ended it", err)
			}
		}
		switch {
		case f.ofBytes:
			return fmt.Sprintf("it has written %s%s, and may write %s: the lab's supervisor ended it", size(f.bytes), dir.where, size(dir.may))
		case f.ofFiles:
			return fmt.Sprintf("it has written %d files%s, and may write %d: the lab's supervisor ended it", f.files, dir.where, f.mayFiles)
		}
	}
	pids := u.processes()
	tasks, memory := 0, int64(0)
	for _, pid := range pids {
		threads, bytes := u.use(pid)
		tasks, memory = tasks+threads, memory+bytes
	}
	if tasks > u.spec.Tasks {
		return fmt.Sprintf("it had %d processes and threads, and may have %d: the lab's supervisor ended it", tasks, u.spec.Tasks)
	}
	if memory <= u.spec.Memory {
		return ""
	}
	// What several processes have in common was counted for each.
	memory = 0
	for _, pid := range pids {
		memory += u.share(pid)
	}
	if memory <= u.spec.Memory {
		return ""
	}
	return fmt.Sprintf("it used %s of memory, and may use %s (memory: in the topology gives it more): the lab's supervisor ended it", size(memory), size(u.spec.Memory))
}

// written is how much of a disk the node uses.
func (u usage) written() (f filling, err error) {
	f.mayFiles = uint64(filesIn(u.spec.Disk)) //nolint:gosec // it is more than none
	f.bytes, f.files, err = written(u.home, u.spec.Disk, f.mayFiles)
	f.ofBytes, f.ofFiles = f.bytes > u.spec.Disk, f.files > f.mayFiles
	return f, err
}

// size writes bytes down: in decimal units where they were given in such.
func size(bytes int64) string {
	if bytes%1e6 == 0 {
		return units.HumanSize(float64(bytes))
	}
	return units.BytesSize(float64(bytes))
}

// filling is how much of a file system is in use.
type filling struct {
	bytes            int64
	files, mayFiles  uint64
	ofBytes, ofFiles bool // it is full of them
}

// filled looks at the node's file system at a path. What a link there leads to is not the node's.
func (u usage) filled(path string) filling {
	fd, err := unix.Openat(u.proc, firstProcess+"root/."+path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return filling{} // the node has ended
	}
	defer unix.Close(fd) //nolint:errcheck // it was only asked
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil || fs.Blocks == 0 {
		return filling{}
	}
	return filling{
		bytes: int64(fs.Blocks-fs.Bavail) * fs.Bsize, ofBytes: fs.Bavail < spare(&fs), //nolint:gosec // bytes of memory
		files: fs.Files - fs.Ffree, mayFiles: fs.Files, ofFiles: fs.Ffree < fs.Files/diskFull,
	}
}

// spare is how much of a file system stays free of files of nodes, in its blocks. What is kept for another user ([statfs(2)]: f_bfree beyond
// f_bavail) is no part of what there is, as in df(1).
//
// [statfs(2)]: https://man7.org/linux/man-pages/man2/statfs.2.html
func spare(fs *unix.Statfs_t) uint64 {
	return min((fs.Blocks-fs.Bfree+fs.Bavail)/diskFull, diskSpare/uint64(max(fs.Bsize, 1)))
}

// processes lists those of a node, as it numbers them.
func (u usage) processes() []string {
	fd, err := unix.Openat(u.proc, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	dir := os.NewFile(uintptr(fd), "proc")
	defer dir.Close()                //nolint:errcheck // read only
	names, _ := dir.Readdirnames(-1) // those that could be read
	return slices.DeleteFunc(names, func(name string) bool { return name[0] < '0' || name[0] > '9' })
}

// use is how many threads a process has, and how many bytes of memory, at most.
func (u usage) use(pid string) (threads int, bytes int64) {
	text := u.about(pid + "/status")
	return int(field(text, "Threads:")), (field(text, "RssAnon:") + field(text, "RssShmem:") + field(text, "VmSwap:")) << 10
}

// share is how many bytes of memory a process has, where what it has in common with others is
// counted in parts.
func (u usage) share(pid string) int64 {
	text := u.about(pid + "/smaps_rollup")
	return (field(text, "Pss_Anon:") + field(text, "Pss_Shmem:") + field(text, "SwapPss:")) << 10
}

// maxAbout bounds what is read of a process, in bytes.
const maxAbout = 4096

// about reads what /proc says of a process; nothing of one that has ended.
func (u usage) about(path string) []byte {
	fd, err := unix.Openat(u.proc, path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd) //nolint:errcheck // read only
	text := make([]byte, maxAbout)
	n, err := unix.Read(fd, text)
	if err != nil {
		return nil
	}
	return text[:n]
}

// field is a number in such a text, in the unit that it is given in; zero where there is none.
func field(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok {
			if words := bytes.Fields(rest); len(words) > 0 {
				n, _ := strconv.ParseInt(string(words[0]), 10, 64)
				return n
			}
		}
	}
	return 0
}
