package trial

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/bounded"
)

// kernelTimeout bounds the question whether a node's kernel can do something.
const kernelTimeout = 10 * time.Second

// linkTypes are the types of interface that a kernel may have been built without
// (ip-link(8)). A type that is not among them is a slip of who wrote the scenario.
func linkTypes() []string {
	return []string{
		"amt", "bareudp", "batadv", "bond", "bridge", "dummy", "erspan", "geneve", "gre", "gretap", "gtp", "hsr", "ifb", "ip6erspan", "ip6gre", "ip6gretap",
		"ip6tnl", "ipip", "ipoib", "ipvlan", "ipvtap", "l2tp", "macsec", "macvlan", "macvtap", "netdevsim", "netkit", "nlmon", "rmnet", "sit", "team", "vcan",
		"veth", "vlan", "vrf", "vti", "vti6", "vxcan", "vxlan", "wireguard", "xfrm",
	}
}

// qdiscs are the queueing disciplines that a kernel may have been built without (tc(8)).
func qdiscs() []string {
	return []string{
		"cake", "cbs", "choke", "clsact", "codel", "drr", "ets", "etf", "fq", "fq_codel", "fq_pie", "hfsc", "hhf", "htb", "ingress", "mqprio", "multiq",
		"netem", "pie", "plug", "prio", "qfq", "red", "sfb", "sfq", "skbprio", "taprio", "tbf",
	}
}

// kernelRefusals are the words of iproute2 for what its kernel does not have.
func kernelRefusals() []string {
	return []string{"Unknown device type", "qdisc kind is unknown", "qdisc not found", "not supported", "Not supported"}
}

// kernels find out what the kernels of a lab's nodes lack.
type kernels struct {
	lab *Lab
	rec *recorder
}

// refused notes that this lab cannot show the scenario where a node was refused something
// that its kernel has not. The words alone do not tell that from a wrong command, so what the
// node's commands name is tried once more by itself, in the node.
func (k kernels) refused(ctx context.Context, node string, err error) {
	if err != nil {
		k.said(ctx, node, err.Error())
	}
}

// said is refused for what a command said, whatever became of it: one that goes on
// after a refusal (may-fail, || true) leaves a lab that is not the scenario's all the same.
func (k kernels) said(ctx context.Context, node, said string) {
	if !slices.ContainsFunc(kernelRefusals(), func(w string) bool { return strings.Contains(said, w) }) {
		return
	}
	host, unreached := k.lab.res.Host(node)
	if unreached != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), kernelTimeout)
	defer cancel()
	var lacking []string
	for _, try := range kernelTries(k.lab.plan, node) {
		if try.fails(ctx, host) {
			lacking = append(lacking, try.what)
		}
	}
	if len(lacking) == 0 {
		return
	}
	hint := "use a kernel that has it, or load its module"
	if k.lab.kind() == topologies.KindContainer {
		hint = "a machine has a kernel of its own, which has: " + inMachines(k.lab.plan)
	}
	k.rec.lacks(node, &topologies.MissingError{What: "from the kernel of " + node + ":", Name: strings.Join(lacking, ", "), Hint: hint})
}

// kernelTry is one thing that may be missing from a kernel.
type kernelTry struct {
	what      string
	add, undo []string
	refusal   string
}

// fails says whether the kernel has not got it. Any other refusal is about the arguments.
func (k kernelTry) fails(ctx context.Context, h topologies.Host) bool {
	said := bounded.NewFirst(bounded.Words)
	exit, err := h.Exec(ctx, k.add, nil, said, said)
	if err == nil && exit == 0 {
		_, _ = h.Exec(ctx, k.undo, nil, nil, nil) // the trial is over
	}
	return err == nil && exit != 0 && strings.Contains(said.String(), k.refusal)
}

// kernelTries lists what the commands of a node ask a kernel for.
func kernelTries(p *plan.Plan, node string) []kernelTry {
	const probe = "reprise-probe"
	var tries []kernelTry
	add := func(k kernelTry) {
		if !slices.ContainsFunc(tries, func(o kernelTry) bool { return o.what == k.what }) {
			tries = append(tries, k)
		}
	}
	for _, command := range p.CommandsFor(node) {
		words := strings.Fields(command)
		for i, w := range words {
			if i > 0 && words[i-1] == "type" && slices.Contains(words, "link") && slices.Contains(linkTypes(), w) {
				add(kernelTry{
					"interfaces of type " + w, []string{"ip", "link", "add", "name", probe, "type", w}, []string{"ip", "link", "del", probe}, "Unknown device type",
				})
			}
			if slices.Contains(words, "qdisc") && slices.Contains(qdiscs(), w) {
				// Both forms of the refusal, of older and newer kernels, have the word.
				add(kernelTry{"qdisc " + w, []string{"tc", "qdisc", "add", "dev", "lo", "root", w}, []string{"tc", "qdisc", "del", "dev", "lo", "root"}, "Specified qdisc"})
			}
		}
	}
	return tries
}

// inMachines is the command that runs the scenario in machines: a lab is of them altogether.
func inMachines(p *plan.Plan) string {
	var command strings.Builder
	command.WriteString("reprise run " + p.Loaded.Scenario.ID)
	for _, n := range p.Nodes {
		fmt.Fprintf(&command, " --set %s.image=reprise/guest:bookworm", n.Name)
	}
	return command.String()
}
