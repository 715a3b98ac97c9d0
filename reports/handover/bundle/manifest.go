package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
)

// Format is the version of a bundle's format.
const Format = "bundle/v1"

// KindReproduction is the kind of bundle that shows a problem in a lab.
const KindReproduction = "reproduction"

// Names of the bundle's own files.
const (
	manifestName  = "manifest.json"
	signatureName = "manifest.json.sig"
	custodyName   = "custody.ndjson"
	imagesName    = "images.lock"
	envName       = "env.json"
	statementName = "attestations/test-result.intoto.jsonl"
	redactionName = "redaction/report.json"
	reportName    = "REPORT.md"
	htmlName      = "report.html"
	runsFolder    = "runs"
	caseFolder    = "case"
)

// Manifest is manifest.json: everything about a bundle but the content of its files.
// Nothing in it comes from a clock.
type Manifest struct {
	Reprise   string        `json:"reprise"`
	Kind      string        `json:"kind"`
	Tool      evidence.Tool `json:"tool"` // what packed it
	Claim     Claim         `json:"claim"`
	Redaction *Redaction    `json:"redaction"` // null: nothing was cut
	Tree      string        `json:"tree"`      // SHA-256 over names and digests of the evidence, see [TreeDigest]
	Files     []File        `json:"files"`
}

// File is one file of a bundle.
type File struct {
	Path        string      `json:"path"`
	Size        int64       `json:"size"`
	SHA256      string      `json:"sha256"`
	Type        string      `json:"type"` // media type
	From        string      `json:"from"` // what it belongs to: a run, the case, a report …
	Sensitivity Sensitivity `json:"sensitivity"`
}

// Sensitivity tells how much of somebody's network a file may hold. The zero value is invalid.
type Sensitivity string

// Sensitivities, the harmless one first.
const (
	SensitivityNone    Sensitivity = "none"    // numbers and versions
	SensitivityLab     Sensitivity = "lab"     // names of machines and people
	SensitivityDevice  Sensitivity = "device"  // configuration and what devices said
	SensitivityPayload Sensitivity = "payload" // memory and traffic
)

// Redaction says what was cut before the bundle was packed.
type Redaction struct {
	Profile string   `json:"profile"`
	Report  string   `json:"report"`  // within the bundle
	Changed []string `json:"changed"` // files that are not as they were recorded
	// Ledgers holds, for each run whose ledger was changed and chained anew, the SHA-256 of
	// the ledger as it was recorded.
	Ledgers map[string]string `json:"ledgers,omitempty"`
}

// Marshal gives the bytes of manifest.json. They are what a signature covers.
func (m Manifest) Marshal() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return append(data, '\n'), nil
}

// ParseManifest reads manifest.json and checks what can be checked without the files.
// Only bytes that [Manifest.Marshal] gives are accepted, so that no other program can read
// something else from them.
func ParseManifest(data []byte, l Limits) (Manifest, error) {
	l = l.orDefault()
	if err := checkVersion(data); err != nil {
		return Manifest{}, err
	}
	if n := bytes.Count(data, []byte(`"path"`)); n > l.Entries+1 {
		return Manifest{}, &LimitError{fmt.Sprintf("it announces %d files, and %d are accepted", n, l.Entries)}
	}
	var m Manifest
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return m, &DamagedError{"its manifest cannot be read", err}
	}
	if err := m.check(l); err != nil {
		return m, err
	}
	again, err := m.Marshal()
	if err != nil {
		return m, err
	}
	if !bytes.Equal(again, data) {
		return m, damaged("its manifest is not written the way this program writes one")
	}
	return m, nil
}

// checkVersion looks at the first line, before anything of the rest is believed.
func checkVersion(data []byte) error {
	rest, ok := bytes.CutPrefix(data, []byte("{\n \"reprise\": \""))
	version, _, end := bytes.Cut(rest[:min(len(rest), 64)], []byte("\",\n"))
	switch {
	case !ok || !end:
		return damaged("its manifest does not begin like one")
	case string(version) != Format:
		return damaged("its format is %q, and this program reads %q", version, Format)
	}
	return nil
}

