package peer

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/drivers/tester/speaker/message"
)

// wire is machines on one segment, whose time is made.
type wire struct {
	now  time.Duration
	ends []*end
	// lose says which frames get lost, and damage changes one.
	lose   func(b []byte) bool
	damage func(b []byte) []byte
}

type end struct {
	m    machine
	l    *link
	in   [][]byte
	next time.Duration // when it asked to be ticked; never, where that is not after the tick
	poke bool          // as it is at its begin and when it is changed
}

// segment puts specs on a wire, each with its own address of Ethernet.
func segment(tb testing.TB, specs ...string) *wire {
	tb.Helper()
	w := &wire{}
	for i, text := range specs {
		s, err := ReadSpec([]byte(text))
		if err != nil {
			tb.Fatal(err)
		}
		m, _, err := s.machine()
		if err != nil {
			tb.Fatal(err)
		}
		e := &end{m: m, poke: true}
		e.l = newLink(func(b []byte) error { w.carry(e, b); return nil })
		e.l.mac = message.MAC{2, 0, 0, 0, 0, byte(i + 1)}
		e.l.own, _ = s.speaks()
		e.l.ours, e.l.alter, e.l.altered = true, s.Alter, make([]int, len(s.Alter))
		w.ends = append(w.ends, e)
	}
	return w
}

func (w *wire) carry(from *end, b []byte) {
	for _, e := range w.ends {
		if e == from || w.lose != nil && w.lose(b) {
			continue
		}
		c := slices.Clone(b)
		if w.damage != nil {
			c = w.damage(c)
		}
		e.in = append(e.in, c)
	}
}

// until goes on until a condition holds, or so much time is over. As in a table, a machine is ticked when a frame came, when
// it asked for it, and at no other time.
func (w *wire) until(limit time.Duration, is func() bool) bool {
	end := w.now + limit
	for {
		busy := false
		for _, e := range w.ends {
			e.l.now = w.now
			due := e.poke || len(e.in) > 0 || e.next > 0 && w.now >= e.next
			e.poke = false
			for ; len(e.in) > 0; e.in = e.in[1:] {
				busy = true
				if f, ok := readFrame(e.in[0]); ok {
					e.l.learn(f)
					e.m.receive(e.l, f)
				}
			}
			if !due {
				continue
			}
			if e.next = e.m.tick(e.l); e.next <= w.now {
				e.next = 0
			}
		}
		if is() {
			return true
		}
		if w.now >= end {
			return false
		}
		if busy {
			w.now += time.Millisecond
			continue
		}
		next := w.now + time.Second
		for _, e := range w.ends {
			if len(e.in) > 0 {
				next = min(next, w.now+time.Millisecond)
			}
			if e.next > w.now {
				next = min(next, e.next)
			}
		}
		w.now = next
	}
}

func (w *wire) are(words ...string) func() bool {
	return func() bool {
		for i, word := range words {
			if w.ends[i].l.state.State != word {
				return false
			}
		}
		return true
	}
}

func (w *wire) change(tb testing.TB, i int, texts ...string) {
	tb.Helper()
	var all [][]byte
	for _, t := range texts {
		all = append(all, []byte(t))
	}
	s, err := ReadSpec(all...)
	if err != nil {
		tb.Fatal(err)
	}
	if err := w.ends[i].m.configure(&s); err != nil {
		tb.Fatal(err)
	}
	w.ends[i].l.alter, w.ends[i].l.altered = s.Alter, make([]int, len(s.Alter))
	w.ends[i].poke = true
}

func (w *wire) tell() string {
	var b strings.Builder
	for _, e := range w.ends {
		fmt.Fprintf(&b, "%v: %+v %+v\n", w.now, e.l.state, e.m.show(e.l))
	}
	return b.String()
}

