package cases

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Version is the format of case.yaml, the value of its key "reprise".
const Version = "case/v1"

// FileName is the case's file within its folder.
const FileName = "case.yaml"

// Case is case.yaml.
type Case struct {
	Reprise  string   `yaml:"reprise" json:"reprise" jsonschema:"required,enum=case/v1" jsonschema_description:"Version of this format."`
	ID       string   `yaml:"id" json:"id" jsonschema:"required" jsonschema_description:"Short name of the case."`
	Title    string   `yaml:"title" json:"title" jsonschema_description:"One symptom in one line."` // one symptom in one line
	State    State    `yaml:"state" json:"state" jsonschema:"required,enum=open,enum=escalated,enum=confirmed,enum=fixed,enum=closed" jsonschema_description:"Where the case stands."`
	Opened   string   `yaml:"opened" json:"opened" jsonschema_description:"When it was opened: 2026-03-01, 2026-03-01 14:05, or RFC 3339."` // a time, see ParseTime
	Customer Party    `yaml:"customer" json:"customer" jsonschema_description:"Whose problem it is."`
	Partner  Party    `yaml:"partner" json:"partner" jsonschema_description:"Who is the customer's point of contact, and whom the vendor calls."`
	Product  Product  `yaml:"product" json:"product" jsonschema_description:"What the problem was seen on."`
	Scope    Scope    `yaml:"scope" json:"scope" jsonschema_description:"What, when and how."`
	Changed  []string `yaml:"changed,omitempty" json:"changed,omitempty" jsonschema_description:"What was changed before it began."` // what was changed before it began
	Tried    []Try    `yaml:"tried,omitempty" json:"tried,omitempty" jsonschema_description:"What was tried at the customer's."`
	// Classes of problem, in the words of the platform's evidence: ospf, lag, mlag, stp, vrrp …
	Classes       []string       `yaml:"classes,omitempty" json:"classes,omitempty" jsonschema_description:"Classes of problem, which bring their lists of commands: ospf, lag, mlag, stp, vrrp …"`
	Scenario      string         `yaml:"scenario,omitempty" json:"scenario,omitempty" jsonschema_description:"The scenario that shows it."`
	ScenarioID    string         `yaml:"scenario-id,omitempty" json:"scenario-id,omitempty" jsonschema_description:"The id that the scenario gives itself: runs of another one meet no duty."`
	Runs          []Run          `yaml:"runs,omitempty" json:"runs,omitempty" jsonschema_description:"Folders of runs, isolations, bisections, verified fixes."`
	Logs          []Log          `yaml:"logs,omitempty" json:"logs,omitempty" jsonschema_description:"Files from the customer's network."`
	Analysis      []Finding      `yaml:"analysis,omitempty" json:"analysis,omitempty" jsonschema_description:"What the logs and cores say."`
	Known         Known          `yaml:"known,omitempty" json:"known,omitzero" jsonschema_description:"The check against known issues."`
	Judgement     Judgement      `yaml:"judgement,omitempty" json:"judgement,omitzero" jsonschema_description:"Whose matter it is: a defect of the product, as specified, the configuration, how two products work together."`
	Plan          []Step         `yaml:"plan,omitempty" json:"plan,omitempty" jsonschema_description:"The action plan."`
	Request       Request        `yaml:"service-request,omitempty" json:"service-request,omitzero" jsonschema_description:"The vendor's Service Request."`
	Fix           Fix            `yaml:"fix,omitempty" json:"fix,omitzero" jsonschema_description:"What the vendor gave."`
	Confirmations []Confirmation `yaml:"confirmations,omitempty" json:"confirmations,omitempty" jsonschema_description:"What the vendor's side sent back."`
	Units         []Unit         `yaml:"units,omitempty" json:"units,omitempty" jsonschema_description:"Hardware to be returned."` // for spare parts
	Waived        []Waiver       `yaml:"waived,omitempty" json:"waived,omitempty" jsonschema_description:"Duties that are not applicable, and why."`
}

// State of a case. The zero value is invalid.
type State string

