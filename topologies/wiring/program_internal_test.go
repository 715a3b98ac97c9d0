package wiring

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// Parts of frames.
func ether(kind uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{0x02, 0, 0, 0, 0, 0x0b, 0x02, 0, 0, 0, 0, 0x0a}, kind)
}

func tag(kind uint16) []byte { return binary.BigEndian.AppendUint16([]byte{0, 42}, kind) }

func ip4(proto byte, fragment uint16, options int) []byte {
	h := make([]byte, 20+options)
	h[0] = byte(0x40 | (20+options)/4)
	binary.BigEndian.PutUint16(h[6:], fragment)
	h[9] = proto
	copy(h[12:], net.IPv4(10, 0, 0, 1).To4())
	copy(h[16:], net.IPv4(10, 0, 0, 2).To4())
	return h
}

func ip6(next byte) []byte {
	h := make([]byte, 40)
	h[0], h[6] = 0x60, next
	src, dst := netip.MustParseAddr("2001:db8::1").As16(), netip.MustParseAddr("2001:db8::2").As16()
	copy(h[8:], src[:])
	copy(h[24:], dst[:])
	return h
}

func ports(src, dst uint16) []byte {
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src), dst)
}

// predicate is a predicate, with frames that it holds for and others.
type predicate struct {
	name  string
	match topologies.FrameMatch
	drop  [][][]byte
	pass  [][][]byte
}

