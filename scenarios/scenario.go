package scenarios

import "slices"

// Version is the format this package reads, the value of the key "reprise".
const Version = "v1"

// Scenario is one declared reproduction.
type Scenario struct {
	Reprise  string      `yaml:"reprise" json:"reprise" jsonschema:"required,enum=v1" jsonschema_description:"Version of this format."`
	ID       string      `yaml:"id" json:"id" jsonschema:"required,pattern=^[a-z0-9][a-z0-9-]*$" jsonschema_description:"Short name, unique among your scenarios; run directories carry it."`
	Title    string      `yaml:"title" json:"title" jsonschema:"required" jsonschema_description:"The failing behaviour in one line."`
	Labels   []string    `yaml:"labels" json:"labels,omitempty" jsonschema_description:"Words to select scenarios by."`
	Problem  Problem     `yaml:"problem" json:"problem" jsonschema_description:"The scope: what, when and how, as the customer reports it."`
	Spec     []string    `yaml:"spec" json:"spec,omitempty" jsonschema_description:"Requirements of specifications that the problem is about, as rfc2328/10.5-hello-interval: of a file beside the scenario, or of one that comes with the program. They stand among the references, and are what is expected where the problem does not say it."`
	Topology TopologyRef `yaml:"topology" json:"topology" jsonschema:"required" jsonschema_description:"A containerlab file beside this one, or its content inline: what is below its key topology, or the whole file."`
	// WithoutExternal leaves out what would leave the lab.
	WithoutExternal bool            `yaml:"without-external-links" json:"without-external-links,omitempty" jsonschema_description:"Leave out, with a warning each, what in the topology leaves the lab: links of type host, mgmt-net, macvlan, vxlan, dummy, nodes of kind host, ext-container and k8s-kind, and start-up configurations by URL. Without this they are refused."`
	Nodes           map[string]Node `yaml:"nodes" json:"nodes,omitempty" jsonschema_description:"What the topology does not say about its nodes."`
	Fidelity        []Fidelity      `yaml:"fidelity" json:"fidelity,omitempty" jsonschema_description:"Kinds of lab that can show this at all; empty means all."`
	Needs           []string        `yaml:"needs" json:"needs,omitempty" jsonschema_description:"Features that the problem needs and a virtual switch may lack: poe, optics, stacking, ecmp, vist, vxlan-data-plane, vpls-data-plane, fast-failover, hash-distribution, hardware-tables, asic-counters, line-rate. A lab that cannot show one is not applicable."`
	Baseline        []Condition     `yaml:"baseline" json:"baseline,omitempty" jsonschema_description:"What must hold before the stimulus."`
	Stimulus        []Step          `yaml:"stimulus" json:"stimulus,omitempty" jsonschema_description:"What sets the problem off, in order."`
	Symptom         []Condition     `yaml:"symptom" json:"symptom,omitempty" jsonschema_description:"The failing behaviour: all of these hold when the problem is there. A scenario has a symptom, or expect, or both."`
	Expect          []Condition     `yaml:"expect" json:"expect,omitempty" jsonschema_description:"What a network that works shows after the stimulus. Without a symptom, that one of these does not hold is the problem; beside one it is another failure."`
	Workaround      *Workaround     `yaml:"workaround" json:"workaround,omitempty" jsonschema_description:"What makes the problem go away, applied after the symptom was seen."`
	Control         *Control        `yaml:"control" json:"control,omitempty" jsonschema_description:"A variant that must stay healthy; it gives the false-hit rate."`
	Traffic         map[string]Flow `yaml:"traffic" json:"traffic,omitempty" jsonschema_description:"Packets that nodes send to each other during a trial, by the name of the flow."`
	Clock           Clock           `yaml:"clock" json:"clock,omitzero" jsonschema_description:"How time passes in the lab, where not as on this machine."`
	Evidence        Evidence        `yaml:"evidence" json:"evidence,omitzero" jsonschema_description:"What to collect beyond what the drivers collect by themselves."`
	Trials          Trials          `yaml:"trials" json:"trials,omitzero" jsonschema_description:"How often and how clean."`
}

// Shown are the conditions that are watched after the stimulus: of the symptom, and of what is
// expected.
func (s *Scenario) Shown() []Condition { return slices.Concat(s.Symptom, s.Expect) }

// Problem is the scope that a partner owes before a vendor takes the case.
type Problem struct {
	What       string   `yaml:"what" json:"what,omitempty" jsonschema_description:"What fails."`
	When       string   `yaml:"when" json:"when,omitempty" jsonschema_description:"Since when; what changed then."`
	How        string   `yaml:"how" json:"how,omitempty" jsonschema_description:"How often, on what occasion."`
	Impact     string   `yaml:"impact" json:"impact,omitempty" jsonschema_description:"What the customer cannot do."`
	Severity   int      `yaml:"severity" json:"severity,omitempty" jsonschema:"minimum=1,maximum=4" jsonschema_description:"1 network down, 2 severely degraded, 3 impaired, 4 question."`
	Product    Product  `yaml:"product" json:"product,omitzero" jsonschema_description:"The product the problem was seen on."`
	Expected   string   `yaml:"expected" json:"expected,omitempty" jsonschema_description:"The behaviour that the specification promises."`
	References []string `yaml:"references" json:"references,omitempty" jsonschema_description:"Sections of RFCs, manuals, public reports."`
}

