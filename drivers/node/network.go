package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// Network is the state of a node's network stack that can be brought back.
type Network struct {
	Links map[string]Link `json:"links"`
	// Routes4 and Routes6 are the main tables as "ip route" prints them, without the
	// kernel's own routes.
	Routes4 []string `json:"routes4"`
	Routes6 []string `json:"routes6"`
	// Rest is what is compared but not brought back: bridges, queueing, packet filters.
	Rest map[string]string `json:"rest"`
}

// Link is one interface. Addresses exclude IPv6 link-local ones, which the kernel makes.
type Link struct {
	Up        bool     `json:"up"`
	MTU       int      `json:"mtu"`
	Master    string   `json:"master,omitempty"`
	Addresses []string `json:"addresses"`
}

// String is the state as text, one fact per line.
func (s Network) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Links)) {
		l := s.Links[name]
		fmt.Fprintf(&b, "link %s up=%t mtu=%d master=%q %s\n", name, l.Up, l.MTU, l.Master, strings.Join(l.Addresses, " "))
	}
	for _, r := range append(slices.Clone(s.Routes4), s.Routes6...) {
		fmt.Fprintf(&b, "route %s\n", r)
	}
	for _, c := range slices.Sorted(maps.Keys(s.Rest)) {
		for line := range strings.Lines(s.Rest[c]) {
			fmt.Fprintf(&b, "%s: %s\n", c, strings.TrimRight(line, "\n"))
		}
	}
	return b.String()
}

const networkFile = "/run/reprise/network.json"

// restCommands are asked for Network.Rest; where a tool is missing the answer is empty.
func restCommands() []string {
	// The state of a port under spanning tree, and interface numbers, come and go.
	return []string{`bridge -d link show | sed 's/^[0-9]*: //; s/ state [a-z]*//'`, "bridge vlan show", "tc qdisc show", "nft list ruleset", "ip -4 rule show", "ip neigh show nud permanent"}
}

// network reads the state of the network stack, all of it in one exchange.
func (n *Node) network(ctx context.Context) (Network, error) {
	const op, interfaces = "read the network's state", "read interfaces"
	state := Network{Links: map[string]Link{}, Rest: map[string]string{}}
	commands := []string{"ip -j addr show", "ip -4 route show table main 2>/dev/null", "ip -6 route show table main 2>/dev/null"}
	for _, c := range restCommands() {
		commands = append(commands, "{ "+c+"; } 2>/dev/null")
	}
	out, err := n.Control(ctx, op, strings.Join(commands, "\nprintf '\\001%d\\001' $?\n")+"\nprintf '\\001%d\\001' $?")
	if err != nil {
		return state, err
	}
	said := strings.Split(out, "\x01") // each answer, and its status
	if len(said) != 2*len(commands)+1 {
		return state, n.Fail(op, fmt.Errorf("%d answers to %d questions", len(said)/2, len(commands)))
	}
	if said[1] != "0" {
		return state, n.Fail(interfaces, fmt.Errorf("exit status %s: %s", said[1], strings.TrimSpace(said[0])))
	}
	var links []struct {
		Name      string   `json:"ifname"`
		Flags     []string `json:"flags"`
		MTU       int      `json:"mtu"`
		Master    string   `json:"master"`
		Addresses []struct {
			Family string `json:"family"`
			Local  string `json:"local"`
			Prefix int    `json:"prefixlen"`
			Scope  string `json:"scope"`
		} `json:"addr_info"`
	}
	if err := json.Unmarshal([]byte(said[0]), &links); err != nil {
		return state, n.Fail(interfaces, err)
	}
	for _, l := range links {
		link := Link{Up: slices.Contains(l.Flags, "UP"), MTU: l.MTU, Master: l.Master}
		for _, a := range l.Addresses {
			if a.Local == "" || a.Family == "inet6" && a.Scope == "link" {
				continue
			}
			link.Addresses = append(link.Addresses, fmt.Sprintf("%s/%d", a.Local, a.Prefix))
		}
		slices.Sort(link.Addresses)
		state.Links[l.Name] = link
	}
	state.Routes4, state.Routes6 = routes(said[2]), routes(said[4])
	for i, c := range restCommands() {
		state.Rest[c] = said[6+2*i]
	}
	return state, nil
}

