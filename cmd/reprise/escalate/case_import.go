package escalate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/harness/intake"
	"github.com/reprise-lab/reprise/reports/handover/cases"
)

// caseImportOptions are what "case import" was asked.
type caseImportOptions struct {
	*cli.App
	files, classes []string
	folder         string
	commands       bool
}

func newCaseImport(a *cli.App, runF func(context.Context, *caseImportOptions) error) *cobra.Command {
	o := &caseImportOptions{App: a}
	c := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take what the customer sent: what is it, whole or cut, how old, what is missing",
		Long: `Recognise what people really send, and cut it into commands and answers with the line and the
byte where each begins: show tech-support of Switch Engine (stacks too), show fulltech of
Fabric Engine, support bundles of FRR, bug reports of Open vSwitch, captures of terminals with
their prompts, colours and pagers, PuTTY's logs, running configurations of IOS, NX-OS, EOS, Junos,
FRR and BIRD, logs, captures of frames, cores; packed with gzip, zstd, bzip2, tar or zip, in
UTF-8, UTF-16 or Latin-1.

What is cut is told (at the end, in the middle, one of several), what came twice, what
contradicts, and what was not understood. With --case the files are kept in the case, with device, kind and
time; its classes of problem, or --class, say which commands should be there and are not.

A session, or a log, has no mark for its end: of those only what shows is told.

Exit status: 0 all is understood and nothing shows that it is cut, 1 something is cut, missing,
contradicted or not understood, 4 nothing could be read.`,
		Example: `  reprise case import tech.txt core1.log --class ospf
  reprise case import --case cases/acme mail/*.zip
  reprise case import session.log --commands --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.files = args
			return cli.Run(runF, runCaseImport)(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.folder, "case", "", "folder of the case that the files are kept in")
	c.Flags().StringSliceVar(&o.classes, "class", nil, "class of problem: ospf, lag, mlag, stp, vrrp … (default: the case's)")
	c.Flags().BoolVar(&o.commands, "commands", false, "list each command")
	_ = c.MarkFlagDirname("case") // the flag is there
	return c
}

// importedCase is what "case import" prints with --json.
type importedCase struct {
	*intake.Import
	// Kept are the files as the case keeps them now.
	Kept []string `json:"kept,omitempty"`
	// Had are files that the case had before, with where it has them: nothing more of them is kept.
	Had []hadFile `json:"had,omitempty"`
	// Untimed are those of them that the case has no time of, as theirs names no zone.
	Untimed []string `json:"untimed,omitempty"`
}

// hadFile is a file of which the case has all that is in it.
type hadFile struct {
	File string `json:"file"`
	// As are the files of the case, in the order in which the file has them.
	As []string `json:"as"`
}

func runCaseImport(_ context.Context, o *caseImportOptions) error {
	p, err := platforms()
	if err != nil {
		return err
	}
	var f cases.Folder
	if o.folder != "" {
		if f, err = cli.OpenCase(o.folder); err != nil {
			return err
		}
		if err := attachable(o.files); err != nil {
			return err
		}
	}
	r, err := cli.Registry()
	if err != nil {
		return err
	}
	if err := knownClasses(r, o.classes); err != nil {
		return err
	}
	classes := o.classes
	if len(classes) == 0 {
		classes = f.Case.Classes
	}
	g, err := intake.NewGrammar()
	if err != nil {
		return err
	}
	out := importedCase{}
	out.Import, err = g.Files(o.files, intake.Options{
		Commands: p.Commands, Classes: classes, Now: time.Now().UTC(), Lacks: cli.Lacks(r),
	})
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(out.Files, func(f intake.File) bool { return len(f.Parts) > 0 }) {
		return nothingRead(out.Files)
	}
	if o.folder != "" {
		var fresh []intake.File
		if fresh, out.Had, err = notHad(g, f, out.Files); err != nil {
			return cli.AsInputError(err)
		}
		if out.Kept, out.Untimed, err = keepImported(&f, fresh); err != nil {
			return cli.AsInputError(err)
		}
	}
	if err := o.Show(out, func(w io.Writer) { printImported(w, out, o.commands) }); err != nil {
		return err
	}
	if out.doubtful() {
		return cli.Answer(cli.ExitNo)
	}
	return nil
}

// knownClasses refuses a class of problem that no platform has commands for: it would ask for nothing.
func knownClasses(r *drivers.Registry, classes []string) error {
	known := map[string]bool{}
	for _, platform := range r.Platforms() {
		if c, ok := r.Classed(platform); ok {
			for _, class := range c.EvidenceClasses() {
				known[class] = true
			}
		}
	}
	for _, class := range classes {
		if !known[class] {
			return cli.InputError("--class %s: there is no such class of problem; there are: %s", class, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
}

// nothingRead says why of each file.
func nothingRead(files []intake.File) error {
	var all error
	for _, f := range files {
		all = errors.Join(all, fmt.Errorf("%s: %s", f.Name, cmp.Or(f.Error, "there is nothing in it")))
	}
	return cli.AsInputError(all)
}

// doubtful reports whether something is not as it should be.
func (i importedCase) doubtful() bool {
	return len(i.Missing) > 0 || slices.ContainsFunc(i.Files, func(f intake.File) bool {
		return f.Error != "" || slices.ContainsFunc(f.Parts, func(p *intake.Part) bool {
			return len(p.Cut)+p.NotUnderstood+len(p.Contradictions) > 0 || p.Kind == intake.Binary
		})
	}) || slices.ContainsFunc(i.Devices, func(d intake.Device) bool { return len(d.Contradictions) > 0 })
}

// notHad are the files of which the case has not all parts already, under whatever name, and those of which it has.
func notHad(g *intake.Grammar, f cases.Folder, files []intake.File) (fresh []intake.File, had []hadFile, err error) {
	var names []string
	for _, l := range f.Case.Logs {
		names = append(names, f.Abs(l.File))
	}
	has := map[string]string{} // the file of the case, by its digest or that of a part
	keep := func(digest, rel string) {
		if digest != "" && has[digest] == "" {
			has[digest] = rel
		}
	}
	if len(names) > 0 {
		there, err := g.Files(names, intake.Options{})
		if err != nil {
			return nil, nil, err
		}
		for _, file := range there.Files {
			rel, err := f.Rel(file.Name)
			if err != nil {
				return nil, nil, err
			}
			keep(file.SHA256, rel)
			for _, p := range file.Parts {
				keep(p.Digest, rel)
			}
		}
	}
	for _, file := range files {
		h := hadFile{File: file.Name}
		if as := has[file.SHA256]; as != "" {
			h.As = []string{as}
			had = append(had, h)
			continue
		}
		for _, p := range file.Parts {
			if as := has[p.Digest]; as != "" && !slices.Contains(h.As, as) {
				h.As = append(h.As, as)
			}
		}
		all := file.Error == "" && !slices.ContainsFunc(file.Parts, func(p *intake.Part) bool { return has[p.Digest] == "" })
		if len(file.Parts) > 0 && all {
			had = append(had, h)
			continue
		}
		fresh = append(fresh, file)
	}
	return fresh, had, nil
}

// keepImported copies files into a case, with what they say of themselves. One that the case has
// already is left as it is; where one cannot be kept, none is. untimed are those of a time without a zone.
func keepImported(f *cases.Folder, files []intake.File) (kept, untimed []string, err error) {
	var made []string
	err = f.Edit(func(e *cases.Editor) error {
		for _, file := range files {
			if len(file.Parts) == 0 {
				continue
			}
			to := f.Abs(filepath.Join("logs", filepath.Base(file.Name)))
			if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
				made = append(made, to)
			}
			rel, err := f.Keep(file.Name, "logs")
			if err != nil {
				return err
			}
			if slices.Contains(kept, rel) || slices.ContainsFunc(f.Case.Logs, func(l cases.Log) bool { return l.File == rel }) {
				continue
			}
			l, local := logOfImport(rel, file)
			if err := e.Append("logs", l); err != nil {
				return err
			}
			kept = append(kept, rel)
			if local {
				untimed = append(untimed, rel)
			}
		}
		return nil
	})
	if err != nil {
		for _, to := range made {
			if e := os.Remove(to); !errors.Is(e, fs.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
		return nil, nil, err
	}
	if len(kept) == 0 {
		return nil, nil, nil
	}
	return kept, untimed, f.Note(time.Now(), "imported "+strings.Join(kept, ", "))
}

// logOfImport is a file as a case lists it: by what most tells of its parts, and the newest of them. local tells
// that this one names no zone: it is no time that another can be compared with.
func logOfImport(rel string, file intake.File) (l cases.Log, local bool) {
	l.File = rel
	kinds := map[intake.Kind]string{
		intake.TechSupport: "tech-support", intake.SupportBundle: "log", intake.Session: "log", intake.Log: "log",
		intake.Config: "config", intake.Core: "core", intake.Capture: "capture",
	}
	var taken time.Time
	devices := map[string]bool{}
	for _, p := range file.Parts {
		if l.Kind == "" || p.Kind == intake.TechSupport {
			l.Kind = kinds[p.Kind]
		}
		if p.Device != "" {
			devices[p.Device] = true
			l.Node = p.Device
		}
		if p.Taken.After(taken) {
			taken, local = p.Taken, p.Local
		}
	}
	if len(devices) > 1 {
		l.Node = ""
	}
	if !taken.IsZero() && !local {
		l.Taken = taken.UTC().Format(time.RFC3339)
	}
	return l, local
}

// printImported writes what came, for people.
func printImported(w io.Writer, i importedCase, commands bool) {
	for _, f := range i.Files {
		packed := ""
		if f.Packed != "" {
			packed = ", " + f.Packed
		}
		cli.Tell(w, "%s: %d bytes%s", f.Name, f.Bytes, packed)
		if f.Error != "" {
			cli.Tell(w, "  %s", f.Error)
		}
		for _, p := range f.Parts {
			printPart(w, p, commands)
		}
	}
	for _, d := range i.Devices {
		for _, c := range d.Contradictions {
			cli.Tell(w, "%s contradicts itself: %s", cli.OrDash(d.Device), c)
		}
	}
	for _, m := range i.Missing {
		if len(m.Commands) > 0 {
			cli.Tell(w, "missing of %s for %s: %s", cli.OrDash(m.Device), m.Class, strings.Join(m.Commands, ", "))
		}
		if len(m.Refused) > 0 {
			cli.Tell(w, "refused by %s for %s: %s", cli.OrDash(m.Device), m.Class, strings.Join(m.Refused, ", "))
		}
	}
	for _, h := range i.Had {
		cli.Tell(w, "%s is not kept: the case has it already, as %s", h.File, strings.Join(h.As, ", "))
	}
	for _, k := range i.Kept {
		cli.Tell(w, "kept %s", k)
	}
	for _, u := range i.Untimed {
		cli.Tell(w, "%s: its time names no zone that is known, so that the case has none: write it as taken of this log into %s", u, cases.FileName)
	}
}

func printPart(w io.Writer, p *intake.Part, commands bool) {
	at := ""
	if p.Name != "" {
		at = p.Name + ", "
	}
	of := strings.Join(cli.Present(p.Platform, p.Version, p.Model, p.Serial), " ")
	if len(p.Units) > 0 {
		of += " (units " + strings.Join(p.Units, ", ") + ")"
	}
	cli.Tell(w, "  %sline %d: %s of %s: %s, %s, %s", at, p.Line, cmp.Or(string(p.Kind), "not understood"), importedOf(p),
		cmp.Or(of, "platform not known"), importedAge(p), importedCount(p))
	if commands {
		for _, c := range p.Commands {
			slot := ""
			if c.Slot != "" {
				slot = " of slot " + c.Slot
			}
			again := ""
			if c.Again {
				again = ", the same as before"
			}
			cli.Tell(w, "    %6d  %s%s: %s%s", c.Line, c.Command, slot, c.Status, again)
		}
	}
	if p.SameAs != "" {
		cli.Tell(w, "    the same as %s", p.SameAs)
	}
	for _, c := range p.Cut {
		cli.Tell(w, "    not whole: %s", c)
	}
	if p.Unknown != "" {
		cli.Tell(w, "    whole or not: %s", p.Unknown)
	}
	for _, c := range p.Contradictions {
		cli.Tell(w, "    contradicts itself: %s", c)
	}
	if n := p.Cleaned; n != (intake.Cleaned{}) {
		cli.Tell(w, "    taken out: %d lines coloured, %d pagers, %d written over, %d of a log between others", n.Colours, n.Pagers, n.Overwritten, n.Interleaved)
	}
	if p.NotUnderstood > 0 {
		cli.Tell(w, "    not understood: %s", cli.Plural(p.NotUnderstood, "line"))
	}
	for _, e := range p.Examples {
		cli.Tell(w, "      line %d: %s", e.Line, cli.FirstLine(e.Text, 100))
	}
}

// importedOf is whom a part is of.
func importedOf(p *intake.Part) string {
	const shown = 5
	switch more := len(p.Hosts) - shown; {
	case p.Device != "":
		return p.Device
	case len(p.Hosts) == 0:
		return "a device that it does not name"
	case more > 0:
		return fmt.Sprintf("several devices (%s and %d more)", strings.Join(p.Hosts[:shown], ", "), more)
	default:
		return fmt.Sprintf("several devices (%s)", strings.Join(p.Hosts, ", "))
	}
}

func importedCount(p *intake.Part) string {
	if p.Kind == intake.Capture {
		return cli.Plural(p.Frames, "frame")
	}
	return fmt.Sprintf("%s in %s", cli.Plural(len(p.Commands)+p.More, "command"), cli.Plural(p.Lines, "line"))
}

func importedAge(p *intake.Part) string {
	if p.Taken.IsZero() {
		return "of a time that it does not tell"
	}
	zone := " UTC"
	if p.Local {
		zone = ", no zone named"
		if p.Zone != "" {
			zone = fmt.Sprintf(", in a zone %s that is not known", p.Zone)
		}
	}
	age := "in the future"
	if days := int(p.Age.Hours()) / 24; days >= 2 {
		age = fmt.Sprintf("%d days old", days)
	} else if p.Age >= 0 {
		age = p.Age.Round(time.Minute).String() + " old"
	}
	return fmt.Sprintf("%s%s (%s), %s", p.Taken.Format("2006-01-02 15:04"), zone, p.From, age)
}
