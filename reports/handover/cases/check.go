package cases

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Platforms is what the check asks about platforms, and about records. Each may be nil.
type Platforms struct {
	// Commands lists what the vendor wants to see of a class of problem.
	Commands func(platform, class string) []string
	// Lacks tells what is missing from a tech-support; nil where it is whole.
	Lacks func(platform, text string) []string
	// Begins reports whether a text is of a tech-support at all, whole or cut.
	Begins func(platform, text string) bool
	// ConfigLacks tells what is missing from a configuration.
	ConfigLacks func(platform, text string) []string
	// Judged judges a run again from its record. The error says what is stored of the run and does not agree with that.
	Judged func(runDir string) (evidence.RunVerdicts, error)
	// Held holds what an isolation, a bisection or a verified fix has stored against its runs. The error says what does not
	// agree; unheld why it could not be held against them.
	Held func(dir string) (unheld string, err error)
}

// maxAge is how long after the failure a log is still of it: switches overwrite theirs.
const maxAge = 7 * 24 * time.Hour

// Check holds a case against the duties of the contract, in its order.
func Check(f Folder, p Platforms) []Duty {
	list := duties()
	runs := f.attach()
	for i := range runs {
		runs[i].judge(p)
		runs[i].hold(p)
	}
	for i := range list {
		d := &list[i]
		if why, ok := f.Case.waived(d.ID); ok {
			d.Met, d.Why = NotApplicable, why
			continue
		}
		f.hold(d, runs, p)
	}
	return list
}

func (c *Case) waived(duty string) (string, bool) {
	for _, w := range c.Waived {
		if w.Duty == duty {
			why := w.Reason
			if w.By != "" {
				why += " (" + w.By + ")"
			}
			return why, true
		}
	}
	return "", false
}

func (f Folder) hold(d *Duty, runs []attached, p Platforms) {
	switch d.ID {
	case DutyContact:
		f.contact(d)
	case DutyScope:
		f.scope(d)
	case DutyLogs:
		f.logs(d, runs, p)
	case DutyIsolate:
		f.isolated(d, runs)
	case DutyKnown:
		f.known(d)
	case DutyJudgement:
		f.judged(d)
	case DutyLab:
		f.lab(d, runs)
	case DutyInterop:
		f.interop(d, runs)
	case DutyDuplicate:
		f.duplicated(d, runs)
	case DutyPlan:
		f.planned(d)
	case DutyAnalysis:
		f.analysed(d, runs)
	case DutyEscalate:
		f.escalated(d)
	case DutyRMA:
		d.Met, d.Why = NotApplicable, "no unit is to be returned (reprise case rma makes the sheet)"
		if n := len(f.Case.Units); n > 0 {
			d.yes(count(n, "unit")+" described", FileName)
		}
	}
}

// set is the command that sets fields.
func (f Folder) set(fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "reprise case set %s", f.Path)
	for _, name := range fields {
		fmt.Fprintf(&b, " %s=…", name)
	}
	return b.String()
}

// missingOf names the fields that are empty, in order.
func missingOf(fields [][2]string) []string {
	var missing []string
	for _, f := range fields {
		if strings.TrimSpace(f[1]) == "" {
			missing = append(missing, f[0])
		}
	}
	return missing
}

// count is n of something, in words.
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func (f Folder) contact(d *Duty) {
	c := f.Case
	missing := missingOf([][2]string{
		{"customer.name", c.Customer.Name},
		{"customer.contact", c.Customer.Contact},
		{"partner.name", c.Partner.Name},
		{"partner.contact", c.Partner.Contact},
		{"partner.email", c.Partner.Email + c.Partner.Phone},
	})
	if len(missing) > 0 {
		d.Missing = missing
		d.no(f.set(missing...), "nobody can be called: %s is missing", strings.Join(missing, ", "))
		return
	}
	d.yes(fmt.Sprintf("%s of %s speaks for %s of %s", c.Partner.Contact, c.Partner.Name, c.Customer.Contact, c.Customer.Name), FileName)
}

