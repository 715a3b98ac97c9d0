package namespaces

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
)

// carriedOut carries a filter out, as the kernel does.
func carriedOut(t *testing.T, program []unix.SockFilter, call, arch uint32, args [6]uint32) uint32 {
	t.Helper()
	var a uint32
	jump := func(i *int, yes bool, f unix.SockFilter) {
		if yes {
			*i += int(f.Jt)
		} else {
			*i += int(f.Jf)
		}
	}
	for i := 0; i < len(program); i++ {
		f := program[i]
		switch f.Code {
		case load:
			switch f.K {
			case dataCall:
				a = call
			case dataArch:
				a = arch
			default:
				a = args[(f.K-dataArgs)/argSize]
			}
		case and:
			a &= f.K
		case equal:
			jump(&i, a == f.K, f)
		case greater:
			jump(&i, a > f.K, f)
		case least:
			jump(&i, a >= f.K, f)
		case bits:
			jump(&i, a&f.K != 0, f)
		case unix.BPF_JMP | unix.BPF_JA:
			i += int(f.K)
		case ret:
			return f.K
		default:
			t.Fatalf("instruction %#x", f.Code)
		}
	}
	t.Fatalf("the filter has no answer to call %d", call)
	return 0
}

// Every call has the answer of its list, and all others are allowed.
func TestFilter(t *testing.T) {
	t.Parallel()
	rights := [][]string{nil, {string(topologies.RightNamespaces)}, {string(topologies.RightBPF)}}
	for _, given := range rights {
		program := filter(given)
		mounts, bpf := slices.Contains(given, string(topologies.RightNamespaces)), slices.Contains(given, string(topologies.RightBPF))
		for call := range uint32(newestCall + 100) {
			want := uint32(allow)
			switch {
			case call > newestCall, call == unix.SYS_CLONE3 && !mounts:
				want = absent
			case slices.Contains(refusedCalls(), call), slices.Contains(mountCalls(), call) && !mounts, call == unix.SYS_BPF && !bpf:
				want = refuse
			}
			if got := carriedOut(t, program, call, auditArch, [6]uint32{}); got != want {
				t.Errorf("%v: call %d: answer %#x, want %#x", given, call, got, want)
			}
			if got := carriedOut(t, program, call, auditArch+1, [6]uint32{}); got != absent {
				t.Errorf("%v: call %d of another processor: answer %#x", given, call, got)
			}
		}
	}
	for _, x := range []struct {
		call uint32
		args [6]uint32
		want uint32
	}{
		{unix.SYS_SOCKET, [6]uint32{unix.AF_VSOCK}, refuse},
		{unix.SYS_SOCKET, [6]uint32{unix.AF_ALG}, refuse},
		{unix.SYS_SOCKET, [6]uint32{unix.AF_NETLINK}, allow},
		{unix.SYS_MADVISE, [6]uint32{0, 0, 101}, refuse},
		{unix.SYS_MADVISE, [6]uint32{0, 0, 99}, allow},
		{unix.SYS_IOCTL, [6]uint32{0, 'X'<<8 | 119}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, 'R'<<8 | 3}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, 0x9400}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, unix.TIOCSTI}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, unix.TIOCLINUX}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, unix.TIOCCONS}, refuse},
		{unix.SYS_IOCTL, [6]uint32{0, unix.TIOCGWINSZ}, allow},
		{unix.SYS_CLONE, [6]uint32{unix.CLONE_VM | unix.CLONE_NEWNET}, refuse},
		{unix.SYS_CLONE, [6]uint32{unix.CLONE_VM | unix.CLONE_VFORK}, allow},
	} {
		if got := carriedOut(t, filter(nil), x.call, auditArch, x.args); got != x.want {
			t.Errorf("call %d with %#x: answer %#x, want %#x", x.call, x.args, got, x.want)
		}
	}
}
