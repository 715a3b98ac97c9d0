package filter_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/reprise-lab/reprise/topologies/capture/capturetest"
	"github.com/reprise-lab/reprise/topologies/capture/filter"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// libpcap gives the program that libpcap makes of a filter for files; ok is false where it refuses.
func libpcap(t *testing.T, text string) (program []bpf.Instruction, ok bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "tcpdump", "-y", "EN10MB", "-O", "-ddd", text).Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		if !bytes.HasPrefix(exit.Stderr, []byte("tcpdump: ")) {
			t.Fatalf("tcpdump %q: %v: %s", text, err, exit.Stderr)
		}
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	var raw []bpf.RawInstruction
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if len(words) != 4 {
			continue
		}
		var n [4]uint64
		for i, w := range words {
			if n[i], err = strconv.ParseUint(w, 10, 32); err != nil {
				t.Fatalf("%q of tcpdump: %v", line, err)
			}
		}
		raw = append(raw, bpf.RawInstruction{Op: uint16(n[0]), Jt: uint8(n[1]), Jf: uint8(n[2]), K: uint32(n[3])})
	}
	program, all := bpf.Disassemble(raw)
	if !all {
		t.Fatalf("the program of %q is not understood: %v", text, raw)
	}
	return program, true
}

func needTcpdump(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		livetest.Missing(t, "tcpdump", err)
	}
}

func machine(t *testing.T, program []bpf.Instruction) *bpf.VM {
	t.Helper()
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func accepts(t *testing.T, vm *bpf.VM, frame []byte) bool {
	t.Helper()
	n, err := vm.Run(frame)
	if err != nil {
		t.Fatal(err)
	}
	return n != 0
}

// sameAsLibpcap compares both programs over frames, and says how many it accepted.
func sameAsLibpcap(t *testing.T, text string, frames [][]byte) (accepted int) {
	t.Helper()
	program, ok := libpcap(t, text)
	f, err := filter.Compile(text)
	if !ok || err != nil {
		t.Errorf("%q: libpcap accepts it: %v, and this: %v", text, ok, err)
		return 0
	}
	theirs := machine(t, program)
	for _, frame := range frames {
		want := accepts(t, theirs, frame)
		if got := f.Match(frame); got != want {
			t.Errorf("%q of % x: %v, of libpcap %v", text, frame, got, want)
			return accepted
		}
		if want {
			accepted++
		}
	}
	if accepted > 0 && f.Never() {
		t.Errorf("%q is said to accept nothing", text)
	}
	return accepted
}

// written are filters as people write them; each accepts some of the frames.
func written() []string {
	return []string{
		"ip", "ip6", "arp", "rarp", "icmp", "icmp6", "tcp", "udp", "stp", "llc", "isis", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "iso", "esis",
		"igmp", "pim", "vrrp", "carp", "sctp", "ah", "esp", "igrp", "broadcast", "multicast", "ip multicast", "ip6 multicast", "ether multicast",
		"port 179 or 22", "port 179 or host 10.0.0.1 or 10.0.0.2", "src or dst host 10.0.0.1", "src and dst port 22", "dst or src net 10",
		"tcp port (22 or 80)", "port not 80", "not tcp port 80", "not host 10.0.0.1 and 10.0.0.2", "port 80 or (443 or 22)",
		"vlan and host 10.0.0.1 or arp", "ip and not arp || udp", "!ip", "not not ip6", "(ip or ip6) and not (tcp or udp)",
		"vlan", "vlan 5", "vlan 5 and ip", "vlan and vlan 100", "vlan or ip", "not vlan and ip", "(vlan 5 and ip) or arp", "vlan 0 and tcp port 80",
		"vlan 5 or vlan 100 and ip6", "vlan and tcp[13] & 2 != 0", "vlan and host fe80::1",
		"ether proto 0x88cc", "ether proto 0x42", `ether proto \ip`, "ether host 02:00:00:00:00:01", "ether src 1:80:c2:0:0:e",
		"ip proto 89", "proto ospf", "ip6 proto 58", "isis proto 20", `ip proto \tcp`, "igmp or proto 103",
		"net 10", "net 10.1", "net 10.0.0.0/8", "net 10.0.0.0 mask 255.0.0.0", "net fe80::/10", "net ::/0", "host ff02::1", "net 0.0.0.0/0", "host 10",
		"less 60", "greater 60", "len > 70", "len - 10 < 60", "portrange 20-100", "udp portrange 100-20", "portrange 80",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) != 0", "icmp[icmptype] = icmp-echo or icmp[1] > 20", "ip[6:2] & 0x1fff = 0", "ip[0] & 0xf > 5",
		"ether[0] & 1 = 1 and ether[12:2] > 1500", "tcp[((tcp[12] & 0xf0) >> 2):1] < 128", "ip[2:2] - ((ip[0] & 0xf) << 2) = 20", "ip6[6] = 58",
		"icmp6[icmp6type] < 200", "1 = 1", "2 + 3 * 4 = 14", "0xffffffff + 2 = 1", "1 - 2 > 5", "ether[ether[0] & 15] > 3", "(ip[0] >> 4) = 4",
		"ip[8] % 64 = 0", "ip[8] ^ 64 = 0", "60 / 7 = 8 and ip", "ether host ff:ff:ff:ff:ff:ff or arp",
	}
}

