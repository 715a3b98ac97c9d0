package redact

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// mend makes the digests of the redacted runs again: captures in the timelines, inputs in run.json,
// trials and the chain in the ledger. A digest that did not hold before is left as wrong as it was.
func (t *tree) mend(files []string) error {
	for _, name := range files {
		if t.renamed[name] != "" && path.Base(name) == "timeline.ndjson" { // which the ledger's are of
			if err := t.mendTimeline(name); err != nil {
				return err
			}
		}
	}
	for _, of := range []struct {
		base string
		mend func(name string) error
	}{{"run.json", t.mendRun}, {"ledger.ndjson", t.mendLedger}} { // which seals the former
		for _, name := range files {
			if t.renamed[name] == "" || path.Base(name) != of.base {
				continue
			}
			if err := of.mend(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// mendRun replaces size and SHA-256 of each input that the run described rightly.
func (t *tree) mendRun(name string) error {
	var info evidence.RunInfo
	if evidence.ReadJSON(filepath.Join(t.src, filepath.FromSlash(name)), &info) != nil {
		return nil //nolint:nilerr // no run.json of ours: it stays as text
	}
	data, err := os.ReadFile(t.result(name))
	if err != nil {
		return err
	}
	for _, in := range info.Inputs {
		file := path.Join(path.Dir(name), "input", in.Path)
		if t.renamed[file] == "" {
			file = path.Join(path.Dir(name), in.Path)
		}
		if t.renamed[file] == "" {
			continue
		}
		before, after, err := t.both(file)
		if err != nil {
			return err
		}
		if evidence.SHA256(before) != in.SHA256 || in.Size != len(before) {
			continue
		}
		data = replaceInput(data, in.SHA256, evidence.SHA256(after), len(before), len(after))
	}
	if err := evidence.WriteFile(t.result(name), t.r.hideHost(data, info.Host.Name)); err != nil {
		return err
	}
	return nil
}

// both reads a file as it was and as it is written.
func (t *tree) both(name string) (before, after []byte, err error) {
	if before, err = t.original(name); err != nil {
		return nil, nil, err
	}
	after, err = os.ReadFile(t.result(name))
	return before, after, err
}

// mendTimeline replaces size and SHA-256 of each capture that a trial's record described rightly.
func (t *tree) mendTimeline(name string) error {
	text, data, err := t.both(name)
	if err != nil {
		return err
	}
	changed := false
	for line := range bytes.Lines(text) {
		var e evidence.Event
		if !bytes.Contains(line, []byte(`"capture"`)) || json.Unmarshal(line, &e) != nil || e.Capture == nil || e.Capture.SHA256 == "" {
			continue
		}
		file := path.Join(path.Dir(name), e.Capture.File)
		if t.renamed[file] == "" {
			continue
		}
		before, after, err := t.both(file)
		if err != nil {
			return err
		}
		if evidence.SHA256(before) == e.Capture.SHA256 {
			data, changed = bytes.Replace(data, []byte(`"`+e.Capture.SHA256+`"`), []byte(`"`+evidence.SHA256(after)+`"`), 1), true
		}
	}
	if !changed {
		return nil
	}
	return evidence.WriteFile(t.result(name), data)
}

// hideHost replaces the name of the machine that a run was made on. It is replaced in its
// place alone: such names (lab, vm) are words elsewhere.
func (r *Redactor) hideHost(data []byte, name string) []byte {
	quoted, err := json.Marshal(name)
	if err != nil || name == "" || r.kept(name) {
		return data
	}
	at := bytes.Index(data, []byte(`"host": {`))
	if at < 0 {
		return data
	}
	end := bytes.IndexByte(data[at:], '}')
	field := append([]byte(`"name": `), quoted...)
	i := bytes.Index(data[at:], field)
	if i < 0 || i > end {
		return data
	}
	with, err := json.Marshal(r.Name(name))
	if err != nil {
		return data
	}
	from := at + i + len(`"name": `)
	return slices.Concat(data[:from], with, data[from+len(quoted):])
}

// replaceInput changes a digest, and the size that stands next to it in the same object.
func replaceInput(data []byte, oldSum, newSum string, oldSize, newSize int) []byte {
	at := bytes.Index(data, []byte(`"`+oldSum+`"`))
	if at < 0 {
		return data
	}
	from := bytes.LastIndexByte(data[:at], '{')
	to := bytes.IndexByte(data[at:], '}')
	if from < 0 || to < 0 {
		return data
	}
	object := string(data[from : at+to])
	changed := strings.Replace(object, oldSum, newSum, 1)
	for _, form := range []string{`"size": `, `"size":`} {
		changed = strings.Replace(changed, form+strconv.Itoa(oldSize), form+strconv.Itoa(newSize), 1)
	}
	return bytes.Replace(data, []byte(object), []byte(changed), 1)
}

// hosts hides the workers in a line of the ledger that are words elsewhere, and so stand there yet.
func (t *tree) hosts(was, is string) string {
	before := map[string]bool{}
	eachHost(was, func(host string) string { before[host] = true; return host })
	return eachHost(is, func(host string) string {
		if before[host] && !t.r.kept(host) {
			return t.r.Name(host)
		}
		return host
	})
}

// hostField is how a line of a ledger names a worker.
func hostField(name string) []byte {
	quoted, err := json.Marshal(name)
	if err != nil {
		panic(err) // a string
	}
	return append([]byte(`"host":`), quoted...)
}

// mendLedger writes the chain again over the redacted lines and notes the head of the old one.
func (t *tree) mendLedger(name string) error {
	before, err := t.original(name)
	if err != nil {
		return err
	}
	after, err := os.ReadFile(t.result(name))
	if err != nil {
		return err
	}
	oldLines := bytes.Split(bytes.TrimSuffix(before, []byte("\n")), []byte("\n"))
	lines := bytes.Split(bytes.TrimSuffix(after, []byte("\n")), []byte("\n"))
	folder := path.Dir(name)
	t.r.mu.Lock()
	t.r.pointed.LedgerHead[folder] = evidence.SHA256(oldLines[len(oldLines)-1])
	t.r.mu.Unlock()
	src := evidence.Dir{Path: filepath.Join(t.src, filepath.FromSlash(folder))}
	dst := evidence.Dir{Path: filepath.Dir(t.result(name))}
	var prevOld, prev []byte
	for i := range min(len(lines), len(oldLines)) {
		var e evidence.Entry
		if json.Unmarshal(oldLines[i], &e) == nil {
			if e.Digest != "" && e.Trial > 0 {
				if was, err := src.Trial(e.Trial).Digest(); err == nil && was == e.Digest {
					is, err := dst.Trial(e.Trial).Digest()
					if err != nil {
						return err
					}
					lines[i] = bytes.Replace(lines[i], []byte(e.Digest), []byte(is), 1)
				}
				if lines[i], err = mendSeals(lines[i], e, src, dst); err != nil {
					return err
				}
			}
			var is evidence.Entry
			if e.Host != "" && json.Unmarshal(lines[i], &is) == nil {
				lines[i] = bytes.Replace(lines[i], hostField(is.Host), hostField(t.hosts(e.Host, is.Host)), 1)
			}
			if e.Prev == evidence.SHA256(prevOld) {
				lines[i] = bytes.Replace(lines[i], []byte(e.Prev), []byte(evidence.SHA256(prev)), 1)
			}
		}
		prevOld, prev = oldLines[i], lines[i]
	}
	out := bytes.Join(lines, []byte("\n"))
	if bytes.HasSuffix(before, []byte("\n")) {
		out = append(out, '\n')
	}
	return evidence.WriteFile(t.result(name), out)
}

// mendSeals replaces the seals in a line of a ledger that held.
func mendSeals(line []byte, e evidence.Entry, src, dst evidence.Dir) ([]byte, error) {
	if e.Seals == nil {
		return line, nil
	}
	was, err := src.Seals(e.Trial)
	if err != nil {
		return line, nil //nolint:nilerr // what cannot be read did not hold
	}
	is, err := dst.Seals(e.Trial)
	if err != nil {
		return line, err
	}
	put := func(sealed, was, is string) {
		if sealed != "" && sealed == was {
			line = bytes.Replace(line, []byte(sealed), []byte(is), 1)
		}
	}
	put(e.Seals.Run, was.Run, is.Run)
	for name, sealed := range e.Seals.Files {
		put(sealed, was.Files[name], is.Files[name])
	}
	return line, nil
}