func (f Folder) scope(d *Duty) {
	s := f.Case.Scope
	severity := ""
	if s.Severity > 0 {
		severity = fmt.Sprint(s.Severity)
	}
	missing := missingOf([][2]string{
		{"scope.what", s.What},
		{"scope.when", s.When},
		{"scope.how", s.How},
		{"scope.impact", s.Impact},
		{"scope.severity", severity},
		{"product.platform", f.Case.Product.Platform},
		{"product.version", f.Case.Product.Version},
		{"scope.failed", s.Failed},
	})
	if len(missing) > 0 {
		d.Missing = missing
		d.no(f.set(missing...), "%s is missing", strings.Join(missing, ", "))
		return
	}
	d.yes(fmt.Sprintf("%s; %s; %s", s.What, s.When, s.How), FileName)
}

func (f Folder) isolated(d *Duty, runs []attached) {
	var say, where, fast, broken []string
	for _, a := range runs {
		switch {
		case a.err != nil && (a.isolation != nil || a.bisection != nil):
			broken = append(broken, a.err.Error())
		case a.err != nil:
		case a.isolation != nil && a.isolation.Complete && !a.isolation.done():
			fast = append(fast, fmt.Sprintf("the isolation in %s holds%s only%s", a.Dir, a.isolation.Clock.Beside(), a.isolation.Real.tried()))
		case a.bisection != nil && a.bisection.Found && !a.bisection.done():
			fast = append(fast, fmt.Sprintf("the bisection in %s, to %s, holds%s only%s", a.Dir, a.bisection.First, a.bisection.Clock.Beside(), a.bisection.Real.tried()))
		case a.isolation != nil && a.isolation.done():
			say, where = append(say, fmt.Sprintf("cut from %s to %s%s", a.isolation.Before, a.isolation.After, a.isolation.beside()+a.beside())), append(where, a.Dir)
		case a.bisection != nil && a.bisection.done():
			verb := "came in"
			if a.bisection.Fixed {
				verb = "went away"
			}
			say, where = append(say, fmt.Sprintf("it %s with %s (%.3f%s)%s", verb, a.bisection.First, a.bisection.Confidence, a.bisection.Clock.Beside(), a.beside())), append(where, a.Dir)
		}
	}
	switch scenario := orScenario(f.Case.Scenario); {
	case len(say) > 0:
		d.yes(strings.Join(append(say, fast...), "; "), where...)
	case len(fast) > 0:
		d.no(fmt.Sprintf("reprise isolate %s, or reprise bisect, at a lower --speed; then reprise case set %s --run FOLDER", scenario, f.Path), "%s", strings.Join(fast, "; "))
	default:
		d.Missing = append(d.Missing, broken...)
		d.no(fmt.Sprintf("reprise isolate %s; then reprise case set %s --run FOLDER", scenario, f.Path), "no finished isolation or bisection is attached")
	}
}

func orScenario(s string) string {
	if s == "" {
		return "SCENARIO"
	}
	return s
}

func (f Folder) known(d *Duty) {
	k := f.Case.Known
	do := fmt.Sprintf("reprise known match %s --save; then %s", f.Path, f.set("known.decision", "known.reason"))
	switch {
	case k.Checked == "" || k.File == "":
		d.no(do, "no known issues were looked through")
	case !f.there(k.File):
		d.no(do, "%s is not there", k.File)
	case f.knownOf() != "":
		d.no(do, "%s", f.knownOf())
	case k.Decision == "":
		d.no(f.set("known.decision", "known.reason"), "the candidates in %s were not decided on: name the one that it is, or none", k.File)
	case strings.TrimSpace(k.Reason) == "":
		d.no(f.set("known.reason"), "the decision %q has no reason", k.Decision)
	default:
		d.yes(fmt.Sprintf("%s: %s: %s", k.Checked, k.Decision, k.Reason), k.File)
	}
}

