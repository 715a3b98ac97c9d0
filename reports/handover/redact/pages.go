package redact

import (
	"path"
	"path/filepath"
	"slices"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports"
	"github.com/reprise-lab/reprise/reports/formats"
)

// renderings parts the reports of runs from the files of a folder. They are no texts to look
// into: whatever they show is in the record, in a form that is known.
func renderings(src string, files []string) (rest, pages []string) {
	ours := map[string]bool{}
	for _, name := range files {
		if path.Base(name) == "run.json" {
			_, _, err := evidence.OpenDir(filepath.Join(src, filepath.FromSlash(path.Dir(name))))
			ours[path.Dir(name)] = err == nil
		}
	}
	for _, name := range files {
		if ours[path.Dir(name)] && formatOfPage(name) >= 0 {
			pages = append(pages, name)
		} else {
			rest = append(rest, name)
		}
	}
	return rest, pages
}

// formatOfPage finds the format of a report by its name; -1 for none.
func formatOfPage(name string) int {
	return slices.IndexFunc(formats.All(), func(f formats.Format) bool { return f.File == path.Base(name) })
}

// render writes the reports of the redacted runs, as they are in the end. One that cannot be
// rendered from what is left of its run is left out.
func (t *tree) render(pages []string) error {
	var run *reports.Run // of the folder whose pages come now
	at := ""
	for i, name := range pages {
		if folder := path.Dir(name); i == 0 || folder != at {
			run, at = nil, folder
			if record := path.Join(folder, "run.json"); t.renamed[record] != "" {
				run, _ = reports.Load(filepath.Dir(t.result(record))) // nil: said below, without its paths
			}
		}
		if run == nil {
			t.r.dropped(name, "it cannot be rendered from what is left of its run")
			continue
		}
		if !t.name(name) {
			continue
		}
		if err := formats.Render(formats.All()[formatOfPage(name)], run, t.result(name)); err != nil {
			return err
		}
	}
	return nil
}
