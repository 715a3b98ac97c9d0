package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/scenarios"
	"github.com/reprise-lab/reprise/topologies"
)

// MatrixSuite is a test suite that was expanded into cells: what a matrix is of.
type MatrixSuite struct {
	// Head has of a matrix what the suite says: Suite, Title, Digest, Roles, Subjects, Requirements and Tests.
	Head  result.Matrix `json:"head"`
	Cells []MatrixCell  `json:"cells"`
}

// MatrixCell is a cell that is to be tried.
type MatrixCell struct {
	// Cell has Test, Subjects and Options, and the Deviation that is known of it and still believed.
	Cell result.Cell `json:"cell"`
	// Deviations are all that are known of it; the one of Cell is the first, or the one that says what its reason says.
	Deviations    []result.Deviation `json:"deviations,omitempty"`
	Weight        float64            `json:"weight"`                   // the heavier, the sooner
	NotApplicable string             `json:"not-applicable,omitempty"` // why it is not tried
	Notes         []string           `json:"notes,omitempty"`          // what must be said where it passes
	Outdated      string             `json:"outdated,omitempty"`       // what was known once, and is not believed any more
	Files         map[string][]byte  `json:"-"`                        // its scenario's folder, by path with slashes
}

// MatrixOptions are the choices of a matrix.
type MatrixOptions struct {
	// Load reads a scenario's folder, with what is known of platforms.
	Load func(folder string) (*scenarios.Loaded, error)
	// Plan has the Reset and the Speed of every cell, where these are not its scenario's own.
	Plan plan.Options
	Labs int // side by side, 1 at least
	// Repeats is the number of trials of a cell, RepeatFailing that of those which a cell gets beyond
	// these in which one failed.
	Repeats, RepeatFailing int
	// Devices has the cells be tried on devices of a lab, each of the platform and the version of its subject, and a role that has a
	// device here on that one; nil: labs are built of images.
	Devices map[string]string
	// Fresh has a lab be built for every cell, also where one that is up could be used again.
	Fresh bool
	// Budget is the time after which no cell is begun; 0 is no bound.
	Budget time.Duration
	Filter MatrixFilter
	// Since is an earlier matrix and SinceDir its folder: cells that are the same by their digests, and
	// were decided, are taken over. nil: none is.
	Since    *result.Matrix
	SinceDir string
	// OnCell is told of each cell that is over, from one goroutine at a time; nil tells nobody.
	OnCell func(MatrixStep)
}

// MatrixStep is a cell that is over, and how the matrix stands since.
type MatrixStep struct {
	Cell     result.Cell
	Lab      int // 0: it was decided without a trial
	Done, Of int // cells that were to be tried
	Left     time.Duration
}

// Reasons of cells that are not tested: it is to be tried, and was not yet; the filter leaves it out.
const (
	NotYet    = "not its turn yet"
	NotChosen = "it was not chosen"
)

// files of a matrix's folder.
const (
	suiteFile  = "suite.json"
	matrixFile = "matrix.json"
)

// CreateMatrix makes the folder of a matrix below parent: the scenario of every cell, and what else it
// takes to go on with it. choices are kept as options.json for who calls. An error is one of the disk, or of
// a file of a cell whose name leads elsewhere.
func CreateMatrix(parent string, s MatrixSuite, choices any) (evidence.Dir, error) {
	dir, err := evidence.CreateDir(parent, s.Head.Suite, time.Now())
	if err != nil {
		return dir, &RecordError{err}
	}
	if err := s.WriteCells(dir); err != nil {
		return dir, err
	}
	return dir, errors.Join(evidence.WriteJSON(dir.File("options.json"), choices), evidence.WriteJSON(dir.File(suiteFile), s))
}

// WriteCells writes the scenario of every cell into a folder, cells/0001 and so on in their order.
func (s MatrixSuite) WriteCells(dir evidence.Dir) error {
	for i, c := range s.Cells {
		for name, data := range c.Files {
			if !filepath.IsLocal(filepath.FromSlash(name)) {
				return fmt.Errorf("%s: the file %q is outside the scenario's folder", c.Cell.Key(), name)
			}
			if err := evidence.WriteFile(filepath.Join(cellFolder(dir, i), filepath.FromSlash(name)), data); err != nil {
				return &RecordError{fmt.Errorf("write the cells: %w", err)}
			}
		}
	}
	return nil
}

