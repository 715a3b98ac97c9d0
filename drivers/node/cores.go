package node

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// stand is where a process stands and what keeps the kernel from dumping it.
type stand struct {
	dir    string
	noDump string
}

// core names a death.
type core struct {
	pid int
	at  time.Time
}

// cored is what came of looking for a death's core file: one of both, or neither yet.
type cored struct {
	end          *drivers.ProcessEnd
	file, reason string
}

// note keeps the kernel's word for a death, for who looks for its core file.
func (n *Node) note(d drivers.Death, e *drivers.ProcessEnd) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := core{d.PID, d.At}
	c := n.cores[key]
	if e != nil {
		end := *e
		c.end = &end
	}
	n.cores[key] = c
}

// standsScript lists the processes: where each stands with the owner of its files, its
// user, and its limit of core files.
const standsScript = `stat -c 'cwd %u %N' /proc/[0-9]*/cwd 2>/dev/null
grep -H -e '^Uid:' -e '^Max core file size' /proc/[0-9]*/status /proc/[0-9]*/limits 2>/dev/null
true`

// andSee ends a script whose answer [Node.seen] takes apart.
const andSee = "printf '\\001\\n'\n" + standsScript

// seen remembers where every process of the node stands, for when one has died, and gives what a
// script has printed before it looked.
func (n *Node) seen(out string) string {
	before, stands, _ := strings.Cut(out, "\x01\n")
	seen := parseStands(stands)
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.Copy(n.stands, seen)
	return before
}

var (
	cwdLine   = regexp.MustCompile(`^cwd (\d+) '?/proc/(\d+)/cwd'? -> '?([^']*)'?$`)
	uidLine   = regexp.MustCompile(`^/proc/(\d+)/status:Uid:\s+\d+\s+(\d+)`)
	limitLine = regexp.MustCompile(`^/proc/(\d+)/limits:Max core file size\s+(\S+)`)
)

// parseStands reads what standsScript prints. The files of a process that may not be dumped
// belong to root, whoever it runs as.
func parseStands(out string) map[int]stand {
	seen := map[int]stand{}
	owner := map[int]string{}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if m := cwdLine.FindStringSubmatch(line); m != nil {
			pid, _ := strconv.Atoi(m[2])
			seen[pid] = stand{dir: m[3]}
			owner[pid] = m[1]
		}
		if m := uidLine.FindStringSubmatch(line); m != nil {
			pid, _ := strconv.Atoi(m[1])
			if s, ok := seen[pid]; ok && m[2] != owner[pid] {
				s.noDump = "it changed its user, and the kernel does not dump such a process (fs.suid_dumpable)"
				seen[pid] = s
			}
		}
		if m := limitLine.FindStringSubmatch(line); m != nil {
			pid, _ := strconv.Atoi(m[1])
			if s, ok := seen[pid]; ok && m[2] == "0" {
				s.noDump = "its limit of core files is 0 (RLIMIT_CORE)"
				seen[pid] = s
			}
		}
	}
	return seen
}

// findCores finds the core files of deaths by a signal that dumps core, or why there is
// none. A file is a death's when the process number in it says so: a later death in the
// same directory writes over it.
func (n *Node) findCores(ctx context.Context, deaths []drivers.Death) error {
	open := false
	n.mu.Lock()
	for i := range deaths {
		d := &deaths[i]
		c := n.cores[core{d.PID, d.At}]
		if c.file+c.reason != "" {
			d.Core, d.NoCore = c.file, c.reason
		}
		open = open || d.Core == "" && d.NoCore == "" && dumps(d.Signal) || d.Core != "" && c.file == ""
	}
	n.mu.Unlock()
	if !open {
		return nil
	}
	pattern, files, err := n.coreFiles(ctx, deaths)
	if err != nil {
		return err
	}
	for i := range deaths {
		d := &deaths[i]
		if !dumps(d.Signal) && d.Core == "" {
			continue
		}
		file := files[d.PID]
		reason := ""
		if file == "" {
			reason = n.noCore(*d, pattern)
		}
		n.mu.Lock()
		key := core{d.PID, d.At}
		c := n.cores[key]
		if c.file+c.reason == "" {
			c.file, c.reason = file, reason
			n.cores[key] = c
		}
		d.Core, d.NoCore = c.file, c.reason
		n.mu.Unlock()
	}
	return nil
}

// dumps reports whether a signal dumps core (signal(7)).
func dumps(signal string) bool {
	return slices.Contains(drivers.FaultSignals(), signal) || signal == "SIGQUIT"
}

// coresDir holds the core files that were found, and below it the directories in which
// daemons of ours stand.
const coresDir = "/var/lib/reprise/cores"

