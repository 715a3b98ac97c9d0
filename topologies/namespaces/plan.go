package namespaces

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies"
	"github.com/reprise-lab/reprise/topologies/images/store"
	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
	"github.com/reprise-lab/reprise/topologies/userns"
	"github.com/reprise-lab/reprise/topologies/wiring"
)

const (
	// nodeDisk and volatileSize bound what a node keeps in memory, which its files are: this many
	// bytes, and this part of the machine's memory at most.
	nodeDisk      = 4 << 30
	volatileSize  = 1 << 30  // of /run and of /tmp each
	sharedSize    = 64 << 20 // of /dev/shm
	diskPart      = 4
	volatilePart  = 8
	nodeMemory    = 2 << 30 // of its processes; FRR with a full table of the Internet takes one
	memoryPart    = 2
	tasksPerNode  = 2048 // processes and threads
	labelRecipe   = "org.reprise.recipe"
	preferredBase = "reprise/debian:bookworm" // of a segment that names no image
)

// planned is a node with everything decided that can be before it starts.
type planned struct {
	topologies.Node
	image store.Image
	spec  nodeSpec
}

// build is all that there is to build.
type build struct {
	groups *cgroups.Delegation // nil: none is delegated
	nodes  []planned
	trees  []string
	binds  []string
}

// plan looks whether the nodes of a topology can be built here: images, names, and what they ask for.
func (p *Provider) plan(t topologies.Topology, m userns.Mapping) (build, error) {
	var b build
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return b, fmt.Errorf("ask for the machine's memory: %w", err)
	}
	total := int64(info.Totalram) * int64(info.Unit) //nolint:gosec // bytes of memory
	groups, refused := p.groups()
	if refused == nil {
		b.groups = &groups
	}
	known := map[string]store.Image{}
	var errs []error
	for _, n := range t.Nodes {
		pl, err := p.planNode(n, known)
		if err == nil && n.CPU != 0 && !groups.Has(cgroups.CPU) {
			err = unbounded(groups, refused)
		}
		if err == nil && pl.image.Single != m.Single {
			err = &topologies.MissingError{What: "image", Name: n.Image, Hint: "its files were unpacked for other ids than this user has now: import it again"}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
			continue
		}
		if err := pl.bound(p.bounds, total); err != nil {
			errs = append(errs, fmt.Errorf("node %s: %w", n.Name, err))
		}
		pl.spec.Tree = number(&b.trees, pl.image.Tree)
		for _, text := range n.Binds {
			bound := bindOf(text, t.Dir, &b.binds)
			if _, err := os.Stat(b.binds[bound.Source]); err != nil {
				errs = append(errs, fmt.Errorf("node %s: bind %s: %w", n.Name, text, err))
			}
			pl.spec.Binds = append(pl.spec.Binds, bound)
		}
		b.nodes = append(b.nodes, pl)
	}
	return b, errors.Join(errs...)
}

// Bounds of what a node may use where its topology says nothing. What is zero is as the package
// has it.
type Bounds struct {
	Disk   int64 // bytes that it writes
	Memory int64 // bytes of its processes
	Tasks  int   // processes and threads
}

// bound decides what a node may use. total is the machine's memory in bytes.
func (pl *planned) bound(b Bounds, total int64) error {
	own, err := pl.MemoryBytes()
	disk, wrong := pl.DiskBytes()
	pl.spec.OnDisk = disk > 0
	pl.spec.Disk = cmp.Or(disk, b.Disk, min(nodeDisk, total/diskPart))
	pl.spec.Volatile = min(volatileSize, total/volatilePart, pl.spec.Disk)
	pl.spec.Memory = cmp.Or(own, b.Memory, min(nodeMemory, total/memoryPart))
	pl.spec.Tasks = cmp.Or(b.Tasks, tasksPerNode)
	return errors.Join(err, wrong)
}

// number gives the place of a text in a list, to which it is added where it is not in it.
func number(list *[]string, text string) int {
	if i := slices.Index(*list, text); i >= 0 {
		return i
	}
	*list = append(*list, text)
	return len(*list) - 1
}

