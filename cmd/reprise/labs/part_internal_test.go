package labs

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/faketime"
	"github.com/reprise-lab/reprise/topologies/spread"
)

// TestServedPart: a worker refuses by itself a part that asks for what it was not told to give to others, or for more than one of
// its labs has, whoever sent it; and answers the next.
func TestServedPart(t *testing.T) {
	t.Parallel()
	o := Offered{Slots: 1, Trust: []string{"sysctls.r2"}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // all that came are served
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = o.ServePart(t.Context(), conn) }()
		}
	}()
	p, err := spread.New([]spread.Host{{Name: "there", Dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*topologies.Topology){
		"(reprise worker --trust machines.r1)": func(lab *topologies.Topology) { lab.Nodes[0].Labels = map[string]string{"reprise.disk": "3GiB"} },
		"(reprise worker --trust sysctls.r1)": func(lab *topologies.Topology) {
			lab.Nodes[0].Sysctls = map[string]string{"net.core.somaxconn": "77"}
		},
		"REPRISE_PASSWORD":           func(lab *topologies.Topology) { lab.Nodes[0].Env = map[string]string{"REPRISE_PASSWORD": "x"} },
		"of memory, and one lab has": func(lab *topologies.Topology) { lab.Nodes[0].Memory = "900GiB" },
		"cores, and there are":       func(lab *topologies.Topology) { lab.Nodes[0].CPU = 4000 },
		`cannot be called "../r9"`: func(lab *topologies.Topology) {
			lab.Nodes = append(lab.Nodes, topologies.Node{Name: "../r9", Image: "a"})
		},
		"the lab has 65 nodes": func(lab *topologies.Topology) {
			for len(lab.Nodes) < 65 {
				lab.Nodes = append(lab.Nodes, topologies.Node{Name: "n" + strings.Repeat("x", len(lab.Nodes)), Image: "a"})
			}
		},
	} {
		lab := pair("", "")
		lab.Links = nil
		change(&lab)
		if err := o.permit(lab); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if !strings.Contains(want, "(reprise worker") {
			continue // a part of many nodes is asked about node by node
		}
		if err := p.Check(t.Context(), lab); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("asked over a connection: %v, want %q", err, want)
		}
	}
	b := partBuilder{permit: o.permit} // that asks nothing of what would build it
	lab := pair("", "")
	lab.Nodes[0].Memory = "900GiB"
	if r, err := b.ReservePart(t.Context(), lab, topologies.Options{}); err == nil {
		t.Errorf("it is built: %v", r)
	}
	if err := o.permit(topologies.Topology{Nodes: []topologies.Node{
		{Name: "r1", Image: "sha256:0a", Memory: "16MiB", CPU: 1, Env: map[string]string{faketime.EnvClock: "/usr/lib/x.so"}, Sysctls: map[string]string{"net.ipv4.ip_forward": "1"}},
		{Name: "r2", Sysctls: map[string]string{"net.core.somaxconn": "77"}},
		{Name: spread.Gateway, Kind: topologies.KindLinux, Image: "sha256:0a"},
	}}); err != nil {
		t.Errorf("what anybody may have, and what was named: %v", err)
	}
}
