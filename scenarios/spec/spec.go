// Package spec holds requirements: what a specification asks for, by section and level, in our own
// words. Tests and scenarios refer to them by name, as rfc2328/10.5-hello-interval: the file, and
// the requirement in it. The files that come with the program are in scenarios/suites/requirements;
// somebody's own lie beside the suite or the scenario that refers to them.
//
// Non-goals: the texts of specifications, and whole ones: a file holds what somebody tests.
package spec

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/scenarios/suites"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Requirement is a sentence of a specification.
type Requirement struct {
	ID       string `yaml:"id"`      // with the name of its file before it
	Section  string `yaml:"section"` // 10.5
	Level    string `yaml:"level"`   // MUST, SHOULD, MAY
	Text     string `yaml:"text"`
	Document string `yaml:"-"` // RFC 2328
}

// Place is where the specification says so: RFC 2328 section 10.5.
func (r Requirement) Place() string { return r.Document + " section " + r.Section }

// CitedBy reports whether a reference is to where the specification says so, whatever it says besides: RFC 2328 section
// 10.5 (MUST): …, and not section 10.50 or 10.5.1.
func (r Requirement) CitedBy(reference string) bool {
	rest, ok := strings.CutPrefix(reference, r.Place())
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " ,;:("))
}

// String is the requirement in a sentence, with its level.
func (r Requirement) String() string { return r.Text + " (" + r.Level + ")" }

// levels of requirements, as RFC 2119 has them. ISO and IEEE standards say shall for MUST.
func levels() []string { return []string{"MUST", "SHOULD", "MAY"} }

// file is a file of requirements.
type file struct {
	Document     string        `yaml:"document"`
	Title        string        `yaml:"title"`
	Requirements []Requirement `yaml:"requirements"`
}

// folder is where the requirements that come with the program lie.
const folder = "requirements"

// Names gives the files of requirements that come with the program, without their ending.
func Names() []string { return suites.Requirements() }

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)

// Read gives the requirements of one file by its name: that of beside, which reads a file by its name
// and may be nil, or else one that comes with the program. The error is fs.ErrNotExist where there is neither.
func Read(name string, beside func(name string) ([]byte, error)) (reqs []Requirement, data []byte, problems yamlpos.Problems, err error) {
	name = strings.TrimSuffix(path.Base(name), suffix)
	if !namePattern.MatchString(name) {
		return nil, nil, nil, fs.ErrNotExist
	}
	err = fs.ErrNotExist
	if beside != nil {
		data, err = beside(name + suffix)
	}
	if errors.Is(err, fs.ErrNotExist) {
		data, err = suites.Files.ReadFile(path.Join(folder, name+suffix))
	}
	if err != nil {
		return nil, nil, nil, err
	}
	reqs, problems = parse(name+suffix, data)
	return reqs, data, problems, nil
}

const suffix = ".yaml"

// Find gives a requirement by its name. The error says what there is.
func Find(id string, beside func(name string) ([]byte, error)) (Requirement, error) {
	name, _, ok := strings.Cut(id, "/")
	if !ok {
		return Requirement{}, &UnknownError{id, "write FILE/REQUIREMENT, such as rfc2328/10.5-hello-interval"}
	}
	reqs, _, problems, err := Read(name, beside)
	if err != nil {
		hint := yamlpos.Suggest(name, Names())
		if hint == "" {
			hint = "there are " + strings.Join(Names(), ", ")
		}
		return Requirement{}, &UnknownError{id, hint}
	}
	if faults := problems.Faults(); faults != nil {
		return Requirement{}, faults
	}
	i := slices.IndexFunc(reqs, func(r Requirement) bool { return r.ID == id })
	if i < 0 {
		var known []string
		for _, r := range reqs {
			known = append(known, r.ID)
		}
		return Requirement{}, &UnknownError{id, yamlpos.Suggest(id, known)}
	}
	return reqs[i], nil
}

// UnknownError says that there is no such requirement.
type UnknownError struct{ ID, Hint string }

func (e *UnknownError) Error() string { return "no requirement " + strings.TrimSpace(e.ID) }

// parse reads a file of requirements.
func parse(name string, data []byte) ([]Requirement, yamlpos.Problems) {
	doc := yamlpos.Parse(name, data)
	if doc.Root == nil {
		return nil, doc.Problems
	}
	var f file
	doc.Decode(&f)
	if f.Document == "" {
		doc.Faultf("document", "such as RFC 2328", "the requirements are of no document")
	}
	seen := map[string]bool{}
	for i := range f.Requirements {
		r, at := &f.Requirements[i], yamlpos.Index("requirements", i)
		switch {
		case r.ID == "" || seen[r.ID]:
			doc.Faultf(at, "", "a requirement needs an id of its own, and has %q", r.ID)
		case !slices.Contains(levels(), r.Level):
			doc.Faultf(at+".level", strings.Join(levels(), ", "), "%q is no level", r.Level)
		case r.Section == "" || r.Text == "":
			doc.Faultf(at, "", "%s needs a section and a text", r.ID)
		}
		seen[r.ID] = true
		r.ID, r.Document = strings.TrimSuffix(name, suffix)+"/"+r.ID, f.Document
	}
	doc.Problems.Sort()
	return f.Requirements, doc.Problems
}
