package cgroups_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups/cgroupstest"
)

// divides marks the process that divides a group and waits, without a number that others see.
const divides = "__divide"

// The test binary also plays another process that divides a group.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == divides {
		if _, err := (cgroups.Delegation{Dir: os.Args[2]}).Divide("hidden"); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("divided by", os.Getpid())
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test ends it
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// machine is a folder that stands for one.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// group are the files of one.
func group(files map[string]string, dir, controllers string) map[string]string {
	files[dir+"/cgroup.controllers"] = controllers + "\n"
	files[dir+"/cgroup.procs"], files[dir+"/cgroup.subtree_control"] = "", ""
	return files
}

const (
	unified = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	hybrid  = "30 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
	scope   = "/user.slice/user@1000.service/app.slice/run-1.scope"
)

// TestFind: the delegated group is found by the files of a machine, or why there is none.
func TestFind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		files  map[string]string
		dir    string
		has    []string
		reason string
	}{
		{
			name:  "version 2 alone",
			files: group(map[string]string{"proc/self/cgroup": "0::" + scope + "\n", "proc/self/mountinfo": unified}, "sys/fs/cgroup"+scope, "cpuset cpu io memory pids"),
			dir:   "/sys/fs/cgroup" + scope, has: []string{"cpu", "memory", "pids"},
		},
		{
			name:  "from within the group of processes",
			files: group(map[string]string{"proc/self/cgroup": "0::" + scope + "/reprise-processes\n", "proc/self/mountinfo": unified}, "sys/fs/cgroup"+scope, "memory pids"),
			dir:   "/sys/fs/cgroup" + scope, has: []string{"memory", "pids"},
		},
		{
			name:   "beside version 1, which has the controllers",
			files:  group(map[string]string{"proc/self/cgroup": "4:memory:/a\n0::/b\n", "proc/self/mountinfo": hybrid}, "sys/fs/cgroup/unified/b", ""),
			reason: "version 1 has them",
		},
		{
			name: "a part of the hierarchy, at a place with a blank",
			files: group(map[string]string{
				"proc/self/cgroup":    "0::/machine/c1/x\n",
				"proc/self/mountinfo": "29 23 0:26 /other /other rw - cgroup2 cgroup2 rw\n30 23 0:26 /machine/c1 /my\\040groups rw - cgroup2 cgroup2 rw\n",
			}, "my groups/x", "pids"),
			dir: "/my groups/x", has: []string{"pids"},
		},
		{name: "version 1 alone", files: map[string]string{"proc/self/cgroup": "4:memory:/a\n", "proc/self/mountinfo": hybrid}, reason: "no control groups of version 2"},
		{name: "out of sight", files: map[string]string{"proc/self/cgroup": "0::/../x\n", "proc/self/mountinfo": unified}, reason: "is not this user's to divide"},
		{name: "not mounted", files: map[string]string{"proc/self/cgroup": "0::/x\n", "proc/self/mountinfo": "30 23 0:27 / /m rw - cgroup cgroup rw,memory\n"}, reason: "no mount shows"},
		{name: "no groups", files: map[string]string{"proc/self/status": ""}, reason: "has no control groups"},
		{name: "not to be written", files: map[string]string{"proc/self/cgroup": "0::/x\n", "proc/self/mountinfo": unified}, reason: "is not this user's to divide"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			root := machine(t, tt.files)
			d, err := cgroups.Host{Root: root}.Find()
			if tt.reason != "" {
				none, ok := errors.AsType[*cgroups.NotDelegatedError](err)
				if !ok || !strings.Contains(strings.ReplaceAll(none.Error(), "the kernel has", "has"), tt.reason) || none.Allow == "" {
					t.Fatalf("found %+v, %v", d, err)
				}
				return
			}
			if err != nil || d.Dir != root+tt.dir || !slices.Equal(d.Controllers, tt.has) {
				t.Errorf("found %+v, %v", d, err)
			}
		})
	}
}

