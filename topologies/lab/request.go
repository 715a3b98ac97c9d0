package lab

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Labels of a node in a containerlab file that say which device may stand for it.
const (
	LabelPlatform     = "reprise.platform"     // driver; without it the caller's platform
	LabelModel        = "reprise.model"        // exact, or /regular expression/; without it the node's type
	LabelVersion      = "reprise.version"      // ">=32.7 <33"
	LabelCapabilities = "reprise.capabilities" // comma-separated
	LabelDevice       = "reprise.device"       // this very device
	LabelSpeed        = "reprise.speed"        // of all its cables
	LabelKind         = "reprise.kind"         // hardware, vm or simulator
)

// Want is what a node asks of its device. Empty fields ask nothing.
type Want struct {
	Node         string            `json:"node"`
	Platform     string            `json:"platform,omitempty"`
	Model        string            `json:"model,omitempty"`
	Version      string            `json:"version,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
	Device       string            `json:"device,omitempty"`
	Speed        Speed             `json:"speed,omitempty"`
	Kinds        []topologies.Kind `json:"kinds,omitempty"` // any of them
}

// Request is a lab that is asked for: devices, and a cable for every link.
type Request struct {
	Nodes []Want            `json:"nodes"`
	Links []topologies.Link `json:"links,omitempty"`
	// Blocked devices are given to nobody, each with the reason in words.
	Blocked map[string]string `json:"-"`
	// Last lists devices to choose only when no other will do.
	Last []string `json:"-"`
}

// RequestFor turns a topology into a request. platforms gives the platform of nodes
// without a label; kinds, when not empty, are the only kinds of device that will do.
func RequestFor(t topologies.Topology, platforms map[string]string, kinds []topologies.Kind) (Request, error) {
	r := Request{Links: t.Links}
	var errs []error
	for _, n := range t.Nodes {
		w, err := wantOf(n, platforms[n.Name], kinds)
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
		}
		r.Nodes = append(r.Nodes, w)
	}
	return r, errors.Join(errs...)
}

// RequestDevices asks for devices by name.
func RequestDevices(names ...string) Request {
	var r Request
	for _, n := range names {
		r.Nodes = append(r.Nodes, Want{Node: n, Device: n})
	}
	return r
}

func wantOf(n topologies.Node, platform string, kinds []topologies.Kind) (Want, error) {
	w := Want{
		Node: n.Name, Platform: cmp.Or(n.Labels[LabelPlatform], platform), Model: cmp.Or(n.Labels[LabelModel], n.Type),
		Version: n.Labels[LabelVersion], Device: n.Labels[LabelDevice], Kinds: kinds,
	}
	if n.IsSegment() {
		return w, fmt.Errorf("kind %s is a shared segment, and no device of a lab is one", n.Kind)
	}
	errs := []error{checkLabels(n.Labels)}
	if w.Platform == "" && n.Kind != topologies.KindLinux {
		w.Platform = n.Kind
	}
	if w.Platform == "" {
		errs = append(errs, fmt.Errorf("no platform is given: label it %s", LabelPlatform))
	}
	for c := range strings.SplitSeq(n.Labels[LabelCapabilities], ",") {
		if c = strings.TrimSpace(c); c != "" {
			w.Capabilities = append(w.Capabilities, c)
		}
	}
	if k := topologies.Kind(n.Labels[LabelKind]); k != "" {
		if len(kinds) > 0 && !slices.Contains(kinds, k) {
			errs = append(errs, fmt.Errorf("%s %s will not do here: want one of %s", LabelKind, k, joinKinds(kinds)))
		}
		w.Kinds = []topologies.Kind{k}
	}
	var err error
	w.Speed, err = ParseSpeed(n.Labels[LabelSpeed])
	return w, errors.Join(append(errs, err, w.check())...)
}

// checkLabels refuses a misspelt label, which would ask for nothing.
func checkLabels(labels map[string]string) error {
	known := []string{
		LabelPlatform, LabelModel, LabelVersion, LabelCapabilities, LabelDevice, LabelSpeed, LabelKind,
		topologies.LabelGroupForward, topologies.LabelBridgeName,
	}
	var errs []error
	for l := range labels {
		if strings.HasPrefix(l, "reprise.") && !slices.Contains(known, l) {
			errs = append(errs, fmt.Errorf("unknown label %s: %s", l, cmp.Or(yamlpos.Suggest(l, known), "known are "+strings.Join(known, ", "))))
		}
	}
	return errors.Join(errs...)
}

func (w Want) check() error {
	_, err := ParseRange(w.Version)
	_, modelErr := w.model()
	return errors.Join(err, modelErr)
}

// model gives a test of a device's model.
func (w Want) model() (func(string) bool, error) {
	if len(w.Model) > 2 && w.Model[0] == '/' && w.Model[len(w.Model)-1] == '/' {
		re, err := regexp.Compile(w.Model[1 : len(w.Model)-1])
		if err != nil {
			return nil, fmt.Errorf("model %s: %w", w.Model, err)
		}
		return re.MatchString, nil
	}
	return func(m string) bool { return w.Model == "" || m == w.Model }, nil
}

// String says what is asked, for messages.
func (w Want) String() string {
	var parts []string
	for _, p := range []struct{ word, value string }{
		{"device ", w.Device},
		{"platform ", w.Platform},
		{"model ", w.Model},
		{"version ", w.Version},
		{"with ", strings.Join(w.Capabilities, ", ")},
		{"speed ", w.Speed.String()},
		{"kind ", joinKinds(w.Kinds)},
	} {
		if p.value != "" {
			parts = append(parts, p.word+p.value)
		}
	}
	if parts == nil {
		return "any device"
	}
	return strings.Join(parts, ", ")
}

func joinKinds(kinds []topologies.Kind) string {
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, " or ")
}
