package evidence

import (
	"encoding/json"
	"time"
)

// ProbeFrame is the Probe of an observation whose Text is [Frames] in JSON.
const ProbeFrame = "frame"

// Frames is what was seen of the frames at an endpoint: what a condition over frames decides on. The
// same is found again in the capture.
type Frames struct {
	At        string `json:"at"` // the endpoint
	Filter    string `json:"filter,omitempty"`
	Direction string `json:"direction,omitempty"` // in or out; empty: both
	File      string `json:"file"`                // within the trial

	FrameWindow

	Count   int      `json:"count"`
	Bytes   int      `json:"bytes"`           // of the frames on the wire
	Rate    *float64 `json:"rate,omitempty"`  // frames a second, of the time from From until Until
	First   *float64 `json:"first,omitempty"` // seconds from From on; absent without a frame
	Last    *float64 `json:"last,omitempty"`
	Gap     *float64 `json:"gap,omitempty"` // the longest time between two frames, in seconds; absent with less than two
	Silence float64  `json:"silence"`       // seconds since the last frame, or since From without one

	// Frames are all of them; absent where they are more than MaxFrames, of which Newest are the last.
	Frames []Frame `json:"frames,omitempty"`
	Newest []Frame `json:"newest,omitempty"`

	// Earlier and Later are what would have been seen had all frames come so much earlier, or later, as Clock may be wrong by.
	Earlier *Frames `json:"earlier,omitempty"`
	Later   *Frames `json:"later,omitempty"`
}

// FrameWindow says which frames of a capture were looked at.
type FrameWindow struct {
	Began     time.Time     `json:"began"` // the real moment at which the trial began
	From      time.Duration `json:"from"`  // since the trial began, in the lab's time
	Until     time.Duration `json:"until"`
	Delivered int           `json:"delivered"` // so many frames of the file had come
	// Stepped is how much further the clock that gives frames their times had gone since the trial began
	// than the one that nobody sets, in real time; 0 where they went alike.
	Stepped time.Duration `json:"stepped,omitempty"`
	// Clock is the one that gave frames their times, where it is another machine's; they are told in the time of this one.
	Clock *OtherClock `json:"clock,omitempty"`
	// Moved is by how much later than they are told frames are taken to have come here, in real time: of what is Earlier or Later.
	Moved time.Duration `json:"moved,omitempty"`
}

// Bounds of the frames that an observation tells one by one.
const (
	MaxFrames    = 100
	NewestFrames = 20
)

// Frame is one of them. What it has not, or nobody knows, is absent.
type Frame struct {
	Number    int     `json:"number"` // in the file, from 1
	Time      float64 `json:"time"`   // seconds from From on, in the lab's time
	Direction string  `json:"direction,omitempty"`
	Length    int     `json:"length"`
	Src       string  `json:"src,omitempty"` // MAC
	Dst       string  `json:"dst,omitempty"`
	VLAN      *int    `json:"vlan,omitempty"`
	EtherType int     `json:"ethertype,omitempty"`
	IPSrc     string  `json:"ipsrc,omitempty"`
	IPDst     string  `json:"ipdst,omitempty"`
	Proto     *int    `json:"proto,omitempty"`
	SPort     int     `json:"sport,omitempty"`
	DPort     int     `json:"dport,omitempty"`
	Kind      string  `json:"kind,omitempty"` // the protocol, in a word
	Message   string  `json:"message,omitempty"`
	Summary   string  `json:"summary"`
	// Layout are the fields of a control message, of the newest of its kind and message among those that are
	// told one by one.
	Layout []FrameField `json:"layout,omitempty"`
	// About is the packet that an error of ICMP is about, and of a neighbour's solicitation or advertisement its target (IPDst). It is for who looks,
	// and not stored.
	About *Frame `json:"-"`
}

// FrameField is a field of a message on the wire, in the words of its specification.
type FrameField struct {
	Name  string `json:"name"`
	Bits  int    `json:"bits"`
	Value string `json:"value"` // for people; empty where the frame ends within it
}

// Shown are the frames that are told one by one: all, or the newest.
func (f Frames) Shown() []Frame {
	if f.Count > len(f.Frames) {
		return f.Newest
	}
	return f.Frames
}

// ReadFrames reads the text of an observation of [ProbeFrame].
func ReadFrames(text string) (f Frames, err error) {
	err = json.Unmarshal([]byte(text), &f)
	return f, err
}
