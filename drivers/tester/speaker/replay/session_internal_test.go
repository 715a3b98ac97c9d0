package replay

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// told is a segment of a test's session, of the caller (10.9.0.1) or of the server (10.9.0.2).
func told(tb testing.TB, after time.Duration, caller bool, number uint32, flags, text string) shot {
	tb.Helper()
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 1, Protocol: layers.IPProtocolTCP, SrcIP: net.IP{10, 9, 0, 1}, DstIP: net.IP{10, 9, 0, 2}}
	tcp := &layers.TCP{SrcPort: 40000, DstPort: 179, Seq: number, ACK: true, Window: 1000}
	if !caller {
		ip.SrcIP, ip.DstIP, tcp.SrcPort, tcp.DstPort = ip.DstIP, ip.SrcIP, tcp.DstPort, tcp.SrcPort
	}
	tcp.SYN, tcp.FIN, tcp.RST = strings.Contains(flags, "S"), strings.Contains(flags, "F"), strings.Contains(flags, "R")
	if flags == "S" {
		tcp.ACK = false
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		tb.Fatal(err)
	}
	return shot{after, built(tb, ether(1, layers.EthernetTypeIPv4), ip, tcp, gopacket.Payload(text))}
}

// conversation has what a capture has: a segment that is sent again, one that comes before its time, and numbers that go round.
func conversation(tb testing.TB) []shot {
	tb.Helper()
	const ms = time.Millisecond
	a := uint32(1<<32 - 4)
	refused := told(tb, 0, false, 9, "S", "") // a call of the server, to the caller's own port of that number
	for i, b := range []byte{0, 179} {
		refused.data[14+20+2+i], refused.data[14+20+i] = b, byte(100+i)
	}
	return []shot{
		refused,
		told(tb, 0, true, a, "S", ""), told(tb, 1*ms, false, 700, "S.", ""),
		told(tb, 2*ms, true, a+1, "", "hello"), told(tb, 3*ms, true, a+1, "", "hello"),
		told(tb, 10*ms, false, 701, "", "who?"),
		told(tb, 30*ms, true, a+8, "", "name"), told(tb, 31*ms, true, a+6, "", "my"),
		told(tb, 90*ms, true, a+12, "", "again"),
		told(tb, 95*ms, true, a+12, "", "again!"),
		told(tb, 99*ms, true, a+18, "F", ""),
	}
}

func listOf(tb testing.TB, shots []shot) []frame {
	tb.Helper()
	data, err := read(capture(tb, shots, true, layers.LinkTypeEthernet))
	if err != nil {
		tb.Fatal(err)
	}
	list, err := frames(data)
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

// TestTalk: of a session each byte is said once, in its order, with what was before it.
func TestTalk(t *testing.T) {
	caller, server := netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("10.9.0.2")
	talk, err := talkOf(listOf(t, conversation(t)), caller, 179)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, p := range talk.parts {
		words = append(words, string(p.data))
	}
	if !talk.calls || strings.Join(words, "|") != "hello|my|name|again|!|" {
		t.Fatalf("%v %q", talk.calls, words)
	}
	p := talk.parts
	if p[0].answers || !p[1].answers || p[1].behind != 4 || p[2].answers || p[1].after != 21*time.Millisecond || p[3].after != 59*time.Millisecond || !p[5].fin {
		t.Errorf("%+v", p)
	}
	if talk, err = talkOf(listOf(t, conversation(t)), server, 179); err != nil || talk.calls || len(talk.parts) != 1 || !talk.parts[0].answers || talk.parts[0].behind != 5 {
		t.Errorf("of the server: %+v, %v", talk, err)
	}
	hole := slices.Delete(conversation(t), 7, 8)
	// What waits behind a hole is bounded.
	flood := conversation(t)[:4]
	for i := range uint32(mostWaiting + 2) {
		flood = append(flood, told(t, time.Second, true, 100+i*3, "", "abc"))
	}
	var side stream
	for _, f := range listOf(t, flood)[2:] {
		if s, ok := f.segment(); ok && s.from.Addr() == caller {
			side.take(s)
		}
		if len(side.waiting) > mostWaiting {
			t.Fatalf("%d segments wait", len(side.waiting))
		}
	}
	cut := conversation(t)
	cut[6].data = cut[6].data[:len(cut[6].data)-3]
	for says, test := range map[string]struct {
		shots []shot
		from  netip.Addr
	}{
		"before frame 7": {hole, caller}, "before frame 5": {flood, caller}, "not captured whole": {cut, caller}, "of a session of 10.9.0.7": {conversation(t), netip.MustParseAddr("10.9.0.7")},
		"says nothing": {conversation(t)[:3], caller},
	} {
		if _, err := talkOf(listOf(t, test.shots), test.from, 179); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want words with %q", err, says)
		}
	}
}

// answering is a device that says a word when it has heard one.
func answering(t *testing.T, l net.Listener, word, answer string) <-chan string {
	t.Helper()
	all := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			all <- err.Error()
			return
		}
		defer c.Close() //nolint:errcheck // the test is over
		var b bytes.Buffer
		part := make([]byte, 100)
		for {
			n, err := c.Read(part)
			b.Write(part[:n])
			if answer != "" && strings.HasPrefix(b.String(), word) {
				if _, err := io.WriteString(c, answer); err != nil {
					all <- err.Error()
					return
				}
				answer = ""
			}
			if err != nil {
				all <- b.String()
				return
			}
		}
	}()
	return all
}

