package guest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

// Files of a guest's folder.
const (
	diskFile   = "disk.qcow2"
	kernelFile = "vmlinuz"
	initrdFile = "initrd"
	metaFile   = "guest.json"
)

// Guest is one guest that was made here.
type Guest struct {
	Ref      string            `json:"ref"`
	Suite    string            `json:"suite"`
	Digest   string            `json:"digest"` // of disk, kernel and initial ramdisk
	Size     int64             `json:"size"`   // bytes of all three
	Recipe   string            `json:"recipe"`
	Mirror   string            `json:"mirror,omitempty"`
	Kernel   string            `json:"kernel"` // release, 6.1.0-50-amd64
	Built    time.Time         `json:"built"`
	Packages map[string]string `json:"packages"` // the switch software, the kernel and the tools
	Current  bool              `json:"current"`  // made by the recipe of this version of the tool
	Dir      string            `json:"dir"`
}

// Disk is the path of the disk, for use as a backing file.
func (g Guest) Disk() string { return filepath.Join(g.Dir, diskFile) }

// KernelFile and Initrd are what boots it.
func (g Guest) KernelFile() string { return filepath.Join(g.Dir, kernelFile) }

// Initrd is the path of the initial ramdisk.
func (g Guest) Initrd() string { return filepath.Join(g.Dir, initrdFile) }

// Store is a folder of guests. It is safe for use by several goroutines and processes.
type Store struct{ dir string }

// NewStore makes a store over a folder, which need not exist.
func NewStore(dir string) *Store { return &Store{dir: dir} }

// List gives the guests, by suite; of one suite the current one first.
func (s *Store) List() ([]Guest, error) {
	metas, err := filepath.Glob(filepath.Join(s.dir, "*", "*", metaFile))
	if err != nil {
		return nil, fmt.Errorf("list guests: %w", err)
	}
	var list []Guest
	for _, path := range metas {
		if strings.HasPrefix(filepath.Base(filepath.Dir(path)), ".") {
			continue // unfinished
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // just removed
		}
		g := Guest{}
		if err == nil {
			err = json.Unmarshal(data, &g)
		}
		if err != nil {
			return nil, fmt.Errorf("read guest %s: %w", filepath.Dir(path), err)
		}
		g.Dir = filepath.Dir(path)
		g.Current = g.Recipe == recipe(g.Suite)
		list = append(list, g)
	}
	slices.SortStableFunc(list, func(a, b Guest) int {
		if a.Suite == b.Suite && a.Current != b.Current {
			return map[bool]int{true: -1, false: 1}[a.Current]
		}
		return slices.Index(Suites(), a.Suite) - slices.Index(Suites(), b.Suite)
	})
	return list, nil
}

// Find gives the guest of a name, made by this version's recipe or, where there is none,
// an older one. One that was never made is a *topologies.MissingError.
func (s *Store) Find(ref string) (Guest, error) {
	list, err := s.List()
	if err != nil {
		return Guest{}, err
	}
	for _, g := range list {
		if g.Ref == ref {
			return g, nil
		}
	}
	return Guest{}, Missing(ref)
}

// Missing is the error for a guest that was never made.
func Missing(ref string) error {
	suite := strings.TrimPrefix(ref, Prefix)
	hint := "known are " + strings.Join(Suites(), ", ") + ": run: reprise images build --guest SUITE"
	if slices.Contains(Suites(), suite) {
		hint = "run: reprise images build --guest " + suite
	}
	return &topologies.MissingError{What: "guest image", Name: ref, Hint: hint}
}

// Remove takes a guest away, of whatever recipe. Machines that run from it run on.
func (s *Store) Remove(ref string) error {
	list, err := s.List()
	if err != nil {
		return err
	}
	found := false
	var errs []error
	for _, g := range list {
		if g.Ref == ref {
			found = true
			errs = append(errs, os.RemoveAll(g.Dir))
		}
	}
	if !found {
		return Missing(ref)
	}
	return errors.Join(errs...)
}
