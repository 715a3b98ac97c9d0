package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mounts are the ways that begin with a mount.
func mounts() []way {
	list := []way{
		{"remount /proc/sys writable", func([]string) (string, error) {
			return "it is", unix.Mount("", "/proc/sys", "", unix.MS_REMOUNT|unix.MS_BIND, "")
		}},
		{"remount /sys writable", func([]string) (string, error) {
			return "it is", unix.Mount("", "/sys", "", unix.MS_REMOUNT|unix.MS_BIND, "")
		}},
		{"bind a folder", func([]string) (string, error) { return "bound", mounted("/", "", unix.MS_BIND|unix.MS_REC, "") }},
		{"unmount", func([]string) (string, error) {
			return refusedBut(unix.Unmount("/nonexistent", unix.MNT_DETACH), unix.ENOENT)
		}},
		{"pivot_root", func([]string) (string, error) {
			return refusedBut(unix.PivotRoot("/nonexistent", "/nonexistent"), unix.ENOENT, unix.EINVAL)
		}},
	}
	for _, fs := range []struct{ kind, data, file string }{
		{"cgroup", "memory", "release_agent"}, {"cgroup", "rdma", "release_agent"}, {"cgroup", "none,name=x", "release_agent"},
		{"cgroup2", "", "cgroup.procs"}, {"proc", "", "sys/kernel/core_pattern"}, {"sysfs", "", "kernel/uevent_helper"},
		{"binfmt_misc", "", "register"}, {"debugfs", "", ""}, {"tracefs", "", ""}, {"securityfs", "", ""}, {"bpf", "", ""},
		{"devtmpfs", "", "kmsg"}, {"tmpfs", "", ""}, {"overlay", "lowerdir=/etc:/usr", ""},
	} {
		list = append(list, way{strings.TrimSpace("mount " + fs.kind + " " + fs.data), func([]string) (string, error) {
			return fs.file, mounted("none", fs.kind, 0, fs.data, fs.file)
		}})
	}
	return list
}

// mounted mounts something, looks whether its file can be written, and takes it away again.
func mounted(source, kind string, flags uintptr, data string, file ...string) error {
	at, err := os.MkdirTemp("/tmp", "way")
	if err != nil {
		return fmt.Errorf("%w: %w", errUntried, err)
	}
	if err := unix.Mount(source, at, kind, flags, data); err != nil {
		return err
	}
	defer func() { _ = unix.Unmount(at, unix.MNT_DETACH) }()
	if len(file) == 0 || file[0] == "" {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(at, file[0]), os.O_WRONLY, 0)
	if err == nil {
		_ = f.Close()
	}
	return nil // that it was mounted is enough
}

// refusedBut reads the answer of a call whose arguments it refuses: where one of those errors
// comes, nothing else was in the way.
func refusedBut(err error, open ...error) (string, error) {
	for _, o := range open {
		if errors.Is(err, o) {
			return "it only refuses its arguments: " + err.Error(), nil
		}
	}
	if err == nil {
		return "it was done", nil
	}
	return "", err
}

// raw makes a system call and reads its answer.
func raw(number uintptr, args [6]uintptr, open ...error) (string, error) {
	got, _, errno := unix.Syscall6(number, args[0], args[1], args[2], args[3], args[4], args[5])
	if errno == 0 {
		return fmt.Sprintf("it answers %d", got), nil
	}
	return refusedBut(errno, open...)
}

func text(s string) uintptr {
	p, err := unix.BytePtrFromString(s)
	if err != nil {
		panic(err)
	}
	kept = append(kept, p)
	return uintptr(unsafe.Pointer(p))
}

var kept []*byte // texts that system calls look at

