package topologiestest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// Inject puts a fault in force. One that the kernel keeps from this lab is skipped.
func Inject(t *testing.T, r topologies.Reservation, f topologies.Fault) topologies.Active {
	t.Helper()
	a, err := Ability[topologies.Faulter](t, r).Inject(t.Context(), f)
	if missing, ok := errors.AsType[*topologies.MissingError](err); ok && missing.What == "kernel ability" {
		t.Skip(err) //nolint:forbidigo // the kernel and the user's rights decide
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Fired is how often a fault has acted.
func Fired(t *testing.T, a topologies.Active) uint64 {
	t.Helper()
	n, err := a.Fired(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Heal ends a fault.
func Heal(t *testing.T, a topologies.Active) {
	t.Helper()
	for range 2 { // the second time is no error
		if err := a.Heal(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// dropsBy runs a test with everything that frames can be dropped with, each in a lab of its own.
func (s Subject) dropsBy(t *testing.T, test func(t *testing.T, p topologies.Provider, by topologies.DropBy)) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	for _, by := range topologies.DropsBy() {
		t.Run(string(by), func(t *testing.T) { test(t, p, by) })
	}
}

// told fails where a fault does not say that it drops frames with what was asked for.
func told(t *testing.T, a topologies.Active, by topologies.DropBy) {
	t.Helper()
	if teller, ok := topologies.As[topologies.DropTeller](a); !ok || teller.DropBy() != by {
		t.Errorf("asked to drop by %s, the fault says otherwise: %+v", by, a)
	}
}

// UDP sends so many datagrams to a port.
const UDP = `for i in $(seq $3); do echo x > /dev/udp/$1/$2; done; true`

func (s Subject) drop(t *testing.T) {
	t.Helper()
	s.dropsBy(t, s.dropBy)
}

func (s Subject) dropBy(t *testing.T, p topologies.Provider, by topologies.DropBy) {
	t.Helper()
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "drop-"+string(by)), DropBy: by})
	r1 := Host(t, r, "r1")
	at := topologies.Endpoint{Node: "r2", Interface: "eth1"}
	mac := Run(t, r1, "cat", "/sys/class/net/eth1/address")
	far := Run(t, Host(t, r, "r2"), "cat", "/sys/class/net/eth1/address")
	send := func(target string, port, count int) {
		Run(t, r1, "bash", "-c", UDP, "bash", target, fmt.Sprint(port), fmt.Sprint(count))
	}
	for _, target := range []string{"10.0.0.2", "2001:db8::2"} {
		if err := Ping(t.Context(), r1, target); err != nil {
			t.Fatal(err)
		}
		// Who has to ask for the neighbour again loses datagrams where nobody answers in time.
		Run(t, r1, "ip", "neigh", "replace", target, "lladdr", far, "dev", "eth1", "nud", "permanent")
	}
	const v4, v6 = 5, 3 // datagrams to port 9, and one more to port 10, by IPv4
	tests := []struct {
		name  string
		match topologies.FrameMatch
		want  uint64
	}{
		{"protocol in both families", topologies.FrameMatch{Proto: "udp"}, v4 + v6 + 1},
		{"protocol by number", topologies.FrameMatch{Proto: "17"}, v4 + v6 + 1},
		{"protocol in one family", topologies.FrameMatch{EtherType: "ip6", Proto: "udp"}, v6},
		{"port", topologies.FrameMatch{DstPort: 9}, v4 + v6},
		{"port and protocol", topologies.FrameMatch{DstPort: 10, Proto: "udp"}, 1},
		{"other protocol's port", topologies.FrameMatch{DstPort: 9, Proto: "tcp"}, 0},
		{"ethertype by number", topologies.FrameMatch{EtherType: "0x0800", DstPort: 9}, v4},
		{"source prefix", topologies.FrameMatch{SrcIP: "10.0.0.0/29", Proto: "udp"}, v4 + 1},
		{"odd prefix that does not hold", topologies.FrameMatch{SrcIP: "10.0.0.2/31", Proto: "udp"}, 0},
		{"address of version 6", topologies.FrameMatch{DstIP: "2001:db8::2", DstPort: 9}, v6},
		{"source address", topologies.FrameMatch{SrcMAC: mac, DstPort: 10}, 1},
		{"other destination", topologies.FrameMatch{DstMAC: "01:80:c2:00:00:0e", Proto: "udp"}, 0},
		{"other ethertype", topologies.FrameMatch{EtherType: "lldp"}, 0},
	}
	// All at once would show only the first: each is in force alone.
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := Inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: tt.match})
			told(t, a, by)
			send("10.0.0.2", 9, v4)
			send("2001:db8::2", 9, v6)
			send("10.0.0.2", 10, 1)
			Eventually(t, "the datagrams arrive", func() bool { return Fired(t, a) >= tt.want })
			if got := Fired(t, a); got != tt.want {
				t.Errorf("dropped %d, want %d", got, tt.want)
			}
			Heal(t, a)
			if got := Fired(t, a); got != tt.want {
				t.Errorf("after healing: %d, want %d", got, tt.want)
			}
		})
	}
	if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Errorf("after all are healed: %v", err)
	}
	bad := []topologies.FrameMatch{
		{SrcMAC: "x"},
		{EtherType: "ipx?"},
		{Proto: "300"},
		{SrcIP: "10.0.0.0/33"},
		{SrcIP: "10.0.0.1", DstIP: "::1"},
		{EtherType: "arp", Proto: "udp"},
		{DstPort: 70000},
		{Proto: "ospf", DstPort: 1},
	}
	for _, m := range bad {
		if _, err := Ability[topologies.Faulter](t, r).Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: m}); err == nil {
			t.Errorf("%+v was taken", m)
		}
	}
}