// knownOf says that the known issues were looked through for something else than the case, its scenario or a run of it; empty
// where they were for it, and where the file does not say.
func (f Folder) knownOf() string {
	var m struct {
		Subject struct {
			Name string `json:"name"`
		} `json:"subject"`
	}
	data, err := plain.Read(f.Abs(f.Case.Known.File), plain.Data)
	if err != nil || json.Unmarshal(data, &m) != nil || m.Subject.Name == "" {
		return ""
	}
	own := []string{f.Case.ID, f.Case.ScenarioID}
	for _, a := range f.attach() {
		if a.err == nil && a.info != nil {
			own = append(own, a.info.ID, a.info.Scenario.ID)
		}
	}
	if slices.Contains(own, m.Subject.Name) {
		return ""
	}
	return fmt.Sprintf("the known issues in %s were looked through for %s, and the case is %s", f.Case.Known.File, m.Subject.Name, f.Case.ID)
}

func (f Folder) there(path string) bool {
	_, err := os.Stat(f.Abs(path))
	return err == nil
}

func (f Folder) judged(d *Duty) {
	j := f.Case.Judgement
	if j.Is == Undetermined {
		why := strings.TrimSpace(j.Reason)
		if why == "" {
			why = "and nobody says why"
		}
		d.no(f.set("judgement.is", "judgement.reference", "judgement.reason"), "it is undetermined yet: %s", why)
		return
	}
	if missing := missingOf([][2]string{{"judgement.is", j.Is}, {"judgement.reference", j.Reference}, {"judgement.reason", j.Reason}}); len(missing) > 0 {
		d.Missing = missing
		d.no(f.set(missing...), "%s is missing: of the product, the specification, the configuration or how two work together, by which paragraph", strings.Join(missing, ", "))
		return
	}
	d.yes(fmt.Sprintf("%s, by %s: %s", judgementWord(j.Is), j.Reference, j.Reason), FileName)
}

// judgementWord is a judgement in words.
func judgementWord(is string) string {
	switch is {
	case OfProduct, ofDefect:
		return "a defect of the product"
	case OfSpecification:
		return "as specified"
	case OfConfiguration:
		return "the configuration"
	case OfInterop:
		return "how two products work together"
	default:
		return is
	}
}

func (f Folder) lab(d *Duty, runs []attached) {
	var broken []string
	for _, a := range runs {
		switch {
		case a.err != nil:
			broken = append(broken, a.err.Error())
		case a.info != nil && a.info.Fidelity != "simulator" && !slices.Contains(a.marks, "simulated") && a.rate.Valid > 0:
			d.yes(fmt.Sprintf("%d nodes in a lab of kind %s, %d valid trials", len(a.info.Nodes), a.info.Fidelity, a.rate.Valid), a.Dir)
			return
		case a.info != nil && slices.Contains(a.marks, "simulated"):
			broken = append(broken, a.Dir+" was made on simulators, which show nothing")
		}
	}
	d.Missing = broken
	d.no(fmt.Sprintf("reprise run %s; then reprise case set %s --run FOLDER", orScenario(f.Case.Scenario), f.Path), "no run with a valid trial is attached")
}

func (f Folder) interop(d *Duty, runs []attached) {
	for _, a := range runs {
		if a.err != nil || a.info == nil || a.rate.Valid == 0 {
			continue
		}
		if products := a.products(); a.Interop || len(products) > 1 {
			d.yes(fmt.Sprintf("%s together, %d valid trials", strings.Join(products, " and "), a.rate.Valid), a.Dir)
			return
		}
	}
	d.no(fmt.Sprintf("reprise run %s --set PEER.image=…; then reprise case set %s --run FOLDER --interop; or reprise case set %s --waive interop=REASON",
		orScenario(f.Case.Scenario), f.Path, f.Path), "every run has one product on both ends")
}

