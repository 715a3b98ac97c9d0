package frr

import (
	"slices"
	"strings"
	"testing"
)

func TestUndo(t *testing.T) {
	t.Parallel()
	const then = `hostname r1
!
interface eth1
 ip address 10.0.0.1/24
 ip ospf cost 10
exit
!
router bgp 65001
 neighbor 10.0.0.2 remote-as 65002
 !
 address-family ipv4 unicast
  network 192.0.2.0/24
 exit-address-family
exit
!
`
	tests := []struct {
		name string
		old  string
		new  string
		want []string // each in its place
	}{
		{"nothing", "", "", nil},
		{"a line of another value", "cost 10", "cost 77", []string{"interface eth1 / no ip ospf cost 77", "interface eth1 / ip ospf cost 10"}},
		{"a line that came", "hostname r1\n", "hostname r1\nip route 198.51.100.0/24 blackhole\n", []string{"no ip route 198.51.100.0/24 blackhole"}},
		{"a line that went", "  network 192.0.2.0/24\n", "", []string{"router bgp 65001 / address-family ipv4 unicast / network 192.0.2.0/24"}},
		{
			"what depends goes first", " neighbor 10.0.0.2 remote-as 65002\n", " neighbor 10.0.0.2 remote-as 65002\n neighbor 10.0.0.9 remote-as 65009\n neighbor 10.0.0.9 description it\n",
			[]string{"router bgp 65001 / no neighbor 10.0.0.9 description it", "router bgp 65001 / no neighbor 10.0.0.9 remote-as 65009"},
		},
		{"a negation", " ip ospf cost 10\n", " ip ospf cost 10\n no ip ospf passive\n", []string{"interface eth1 / ip ospf passive"}},
		{
			"a stanza that went", "interface eth1\n ip address 10.0.0.1/24\n ip ospf cost 10\nexit\n", "",
			[]string{"interface eth1", "interface eth1 / ip address 10.0.0.1/24", "interface eth1 / ip ospf cost 10"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := strings.Replace(then, tt.old, tt.new, 1)
			var got []string
			for _, e := range undo(then, now) {
				got = append(got, e.String())
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	if got := undo(then, then+strings.Repeat("ip route 198.51.100.0/24 blackhole\n", maxUndo+1)); got != nil {
		t.Errorf("%d lines one by one", len(got))
	}
}

// A line that moved to another stanza is a difference.
func TestPlaced(t *testing.T) {
	t.Parallel()
	then := "interface eth1\n ip ospf cost 10\ninterface eth2\n ip address 10.0.0.1/24\n"
	now := "interface eth1\n ip address 10.0.0.1/24\ninterface eth2\n ip ospf cost 10\n"
	if placed(then) == placed(now) {
		t.Error("they are the same")
	}
	if got, want := placed(then), "interface eth1\ninterface eth1 / ip ospf cost 10\ninterface eth2\ninterface eth2 / ip address 10.0.0.1/24\n"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestShorter(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{"no description a long one": "no description a long", "no description": "", "ip ospf cost 10": "", "no ip ospf": "no ip"} {
		if got := shorter(line); got != want {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
}
