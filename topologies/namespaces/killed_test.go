package namespaces_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
	"github.com/reprise-lab/reprise/topologies/namespaces"
	"github.com/reprise-lab/reprise/topologies/topologiestest"
)

// ownRing is a process that owns a lab: it says when it begins and when the lab is there, and
// waits to be killed or for the end of its input.
func ownRing() int {
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("begins")
	ctx := context.Background()
	top, o := subject().Ring(8), topologies.Options{Run: os.Args[2], Keep: slices.Contains(os.Args[3:], "keep"), Source: "/labs/" + os.Args[2]}
	if len(os.Args) > 4 { // "disk" and the run's folder
		top, o.Dir = onDisk(8, "64MiB"), os.Args[4]
	}
	r, err := p.Reserve(ctx, top, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h, err := r.Host("n1")
	if err == nil {
		_, err = h.Open(ctx, []string{"sh", "-c", "mkdir -m 0 /var/mine; touch /var/its; chown 1000 /var/its; exec sleep 1000"}, true)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// owner starts such a process.
func owner(t *testing.T, run string, args ...string) (*exec.Cmd, *bufio.Scanner, io.Closer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"__own", run}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "begins" {
		t.Fatalf("the owner says %q", lines.Text())
	}
	return cmd, lines, in
}

// below lists a process and all that come from it.
func below(pid int) []int {
	list := []int{pid}
	parents := map[int][]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			parents[parent] = append(parents[parent], child)
		}
	}
	for i := 0; i < len(list); i++ {
		list = append(list, parents[list[i]]...)
	}
	return list
}

// pidOf is the number of a process in /proc.
func pidOf(file string) int {
	pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	return pid
}

// Whoever is killed, and whenever: nothing of the lab is left, and nobody had to clean up.
func TestKilled(t *testing.T) {
	open(t)
	livetest.Long(t, "labs are killed at many moments")
	before := interfaces(t)
	for i := range 40 {
		run := fmt.Sprintf("test-killed-%d", i)
		cmd, lines, in := owner(t, run)
		whole := i%8 == 0
		if whole {
			lines.Scan()
		} else {
			timer := time.NewTimer(time.Duration(rand.IntN(400)) * time.Millisecond)
			<-timer.C
		}
		var lab []int
		for _, f := range supervisors(t, run) {
			lab = append(lab, below(pidOf(f))...)
		}
		if whole && len(lab) < 10 {
			t.Errorf("a whole lab has the processes %v", lab)
		}
		held := spacesOf(lab, os.Getpid())
		if whole && len(held) < 3*9+1 {
			t.Errorf("a whole lab has the namespaces %v", held)
		}
		moment := ticks(t)
		who := i / 2 % 3
		if who != 1 {
			_ = cmd.Process.Kill()
		}
		if who != 0 && len(lab) > 0 {
			_ = syscall.Kill(lab[0], syscall.SIGKILL)
		}
		if who == 1 { // an owner whose lab is gone ends by itself when nobody speaks to it any more
			_ = in.Close()
		}
		_ = cmd.Wait()
		topologiestest.Eventually(t, "everything has ended", func() bool {
			return len(supervisors(t, run)) == 0 && !slices.ContainsFunc(lab, func(pid int) bool {
				return syscall.Kill(pid, 0) == nil && slices.Contains([]string{"init", "reprise", "sleep"}, comm(pid))
			}) && !inUse(held, moment)
		})
		if mounts, err := os.ReadFile("/proc/self/mountinfo"); err != nil || ours.Match(mounts) {
			t.Fatalf("mounts are left: %s, %v", ours.Find(mounts), err)
		}
	}
	if after := interfaces(t); !slices.Equal(before, after) {
		t.Logf("interfaces of this machine: %v, and before %v", after, before) // others may have made some
		for _, name := range after {
			if strings.HasPrefix(name, "left") || strings.HasPrefix(name, "right") || strings.HasPrefix(name, "place") {
				t.Errorf("interface %s is left", name)
			}
		}
	}
}

