package containers

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/reprise-lab/reprise/topologies"
)

// The filter of system calls that every node runs under. zebra does not start without
// CAP_SYS_ADMIN, and outside a user namespace that capability is over the whole machine:
// with it a node could mount a cgroup hierarchy whose release agent runs on the host, or
// load programs into the kernel. So a node has the capability, and of the system calls
// that it opens those alone that act on the node itself. A filter sees numbers and not
// what pointers lead to: which file system a mount is of, it cannot tell.

// sysAdmin is the capability whose calls are taken one by one.
const sysAdmin = "CAP_SYS_ADMIN"

// ofOwnNode lists what CAP_SYS_ADMIN opens in the engine's own profile and acts on the node
// alone: its names, in its own UTS namespace, and questions. All the rest is left out, so
// that a call that a later kernel or profile adds is refused until somebody has looked.
func ofOwnNode() []string {
	return []string{"sethostname", "setdomainname", "lsm_get_self_attr", "lsm_list_modules"}
}

// opens lists the calls that a right gives back, of those of CAP_SYS_ADMIN.
func opens(r topologies.Right) []string {
	switch r {
	case topologies.RightNamespaces:
		return []string{"clone", "clone3", "mount", "setns", "umount", "umount2", "unshare"}
	case topologies.RightBPF:
		return []string{"bpf"}
	default:
		return nil
	}
}

// profile gives the filter for a node as the engine takes it: the engine's own profile as
// its makers keep it, but for what CAP_SYS_ADMIN opens, and for the requests of ioctl and
// madvise that reach the machine. Rules of other capabilities stay tied to them: they are
// in force for a node that was given the capability by name.
func profile(rights []topologies.Right) (string, error) {
	p := seccomp.DefaultProfile()
	allowed := ofOwnNode()
	for _, r := range rights {
		allowed = append(allowed, opens(r)...)
	}
	for _, rule := range p.Syscalls {
		if rule.Includes != nil && slices.Contains(rule.Includes.Caps, sysAdmin) {
			rule.Names = slices.DeleteFunc(rule.Names, func(name string) bool { return !slices.Contains(allowed, name) })
			continue
		}
		// Rules that only stand without the capability: no namespace by clone, and clone3, whose
		// flags are behind a pointer, is not there, so that libraries fall back on clone.
		if rule.Excludes != nil && slices.Contains(rule.Excludes.Caps, sysAdmin) && !slices.Contains(rights, topologies.RightNamespaces) {
			rule.Excludes.Caps = nil
		}
		if len(rule.Args) == 0 && rule.Action == specs.ActAllow {
			rule.Names = slices.DeleteFunc(rule.Names, func(name string) bool { return name == "ioctl" || name == "madvise" })
		}
	}
	p.Syscalls = slices.DeleteFunc(p.Syscalls, func(rule *seccomp.Syscall) bool { return len(rule.Names) == 0 })
	p.Syscalls = append(p.Syscalls, ioctls()...)
	p.Syscalls = append(p.Syscalls, allow("madvise", specs.LinuxSeccompArg{Index: 2, Value: madviseHWPoison, Op: specs.OpLessThan}))
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("write the filter of system calls: %w", err)
	}
	return string(text), nil
}

// madviseHWPoison is the first of the two advices that take pages of the machine's memory out
// of use (madvise(2): MADV_HWPOISON, MADV_SOFT_OFFLINE). No other has a higher number.
const madviseHWPoison = 100

func allow(call string, arg specs.LinuxSeccompArg) *seccomp.Syscall {
	return &seccomp.Syscall{LinuxSyscall: specs.LinuxSyscall{Names: []string{call}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{arg}}}
}

// cube is the set of numbers whose bits under mask are those of value.
type cube struct{ mask, value uint64 }

// requestBits are the bits of a request of ioctl that tell what is asked for: its type and
// its number (ioctl(2)). The kernel looks at 32 bits; a filter compares 64, and by a mask so
// that what is above does not matter.
const requestBits = 16

// reaching lists the requests of ioctl that reach the machine with CAP_SYS_ADMIN: a node has
// files of the host's file system, since the engine binds /etc/hosts and others, and
// terminals.
func reaching() []cube {
	const kind, whole = 0xff00, 0xffff
	return []cube{
		{kind, 'X' << 8},     // freeze, thaw, trim and shut down a file system (FIFREEZE, EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN)
		{kind, 'R' << 8},     // what the machine's random numbers are made of (RNDADDENTROPY, RNDCLEARPOOL)
		{kind, 0x94 << 8},    // btrfs: search, snapshots, devices; and its label for all (FS_IOC_SETFSLABEL)
		{whole, 0x5412},      // type into a terminal (TIOCSTI)
		{whole, 0x541c},      // of the console (TIOCLINUX)
		{whole, 0x541d},      // turn the machine's console to a terminal of the node (TIOCCONS)
		{whole, 'f'<<8 | 17}, // make a file the boot loader of an ext4 (EXT4_IOC_SWAP_BOOT)
		{whole, 'f'<<8 | 44}, // the identity of a file system (EXT4_IOC_SETFSUUID)
		{whole, 'f'<<8 | 23}, // keys of its encryption (FS_IOC_ADD_ENCRYPTION_KEY)
		{whole, 'f'<<8 | 24},
		{whole, 'f'<<8 | 25},
	}
}

// ioctls allows every request but those. A rule is one comparison, and rules of one call are
// alternatives: so the rest is cut into sets of numbers that share their upper bits.
func ioctls() []*seccomp.Syscall {
	var rules []*seccomp.Syscall
	for _, c := range rest(cube{}, requestBits, reaching()) {
		rules = append(rules, allow("ioctl", specs.LinuxSeccompArg{Index: 1, Value: c.mask, ValueTwo: c.value, Op: specs.OpMaskedEqual}))
	}
	return rules
}

// rest cuts what of a set is in none of the others into sets. bits are how many bits the set
// leaves open, the lower ones. The others fix upper bits first.
func rest(of cube, bits int, without []cube) []cube {
	touched := false
	for _, w := range without {
		if common := w.mask & of.mask; (w.value^of.value)&common == 0 {
			if common == w.mask {
				return nil // wholly left out
			}
			touched = true
		}
	}
	if !touched {
		return []cube{of}
	}
	bit := uint64(1) << (bits - 1)
	return append(rest(cube{of.mask | bit, of.value}, bits-1, without), rest(cube{of.mask | bit, of.value | bit}, bits-1, without)...)
}