// pairs are two ends of each protocol, and the state that they come to.
func pairs() map[string][3]string {
	ospf := func(n int, more string) string {
		return fmt.Sprintf("{name: a, port: x, ospf: {address: 10.0.0.%d/24, router-id: %d.%d.%d.%d, interval: 1%s}}", n, n, n, n, n, more)
	}
	isis := func(n int, more string) string {
		return fmt.Sprintf("{name: a, port: x, isis: {system: 0000.0000.000%d, address: 10.0.0.%d/24%s}}", n, n, more)
	}
	return map[string][3]string{
		"bfd": {
			"{name: a, port: x, bfd: {local: 10.0.0.1, remote: 10.0.0.2, my-discriminator: 5}}",
			"{name: a, port: x, bfd: {local: 10.0.0.2, remote: 10.0.0.1, my-discriminator: 6, passive: true}}", "up",
		},
		"lacp":           {"{name: a, port: x, lacp: {fast: true}}", "{name: a, port: x, lacp: {passive: true}}", "distributing"},
		"ospf broadcast": {ospf(1, ", priority: 1, external: [{from: 20.0.0.0/24, count: 500}]"), ospf(2, ", stub: [30.0.0.0/8]"), "full"},
		"ospf two":       {ospf(1, ", network: point-to-point"), ospf(2, ", network: point-to-point, external: [{from: 20.0.0.0/24, count: 500}]"), "full"},
		"isis two":       {isis(1, ", network: point-to-point, routes: [{from: 20.0.0.0/24, count: 500}]"), isis(2, ", network: point-to-point"), "up"},
		"isis broadcast": {isis(1, ", priority: 3, routes: [{from: 20.0.0.0/24, count: 500}]"), isis(2, ""), "up"},
		"dhcp":           {"{name: a, port: x, dhcp: {client: {hostname: c}}}", "{name: a, port: x, dhcp: {server: {address: 10.0.0.1, from: 10.0.0.100, lease: 1m, mask: 255.255.255.0}}}", "bound"},
	}
}

// other is the state of the second end, where it is another.
func other(name, state string) string {
	if name == "dhcp" {
		return "serving"
	}
	return state
}

// TestPairs: two machines of each protocol come up with each other and stay; when nothing is heard any more they go down,
// and come up again after that.
func TestPairs(t *testing.T) {
	for name, p := range pairs() {
		t.Run(name, func(t *testing.T) {
			w := segment(t, p[0], p[1])
			up := w.are(p[2], other(name, p[2]))
			if !w.until(2*time.Minute, up) {
				t.Fatal("not up:\n", w.tell())
			}
			if w.until(20*time.Minute, func() bool { return !up() }) {
				t.Fatal("it does not stay:\n", w.tell())
			}
			if name == "dhcp" {
				return
			}
			w.lose = func([]byte) bool { return true }
			if !w.until(5*time.Minute, func() bool { return w.ends[0].l.state.Downs == 1 && w.ends[1].l.state.Downs == 1 }) {
				t.Fatal("not down:\n", w.tell())
			}
			w.lose = nil
			if !w.until(5*time.Minute, up) || w.ends[0].l.state.Ups != 2 {
				t.Fatal("not up again:\n", w.tell())
			}
		})
	}
}

// TestLossy: what gets lost is said again, until both ends are up and have all that the other has.
func TestLossy(t *testing.T) {
	for name, p := range pairs() {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			w := segment(t, p[0], p[1])
			w.lose = func([]byte) bool { return random.IntN(4) == 0 }
			if !w.until(30*time.Minute, w.are(p[2], other(name, p[2]))) {
				t.Fatal("not up:\n", w.tell())
			}
			w.lose = nil
			if !w.until(10*time.Minute, func() bool { return whole(w) }) {
				t.Fatal("not whole:\n", w.tell())
			}
		})
	}
}

// whole says that both ends of a link state protocol have the same.
func whole(w *wire) bool {
	a, aOK := w.ends[0].m.(*ospf)
	b, bOK := w.ends[1].m.(*ospf)
	if aOK && bOK {
		if len(a.db) != len(b.db) || len(a.db) < 3 {
			return false
		}
		for k, e := range a.db {
			o, ok := b.db[k]
			if !ok || string(o.raw[12:]) != string(e.raw[12:]) {
				return false
			}
		}
		return true
	}
	x, xOK := w.ends[0].m.(*isis)
	y, yOK := w.ends[1].m.(*isis)
	// On a LAN nobody of the two is the designated one, which has what got lost said again.
	return !xOK || !yOK || x.broadcast() || len(x.own) == len(y.db) && len(y.own) == len(x.db)
}