func predicates() []predicate {
	type match = topologies.FrameMatch
	var (
		udp4     = [][]byte{ether(0x0800), ip4(17, 0, 0), ports(1000, 9)}
		tagged4  = [][]byte{ether(0x8100), tag(0x0800), ip4(17, 0, 0), ports(1000, 9)}
		double4  = [][]byte{ether(0x88a8), tag(0x8100), tag(0x0800), ip4(17, 0, 0), ports(1000, 9)}
		triple4  = [][]byte{ether(0x88a8), tag(0x8100), tag(0x8100), tag(0x0800), ip4(17, 0, 0), ports(1000, 9)}
		options4 = [][]byte{ether(0x0800), ip4(17, 0, 40), ports(1000, 9)}
		first4   = [][]byte{ether(0x0800), ip4(17, 0x2000, 0), ports(1000, 9)}
		later4   = [][]byte{ether(0x0800), ip4(17, 0x0010, 0), ports(1000, 9)}
		ospf4    = [][]byte{ether(0x0800), ip4(89, 0, 0), ports(1000, 9)}
		tcp6     = [][]byte{ether(0x86dd), ip6(6), ports(1000, 9)}
		chain6   = [][]byte{ether(0x86dd), ip6(0), {43, 0, 0, 0, 0, 0, 0, 0}, {51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, ports(1000, 9)}
		first6   = [][]byte{ether(0x86dd), ip6(44), {17, 0, 0, 1, 0, 0, 0, 7}, ports(1000, 9)}
		later6   = [][]byte{ether(0x86dd), ip6(44), {17, 0, 0, 0x10, 0, 0, 0, 7}, ports(1000, 9)}
		mld      = [][]byte{ether(0x86dd), ip6(0), {58, 0, 5, 2, 0, 0, 0, 0}, make([]byte, 24)}
		lldp     = [][]byte{ether(0x88cc), make([]byte, 50)}
		llc      = [][]byte{ether(46), {0xfe, 0xfe, 3}, make([]byte, 43)}
		broken   = [][]byte{ether(0x0800), ip4(17, 0, 0)[:19]}
		noPorts  = [][]byte{ether(0x0800), ip4(17, 0, 0), {3, 232}}
	)
	return []predicate{
		{"everything", match{}, [][][]byte{udp4, tagged4, double4, triple4, tcp6, lldp, llc, broken}, nil},
		{"port", match{DstPort: 9}, [][][]byte{udp4, tagged4, double4, options4, first4, tcp6, chain6, first6}, [][][]byte{later4, later6, ospf4, triple4, noPorts, broken, lldp}},
		{"source port", match{SrcPort: 1000}, [][][]byte{udp4, tcp6}, [][][]byte{ospf4}},
		{"another port", match{DstPort: 1000}, nil, [][][]byte{udp4, tcp6, chain6}},
		{"protocol", match{Proto: "udp"}, [][][]byte{udp4, tagged4, double4, options4, first4, later4, chain6, first6, later6, noPorts}, [][][]byte{tcp6, ospf4, lldp, broken, triple4}},
		{"protocol of one family", match{Proto: "udp", EtherType: "ip6"}, [][][]byte{chain6, first6}, [][][]byte{udp4, tagged4, tcp6}},
		{"protocol behind headers", match{Proto: "icmp6"}, [][][]byte{mld}, [][][]byte{chain6, tcp6}},
		{"protocol by number", match{Proto: "89"}, [][][]byte{ospf4}, [][][]byte{udp4}},
		{"prefix", match{SrcIP: "10.0.0.0/30"}, [][][]byte{udp4, tagged4, later4}, [][][]byte{tcp6, lldp}},
		{"prefix of no bits", match{SrcIP: "0.0.0.0/0"}, [][][]byte{udp4, ospf4}, [][][]byte{tcp6, lldp}},
		{"another prefix", match{SrcIP: "10.0.0.2/31"}, nil, [][][]byte{udp4}},
		{"destination", match{DstIP: "10.0.0.2"}, [][][]byte{udp4}, nil},
		{"destination of version 6", match{DstIP: "2001:db8::2"}, [][][]byte{tcp6, chain6}, [][][]byte{udp4}},
		{"odd prefix of version 6", match{DstIP: "2001:db8::/127"}, nil, [][][]byte{tcp6}},
		{"type", match{EtherType: "lldp"}, [][][]byte{lldp}, [][][]byte{udp4, llc}},
		{"type behind a tag", match{EtherType: "ip"}, [][][]byte{udp4, tagged4, double4}, [][][]byte{tcp6, triple4}},
		{"type of a tag", match{EtherType: "0x8100"}, [][][]byte{tagged4}, [][][]byte{udp4}},
		{"type of an outer tag", match{EtherType: "0x88a8"}, [][][]byte{double4}, [][][]byte{tagged4}},
		{"a length for a type", match{EtherType: "0x0004"}, [][][]byte{llc}, [][][]byte{udp4, lldp}},
		{"destination's address", match{DstMAC: "02:00:00:00:00:0b"}, [][][]byte{udp4, lldp}, nil},
		{"source's address", match{SrcMAC: "02:00:00:00:00:0a"}, [][][]byte{udp4}, nil},
		{"another's address, by its last bytes", match{SrcMAC: "02:00:00:00:01:0a"}, nil, [][][]byte{udp4}},
		{"another's address, by its first bytes", match{DstMAC: "06:00:00:00:00:0b"}, nil, [][][]byte{udp4}},
	}
}

// The program that runs in the kernel is given frames by the kernel's own test, at each of its hooks.
func TestProgram(t *testing.T) {
	for name, h := range map[string]hook{"arriving": arriving(), "leaving": leaving(), "plain": onOldKernel(t)} {
		for _, tt := range predicates() {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				r := loaded(t, h, Filter{ID: "f", Match: tt.match})
				var dropped uint64
				for want, frames := range map[int32][][][]byte{h.drop: tt.drop, h.pass: tt.pass} {
					for _, parts := range frames {
						frame := bytes.Join(parts, nil)
						if h.kind != ebpf.XDP && bytes.Equal(frame[12:14], []byte{8, 0}) && len(frame) < 34 {
							continue // of which the kernel's test makes nothing
						}
						if want == h.drop {
							dropped++
						}
						if got := r.run(frame); got != want {
							t.Errorf("verdict %d, want %d, of % x", got, want, frame)
						}
					}
				}
				if n := r.tally(); n.Dropped != dropped || n.Matched != dropped || n.Passed != 0 {
					t.Errorf("counted %+v; want %d", n, dropped)
				}
			})
		}
	}
}