// routes reads what "ip route" prints.
func routes(out string) []string {
	var routes []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "proto kernel") || strings.Contains(line, "proto ra") || strings.HasPrefix(line, "\t") {
			continue // a tab continues a multipath route, which "ip route del" takes by its prefix
		}
		for _, flag := range []string{" linkdown", " dead", " trap", " offload"} {
			line = strings.ReplaceAll(line, flag, "")
		}
		routes = append(routes, strings.TrimSpace(line))
	}
	slices.Sort(routes)
	return routes
}

// SaveNetwork notes the state of the network stack in the node, for RestoreNetwork, if that may be
// asked for.
func (n *Node) SaveNetwork(ctx context.Context) error {
	if n.Target.NoRestart {
		return nil
	}
	state, err := n.network(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(state)
	if err != nil {
		return n.Fail("save network state", err)
	}
	return n.Put(ctx, networkFile, data, 0o644)
}

// RestoreNetwork brings interfaces, addresses and routes back to what SaveNetwork
// noted, and checks that everything noted is as it was. An error means that it is not.
func (n *Node) RestoreNetwork(ctx context.Context) error {
	const op = "restore network state"
	r, err := n.Target.Host.ReadFile(ctx, networkFile)
	if err != nil {
		return n.Fail(op, fmt.Errorf("nothing was saved at boot: %w: %w", drivers.ErrUnsupported, err))
	}
	data, err := io.ReadAll(io.LimitReader(r, 8<<20))
	if err = errors.Join(err, r.Close()); err != nil {
		return n.Fail(op, err)
	}
	var want Network
	if err := json.Unmarshal(data, &want); err != nil {
		return n.Fail(op, err)
	}
	have, err := n.network(ctx)
	if err != nil {
		return err
	}
	if script := restoreScript(have, want); script != "" {
		if _, err := n.Try(ctx, op, script); err != nil { // the check below reports whether it worked
			return err
		}
		if have, err = n.network(ctx); err != nil {
			return err
		}
	}
	if diff := Diff(want.String(), have.String()); diff != "" {
		return n.Fail(op, fmt.Errorf("it differs from what it was (-then +now):\n%s", diff))
	}
	return nil
}

// restoreScript lists the commands that lead from have to want.
func restoreScript(have, want Network) string {
	var b bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(have.Links)) {
		if _, keep := want.Links[name]; !keep {
			fmt.Fprintf(&b, "ip link del %s\n", session.Quote(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Links)) {
		w, h := want.Links[name], have.Links[name]
		dev := session.Quote(name)
		if w.MTU != h.MTU {
			fmt.Fprintf(&b, "ip link set %s mtu %d\n", dev, w.MTU)
		}
		if w.Master != h.Master && w.Master != "" {
			fmt.Fprintf(&b, "ip link set %s master %s\n", dev, session.Quote(w.Master))
		} else if w.Master != h.Master {
			fmt.Fprintf(&b, "ip link set %s nomaster\n", dev)
		}
		if w.Up != h.Up {
			fmt.Fprintf(&b, "ip link set %s %s\n", dev, map[bool]string{true: "up", false: "down"}[w.Up])
		}
		for _, a := range h.Addresses {
			if !slices.Contains(w.Addresses, a) {
				fmt.Fprintf(&b, "ip addr del %s dev %s\n", a, dev)
			}
		}
		for _, a := range w.Addresses {
			if !slices.Contains(h.Addresses, a) {
				fmt.Fprintf(&b, "ip addr add %s dev %s\n", a, dev)
			}
		}
	}
	for _, f := range []struct {
		family     string
		have, want []string
	}{{"-4", have.Routes4, want.Routes4}, {"-6", have.Routes6, want.Routes6}} {
		for _, r := range f.have {
			if !slices.Contains(f.want, r) {
				fmt.Fprintf(&b, "ip %s route del %s\n", f.family, r)
			}
		}
		// A change of address or link may have taken routes with it: add all, the
		// kernel refuses those that are there.
		for _, r := range f.want {
			fmt.Fprintf(&b, "ip %s route add %s 2>/dev/null\n", f.family, r)
		}
	}
	return b.String()
}