// TestDamage: whatever comes, no machine breaks, and what is right again comes up.
func TestDamage(t *testing.T) {
	for name, p := range pairs() {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			// Who waits for the other's first packet would wait for as long as a damaged one said that it may take.
			w := segment(t, p[0], strings.Replace(p[1], ", passive: true", "", 1))
			w.damage = func(b []byte) []byte {
				switch random.IntN(3) {
				case 0:
					b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
				case 1:
					b = b[:random.IntN(len(b)+1)]
				}
				return b
			}
			w.until(20*time.Minute, func() bool { return false })
			w.damage = nil
			if !w.until(30*time.Minute, w.are(p[2], other(name, p[2]))) {
				t.Fatal("not up:\n", w.tell())
			}
		})
	}
}

// TestUntil: a machine goes no further than it is told to, and on when it is told that.
func TestUntil(t *testing.T) {
	p := pairs()["ospf broadcast"]
	for _, state := range []string{"init", "2-way", "exstart", "exchange", "loading"} {
		w := segment(t, p[0], p[1])
		w.change(t, 1, p[1], "ospf: {until: "+state+"}")
		if !w.until(time.Minute, func() bool { return w.ends[1].l.state.State == state }) {
			t.Fatalf("%s:\n%s", state, w.tell())
		}
		if w.until(5*time.Minute, func() bool {
			return w.ends[0].l.state.State == "full" && state != "loading" || w.ends[1].l.state.State == "full"
		}) {
			t.Fatalf("%s is not the end:\n%s", state, w.tell())
		}
		w.change(t, 1, p[1])
		if !w.until(5*time.Minute, w.are("full", "full")) {
			t.Fatalf("from %s:\n%s", state, w.tell())
		}
	}
}

// TestAltered: the second Hello and no other is changed, and one kind of message alone is not sent.
func TestAltered(t *testing.T) {
	p := pairs()["ospf broadcast"]
	w := segment(t, p[0], p[1])
	w.change(t, 1, p[1], "alter: [{of: [hello], from: 2, count: 1, checksum: wrong}, {of: [ack], silent: true}]")
	if !w.until(time.Minute, func() bool { return w.ends[0].l.state.State == "full" }) {
		t.Fatal(w.tell())
	}
	w.until(time.Minute, func() bool { return false })
	a, b := w.ends[0].l.state, w.ends[1].l.state
	if a.Malformed != 1 || b.Altered != 1 || a.Received["ack"] != 0 || b.Unsent == 0 {
		t.Error(w.tell())
	}
}

// TestUnaltered: bytes that are written as they were are no change, and what a message has not leaves it as it is.
func TestUnaltered(t *testing.T) {
	p := pairs()["bfd"]
	for alter, failed := range map[string]bool{"{at: 2, bytes: '03'}": false, "{at: 24, bytes: '00'}": true, "{cut: 25}": true} {
		w := segment(t, p[0], p[1])
		if !w.until(time.Minute, w.are("up", "up")) {
			t.Fatal(w.tell())
		}
		w.change(t, 0, p[0], "alter: ["+alter+"]")
		w.until(time.Minute, func() bool { return false })
		if x := w.ends[0].l; !w.are("up", "up")() || w.ends[1].l.state.Downs > 0 || x.state.Altered != 0 || (x.failed != nil) != failed {
			t.Errorf("%s: %v\n%s", alter, x.failed, w.tell())
		}
	}
}