// TestSession: a session is said to a device with numbers of its own; what is behind an answer waits for one, and says
// that none came.
func TestSession(t *testing.T) {
	path := capture(t, conversation(t), false, layers.LinkTypeEthernet)
	listen := func() (net.Listener, uint16) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l, uint16(l.Addr().(*net.TCPAddr).Port)
	}
	at := netip.MustParseAddr("127.0.0.1")
	for _, test := range []struct{ name, answer, await, want, failed string }{
		{"answered", "whom", "", "hellomynameagain!", ""},
		{"in bytes", "whom", "bytes", "hellomynameagain!", ""},
		{"too few bytes", "who", "bytes", "hello", "behind 4 bytes of the device"},
		{"no answer", "", "", "hello", "did not come"},
		{"whether or not", "", "none", "hellomynameagain!", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, port := listen()
			all := answering(t, l, "hello", test.answer)
			list := listOf(t, conversation(t))
			talk, err := talkOf(list, netip.MustParseAddr("10.9.0.1"), 179)
			if err != nil {
				t.Fatal(err)
			}
			x := &play{state: State{}}
			err = x.converse(t.Context(), Session{Local: at, Remote: at, Port: port, Await: test.await, Patience: time.Second}, talk, 1, 1)
			if got := <-all; got != test.want {
				t.Errorf("the device heard %q, want %q", got, test.want)
			}
			if (err == nil) != (test.failed == "") || err != nil && !strings.Contains(err.Error(), test.failed) {
				t.Errorf("got %v, want %q", err, test.failed)
			}
		})
	}
	p := New(1, readdress, t.Logf)
	// The device's second answer came, and its first is not in the capture.
	const ms = time.Millisecond
	shots := slices.Insert(conversation(t), 6, told(t, 20*ms, false, 709, "", "well?"))
	deaf := capture(t, shots, false, layers.LinkTypeEthernet)
	for await, says := range map[string]string{"": "before frame 7 is not in it", "bytes": "before frame 7 is not in it", "none": ""} {
		_, err := p.Play(t.Context(), Order{File: deaf, From: "10.9.0.1", Session: &Session{Local: at, Remote: at, Passive: new(true), Await: await}})
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("await %q: got %v, want words with %q", await, err, says)
		}
	}
	p.Stop()
	p = New(1, readdress, t.Logf)
	for says, o := range map[string]Order{
		"from:":         {File: path, From: "02:00:00:00:00:01", Session: &Session{Local: at, Remote: at}},
		"local and":     {File: path, From: "10.9.0.1", Session: &Session{Local: at}},
		"await":         {File: path, From: "10.9.0.1", Session: &Session{Local: at, Remote: at, Await: "luck"}},
		"port and only": {File: path, From: "10.9.0.1", Port: "lo", Session: &Session{Local: at, Remote: at}},
		"10.9.0.9":      {File: path, From: "10.9.0.9", Session: &Session{Local: at, Remote: at}},
	} {
		if _, err := p.Play(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want words with %q", err, says)
		}
	}
	// It goes on by itself, and is stopped while it waits for who does not answer.
	if s, err := p.Play(t.Context(), Order{File: path, From: "10.9.0.1", Session: &Session{Local: at, Remote: at, Port: 179, Passive: new(true)}}); err != nil || s.Frames != 6 || !s.Running {
		t.Errorf("%+v, %v", s, err)
	}
	if n := p.Stop(); n != 1 && p.States()[0].Failed == "" {
		t.Errorf("%d stopped: %+v", n, p.States())
	}
}

// TestHungUp: a device that ends its side after its answer is one that failed, but where the capture has that too.
func TestHungUp(t *testing.T) {
	at := netip.MustParseAddr("127.0.0.1")
	ended := slices.Insert(conversation(t), 6, told(t, 20*time.Millisecond, false, 705, "F", ""))
	for name, test := range map[string]struct {
		shots []shot
		want  string
		parts int
	}{
		"in neither": {conversation(t), "ended the session", 1},
		"in both":    {ended, "", 6},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close() //nolint:errcheck // the test is over
			_, _ = io.ReadFull(c, make([]byte, len("hello")))
			_, _ = io.WriteString(c, "whom")
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			_, _ = io.Copy(io.Discard, c)
		}()
		talk, err := talkOf(listOf(t, test.shots), netip.MustParseAddr("10.9.0.1"), 179)
		if err != nil {
			t.Fatal(err)
		}
		// Long after the device has gone, and in less than the patience.
		talk.parts[1].after = 0
		for i := 2; i < len(talk.parts); i++ {
			talk.parts[i].after = 200 * time.Millisecond
		}
		x := &play{}
		err = x.converse(t.Context(), Session{Local: at, Remote: at, Port: uint16(l.Addr().(*net.TCPAddr).Port), Patience: 5 * time.Second}, talk, 1, 1)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || x.show().Sent < test.parts || err != nil && x.show().Sent > 3 || isOwn(err) {
			t.Errorf("%s: %d parts, %v, want %q", name, x.show().Sent, err, test.want)
		}
	}
	// That its own address is not there is none of the device's doing.
	elsewhere := Session{Local: netip.MustParseAddr("192.0.2.77"), Remote: at, Port: 1, Patience: 50 * time.Millisecond}
	if err := (&play{}).converse(t.Context(), elsewhere, talk{calls: true}, 1, 1); !isOwn(err) {
		t.Errorf("got %v", err)
	}
}

func FuzzTalk(f *testing.F) {
	for _, s := range conversation(f) {
		f.Add(s.data)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list := listOf(t, conversation(t))
		for i := range list {
			with := slices.Clone(list)
			with[i].data, with[i].size = b, len(b)
			_, _ = talkOf(with, netip.MustParseAddr("10.9.0.1"), 179)
		}
	})
}
