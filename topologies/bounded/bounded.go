// Package bounded keeps what a node, a guest or any other program says, and never more of it than
// was asked for.
//
// Who says it may be hostile or broken and say it without end. What is over the bound is taken and
// forgotten, so that the speaker comes to its own end, or to that of its time: how long it may speak
// is for its context to say.
//
// It is a leaf: whoever runs programs on nodes uses it.
package bounded

import (
	"bytes"
	"strings"
	"sync"
)

// Words bounds in bytes what a program says about its failure.
const Words = 16 << 10

// First keeps the first bytes that are written to it.
type First struct {
	mu   sync.Mutex
	most int
	kept []byte
	over bool
}

// NewFirst makes one that keeps most bytes.
func NewFirst(most int) *First { return &First{most: most} }

// Write takes all of p; it never fails.
func (f *First) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	room := f.most - len(f.kept)
	f.over = f.over || len(p) > room
	f.kept = append(f.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// Over says whether there was more than is kept.
func (f *First) Over() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// Bytes gives what is kept. It is the caller's once nobody writes any more.
func (f *First) Bytes() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept
}

func (f *First) String() string { return string(f.Bytes()) }

// Trimmed gives what is kept without the space around it, for an error.
func (f *First) Trimmed() string { return strings.TrimSpace(f.String()) }

// Last keeps the last bytes that are written to it: the words of a program that has ended.
type Last struct {
	mu   sync.Mutex
	most int
	kept []byte
	over bool
}

// NewLast makes one that keeps most bytes.
func NewLast(most int) *Last { return &Last{most: most} }

// Write takes all of p; it never fails.
func (l *Last) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := p[max(0, len(p)-l.most):]
	if extra := len(l.kept) + len(tail) - l.most; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
		l.over = true
	}
	l.over = l.over || len(tail) < len(p)
	l.kept = append(l.kept, tail...)
	return len(p), nil
}

// Lines gives the whole lines of what is kept: a secret that is cut in two is none that can be found.
func (l *Last) Lines() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.kept
	if l.over {
		_, kept, _ = bytes.Cut(kept, []byte("\n"))
	}
	return string(bytes.ToValidUTF8(kept, nil))
}

// String gives what is kept, without the space around it and without half a character.
func (l *Last) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(bytes.ToValidUTF8(l.kept, nil)))
}