// TestVocabulary: what a session says is of the kinds, the layers, and the lengths and checksums that its protocol is said
// to have, and all that it is said to have can be altered.
func TestVocabulary(t *testing.T) {
	for name, p := range pairs() {
		w := segment(t, p[0], p[1])
		protocol, _, _ := strings.Cut(name, " ")
		v := vocabularyOf(protocol)
		heard := 0
		w.lose = func(b []byte) bool {
			f, ok := readFrame(b)
			if heard++; ok && f.kind != message.TypeARP && (f.proto == message.ProtoUDP) != slices.Contains(v.layers, "udp") {
				t.Errorf("%s: layers %v of %x", name, v.layers, b)
			}
			return false
		}
		w.until(2*time.Minute, func() bool { return false })
		for _, e := range w.ends {
			for kind := range e.l.state.Sent {
				if !slices.Contains(v.kinds, kind) {
					t.Errorf("%s: a session says %q", name, kind)
				}
			}
		}
		alter := []message.Alter{{Layer: "frame", Append: "00"}}
		for _, layer := range append([]string{""}, v.layers...) {
			alter = append(alter, message.Alter{Layer: layer, Append: "00"})
			if layer != "" || v.length {
				alter = append(alter, message.Alter{Layer: layer, Length: new(3)})
			}
			if layer != "" {
				alter = append(alter, message.Alter{Layer: layer, Checksum: "wrong"})
			} else if len(v.checksum) > 0 {
				alter = append(alter, message.Alter{Of: v.checksum, Checksum: "wrong"})
			}
		}
		for _, a := range alter {
			w := segment(t, p[0], p[1])
			for _, e := range w.ends {
				if err := v.takes(&a); err != nil {
					t.Fatalf("%s: %+v: %v", name, a, err)
				}
				e.l.alter, e.l.altered = []message.Alter{a}, []int{0}
			}
			w.until(2*time.Minute, func() bool { return false })
			if x, y := w.ends[0].l, w.ends[1].l; x.failed != nil || y.failed != nil {
				t.Errorf("%s: %+v: %v, %v", name, a, x.failed, y.failed)
			}
		}
		if heard == 0 {
			t.Errorf("%s: nothing was said", name)
		}
	}
}

// TestElection: of two routers of VRRP the one of the higher priority is the master; the other is when it gives up or is
// silent, and gives way when it comes back.
func TestElection(t *testing.T) {
	for _, version := range []int{2, 3} {
		router := func(n, priority int) string {
			return fmt.Sprintf("{name: a, port: x, vrrp: {id: 7, version: %d, priority: %d, source: 10.0.0.%d, addresses: [10.0.0.254]}}", version, priority, n)
		}
		w := segment(t, router(1, 200), router(2, 100))
		if !w.until(10*time.Second, w.are("master", "backup")) || w.ends[0].l.state.Malformed+w.ends[1].l.state.Malformed > 0 {
			t.Fatal(w.tell())
		}
		w.change(t, 0, router(1, 0))
		if !w.until(2*time.Second, w.are("master", "master")) && !w.until(10*time.Second, w.are("backup", "master")) {
			t.Fatal(w.tell())
		}
		w.change(t, 0, router(1, 200), "alter: [{silent: true}]")
		if !w.until(20*time.Second, w.are("master", "master")) {
			t.Fatal(w.tell())
		}
		w.change(t, 0, router(1, 200))
		if !w.until(10*time.Second, w.are("master", "backup")) {
			t.Fatal(w.tell())
		}
	}
}

// TestIntervals: a backup of version 3 waits as long as its master says, one of version 2 takes none of another interval, and
// its skew is a part of a second.
func TestIntervals(t *testing.T) {
	router := func(n, version, priority, interval int) string {
		return fmt.Sprintf("{name: a, port: x, vrrp: {id: 7, version: %d, priority: %d, interval: %d, source: 10.0.0.%d, addresses: [10.0.0.254]}}", version, priority, interval, n)
	}
	w := segment(t, router(1, 3, 200, 500), router(2, 3, 100, 20))
	if !w.until(30*time.Second, w.are("master", "backup")) {
		t.Fatal(w.tell())
	}
	if w.until(2*time.Minute, func() bool { return !w.are("master", "backup")() }) {
		t.Error("it is the master beside one that speaks less often:\n", w.tell())
	}
	w.lose = func([]byte) bool { return true }
	from, want := w.now, 15*time.Second // three of its intervals, and not of ours
	if !w.until(time.Minute, w.are("master", "master")) || w.now-from < want-5*time.Second {
		t.Errorf("the master is gone after %v, want some %v", w.now-from, want)
	}
	w = segment(t, router(1, 2, 200, 1), router(2, 2, 100, 10))
	if !w.until(time.Minute, w.are("master", "master")) {
		t.Error("one of another interval is taken:\n", w.tell())
	}
	w = segment(t, router(1, 2, 156, 10))
	if w.until(30*time.Second, w.are("master")) || !w.until(time.Second, w.are("master")) {
		t.Errorf("the only one is the master after %v, want 30.39 s", w.now)
	}
}

