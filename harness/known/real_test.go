package known_test

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// label is what a reader says of an entry of a real document.
type label struct {
	status             known.Status
	version, component string
}

// realSets are what documents were for: testdata/real/README.md.
var realSets = []string{"made from", "held back"}

// labels are those of one document. How they are written says testdata/real/README.md.
type labels struct {
	name, repository, commit, sha256, kind, set string

	first, last int
	entries     map[int]label
	either      map[int]bool
}

func readLabels(file string) (labels, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return labels{}, err
	}
	l := labels{name: strings.TrimSuffix(filepath.Base(file), ".labels"), entries: map[int]label{}, either: map[int]bool{}}
	for s := bufio.NewScanner(strings.NewReader(string(data))); s.Scan(); {
		word, rest, _ := strings.Cut(s.Text(), " ")
		bad := fmt.Errorf("%s: %q is no label", file, s.Text())
		switch word {
		case "repository":
			l.repository = rest
		case "commit":
			l.commit = rest
		case "sha256":
			l.sha256 = rest
		case "kind":
			l.kind = rest
		case "set":
			l.set = rest
		case "files", "git":
		case "lines":
			if _, err := fmt.Sscanf(rest, "%d-%d", &l.first, &l.last); err != nil {
				return l, bad
			}
		default:
			head, list, ok := strings.Cut(s.Text(), ": ")
			if !ok {
				return l, bad
			}
			of, version, _ := strings.Cut(head, " ")
			for entry := range strings.FieldsSeq(list) {
				at, component, _ := strings.Cut(entry, "=")
				n, err := strconv.Atoi(at)
				if err != nil || l.either[n] || l.entries[n].status != "" || n < 1 || n > l.last-l.first+1 {
					return l, fmt.Errorf("%w: line %s", bad, at)
				}
				switch of {
				case "fixed":
					l.entries[n] = label{known.StatusResolved, version, component}
				case "open":
					l.entries[n] = label{known.StatusOpen, version, component}
				case "either":
					l.either[n] = true
				default:
					return l, bad
				}
			}
		}
	}
	if len(l.commit) != 40 || len(l.sha256) != 64 || l.kind == "" || !slices.Contains(realSets, l.set) || l.repository == "" || len(l.entries) == 0 {
		return l, fmt.Errorf("%s does not say all that it must", file)
	}
	return l, nil
}

func allLabels(t *testing.T) []labels {
	t.Helper()
	files, err := filepath.Glob("testdata/real/*.labels")
	if err != nil {
		t.Fatal(err)
	}
	var all []labels
	for _, f := range files {
		l, err := readLabels(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l)
	}
	return all
}

// TestLabels: the labels are of at least twelve real documents of several kinds that rules were made from, and of as many
// that were labelled before the program was asked.
func TestLabels(t *testing.T) {
	kinds, sets, entries := map[string]int{}, map[string]int{}, 0
	for _, l := range allLabels(t) {
		kinds[l.kind]++
		sets[l.set]++
		entries += len(l.entries)
	}
	if len(kinds) < 6 || sets["made from"] < 12 || sets["held back"] < 12 || entries < 700 {
		t.Errorf("%v, %v, %d entries", kinds, sets, entries)
	}
}

// TestRealDocuments holds what is read of real documents against their labels, and prints precision and recall. Their texts
// are not ours: REPRISE_NOTES names a folder that somebody put them into.
func TestRealDocuments(t *testing.T) {
	folder := os.Getenv("REPRISE_NOTES")
	if folder == "" {
		t.Skip("REPRISE_NOTES names no folder with the texts") //nolint:forbidigo // the texts are not ours to ship
	}
	sums := map[string]*score{}
	add := func(name string, s score) {
		if sums[name] == nil {
			sums[name] = &score{}
		}
		sums[name].hits, sums[name].read, sums[name].there = sums[name].hits+s.hits, sums[name].read+s.read, sums[name].there+s.there
	}
	for _, set := range realSets {
		add(set, score{})
	}
	t.Logf("%-10s %-26s %-13s %s", "set", "document", "precision / recall", "of what was read and is there: other version, status, component")
	for _, l := range allLabels(t) {
		text, err := os.ReadFile(filepath.Join(folder, l.name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != l.sha256 {
			t.Fatalf("%s is another text than the labels are of", l.name)
		}
		d, err := known.ReadDocument(l.name, text, known.ReadOptions{Products: products(t)})
		if err != nil {
			t.Fatal(err)
		}
		s, other := l.judge(t, d)
		t.Logf("%-10s %-26s %s of %3d, other: %v", l.set, l.name, s, s.there, other)
		add(l.set, s)
		add(l.set+", "+l.kind, s)
	}
	for _, name := range slices.Sorted(mapKeys(sums)) {
		t.Logf("%-37s %s of %3d", name, sums[name], sums[name].there)
	}
	const floor = 0.9
	for _, set := range realSets {
		if s := sums[set]; s.precision() < floor || s.recall() < floor {
			t.Errorf("%s: %s, the floor is %.2f", set, s, floor)
		}
	}
}

// judge counts what of a document was read as its reader does, and where that has another version, status or component.
func (l labels) judge(t *testing.T, d known.Document) (s score, other [3]int) {
	t.Helper()
	s.there = len(l.entries)
	got := map[int]bool{}
	for _, i := range d.Issues {
		n := i.Source.Line
		want, ok := l.entries[n]
		got[n] = true
		switch {
		case l.either[n]:
			continue
		case !ok:
			s.read++
			t.Logf("%s:%d: %q is no fault", l.name, n, i.Title)
			continue
		}
		s.read++
		s.hits++
		version := ""
		if len(i.Fixed) > 0 {
			version = i.Fixed[0].Version
		} else if len(i.Found) > 0 {
			version = cmp.Or(i.Found[0].From, i.Found[0].To)
		}
		for k, differs := range []bool{version != want.version, i.Status != want.status, want.component != "" && strings.ReplaceAll(i.Feature, " ", "_") != want.component} {
			if differs {
				other[k]++
				t.Logf("%s:%d: %q: version %q, %s, component %q; want %+v", l.name, n, i.Title, version, i.Status, i.Feature, want)
			}
		}
	}
	for n := range l.entries {
		if !got[n] {
			t.Logf("%s:%d was not read", l.name, n)
		}
	}
	return s, other
}