// onOldKernel is where frames arrive in a kernel that has none of the helpers which came with Linux 5.18.
func onOldKernel(t *testing.T) hook {
	t.Helper()
	h := arriving()
	h.has = func(_ ebpf.ProgramType, helper asm.BuiltinFunc) error {
		if helper == asm.FnXdpLoadBytes || helper == asm.FnXdpGetBuffLen {
			return ebpf.ErrNotSupported
		}
		return nil
	}
	h, err := h.fit([]Filter{{ID: "f"}, {ID: "g", Match: topologies.FrameMatch{DstPort: 9}}})
	if err != nil || !h.plain {
		t.Fatalf("a kernel that is older: plain %v, %v", h.plain, err)
	}
	return h
}

// Kernels from before Linux 5.18 drop what a predicate matches by a program too, in which is nothing that came later; what picks frames is
// left to others, and so is everything where no program is loaded.
func TestProgramOfOldKernels(t *testing.T) {
	h := onOldKernel(t)
	for _, f := range []Filter{{ID: "f", Pick: Pick{Nth: 2}}, {ID: "f", Probability: 0.5}, {ID: "f", Pick: Pick{Filters: []string{"ip"}}}} {
		if _, err := h.fit([]Filter{{ID: "g"}, f}); !Lacks(err) {
			t.Errorf("%+v on an old kernel: %v", f.Pick, err)
		}
	}
	none := arriving()
	none.has = func(ebpf.ProgramType, asm.BuiltinFunc) error { return ebpf.ErrNotSupported }
	if _, err := none.fit([]Filter{{ID: "f"}}); !Lacks(err) {
		t.Errorf("a kernel that loads no programs: %v", err)
	}
	p, err := h.program([]Filter{{ID: "f"}, {ID: "g", Match: topologies.FrameMatch{SrcMAC: "02:00:00:00:00:0a", DstIP: "2001:db8::/32", DstPort: 9}}}, programMaps{counters: 1}, 1500)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range p {
		if in.IsBuiltinCall() && asm.BuiltinFunc(in.Constant) != asm.FnMapLookupElem {
			t.Errorf("it calls %v", in)
		}
		if in.OpCode.Class() == asm.StXClass && in.OpCode.Mode() == asm.AtomicMode && in.Constant != 0 {
			t.Errorf("it reads what it adds to, which came with Linux 5.12: %v", in)
		}
	}
}

// run is a program of one filter that was loaded.
type run struct {
	t        *testing.T
	program  *ebpf.Program
	counters *ebpf.Map
	id       string
}

// loaded loads one.
func loaded(t *testing.T, h hook, f Filter) *run {
	t.Helper()
	if os.Geteuid() != 0 {
		livetest.Missing(t, "root to load a program", nil)
	}
	if _, err := h.fit([]Filter{f}); err != nil {
		livetest.Missing(t, "a kernel that loads programs", err)
	}
	prog, err := h.make(nil, []Filter{f}, 1500)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { _ = prog.Close() })
	counters, err := countersOf(prog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = counters.Close() })
	return &run{t: t, program: prog, counters: counters, id: f.ID}
}

// run gives it a frame, and says its verdict.
func (r *run) run(frame []byte) int32 {
	r.t.Helper()
	got, err := r.program.Run(&ebpf.RunOptions{Data: frame})
	if err != nil {
		r.t.Fatal(err)
	}
	return int32(got)
}

func (r *run) tally() (n tally) {
	r.t.Helper()
	if err := r.counters.Lookup(key(r.id), &n); err != nil {
		r.t.Fatal(err)
	}
	return n
}
