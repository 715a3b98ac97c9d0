package topologies

import (
	"fmt"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// impairment is netlab's attribute tc of a link, or of an end of one: what netem does to the frames that
// are sent there (netlab, "Link Impairment"; tc-netem(8)). Shares are in percent.
type impairment struct {
	Delay     string   `yaml:"delay"`  // with a unit, as 10ms
	Jitter    string   `yaml:"jitter"` // likewise
	Loss      *float64 `yaml:"loss"`
	Corrupt   *float64 `yaml:"corrupt"`
	Duplicate *float64 `yaml:"duplicate"`
	Reorder   *float64 `yaml:"reorder"`
	Rate      *int64   `yaml:"rate"` // kbit/s
	Limit     *int64   `yaml:"limit"`
}

// over is the impairment with what another does not say.
func (i impairment) over(link impairment) impairment {
	i.Delay, i.Jitter = firstOf(i.Delay, link.Delay), firstOf(i.Jitter, link.Jitter)
	for _, x := range []struct{ own, other **float64 }{{&i.Loss, &link.Loss}, {&i.Duplicate, &link.Duplicate}, {&i.Reorder, &link.Reorder}} {
		if *x.own == nil {
			*x.own = *x.other
		}
	}
	if i.Rate == nil {
		i.Rate = link.Rate
	}
	return i
}

// netemQueue is how many packets netem holds where nothing is said, and mostRate bounds a rate in kbit/s.
const (
	netemQueue = 1000
	mostRate   = 100_000_000
	mostDelay  = time.Hour
)

// check says what of an impairment cannot be done as netem does it.
func (i impairment) check(d *yamlpos.Doc, path string) {
	for key, text := range map[string]string{"delay": i.Delay, "jitter": i.Jitter} {
		if t, err := time.ParseDuration(text); text != "" && (err != nil || t < 0 || t > mostDelay) {
			d.Faultf(path+"."+key, "10ms, or 1s", "%q is no delay that a link can have", text)
		}
	}
	for key, share := range map[string]*float64{"loss": i.Loss, "duplicate": i.Duplicate, "reorder": i.Reorder} {
		if share != nil && (*share < 0 || *share > 100) {
			d.Faultf(path+"."+key, "0 to 100", "a share of %v %% is not possible", *share)
		}
	}
	if i.Corrupt != nil && *i.Corrupt != 0 {
		d.Faultf(path+".corrupt", "put a step into the stimulus: {fault: corrupt, offset: 60, probability: 0.01}", "netem turns over a bit at a place by chance, and here a fault changes the byte that it names")
	}
	if i.Limit != nil {
		d.Faultf(path+".limit", fmt.Sprintf("leave it out: %d packets of full size are held, as netem does where nothing is said", netemQueue), "how many packets may wait cannot be chosen")
	}
	if i.Rate != nil && (*i.Rate < 1 || *i.Rate > mostRate) {
		d.Faultf(path+".rate", fmt.Sprintf("1 to %d, in kbit/s", mostRate), "a rate of %d kbit/s is not possible", *i.Rate)
	}
}

// standing are the faults that do to what an endpoint sends what netem would, in its order: frames are lost,
// or doubled, and then wait.
func (i impairment) standing(d *yamlpos.Doc, path string, at Endpoint, mtu int) []Fault {
	share := func(percent *float64) float64 {
		if percent == nil {
			return 0
		}
		return *percent / 100
	}
	delay, _ := time.ParseDuration(firstOf(i.Delay, "0s")) // checked
	jitter, _ := time.ParseDuration(firstOf(i.Jitter, "0s"))
	switch {
	case jitter > delay:
		d.Faultf(path, "a jitter of at most the delay", "a jitter of %s of a delay of %s would have frames arrive before they are sent", jitter, delay)
		return nil
	case share(i.Reorder) > 0 && delay == 0:
		d.Faultf(path, "give it a delay, which the others have", "frames are reordered as some do not wait: without a delay none overtakes another")
		return nil
	}
	on := func(kind FaultKind, p float64, f FrameFault) Fault {
		return Fault{Kind: kind, Endpoint: Endpoint{Node: at.Node, Interface: at.Interface}, Direction: DirectionOut, Probability: p, Frames: f}
	}
	var all []Fault
	if p := share(i.Loss); p > 0 {
		all = append(all, on(FaultDrop, p, FrameFault{}))
	}
	if p := share(i.Duplicate); p > 0 {
		all = append(all, on(FaultDuplicate, p, FrameFault{}))
	}
	if p := 1 - share(i.Reorder); delay > 0 && p > 0 { // what netem reorders is what does not wait
		all = append(all, on(FaultDelay, p, FrameFault{Delay: delay, Jitter: jitter, Unorder: jitter > 0 || p < 1}))
	}
	if i.Rate != nil {
		size := mtu
		if size == 0 {
			size = defaultMTU
		}
		all = append(all, on(FaultRate, 0, FrameFault{Rate: *i.Rate * 1000, Queue: netemQueue * (size + headerSize)}))
	}
	return all
}

// defaultMTU is what a link carries where nothing is said, and headerSize Ethernet's header, in bytes.
const (
	defaultMTU = 1500
	headerSize = 14
)

// Standing says what a fault that stands on a link does, for people: "delay 10ms ± 2ms of what r1:eth1 sends".
func (f Fault) Standing() string {
	words := []string{string(f.Kind)}
	if f.Frames.Delay > 0 {
		words = append(words, f.Frames.Delay.String())
	}
	if f.Frames.Jitter > 0 {
		words = append(words, "± "+f.Frames.Jitter.String())
	}
	if f.Frames.Rate > 0 {
		words = append(words, fmt.Sprintf("%d kbit/s", f.Frames.Rate/1000))
	}
	what := "of what " + f.Endpoint.String() + " sends"
	if f.Probability > 0 && f.Probability < 1 {
		what = fmt.Sprintf("of %g %% ", f.Probability*100) + what
	}
	return strings.Join(append(words, what), " ")
}
