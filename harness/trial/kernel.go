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

// classifiers are the filters of tc(8) that a kernel may have been built without, each with what the least filter of its kind takes.
func classifiers() map[string]string {
	return map[string]string{"basic": "", "cgroup": "", "flow": "map key dst baseclass 1:1", "flower": "", "fw": "", "matchall": "", "u32": "match u32 0 0"}
}

// tcActions are the actions of tc(8) that a kernel may have been built without, each with what the least one of its kind takes.
func tcActions() map[string]string {
	return map[string]string{
		"csum": "ip", "ct": "", "drop": "", "mirred": "egress mirror dev lo", "mpls": "pop protocol ip", "nat": "ingress 192.0.2.1 192.0.2.2",
		"pedit": "munge offset 0 u8 clear", "police": "rate 1mbit burst 10k", "sample": "rate 1 group 1", "skbedit": "mark 1", "vlan": "pop",
	}
}

// tunnelModes are those of ip-tunnel(8), each with the type of interface that it makes.
func tunnelModes() map[string]string {
	return map[string]string{
		"gre": "gre", "ipip": "ipip", "sit": "sit", "isatap": "sit", "vti": "vti",
		"ip6ip6": "ip6tnl", "ipip6": "ip6tnl", "ip6gre": "ip6gre", "vti6": "vti6",
	}
}

// encapsulations are the light ones of ip-route(8) that a kernel may have been built without, each with what the least one takes.
func encapsulations() map[string]string {
	return map[string]string{
		"bpf": "in obj /dev/null", "ila": "1:1:1:1", "ip": "dst 192.0.2.2", "ip6": "dst 2001:db8::2", "mpls": "16",
		"seg6": "mode encap segs 2001:db8::2", "seg6local": "action End",
	}
}

// modules are those that are not called as the type of interface that they bring.
func modules() map[string]string {
	return map[string]string{
		"8021q": "vlan", "bonding": "bond", "ip_gre": "gre", "ip6_gre": "ip6gre", "ip6_tunnel": "ip6tnl", "ip_vti": "vti", "ip6_vti": "vti6",
		"batman_adv": "batadv", "xfrm_interface": "xfrm", "l2tp_eth": "l2tp",
	}
}

// sysctlFamilies are the parts of /proc/sys that come with what a kernel may have been built without. A key that is missing elsewhere is a
// slip of who wrote the scenario.
func sysctlFamilies() []string {
	return []string{"net/bridge", "net/dccp", "net/ipv4/vs", "net/ipv6", "net/mpls", "net/mptcp", "net/netfilter", "net/sctp", "net/smc", "net/vrf"}
}

// kernelRefusals are the words of iproute2, sysctl and modprobe for what their kernel does not have.
func kernelRefusals() []string {
	return []string{
		"Unknown device type", "qdisc kind is unknown", "qdisc not found", "not supported", "Not supported", "TC classifier not found",
		"Failed to load TC action module", "failed: No such device", "cannot stat /proc/sys/", "not found in directory /lib/modules",
	}
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
	if err == nil && exit == 0 && k.undo != nil {
		_, _ = h.Exec(ctx, k.undo, nil, nil, nil) // the trial is over
	}
	return err == nil && exit != 0 && strings.Contains(said.String(), k.refusal)
}

// probeLink is the name of whatever is made to see whether a kernel can make it.
const probeLink = "reprise-probe"

// kernelTries lists what the commands of a node ask a kernel for.
func kernelTries(p *plan.Plan, node string) []kernelTry {
	var tries []kernelTry
	for _, command := range p.CommandsFor(node) {
		words := strings.Fields(command)
		for _, of := range [](func([]string) []kernelTry){triesOfLinks, triesOfTC, triesOfRoutes, triesOfKeys, triesOfModules} {
			for _, k := range of(words) {
				if !slices.ContainsFunc(tries, func(o kernelTry) bool { return o.what == k.what }) {
					tries = append(tries, k)
				}
			}
		}
	}
	return tries
}

// after gives the words of a command that follow each of the given one.
func after(words []string, word string) []string {
	var found []string
	for i, w := range words {
		if i > 0 && words[i-1] == word {
			found = append(found, w)
		}
	}
	return found
}

// triesOfLinks are those of ip-link(8), ip-tunnel(8) and bridge(8).
func triesOfLinks(words []string) (tries []kernelTry) {
	if slices.Contains(words, "link") {
		for _, kind := range after(words, "type") {
			tries = append(tries, linkTry(kind)...)
		}
	}
	if slices.Contains(words, "tunnel") {
		for _, mode := range after(words, "mode") {
			tries = append(tries, linkTry(tunnelModes()[mode])...)
		}
	}
	if slices.Contains(words, "vlan_filtering") || len(words) > 0 && words[0] == "bridge" && slices.Contains(words, "vlan") {
		add := []string{"ip", "link", "add", "name", probeLink, "type", "bridge", "vlan_filtering", "1"}
		tries = append(tries, kernelTry{"filtering of VLANs in bridges", add, []string{"ip", "link", "del", probeLink}, "not supported"})
	}
	return tries
}