// The shares are far apart: 30 % of 600 lies between 100 and 300 in all but one of
// more than 10¹⁰ runs, and a byte order mistaken gives nearly all or nothing.
func (s Subject) dropByChance(t *testing.T) {
	t.Helper()
	s.dropsBy(t, func(t *testing.T, p topologies.Provider, by topologies.DropBy) {
		t.Helper()
		r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "chance-"+string(by)), DropBy: by})
		a := Inject(t, r, topologies.Fault{
			Kind: topologies.FaultDrop, Probability: 0.3,
			Endpoint: topologies.Endpoint{Node: "r2", Interface: "eth1"}, Match: topologies.FrameMatch{DstPort: 9},
		})
		// Before the neighbour's address is known the kernel keeps the last few hundred.
		if err := Ping(t.Context(), Host(t, r, "r1"), "10.0.0.2"); err != nil {
			t.Fatal(err)
		}
		Run(t, Host(t, r, "r1"), "bash", "-c", UDP, "bash", "10.0.0.2", "9", "600")
		if n := Fired(t, a); n < 100 || n > 300 {
			t.Errorf("dropped %d of 600 at 30 %%", n)
		}
	})
}

func (s Subject) faultsTogether(t *testing.T) {
	t.Helper()
	s.dropsBy(t, s.faultsTogetherBy)
}