// OpenMatrix reads back what the matrix in a folder is of, for who goes on with it.
func OpenMatrix(dir evidence.Dir) (MatrixSuite, error) {
	var s MatrixSuite
	if err := evidence.ReadJSON(dir.File(suiteFile), &s); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return s, fmt.Errorf("%s is no folder of a matrix: it has no %s", dir.Path, suiteFile)
		}
		return s, err
	}
	return s, nil
}

func cellFolder(dir evidence.Dir, i int) string { return dir.File("cells", cellName(i)) }

func cellName(i int) string { return fmt.Sprintf("%04d", i+1) }

// MatrixPlan is a matrix that can be tried: every cell's scenario was read.
type MatrixPlan struct {
	Dir   evidence.Dir
	Suite MatrixSuite

	cells  []cellPlan
	labs   map[string]*plan.Plan // one of each topology
	warm   map[string]bool       // of these, the ones that can be used again
	looked bool
	now    []result.Cell // as they stand
	over   []bool        // of these, the ones that are decided
	earlier
}

// earlier is what an earlier process has done of a matrix.
type earlier struct {
	started  time.Time
	took     time.Duration
	attempts map[string]int
}

// cellPlan is what is known of a cell without trying it.
type cellPlan struct {
	lab    string // the same for the same lab: its images in order, a digest of its topology, and its clock
	known  bool   // what each of its images holds
	clock  evidence.Clock
	nodes  map[string]string // image by node
	inputs string            // SHA-256 over the scenario's files
	// least and most are what a trial takes in real time where every window ends as soon as it can, and
	// where each lasts to its end.
	least, most time.Duration
}

// PlanMatrix reads the scenario of every cell from the matrix's folder, where [CreateMatrix] or
// [MatrixSuite.WriteCells] put it. The error is that of the first that is wrong, which is one of the suite.
func PlanMatrix(dir evidence.Dir, s MatrixSuite, o MatrixOptions) (*MatrixPlan, error) {
	p := &MatrixPlan{Dir: dir, Suite: s, cells: make([]cellPlan, len(s.Cells)), labs: map[string]*plan.Plan{}, warm: map[string]bool{}}
	errs := make([]error, len(s.Cells))
	plans := make([]*plan.Plan, len(s.Cells))
	var next atomic.Int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.NumCPU() {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(s.Cells); i = int(next.Add(1)) - 1 {
				if s.Cells[i].NotApplicable != "" {
					continue
				}
				if plans[i], errs[i] = p.planOf(i, o); errs[i] != nil {
					continue
				}
				if p.cells[i], errs[i] = cellPlanOf(plans[i]); errs[i] != nil {
					continue
				}
				mu.Lock()
				if p.labs[p.cells[i].lab] == nil {
					p.labs[p.cells[i].lab] = plans[i]
				}
				mu.Unlock()
				plans[i] = nil // thousands of them are much
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Cells[i].Cell.Key(), scenarios.Excerpts(err, "the cell's", s.Cells[i].Files))
		}
	}
	p.begin(o)
	return p, nil
}

// planOf reads a cell's scenario, and plans its trials.
func (p *MatrixPlan) planOf(i int, o MatrixOptions) (*plan.Plan, error) {
	l, err := o.Load(cellFolder(p.Dir, i))
	if err != nil {
		return nil, err
	}
	with := o.Plan
	with.Trials, with.Labs = o.Repeats, 1
	of, err := plan.New(l, with)
	if err == nil && o.Devices != nil {
		of.Topology = onDevices(of, p.Suite.Cells[i].Cell, o.Devices)
	}
	return of, err
}

// onDevices is the topology of a cell whose nodes ask for devices: of the platform and the version of their subjects, and
// those that roles are bound to. The labels are those of package topologies/lab.
func onDevices(p *plan.Plan, c result.Cell, devices map[string]string) topologies.Topology {
	t := p.Topology.Clone()
	for i, n := range p.Nodes {
		ask := map[string]string{"platform": n.Platform}
		if _, version, ok := strings.Cut(c.Subjects[n.Name], "@"); ok {
			ask["version"] = "=" + version
		}
		if device := devices[n.Name]; device != "" {
			ask["device"] = device
		}
		if n.Segment {
			continue
		}
		if t.Nodes[i].Labels == nil {
			t.Nodes[i].Labels = map[string]string{}
		}
		for name, value := range ask {
			t.Nodes[i].Labels["reprise."+name] = value
		}
	}
	return t
}