// States, in their order.
const (
	Opened    State = "open"
	Escalated State = "escalated" // handed to the vendor
	Confirmed State = "confirmed" // by the vendor
	Fixed     State = "fixed"     // a fix, patch or workaround was received and verified
	Closed    State = "closed"
)

// States lists them.
func States() []State { return []State{Opened, Escalated, Confirmed, Fixed, Closed} }

// Party is a company and whom to talk to there.
type Party struct {
	Name    string `yaml:"name,omitempty" json:"name,omitempty"`
	Contact string `yaml:"contact,omitempty" json:"contact,omitempty"`
	Email   string `yaml:"email,omitempty" json:"email,omitempty"`
	Phone   string `yaml:"phone,omitempty" json:"phone,omitempty"`
	Site    string `yaml:"site,omitempty" json:"site,omitempty"`
}

// Product is what the problem was seen on, and what entitles to support for it.
type Product struct {
	Vendor   string `yaml:"vendor,omitempty" json:"vendor,omitempty"`
	Platform string `yaml:"platform,omitempty" json:"platform,omitempty"`
	Version  string `yaml:"version,omitempty" json:"version,omitempty"`
	Model    string `yaml:"model,omitempty" json:"model,omitempty"`
	Part     string `yaml:"part,omitempty" json:"part,omitempty"`
	Serial   string `yaml:"serial,omitempty" json:"serial,omitempty"`
	Contract string `yaml:"contract,omitempty" json:"contract,omitempty"`
	Licence  string `yaml:"licence,omitempty" json:"licence,omitempty"`
}

// Scope is what, when and how.
type Scope struct {
	What     string `yaml:"what,omitempty" json:"what,omitempty"`
	When     string `yaml:"when,omitempty" json:"when,omitempty"`
	How      string `yaml:"how,omitempty" json:"how,omitempty"`
	Impact   string `yaml:"impact,omitempty" json:"impact,omitempty"`
	Severity int    `yaml:"severity,omitempty" json:"severity,omitempty" jsonschema:"minimum=1,maximum=4" jsonschema_description:"1 network down, 2 severely degraded, 3 impaired, 4 question."` // 1 network down … 4 question
	Expected string `yaml:"expected,omitempty" json:"expected,omitempty"`
	// Failed is when it failed last at the customer's: logs must not be older.
	Failed string `yaml:"failed,omitempty" json:"failed,omitempty"`
}

// Try is something that was tried at the customer's.
type Try struct {
	What   string `yaml:"what" json:"what"`
	Result string `yaml:"result,omitempty" json:"result,omitempty"`
	When   string `yaml:"when,omitempty" json:"when,omitempty"`
}

// Run is a folder that a verb of this program wrote: a run, an isolation, a bisection, a
// verification of a fix. What it is, it says itself.
type Run struct {
	Dir  string `yaml:"dir" json:"dir"` // relative to the case's folder, or absolute
	Note string `yaml:"note,omitempty" json:"note,omitempty"`
	// Interop says that the run tests how two products work together.
	Interop bool `yaml:"interop,omitempty" json:"interop,omitempty"`
}

// Log is a file from the customer's network.
type Log struct {
	File  string `yaml:"file" json:"file"`
	Node  string `yaml:"node,omitempty" json:"node,omitempty"`
	Kind  string `yaml:"kind,omitempty" json:"kind,omitempty"` // tech-support, log, config, core, capture
	Taken string `yaml:"taken,omitempty" json:"taken,omitempty"`
}

// LogKinds lists what a log can be.
func LogKinds() []string { return []string{"tech-support", "log", "config", "core", "capture"} }

// Finding is what the analysis of a log, an error log or a core came to.
type Finding struct {
	Of   string `yaml:"of" json:"of"` // the log or core
	Says string `yaml:"says" json:"says"`
}

// Known is the check against known issues and release notes.
type Known struct {
	File     string `yaml:"file,omitempty" json:"file,omitempty"` // of "known match --json"
	Checked  string `yaml:"checked,omitempty" json:"checked,omitempty"`
	Decision string `yaml:"decision,omitempty" json:"decision,omitempty"` // none, or the id of the issue that it is
	Reason   string `yaml:"reason,omitempty" json:"reason,omitempty"`
}