func (s Subject) faultsTogetherBy(t *testing.T, p topologies.Provider, by topologies.DropBy) {
	t.Helper()
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "together-"+string(by)), DropBy: by, Replug: true})
	r1, r2 := Host(t, r, "r1"), Host(t, r, "r2")
	at := topologies.Endpoint{Node: "r2", Interface: "eth1"}
	icmp := Inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: topologies.FrameMatch{Proto: "icmp"}})
	datagrams := Inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: topologies.FrameMatch{Proto: "udp"}})
	down := Inject(t, r, topologies.Fault{Kind: topologies.FaultDown, Endpoint: at})

	Eventually(t, "the far end loses carrier", func() bool { return Run(t, r1, "cat", "/sys/class/net/eth1/carrier") == "0" })
	index := Run(t, r1, "cat", "/sys/class/net/eth1/ifindex") + " " + Run(t, r2, "cat", "/sys/class/net/eth1/ifindex")
	replug := Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: at})
	if n := Fired(t, replug); n != 1 {
		t.Errorf("replug fired %d times", n)
	}
	for i, h := range []topologies.Host{r1, r2} {
		if now := Run(t, h, "cat", "/sys/class/net/eth1/ifindex"); now == strings.Fields(index)[i] {
			t.Errorf("r%d: the interface index is %s as before", i+1, now)
		}
	}
	if got := Run(t, r1, "cat", "/sys/class/net/eth1/carrier"); got != "0" {
		t.Error("replugging brought a port up that a fault holds down")
	}
	Heal(t, down)
	Run(t, r1, "bash", "-c", UDP, "bash", "10.0.0.2", "9", "4")
	Eventually(t, "the datagrams arrive", func() bool { return Fired(t, datagrams) >= 4 }) // they are on their way
	if n := Fired(t, datagrams); n != 4 {
		t.Errorf("dropped %d datagrams, want 4", n)
	}
	Heal(t, icmp)
	if err := Ping(t.Context(), r1, "10.0.0.2"); err != nil {
		t.Errorf("ping, its fault healed: %v", err)
	}
	Unchanged(t, r)
	if by == topologies.DropByNFT && !s.OutOfReach {
		Run(t, r1, "tc", "qdisc", "del", "dev", "eth1", "clsact")
		if list := touched(t, r); len(list) != 1 || !strings.HasPrefix(list[0].What, "the fault that drops frames") {
			t.Errorf("what drops frames was taken away: %+v", list)
		}
		if _, err := datagrams.Fired(t.Context()); err == nil {
			t.Error("what is no longer there has a count")
		}
	}
	Heal(t, datagrams)
	for _, h := range []topologies.Host{r1, r2} {
		if left := Run(t, h, "sh", "-c", "nft list ruleset; tc qdisc show"); strings.Contains(left, "chain") || strings.Contains(left, "clsact") {
			t.Errorf("rules are left: %s", left)
		}
	}
	Unchanged(t, r)
}

// flood sends datagrams to port 9 of every neighbour for as long as it is not closed, from the
// moment that the interface is up.
const flood = `while :; do echo x > /dev/udp/ff02::1%eth1/9; done 2>/dev/null`

// replugUnderFire: of what is sent while a cable is laid anew, a fault in force drops all.
func (s Subject) replugUnderFire(t *testing.T) {
	t.Helper()
	s.dropsBy(t, func(t *testing.T, p topologies.Provider, by topologies.DropBy) {
		t.Helper()
		r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "fire-"+string(by)), DropBy: by})
		r2 := Host(t, r, "r2")
		at := topologies.Endpoint{Node: "r2", Interface: "eth1"}
		a := Inject(t, r, topologies.Fault{Kind: topologies.FaultDrop, Endpoint: at, Match: topologies.FrameMatch{DstPort: 9}})
		Run(t, r2, "nft", "add table inet met; add chain inet met in { type filter hook input priority 0; }; add rule inet met in udp dport 9 counter")
		arrived := func() bool {
			return !strings.Contains(Run(t, r2, "nft", "list chain inet met in"), "counter packets 0 ")
		}
		command, err := Host(t, r, "r1").Open(t.Context(), []string{"bash", "-c", flood}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer command.Close() //nolint:errcheck // it ends with its lab otherwise
		for range 5 {
			before := Fired(t, a)
			Eventually(t, "datagrams are dropped", func() bool { return Fired(t, a) > before })
			Inject(t, r, topologies.Fault{Kind: topologies.FaultReplug, Endpoint: at})
			if arrived() {
				t.Fatal("datagrams arrived while the cable was laid anew")
			}
		}
		Heal(t, a)
		Eventually(t, "datagrams arrive", arrived)
	})
}

func (s Subject) injectNowhere(t *testing.T) {
	t.Helper()
	t.Parallel()
	p := s.Open(t)
	r := Reserve(t, p, s.Pair("eth1", "eth1"), topologies.Options{Run: RunName(t, "nowhere")})
	f := Ability[topologies.Faulter](t, r)
	if _, err := f.Inject(t.Context(), topologies.Fault{Kind: topologies.FaultDown, Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth7"}}); err == nil {
		t.Error("a fault on no cable was taken")
	}
	_, err := f.Inject(t.Context(), topologies.Fault{Kind: "vanish", Endpoint: topologies.Endpoint{Node: "r1", Interface: "eth1"}})
	if _, ok := errors.AsType[*topologies.MissingError](err); !ok {
		t.Errorf("an unknown kind: %v", err)
	}
}