// TestFindUnmarked: a group that may be written is not this user's where systemd manages it and has not
// said so.
func TestFindUnmarked(t *testing.T) {
	t.Parallel()
	root := machine(t, group(map[string]string{"proc/self/cgroup": "0::" + scope + "\n", "proc/self/mountinfo": unified}, "sys/fs/cgroup"+scope, "memory pids"))
	h := cgroups.Host{Root: root, Systemd: true, Ask: func(bool, string, string) (string, error) {
		return "no", nil
	}}
	_, err := h.Find()
	if none, ok := errors.AsType[*cgroups.NotDelegatedError](err); !ok || !strings.Contains(none.Reason, "systemd manages") || !strings.Contains(none.Allow, "Delegate=yes") {
		t.Fatal(err)
	}
	asked := h
	asked.Ask = func(user bool, unit, property string) (string, error) {
		if !user || unit != "run-1.scope" || property != "Delegate" {
			return "", errors.New("no such unit")
		}
		return "yes", nil
	}
	if d, err := asked.Find(); err != nil || !d.Has(cgroups.Memory) {
		t.Errorf("systemd says yes: %+v, %v", d, err)
	}
	if err := syscall.Setxattr(root+"/sys/fs/cgroup"+scope, "user.delegate", []byte("1"), 0); err != nil {
		t.Skip("a file system without such attributes: ", err) //nolint:forbidigo // the machine decides
	}
	if d, err := h.Find(); err != nil || !d.Has(cgroups.Memory) {
		t.Errorf("found %+v, %v", d, err)
	}
}

// groupOf is the group of a process of version 2.
func groupOf(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, group, _ := strings.Cut(string(text), "0::")
	return strings.TrimSpace(group)
}

// TestDivide: what was in the group is below it, a process that is moved is in the node's group with
// what it makes, and nothing is left of the lab; nor of one whose maker has ended.
func TestDivide(t *testing.T) {
	dir := cgroupstest.Own(t)
	folder, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close() //nolint:errcheck // read only
	cmd := exec.Command("sh", "-c", "read go; sleep 1000 & echo $!; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(folder.Fd()), Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := cgroups.Delegation{Dir: dir}
	lab, err := d.Divide("lab-1")
	if err != nil {
		t.Fatal(err)
	}
	if g := groupOf(t, cmd.Process.Pid); filepath.Base(g) != "reprise-processes" {
		t.Errorf("what was there is in %s", g)
	}
	node, err := lab.Node("n1", cgroups.Limits{Memory: 1 << 30, Tasks: 100, CPU: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	if _, err := node.Procs.WriteString(strconv.Itoa(cmd.Process.Pid)); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Fscan(out, &child); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("/reprise-%d-lab-1/node-n1", os.Getpid())
	for _, pid := range []int{cmd.Process.Pid, child} {
		if g := groupOf(t, pid); !strings.HasSuffix(g, want) {
			t.Errorf("process %d is in %s", pid, g)
		}
	}
	left := filepath.Join(dir, "reprise-4194305-old", "node-n1") // a number that no process has
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := d.Sweep(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a process left that has ended: %v", err)
	}
	if g := groupOf(t, child); !strings.HasSuffix(g, want) {
		t.Errorf("swept: process %d is in %s", child, g)
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // by a signal
	if err := lab.Remove(); err != nil {
		t.Error(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "reprise-processes" {
			t.Errorf("left: %s", e.Name())
		}
	}
	if err := os.Remove(filepath.Join(dir, "reprise-processes")); err != nil {
		t.Error(err)
	}
}

// TestSweepHidden: the group of a process that has its number in another namespace is not taken for
// left, empty as it is, until that process has ended.
func TestSweepHidden(t *testing.T) {
	dir := cgroupstest.Own(t)
	cmd := exec.Command("sh", "-c", `echo 29000 >/proc/sys/kernel/ns_last_pid && "$0" "$@"; exit $?`, os.Args[0], divides, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := bufio.NewReader(out).ReadString('\n')
	number, ok := strings.CutPrefix(strings.TrimSpace(said), "divided by ")
	if err != nil || !ok {
		t.Errorf("it said %q, %v", said, err)
	}
	group := filepath.Join(dir, "reprise-"+number+"-hidden")
	if err := (cgroups.Delegation{Dir: dir}).Sweep(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(group); err != nil {
		t.Errorf("while its maker lives: %v", err)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if err := (cgroups.Delegation{Dir: dir}).Sweep(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(group); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("when its maker has ended: %v", err)
	}
}