func (f Folder) duplicated(d *Duty, runs []attached) {
	seen := duplicationOf(runs)
	again := fmt.Sprintf("reprise case set %s --run FOLDER", f.Path)
	inTime := "" // where the scenario's own speed may be another
	if slices.ContainsFunc(runs, func(a attached) bool { return a.scaled() }) {
		inTime = " --speed 1"
	}
	if seen.shown == nil || seen.control == nil {
		for _, a := range runs {
			if a.err != nil {
				d.Missing = append(d.Missing, a.err.Error())
			} else if a.outdated != "" {
				d.Missing = append(d.Missing, a.outdated)
			}
		}
	}
	switch unreal := seen.unreal(); {
	case unreal != "":
		d.no(fmt.Sprintf("reprise run %s --speed 1 --trials %d; then %s", orScenario(f.Case.Scenario), max(seen.needed()-seen.valid, 1), again), "%s", unreal)
	case seen.shown == nil:
		d.no(fmt.Sprintf("reprise run %s%s; then %s", orScenario(f.Case.Scenario), inTime, again), "no attached run reproduced it")
	case seen.control == nil && seen.other != nil:
		d.no(fmt.Sprintf("reprise run %s --control%s; then %s", orScenario(f.Case.Scenario), inTime, again),
			"%s in %s, and the healthy control in %s was made with another text of the scenario: it says nothing of this symptom", rateText(seen.shown.rate), seen.shown.Dir, seen.other.Dir)
	case seen.control == nil:
		d.no(fmt.Sprintf("reprise run %s --control%s; then %s", orScenario(f.Case.Scenario), inTime, again),
			"%s in %s%s, and no healthy control is attached: the symptom may show anywhere", rateText(seen.shown.rate), seen.shown.Dir, f.otherText(seen.shown))
	default:
		control := seen.control.rate
		d.yes(fmt.Sprintf("%s%s; the control stayed healthy in %d of %d", rateText(seen.shown.rate), f.otherText(seen.shown), control.Valid-control.Reproduced, control.Valid), seen.shown.Dir, seen.control.Dir)
	}
}

// otherText says that a run was made with another text of the scenario than the case's scenario has now; empty where it was not,
// and where that cannot be read from here.
func (f Folder) otherText(a *attached) string {
	file := f.Abs(f.Case.Scenario)
	if info, err := os.Stat(file); f.Case.Scenario == "" || err != nil {
		return ""
	} else if info.IsDir() {
		file = filepath.Join(file, filepath.Base(a.info.Scenario.File))
	}
	data, err := plain.Read(file, plain.Text)
	i := slices.IndexFunc(a.info.Inputs, func(in evidence.InputInfo) bool { return in.Path == a.info.Scenario.File })
	if err != nil || i < 0 || evidence.SHA256(data) == a.info.Inputs[i].SHA256 {
		return ""
	}
	return fmt.Sprintf(" (with another text of the scenario than %s has now)", f.Case.Scenario)
}

func (f Folder) planned(d *Duty) {
	open, done := 0, 0
	for i, s := range f.Case.Plan {
		switch {
		case s.State == "done" || s.State == "dropped":
			done++
		case s.Owner == "" || s.Due == "":
			d.Missing = append(d.Missing, fmt.Sprintf("step %d (%s) has no owner or no day", i+1, s.Step))
		default:
			open++
		}
	}
	add := fmt.Sprintf("reprise case plan %s --add STEP --owner NAME --due DAY", f.Path)
	switch {
	case len(d.Missing) > 0:
		d.no(fmt.Sprintf("reprise case plan %s --step N --owner NAME --due DAY", f.Path), "%s", strings.Join(d.Missing, "; "))
	case open+done == 0:
		d.no(add, "there is no plan")
	case open == 0 && f.Case.State != Closed:
		d.no(add, "every step is done, and the case is not closed: what is next?")
	default:
		d.yes(fmt.Sprintf("%s open, %d done", count(open, "step"), done), FileName)
	}
}

