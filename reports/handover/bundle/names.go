package bundle

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/reprise-lab/reprise/topologies/origin"
)

// Bounds of a name, in bytes.
const (
	maxName = 1024
	maxElem = 255
)

// checkName tells why a name may not be one of a bundle.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return fmt.Errorf("a name of %d bytes", len(name))
	case !utf8.ValidString(name):
		return fmt.Errorf("name %q is no UTF-8", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r == '\\' || unicode.IsControl(r) || r == utf8.RuneError }):
		return fmt.Errorf("name %q holds a backslash or a control character", name)
	case path.IsAbs(name) || path.Clean(name) != name || name == "." || name == ".." || strings.HasPrefix(name, "../"):
		return fmt.Errorf("name %q is no clean path within the bundle", name)
	}
	for elem := range strings.SplitSeq(name, "/") {
		if len(elem) > maxElem {
			return fmt.Errorf("name %q has a part of %d bytes", name, len(elem))
		}
	}
	return nil
}

// checkNames checks the names of a list of files: sorted, and different from each other,
// also where case does not count and where one would be the folder of another.
func checkNames(files []File) error {
	folded := make(map[string]string, len(files))
	folders := map[string]string{}
	last := ""
	for _, f := range files {
		if err := checkName(f.Path); err != nil {
			return err
		}
		if f.Path <= last {
			return fmt.Errorf("%q is not in its order, or twice", f.Path)
		}
		last = f.Path
		key := fold(f.Path)
		if first, _, _ := strings.Cut(key, "/"); key == manifestName || key == signatureName || first == origin.FileName {
			return fmt.Errorf("%q is the bundle's own name", f.Path)
		}
		if other, ok := folded[key]; ok {
			return fmt.Errorf("%q and %q are one name where case does not count", other, f.Path)
		}
		folded[key] = f.Path
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			key := fold(dir)
			if other, ok := folders[key]; ok {
				if other != dir {
					return fmt.Errorf("the folders %q and %q are one name where case does not count", other, dir)
				}
				break // its own parents are known with it
			}
			folders[key] = dir
		}
	}
	for key, dir := range folders {
		if other, ok := folded[key]; ok {
			return fmt.Errorf("%q is a file, and %q the folder of others", other, dir)
		}
	}
	return nil
}

func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// ErrNotBundle is returned for a file that does not begin like a bundle.
var ErrNotBundle = errors.New("no bundle: neither tar.zst, zip nor age begins like this")

// DamagedError tells that the bytes of a bundle are not what its writer wrote.
type DamagedError struct {
	What string
	Err  error
}

func (e *DamagedError) Error() string {
	if e.Err != nil {
		return e.What + ": " + e.Err.Error()
	}
	return e.What
}

func (e *DamagedError) Unwrap() error { return e.Err }

func damaged(format string, args ...any) error {
	return &DamagedError{What: fmt.Sprintf(format, args...)}
}

// LimitError tells that a bundle is larger than the reader was told to accept.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return e.What }

// RefusedError tells that what a run is marked with forbids handing it on.
type RefusedError struct{ Run, Mark, Why string }

func (e *RefusedError) Error() string { return fmt.Sprintf("%s may not leave: %s", e.Run, e.Why) }
