package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// others are ways to take from the machine what is everybody's.
func others() []way {
	return []way{
		{"thaw the host's file system", func([]string) (string, error) { return request(0xc0045878, unix.EINVAL) }},
		{"name the host's file system", func([]string) (string, error) { return request(0x41009432, unix.EFAULT) }},
		{"real time", func([]string) (string, error) {
			return "it is", unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0)
		}},
		{"priority over the host", func([]string) (string, error) { return "it is", unix.Setpriority(unix.PRIO_PROCESS, 0, -20) }},
		{"out of the reach of the OOM killer", func([]string) (string, error) {
			return "it is", os.WriteFile("/proc/self/oom_score_adj", []byte("-1000"), 0)
		}},
		{"sockets to the hypervisor", func([]string) (string, error) { return socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0) }},
		{"the kernel's ciphers", func([]string) (string, error) { return socket(unix.AF_ALG, unix.SOCK_SEQPACKET, 0) }},
		{"news of the host's processes", connector},
		{"rights by a file", func([]string) (string, error) {
			if v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil || v == 1 {
				return "", errors.Join(err, errors.New("no new privileges"))
			}
			return "programs may gain rights", nil
		}},
		{"processes without end", forks},
		{"memory without end", memory},
	}
}

// own are what a node may do: not ways out, but proof that the tries are tries.
func own() []way {
	return []way{
		{"own: sethostname", func([]string) (string, error) { return "set", unix.Sethostname([]byte("renamed")) }},
		{"own: chroot", func([]string) (string, error) { return "done", unix.Chroot("/tmp") }},
		{"own: packet socket", func([]string) (string, error) { return socket(unix.AF_PACKET, unix.SOCK_RAW, 0) }},
		{"own: write below /proc/sys/net", func([]string) (string, error) { return writable("/proc/sys/net/ipv4") }},
	}
}

// request makes a request of the file system that /etc/hosts lies on, without an argument.
func request(what uintptr, open ...error) (string, error) {
	fd, err := unix.Open("/etc/hosts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUntried, err)
	}
	return raw(unix.SYS_IOCTL, [6]uintptr{uintptr(fd), what, 0}, open...)
}

// connector asks for the kernel's news of every process (linux/cn_proc.h).
func connector([]string) (string, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_CONNECTOR)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	// A netlink header, one of the connector (CN_IDX_PROC 1, CN_VAL_PROC 1), PROC_CN_MCAST_LISTEN.
	ask := make([]byte, 40)
	ask[0], ask[4], ask[16], ask[20], ask[32], ask[36] = 40, 3, 1, 1, 4, 1
	return "it was asked", unix.Sendto(fd, ask, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

func socket(family, kind, protocol int) (string, error) {
	fd, err := unix.Socket(family, kind, protocol)
	if err == nil {
		_ = unix.Close(fd)
	}
	return "there is one", err
}

// forks starts processes until one is refused. args is the number that is too many. Its
// children make nothing but system calls: a process that is a copy of this one, and of one of
// its threads only, can do nothing else.
func forks(args []string) (string, error) {
	if len(args) != 1 {
		return "", errUntried
	}
	var pids []uintptr
	var refused unix.Errno
	for range must(args[0]) {
		pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if pid == 0 && errno == 0 {
			for {
				_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
			}
		}
		if refused = errno; errno != 0 {
			break
		}
		pids = append(pids, pid)
	}
	for _, pid := range pids {
		_ = unix.Kill(int(pid), unix.SIGKILL)
		_, _ = unix.Wait4(int(pid), nil, 0, nil)
	}
	if refused != 0 {
		return "", fmt.Errorf("after %d: %w", len(pids), refused)
	}
	return fmt.Sprintf("%d run", len(pids)), nil
}

// memory has a child of this program take memory. args is how much is too much, in MiB.
func memory(args []string) (string, error) {
	if len(args) == 2 { // the child
		for range must(args[0]) {
			page := make([]byte, 1<<20)
			for i := 0; i < len(page); i += 4096 {
				page[i] = 1
			}
			hold = append(hold, page)
		}
		return "taken", nil
	}
	if len(args) != 1 {
		return "", errUntried
	}
	err := exec.Command("/proc/self/exe", "memory without end", args[0], "child").Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if st, ok := exit.Sys().(syscall.WaitStatus); ok && st.Signaled() {
			return "", fmt.Errorf("ended by %v", st.Signal())
		}
	}
	return "taken", err
}

var hold [][]byte

func must(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}