// analysed asks for what somebody found in each log, and of the runs for what a known bad sign in their logs means here,
// or for what their logs say where that cannot be read.
func (f Folder) analysed(d *Duty, runs []attached) {
	var owed, signs, read []string
	findings, astray := f.findings()
	for _, r := range runs {
		file := path.Join(r.Dir, evidence.LogFindingsFile)
		if r.told {
			read = append(read, file)
		}
		if len(r.signs) == 0 && r.untold == nil || slices.ContainsFunc(findings, func(a Finding) bool { return f.Within(a.Of, r.Dir) }) {
			continue
		}
		owed = append(owed, file)
		if r.untold != nil {
			signs = append(signs, fmt.Sprintf("whether the logs of %s have a known bad sign is not known, %v: say what reprise logs check %s shows", r.Dir, r.untold, r.Dir))
			continue
		}
		signs = append(signs, fmt.Sprintf("the logs of %s have a known bad sign: %s", r.Dir, strings.Join(r.signs, "; ")))
	}
	for _, l := range f.Case.Logs {
		if l.Kind == "config" || l.Kind == "capture" {
			continue
		}
		if !slices.ContainsFunc(findings, func(a Finding) bool { return f.same(a.Of, l.File) }) {
			owed = append(owed, l.File)
		}
	}
	signs = append(signs, astray...)
	switch {
	case len(f.Case.Analysis) == 0, len(findings) == 0 && len(owed) == 0:
		d.Missing = owed
		d.no(fmt.Sprintf("reprise case set %s --finding FILE=WHAT-IT-SAYS", f.Path), "%s", strings.Join(append([]string{"nothing was written of what the logs say"}, signs...), "; "))
	case len(owed) > 0:
		d.Missing = owed
		d.no(fmt.Sprintf("reprise case set %s --finding %s=WHAT-IT-SAYS", f.Path, owed[0]), "%s", strings.Join(append([]string{"nothing was written of " + strings.Join(owed, ", ")}, signs...), "; "))
	default:
		of := read
		for _, a := range findings {
			if !slices.Contains(of, a.Of) { // of what a run's logs say there may be one, too
				of = append(of, a.Of)
			}
		}
		d.yes(strings.Join(append([]string{count(len(findings), "finding")}, astray...), "; "), of...)
	}
}

// findings gives those that count, and says of the others why not: what a file says is a finding where the file is a log
// of the case or lies in a run that is attached.
func (f Folder) findings() (list []Finding, astray []string) {
	for _, a := range f.Case.Analysis {
		switch {
		case strings.TrimSpace(a.Says) == "":
			astray = append(astray, fmt.Sprintf("the finding of %s does not count: it says nothing", a.Of))
		case slices.ContainsFunc(f.Case.Logs, func(l Log) bool { return f.same(a.Of, l.File) }):
			list = append(list, a)
		case !slices.ContainsFunc(f.Case.Runs, func(r Run) bool { return f.Within(a.Of, r.Dir) }):
			astray = append(astray, fmt.Sprintf("the finding of %s does not count: it is neither a log of the case nor a file of a run that is attached to it", a.Of))
		case !f.there(a.Of):
			astray = append(astray, fmt.Sprintf("the finding of %s does not count: it is not there", a.Of))
		default:
			list = append(list, a)
		}
	}
	return list, astray
}

// same reports whether two paths of the case are of one file.
func (f Folder) same(path, other string) bool {
	rest, ok := f.inside(path, other)
	return ok && rest == "."
}

func (f Folder) escalated(d *Duty) {
	if n := f.Case.Request.Number; n != "" {
		d.yes(fmt.Sprintf("Service Request %s, %d moves", n, len(f.Case.Request.History)), FileName)
		return
	}
	d.no("reprise escalate "+f.Path, "there is no Service Request yet")
}

// Closable says what keeps a case from being closed: a defect is closed by a fix, patch or
// workaround that runs have verified, or as the known issue that it is; what is as specified, or
// as it was configured, needs neither.
func (f Folder) Closable(p Platforms) error {
	c := f.Case
	switch {
	case c.Judgement.Is == OfSpecification, c.Judgement.Is == OfConfiguration:
		return nil
	case c.Fix.Kind == "" && c.Known.Decision != "" && !strings.EqualFold(c.Known.Decision, "none"):
		return f.isKnown()
	case c.Fix.Kind == "":
		return fmt.Errorf("no fix, patch or workaround was received (%s)", f.set("fix.kind", "fix.version", "fix.verified"))
	case c.Fix.Verified == "":
		return fmt.Errorf("nobody verified the %s (reprise verify-fix; then %s)", c.Fix.Kind, f.set("fix.verified"))
	}
	a := attached{Run: Run{Dir: c.Fix.Verified}, path: f.Abs(c.Fix.Verified)}
	if err := a.read(); err != nil {
		return fmt.Errorf("read what verified the %s: %w", c.Fix.Kind, err)
	}
	if a.hold(p); a.err != nil {
		return fmt.Errorf("read what verified the %s: %w", c.Fix.Kind, a.err)
	}
	of := f.scenario()
	if err := of.take(&a); err != nil {
		return fmt.Errorf("what verified the %s: %w", c.Fix.Kind, err)
	}
	switch {
	case a.fix != nil && c.Fix.Kind != "workaround" && !strings.Contains(a.fix.What, c.Fix.Version):
		return fmt.Errorf("the verification is of %s, and the %s is %s", a.fix.What, c.Fix.Kind, c.Fix.Version)
	case a.fix != nil && a.fix.Ruling == "fixed" && a.fix.Clock.Scaled():
		return fmt.Errorf("the verification is%s, which says nothing of real time (reprise verify-fix --speed 1)", a.fix.Clock.Beside())
	case a.fix != nil && a.fix.Ruling == "fixed":
		return nil
	case a.fix != nil:
		return fmt.Errorf("the verification says %s: %s", a.fix.Ruling, a.fix.Reason)
	case c.Fix.Kind == "workaround" && a.info != nil:
		return fmt.Errorf("%s is a run, and without trials that lack the workaround nobody knows that it is the reason (reprise verify-fix --workaround)", c.Fix.Verified)
	default:
		return fmt.Errorf("%s is no verification of a %s", c.Fix.Verified, c.Fix.Kind)
	}
}

