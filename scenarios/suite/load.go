package suite

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/scenarios/spec"
	"github.com/reprise-lab/reprise/scenarios/suites"
	"github.com/reprise-lab/reprise/topologies/plain"
	"github.com/reprise-lab/reprise/topologies/version"
	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Bounds of a suite.
const (
	maxText  = yamlpos.MaxBytes // bytes of one file
	maxFiles = 200
	maxTests = 1000
)

// fileName is the file of a suite in its folder.
const fileName = "suite.yaml"

// requirementsDir stands before files of requirements in a digest.
const requirementsDir = "requirements/"

// Load reads the suite in a folder, or one of those that come with the program by its name. The
// error is a yamlpos.Problems with every fault found, or the reason why it cannot be read at all.
func Load(name string) (*Suite, error) {
	dir, err := folder(name)
	if err != nil {
		return nil, err
	}
	l := &loader{open: dir, suite: &Suite{platforms: map[string]*platform{}, texts: map[string]string{}, requirements: map[string][]byte{}}, read: map[string][]byte{}}
	if l.dir = name; filepath.Base(name) == fileName {
		l.dir = filepath.Dir(name)
	}
	doc := l.yaml(fileName)
	if doc == nil {
		l.problems = l.placed()
		return nil, l.err()
	}
	doc.Decode(&l.suite.file)
	l.settle(doc)
	doc.Problems.Sort()
	l.problems = append(l.problems, doc.Problems...)
	l.problems = l.placed()
	l.suite.Warnings = l.problems.Warnings()
	return l.suite, l.err()
}

// placed gives the problems with their files as the suite's folder was named.
func (l *loader) placed() yamlpos.Problems {
	out := slices.Clone(l.problems)
	for i := range out {
		out[i].File = filepath.Join(l.dir, out[i].File)
	}
	return out
}

// reader reads one file of a suite's folder, and nothing outside it.
type reader func(name string) ([]byte, error)

// folder finds a suite on disk, or else among those that come with the program.
func folder(name string) (reader, error) {
	if filepath.Base(name) == fileName {
		name = filepath.Dir(name)
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return func(file string) ([]byte, error) {
			root, err := os.OpenRoot(name)
			if err != nil {
				return nil, err
			}
			defer root.Close() //nolint:errcheck // read only
			return plain.ReadBy(root.OpenFile, file, maxText)
		}, nil
	}
	shipped := suites.Names()
	if !slices.Contains(shipped, name) {
		return nil, fmt.Errorf("%s is no folder with a %s, nor a suite that comes with the program (%s)", name, fileName, strings.Join(shipped, ", "))
	}
	return func(file string) ([]byte, error) { return suites.Files.ReadFile(path.Join(name, file)) }, nil
}

// loader reads a suite with its files.
type loader struct {
	dir      string // the suite's folder, as it was named
	open     reader
	suite    *Suite
	read     map[string][]byte // every file, for the digest
	problems yamlpos.Problems
	broken   []error // that have no place
}

func (l *loader) err() error {
	if len(l.broken) > 0 {
		return errors.Join(l.broken...)
	}
	if faults := l.problems.Faults(); faults != nil {
		return faults
	}
	return nil
}

// text reads a file beside the suite.
func (l *loader) text(name string) ([]byte, error) {
	name = path.Clean(name)
	if data, ok := l.read[name]; ok {
		return data, nil
	}
	if len(l.read) >= maxFiles {
		return nil, fmt.Errorf("a suite has at most %d files", maxFiles)
	}
	data, err := l.open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	l.read[name] = data
	return data, nil
}

// yaml parses a file beside the suite; nil where that cannot be, which is told.
func (l *loader) yaml(name string) *yamlpos.Doc {
	data, err := l.text(name)
	if err != nil {
		l.broken = append(l.broken, err)
		return nil
	}
	doc := yamlpos.Parse(name, data)
	if doc.Root == nil {
		l.problems = append(l.problems, doc.Problems...)
		return nil
	}
	return doc
}

// part decodes what stands in place, or in the file that is named there.
func (l *loader) part(d *yamlpos.Doc, r raw, into any, at string) (*yamlpos.Doc, string) {
	if r.node.Kind != yaml.ScalarNode {
		d.Value(r.node, into, at)
		return d, at
	}
	doc := l.yaml(r.node.Value)
	if doc == nil {
		return nil, ""
	}
	doc.Decode(into)
	return doc, ""
}

