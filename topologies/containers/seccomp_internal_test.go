package containers

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/moby/profiles/seccomp"

	"github.com/reprise-lab/reprise/topologies"
)

// parsed gives the rules of a filter that stand for a node with the base capabilities.
func parsed(t *testing.T, rights ...topologies.Right) []*seccomp.Syscall {
	t.Helper()
	text, err := profile(rights)
	if err != nil {
		t.Fatal(err)
	}
	var p seccomp.Seccomp
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if p.DefaultAction != "SCMP_ACT_ERRNO" {
		t.Fatalf("what no rule names is answered with %s", p.DefaultAction)
	}
	var have []string
	for _, c := range topologies.BaseCapabilities() {
		have = append(have, "CAP_"+c)
	}
	return slices.DeleteFunc(p.Syscalls, func(rule *seccomp.Syscall) bool {
		lacks := rule.Includes != nil && slices.ContainsFunc(rule.Includes.Caps, func(c string) bool { return !slices.Contains(have, c) })
		return lacks || rule.Excludes != nil && slices.ContainsFunc(rule.Excludes.Caps, func(c string) bool { return slices.Contains(have, c) })
	})
}

// allowed says whether a rule without conditions allows a call.
func allowed(rules []*seccomp.Syscall, call string) bool {
	return slices.ContainsFunc(rules, func(r *seccomp.Syscall) bool {
		return r.Action == "SCMP_ACT_ALLOW" && len(r.Args) == 0 && slices.Contains(r.Names, call)
	})
}

func TestProfile(t *testing.T) {
	t.Parallel()
	refused := []string{
		"acct", "add_key", "bpf", "clock_settime", "clone", "clone3", "delete_module", "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick",
		"init_module", "io_uring_setup", "ioctl", "iopl", "ioperm", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "lsm_set_self_attr", "madvise",
		"mount", "mount_setattr", "move_mount", "nfsservctl", "open_by_handle_at", "open_tree", "open_tree_attr", "perf_event_open", "pivot_root", "quotactl",
		"quotactl_fd", "reboot", "request_key", "setns", "settimeofday", "stime", "swapoff", "swapon", "syslog", "umount", "umount2", "unshare", "userfaultfd", "vhangup",
	}
	for _, rights := range [][]topologies.Right{nil, {topologies.RightNamespaces}, {topologies.RightBPF}} {
		rules := parsed(t, rights...)
		for _, call := range refused {
			given := slices.ContainsFunc(rights, func(r topologies.Right) bool { return slices.Contains(opens(r), call) })
			if allowed(rules, call) != given {
				t.Errorf("with %v: %s is allowed: %v", rights, call, !given)
			}
		}
		for _, call := range []string{"sethostname", "ptrace", "chroot", "execve", "fork", "mlockall"} {
			if !allowed(rules, call) {
				t.Errorf("with %v: %s is refused", rights, call)
			}
		}
	}
}

// Requests of ioctl: each of those that reach the machine is in no rule, and each other in one.
func TestIoctls(t *testing.T) {
	t.Parallel()
	rules := ioctls()
	passes := func(n uint64) bool {
		return slices.ContainsFunc(rules, func(r *seccomp.Syscall) bool { return n&r.Args[0].Value == r.Args[0].ValueTwo })
	}
	for n := range uint64(1 << requestBits) {
		reaches := slices.ContainsFunc(reaching(), func(c cube) bool { return n&c.mask == c.value })
		if passes(n) == reaches || passes(0xc004_0000|n) == reaches || passes(1<<40|n) == reaches {
			t.Fatalf("%#x passes: %v", n, !reaches)
		}
	}
	for what, n := range map[string]uint64{
		"FIFREEZE": 0xc0045877, "FITHAW": 0xc0045878, "FITRIM": 0xc0185879, "EXT4_IOC_SHUTDOWN": 0x8004587d, "FS_IOC_SETFSLABEL": 0x41009432,
		"BTRFS_IOC_TREE_SEARCH": 0xd0009411, "TIOCSTI": 0x5412, "TIOCCONS": 0x541d, "RNDADDENTROPY": 0x40085203,
	} {
		if passes(n) {
			t.Errorf("%s passes", what)
		}
	}
	for what, n := range map[string]uint64{
		"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "TIOCSCTTY": 0x540e, "FIONREAD": 0x541b, "FIOCLEX": 0x5451, "SIOCGIFNAME": 0x8910, "TUNSETIFF": 0x400454ca,
		"FS_IOC_GETFLAGS": 0x80086601, "KVM_RUN": 0xae80, "VHOST_SET_OWNER": 0xaf01,
	} {
		if !passes(n) {
			t.Errorf("%s is refused", what)
		}
	}
}