// TestMembers: a querier knows who reports, while that is reported, and of two the one of the lower address asks.
func TestMembers(t *testing.T) {
	for _, version := range []string{"2", "3"} {
		member := func(groups string) string {
			return "{name: a, port: x, igmp: {source: 10.0.0.3, version: " + version + ", groups: " + groups + "}}"
		}
		asks := func(n int) string {
			return fmt.Sprintf("{name: a, port: x, igmp: {source: 10.0.0.%d, version: %s, querier: true, every: 10s}}", n, version)
		}
		w := segment(t, asks(1), asks(2), member("[239.1.1.1, 239.1.1.2]"))
		groups := func(want string) func() bool {
			return func() bool {
				p, ok := w.ends[0].m.show(w.ends[0].l).(IGMPPeer)
				return ok && strings.Join(p.Groups, " ") == want
			}
		}
		if !w.until(20*time.Second, w.are("asking", "listening", "member")) || !w.until(20*time.Second, groups("239.1.1.1 239.1.1.2")) {
			t.Fatal(w.tell())
		}
		if w.until(5*time.Minute, func() bool { return !groups("239.1.1.1 239.1.1.2")() }) || w.ends[2].l.state.Malformed > 0 {
			t.Fatal("it does not stay: ", w.tell())
		}
		w.change(t, 2, member("[239.1.1.2]"))
		if !w.until(time.Second, groups("239.1.1.2")) {
			t.Fatal("it did not leave: ", w.tell())
		}
		w.change(t, 2, member("[239.1.1.2]"), "igmp: {deaf: true}")
		if !w.until(time.Minute, groups("")) {
			t.Fatal("it is not forgotten: ", w.tell())
		}
	}
}

// TestReports: a group is reported twice, and what could not be sent is sent later.
func TestReports(t *testing.T) {
	for _, version := range []string{"2", "3"} {
		w := segment(t, "{name: a, port: x, igmp: {source: 10.0.0.3, version: "+version+", groups: [239.1.1.1, 239.1.1.2]}}")
		e := w.ends[0]
		write, down := e.l.write, true
		e.l.write = func(b []byte) error {
			if down {
				return unix.ENETDOWN
			}
			return write(b)
		}
		w.until(3*time.Second, func() bool { return false })
		if down = false; e.l.state.Sent["report"] != 0 || e.l.state.Unsent < 4 {
			t.Fatal(w.tell())
		}
		w.until(time.Minute, func() bool { return false })
		if e.l.state.Sent["report"] != 4 {
			t.Errorf("version %s: %s", version, w.tell())
		}
		// What is not to be sent is not tried again.
		w.change(t, 0, "{name: a, port: x, igmp: {source: 10.0.0.3, version: "+version+", groups: [239.1.1.3]}, alter: [{silent: true}]}")
		unsent := e.l.state.Unsent
		w.until(time.Minute, func() bool { return false })
		if n := e.l.state.Unsent - unsent; n != 4 {
			t.Errorf("version %s: %d were not sent, want two leaves and two reports", version, n)
		}
	}
}