// Product names what the problem was seen on.
type Product struct {
	Platform string `yaml:"platform" json:"platform,omitempty" jsonschema_description:"Network system, in your words."`
	Version  string `yaml:"version" json:"version,omitempty" jsonschema_description:"Its version."`
	Model    string `yaml:"model" json:"model,omitempty" jsonschema_description:"Hardware it ran on."`
}

// Node says what a topology file does not: which part the node plays and what it runs.
type Node struct {
	Role     Role              `yaml:"role" json:"role,omitempty" jsonschema_description:"dut: under suspicion; peer: its partner; tester: only looks or sends."`
	Platform string            `yaml:"platform" json:"platform,omitempty" jsonschema_description:"Driver of the node: frr, bird, ovs, linux, tester, exos, voss, scrapli:NAME. Default linux."`
	Image    string            `yaml:"image" json:"image,omitempty" jsonschema_description:"Replaces the topology's image."`
	Config   string            `yaml:"config" json:"config,omitempty" jsonschema_description:"Start-up configuration: a file beside the scenario, or the text itself when it spans lines."`
	Files    map[string]string `yaml:"files" json:"files,omitempty" jsonschema_description:"Further files to put in place before the start, by absolute path: a file beside the scenario, or the text itself."`
	Services []Service         `yaml:"services" json:"services,omitempty" jsonschema_description:"Daemons to run, by name or as {name, args}."`
	Clock    NodeClock         `yaml:"clock" json:"clock,omitempty" jsonschema_description:"lab: the node has the lab's time (the default). real: it keeps this machine's, whatever the speed."`
	Rights   []string          `yaml:"rights" json:"rights,omitempty" jsonschema_description:"What the node may do that reaches this machine, by name: namespaces (mount, ip netns), bpf (eBPF, XDP). Root of such a node can become root of this machine; the plan shows it, and a foreign scenario gets none."`
	// Placement bounds where a lab is cut that is spread over hosts; a lab on one host passes it over.
	Placement string `yaml:"placement" json:"placement,omitempty" jsonschema_description:"Name of the worker of a fleet on whose machine the node runs, or auto: any. A lab with such a node is spread over the machines of a fleet (--fleet), and cut where links are fewest; without a fleet the key has no effect."`
}

// Workaround is tried once the symptom was seen.
type Workaround struct {
	Steps  []Step      `yaml:"steps" json:"steps" jsonschema:"required" jsonschema_description:"What is done, in order."`
	Expect []Condition `yaml:"expect" json:"expect" jsonschema:"required" jsonschema_description:"What must hold then, if it helps."`
}

// Control is the variant of the scenario that must stay healthy.
type Control struct {
	Without []string          `yaml:"without" json:"without,omitempty" jsonschema_description:"Steps left out, as stimulus.N counted from 0."`
	Set     map[string]string `yaml:"set" json:"set,omitempty" jsonschema_description:"Values replaced, as node.image, node.config, node.platform, node.placement, node.env.NAME, node.files./PATH, node.sysctls.NAME, or of a step, by its number or name, as stimulus.0.for or stimulus.NAME.match.dst-port."`
}

// Evidence names what to collect.
type Evidence struct {
	Commands map[string][]string `yaml:"commands" json:"commands,omitempty" jsonschema_description:"Commands to record per node after the symptom; one that begins with ! is for the shell."`
	Files    map[string][]string `yaml:"files" json:"files,omitempty" jsonschema_description:"Files to fetch per node, by absolute path."`
	Classes  map[string][]string `yaml:"classes" json:"classes,omitempty" jsonschema_description:"Classes of problem per node whose state commands to record as well, as the vendor collects them: ospf, lag, mlag, stp, vrrp …"`
	Tech     []string            `yaml:"tech-support" json:"tech-support,omitempty" jsonschema_description:"Nodes whose tech-support to take after the symptom; it may take minutes."`
	Captures []Capture           `yaml:"captures" json:"captures,omitempty" jsonschema_description:"Endpoints whose frames to keep from before the nodes start, either way, as node:interface or {endpoint, filter, max}."`
}

// Trials says how often the scenario is executed and how a lab is cleaned between.
type Trials struct {
	Count   int      `yaml:"count" json:"count,omitempty" jsonschema:"minimum=1" jsonschema_description:"Trials of a run; default 5."`
	Reset   Reset    `yaml:"reset" json:"reset,omitempty" jsonschema_description:"Between two trials: none, config, daemons or redeploy. Default redeploy: every trial is a cold start."`
	Timeout Duration `yaml:"timeout" json:"timeout,omitempty" jsonschema_description:"Bound of one trial, by this machine's clock; default: the sum of its windows plus three minutes."`
}

// DefaultTrials is the number of trials of a run that names none.
const DefaultTrials = 5
