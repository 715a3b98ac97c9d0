package namespaces

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// capability gives the number of a capability by its name (linux/capability.h), with CAP_ or
// without.
func capability(name string) (int, error) {
	i := slices.Index([]string{
		"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
		"NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE",
		"SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
		"SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
	}, strings.TrimPrefix(strings.ToUpper(name), "CAP_"))
	if i < 0 {
		return 0, fmt.Errorf("there is no capability %s", name)
	}
	return i, nil
}

// confine takes from this thread what a node does not have, for good: capabilities beyond
// those named, and new rights by execution. What the thread starts has no more.
func confine(caps []string) error {
	var mask uint64
	for _, name := range caps {
		n, err := capability(name)
		if err != nil {
			return err
		}
		mask |= 1 << n
	}
	for c := range uintptr(64) {
		if mask&(1<<c) == 0 {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				break // the kernel knows no more
			}
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	lo, hi := uint32(mask), uint32(mask>>32)
	data := [2]unix.CapUserData{{Effective: lo, Permitted: lo}, {Effective: hi, Permitted: hi}}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("give up capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new rights: %w", err)
	}
	return nil
}

// filterCalls takes system calls that a node has no use for from this thread and from what it
// starts, for good.
func filterCalls(rights []string) error {
	program := filter(rights)
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}                                                  //nolint:gosec // a short table
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0); err != nil { //nolint:gosec // prctl takes its address
		return fmt.Errorf("filter system calls: %w", err)
	}
	return nil
}

// refusedCalls are those that no node has a use for, and that reach parts of the kernel where
// its faults are: keys, programs for the kernel, its rings, its log, its clocks, its modules.
func refusedCalls() []uint32 {
	return []uint32{
		unix.SYS_ACCT, unix.SYS_ADD_KEY, unix.SYS_CLOCK_ADJTIME, unix.SYS_CLOCK_SETTIME, unix.SYS_DELETE_MODULE,
		unix.SYS_FANOTIFY_INIT, unix.SYS_FINIT_MODULE, unix.SYS_INIT_MODULE, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
		unix.SYS_IO_URING_SETUP, unix.SYS_KCMP, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_KEXEC_LOAD, unix.SYS_KEYCTL, unix.SYS_MBIND,
		unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_PERF_EVENT_OPEN,
		unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_REBOOT, unix.SYS_REQUEST_KEY, unix.SYS_SETTIMEOFDAY, unix.SYS_SWAPOFF,
		unix.SYS_SWAPON, unix.SYS_SYSLOG, unix.SYS_USERFAULTFD, unix.SYS_VHANGUP,
	}
}

// mountCalls make and change mounts and namespaces.
func mountCalls() []uint32 {
	return []uint32{
		unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSOPEN, unix.SYS_FSPICK, unix.SYS_MOUNT, unix.SYS_MOUNT_SETATTR,
		unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_PIVOT_ROOT, unix.SYS_SETNS, unix.SYS_UMOUNT2, unix.SYS_UNSHARE,
	}
}

// newestCall is the last that somebody has looked at (mseal): later ones are not there.
const newestCall = 462

// Where things are in struct seccomp_data (linux/seccomp.h).
const (
	dataCall = 0
	dataArch = 4
	dataArgs = 16 // low half of the first argument, of little-endian machines
	argSize  = 8
)

// argument says which values of an argument a call is refused with: those whose bits under mask
// are value, or where there is no mask, those that are not below it.
type argument struct {
	call        uint32
	place       uint32
	mask, value uint32
}

// refusedArguments are those with which calls that a node needs reach what it has no use for.
// Those of one call stand together.
func refusedArguments() []argument {
	const kind, whole = 0xff00, 0xffff
	return []argument{
		// Sockets to the hypervisor beneath the machine, which know no namespaces, and to the
		// kernel's ciphers.
		{unix.SYS_SOCKET, 0, whole, unix.AF_VSOCK},
		{unix.SYS_SOCKET, 0, whole, unix.AF_ALG},
		// Take memory of the machine out of use (madvise(2): MADV_HWPOISON and behind).
		{unix.SYS_MADVISE, 2, 0, 100},
		// Freeze, shut down and name a file system, feed random numbers, search btrfs, type into
		// a terminal, take the machine's console (ioctl(2)).
		{unix.SYS_IOCTL, 1, kind, 'X' << 8},
		{unix.SYS_IOCTL, 1, kind, 'R' << 8},
		{unix.SYS_IOCTL, 1, kind, 0x94 << 8},
		{unix.SYS_IOCTL, 1, whole, unix.TIOCSTI},
		{unix.SYS_IOCTL, 1, whole, unix.TIOCLINUX},
		{unix.SYS_IOCTL, 1, whole, unix.TIOCCONS},
	}
}