// coreFiles finds the core files in the node by the process numbers in them, and puts them
// where no later one writes over them. pattern is the machine's core_pattern.
func (n *Node) coreFiles(ctx context.Context, deaths []drivers.Death) (pattern string, byPID map[int]string, err error) {
	if pattern, err = n.Control(ctx, "read core_pattern", "cat /proc/sys/kernel/core_pattern"); err != nil {
		return "", nil, err
	}
	pattern = strings.TrimSpace(pattern)
	byPID = map[int]string{}
	if pattern == "" || strings.HasPrefix(pattern, "|") {
		return pattern, byPID, nil
	}
	dirs := []string{coresDir, coresDir + "/*", "/", "/tmp"}
	n.mu.Lock()
	for _, d := range deaths {
		dirs = append(dirs, session.Quote(n.standOf(d).dir))
	}
	n.mu.Unlock()
	glob := regexp.MustCompile(`%.`).ReplaceAllString(path.Base(pattern), "*")
	if path.IsAbs(pattern) {
		dirs = append(dirs, session.Quote(path.Dir(pattern)))
	}
	var script strings.Builder
	fmt.Fprintf(&script, "for d in %s; do for f in \"$d\"/%s \"$d\"/%s.* \"$d\"/core.*; do [ -f \"$f\" ] && echo \"$f\"; done; done; true",
		strings.Join(dirs, " "), glob, glob)
	out, err := n.Control(ctx, "look for core files", script.String())
	if err != nil {
		return "", nil, err
	}
	seen := map[string]bool{}
	for file := range strings.Lines(out) {
		file = path.Clean(strings.TrimRight(file, "\r\n"))
		if seen[file] {
			continue
		}
		seen[file] = true
		pid, err := n.dumpedPID(ctx, file)
		if err != nil {
			return "", nil, err
		}
		i := slices.IndexFunc(deaths, func(d drivers.Death) bool { return d.PID != 0 && d.PID == pid })
		if pid == 0 || i < 0 {
			continue
		}
		to := fmt.Sprintf("%s/core.%s.%d", coresDir, regexp.MustCompile(`[^A-Za-z0-9_-]+`).ReplaceAllString(deaths[i].Process, "-"), pid)
		if file != to {
			if _, err := n.Control(ctx, "keep core file", fmt.Sprintf("mkdir -p %s; mv %s %s", coresDir, session.Quote(file), session.Quote(to))); err != nil {
				return "", nil, err
			}
		}
		byPID[pid], seen[to] = to, true
	}
	return pattern, byPID, nil
}

// standOf is where a process stood that died. The caller holds mu.
func (n *Node) standOf(d drivers.Death) stand {
	s := n.stands[d.PID]
	if c := n.cores[core{d.PID, d.At}]; c.end != nil {
		s.dir, s.noDump = or(c.end.Dir, s.dir), or(c.end.NoDump, s.noDump)
	}
	return s
}

// noCore says why a death left no core file.
func (n *Node) noCore(d drivers.Death, pattern string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, c := n.standOf(d), n.cores[core{d.PID, d.At}]
	where := fmt.Sprintf("the machine's core_pattern is %q", pattern)
	if s.dir != "" {
		where += ", and it stood in " + s.dir
	}
	switch {
	case pattern == "":
		return "the machine's core_pattern is empty"
	case strings.HasPrefix(pattern, "|"):
		return fmt.Sprintf("the machine gives core files to a program of its own (core_pattern %q)", pattern)
	case d.PID == 0:
		return "it is not known which process it was, and a core file is told by the number of its process: " + where
	case c.end != nil && c.end.Core:
		return "the kernel wrote one that is not there any more, or a later one was written over it: " + where
	case s.noDump != "":
		return s.noDump
	case c.end != nil:
		return "the kernel wrote none: " + where + ", where it may not have had the right to write; or it was not to write any (RLIMIT_CORE), and ended before it could be asked"
	default:
		return "none was found: " + where
	}
}

// dumpedHead is how much of a core file is read for the number of its process.
const dumpedHead = 256 << 10

// dumpedPID reads which process a core file is of; 0 where it is none or does not tell.
func (n *Node) dumpedPID(ctx context.Context, file string) (int, error) {
	r, err := n.Target.Host.ReadFile(ctx, file)
	if err != nil {
		return 0, n.Fail("read "+file, err)
	}
	head, err := io.ReadAll(io.LimitReader(r, dumpedHead))
	_ = r.Close() // enough was read
	if err != nil {
		return 0, n.Fail("read "+file, err)
	}
	return DumpedPID(head), nil
}

// DumpedPID reads the process number in the first bytes of a core file of a 64-bit machine,
// as the process's own namespace counts; 0 where there is none. It is in the note
// NT_PRPSINFO, struct elf_prpsinfo (linux/elfcore.h).
func DumpedPID(head []byte) int {
	f, err := elf.NewFile(bytes.NewReader(head))
	if err != nil || f.Type != elf.ET_CORE || f.Class != elf.ELFCLASS64 {
		return 0
	}
	const (
		noteInfo = 3  // NT_PRPSINFO
		atPID    = 24 // state, sname, zomb, nice, flag, uid, gid before it
	)
	align := func(n uint32) int { return int(n+3) &^ 3 }
	for _, p := range f.Progs {
		if p.Type != elf.PT_NOTE || p.Off >= uint64(len(head)) {
			continue
		}
		for b := head[p.Off : p.Off+min(p.Filesz, uint64(len(head))-p.Off)]; len(b) >= 12; {
			name, size, kind := f.ByteOrder.Uint32(b), f.ByteOrder.Uint32(b[4:]), f.ByteOrder.Uint32(b[8:])
			if name > 1<<10 || size > 1<<20 {
				return 0
			}
			at := 12 + align(name)
			next := at + align(size)
			if kind == noteInfo && at+atPID+4 <= len(b) && string(b[12:12+min(4, int(name))]) == "CORE" {
				return int(f.ByteOrder.Uint32(b[at+atPID:]))
			}
			b = b[min(next, len(b)):]
		}
	}
	return 0
}
