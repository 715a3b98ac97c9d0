package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Needs is what a task asks of the worker that executes it. Zero values ask for nothing.
type Needs struct {
	Kind      string   `json:"kind,omitempty"`      // fidelity: container, vm, hardware
	Provider  string   `json:"provider,omitempty"`  // what builds the lab: namespaces, containers, vm, lab
	Version   string   `json:"version,omitempty"`   // of the program, exactly
	Cores     float64  `json:"cores,omitempty"`     // processors for one lab
	Memory    int64    `json:"memory,omitempty"`    // bytes for one lab
	Abilities []string `json:"abilities,omitempty"` // names that `reprise doctor` uses
	KVM       bool     `json:"kvm,omitempty"`
	Images    []Image  `json:"images,omitempty"`
	Devices   []string `json:"devices,omitempty"`   // names in the worker's lab.yaml
	Platforms []string `json:"platforms,omitempty"` // each wants a device of its own that runs it
}

// Image is one image of a lab.
type Image struct {
	Ref    string `json:"ref"`              // as the topology has it
	Digest string `json:"digest,omitempty"` // of the image, as providers report it; empty: any of that name
	// Source is where a worker that has not got the image finds it: [SourceRegistry], [SourceFleet], or "", nowhere, so that the worker
	// has to have it.
	Source   string `json:"source,omitempty"`
	Registry string `json:"registry,omitempty"` // HOST or HOST:PORT, with SourceRegistry
}

// Where images come from that a worker has not got.
const (
	SourceFleet    = "fleet"    // the coordinator ships it
	SourceRegistry = "registry" // of those that the worker was told to fetch images from
)

// Device is what a worker says of a device that it owns. It has neither an address nor a credential: those stay with it.
type Device struct {
	Name     string `json:"name"`
	Platform string `json:"platform,omitempty"`
	Model    string `json:"model,omitempty"`
}

// Offer is what a worker says of itself. Name and Slots are required of an [Executor]; Key, Busy, Accept, Ailing, Full, Draining and
// the times are filled in by the worker and the reader.
type Offer struct {
	Name       string            `json:"name"` // of the host, for people
	Key        string            `json:"key"`  // the worker's public nkey, its identity
	Version    string            `json:"version,omitempty"`
	Slots      int               `json:"slots"` // labs at a time
	Busy       int               `json:"busy"`
	Cores      float64           `json:"cores,omitempty"`
	Memory     int64             `json:"memory,omitempty"` // bytes
	Engine     string            `json:"engine,omitempty"`
	Kinds      []string          `json:"kinds,omitempty"`     // fidelities
	Providers  []string          `json:"providers,omitempty"` // what it builds labs with
	Abilities  map[string]string `json:"abilities,omitempty"` // ability → "" or why it is not there
	KVM        bool              `json:"kvm,omitempty"`
	Images     map[string]string `json:"images,omitempty"`     // reference → digest
	Registries []string          `json:"registries,omitempty"` // HOST or HOST:PORT of those that it fetches images from
	Devices    []Device          `json:"devices,omitempty"`
	Accept     []string          `json:"accept,omitempty"`   // public keys of the coordinators whose tasks it takes; none: all
	Draining   bool              `json:"draining,omitempty"` // ends what it has and takes nothing
	Ailing     string            `json:"ailing,omitempty"`   // why it rests: what its executor said last
	Full       Usage             `json:"full,omitzero"`      // its share of the server's disk, while that is used up and it takes nothing more
	Since      time.Time         `json:"since"`              // when the worker's process came, by its own clock: for people
	Seen       time.Time         `json:"seen"`               // when it last renewed, by the server's clock
	Silent     bool              `json:"-"`                  // a coordinator has not heard of it for two renewals
}

// normal is n with sets in order and without repetition, so that the same needs are the same bytes.
func (n Needs) normal() Needs {
	set := func(list []string) []string {
		list = slices.Clone(list)
		slices.Sort(list)
		return slices.Compact(list)
	}
	n.Abilities, n.Devices = set(n.Abilities), set(n.Devices)
	n.Platforms = slices.Sorted(slices.Values(n.Platforms)) // two of one platform are two devices
	n.Images = slices.Clone(n.Images)
	slices.SortFunc(n.Images, func(a, b Image) int {
		return strings.Compare(a.Ref+"\x00"+a.Digest+"\x00"+a.Source, b.Ref+"\x00"+b.Digest+"\x00"+b.Source)
	})
	n.Images = slices.Compact(n.Images)
	return n
}

