package lab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/topologies"
)

const (
	journalVersion = "journal/v1"
	entryFile      = "entry.json"
	configPrefix   = "config-"
	partPrefix     = "part-" // what is still being written
	dismissedDir   = ".dismissed"
)

// EntryState tells what is on the disk for a device.
type EntryState string

// States of an entry.
const (
	EntryOpen       EntryState = "open"       // the device has to be brought back
	EntryDamaged    EntryState = "damaged"    // the same, and what is needed for it is not whole
	EntryUnfinished EntryState = "unfinished" // left over from before the device was touched, or after it was restored
)

// Entry is the restore point of one device.
type Entry struct {
	Device       string                  `json:"device"`
	Node         string                  `json:"node,omitempty"`
	Run          string                  `json:"run,omitempty"`
	Lease        string                  `json:"lease,omitempty"`
	Owner        string                  `json:"owner,omitempty"`
	RestorePoint topologies.RestorePoint `json:"way-back"` // without Config: that is in ConfigPath
	State        EntryState              `json:"state"`
	// ConfigPath is the file of the running configuration as text.
	ConfigPath string `json:"config-path,omitempty"`
	// Problem says what is wrong, empty for EntryOpen.
	Problem string `json:"problem,omitempty"`
}

// entryJSON is the file entry.json.
type entryJSON struct {
	Reprise      string                  `json:"reprise"`
	Device       string                  `json:"device"`
	Node         string                  `json:"node"`
	Run          string                  `json:"run"`
	Lease        string                  `json:"lease"`
	Owner        string                  `json:"owner"`
	Written      time.Time               `json:"written"`
	Config       string                  `json:"config"` // file beside this one, "" for none
	RestorePoint topologies.RestorePoint `json:"way-back"`
}

// Journal is the folder of open entries: journal/DEVICE/entry.json beside the
// configuration that it names by its digest. Both are written under a temporary name,
// flushed, renamed and the folder flushed, the configuration first: an entry.json that is
// there is whole unless the disk lost it, and then it is named as damaged.
type Journal struct {
	dir  string
	sync func(*os.File) error
}

