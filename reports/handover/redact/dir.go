package redact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/unpack"
)

// ReportFile is where [Redactor.Dir] writes its report, inside of the result.
const ReportFile = "redaction/report.json"

// OwnerDir is the folder of keys and maps, which [Redactor.Dir] leaves out wherever it lies.
const OwnerDir = ".owner"

// Result is what a redaction of a folder gives beside the folder.
type Result struct {
	Report Report
	Map    *Map // takes it back; stays with the owner
	// Left are the lines that only a person can judge, with their text.
	Left []Left
	// Renamed gives the new path of each file and folder that is called otherwise in the
	// result, by its path in the original. It names what was cut: it stays with the owner.
	Renamed map[string]string
}

// ErrNotEmpty refuses to mix a redaction with what is there.
var ErrNotEmpty = errors.New("the folder for the result is not empty")

// File redacts one file that [Redactor.LearnFile] has seen, whatever it is: a text, a
// capture, or an archive of them. It says false when the file is of no known kind and was
// not asked to be kept.
func (r *Redactor) File(name string, data []byte) ([]byte, bool) {
	out, _, ok := r.file(name, data, outermost(r.maxMember()))
	return out, ok
}

func (r *Redactor) file(name string, data []byte, in nesting) (out []byte, edits []edit, ok bool) {
	if isDocument(data) {
		const what = "a document of an office program, in which names may be parted: only a person can judge it"
		if !r.options.KeepBinaries {
			r.dropped(name, what)
			return nil, nil, false
		}
		r.region(name, what) // what is whole in it is cut
	}
	switch formatOf(data) {
	case formatText:
		edits = r.edits(name, data)
		r.count(name, edits)
		out = apply(data, edits)
		r.leaveToPerson(name, out)
		return out, edits, true
	case formatUTF16:
		text, wide, _ := fromUTF16(data)
		edits = r.edits(name, text)
		r.count(name, edits)
		text = apply(text, edits)
		r.leaveToPerson(name, text)
		return wide.Widen(text), nil, true // the edits are not those of the file
	case formatCapture:
		out, err := r.Capture(name, data)
		if err == nil {
			return out, nil, true
		}
		r.dropped(name, "capture: "+err.Error())
		return nil, nil, false
	case formatBinary:
		return r.binary(name, data, "binary of an unknown format")
	default:
	}
	if unpack.FormatOf(data) == unpack.Bzip2 {
		return r.binary(name, data, "bzip2, which is read but not written")
	}
	out, ok, err := r.repack(in, data, func(m unpack.Member) ([]byte, bool) {
		out, _, ok := r.file(inner(name, m.Name), m.Data, in.deeper())
		return out, ok
	})
	if err != nil {
		r.dropped(name, "archive: "+err.Error())
		return nil, nil, false
	}
	return out, nil, ok
}

// binary keeps what cannot be rewritten, or leaves it out.
func (r *Redactor) binary(name string, data []byte, what string) ([]byte, []edit, bool) {
	if !r.options.KeepBinaries {
		r.dropped(name, what)
		return nil, nil, false
	}
	r.region(name, what+", kept as asked")
	return slices.Clone(data), nil, true
}

// inner names a member, for its kind and for the report.
func inner(archive, name string) string {
	if name != "" {
		return archive + "!" + name
	}
	ext := path.Ext(archive)
	if ext == ".tgz" {
		return archive + "!tar"
	}
	return archive + "!" + strings.TrimSuffix(path.Base(archive), ext)
}

// LearnFile is [Redactor.Learn] for a file of any kind.
func (r *Redactor) LearnFile(name string, data []byte) {
	r.learnFile(name, data, outermost(r.maxMember()))
}

func (r *Redactor) learnFile(name string, data []byte, in nesting) {
	switch formatOf(data) {
	case formatText:
		r.Learn(name, data)
	case formatUTF16:
		text, _, _ := fromUTF16(data)
		r.Learn(name, text)
	case formatCapture:
		r.learnCapture(data)
	case formatBinary:
	default:
		_ = in.each(data, func(m unpack.Member) error { // an error is said when it is dropped
			r.learnFile(inner(name, m.Name), m.Data, in.deeper())
			return nil
		})
	}
}