func TestSameAsLibpcap(t *testing.T) {
	needTcpdump(t)
	t.Parallel()
	list := capturetest.Frames(1, 3000)
	for _, text := range written() {
		if sameAsLibpcap(t, text, list) == 0 && !t.Failed() {
			t.Errorf("%q accepts none of the frames: it is not tried", text)
		}
	}
}

// TestMadeSameAsLibpcap makes filters up.
func TestMadeSameAsLibpcap(t *testing.T) {
	needTcpdump(t)
	t.Parallel()
	list := capturetest.Frames(2, 800)
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			m := capturetest.NewMaker(100 + seed)
			for range 150 {
				if t.Failed() {
					return
				}
				sameAsLibpcap(t, m.Expression(3), list)
			}
		})
	}
	wg.Wait()
}

// TestRefusedAsLibpcap: what libpcap refuses is refused.
func TestRefusedAsLibpcap(t *testing.T) {
	needTcpdump(t)
	t.Parallel()
	for _, text := range []string{
		"1.2.3.4", "tcp 80", "ip 1.2.3.4", "port 80 or (443 or udp port 5)", "net 10/8", "tcp or 80", "(host 1.2.3.4 or 2.2.2.2) and 3.3.3.3",
		"ip6[6:3]=1", "host 1.2.3.4/24", "host 00:11:22:33:44:55", "ether 00:11:22:33:44:55", "vlan 5000", "greater 5000000000", "ip proto tcp",
		"lldp", "ip host ::1", "tcp host 1.2.3.4", "ip port 80", "net 10.0.0.1/8", "port 100-200", "len", "ip[0]", "ip and", "and ip", "(ip", "ip)",
		"ip or or arp", "port 70000", "host 1.2.3.300", "tcp[0", "1 = ", "host", "src", "ether", "not", "ip[0]=1=1", "net 1.2.3.0/33", "host 1:2:3",
		"ip # arp", "8 / 0 = 1", "1 << 32 = 1", "proto nosuch", "arp[0:8] = 1", "ether host 1.2.3.4 or ", "llc llc", "src proto 6", "stp[0]=1 and [", "tcp broadcast",
	} {
		if _, ok := libpcap(t, text); ok {
			t.Errorf("libpcap accepts %q", text)
		}
		if _, err := filter.Compile(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// beside is a frame as a packet socket has it: the kernel keeps its outer tag.
func beside(frame []byte) (rest []byte, present, tci, proto uint32) {
	if len(frame) < 18 {
		return frame, 0, 0, 0
	}
	proto = uint32(frame[12])<<8 | uint32(frame[13])
	if proto != 0x8100 && proto != 0x88a8 {
		return frame, 0, 0, 0
	}
	rest = append(bytes.Clone(frame[:12]), frame[16:]...)
	return rest, 1, uint32(frame[14])<<8 | uint32(frame[15]), proto
}

// with is a program in which the kernel's values are fixed.
func with(program []bpf.Instruction, present, tci, proto uint32) []bpf.Instruction {
	fixed := make([]bpf.Instruction, len(program))
	for i, in := range program {
		fixed[i] = in
		if x, ok := in.(bpf.LoadExtension); ok && x.Num != bpf.ExtLen {
			values := map[bpf.Extension]uint32{bpf.ExtVLANTagPresent: present, bpf.ExtVLANTag: tci, bpf.ExtVLANProto: proto}
			fixed[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: values[x.Num]}
		}
	}
	return fixed
}

// TestLiveSaysTheSame: a packet socket's program says of what the socket is given what the other says of
// the frame that was on the wire.
func TestLiveSaysTheSame(t *testing.T) {
	t.Parallel()
	list := capturetest.Frames(3, 600)
	texts := written()
	m := capturetest.NewMaker(7)
	for range 150 {
		texts = append(texts, m.Expression(3))
	}
	for _, text := range texts {
		f, err := filter.Compile(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		vms := map[string]*bpf.VM{}
		for _, frame := range list {
			rest, present, tci, proto := beside(frame)
			key := fmt.Sprint(present, tci, proto)
			if vms[key] == nil {
				vms[key] = machine(t, with(f.Live(), present, tci, proto))
			}
			if got, want := accepts(t, vms[key], rest), f.Match(frame); got != want {
				t.Errorf("%q of % x: %v live, %v in a file", text, frame, got, want)
				break
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		column int
		want   string
	}{
		{"port bgp", 6, "no number of a port"},
		{"host r1", 6, "no names are looked up"},
		{"frobnicate", 1, "expected a primitive"},
		{"ip broadcast", 4, "not in the frame"},
		{"inbound", 1, "which way a frame went"},
		{"ip protochain 6", 4, "no loops"},
		{"tcp and mpls 5", 9, "looked into"},
		{"port 80 or udp 5", 16, "cannot stand here"},
		{"host 10.0.0.1 arp", 15, `expected "and", "or" or the end`},
		{"ip[0:3] = 1", 6, "1, 2 or 4"},
		{"ip proto tcp", 10, `write \tcp`},
		{"net 10.0.0.1/8", 5, "bits of"},
		{"ip[6] ^ 1 & 2 = 1", 11, "parentheses"},
		{"ip[6] & 1 ^ 2 = 1", 11, "parentheses"},
		{"host a::b::c", 6, "no address"},
		{"tcp port 80 § 5", 13, "belongs to no filter"},
		{"ether[70000] = 1", 1, "no frame has"},
		{"stp[0] = 1", 1, "fields of stp"},
		{"isis[0] = 1", 1, "fields of isis"},
		{strings.Repeat("(", 500) + "ip" + strings.Repeat(")", 500), 101, "within one another"},
		{strings.Repeat("not ", 500) + "ip", 401, "within one another"},
		{strings.Repeat("ip or ", 2000) + "ip", filter.MaxText + 1, "longer than"},
		{strings.Repeat("port 80 or ", 700) + "port 80", 1, "instructions"},
		{"1 = " + strings.Repeat("len + (", 30) + "len" + strings.Repeat(")", 30), 1, "too deep"},
	} {
		_, err := filter.Compile(c.text)
		e, ok := errors.AsType[*filter.Error](err)
		if !ok || e.Column != c.column || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v; want column %d and %q", c.text, err, c.column, c.want)
		}
	}
}

// TestFieldsOnTheRight: what is no datagram has no length of one, and so no difference from it, which
// libpcap would read out of what is there.
func TestFieldsOnTheRight(t *testing.T) {
	t.Parallel()
	datagram := capturetest.Join(make([]byte, 12), capturetest.U16(0x800), []byte{0x45, 0}, capturetest.U16(40), make([]byte, 4), []byte{64, 17}, make([]byte, 10), capturetest.U16(1), capturetest.U16(2), capturetest.U16(20), make([]byte, 14))
	for _, text := range []string{"len - udp[4:2] = 34", "not (len - udp[4:2] != 34)"} {
		f, err := filter.Compile(text)
		if err != nil || !f.Match(datagram) {
			t.Errorf("%q: %v, of a datagram", text, err)
		}
	}
	datagram[23] = 6
	if f, err := filter.Compile("len - udp[4:2] = 34"); err != nil || f.Match(datagram) {
		t.Errorf("%v, of no datagram", err)
	}
}

func TestEmptyAcceptsAll(t *testing.T) {
	t.Parallel()
	f, err := filter.Compile("  ")
	if err != nil || !f.Match(nil) || !f.Match([]byte{1}) {
		t.Error(err)
	}
	var zero filter.Filter
	if !zero.Match([]byte{1}) || len(zero.Live()) == 0 {
		t.Error("the zero filter refuses")
	}
}

// TestLongJumps: a program that is longer than a short jump gets, with what it asks at its end.
func TestLongJumps(t *testing.T) {
	t.Parallel()
	f, err := filter.Compile(strings.Repeat("host 10.9.9.9 or ", 60) + "ether proto 0x88cc")
	if err != nil {
		t.Fatal(err)
	}
	if lldp := capturetest.Join(make([]byte, 12), capturetest.U16(0x88cc), make([]byte, 46)); !f.Match(lldp) || f.Match(make([]byte, 60)) {
		t.Error("the end of a long program is not reached")
	}
	if len(f.Live()) < 2*255 {
		t.Errorf("%d instructions", len(f.Live()))
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range written() {
		f.Add(text, []byte("0123456789ab\x81\x00\x00\x05\x08\x00E"))
	}
	m := capturetest.NewMaker(9)
	for range 50 {
		f.Add(m.Expression(3), m.Frame())
	}
	f.Fuzz(func(t *testing.T, text string, frame []byte) {
		c, err := filter.Compile(text)
		if err != nil {
			e, ok := errors.AsType[*filter.Error](err)
			if !ok || e.Column < 1 || e.Column > len(text)+1 {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		for _, program := range [][]bpf.Instruction{c.Offline(), c.Live()} {
			if len(program) > filter.MaxProgram {
				t.Fatalf("%q: %d instructions", text, len(program))
			}
			if _, err := bpf.Assemble(program); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
		rest, present, tci, proto := beside(frame)
		if got, want := accepts(t, machine(t, with(c.Live(), present, tci, proto)), rest), c.Match(frame); got != want {
			t.Fatalf("%q of % x: %v live, %v in a file", text, frame, got, want)
		}
		opposite, err := filter.Compile("not (" + text + ")")
		if err == nil && strings.TrimSpace(text) != "" && c.Match(frame) && opposite.Match(frame) {
			t.Fatalf("%q of % x and its opposite both hold", text, frame)
		}
	})
}

func ExampleCompile() {
	f, _ := filter.Compile("vlan 5 and port 179 or 22")
	fmt.Println(f.Match(make([]byte, 60)))
	_, err := filter.Compile("port bgp")
	fmt.Println(err)
	// Output:
	// false
	// filter, column 6: "bgp" is no number of a port, and no names are looked up; write the number, such as 179 for bgp; portrange 20-21 for several
}
