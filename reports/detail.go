package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/result"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Bounds of one trial's parts.
const (
	firstEvents, lastEvents = 500, 200
	headLog, tailLog        = 8 << 10, 16 << 10
	maxFiles                = 500
	maxNotes                = 500
	maxNotesFile            = 1 << 20 // bytes
)

// loadDetail reads one trial's record. What cannot be read is named in its Missing.
func (r *Run) loadDetail(dir evidence.TrialDir, t *Trial, text *budget) *Detail {
	d := &Detail{Folder: trialFolder(dir.Number), Digest: NoCheck}
	if _, err := os.Stat(dir.Path); errors.Is(err, os.ErrNotExist) {
		d.miss("the folder %s is missing: there is only its ledger line", d.Folder)
		return d
	}
	d.events(dir, text.part(text.left/8))
	d.flows(dir)
	d.check(dir, t)
	d.conditions(dir, r.Info.Scenario.Conditions, t.Verdict, text.part(text.left/3))
	d.anchors(dir.Number)
	d.states(dir, text.part(text.left/3))
	d.logs(dir, text.part(text.left/3))
	d.notes(dir)
	d.transcripts(dir, text)
	d.files(dir)
	d.cores(dir)
	return d
}

// trialFolder is a trial's folder within its run's.
func trialFolder(number int) string { return fmt.Sprintf("trials/%04d", number) }

func (d *Detail) miss(format string, args ...any) {
	d.Missing = append(d.Missing, cleanField(fmt.Sprintf(format, args...)))
}

// events keeps the first and the last of them.
func (d *Detail) events(dir evidence.TrialDir, text *budget) {
	var last []evidence.Event
	total := 0
	for e, err := range evidence.ReadLines[evidence.Event](dir.File("timeline.ndjson")) {
		if err != nil {
			d.miss("the rest of the timeline cannot be read: %v", err)
			break
		}
		total++
		d.End = max(d.End, e.At)
		if total > firstEvents {
			last = append(last[max(0, len(last)+1-lastEvents):], e)
			continue
		}
		d.Events = append(d.Events, e)
	}
	if total == 0 {
		d.miss("timeline.ndjson is missing or empty")
	}
	d.EventsAfter = len(d.Events)
	d.EventsLeft = total - len(d.Events) - len(last)
	d.Events = append(d.Events, last...)
	for i := range d.Events {
		e := &d.Events[i]
		detail := e.Detail
		e.Detail = ""
		cleanFields(e)
		e.Detail = text.text(detail, 1<<10, 1<<10, d.Folder+"/timeline.ndjson").String()
	}
}

func (d *Detail) check(dir evidence.TrialDir, t *Trial) {
	e := t.Entry()
	if e == nil || e.Digest == "" {
		return
	}
	digest, err := dir.Digest()
	switch {
	case err != nil:
		d.miss("the record's digest: %v", err)
	case digest == e.Digest:
		d.Digest = Matches
	default:
		d.Digest = Differs
		d.miss("the record is not the one that the ledger names: its digest is %s", digest)
	}
}

// logs reads logs/<node>/*.
func (d *Detail) logs(dir evidence.TrialDir, text *budget) {
	files := d.list(dir, "logs")
	for i := range files {
		f := &files[i]
		share := max(512, min(headLog+tailLog, text.left/(len(files)-i)))
		var err error
		if f.Text, err = text.file(dir.File(f.Name), d.Folder+"/"+f.Name, share/3, share*2/3); err != nil {
			d.miss("%s: %v", f.Name, err)
		}
	}
	d.Logs = d.named(files)
}

// notes reads logs.json, whoever wrote it.
func (d *Detail) notes(dir evidence.TrialDir) {
	in, err := plain.Open(dir.File(evidence.LogNotesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return // older runs have none
	}
	if err == nil {
		defer in.Close() //nolint:errcheck // read only
		err = json.NewDecoder(io.LimitReader(in, maxNotesFile)).Decode(&d.Notes)
	}
	if err != nil {
		d.Notes = result.LogNotes{}
		d.miss("logs.json: %v", err)
		return
	}
	d.Notes.Beyond += max(0, len(d.Notes.Notes)-maxNotes)
	d.Notes.Notes = d.Notes.Notes[:min(len(d.Notes.Notes), maxNotes)]
	cleanFields(&d.Notes)
}

// files lists what is kept and not shown.
func (d *Detail) files(dir evidence.TrialDir) {
	var all []File
	for _, folder := range []string{"captures", "cores", "files"} {
		all = append(all, d.list(dir, folder)...)
	}
	d.Files = d.named(all)
}

// named gives the files their names within the run directory.
func (d *Detail) named(files []File) []File {
	for i := range files {
		files[i].Name = d.Folder + "/" + cleanField(files[i].Name)
	}
	return files
}

// list finds the regular files below a folder, named within the trial's. A folder that
// does not exist has none; links are not followed.
func (d *Detail) list(dir evidence.TrialDir, folder string) []File {
	var files []File
	err := filepath.WalkDir(dir.File(folder), func(p string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		if len(files) == maxFiles {
			d.miss("%s holds more than %d files: the rest is not listed", folder, maxFiles)
			return fs.SkipAll
		}
		rel, err := filepath.Rel(dir.Path, p)
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		f := File{Name: filepath.ToSlash(rel), Size: info.Size()}
		if parts := strings.Split(f.Name, "/"); len(parts) > 2 {
			f.Node = cleanField(parts[1])
		}
		files = append(files, f)
		return nil
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.miss("list %s: %v", folder, err)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// nodesIn lists the folders, or the names of the files with a suffix, below a folder.
func nodesIn(dir evidence.TrialDir, suffix string, elem ...string) []string {
	entries, err := os.ReadDir(dir.File(elem...))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() == (suffix == "") && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, strings.TrimSuffix(e.Name(), suffix))
		}
	}
	return names
}