// Dir redacts a folder into a new one. In a run directory the names of the lab's nodes
// are kept unless the options name them, and the digests of inputs and the ledger's chain
// are made again where they held before; its reports are rendered again from what is left of
// it. What cannot be read as text, capture or archive is left out, as documents of office programs are, and the report says so. src
// is not changed.
func (r *Redactor) Dir(ctx context.Context, src, dst string) (Result, error) {
	entries, err := os.ReadDir(dst)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Result{}, fmt.Errorf("redact into %s: %w", dst, err)
	}
	if len(entries) > 0 {
		return Result{}, fmt.Errorf("redact into %s: %w", dst, ErrNotEmpty)
	}
	files, err := r.list(src)
	if err != nil {
		return Result{}, fmt.Errorf("redact %s: %w", src, err)
	}
	files = slices.DeleteFunc(files, func(name string) bool {
		own := slices.Contains(strings.Split(name, "/"), OwnerDir)
		if own {
			r.dropped(name, "the owner's keys and maps")
		}
		seal := !own && path.Base(name) == sealFile && path.Base(path.Dir(path.Dir(name))) == "trials"
		if seal {
			r.dropped(name, "the seal of a worker: it names the worker, and is of the record as it was")
		}
		return own || seal
	})
	r.keepNodes(src, files)
	r.learnWorkers(src, files)
	files, pages := renderings(src, files)
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		data, err := os.ReadFile(filepath.Join(src, filepath.FromSlash(name)))
		if err != nil {
			return Result{}, fmt.Errorf("redact: %w", err)
		}
		r.learnFile(name, data, outermost(r.maxMember()))
		r.learnText([]byte(name))
	}
	t := tree{r: r, src: src, dst: dst, renamed: map[string]string{}, edits: map[string][]edit{}, taken: map[string]bool{ReportFile: true}}
	if err := t.write(ctx, files); err != nil {
		return Result{}, err
	}
	if err := t.mend(files); err != nil {
		return Result{}, fmt.Errorf("mend digests: %w", err)
	}
	if err := t.render(pages); err != nil {
		return Result{}, fmt.Errorf("render again: %w", err)
	}
	result := Result{Report: r.Report(), Map: r.Map(), Left: r.Left(), Renamed: t.paths()}
	if err := t.record(result.Map); err != nil {
		return result, err
	}
	return result, evidence.WriteJSON(filepath.Join(dst, filepath.FromSlash(ReportFile)), result.Report)
}

// list names the files of a folder, with slashes, in order. Links and devices are no files.
func (r *Redactor) list(src string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if !d.Type().IsRegular() {
			r.dropped(name, "no regular file")
			return nil
		}
		files = append(files, name)
		return nil
	})
	return files, err
}

// keepNodes keeps the node names of the runs in the folder: they are the lab's.
func (r *Redactor) keepNodes(src string, files []string) {
	for _, name := range files {
		if path.Base(name) != "run.json" {
			continue
		}
		var info evidence.RunInfo
		if evidence.ReadJSON(filepath.Join(src, filepath.FromSlash(name)), &info) != nil {
			continue
		}
		for _, n := range info.Nodes {
			r.keep(n.Name)
		}
	}
}

// sealFile is what proves which worker of a fleet made the record beside it.
const sealFile = "seal.json"

// learnWorkers learns how workers of a fleet are called that executed the trials of the runs in the folder, or that nodes were placed on:
// machines of the owner's. A name that is a word elsewhere is hidden in the ledger alone.
func (r *Redactor) learnWorkers(src string, files []string) {
	learn := func(host string) {
		k := known{value: host, rule: RuleName, fold: true}
		if Told(host) && byValue(k) && !r.kept(host) && !ordinary()[lower(host)] {
			r.put(k)
		}
	}
	for _, name := range files {
		file := filepath.Join(src, filepath.FromSlash(name))
		switch base := path.Base(name); {
		case base == "ledger.ndjson":
			entries, _ := evidence.Dir{Path: filepath.Dir(file)}.Attempts() // those before a break count
			for _, e := range entries {
				eachHost(e.Host, func(host string) string { learn(host); return host })
			}
		case base == evidence.HostFile:
			var on evidence.TrialHost
			if evidence.ReadJSON(file, &on) == nil { // one that cannot be read is redacted as a text
				for _, host := range on.Nodes {
					learn(host)
				}
			}
		case base == "run.json":
			var info evidence.RunInfo
			if evidence.ReadJSON(file, &info) == nil {
				for key, host := range info.Set {
					if strings.HasSuffix(key, ".placement") {
						learn(host)
					}
				}
			}
		case path.Ext(base) == ".yaml" || path.Ext(base) == ".yml":
			data, _ := os.ReadFile(file) // as above
			for _, m := range placing.FindAllSubmatch(data, -1) {
				learn(string(m[1]))
			}
		}
	}
}

