package bundle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/scratch"
)

// State is how a check came out. The zero value is invalid.
type State string

// States.
const (
	OK        State = "ok"
	Failed    State = "failed"
	Unknown   State = "cannot be decided"
	Unchecked State = "not checked" // nobody asked for it, or there is nothing to check
)

// Check is one line of a verification.
type Check struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail"`
}

func check(name string, err error, ok string, args ...any) Check {
	if err != nil {
		return Check{name, Failed, err.Error()}
	}
	return Check{name, OK, fmt.Sprintf(ok, args...)}
}

// Result is a whole verification.
type Result struct {
	Checks    []Check    `json:"checks"`
	Signature *Signature `json:"signature"` // null: unsigned, or the signature is wrong
}

// State is the worst of the checks: failed, then what cannot be decided. What was not
// checked does no harm here.
func (r Result) State() State { return worst(r.Checks) }

func worst(checks []Check) State {
	state := OK
	for _, c := range checks {
		if c.State == Failed {
			return Failed
		}
		if c.State == Unknown {
			state = Unknown
		}
	}
	return state
}

// Rejudge judges a run directory again from its record alone, and changes nothing.
type Rejudge func(ctx context.Context, runDir string) (evidence.RunVerdicts, error)

// VerifyOptions say what a bundle is held against.
type VerifyOptions struct {
	Rejudge Rejudge // nil: verdicts and rates are not judged again
	// Signers are the keys that may sign; nil: any key, and a bundle without signature passes.
	Signers Signers
	Now     time.Time // for the signers' periods
	Temp    string    // where the records are unpacked for the judge; empty: the system's folder
}