func cellPlanOf(p *plan.Plan) (cellPlan, error) {
	c := cellPlan{clock: p.Clock, nodes: map[string]string{}, least: leastOf(p), most: p.Clock.Real(p.Longest()) + buildTime(p)}
	var images []string
	for _, n := range p.Nodes {
		if n.Image != "" {
			c.nodes[n.Name] = n.Image
			images = append(images, n.Image)
		}
	}
	lab, err := plan.LabOf(p.Topology)
	if err != nil {
		return c, err
	}
	c.lab = fmt.Sprintf("%s %s %g", strings.Join(images, " "), lab, p.Clock.Factor())
	h := sha256.New()
	inputs := slices.Clone(p.Loaded.Inputs)
	slices.SortFunc(inputs, func(a, b scenarios.Input) int { return strings.Compare(a.Path, b.Path) })
	for _, in := range inputs {
		fmt.Fprintf(h, "%s %d %s\n", in.Path, len(in.Data), evidence.SHA256(in.Data))
	}
	fmt.Fprintf(h, "reset %s, speed %g\n", p.Reset, p.Clock.Factor())
	c.inputs = hex.EncodeToString(h.Sum(nil))
	return c, nil
}

// buildTime is what building, collecting and judging take beside a trial's windows, on a small machine, and
// quickBuild where nothing else is done there.
func buildTime(p *plan.Plan) time.Duration {
	return time.Second + time.Duration(len(p.Nodes))*time.Second/2
}

func quickBuild(p *plan.Plan) time.Duration {
	return 400*time.Millisecond + time.Duration(len(p.Nodes))*100*time.Millisecond
}

// leastOf is what a trial takes in real time where what is waited for is there at once: windows over which
// something must stay, or stay away, last.
func leastOf(p *plan.Plan) time.Duration {
	least := func(checks []plan.Check) (d time.Duration) {
		for _, c := range checks {
			switch w := c.Cond; {
			case w.Eventually > 0 || w.Changes != nil:
			case w.Within > 0:
				d = max(d, time.Duration(w.Consistently))
			default:
				d = max(d, w.Length())
			}
		}
		return d
	}
	total := least(p.Baseline) + max(least(p.Symptom), least(p.Expect))
	for _, s := range p.Stimulus {
		if s.Check == nil && !s.LeftOut {
			total += s.Step.Longest()
		}
	}
	return p.Clock.Real(total) + quickBuild(p)
}

// Labs gives one plan of each topology, for who finds out what builds their labs.
func (p *MatrixPlan) Labs() []*plan.Plan {
	var out []*plan.Plan
	for _, lab := range slices.Sorted(maps.Keys(p.labs)) {
		out = append(out, p.labs[lab])
	}
	return out
}

// begin says how each cell stands before anything is tried.
func (p *MatrixPlan) begin(o MatrixOptions) {
	p.now, p.over = make([]result.Cell, len(p.Suite.Cells)), make([]bool, len(p.Suite.Cells))
	for i, c := range p.Suite.Cells {
		cell := c.Cell
		cell.Verdict, cell.Reason = result.NotTested, NotYet
		if c.NotApplicable != "" {
			cell.Verdict, cell.Reason, p.over[i] = result.NotApplicable, c.NotApplicable, true
		} else {
			cell.Scenario = filepath.Join("cells", cellName(i))
			if !o.Filter.takes(cell) {
				cell.Reason, p.over[i] = NotChosen, true
			}
		}
		p.now[i] = cell
	}
}

// Look finds out what the cells' images hold, which of them are not here, and which cells need not be
// tried since they were before: by an earlier process in this folder, or in the matrix that
// is to be taken over from. Nothing is started.
func (p *MatrixPlan) Look(ctx context.Context, provider topologies.Provider, o MatrixOptions) error {
	if p.looked {
		return nil
	}
	holds := map[string]string{}
	describer, _ := topologies.As[topologies.ImageDescriber](provider)
	for _, lab := range p.labs {
		for _, n := range lab.Nodes {
			if _, known := holds[n.Image]; !known && n.Image != "" {
				holds[n.Image] = packagesOf(ctx, describer, n.Image)
			}
		}
	}
	for i, s := range p.Suite.Head.Subjects {
		p.Suite.Head.Subjects[i].Digest = holds[s.Image]
	}
	lacks := map[string]string{}
	teller, tells := topologies.As[topologies.ResetTeller](provider)
	for key, lab := range p.labs {
		p.warm[key] = tells && teller.Resets(lab.Topology)
		err := provider.Check(ctx, lab.Topology)
		if _, ok := errors.AsType[*topologies.MissingError](err); ok {
			lacks[key] = strings.ReplaceAll(err.Error(), "\n", "; ") // it may say more of what keeps the lab from being built
		} else if err != nil {
			return err
		}
	}
	for i := range p.now {
		if p.Suite.Cells[i].NotApplicable != "" {
			continue
		}
		c := &p.now[i]
		c.Digest = p.digest(i, holds)
		p.cells[i].known = true
		for _, image := range p.cells[i].nodes {
			p.cells[i].known = p.cells[i].known && holds[image] != ""
		}
		if why := lacks[p.cells[i].lab]; why != "" && !p.over[i] {
			c.Reason, p.over[i] = why, true
		}
	}
	if err := p.goOn(); err != nil {
		return err
	}
	p.takeOver(o)
	p.looked = true
	return nil
}