// TestWithdrawn: routes that are taken back go from the other's database, and others come.
func TestWithdrawn(t *testing.T) {
	p := pairs()["ospf two"]
	w := segment(t, p[0], p[1])
	o, ok := w.ends[0].m.(*ospf)
	if !ok {
		t.Fatal("no machine of OSPF")
	}
	if !w.until(time.Minute, func() bool { return len(o.db) == 502 }) {
		t.Fatal(w.tell())
	}
	w.change(t, 1, p[1], "ospf: {external: [{from: 21.0.0.0/24, count: 3}]}")
	if !w.until(10*time.Minute, func() bool { return len(o.db) == 5 }) {
		t.Fatal(w.tell())
	}
}

// TestSpecs: what no session can be is refused, with its place.
func TestSpecs(t *testing.T) {
	for text, says := range map[string]string{
		"":                          "name",
		"{name: a}":                 "name one of",
		"{name: a b, bfd: {}}":      "none of a session",
		"{name: a, bfd: {}}":        "bfd: local",
		"{name: a, bfd: {locl: 1}}": "locl",
		"{name: a, lacp: {}, bfd: {local: 10.0.0.1, remote: 10.0.0.2}}":                                                    "name one of",
		"{name: a, lacp: {actor: {state: [sync]}}}":                                                                        "sync",
		"{name: a, lacp: {actor: {system: x}}}":                                                                            "system",
		"{name: a, lacp: {every: -1s}}":                                                                                    "negative",
		"{name: a, source: x, lacp: {}}":                                                                                   "source",
		"{name: a, alter: [{at: 3}], lacp: {}}":                                                                            "alter.0: at and bytes",
		"{name: a, alter: [{bytes: zz, at: 1}], lacp: {}}":                                                                 "zz",
		"{name: a, alter: [{layer: tcp}], lacp: {}}":                                                                       "tcp",
		"{name: a, alter: [{checksum: '12'}], lacp: {}}":                                                                   "checksum",
		"{name: a, alter: [{of: [lacp]}], lacp: {}}":                                                                       "changes nothing",
		"{name: a, alter: [{of: [pdu], silent: true}], lacp: {}}":                                                          "there are lacp",
		"{name: a, alter: [{of: [dbd], silent: true}], ospf: {address: 10.0.0.1/24}}":                                      "there are hello, dd",
		"{name: a, alter: [{layer: udp, cut: 1}], ospf: {address: 10.0.0.1/24}}":                                           "there are message, ip and frame",
		"{name: a, alter: [{layer: ip, cut: 1}], lacp: {}}":                                                                "there are message and frame",
		"{name: a, alter: [{layer: ip, cut: 1}], isis: {system: 0000.0000.0001, address: 10.0.0.1/24}}":                    "there are message and frame",
		"{name: a, alter: [{length: 3}], vrrp: {id: 7, source: 10.0.0.1, addresses: [10.0.0.9]}}":                          "length: this layer has none",
		"{name: a, alter: [{layer: frame, checksum: wrong}], lacp: {}}":                                                    "checksum: this layer has none",
		"{name: a, alter: [{checksum: wrong}], bfd: {local: 10.0.0.1, remote: 10.0.0.2}}":                                  "checksum: this layer has none",
		"{name: a, alter: [{checksum: wrong}], isis: {system: 0000.0000.0001, address: 10.0.0.1/24}}":                      "of: [lsp]",
		"{name: a, alter: [{cut: -1}], lacp: {}}":                                                                          "not negative",
		"{name: a, bfd: {local: 10.0.0.1, remote: '::1'}}":                                                                 "IPv4",
		"{name: a, bfd: {local: 10.0.0.1, remote: 10.0.0.2, state: left}}":                                                 "left",
		"{name: a, bfd: {local: 10.0.0.1, remote: 10.0.0.2, min-tx: 2h}}":                                                  "32 bits",
		"{name: a, ospf: {address: '::1/64'}}":                                                                             "address",
		"{name: a, ospf: {address: 10.0.0.1/24, network: nbma}}":                                                           "nbma",
		"{name: a, ospf: {address: 10.0.0.1/24, until: full}}":                                                             "full",
		"{name: a, ospf: {address: 10.0.0.1/24, stub: ['2001:db8::/32']}}":                                                 "stub",
		"{name: a, ospf: {address: 10.0.0.1/24, external: [{from: 10.0.0.1/8}]}}":                                          "external",
		"{name: a, ospf: {address: 10.0.0.1/24, external: [{from: 0.0.0.0/0, count: 2}]}}":                                 "no 2 networks",
		"{name: a, ospf: {address: 10.0.0.1/24, lsas: [{type: 11, id: 1.1.1.1}]}}":                                         "lsas.0",
		"{name: a, ospf: {address: 10.0.0.1/24, md5: {id: 1, key: 01234567890123456}}}":                                    "md5: key",
		"{name: a, ospf: {address: 10.0.0.1/24, auth: 012345678901234567}}":                                                "auth",
		"{name: a, isis: {address: 10.0.0.1/24}}":                                                                          "system",
		"{name: a, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, level: 3}}":                                        "level",
		"{name: a, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, areas: [xy]}}":                                     "xy",
		"{name: a, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, routes: [{from: 20.0.0.0/24, count: 99000}]}}":     "at most 256",
		"{name: a, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, lsps: [{id: x}]}}":                                 "lsps.0",
		"{name: a, isis: {system: 0000.0000.0001, address: 10.0.0.1/24, lsps: [{id: 0000.0000.0001.00-05, areas: [xy]}]}}": "lsps.0",
		"{name: a, vrrp: {id: 7}}":                                                                                         "source",
		"{name: a, igmp: {source: 10.0.0.1}}":                                                                              "either groups",
		"{name: a, igmp: {source: 10.0.0.1, groups: [10.0.0.2]}}":                                                          "groups",
		"{name: a, igmp: {source: 10.0.0.1, version: 4, querier: true}}":                                                   "version",
		"{name: a, dhcp: {}}":                                                             "client and server",
		"{name: a, dhcp: {server: {address: 10.0.0.1}}}":                                  "from",
		"{name: a, dhcp: {client: {until: bound}}}":                                       "bound",
		"{name: a, dhcp: {client: {message: {type: ask}}}}":                               "ask",
		"{name: a, dhcp: {server: {address: 10.0.0.1, from: 10.0.0.9, options: {6: x}}}}": "options",
	} {
		if _, err := ReadSpec([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want words with %q", text, err, says)
		}
	}
}

// FuzzReceive: no frame breaks a machine.
func FuzzReceive(f *testing.F) {
	names := slices.Sorted(func(yield func(string) bool) {
		for n := range pairs() {
			if !yield(n) {
				return
			}
		}
	})
	for i, name := range names {
		p := pairs()[name]
		w := segment(f, p[0], p[1])
		kept := 0
		w.lose = func(b []byte) bool {
			if kept++; kept < 30 {
				f.Add(byte(i), slices.Clone(b))
			}
			return false
		}
		w.until(time.Minute, func() bool { return false })
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		p := pairs()[names[int(which)%len(names)]]
		w := segment(t, p[0], p[1])
		w.until(10*time.Second, func() bool { return false })
		w.ends[0].in = append(w.ends[0].in, b)
		w.until(10*time.Second, func() bool { return false })
	})
}