// Verify checks a bundle: every byte of the container, the digests, the signature, the
// ledgers' chains, and what the bundle says against what its raw files give. The error is
// one of the machine or a limit; what is wrong with the bundle is in the result.
func Verify(ctx context.Context, b *Bundle, o VerifyOptions) (r Result, err error) {
	dir, err := scratch.MakeIn(o.Temp, "verify")
	if err != nil {
		return r, fmt.Errorf("make folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sig := b.checkSignature(o, &r)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return r, fmt.Errorf("open folder: %w", err)
	}
	defer root.Close() //nolint:errcheck // every file is closed on its own
	buf := make([]byte, 256<<10)
	err = b.Each(ctx, func(f File, rd io.Reader) error {
		if isCapture(f.Path) && f.Size <= maxRecord { // frames are counted again
			return writeBelow(root, f.Path, rd, buf)
		}
		if !judgedFrom(f.Path) {
			return nil
		}
		if f.Size > maxRecord || f.Size > maxOther && !isRecord(f.Path) {
			return &LimitError{fmt.Sprintf("%s has %d bytes, more than is judged from one file", f.Path, f.Size)}
		}
		return writeBelow(root, f.Path, rd, buf)
	})
	var bad *DamagedError
	switch {
	case errors.As(err, &bad):
		r.Checks = append(r.Checks, Check{"files", Failed, err.Error()}, sig)
		return r, nil
	case err != nil:
		return r, err
	}
	r.Checks = append(r.Checks, Check{"files", OK, fmt.Sprintf("%d files, %d bytes, all as the manifest names them", len(b.Manifest.Files), b.Manifest.Size())}, sig)
	r.Checks = append(r.Checks, checkContent(dir, b.Manifest)...)
	for _, run := range b.Manifest.Claim.Runs {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		checks, err := checkRunContent(ctx, filepath.Join(dir, runsFolder), run, b.Manifest.Redaction, o.Rejudge)
		if err != nil {
			return r, err
		}
		r.Checks = append(r.Checks, checks...)
	}
	return r, nil
}

// Bounds of a file that is read as a whole to be judged from.
const (
	maxRecord = 512 << 20 // a trial's timeline and observations
	maxOther  = 64 << 20
)

func isRecord(name string) bool {
	return path.Base(name) == "timeline.ndjson" || path.Base(name) == "observations.ndjson"
}

// isCapture reports whether a file is a trial's capture, in which frames that a condition looked at are
// counted again. One beyond the bound is not there to whoever judges.
func isCapture(name string) bool {
	ok, err := path.Match(runsFolder+"/*/trials/*/captures/*.pcapng", name)
	return ok && err == nil
}

// judgedFrom reports whether the checks need a file's content, beside its digest.
func judgedFrom(name string) bool {
	switch name {
	case custodyName, imagesName, envName, statementName, redactionName:
		return true
	}
	rest, ok := strings.CutPrefix(name, runsFolder+"/")
	if !ok {
		return false
	}
	_, inner, _ := strings.Cut(rest, "/")
	switch inner {
	case "run.json", "ledger.ndjson", "verdict.json", "rate.json":
		return true
	}
	if strings.HasPrefix(inner, "input/") {
		return true
	}
	parts := strings.Split(inner, "/")
	return len(parts) == 3 && parts[0] == "trials" && slices.Contains([]string{"timeline.ndjson", "observations.ndjson", "verdict.json"}, parts[2])
}

func (b *Bundle) checkSignature(o VerifyOptions, r *Result) Check {
	const name = "signature"
	if b.signature == nil {
		const unsigned = "it is not signed: nobody vouches for it, and whoever can write the file can have made all of it up"
		if o.Signers != nil {
			return Check{name, Failed, unsigned}
		}
		return Check{name, Unchecked, unsigned}
	}
	s, key, err := CheckSignature(Namespace, b.manifest, b.signature)
	if err != nil {
		return Check{name, Failed, err.Error()}
	}
	if o.Signers == nil {
		r.Signature = &s
		return Check{name, Unchecked, fmt.Sprintf("it belongs to the manifest, made with %s %s; whose key that is, is not known without --signers", s.Key, s.Fingerprint)}
	}
	if s.Principals = o.Signers.Principals(Namespace, key, o.Now); len(s.Principals) == 0 {
		return Check{name, Failed, fmt.Sprintf("%s %s is none of the keys that may sign a bundle now", s.Key, s.Fingerprint)}
	}
	r.Signature = &s
	return Check{name, OK, fmt.Sprintf("signed by %s with %s %s", strings.Join(s.Principals, ", "), s.Key, s.Fingerprint)}
}

// checkContent checks what is no single run's.
func checkContent(dir string, m Manifest) []Check {
	checks := []Check{checkClaimRuns(m), checkCustodyFile(dir), checkRedaction(dir, m)}
	var infos []evidence.RunInfo
	for _, run := range m.Claim.Runs {
		_, info, err := evidence.OpenDir(filepath.Join(dir, runsFolder, run.ID))
		if err != nil {
			return append(checks, Check{"derived files", Failed, err.Error()})
		}
		infos = append(infos, info)
	}
	want, err := derived(m.Tree, m.Claim, infos)
	if err != nil {
		return append(checks, Check{"derived files", Failed, err.Error()})
	}
	for _, name := range []string{envName, imagesName, statementName} {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil && !bytes.Equal(got, want[name]) {
			err = errors.New("it is not what follows from the runs")
			if m.Tool.Version != "" && !slices.ContainsFunc(infos, func(i evidence.RunInfo) bool { return i.Tool.Version == m.Tool.Version }) {
				err = fmt.Errorf("%w, as this program understands them (packed by %s)", err, m.Tool.Version)
			}
		}
		checks = append(checks, check(name, err, "follows from the runs"))
	}
	return checks
}

// checkClaimRuns compares the runs that the claim tells of with those that are there.
func checkClaimRuns(m Manifest) Check {
	var have, told []string
	for _, f := range m.Files {
		if rest, ok := strings.CutPrefix(f.Path, runsFolder+"/"); ok {
			id, _, _ := strings.Cut(rest, "/")
			if !slices.Contains(have, id) {
				have = append(have, id)
			}
		}
	}
	for _, r := range m.Claim.Runs {
		told = append(told, r.ID)
	}
	var err error
	slices.Sort(have)
	if !slices.Equal(have, told) || len(told) == 0 {
		err = fmt.Errorf("it tells of the runs %q, and holds %q", told, have)
	} else if m.Kind != KindReproduction {
		err = fmt.Errorf("its kind is %q, which this program does not know", m.Kind)
	}
	return check("claim", err, "tells of the %d runs that are there", len(told))
}

func checkCustodyFile(dir string) Check {
	data, err := os.ReadFile(filepath.Join(dir, custodyName))
	if err != nil {
		return Check{"custody", Failed, "it has no custody log"}
	}
	lines, err := ParseCustody(data)
	return check("custody", err, "%d lines, each chained to the one before", len(lines))
}

func checkRedaction(dir string, m Manifest) Check {
	const name = "redaction"
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(redactionName)))
	there := err == nil
	r := m.Redaction
	switch {
	case r == nil && there:
		return Check{name, Failed, "there is a report of a redaction that the manifest does not know of"}
	case r == nil:
		return Check{name, Unchecked, "nothing was cut: it is not redacted"}
	case (r.Report == redactionName) != there:
		return Check{name, Failed, "its report is not there"}
	case there && !json.Valid(data):
		return Check{name, Failed, "its report is no JSON"}
	}
	for _, p := range r.Changed {
		if top, _, _ := strings.Cut(p, "/"); top != runsFolder && top != caseFolder {
			return Check{name, Failed, fmt.Sprintf("%q cannot have been redacted", p)}
		}
	}
	for id := range r.Ledgers {
		if !slices.Contains(r.Changed, path.Join(runsFolder, id, "ledger.ndjson")) {
			return Check{name, Failed, fmt.Sprintf("the ledger of %s was chained anew and not redacted", id)}
		}
	}
	return Check{name, OK, fmt.Sprintf("profile %q, %d files are not as they were recorded", r.Profile, len(r.Changed))}
}