func linkTry(kind string) []kernelTry {
	if !slices.Contains(linkTypes(), kind) {
		return nil
	}
	return []kernelTry{{
		"interfaces of type " + kind, []string{"ip", "link", "add", "name", probeLink, "type", kind}, []string{"ip", "link", "del", probeLink}, "Unknown device type",
	}}
}

// triesOfTC are those of tc(8).
func triesOfTC(words []string) (tries []kernelTry) {
	for _, w := range words {
		if slices.Contains(words, "qdisc") {
			tries = append(tries, qdiscTry(w)...)
		}
		if slices.Contains(words, "filter") && slices.Contains(words, "tc") {
			tries = append(tries, classifierTry(w)...)
		}
	}
	for _, w := range after(words, "action") {
		tries = append(tries, actionTry(w)...)
	}
	return tries
}

func qdiscTry(kind string) []kernelTry {
	if !slices.Contains(qdiscs(), kind) {
		return nil
	}
	return []kernelTry{{ // both forms of the refusal, of older and newer kernels, have the words
		"qdisc " + kind, []string{"tc", "qdisc", "add", "dev", "lo", "root", kind}, []string{"tc", "qdisc", "del", "dev", "lo", "root"}, "Specified qdisc",
	}}
}

// atIngress is a shell that adds the first of several filters that can be added where packets for lo come in, and takes it away.
func atIngress(filters ...string) []string {
	lines := []string{
		"trap 'tc filter del dev lo ingress pref 64999; $made' EXIT",
		"tc qdisc add dev lo ingress 2>/dev/null && made='tc qdisc del dev lo ingress'",
	}
	for _, f := range filters {
		lines = append(lines, "tc filter add dev lo ingress pref 64999 protocol all "+f+" && exit")
	}
	return []string{"sh", "-c", strings.Join(append(lines, "exit 1"), "\n")}
}

func classifierTry(kind string) []kernelTry {
	takes, ok := classifiers()[kind]
	if !ok {
		return nil
	}
	return []kernelTry{{"tc classifier " + kind, atIngress(kind + " " + takes), nil, "TC classifier not found"}}
}

func actionTry(kind string) []kernelTry {
	takes, ok := tcActions()[kind]
	if !ok {
		return nil
	}
	action := " action " + kind + " " + takes
	return []kernelTry{{"tc action " + kind, atIngress("u32 match u32 0 0"+action, "matchall"+action), nil, "Failed to load TC action module"}}
}

// triesOfRoutes are those of ip-route(8).
func triesOfRoutes(words []string) (tries []kernelTry) {
	for _, kind := range after(words, "encap") {
		tries = append(tries, encapsulationTry(kind)...)
	}
	if slices.Contains(after(words, "-f"), "mpls") || slices.Contains(after(words, "-family"), "mpls") || len(words) > 0 && words[0] == "ip" && slices.Contains(words, "-M") {
		tries = append(tries, keysTry("net/mpls"))
	}
	return tries
}

func encapsulationTry(kind string) []kernelTry {
	takes, ok := encapsulations()[kind]
	if !ok {
		return nil
	}
	const to = "192.0.2.1/32" // TEST-NET-1, RFC 5737
	add := append([]string{"ip", "route", "add", to, "encap", kind}, strings.Fields(takes)...)
	return []kernelTry{{"routes with encapsulation " + kind, append(add, "dev", "lo"), []string{"ip", "route", "del", to}, "encapsulation type not supported"}}
}

// triesOfKeys are those of sysctl(8).
func triesOfKeys(words []string) (tries []kernelTry) {
	if len(words) == 0 || words[0] != "sysctl" {
		return nil
	}
	for _, w := range words[1:] {
		key, _, _ := strings.Cut(w, "=")
		key = strings.ReplaceAll(key, ".", "/") + "/"
		for _, family := range sysctlFamilies() {
			if strings.HasPrefix(key, family+"/") {
				tries = append(tries, keysTry(family))
			}
		}
	}
	return tries
}

func keysTry(family string) kernelTry {
	return kernelTry{"keys " + strings.ReplaceAll(family, "/", ".") + ".* of sysctl", []string{"ls", "-d", "/proc/sys/" + family}, nil, "No such file"}
}

// triesOfModules are those of modprobe(8): what a module brings may be built in, so that is what is tried.
func triesOfModules(words []string) (tries []kernelTry) {
	if len(words) == 0 || words[0] != "modprobe" {
		return nil
	}
	for _, w := range words[1:] {
		name := strings.ReplaceAll(w, "-", "_")
		link, ok := modules()[name]
		if !ok {
			link = name
		}
		tries = append(tries, linkTry(link)...)
		kind, isPart := strings.CutPrefix(name, "sch_")
		if isPart {
			tries = append(tries, qdiscTry(kind)...)
		}
		if kind, isPart = strings.CutPrefix(name, "cls_"); isPart {
			tries = append(tries, classifierTry(kind)...)
		}
		if kind, isPart = strings.CutPrefix(name, "act_"); isPart {
			tries = append(tries, actionTry(kind)...)
		}
		if kind, isPart = strings.CutSuffix(name, "_iptunnel"); isPart {
			tries = append(tries, encapsulationTry(kind)...)
		}
		if name == "mpls_router" {
			tries = append(tries, keysTry("net/mpls"))
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