// keep takes over what was found wrong with a file of its own.
func (l *loader) keep(doc, of *yamlpos.Doc) {
	if doc != nil && doc != of {
		doc.Problems.Sort()
		l.problems = append(l.problems, doc.Problems...)
	}
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

const idHint = "lower-case letters, digits and dashes, at most 63"

// CheckID reports why a suite cannot have an id; nil where it can.
func CheckID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("%q cannot be an id: %s", id, idHint)
	}
	return nil
}

// settle turns the file into the suite.
func (l *loader) settle(d *yamlpos.Doc) {
	s, f := l.suite, &l.suite.file
	s.ID, s.Title, s.Labels = f.ID, f.Title, f.Labels
	if f.Reprise != Version {
		d.Faultf("reprise", "begin the file with reprise: "+Version, "format version %q", f.Reprise)
	}
	if !idPattern.MatchString(f.ID) {
		d.Faultf("id", idHint, "%q cannot be an id", f.ID)
	}
	if strings.TrimSpace(f.Title) == "" {
		d.Faultf("title", "say what is tested in one line", "the suite has no title")
	}
	l.platforms(d)
	l.roles(d)
	l.names(d)
	if f.Reference != "" {
		var err error
		if s.Reference, err = l.subject(f.Reference); err != nil {
			d.Faultf("reference", "", "%v", err)
		}
	}
	l.requirements(d)
	l.tests(d)
	l.deviations(d)
	l.choices(d, "exclude", f.Exclude)
	l.choices(d, "weights", f.Weights)
	for i, row := range f.Combinations.list {
		for role, subject := range row {
			l.known(d, yamlpos.Index("combinations", i), role, subject)
		}
	}
	s.Digest = l.digest()
}

