package result

import (
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Tried is what a fault did that was put on a link by itself.
type Tried struct {
	Reprise string         `json:"reprise"`
	Dir     string         `json:"dir"` // of the run; of a try in a lab that is up, of its captures
	On      string         `json:"on"`  // the link's end
	Words   string         `json:"words"`
	Clock   evidence.Clock `json:"clock,omitzero"`
	// By is what acted, as the record has it. Began and Ended are real moments; null where it never took force.
	By    string     `json:"by,omitempty"`
	Began *time.Time `json:"began"`
	Ended *time.Time `json:"ended"`
	// Lost is what went with the ends of a link that was laid anew in a lab that is up, beyond what the lab had given them.
	Lost []string `json:"lost,omitempty"`
	// Did is what it did with frames; null for a fault on none, or where nobody knows.
	Did     *evidence.FaultFrames `json:"did"`
	Frames  []TriedFrame          `json:"frames"`  // those of Did that are told of, in their order
	Outcome Outcome               `json:"outcome"` // yes: it acted; no: it met no frame
	Answer  string                `json:"answer"`
}

// TriedFrame is a frame that the fault acted on.
type TriedFrame struct {
	evidence.Hit
	// Arrived is when the witness at the endpoint that it was on its way to saw it as it was, after it met
	// the fault: once for each time, never for one that was lost or changed. It is null where there is no
	// witness, the kernel lost frames of his, or frames that are the same byte for byte cannot be told apart.
	Arrived []time.Duration `json:"arrived"`
}
