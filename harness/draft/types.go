package draft

import "time"

// Format is the version of hypotheses.json.
const Format = "draft/v1"

// Kind is what sort of thing a device shows. The zero value is invalid.
type Kind string

// Kinds, the lowest layer first.
const (
	ISIS   Kind = "isis"   // an adjacency, by interface and level
	OSPF   Kind = "ospf"   // an adjacency, by the neighbour's address
	BGP    Kind = "bgp"    // a session, by the neighbour's address
	Prefix Kind = "prefix" // a network in the table of BGP, or in BIRD's
	Route  Kind = "route"  // a route that is used
	Metric Kind = "metric" // a metric that is configured
	Crash  Kind = "crash"  // a daemon that died

	LAG  Kind = "lag"  // a port that is a member of an aggregate, where the lab has a switch with that
	LLDP Kind = "lldp" // a neighbour of LLDP, by the port: in the lab, whether its address answers there
	VRRP Kind = "vrrp" // a node's role in a virtual router; no lab of substitutes shows it
)

// Draft is what files came to.
type Draft struct {
	Reprise string `json:"reprise"`
	// Sentence is the customer's.
	Sentence string `json:"sentence,omitempty"`
	// Healthy is what the earliest capture of each device shows, Broken what the latest does not, or never did. Where the
	// customer's sentence alone says that a neighbour was there, it is one that the configurations of both ends have.
	Healthy []Sign `json:"healthy,omitempty"`
	Broken  []Sign `json:"broken,omitempty"`
	// NotShown is what is broken, by the files, and what no lab of these nodes can show.
	NotShown []Sign `json:"not-shown,omitempty"`
	// Changes are what the files say was done or happened between.
	Changes []Change `json:"changes,omitempty"`
	// Complaints are what daemons of the failing protocol began to warn of after all was well.
	Complaints []Complaint  `json:"complaints,omitempty"`
	Hypotheses []Hypothesis `json:"hypotheses"`
	// Unknown is what could not be known, or not be shown in the lab.
	Unknown []string `json:"unknown,omitempty"`
	// Ask is what to ask the customer for.
	Ask []string `json:"ask,omitempty"`
}

// Sign is one thing that a device shows, or should.
type Sign struct {
	Node string `json:"node"`
	Kind Kind   `json:"kind"`
	What string `json:"what"`          // "BGP with 10.0.0.2"
	Was  string `json:"was,omitempty"` // in the earliest capture
	Is   string `json:"is,omitempty"`  // in the latest
	From string `json:"from"`          // FILE:LINE of the answer that tells, or of the configuration
	// Since is when the device has it so, by its own clock and its own count; zero where neither is told.
	Since time.Time `json:"since,omitzero"`
	// Why says by what it should be there, where no capture has it.
	Why string `json:"why,omitempty"`

	what    string     // that is looked at in the lab, where it is something else
	look    condition  // that holds while it is healthy
	stuck   string     // an expression for the state that it is in, which is stricter than not healthy
	seen    *condition // that state, which it has to be seen in once; nil where what is looked at has no other
	happens condition  // that the failure is, where it is nothing that stays
	peer    *condition
	suspect []string // nodes, the likeliest first
	id      string
}

// Change is one thing that was done or happened, as the files tell.
type Change struct {
	Node string `json:"node"`
	What string `json:"what"`
	From string `json:"from"`

	steps      []step
	difference bool   // of two configurations
	later      string // the whole configuration that is loaded

	at    int64  // by the device's clock, in nanoseconds since 1970; 0 is not known
	doubt string // why it may be older than the failure; empty where it is not
	soft  []step
}

// Hypothesis is one thing that may have set the failure off, as a scenario.
type Hypothesis struct {
	// Name is that of its folder.
	Name  string `json:"name"`
	Title string `json:"title"`
	// Reasons say what it rests on.
	Reasons []string `json:"reasons"`
	// Guess says that nothing in the files tells of it, or not that it was done after all was well: where it reproduces the failure, it is one way to it.
	Guess bool `json:"guess,omitempty"`
	// Seconds is what one trial takes at most where the problem does not show, of the lab's time.
	Seconds int `json:"seconds"`
	// Control says what must stay healthy; empty where no control can be had.
	Control string `json:"control,omitempty"`
	// Said says that no file shows the failure: the symptom is what the customer's sentence names.
	Said bool `json:"said,omitempty"`
	// Short says that a trial waits less than a timer of the configurations: that nothing shows tells nothing.
	Short bool `json:"short,omitempty"`
	// Likeness says of each node of the lab that is not exactly the customer's what it is instead.
	Likeness []string `json:"likeness,omitempty"`
	// Clock says when the lab begins, where that is the point.
	Clock string `json:"clock,omitempty"`

	file  scenarioFile
	extra map[string]string // files beside those of the lab
}