// ours are the mounts of a lab.
var ours = regexp.MustCompile(`(?m)^.* - (tmpfs (lab|node)|overlay overlay \S*lowerdir=/trees).*$`)

// spacesOf lists the namespaces that processes are in and another is not.
func spacesOf(pids []int, other int) map[string]bool {
	held := map[string]bool{}
	for _, pid := range pids {
		for _, kind := range []string{"user", "net", "mnt", "pid"} {
			if space := spaceOf(pid, kind); space != "" && space != spaceOf(other, kind) {
				held[space] = true
			}
		}
	}
	return held
}

// spaceOf is what a namespace of a process is called; empty where it has ended.
func spaceOf(pid int, kind string) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	return name
}

// inUse says whether any process of the machine that began before a moment is in one of the
// namespaces: the kernel soon gives their numbers to others.
func inUse(held map[string]bool, before int) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	return slices.ContainsFunc(files, func(file string) bool {
		return slices.ContainsFunc([]string{"user", "net", "mnt", "pid"}, func(kind string) bool { return held[spaceOf(pidOf(file), kind)] }) &&
			began(file) <= before
	})
}

// began is when a process did, in hundredths of a second since the boot.
func began(stat string) int {
	text, _ := os.ReadFile(stat)
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return math.MaxInt // it has ended
	}
	ticks, _ := strconv.Atoi(fields[19])
	return ticks
}

// ticks is the time since the boot, likewise.
func ticks(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.Fields(string(text))[0], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(seconds * 100)
}

func comm(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(text))
}

func interfaces(t *testing.T) []string {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, i := range list {
		names = append(names, i.Name)
	}
	return names
}

// A lab that is kept outlives its owner, and another process can attach to it then; gc leaves it alone until its time, and takes it away by
// its run.
func TestKept(t *testing.T) {
	t.Parallel()
	p, err := namespaces.New(namespaces.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open(t)
	const run = "test-kept"
	cmd, lines, in := owner(t, run, "keep")
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("the owner says %q", lines.Text())
	}
	topologiestest.Taken(t, p, subject().Ring(8), run)
	topologiestest.Going(t, p, run)
	topologiestest.Built(t, p, run, "/labs/"+run)
	again, err := p.Reserve(t.Context(), subject().Ring(8), topologies.Options{Run: run, Keep: true})
	if _, taken := errors.AsType[*topologies.TakenError](err); !taken {
		t.Errorf("a second lab of the name: %v", err)
	}
	if err == nil {
		_ = again.Release(t.Context()) // which is no matter of this test
	}
	topologiestest.Taken(t, p, subject().Ring(8), run) // its door is still there
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	topologiestest.Attached(t, p, subject().Ring(8), run)
	if list := supervisors(t, run); len(list) != 1 {
		t.Fatalf("its owner has ended, and of the lab are left: %v", list)
	}
	if removed, err := p.GC(t.Context(), time.Now()); err != nil || slices.Contains(removed, "reprise-test-kept-1") {
		t.Errorf("gc removed %v, %v", removed, err)
	}
	if removed, err := p.RemoveRun(t.Context(), run); err != nil || !slices.Equal(removed, []string{"reprise-test-kept-1"}) {
		t.Errorf("removed %v, %v", removed, err)
	}
	if list := supervisors(t, run); len(list) != 0 {
		t.Errorf("left: %v", list)
	}
	if _, err := p.Attach(t.Context(), subject().Ring(8), run, 1); !errors.Is(err, topologies.ErrNoLab) {
		t.Errorf("when it is gone: %v", err)
	}
	if doors, _ := filepath.Glob(filepath.Join(os.TempDir(), "reprise-test-kept-1*")); len(doors) > 0 {
		t.Errorf("left: %v", doors)
	}
}