// Open lists what the journal holds, by device. A folder that holds anything at all is in
// the list.
func (j Journal) Open() ([]Entry, error) {
	dirs, err := os.ReadDir(j.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	var out []Entry
	for _, d := range dirs {
		if !validName(d.Name()) {
			continue
		}
		e, ok, err := j.Entry(d.Name())
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// Entry gives what the journal holds for one device.
func (j Journal) Entry(device string) (e Entry, ok bool, err error) {
	dir := filepath.Join(j.dir, device)
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(files) == 0 {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("read journal of %s: %w", device, err)
	}
	e = Entry{Device: device, State: EntryOpen}
	data, err := os.ReadFile(filepath.Join(dir, entryFile))
	if errors.Is(err, fs.ErrNotExist) {
		e.State, e.Problem = EntryUnfinished, "no entry.json stands beside "+files[0].Name()+": the device was not touched yet, or is restored already"
		return e, true, nil
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("read journal of %s: %w", device, err)
	}
	var f entryJSON
	if err := json.Unmarshal(data, &f); err != nil {
		return e.damaged("entry.json is not whole: %v", err), true, nil
	}
	e.Node, e.Run, e.Lease, e.Owner, e.RestorePoint = f.Node, f.Run, f.Lease, f.Owner, f.RestorePoint
	if f.Reprise != journalVersion || f.Device != device {
		return e.damaged("entry.json is of %q for device %q", f.Reprise, f.Device), true, nil
	}
	if filepath.Base(f.Config) != f.Config {
		return e.damaged("entry.json names no file beside it"), true, nil
	}
	e.ConfigPath = filepath.Join(dir, f.Config)
	if _, err := e.config(); err != nil {
		return e.damaged("%v", err), true, nil
	}
	return e, true, nil
}

func (e Entry) damaged(format string, args ...any) Entry {
	e.State, e.Problem = EntryDamaged, fmt.Sprintf(format, args...)
	return e
}

// config reads the configuration and checks its digest.
func (e Entry) config() ([]byte, error) {
	data, err := os.ReadFile(e.ConfigPath)
	if err != nil {
		return nil, fmt.Errorf("read kept configuration: %w", err)
	}
	if digest(data) != e.RestorePoint.SHA256 {
		return nil, fmt.Errorf("kept configuration %s is not whole: its digest is another", filepath.Base(e.ConfigPath))
	}
	return data, nil
}

// Load gives the restore point with its configuration.
func (e Entry) Load() (topologies.RestorePoint, error) {
	w := e.RestorePoint
	if e.State != EntryOpen {
		return w, fmt.Errorf("the restore point of %s is %s: %s", e.Device, e.State, e.Problem)
	}
	data, err := e.config()
	w.Config = data
	return w, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// write puts an entry on the disk; the caller has looked that there is none.
func (j Journal) write(f entryJSON) error {
	dir := filepath.Join(j.dir, f.Device)
	if err := j.makeFolder(dir); err != nil {
		return err
	}
	if err := j.clean(dir); err != nil {
		return err
	}
	w := &f.RestorePoint
	if sum := digest(w.Config); w.SHA256 == "" {
		w.SHA256 = sum
	} else if w.SHA256 != sum {
		return fmt.Errorf("keep configuration of %s: its digest is %s, not %s", f.Device, sum, w.SHA256)
	}
	f.Reprise, f.Config = journalVersion, configPrefix+w.SHA256[:16]+".txt"
	if err := j.put(dir, f.Config, w.Config); err != nil {
		return err
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("write journal of %s: %w", f.Device, err)
	}
	return j.put(dir, entryFile, text.Bytes())
}

// put writes a file so that it is there whole or not at all.
func (j Journal) put(dir, name string, data []byte) error {
	part := filepath.Join(dir, partPrefix+name)
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o660)
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = j.sync(f)
	}
	if err := errors.Join(err, f.Close(), share(part)); err != nil {
		return fmt.Errorf("write journal %s: %w", part, err)
	}
	if err := os.Rename(part, filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return j.flush(dir)
}

// flush makes what was renamed or removed in a folder reach the disk.
func (j Journal) flush(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open journal folder: %w", err)
	}
	if err := errors.Join(j.sync(d), d.Close()); err != nil {
		return fmt.Errorf("flush journal folder %s: %w", dir, err)
	}
	return nil
}

// makeFolder makes a device's folder and flushes those above it.
func (j Journal) makeFolder(dir string) error {
	for _, d := range []string{j.dir, dir} {
		if err := os.Mkdir(d, 0o770); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return fmt.Errorf("make journal folder: %w", err)
		}
		if err := errors.Join(share(d), j.flush(filepath.Dir(d))); err != nil {
			return err
		}
	}
	return nil
}

// clean removes what is left over beside no entry.
func (j Journal) clean(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read journal folder: %w", err)
	}
	for _, f := range files {
		if strings.HasPrefix(f.Name(), partPrefix) || strings.HasPrefix(f.Name(), configPrefix) {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return fmt.Errorf("clean journal: %w", err)
			}
		}
	}
	return nil
}

// close ends an entry: entry.json goes first, so that no entry lacks its configuration.
func (j Journal) close(device string) error {
	dir := filepath.Join(j.dir, device)
	if err := os.Remove(filepath.Join(dir, entryFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("end journal of %s: %w", device, err)
	}
	if err := j.flush(dir); err != nil {
		return err
	}
	return j.clean(dir)
}

// dismiss moves all there is of a device out of the way, and gives its new place.
func (j Journal) dismiss(device string, at time.Time) (string, error) {
	aside := filepath.Join(j.dir, dismissedDir)
	if err := j.makeFolder(aside); err != nil {
		return "", err
	}
	to := filepath.Join(aside, device+"-"+at.UTC().Format("20060102T150405.000000000"))
	if err := os.Rename(filepath.Join(j.dir, device), to); err != nil {
		return "", fmt.Errorf("dismiss journal of %s: %w", device, err)
	}
	return to, errors.Join(j.flush(aside), j.flush(j.dir))
}