// TestCutOff: a system of a link of two whose neighbour goes before it confirmed anything goes on with its Hellos, and comes
// up again.
func TestCutOff(t *testing.T) {
	p := pairs()["isis two"]
	w := segment(t, p[0], p[1])
	w.lose = func(b []byte) bool { return b[21] == message.ISISCSNPL2 || b[21] == message.ISISPSNPL2 }
	if !w.until(2*time.Minute, func() bool { return w.ends[0].l.state.State == "up" }) {
		t.Fatal("not up:\n", w.tell())
	}
	w.lose = func([]byte) bool { return true }
	if !w.until(5*time.Minute, w.are("down", "down")) {
		t.Fatal("not down:\n", w.tell())
	}
	x, ok := w.ends[0].m.(*isis)
	said := w.ends[0].l.state.Sent["hello"]
	w.until(5*time.Minute, func() bool { return false })
	if more := w.ends[0].l.state.Sent["hello"] - said; !ok || more < int(5*time.Minute/x.interval())-1 {
		t.Errorf("%d Hellos in 5 minutes alone:\n%s", more, w.tell())
	}
	w.lose = nil
	if !w.until(5*time.Minute, func() bool { return w.are("up", "up")() && whole(w) }) {
		t.Fatal("not up again:\n", w.tell())
	}
}