// placing is where a scenario, or a topology, says on which worker a node is.
var placing = regexp.MustCompile(`(?:\bplacement|reprise\.placement)["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9._-]*)`)

// eachHost changes the names of workers in what a ledger has for them: one of them, or of a lab over several where each node was,
// r1@left,r2@right, or of many the workers alone, left+right#DIGEST.
func eachHost(text string, change func(host string) string) string {
	var out strings.Builder
	for len(text) > 0 {
		end := strings.IndexAny(text, ",+#")
		piece, rest := text, ""
		if end >= 0 {
			piece, rest = text[:end], text[end:]
		}
		node, host, of := strings.Cut(piece, "@")
		if !of {
			node, host = "", piece
		} else {
			node += "@"
		}
		out.WriteString(node)
		if host != "" {
			out.WriteString(change(host))
		}
		if strings.HasPrefix(rest, "#") {
			out.WriteString(rest)
			break
		}
		if text = rest; text != "" {
			out.WriteByte(text[0])
			text = text[1:]
		}
	}
	return out.String()
}

// tree is a redaction of a folder that is under way.
type tree struct {
	r        *Redactor
	src, dst string
	renamed  map[string]string // what became of each file's path; absent when dropped
	edits    map[string][]edit
	taken    map[string]bool // names in the result
}

func (t *tree) original(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(t.src, filepath.FromSlash(name)))
}

func (t *tree) result(name string) string {
	return filepath.Join(t.dst, filepath.FromSlash(t.renamed[name]))
}

func (t *tree) write(ctx context.Context, files []string) error {
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := t.original(name)
		if err != nil {
			return fmt.Errorf("redact: %w", err)
		}
		out, edits, ok := t.r.file(name, data, outermost(t.r.maxMember()))
		if !ok {
			continue
		}
		if !t.name(name) {
			continue
		}
		t.edits[name] = edits
		if err := evidence.WriteFile(t.result(name), out); err != nil {
			return fmt.Errorf("redact: %w", err)
		}
	}
	return nil
}

// name gives a file its name in the result, unless another has it.
func (t *tree) name(name string) bool {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = t.r.fileName(parts[i])
	}
	as := strings.Join(parts, "/")
	if t.taken[as] {
		t.r.dropped(name, "its new name is taken")
		return false
	}
	t.taken[as], t.renamed[name] = true, as
	return true
}

// paths lists what is called otherwise in the result, the folders too.
func (t *tree) paths() map[string]string {
	list := map[string]string{}
	for name, as := range t.renamed {
		for name != as && name != "." {
			list[name] = as
			name, as = path.Dir(name), path.Dir(as)
		}
	}
	return list
}

// fileName replaces what was learned in one part of a path.
func (r *Redactor) fileName(part string) string {
	out := r.Words(part)
	if strings.ContainsAny(out, "/\x00") || out == "" || out == "." || out == ".." {
		return part
	}
	return out
}

// record remembers how each file is taken back. It reads the results as they are in the end.
func (t *tree) record(m *Map) error {
	for name, as := range t.renamed {
		before, err := t.original(name)
		if err != nil {
			return fmt.Errorf("record: %w", err)
		}
		after, err := os.ReadFile(t.result(name))
		if err != nil {
			return fmt.Errorf("record: %w", err)
		}
		m.put(as, name, before, after, t.edits[name])
	}
	return nil
}