// rule says what becomes of a call: instructions that end with an answer.
type rule struct {
	call uint32
	then []unix.SockFilter
}

// Instructions of the filter (linux/bpf_common.h).
const (
	load    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	greater = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	least   = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	bits    = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
	and     = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	ret     = unix.BPF_RET | unix.BPF_K
)

// Answers of the filter: what is refused fails with EPERM, and what there is not with ENOSYS, so
// that libraries fall back to what there is.
const (
	allow  = unix.SECCOMP_RET_ALLOW
	refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
)

func answerOf(what uint32) unix.SockFilter { return unix.SockFilter{Code: ret, K: what} }

// argumentRules are the rules for arguments.
func argumentRules() []rule {
	var rules []rule
	for _, a := range refusedArguments() {
		test := []unix.SockFilter{{Code: load, K: dataArgs + argSize*a.place}}
		if a.mask == 0 {
			test = append(test, unix.SockFilter{Code: least, K: a.value, Jf: 1})
		} else {
			test = append(test, unix.SockFilter{Code: and, K: a.mask}, unix.SockFilter{Code: equal, K: a.value, Jf: 1})
		}
		test = append(test, answerOf(refuse))
		if last := len(rules) - 1; last >= 0 && rules[last].call == a.call {
			rules[last].then = append(rules[last].then, test...)
		} else {
			rules = append(rules, rule{call: a.call, then: test})
		}
	}
	for i := range rules {
		rules[i].then = append(rules[i].then, answerOf(allow))
	}
	return rules
}

// filter gives the filter of system calls.
func filter(rights []string) []unix.SockFilter {
	rules := argumentRules()
	add := func(calls ...uint32) {
		for _, call := range calls {
			rules = append(rules, rule{call, []unix.SockFilter{answerOf(refuse)}})
		}
	}
	add(refusedCalls()...)
	if !slices.Contains(rights, string(topologies.RightBPF)) {
		add(unix.SYS_BPF)
	}
	if !slices.Contains(rights, string(topologies.RightNamespaces)) {
		add(mountCalls()...)
		const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP
		rules = append(
			rules,
			rule{unix.SYS_CLONE3, []unix.SockFilter{answerOf(absent)}}, // its flags are behind a pointer
			rule{unix.SYS_CLONE, []unix.SockFilter{{Code: load, K: dataArgs}, {Code: bits, K: namespaces, Jf: 1}, answerOf(refuse), answerOf(allow)}},
		)
	}
	slices.SortFunc(rules, func(a, b rule) int { return cmp.Compare(a.call, b.call) })
	return append([]unix.SockFilter{
		{Code: load, K: dataArch},
		{Code: equal, K: auditArch, Jt: 1},
		answerOf(absent), // calls of another processor's numbers
		{Code: load, K: dataCall},
		{Code: greater, K: newestCall, Jf: 1},
		answerOf(absent),
	}, search(rules)...)
}

// fewRules are looked through one by one.
const fewRules = 4

// search finds the rule of a call among some that are in the order of their calls, in the steps
// of a tree: the kernel runs the whole filter once for every call that there is whenever a
// process begins to be filtered.
func search(rules []rule) []unix.SockFilter {
	var program []unix.SockFilter
	if len(rules) <= fewRules {
		for _, r := range rules {
			program = append(program, unix.SockFilter{Code: equal, K: r.call, Jf: uint8(len(r.then))}) //nolint:gosec // a handful
			program = append(program, r.then...)
		}
		return append(program, answerOf(allow))
	}
	half := len(rules) / 2
	lower := search(rules[:half])
	program = append(
		program,
		unix.SockFilter{Code: least, K: rules[half].call, Jf: 1},
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: uint32(len(lower))}, //nolint:gosec // some hundreds
	)
	return append(append(program, lower...), search(rules[half:])...)
}