func (m Manifest) check(l Limits) error {
	if len(m.Files) > l.Entries {
		return &LimitError{fmt.Sprintf("it announces %d files, and %d are accepted", len(m.Files), l.Entries)}
	}
	var total int64
	for _, f := range m.Files {
		switch {
		case f.Size < 0 || f.Size > maxFile:
			return damaged("%q is announced with %d bytes", f.Path, f.Size)
		case f.Size > l.FileBytes:
			return &LimitError{fmt.Sprintf("%q has %d bytes, and %d are accepted of one file", f.Path, f.Size, l.FileBytes)}
		case len(f.SHA256) != hex.EncodedLen(sha256.Size) || strings.Trim(f.SHA256, "0123456789abcdef") != "":
			return damaged("%q has no digest", f.Path)
		}
		if total += f.Size; total > l.TotalBytes {
			return &LimitError{fmt.Sprintf("it announces more than the %d bytes that are accepted", l.TotalBytes)}
		}
	}
	if err := checkNames(m.Files); err != nil {
		return &DamagedError{"its manifest", err}
	}
	if want := TreeDigest(m.Files); m.Tree != want {
		return damaged("the evidence's digest is not that of its files")
	}
	return nil
}

// Size is the number of bytes of all files.
func (m Manifest) Size() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// Find gives a file by its path.
func (m Manifest) Find(name string) (File, bool) {
	for _, f := range m.Files {
		if f.Path == name {
			return f, true
		}
	}
	return File{}, false
}

// TreeDigest is the SHA-256 over the evidence of a bundle: a line "digest  path" for each
// file of a run or the case, in order. A signature or statement over it says nothing of
// reports, custody and the manifest itself.
func TreeDigest(files []File) string {
	h := sha256.New()
	for _, f := range files {
		if strings.HasPrefix(f.Path, runsFolder+"/") || strings.HasPrefix(f.Path, caseFolder+"/") {
			_, _ = io.WriteString(h, f.SHA256+"  "+f.Path+"\n") // a hash takes everything
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// describe tells the media type, the origin and the sensitivity of a file from its path.
func describe(name string) (mediaType, from string, s Sensitivity) {
	mediaType = mediaTypeOf(name)
	top, rest, _ := strings.Cut(name, "/")
	switch top {
	case runsFolder:
		id, inner, _ := strings.Cut(rest, "/")
		return mediaType, "run " + id, runSensitivity(inner)
	case caseFolder:
		return mediaType, "case", SensitivityDevice
	case "attestations":
		return mediaType, "attestation", SensitivityNone
	case "redaction":
		return mediaType, "redaction", SensitivityNone
	}
	switch name {
	case custodyName:
		return mediaType, "custody", SensitivityLab
	case envName:
		return mediaType, "environment", SensitivityLab
	case imagesName:
		return mediaType, "images", SensitivityNone
	default:
		return mediaType, "report", SensitivityDevice
	}
}

func runSensitivity(inner string) Sensitivity {
	switch {
	case inner == "run.json":
		return SensitivityLab
	case strings.Contains(inner, "/cores/") || strings.Contains(inner, "/captures/"):
		return SensitivityPayload
	case inner == "rate.json":
		return SensitivityLab
	default:
		return SensitivityDevice
	}
}

func mediaTypeOf(name string) string {
	switch path.Ext(name) {
	case ".json", ".lock":
		return "application/json"
	case ".ndjson", ".jsonl":
		return "application/x-ndjson"
	case ".yaml", ".yml":
		return "application/yaml"
	case ".html":
		return "text/html; charset=utf-8"
	case ".md":
		return "text/markdown; charset=utf-8"
	case ".xml":
		return "application/xml"
	case ".pcapng", ".pcap":
		return "application/vnd.tcpdump.pcap"
	case ".log", ".txt", ".conf", ".cfg":
		return "text/plain; charset=utf-8"
	default:
		return "application/octet-stream"
	}
}