// Words of a judgement.
const (
	OfProduct       = "product"          // it does not do what its specification says: a defect
	OfSpecification = "specification"    // it does what its specification says
	OfConfiguration = "configuration"    // it does what it was told, and was told the wrong thing
	OfInterop       = "interoperability" // each by itself is as specified, or as it reads it, and they do not work together
	Undetermined    = "undetermined"     // nobody knows yet, for a reason
	ofDefect        = "defect"           // product, in cases of before
)

// Judgements are the words that a judgement may have.
func Judgements() []string {
	return []string{OfProduct, OfSpecification, OfConfiguration, OfInterop, Undetermined, ofDefect}
}

// Judgement tells a defect from what the specification says.
type Judgement struct {
	// Is is whose matter the problem is; defect is the older word for product.
	Is        string `yaml:"is,omitempty" json:"is,omitempty" jsonschema:"enum=product,enum=specification,enum=configuration,enum=interoperability,enum=undetermined,enum=defect"`
	Reference string `yaml:"reference,omitempty" json:"reference,omitempty"` // RFC 2328 section 10.6
	Reason    string `yaml:"reason,omitempty" json:"reason,omitempty"`
}

// Step of the action plan.
type Step struct {
	Step  string `yaml:"step" json:"step"`
	Owner string `yaml:"owner,omitempty" json:"owner,omitempty"`
	Due   string `yaml:"due,omitempty" json:"due,omitempty"`
	State string `yaml:"state,omitempty" json:"state,omitempty"` // open, done, dropped; empty is open
}

// Request is the vendor's Service Request.
type Request struct {
	Number  string  `yaml:"number,omitempty" json:"number,omitempty"`
	History []Entry `yaml:"history,omitempty" json:"history,omitempty"`
}

// Entry is one move of the Service Request.
type Entry struct {
	At   string `yaml:"at" json:"at"`
	Says string `yaml:"says" json:"says"`
}

// Fix is what the vendor gave.
type Fix struct {
	Kind     string `yaml:"kind,omitempty" json:"kind,omitempty" jsonschema:"enum=fix,enum=patch,enum=workaround"` // fix, patch or workaround
	Version  string `yaml:"version,omitempty" json:"version,omitempty"`                                            // image or release
	Received string `yaml:"received,omitempty" json:"received,omitempty"`                                          // a time
	Verified string `yaml:"verified,omitempty" json:"verified,omitempty"`                                          // folder of the runs that verified it
	Note     string `yaml:"note,omitempty" json:"note,omitempty"`
}

// Confirmation is what the vendor's side sent back.
type Confirmation struct {
	File   string `yaml:"file" json:"file"`
	Result string `yaml:"result" json:"result"` // confirmed, contradicted or inconclusive
	Signed string `yaml:"signed,omitempty" json:"signed,omitempty"`
	At     string `yaml:"at,omitempty" json:"at,omitempty"`
}

// Waiver says why a duty is not applicable.
type Waiver struct {
	Duty   string `yaml:"duty" json:"duty"`
	Reason string `yaml:"reason" json:"reason"`
	By     string `yaml:"by,omitempty" json:"by,omitempty"`
}

