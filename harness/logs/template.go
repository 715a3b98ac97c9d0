package logs

import (
	"cmp"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Template is what lines of one message have in common. Its ID comes from its text alone, so that it
// is the same in every run, in every order of reading, on every machine.
type Template struct {
	ID string `json:"id"`
	// Key is the vendor's own name of the message, or else the program.
	Key  string `json:"key,omitempty"`
	Text string `json:"text"` // masked
}

// String is the template for people.
func (t Template) String() string {
	if t.Key == "" {
		return t.Text
	}
	return t.Key + ": " + t.Text
}

// NewTemplate makes the template of a key and a masked text.
func NewTemplate(key, masked string) Template {
	sum := sha256.Sum256([]byte(key + "\x00" + masked))
	return Template{ID: hex.EncodeToString(sum[:6]), Key: key, Text: masked}
}

// keyOf is under what a line is known: by the vendor, or else by its program.
func keyOf(l *Line) string {
	if l.Mnemonic != "" {
		return l.Mnemonic
	}
	return l.Program
}

// MaxTemplates is how many templates a [Set] holds without another bound.
const MaxTemplates = 100_000

// Set gives lines their templates, and remembers those it met last: the bound is on memory, not on
// how many there are. A Set is not safe for use from several goroutines.
type Set struct {
	most    int
	byText  map[string]*list.Element
	recent  *list.List // of *Template, the last met first
	Dropped int        // forgotten for want of room; met again, they get the same ID
	key     []byte
}

// NewSet makes a set of at most so many templates; MaxTemplates for 0.
func NewSet(most int) *Set {
	if most <= 0 {
		most = MaxTemplates
	}
	return &Set{most: most, byText: map[string]*list.Element{}, recent: list.New()}
}

// Of is the template of a line.
func (s *Set) Of(l *Line) *Template {
	key, masked := keyOf(l), Mask(l.Text)
	s.key = append(append(append(s.key[:0], key...), 0), masked...)
	if e, ok := s.byText[string(s.key)]; ok {
		if s.recent.Len() == s.most {
			s.recent.MoveToFront(e)
		}
		return e.Value.(*Template)
	}
	if s.recent.Len() >= s.most {
		last := s.recent.Back()
		old := last.Value.(*Template)
		s.recent.Remove(last)
		delete(s.byText, old.Key+"\x00"+old.Text)
		s.Dropped++
	}
	t := NewTemplate(strings.Clone(key), masked)
	s.byText[string(s.key)] = s.recent.PushFront(&t)
	return &t
}

// Len is how many templates the set holds.
func (s *Set) Len() int { return s.recent.Len() }

// Templates are those that the set holds, by key and text.
func (s *Set) Templates() []Template {
	all := make([]Template, 0, s.recent.Len())
	for e := s.recent.Front(); e != nil; e = e.Next() {
		all = append(all, *e.Value.(*Template))
	}
	slices.SortFunc(all, byText)
	return all
}

func byText(a, b Template) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text))
}

// Drain's usual settings.
const (
	similar     = 0.4 // the share of words that are the same
	treeDepth   = 4   // of which two levels are words; the others are key and length
	maxChildren = 100
	wildcard    = "<*>"
)

// Cluster is several templates that differ in a few words.
type Cluster struct {
	Template // with <*> where they differ
	Members  []Template
}

// Clusters joins templates of one key that differ in a few words (He, Zhu, Zheng and Lyu, "Drain",
// ICWS 2017): those of equal length, under the same first words, of which four tenths of the words are
// the same. It goes through them in the order of their text, so that the same templates
// always give the same clusters. Those of one template alone are left out.
func Clusters(templates []Template) []Cluster {
	templates = slices.SortedFunc(slices.Values(templates), byText)
	root := &branch{}
	var all []*leaf
	for _, t := range templates {
		words := strings.Fields(t.Text)
		at := root.to(t.Key, maxInt).to(strconv.Itoa(len(words)), maxInt)
		for i := 0; i < treeDepth-2 && i < len(words); i++ {
			at = at.to(words[i], maxChildren)
		}
		best := at.closest(words)
		if best == nil {
			best = &leaf{key: t.Key, words: words}
			at.leaves = append(at.leaves, best)
			all = append(all, best)
		}
		best.add(t, words)
	}
	var clusters []Cluster
	for _, l := range all {
		if len(l.members) > 1 {
			clusters = append(clusters, Cluster{Template: NewTemplate(l.key, strings.Join(l.words, " ")), Members: l.members})
		}
	}
	return clusters
}

const maxInt = int(^uint(0) >> 1)

type branch struct {
	children map[string]*branch
	leaves   []*leaf
}

// to is the branch for a word; beyond the bound, and for masked words, that for all others.
func (b *branch) to(word string, most int) *branch {
	if most == maxChildren && strings.HasPrefix(word, "<") {
		word = wildcard
	}
	if next, ok := b.children[word]; ok {
		return next
	}
	if len(b.children) >= most-1 {
		word = wildcard
		if next, ok := b.children[word]; ok {
			return next
		}
	}
	if b.children == nil {
		b.children = map[string]*branch{}
	}
	next := &branch{}
	b.children[word] = next
	return next
}

// closest is the leaf with the most words in common, nil where none has enough.
func (b *branch) closest(words []string) *leaf {
	var best *leaf
	most := -1.0
	for _, l := range b.leaves {
		same := 0
		for i, w := range l.words {
			if w == words[i] {
				same++
			}
		}
		share := 1.0
		if len(words) > 0 {
			share = float64(same) / float64(len(words))
		}
		if share >= similar && share > most {
			best, most = l, share
		}
	}
	return best
}

type leaf struct {
	key     string
	words   []string
	members []Template
}

// add takes a template in: where its words are others, there is a wildcard from now on.
func (l *leaf) add(t Template, words []string) {
	for i, w := range words {
		if l.words[i] != w {
			l.words[i] = wildcard
		}
	}
	l.members = append(l.members, t)
}