// Key names the queue of tasks with these needs: the first 128 bits of the SHA-256 of their JSON, in hex.
func (n Needs) Key() string {
	data, err := json.Marshal(n.normal())
	if err != nil {
		panic(err) // strings, numbers and lists of them
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// Lacks says in sentences why a worker with this offer cannot take a task with these needs; none when it can.
// How busy it is does not matter, nor that it is ailing, nor what it waits for (see [Offer.Waits]); that it drains does.
func (o Offer) Lacks(n Needs) []string {
	var why []string
	lack := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	if o.Draining {
		lack("it drains and takes no more work: start it again")
	}
	if o.Slots <= 0 {
		lack("it offers no labs: start it with --labs")
	}
	if n.Version != "" && o.Version != n.Version {
		lack("it runs version %s of the program, and whoever gives the trials %s: have the same one on both machines", orNone(o.Version), n.Version)
	}
	if n.Kind != "" && !slices.Contains(o.Kinds, n.Kind) {
		lack("it has no labs of kind %s, only %s: reprise doctor on that machine says why", n.Kind, orNone(strings.Join(o.Kinds, ", ")))
	}
	if n.Provider != "" && !slices.Contains(o.Providers, n.Provider) {
		lack("it cannot build labs with %s, only with %s: reprise doctor on that machine says why, and reprise worker --help how to give it devices or the engine", n.Provider, orNone(strings.Join(o.Providers, ", ")))
	}
	if n.Cores > o.Cores {
		lack("a lab needs %g cores, it has %g: ask for fewer (cpu: of the nodes), or take a larger machine", n.Cores, o.Cores)
	}
	if n.Memory > o.Memory {
		lack("a lab needs %d MiB of memory, it has %d for each: start it with fewer --labs, or ask for less (memory: of the nodes)", (n.Memory+1<<20-1)>>20, o.Memory>>20)
	}
	for _, a := range n.Abilities {
		if reason, known := o.Abilities[a]; !known {
			lack("%s", unknownAbility(a))
		} else if reason != "" {
			lack("it cannot: %s: %s", a, reason)
		}
	}
	if n.KVM && !o.KVM {
		lack("it has no /dev/kvm that it may use: reprise doctor on that machine says how to get it")
	}
	for _, i := range n.Images {
		why = append(why, o.lacksImage(i)...)
	}
	return append(why, o.lacksDevices(n)...)
}

// Waits says why a worker takes nothing for now, whatever it could take: that is over some time without anybody's doing anything to it. It
// is empty of one that takes what it can.
func (o Offer) Waits() string {
	if !o.Full.Full {
		return ""
	}
	return fmt.Sprintf("it takes nothing for now, and waits: what it has stored and no coordinator has fetched is its share of the server's disk (%.0f MB); "+
		"where who gave those trials is gone, --resume fetches it", float64(o.Full.Share)/1e6)
}

// TrustPrefix is how the abilities of a worker begin that it was told to trust tasks of others with something; what follows names that.
const TrustPrefix = "--trust "

// unknownAbility says of an ability that an offer does not speak of what to do.
func unknownAbility(a string) string {
	if token, ok := strings.CutPrefix(a, TrustPrefix); ok {
		return fmt.Sprintf("it was not told to trust the scenarios of others with %s: start it with reprise worker %s, if you do", token, a)
	}
	return fmt.Sprintf("it does not know whether it can: %s: reprise doctor on that machine looks", a)
}

func (o Offer) lacksImage(i Image) []string {
	digest, there := o.Images[i.Ref]
	if i.Source == SourceFleet || i.Source == SourceRegistry && slices.Contains(o.Registries, i.Registry) || there && (i.Digest == "" || digest == i.Digest) {
		return nil
	}
	for _, d := range o.Images {
		if i.Digest != "" && d == i.Digest {
			return nil // under another name
		}
	}
	if i.Source == SourceRegistry {
		return []string{fmt.Sprintf("it has no image %s, and was not told to fetch images from %s: start it with reprise worker --registry %s", i.Ref, i.Registry, i.Registry)}
	}
	if there {
		return []string{fmt.Sprintf("its image %s is %s, not %s: one name means two images; build or load the same on both machines", i.Ref, orNone(digest), i.Digest)}
	}
	return []string{fmt.Sprintf("it has no image %s, and nobody says where it comes from: build or load it there, or where the trials are given", i.Ref)}
}

func (o Offer) lacksDevices(n Needs) []string {
	var why []string
	free := map[string]Device{}
	for _, d := range o.Devices {
		free[d.Name] = d
	}
	for _, name := range n.Devices {
		if _, ok := free[name]; !ok {
			why = append(why, fmt.Sprintf("it has no device %s: reprise worker --lab gives it the devices of an inventory", name))
		}
		delete(free, name)
	}
	for _, p := range n.Platforms {
		found := ""
		for _, name := range slices.Sorted(maps.Keys(free)) {
			if free[name].Platform == p {
				found = name
				break
			}
		}
		if found == "" {
			why = append(why, fmt.Sprintf("it has no device that runs %s, or not as many as are asked for: reprise worker --lab gives it the devices of an inventory", p))
		}
		delete(free, found)
	}
	return why
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
