package spread

import (
	"io/fs"
	"time"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/tunnel"
)

// Questions to an agent, by the path that they are asked at. Each is one JSON object, and so is what is
// answered; what is a stream says so.
const (
	askClock     = "/clock"     // nothing → clockAnswer
	askDescribe  = "/describe"  // nodeAsk, with an image's name → topologies.ImageInfo
	askCheck     = "/check"     // topologies.Topology → nothing
	askReserve   = "/reserve"   // reserveAsk → reserveAnswer
	askJoin      = "/join"      // joinAsk → nothing
	askReady     = "/ready"     // nothing → nothing
	askRelease   = "/release"   // nothing → nothing
	askState     = "/state"     // nodeAsk → topologies.NodeState
	askEnds      = "/ends"      // nodeAsk → endsAnswer
	askRestart   = "/restart"   // nodeAsk → nothing
	askReset     = "/reset"     // nodeAsk, of no node: of all → resetAnswer
	askChanges   = "/changes"   // nothing → []topologies.Change
	askWarnings  = "/warnings"  // nothing → []string
	askUnderlay  = "/underlay"  // nothing → []topologies.Underlay
	askWrite     = "/write"     // writeAsk → nothing
	askInject    = "/inject"    // topologies.Fault → injectAnswer
	askFired     = "/fired"     // faultAsk → firedAnswer
	askHeal      = "/heal"      // faultAsk → nothing
	askTraffic   = "/traffic"   // topologies.FlowSpec → faultAsk
	askFlow      = "/flow"      // flowAsk → topologies.FlowReading
	askFlowStop  = "/flow/stop" // faultAsk → topologies.FlowSeries
	streamImage  = "/image"     // imageAsk, and the image as docker save writes it
	streamRead   = "/read"      // nodeAsk
	streamExec   = "/exec"      // execAsk
	streamOpen   = "/open"      // execAsk
	streamFrames = "/frames"    // topologies.CaptureSpec, as captureAsk has it
)

// nothing is asked, or answered.
type nothing struct{}

type clockAnswer struct {
	Clocks topologies.MachineClocks `json:"clocks"` // At means nothing to another machine
}

type reserveAsk struct {
	Topology topologies.Topology `json:"topology"`
	Options  topologies.Options  `json:"options"`
	Key      tunnel.Key          `json:"key"`
}

type reserveAnswer struct {
	ID   string `json:"id"`
	Port uint16 `json:"port"` // of the tunnel
}

type joinAsk struct {
	Ways []way `json:"ways"`
}

type nodeAsk struct {
	Node string `json:"node"`
	Path string `json:"path,omitempty"` // streamRead
}

type imageAsk struct {
	Digest string `json:"digest"`
}

type endsAnswer struct {
	Ends   []topologies.ProcessEnd `json:"ends"`
	Missed time.Time               `json:"missed,omitzero"`
	Why    string                  `json:"why,omitempty"`
}

type resetAnswer struct {
	How topologies.How `json:"how"`
	Why string         `json:"why,omitempty"`
}

type writeAsk struct {
	Node string      `json:"node"`
	Path string      `json:"path"`
	Data []byte      `json:"data"`
	Mode fs.FileMode `json:"mode"`
}

// faultAsk names a fault or a flow that goes on.
type faultAsk struct {
	Number int `json:"number"`
}

type injectAnswer struct {
	Number int               `json:"number"`
	DropBy topologies.DropBy `json:"dropBy,omitempty"`
}

type firedAnswer struct {
	Fired uint64            `json:"fired"`
	Error outcome           `json:"error,omitzero"`
	Acted *topologies.Acted `json:"acted,omitempty"`
	// DropBy is what drops now: a program hands its fault to the wire when one comes that needs it.
	DropBy topologies.DropBy `json:"dropBy,omitempty"`
}

type flowAsk struct {
	Number int       `json:"number"`
	From   time.Time `json:"from"`
}

// execAsk is a command. What is not wanted is not sent.
type execAsk struct {
	Node string   `json:"node"`
	Argv []string `json:"argv"`
	TTY  bool     `json:"tty,omitempty"` // streamOpen
	In   bool     `json:"in,omitempty"`
	Out  bool     `json:"out,omitempty"`
	Err  bool     `json:"err,omitempty"`
	Both bool     `json:"both,omitempty"` // both outputs go to one place
}

type captureAsk struct {
	Endpoint topologies.Endpoint `json:"endpoint"`
	Filter   string              `json:"filter,omitempty"`
	Ring     int                 `json:"ring,omitempty"`
}

// syncAnswer is what a capture holds when all that had come was sent.
type syncAnswer struct {
	Number   uint64              `json:"number"` // of the question
	Captured topologies.Captured `json:"captured"`
	Error    outcome             `json:"error,omitzero"`
}