// packagesOf is a digest of what an image holds: of its packages where it says them, so that the same
// ones packed anew are the same, else of the image. Empty where it is not here, and where nobody tells.
func packagesOf(ctx context.Context, describer topologies.ImageDescriber, ref string) string {
	if describer == nil {
		return ""
	}
	image, err := describer.DescribeImage(ctx, ref)
	if err != nil {
		return ""
	}
	if len(image.Packages) == 0 {
		return image.Digest
	}
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(image.Packages)) {
		fmt.Fprintf(h, "%s %s\n", name, image.Packages[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// digest is the same for the same scenario on images that hold the same.
func (p *MatrixPlan) digest(i int, holds map[string]string) string {
	h := sha256.New()
	fmt.Fprintln(h, p.cells[i].inputs)
	for _, node := range slices.Sorted(maps.Keys(p.cells[i].nodes)) {
		fmt.Fprintf(h, "%s %s\n", node, holds[p.cells[i].nodes[node]])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// goOn takes from the folder what was done there already. Where an image of a cell cannot be described, and may
// be gone, what was decided of it stays.
func (p *MatrixPlan) goOn() error {
	var was result.Matrix
	if err := evidence.ReadJSON(p.Dir.File(matrixFile), &was); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what was done: %w", err)
	}
	p.earlier = earlier{started: was.Started, took: was.Took, attempts: map[string]int{}}
	done := map[string]result.Cell{}
	for _, c := range was.Cells {
		if _, there := runOf(p.Dir.Path, &c); c.From != "" && there {
			done[c.Key()] = c
		}
	}
	entries, err := result.ReadMatrixLedger(p.Dir.Path)
	if err != nil {
		return fmt.Errorf("read what was done: %w", err)
	}
	for _, e := range entries {
		p.attempts[e.Key] = e.Attempt
		if e.Cell.Verdict != result.NotTested {
			done[e.Key] = e.Cell
		}
	}
	for i := range p.Suite.Head.Subjects {
		s := &p.Suite.Head.Subjects[i]
		at := slices.IndexFunc(was.Subjects, func(w result.Subject) bool { return w.Name == s.Name && w.Image == s.Image })
		if s.Digest == "" && at >= 0 {
			s.Digest = was.Subjects[at].Digest
		}
	}
	for i := range p.now {
		c, ok := done[p.now[i].Key()]
		if ok && p.Suite.Cells[i].NotApplicable == "" && (c.Digest == p.now[i].Digest || !p.cells[i].known) {
			c.Deviation = p.Suite.Cells[i].knownOf(c.Reason)
			p.now[i], p.over[i] = c, true
		}
	}
	return nil
}

// takeOver takes the cells of an earlier matrix that are the same and were decided, by as many trials as they
// would get now. One whose run is gone, or leads elsewhere, is tried again.
func (p *MatrixPlan) takeOver(o MatrixOptions) {
	if o.Since == nil {
		return
	}
	was := map[string]result.Cell{}
	for _, c := range o.Since.Cells {
		switch c.Verdict { //nolint:exhaustive // the others say nothing of the cell
		case result.Pass, result.PassWithNote, result.Fail, result.Flaky:
			was[c.Key()] = c
		}
	}
	for i := range p.now {
		c, ok := was[p.now[i].Key()]
		if !ok || p.over[i] || !p.cells[i].known || c.Digest != p.now[i].Digest || c.Valid < o.wanted(c.Passed < c.Valid) {
			continue
		}
		run, there := runOf(o.SinceDir, &c)
		if !there {
			continue
		}
		if c.From == "" {
			c.From = o.Since.ID
		}
		c.Run = whole(run)
		c.Scenario, c.Deviation = p.now[i].Scenario, p.Suite.Cells[i].knownOf(c.Reason)
		if c.Passed == c.Valid { // by what is known and said today
			c.Verdict, c.Reason = passed(&p.Suite.Cells[i])
		}
		p.now[i], p.over[i] = c, true
	}
}

// runOf gives the run directory of a cell of the matrix in a folder: below that, or below the folder beside it of
// the matrix that the cell was taken over from. ok is false where it is not there, and where its path, or a link
// on it, leads out of these.
func runOf(folder string, c *result.Cell) (run string, ok bool) {
	inner, taken := c.TakenOver()
	if taken {
		folder = filepath.Join(folder, "..", c.From)
	} else {
		inner = c.Run
	}
	inner = filepath.FromSlash(inner)
	root, err := os.OpenRoot(folder)
	if err != nil || !filepath.IsLocal(inner) {
		return "", false
	}
	defer root.Close() //nolint:errcheck // read only
	st, err := root.Stat(inner)
	return filepath.Join(folder, inner), err == nil && st.IsDir()
}

// whole is a path from the root, or the path where that cannot be told.
func whole(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// keepRun has the run of a cell that was taken over be found from the matrix's folder: in the folder of its
// own matrix, where that lies beside this one under its name, else in a copy, which has its name when it is whole:
// what a process that was killed left of one is made again.
func (p *MatrixPlan) keepRun(c *result.Cell) error {
	if c.From == "" || !filepath.IsAbs(c.Run) {
		return nil
	}
	beside, err := filepath.Rel(whole(p.Dir.Path), c.Run)
	if beside = filepath.ToSlash(beside); err == nil && strings.HasPrefix(beside, "../"+c.From+"/") {
		c.Run = beside
		return nil
	}
	run, name := c.Run, filepath.Base(c.Run)
	c.Run = path.Join("runs", name)
	to, part := p.Dir.File("runs", name), p.Dir.File("runs", "."+name+".part")
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if err = os.RemoveAll(part); err == nil {
		err = evidence.CopyDir(part, run)
	}
	if err == nil {
		err = os.Rename(part, to)
	}
	if err != nil {
		return fmt.Errorf("take over the run of %s: %w", c.Key(), err)
	}
	return nil
}

// Cells are the cells as they stand, in the order of the suite.
func (p *MatrixPlan) Cells() []result.Cell { return slices.Clone(p.now) }

// MatrixSize is how large a matrix is, before it is tried.
type MatrixSize struct {
	Tests         int `json:"tests"`
	Subjects      int `json:"subjects"`
	Cells         int `json:"cells"`
	ToTry         int `json:"to-try"`
	NotApplicable int `json:"not-applicable"`
	NotChosen     int `json:"not-chosen"`
	Lacking       int `json:"lacking"` // of these an image, or something else, is not here
	Known         int `json:"known"`   // decided in this folder already, or taken over
	Trials        int `json:"trials"`  // at least
	// Labs is how many of the cells to try are the first of their lab. The others follow one of the same lab, and use it
	// again, where Warm says how many can.
	Labs int `json:"labs"`
	Warm int `json:"warm"`
	// Least and Most are what the trials take in real time: where everything passes as soon as it can, and
	// where every cell fails at the end of its windows.
	Least time.Duration `json:"least"`
	Most  time.Duration `json:"most"`
	// Lacks are what is not here, each once.
	Lacks []string `json:"lacks,omitempty"`
}

// Size tells how large the matrix is. What is known of images is in it after [MatrixPlan.Look].
func (p *MatrixPlan) Size(o MatrixOptions) MatrixSize {
	labs := map[string]bool{}
	s := MatrixSize{Tests: len(p.Suite.Head.Tests), Subjects: len(p.Suite.Head.Subjects), Cells: len(p.now)}
	for i, c := range p.now {
		switch {
		case p.Suite.Cells[i].NotApplicable != "":
			s.NotApplicable++
		case !p.over[i]:
			s.ToTry++
			if lab := p.cells[i].lab; !labs[lab] {
				labs[lab] = true
				s.Labs++
			} else if p.warm[lab] && !o.Fresh {
				s.Warm++
			}
			s.Least += time.Duration(o.Repeats) * p.cells[i].least
			s.Most += time.Duration(o.Repeats+o.RepeatFailing) * p.cells[i].most
		case c.Verdict != result.NotTested:
			s.Known++
		case !o.Filter.takes(c):
			s.NotChosen++
		default:
			if s.Lacking++; !slices.Contains(s.Lacks, c.Reason) {
				s.Lacks = append(s.Lacks, c.Reason)
			}
		}
	}
	s.Trials = s.ToTry * o.Repeats
	side := time.Duration(max(o.Labs, 1))
	s.Least, s.Most = (s.Least / side).Round(time.Second), (s.Most / side).Round(time.Second)
	return s
}
