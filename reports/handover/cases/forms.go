package cases

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/reprise-lab/reprise/reports/markdown"
)

//go:embed forms/*
var forms embed.FS

// Vendors lists the portals that a form is written for; generic is for those of anybody else.
func Vendors() []string { return []string{"extreme", "cisco", "juniper", "arista", "generic"} }

// VendorOf is the portal of a case's product: its vendor's, where that is named, else the
// one that makes the platform; generic where there is none of them.
func VendorOf(p Product) string {
	for _, words := range []string{p.Vendor, p.Platform} {
		for _, w := range []struct{ vendor, in string }{
			{"extreme", "extreme"},
			{"extreme", "exos"},
			{"extreme", "voss"},
			{"extreme", "fabric engine"},
			{"extreme", "switch engine"},
			{"cisco", "cisco"},
			{"juniper", "juniper"},
			{"juniper", "junos"},
			{"arista", "arista"},
		} {
			if strings.Contains(strings.ToLower(words), w.in) {
				return w.vendor
			}
		}
		if words != "" {
			break // the vendor's name, if there is one, decides
		}
	}
	return "generic"
}

// Escalation is what the texts to paste are written from.
type Escalation struct {
	Case    Case
	Despite string // reason to escalate although duties are unmet
	Owed    []Duty
	Bundle  string // file name
	Digest  string // SHA-256 of the bundle, hexadecimal

	Shown, Control, Lab, Isolated string // one line each
	Steps                         []Step // that are open
	Vendor                        string // what has to be said to the vendor

	// Sealed are the keys that open the bundle, none where anybody can; Signer is the
	// fingerprint of the key that signed it, empty where none did.
	Sealed []string
	Signer string
}

// Product names what the problem was seen on, as far as it is known.
func (e Escalation) Product() string {
	p := e.Case.Product
	var words []string
	for _, w := range []string{p.Vendor, p.Model, p.Platform, p.Version} {
		if w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, " ")
}

// To is whom the form is for, where no portal is known.
func (e Escalation) To() string {
	switch p := e.Case.Product; {
	case p.Vendor != "":
		return p.Vendor
	case p.Platform != "":
		return "whoever makes " + p.Platform
	default:
		return "the vendor"
	}
}

// Reading are the arguments that the vendor's side needs to read the bundle: its own key,
// where it is encrypted, and the signers that it believes, where it is signed.
func (e Escalation) Reading() string {
	args := ""
	if len(e.Sealed) > 0 {
		args += " -i YOUR-KEY"
	}
	if e.Signer != "" {
		args += " --signers PARTNERS"
	}
	return args
}

// Opens tells which key opens the bundle.
func (e Escalation) Opens() string {
	if len(e.Sealed) == 0 {
		return "not encrypted"
	}
	return "encrypted to " + strings.Join(e.Sealed, ", ")
}

// Signed tells who vouches for the bundle: PARTNERS is a file with this key in it.
func (e Escalation) Signed() string {
	if e.Signer == "" {
		return "not signed"
	}
	return "signed with " + e.Signer
}

// Escalate gathers what the texts say.
func Escalate(f Folder, duties []Duty) Escalation {
	e := Escalation{Case: f.Case, Owed: Owed(duties)}
	lead := f.leading(nil) // no path of this machine leaves with a text
	for i := range e.Owed {
		e.Owed[i].Why = lead.Replace(e.Owed[i].Why)
	}
	virtual := false
	runs := inRealTime(f.attach())
	seen := duplicationOf(runs)
	for _, a := range runs {
		switch {
		case a.err != nil, seen.shown != nil && a.text() != seen.shown.text():
		case a.shows():
			e.Shown = rateText(a.rate) + a.info.Clock.Beside()
			e.Lab = fmt.Sprintf("%d nodes (%s), kind %s", len(a.info.Nodes), strings.Join(a.products(), ", "), a.info.Fidelity)
			virtual = virtual || a.info.Fidelity == "vm"
		case a.clean():
			e.Control = fmt.Sprintf("healthy in %d of %d trials", a.rate.Valid-a.rate.Reproduced, a.rate.Valid) + a.info.Clock.Beside()
		}
	}
	for _, d := range duties {
		if d.ID == DutyIsolate && d.Met == Yes {
			e.Isolated = d.Why
		}
	}
	for _, s := range f.Case.Plan {
		if s.State == "" || s.State == "open" {
			e.Steps = append(e.Steps, s)
		}
	}
	if p := f.Case.Product.Platform; virtual && slices.Contains([]string{"exos", "voss"}, p) {
		e.Vendor = "reproduced on a virtual switch, which GTAC does not support officially"
	}
	return e
}

// Severity says a severity in words.
func Severity(n int) string {
	return map[int]string{1: "network down", 2: "severely degraded", 3: "impaired", 4: "question"}[n]
}

func functions() template.FuncMap {
	return template.FuncMap{
		"severity": Severity,
		"upper":    strings.ToUpper,
		"add":      func(a, b int) int { return a + b },
		"list": func(list []string) string {
			if len(list) == 0 {
				return "-"
			}
			return strings.Join(list, "; ")
		},
		"cell": markdown.Text, // a table ends at a line's end and at a bar
	}
}

func write(w io.Writer, name string, data any) error {
	t, err := template.New(name).Funcs(functions()).ParseFS(forms, path.Join("forms", name))
	if err != nil {
		return fmt.Errorf("read form %s: %w", name, err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return fmt.Errorf("fill form %s: %w", name, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// WriteForm writes the text for a vendor's portal.
func (e Escalation) WriteForm(w io.Writer, vendor string) error {
	if !slices.Contains(Vendors(), vendor) {
		return fmt.Errorf("no form for %q: known are %s", vendor, strings.Join(Vendors(), ", "))
	}
	return write(w, vendor+".txt", e)
}

// WriteSummary writes one page for a manager, as Markdown.
func (e Escalation) WriteSummary(w io.Writer) error { return write(w, "summary.md", e) }

// WritePlan writes the action plan, as Markdown.
func (e Escalation) WritePlan(w io.Writer) error { return write(w, "plan.md", e) }

// WriteSheet writes the nth of the sheets (from 1) with the units that a request takes.
func WriteSheet(w io.Writer, c Case, units []Unit, n, of int, missing []string) error {
	return write(w, "rma.txt", struct {
		Case          Case
		Units         []Unit
		Sheet, Sheets int
		Missing       []string
	}{c, units, n, of, missing})
}