// TestLeftOver: an LSP that a session before said with the same system, and this one has not, is taken back.
func TestLeftOver(t *testing.T) {
	p := pairs()["isis two"]
	w := segment(t, p[0], p[1])
	old, number := map[message.LSPID][]byte{}, map[message.LSPID]uint32{}
	lsp := func(b []byte) (message.ISISPacket, bool) {
		f, ok := readFrame(b)
		if !ok || f.from[5] != 1 || b[21] != message.ISISLSPL2 {
			return message.ISISPacket{}, false
		}
		x, err := message.ParseISIS(f.body)
		return x, err == nil
	}
	w.lose = func(b []byte) bool {
		if x, ok := lsp(b); ok {
			old[x.ID], number[x.ID] = slices.Clone(b), x.Sequence
		}
		return false
	}
	if !w.until(2*time.Minute, func() bool { return w.are("up", "up")() && whole(w) }) || len(old) < 3 {
		t.Fatal(w.tell())
	}
	w = segment(t, strings.Replace(p[0], "count: 500", "count: 0", 1), p[1])
	if !w.until(2*time.Minute, func() bool { return w.are("up", "up")() && whole(w) }) {
		t.Fatal(w.tell())
	}
	x, ok := w.ends[0].m.(*isis)
	if !ok {
		t.Fatal("no machine of IS-IS")
	}
	taken := 0
	w.lose = func(b []byte) bool {
		if p, ok := lsp(b); ok && p.Lifetime == 0 && p.Sequence > number[p.ID] {
			taken++
		}
		return false
	}
	left := 0
	for id, b := range old {
		if x.own[id.String()] == nil {
			left++
			w.ends[0].in = append(w.ends[0].in, b)
		}
	}
	w.until(time.Minute, func() bool { return false })
	if left < 2 || taken != left || len(x.db) != 1 {
		t.Errorf("%d of %d were taken back:\n%s", taken, left, w.tell())
	}
}

// TestNoLease: a server that leases for no time is not asked again and again.
func TestNoLease(t *testing.T) {
	p := pairs()["dhcp"]
	w := segment(t, p[0], strings.Replace(p[1], "lease: 1m", "lease: 0s", 1))
	if !w.until(2*time.Minute, w.are("bound", "serving")) {
		t.Fatal(w.tell())
	}
	w.until(time.Minute, func() bool { return w.ends[0].l.state.Sent["request"] > 100 })
	if n := w.ends[0].l.state.Sent["request"]; n > 17 {
		t.Errorf("%d requests within %v:\n%s", n, w.now, w.tell())
	}
}

// TestNumbered: what is sent again by a router with MD5 has a higher number than all before it, as receivers want it, and
// a session of later begins behind those of an earlier one.
func TestNumbered(t *testing.T) {
	p := pairs()["ospf two"]
	begin := uint32(time.Now().Unix())
	const md5 = "ospf: {md5: {id: 1, key: secret}}"
	w := segment(t, p[0], p[1])
	w.change(t, 0, p[0], md5)
	w.change(t, 1, p[1], md5)
	random := rand.New(rand.NewPCG(5, 6))
	last := map[byte]uint32{}
	w.lose = func(b []byte) bool {
		if f, ok := readFrame(b); ok && f.proto == message.ProtoOSPF {
			number := binary.BigEndian.Uint32(f.body[20:]) // RFC 2328 D.3
			if from := f.from[5]; number <= max(last[from], begin-1) {
				t.Errorf("%v: a packet of type %d of %d has number %d after %d", w.now, f.body[1], from, number, last[from])
			} else {
				last[from] = number
			}
		}
		return random.IntN(3) == 0
	}
	if !w.until(30*time.Minute, w.are("full", "full")) {
		t.Fatal("not full:\n", w.tell())
	}
}