// digest is over the names and the contents of the files.
func (l *loader) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(l.read)) {
		fmt.Fprintf(h, "%d %s %d\n", len(name), name, len(l.read[name]))
		h.Write(l.read[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (l *loader) platforms(d *yamlpos.Doc) {
	for _, name := range slices.Sorted(maps.Keys(l.suite.file.Platforms)) {
		at := yamlpos.Join("platforms", name)
		p := &platform{}
		doc, in := l.part(d, l.suite.file.Platforms[name], p, at)
		if doc == nil {
			continue
		}
		if p.Platform == "" {
			doc.Faultf(yamlpos.Join(in, "platform"), "frr, bird, ovs, linux, tester …", "%s names no driver", name)
		}
		if p.Config != "" && !strings.Contains(p.Config, "\n") {
			data, err := l.text(p.Config)
			if err != nil {
				doc.Faultf(yamlpos.Join(in, "config"), "a file beside the suite, or the text itself", "%v", err)
			}
			p.Config = string(data)
		}
		l.beside(doc, yamlpos.Join(in, "scenario.files"), p)
		for i, lack := range p.Lacks {
			where := yamlpos.Index(yamlpos.Join(in, "lacks"), i)
			l.versions(doc, where, lack.Versions)
			if len(lack.Tests) == 0 {
				doc.Faultf(where+".tests", `names, or patterns: ["*"] is every test`, "say which tests these versions are not for")
			}
			if lack.Why == "" {
				doc.Faultf(where+".why", "", "say what these versions lack")
			}
		}
		l.suite.platforms[name] = p
		l.keep(doc, d)
	}
}

// beside reads the files that a platform has put into its nodes, where they are named.
func (l *loader) beside(d *yamlpos.Doc, at string, p *platform) {
	files := child(p.Scenario.node, "files")
	for i := 0; files != nil && i+1 < len(files.Content); i += 2 {
		name := path.Clean(files.Content[i+1].Value)
		if strings.Contains(name, "\n") {
			continue
		}
		data, err := l.text(name)
		if err != nil {
			d.Faultf(at, "a file beside the suite, or the text itself", "%v", err)
		}
		l.suite.texts[name] = string(data)
	}
}

func (l *loader) versions(d *yamlpos.Doc, where, text string) {
	if _, err := parseVersions(text); err != nil {
		d.Faultf(where+".versions", `such as "<8.5", or ">=8, <10"`, "%v", err)
	}
}

// roles takes the roles in the order of the file.
func (l *loader) roles(d *yamlpos.Doc) {
	s := l.suite
	for _, name := range keysOf(d.Root, "roles") {
		f, at := s.file.Roles[name], yamlpos.Join("roles", name)
		if !idPattern.MatchString(name) {
			d.Faultf(at, "lower-case letters, digits and dashes", "%q cannot be a role", name)
		}
		role := Role{Name: name, values: f.Values}
		names := f.Subjects.names
		if same := f.Subjects.sameAs; same != "" {
			other, ok := s.file.Roles[same]
			if names = other.Subjects.names; !ok || len(names) == 0 {
				d.Faultf(at, "a list of subjects, or the name of a role that has one", "%q is no role with a list of subjects", same)
			}
		}
		if len(names) == 0 && f.Subjects.sameAs == "" {
			d.Faultf(at, "platform@version, such as frr@10.3", "the role has no subjects")
		}
		for _, n := range names {
			subject, err := l.subject(n)
			if err != nil {
				d.Faultf(at, "", "%v", err)
				continue
			}
			if slices.ContainsFunc(role.Subjects, func(s Subject) bool { return s.Name == n }) {
				d.Faultf(at, "", "%s is there twice", n)
				continue
			}
			role.Subjects = append(role.Subjects, subject)
		}
		s.Roles = append(s.Roles, role)
	}
	if len(s.Roles) == 0 {
		d.Faultf("roles", "such as dut: [frr@10.3]", "the suite has no roles")
	}
}

// names refuses values that templates cannot take by their names: those that are something else there, and two
// that are one there.
func (l *loader) names(d *yamlpos.Doc) {
	written := map[string]string{}
	lists := []values{l.suite.file.Values}
	for _, r := range l.suite.Roles {
		lists = append(lists, r.values)
	}
	for _, name := range slices.Sorted(maps.Keys(l.suite.platforms)) {
		lists = append(lists, l.suite.platforms[name].Values)
	}
	for _, list := range lists {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			in := inTemplates(name)
			if slices.Contains([]string{"role", "platform", "version", "image", "roles", "other"}, in) {
				d.Faultf("values", "give it another name", "a value cannot be called %q: that is the subject's own in templates", name)
			}
			if other, known := written[in]; known && other != name {
				d.Faultf("values", "give one another name", "%q and %q are both .%s in templates", other, name, in)
			}
			written[in] = name
		}
	}
}

// subject reads platform@version.
func (l *loader) subject(name string) (Subject, error) {
	word, v, ok := strings.Cut(name, "@")
	p := l.suite.platforms[word]
	switch {
	case !ok:
		return Subject{}, fmt.Errorf("%q is no subject: write platform@version, such as frr@10.3", name)
	case p == nil:
		return Subject{}, fmt.Errorf("%s: the suite has no platform %q (it has %s)", name, word, strings.Join(slices.Sorted(maps.Keys(l.suite.platforms)), ", "))
	}
	if _, err := version.Parse(v); err != nil {
		return Subject{}, fmt.Errorf("%s: %w", name, err)
	}
	s := Subject{Name: name, Platform: word, Version: v}
	image, err := (&rendering{data: map[string]any{"platform": word, "version": v}, steps: &l.suite.steps}).text(p.Image)
	if err != nil {
		return s, fmt.Errorf("%s: the image: %w", name, err)
	}
	s.Image = image
	return s, nil
}

// keysOf gives the keys of a mapping of the top level in the order of the file.
func keysOf(root *yaml.Node, key string) []string {
	var out []string
	for i := 0; root != nil && i+1 < len(root.Content); i += 2 {
		if v := root.Content[i+1]; root.Content[i].Value == key && v.Kind == yaml.MappingNode {
			for k := 0; k+1 < len(v.Content); k += 2 {
				out = append(out, v.Content[k].Value)
			}
		}
	}
	return out
}

// requirements reads the files of requirements: beside the suite, or those that come with the program.
func (l *loader) requirements(d *yamlpos.Doc) {
	for i, name := range l.suite.file.Requirements {
		if strings.Contains(name, "/") {
			d.Faultf(yamlpos.Index("requirements", i), "a file beside the suite, by its name alone", "%q is in another folder", name)
			continue
		}
		reqs, data, problems, err := spec.Read(name, l.text)
		if err != nil {
			d.Faultf(yamlpos.Index("requirements", i), "a file beside the suite, or one of those that come with the program: "+strings.Join(spec.Names(), ", "), "no requirements %s", name)
			continue
		}
		if file := strings.TrimSuffix(path.Base(name), ".yaml") + ".yaml"; l.read[file] != nil {
			l.suite.requirements[file] = data
		}
		l.read[requirementsDir+path.Base(name)] = data
		l.problems = append(l.problems, problems...)
		l.suite.Requirements = append(l.suite.Requirements, reqs...)
	}
}

// tests reads the tests: in place, or from files that hold a list of them.
func (l *loader) tests(d *yamlpos.Doc) {
	s := l.suite
	for i, r := range s.file.Tests {
		if r.node.Kind == yaml.ScalarNode {
			var list []raw
			doc, _ := l.part(d, r, &list, "")
			if doc == nil {
				continue
			}
			for k, one := range list {
				l.test(doc, one, yamlpos.Index("", k))
			}
			l.keep(doc, d)
			continue
		}
		l.test(d, r, yamlpos.Index("tests", i))
	}
	if len(s.Tests) == 0 && len(l.broken) == 0 {
		d.Faultf("tests", "", "the suite has no tests")
	}
}

func (l *loader) test(d *yamlpos.Doc, r raw, at string) {
	t := &Test{where: fmt.Sprintf("%s:%d", d.File, r.line)}
	d.Value(r.node, t, at)
	s := l.suite
	if len(s.Tests) >= maxTests {
		d.Faultf(at, "", "a suite has at most %d tests", maxTests)
		return
	}
	if !idPattern.MatchString(t.ID) {
		d.Faultf(at, "lower-case letters, digits and dashes, at most 63", "%q cannot be the id of a test", t.ID)
	}
	if first, twice := s.Test(t.ID); twice {
		d.Faultf(at, "the first is in "+first.where, "test %q is there twice", t.ID)
	}
	if t.Title == "" {
		d.Faultf(at, "", "the test has no title")
	}
	if len(t.Expect)+len(t.Symptom)+len(t.Setup) == 0 {
		d.Faultf(at, "", "the test has neither setup, nor expect, nor symptom: it can neither pass nor fail")
	}
	if len(t.Steps) > 0 && len(t.Expect)+len(t.Symptom) == 0 {
		d.Faultf(at, "", "the test does something, and expects nothing of it")
	}
	for part, list := range map[string][]raw{"setup": t.Setup, "expect": t.Expect, "symptom": t.Symptom} {
		l.words(d, yamlpos.Join(at, part), "look", list, func(p *platform) map[string]raw { return p.Looks })
	}
	l.words(d, yamlpos.Join(at, "steps"), "do", t.Steps, func(p *platform) map[string]raw { return p.Does })
	l.words(d, yamlpos.Join(at, "steps"), "look", waits(t.Steps), func(p *platform) map[string]raw { return p.Looks })
	for i, id := range t.Requirements {
		l.oneOf(d, yamlpos.Index(at+".requirements", i), "requirement", id, l.requirementIDs())
	}
	for i, id := range t.After {
		if _, ok := s.Test(id); !ok {
			d.Faultf(yamlpos.Index(at+".after", i), "a test must come after those that it rests on", "no test %q is above", id)
		}
	}
	l.declared(d, at+".values", t.Values)
	for role, v := range t.Roles {
		if _, ok := s.Role(role); !ok {
			d.Faultf(at+".roles", "", "no role %q", role)
		}
		l.declared(d, yamlpos.Join(at+".roles", role), v)
	}
	for name, list := range t.Options {
		l.declared(d, at+".options", values{name: nil})
		if len(list) == 0 {
			d.Faultf(at+".options", "", "option %q has no values", name)
		}
		for i, v := range list {
			if slices.ContainsFunc(list[:i], func(before scalar) bool { return before.text == v.text }) {
				d.Faultf(at+".options", "", "option %q has the value %q twice", name, v.text)
			}
		}
	}
	l.choices(d, at+".only", t.Only)
	l.choices(d, at+".exclude", t.Exclude)
	s.Tests = append(s.Tests, t)
}

// waits gives what steps wait for; nothing for one that does not.
func waits(steps []raw) []raw {
	out := make([]raw, len(steps))
	for i, s := range steps {
		out[i] = raw{node: child(s.node, "wait-for"), line: s.line}
	}
	return out
}

// words refuses looks and actions that no platform says.
func (l *loader) words(d *yamlpos.Doc, at, key string, list []raw, of func(*platform) map[string]raw) {
	var known []string
	for _, p := range l.suite.platforms {
		known = slices.AppendSeq(known, maps.Keys(of(p)))
	}
	slices.Sort(known)
	for i, r := range list {
		if word := child(r.node, key); word != nil {
			l.oneOf(d, yamlpos.Index(at, i), key, word.Value, slices.Compact(known))
		}
	}
}

func (l *loader) requirementIDs() []string {
	var out []string
	for _, r := range l.suite.Requirements {
		out = append(out, r.ID)
	}
	return out
}

func (l *loader) oneOf(d *yamlpos.Doc, at, what, word string, known []string) {
	if !slices.Contains(known, word) {
		d.Faultf(at, yamlpos.Suggest(word, known), "no %s %q", what, word)
	}
}

// declared refuses values that no template can take, since the suite does not name them.
func (l *loader) declared(d *yamlpos.Doc, at string, v values) {
	known := slices.Collect(maps.Keys(l.suite.file.Values))
	for _, r := range l.suite.Roles {
		known = slices.AppendSeq(known, maps.Keys(r.values))
	}
	slices.Sort(known)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if !slices.Contains(known, name) {
			d.Faultf(at, cmp.Or(yamlpos.Suggest(name, known), "name it below values of the suite, with its default"), "no value %q", name)
		}
	}
}

// choices refuses patterns for roles that are none, or that fit no subject.
func (l *loader) choices(d *yamlpos.Doc, at string, list []choice) {
	for i, c := range list {
		for role, pattern := range c.subjects {
			l.known(d, yamlpos.Index(at, i), role, pattern)
		}
	}
}

func (l *loader) known(d *yamlpos.Doc, at, role, pattern string) {
	r, ok := l.suite.Role(role)
	if !ok {
		d.Faultf(at, "", "no role %q", role)
		return
	}
	if _, err := path.Match(pattern, ""); err != nil {
		d.Faultf(at, "", "%q is no pattern", pattern)
		return
	}
	if !slices.ContainsFunc(r.Subjects, func(s Subject) bool { return matchesOne([]string{pattern}, s.Name) }) {
		d.Warnf(at, "", "%q fits no subject of %s", pattern, role)
	}
}

// deviations reads what is known: in place, or from files that hold a list.
func (l *loader) deviations(d *yamlpos.Doc) {
	for i, r := range l.suite.file.Deviations {
		if r.node.Kind == yaml.ScalarNode {
			var list []Deviation
			doc, _ := l.part(d, r, &list, "")
			for k := range list {
				l.deviation(doc, &list[k], yamlpos.Index("", k))
			}
			l.keep(doc, d)
			continue
		}
		var one Deviation
		at := yamlpos.Index("deviations", i)
		d.Value(r.node, &one, at)
		l.deviation(d, &one, at)
	}
}

func (l *loader) deviation(d *yamlpos.Doc, v *Deviation, at string) {
	s := l.suite
	if s.platforms[v.Platform] == nil {
		d.Faultf(at, "", "deviation %q: no platform %q", v.ID, v.Platform)
	}
	l.versions(d, at, v.Versions)
	for i, pattern := range v.Tests {
		if !slices.ContainsFunc(s.Tests, func(t *Test) bool { return matchesOne([]string{pattern}, t.ID) }) {
			d.Warnf(yamlpos.Index(at+".tests", i), "", "%q fits no test", pattern)
		}
	}
	for option, pattern := range v.Options {
		known := slices.ContainsFunc(s.Tests, func(t *Test) bool {
			return matchesOne(v.Tests, t.ID) && slices.ContainsFunc(t.Options[option], func(choice scalar) bool { return matchesOne([]string{pattern}, choice.text) })
		})
		if !known {
			d.Faultf(at+".options", "", "deviation %q: no test that it is of has the option %s: %s", v.ID, option, pattern)
		}
	}
	if _, ok := s.Role(v.Role); v.Role != "" && !ok {
		d.Faultf(at, "", "deviation %q: no role %q", v.ID, v.Role)
	}
	if v.ID == "" || v.Reason == "" || len(v.Tests) == 0 {
		d.Faultf(at, "", "a deviation needs an id, a reason and tests")
	}
	if !slices.Contains(expectations(), v.Expect) {
		d.Faultf(at, strings.Join(expectations(), ", "), "deviation %q: a cell cannot come to %q by it", v.ID, v.Expect)
	}
	if !slices.Contains(kinds(), v.Kind) {
		d.Faultf(at, strings.Join(kinds(), ", "), "deviation %q: %q is no kind", v.ID, v.Kind)
	}
	if v.Expires != "" && v.Expiry().IsZero() {
		d.Faultf(at, "as 2027-06-30", "deviation %q: %q is no day", v.ID, v.Expires)
	}
	l.choices(d, at+".with", v.With)
	s.Deviations = append(s.Deviations, *v)
}