// isKnown says what is wrong with calling the problem a known issue: it must be one of
// those that were looked through, and there must be a reason.
func (f Folder) isKnown() error {
	k := f.Case.Known
	if strings.TrimSpace(k.Reason) == "" {
		return fmt.Errorf("that it is %s has no reason (%s)", k.Decision, f.set("known.reason"))
	}
	if other := f.knownOf(); other != "" {
		return errors.New(other)
	}
	data, err := plain.Read(f.Abs(k.File), plain.Data)
	if k.File == "" || err != nil || !bytes.Contains(data, []byte(k.Decision)) {
		return fmt.Errorf("%s is none of the issues that were looked through (reprise known match %s --save)", k.Decision, f.Path)
	}
	return nil
}

// Reachable says what keeps a case from a state: a confirmed one has a signed confirmation,
// and a fixed or closed one what [Folder.Closable] asks for.
func (f Folder) Reachable(s State, p Platforms) error {
	switch s {
	case Confirmed:
		if slices.ContainsFunc(f.Case.Confirmations, func(c Confirmation) bool { return c.Result == "confirmed" && c.Signed != "" }) {
			return nil
		}
		return fmt.Errorf("no signed confirmation was taken in (reprise case set %s --confirmation FILE --signers FILE)", f.Path)
	case Fixed, Closed:
		return f.Closable(p)
	default:
		return nil
	}
}

// logs checks what came from the customer, and what the classes of problem ask for.
func (f Folder) logs(d *Duty, runs []attached, p Platforms) {
	var good []string
	texts, same := map[string][]byte{}, map[[sha256.Size]byte]string{}
	for _, l := range f.Case.Logs {
		text, sum, err := f.log(l, p)
		if err == nil {
			if first, twice := same[sum]; twice {
				err = fmt.Errorf("it is the same file as %s", first)
			}
			same[sum] = l.File
		}
		if err != nil {
			d.Missing = append(d.Missing, fmt.Sprintf("%s: %v", l.File, err))
			continue
		}
		texts[l.File] = text
		good = append(good, l.File)
	}
	wanted, lacking := f.wanted(texts, runs, p)
	d.Missing = append(d.Missing, lacking...)
	switch {
	case len(f.Case.Logs) == 0:
		d.no(fmt.Sprintf("reprise case set %s --log FILE --node NAME --kind tech-support --taken TIME", f.Path), "nothing from the customer's network is attached")
	case len(d.Missing) > 0:
		d.no(fmt.Sprintf("reprise case set %s --log FILE …", f.Path), "%d of what is needed is missing or not usable", len(d.Missing))
	default:
		why := count(len(good), "file") + " of the customer's"
		if wanted > 0 {
			why += fmt.Sprintf(", %s of %s answered", count(wanted, "command"), strings.Join(f.Case.Classes, ", "))
		}
		d.yes(why, good...)
	}
}

// maxLog bounds how much of a log is looked through, in bytes.
const maxLog = 256 << 20

