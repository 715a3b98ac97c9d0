package redact

import (
	"maps"
	"slices"
	"strings"
)

// ReportFormat is the version of redaction/report.json.
const ReportFormat = "redaction/v1"

// Report says what was cut: numbers by rule and file, never a value.
type Report struct {
	Reprise string                  `json:"reprise"`
	Options Options                 `json:"options"`
	Names   int                     `json:"names"`               // words of the owner that were looked for
	Secrets int                     `json:"secrets"`             // secrets of the owner that were looked for
	Kept    int                     `json:"kept"`                // words that the owner left as they are
	Own     int                     `json:"own-rules,omitempty"` // forms and patterns of the owner
	Rules   map[Rule]int            `json:"rules"`
	Files   map[string]map[Rule]int `json:"files"`
	Dropped []Note                  `json:"dropped,omitempty"`
	// Regions are parts that were copied or cut without being understood.
	Regions []Note `json:"regions,omitempty"`
	// Left are the lines that only a person can judge, without their text.
	Left []Left `json:"left-to-a-person,omitempty"`
	// LedgerHead is the SHA-256 of the last line of the run's own ledger, by folder: the
	// redacted ledger is a chain of its own.
	LedgerHead map[string]string `json:"ledger-head,omitempty"`
}

// Note is a remark on a file.
type Note struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

func newReport(o Options) Report {
	return Report{
		Reprise: ReportFormat, Options: o, Names: len(o.Names), Secrets: len(o.Secrets), Kept: len(o.Keep), Own: len(o.Forms) + len(o.Patterns),
		Rules: map[Rule]int{}, Files: map[string]map[Rule]int{}, LedgerHead: map[string]string{},
	}
}

func (p *Report) add(path string, rule Rule, n int) {
	p.Rules[rule] += n
	if p.Files[path] == nil {
		p.Files[path] = map[Rule]int{}
	}
	p.Files[path][rule] += n
}

// Report gives what was cut until now. Paths are those of the result.
func (r *Redactor) Report() Report {
	out := r.copyReport()
	files := map[string]map[Rule]int{}
	for name, n := range out.Files {
		files[r.publicPath(name)] = n
	}
	out.Files = files
	heads := map[string]string{}
	for folder, head := range out.LedgerHead {
		heads[r.publicPath(folder)] = head
	}
	out.LedgerHead = heads
	out.Left = r.Left()
	for i := range out.Left {
		out.Left[i].Text = ""
	}
	for _, list := range [][]Note{out.Dropped, out.Regions} {
		for i := range list {
			list[i].File = r.publicPath(list[i].File)
		}
	}
	return out
}

// publicPath is a path of the original as it may be shown.
func (r *Redactor) publicPath(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = r.fileName(parts[i])
	}
	return strings.Join(parts, "/")
}

func (r *Redactor) copyReport() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.pointed
	out.Rules = maps.Clone(out.Rules)
	out.Files = maps.Clone(out.Files)
	for k, v := range out.Files {
		out.Files[k] = maps.Clone(v)
	}
	out.LedgerHead = maps.Clone(out.LedgerHead)
	out.Dropped = slices.Clone(out.Dropped)
	out.Regions = slices.Clone(out.Regions)
	return out
}

func (r *Redactor) region(file, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := Note{file, why}
	if !slices.Contains(r.pointed.Regions, n) {
		r.pointed.Regions = append(r.pointed.Regions, n)
	}
}

func (r *Redactor) dropped(file, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pointed.Dropped = append(r.pointed.Dropped, Note{file, why})
}