// bindOf reads host:node[:ro]; a relative host part is relative to dir.
func bindOf(text, dir string, binds *[]string) bind {
	host, rest, _ := strings.Cut(text, ":")
	target, options, _ := strings.Cut(rest, ":")
	if !filepath.IsAbs(host) {
		if full, err := filepath.Abs(filepath.Join(dir, host)); err == nil {
			host = full
		}
	}
	return bind{Source: number(binds, host), Target: target, ReadOnly: slices.Contains(strings.Split(options, ","), "ro")}
}

func (p *Provider) planNode(n topologies.Node, known map[string]store.Image) (planned, error) {
	pl := planned{Node: n}
	var err error
	if n.IsSegment() {
		if _, err = wiring.SegmentOf(n); err != nil {
			return pl, err
		}
		if pl.Image == "" {
			if pl.Image, err = p.segmentImage(); err != nil {
				return pl, err
			}
		}
	}
	if pl.Image == "" {
		return pl, topologies.ErrNoImage
	}
	img, ok := known[pl.Image]
	if !ok {
		if img, err = p.images.Resolve(pl.Image); err != nil {
			return pl, err
		}
		known[pl.Image] = img
	}
	pl.image = img
	if err := unsupported(n, img); err != nil {
		return pl, err
	}
	pl.spec.Caps = append(topologies.BaseCapabilities(), n.CapAdd...)
	for _, name := range pl.spec.Caps {
		if _, err := capability(name); err != nil {
			return pl, err
		}
	}
	for _, r := range n.Rights {
		pl.spec.Calls = append(pl.spec.Calls, string(r))
	}
	if err := wiring.CheckSettings(n); err != nil {
		return pl, err
	}
	pl.spec.Sysctls = wiring.Sysctls(n)
	pl.spec.Env = slices.Clone(img.Env)
	for _, key := range slices.Sorted(maps.Keys(n.Env)) {
		pl.spec.Env = append(pl.spec.Env, key+"="+n.Env[key])
	}
	return pl, nil
}

// segmentImage chooses the image for a segment that names none: any of ours will do.
func (p *Provider) segmentImage() (string, error) {
	list, err := p.images.List()
	if err != nil {
		return "", err
	}
	for _, img := range list {
		if slices.Contains(img.Refs, preferredBase) {
			return preferredBase, nil
		}
	}
	for _, img := range list {
		if img.Labels[labelRecipe] != "" {
			return img.Digest, nil
		}
	}
	return preferredBase, nil // which Resolve says how to get
}

// unsupported says what a node asks for that labs of namespaces do not have.
func unsupported(n topologies.Node, img store.Image) error {
	lacks := func(what string) error {
		return &topologies.MissingError{What: "ability of a lab of namespaces", Name: what, Hint: "a lab of containers has it: --provider containers"}
	}
	switch {
	case n.Cmd != "" || n.Entrypoint != "":
		return lacks("a command that a node starts with")
	case img.Labels[labelRecipe] == "" && len(img.Command) > 0 && !isShell(img.Command):
		return lacks("an image that starts a command")
	case len(n.Ports) > 0:
		return lacks("ports of this machine")
	case n.NetworkMode != "" && n.NetworkMode != "none":
		return lacks("network " + n.NetworkMode)
	case slices.Contains(n.Rights, topologies.RightBPF):
		return lacks("right " + string(topologies.RightBPF))
	default:
		return nil
	}
}

// unbounded says why no bound of processors holds here.
func unbounded(groups cgroups.Delegation, refused error) error {
	hint := "a lab of containers has it: --provider containers"
	if none, ok := errors.AsType[*cgroups.NotDelegatedError](refused); ok {
		hint += "; or here by a control group: " + none.Reason + "; " + none.Allow
	} else if refused == nil {
		hint += "; or here by a control group: " + groups.Dir + " has no controller of processors; " + cgroups.AllowAll
	}
	return &topologies.MissingError{What: "ability of a lab of namespaces", Name: "a bound of processors", Hint: hint}
}

// isShell says that a command is nothing but a shell, which has nothing to do when nobody is at
// its terminal.
func isShell(argv []string) bool {
	return len(argv) == 1 && slices.Contains([]string{"sh", "bash", "ash"}, filepath.Base(argv[0]))
}