// log reads a file of the customer's and says why it is of no use. sum tells it from others: it is
// that of its text, however that is packed, or of the file where it has none.
func (f Folder) log(l Log, p Platforms) (text []byte, sum [sha256.Size]byte, err error) {
	path := f.Abs(l.File)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, sum, errors.New("it is not there")
	case info.Size() == 0:
		return nil, sum, errors.New("it is empty")
	case info.Size() > maxLog:
		return nil, sum, fmt.Errorf("it is larger than %d MB: attach the part of the failure", maxLog>>20)
	}
	data, err := plain.Read(path, maxLog)
	if err != nil {
		return nil, sum, err
	}
	texts, err := texts(data)
	if err != nil && l.Kind != "core" && l.Kind != "capture" { // those are not for reading
		return nil, sum, err
	}
	if l.Taken == "" {
		return nil, sum, errors.New("when it was taken is not known")
	}
	taken, err := ParseTime(l.Taken)
	if err != nil {
		return nil, sum, err
	}
	if failed, err := ParseTime(f.Case.Scope.Failed); f.Case.Scope.Failed != "" && err == nil {
		if taken.Before(failed) {
			return nil, sum, fmt.Errorf("it was taken before the failure of %s", f.Case.Scope.Failed)
		}
		if taken.Sub(failed) > maxAge {
			return nil, sum, fmt.Errorf("it was taken %d days after the failure: what it says of then may be overwritten", int(taken.Sub(failed).Hours()/24))
		}
	}
	if err := wholeness(l.Kind, platform(f.Case), p).check(texts); err != nil {
		return nil, sum, err
	}
	var all bytes.Buffer
	for _, t := range texts {
		all.Write(t.Text)
		all.WriteByte('\n')
	}
	if len(texts) == 0 {
		return nil, sha256.Sum256(data), nil
	}
	return all.Bytes(), sha256.Sum256(all.Bytes()), nil
}

// wanted counts the commands that the case's classes of problem ask for, and names those
// that neither a file of the customer's nor a reproduction answers.
func (f Folder) wanted(texts map[string][]byte, runs []attached, p Platforms) (count int, lacking []string) {
	if p.Commands == nil {
		return 0, nil
	}
	have := map[string]bool{}
	for i := range runs {
		a := &runs[i]
		if a.err != nil || !a.shows() {
			continue
		}
		for _, n := range a.info.Nodes {
			if n.Platform != platform(f.Case) {
				continue
			}
			whole, _, err := a.answered(n.Name)
			if err != nil {
				lacking = append(lacking, fmt.Sprintf("%s: %v", a.Dir, err))
			}
			for c := range whole {
				have[c] = true
			}
		}
	}
	var seen []string
	for _, class := range f.Case.Classes {
		commands := p.Commands(platform(f.Case), strings.ToLower(class))
		if len(commands) == 0 {
			lacking = append(lacking, fmt.Sprintf("class %s: %s has no list of commands for it", class, f.Case.Product.Platform))
		}
		for _, c := range commands {
			key := asCompared(c)
			if slices.Contains(seen, key) {
				continue
			}
			seen = append(seen, key)
			if !have[key] && !inTexts(texts, key) {
				lacking = append(lacking, "the answer to "+c)
			}
		}
	}
	return len(seen), lacking
}

// platform is the platform as drivers name it.
func platform(c Case) string { return strings.ToLower(strings.TrimSpace(c.Product.Platform)) }

// refusal is how switches begin to say no.
var refusal = regexp.MustCompile(`(?i)^(?:%|error|invalid|unknown command|syntax error|\^)`)

// inTexts says whether a command was typed in any of the files, as a whole, at the end of a
// line, after a prompt or alone, and had an answer that is no refusal.
func inTexts(texts map[string][]byte, command string) bool {
	for _, text := range texts {
		asked := false
		for line := range bytes.Lines(text) {
			said := asCompared(string(line))
			if asked && said != "" {
				if !refusal.MatchString(said) {
					return true
				}
				asked = false
			}
			before, ok := strings.CutSuffix(said, command)
			asked = asked || ok && (before == "" || strings.HasSuffix(before, " ") || strings.HasSuffix(before, "#") || strings.HasSuffix(before, ">"))
		}
	}
	return false
}