// validID keeps a case's name fit for files and free of paths.
var validID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$`)

// ParseTime reads a time as people write it: a day, or a day and a time of it; UTC where
// no zone is given.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time (2026-03-01, 2026-03-01 14:05, 2026-03-01T14:05:00Z)", s)
}

// Folder is a case on disk.
type Folder struct {
	Path string
	Case Case
}

// Open reads a case: its folder, or the case.yaml in it. Every fault of the file is in the
// error, a yamlpos.Problems.
func Open(path string) (Folder, error) {
	if filepath.Base(path) == FileName {
		path = filepath.Dir(path)
	}
	data, err := plain.Read(filepath.Join(path, FileName), plain.Text)
	if errors.Is(err, os.ErrNotExist) {
		return Folder{}, fmt.Errorf("%s is no case: it has no %s (reprise case new makes one)", path, FileName)
	}
	if err != nil {
		return Folder{}, fmt.Errorf("read case: %w", err)
	}
	c, err := Parse(filepath.Join(path, FileName), data)
	return Folder{Path: path, Case: c}, err
}

// Parse reads the text of a case.yaml.
func Parse(file string, data []byte) (Case, error) {
	var c Case
	d := yamlpos.Parse(file, data)
	if d.Root != nil {
		d.Decode(&c)
		c.check(d)
	}
	d.Problems.Sort()
	if faults := d.Problems.Faults(); faults != nil {
		return c, faults
	}
	return c, nil
}

// check finds what is wrong with values that were written. What is missing is a duty's business.
func (c *Case) check(d *yamlpos.Doc) {
	if c.Reprise != Version {
		d.Faultf("reprise", "write reprise: "+Version, "this is not a case of version %s", Version)
	}
	if !validID.MatchString(c.ID) {
		d.Faultf("id", "letters, digits, - _ and . only, at most 63", "%q cannot name a case", c.ID)
	}
	oneOf(d, "state", string(c.State), false, words(States())...)
	oneOf(d, "judgement.is", c.Judgement.Is, true, Judgements()...)
	oneOf(d, "fix.kind", c.Fix.Kind, true, "fix", "patch", "workaround")
	if c.Scope.Severity < 0 || c.Scope.Severity > 4 {
		d.Faultf("scope.severity", "1 network down, 2 severely degraded, 3 impaired, 4 question", "severity %d is none", c.Scope.Severity)
	}
	times := map[string]string{"opened": c.Opened, "scope.failed": c.Scope.Failed, "known.checked": c.Known.Checked, "fix.received": c.Fix.Received}
	for i, l := range c.Logs {
		times[yamlpos.Index("logs", i)+".taken"] = l.Taken
		oneOf(d, yamlpos.Index("logs", i)+".kind", l.Kind, true, LogKinds()...)
	}
	for i, s := range c.Plan {
		times[yamlpos.Index("plan", i)+".due"] = s.Due
		oneOf(d, yamlpos.Index("plan", i)+".state", s.State, true, "open", "done", "dropped")
	}
	for path, text := range times {
		if _, err := ParseTime(text); text != "" && err != nil {
			d.Faultf(path, "", "%v", err)
		}
	}
	for i, w := range c.Waived {
		at := yamlpos.Index("waived", i)
		oneOf(d, at+".duty", w.Duty, false, DutyIDs()...)
		if strings.TrimSpace(w.Reason) == "" {
			d.Faultf(at+".reason", "the vendor reads it", "duty %s is waived without a reason", w.Duty)
		}
	}
}

func oneOf(d *yamlpos.Doc, path, got string, empty bool, known ...string) {
	if got == "" && empty || slices.Contains(known, got) {
		return
	}
	d.Faultf(path, "one of "+strings.Join(known, ", "), "%q is unknown", got)
}

func words[T ~string](list []T) []string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

// Abs gives a path of the case as one of this machine.
func (f Folder) Abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.Path, path)
}

// Rel gives a path of this machine as the case keeps it: relative where it lies below the
// case's folder, absolute elsewhere.
func (f Folder) Rel(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	root, err := filepath.Abs(f.Path)
	if err != nil {
		return "", err
	}
	if rel, err := filepath.Rel(root, abs); err == nil && !strings.HasPrefix(rel, "..") {
		return filepath.ToSlash(rel), nil
	}
	return abs, nil
}

// Within reports whether a path of the case is a folder of it, or lies in that, however either is written. Nothing needs
// to be there.
func (f Folder) Within(path, folder string) bool {
	_, ok := f.inside(path, folder)
	return ok
}

// inside gives a path of the case as one from a folder of it, where it lies there.
func (f Folder) inside(path, folder string) (rest string, ok bool) {
	from, err := filepath.Abs(f.Abs(folder))
	if err != nil {
		return "", false
	}
	to, err := filepath.Abs(f.Abs(path))
	if err != nil {
		return "", false
	}
	rest, err = filepath.Rel(from, to)
	return filepath.ToSlash(rest), err == nil && filepath.IsLocal(rest)
}