// calls are the ways that one system call opens.
func calls() []way {
	call := func(name string, number uintptr, args [6]uintptr, open ...error) way {
		return way{name, func([]string) (string, error) { return raw(number, args, open...) }}
	}
	attr := make([]byte, 128)
	attr[0], attr[4], attr[8], attr[12] = 2, 4, 4, 1 // a map: an array of one value of four bytes
	perf := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{}))}
	gone := text("/nonexistent")
	here := ^uintptr(99) // AT_FDCWD
	list := []way{
		call("bpf", unix.SYS_BPF, [6]uintptr{0, uintptr(unsafe.Pointer(&attr[0])), uintptr(len(attr))}, unix.EINVAL),
		call("keyctl", unix.SYS_KEYCTL, [6]uintptr{0, ^uintptr(2), 1}, unix.EINVAL),
		call("add_key", unix.SYS_ADD_KEY, [6]uintptr{0, 0, 0, 0, 0}, unix.EFAULT, unix.EINVAL),
		call("request_key", unix.SYS_REQUEST_KEY, [6]uintptr{0, 0, 0, 0}, unix.EFAULT, unix.EINVAL),
		call("perf_event_open", unix.SYS_PERF_EVENT_OPEN, [6]uintptr{uintptr(unsafe.Pointer(&perf)), 0, ^uintptr(0), ^uintptr(0), 0}, unix.EINVAL, unix.ENOENT, unix.E2BIG),
		call("userfaultfd", unix.SYS_USERFAULTFD, [6]uintptr{unix.O_CLOEXEC}, unix.EINVAL),
		call("io_uring_setup", unix.SYS_IO_URING_SETUP, [6]uintptr{0, 0}, unix.EFAULT, unix.EINVAL),
		call("kexec_load", unix.SYS_KEXEC_LOAD, [6]uintptr{0, 0, 0, 0xffff}, unix.EINVAL),
		call("kexec_file_load", unix.SYS_KEXEC_FILE_LOAD, [6]uintptr{^uintptr(0), ^uintptr(0), 0, 0, 0xffff}, unix.EINVAL, unix.EBADF),
		call("init_module", unix.SYS_INIT_MODULE, [6]uintptr{0, 0, text("")}, unix.EFAULT, unix.ENOEXEC),
		call("finit_module", unix.SYS_FINIT_MODULE, [6]uintptr{^uintptr(0), text(""), 0}, unix.EBADF),
		call("delete_module", unix.SYS_DELETE_MODULE, [6]uintptr{text("nonexistent"), 0}, unix.ENOENT),
		call("reboot", unix.SYS_REBOOT, [6]uintptr{1, 2, 3}, unix.EINVAL),
		call("swapon", unix.SYS_SWAPON, [6]uintptr{gone, 0}, unix.ENOENT),
		call("swapoff", unix.SYS_SWAPOFF, [6]uintptr{gone}, unix.ENOENT),
		call("acct", unix.SYS_ACCT, [6]uintptr{gone}, unix.ENOENT),
		call("quotactl", unix.SYS_QUOTACTL, [6]uintptr{0x800002 << 8, gone, 0, 0}, unix.ENOENT, unix.EINVAL),
		call("syslog", unix.SYS_SYSLOG, [6]uintptr{10}),
		call("fanotify_init", unix.SYS_FANOTIFY_INIT, [6]uintptr{0, 0}),
		call("fsopen", unix.SYS_FSOPEN, [6]uintptr{text("tmpfs"), 0}),
		call("fspick", unix.SYS_FSPICK, [6]uintptr{here, text("/"), 0}),
		call("fsconfig", unix.SYS_FSCONFIG, [6]uintptr{^uintptr(0), 6, 0, 0, 0}, unix.EINVAL, unix.EBADF),
		call("fsmount", unix.SYS_FSMOUNT, [6]uintptr{^uintptr(0), 0, 0}, unix.EBADF),
		call("open_tree", unix.SYS_OPEN_TREE, [6]uintptr{here, text("/"), 1}),
		call("move_mount", unix.SYS_MOVE_MOUNT, [6]uintptr{here, gone, here, gone, 0}, unix.ENOENT),
		call("mount_setattr", unix.SYS_MOUNT_SETATTR, [6]uintptr{here, gone, 0, uintptr(unsafe.Pointer(&attr[64])), 32}, unix.ENOENT, unix.EINVAL),
		call("lookup_dcookie", unix.SYS_LOOKUP_DCOOKIE, [6]uintptr{0, 0, 0}, unix.EINVAL, unix.EFAULT),
		call("nfsservctl", unix.SYS_NFSSERVCTL, [6]uintptr{}),
		call("clone3", unix.SYS_CLONE3, [6]uintptr{0, 0}, unix.EINVAL, unix.EFAULT),
		call("poison memory", unix.SYS_MADVISE, [6]uintptr{1, 4096, 100}, unix.EINVAL),
		call("take memory out of use", unix.SYS_MADVISE, [6]uintptr{1, 4096, 101}, unix.EINVAL),
		{"clock_settime", func([]string) (string, error) {
			now := unix.NsecToTimespec(time.Now().UnixNano())
			return "the clock was set to what it was", unix.ClockSettime(unix.CLOCK_REALTIME, &now)
		}},
		{"settimeofday", func([]string) (string, error) {
			now := unix.NsecToTimeval(time.Now().UnixNano())
			return "the clock was set to what it was", unix.Settimeofday(&now)
		}},
		{"adjtimex", func([]string) (string, error) {
			var t unix.Timex
			if _, err := unix.Adjtimex(&t); err != nil {
				return "", err
			}
			t.Modes = unix.ADJ_FREQUENCY // to what it is
			_, err := unix.Adjtimex(&t)
			return "the clock's rate can be set", err
		}},
		{"setns", enterOwn},
		{"open_by_handle_at", shocker},
		{"clone into a namespace of users", func([]string) (string, error) {
			c := exec.Command("/bin/true")
			c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNS}
			return "there is one", c.Run()
		}},
	}
	for name, flag := range map[string]int{
		"mounts": unix.CLONE_NEWNS, "users": unix.CLONE_NEWUSER, "networks": unix.CLONE_NEWNET, "processes": unix.CLONE_NEWPID,
		"cgroups": unix.CLONE_NEWCGROUP, "IPC": unix.CLONE_NEWIPC, "names": unix.CLONE_NEWUTS, "clocks": unix.CLONE_NEWTIME,
	} {
		list = append(list, way{"unshare " + name, func([]string) (string, error) {
			runtime.LockOSThread()
			return "there is one", unix.Unshare(flag)
		}})
	}
	return append(list, machineCalls()...)
}

// enterOwn enters a namespace that it is in.
func enterOwn([]string) (string, error) {
	runtime.LockOSThread()
	fd, err := unix.Open("/proc/self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUntried, err)
	}
	return "entered", unix.Setns(fd, unix.CLONE_NEWNET)
}

// shocker opens the root folder of the host's file system, on which /etc/hosts lies, by its
// handle: inode 2 of ext4 (CVE-2014-9357's kind).
func shocker([]string) (string, error) {
	fd, err := unix.Open("/etc/hosts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUntried, err)
	}
	got, err := unix.OpenByHandleAt(fd, unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0}), unix.O_RDONLY)
	if errors.Is(err, unix.ESTALE) {
		return "only the handle is wrong", nil
	}
	if err != nil {
		return "", err
	}
	names, err := os.NewFile(uintptr(got), "root").Readdirnames(5)
	return strings.Join(names, " "), err
}
