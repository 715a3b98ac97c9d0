package redact

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/topologies/plain"
)

// Errors of a map.
var (
	ErrSeal     = errors.New("the map does not open with this key")
	ErrRestored = errors.New("the file is not the one that was redacted, or not whole")
)

// Map takes a redaction back: it holds what stood where. It stays with the owner and is
// written sealed only.
type Map struct {
	names map[string]string // pseudonym to value, lower case
	files map[string]restoration
}

// restoration is what one redacted file needs to become the original again.
type restoration struct {
	Path     string `json:"path"` // of the original
	Original string `json:"original"`
	Redacted string `json:"redacted"`
	Cuts     []cut  `json:"cuts,omitempty"`
	Whole    []byte `json:"whole,omitempty"` // gzip of the original, where cuts do not tell
}

// cut says that Len bytes at At of the redacted file were Old.
type cut struct {
	At  int    `json:"at"`
	Len int    `json:"len"`
	Old []byte `json:"old"`
}

type sealedMap struct {
	Reprise string                 `json:"reprise"`
	Names   map[string]string      `json:"names"`
	Files   map[string]restoration `json:"files"`
}

const mapFormat = "redaction-map/v1"

// WriteFile seals the map with the key (AES-256-GCM under a key of its own) and writes it
// with mode 0600. It does not overwrite: another map is the only way back from another result.
func (m *Map) WriteFile(path string, key Key) error {
	plain, err := json.Marshal(sealedMap{mapFormat, m.names, m.files})
	if err != nil {
		return fmt.Errorf("encode map: %w", err)
	}
	gcm, err := key.gcm()
	if err != nil {
		return fmt.Errorf("seal map: %w", err)
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write map: %w", err)
	}
	_, err = f.Write(gcm.Seal(nonce, nonce, squeeze(plain), []byte(mapFormat)))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write map: %w", err)
	}
	return nil
}

// OpenMap reads a sealed map.
func OpenMap(path string, key Key) (*Map, error) {
	data, err := plain.Read(path, plain.Data)
	if err != nil {
		return nil, fmt.Errorf("read map: %w", err)
	}
	gcm, err := key.gcm()
	if err != nil {
		return nil, fmt.Errorf("open map: %w", err)
	}
	if len(data) < gcm.NonceSize() {
		return nil, ErrSeal
	}
	packed, err := gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], []byte(mapFormat))
	if err != nil {
		return nil, ErrSeal
	}
	plain, err := unsqueeze(packed)
	if err != nil {
		return nil, fmt.Errorf("read map: %w", err)
	}
	var s sealedMap
	if err := json.Unmarshal(plain, &s); err != nil || s.Reprise != mapFormat {
		return nil, errors.Join(ErrSeal, err)
	}
	return &Map{names: s.Names, files: s.Files}, nil
}

func (k Key) gcm() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.sub("map"))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func squeeze(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data) // into memory
	_ = z.Close()
	return b.Bytes()
}

func unsqueeze(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Files lists the redacted files that can be restored, by their new path.
func (m *Map) Files() []string {
	list := make([]string, 0, len(m.files))
	for path := range m.files {
		list = append(list, path)
	}
	slices.Sort(list)
	return list
}

// Restore gives the path and the exact bytes of the original of a redacted file.
func (m *Map) Restore(path string, redacted []byte) (string, []byte, error) {
	f, ok := m.files[path]
	if !ok || evidence.SHA256(redacted) != f.Redacted {
		return "", nil, fmt.Errorf("restore %s: %w", path, ErrRestored)
	}
	var out []byte
	if f.Whole != nil {
		var err error
		if out, err = unsqueeze(f.Whole); err != nil {
			return "", nil, fmt.Errorf("restore %s: %w", path, err)
		}
	} else {
		at := 0
		for _, c := range f.Cuts {
			if c.At < at || c.At+c.Len > len(redacted) {
				return "", nil, fmt.Errorf("restore %s: %w", path, ErrRestored)
			}
			out = append(append(out, redacted[at:c.At]...), c.Old...)
			at = c.At + c.Len
		}
		out = append(out, redacted[at:]...)
	}
	if evidence.SHA256(out) != f.Original {
		return "", nil, fmt.Errorf("restore %s: %w", path, ErrRestored)
	}
	return f.Path, out, nil
}

func (m *Map) put(path, original string, before, after []byte, edits []edit) {
	f := restoration{Path: original, Original: evidence.SHA256(before), Redacted: evidence.SHA256(after)}
	switch {
	case bytes.Equal(before, after):
	case edits != nil && bytes.Equal(apply(before, edits), after):
		f.Cuts = cutsOf(before, edits)
	case len(before) == len(after):
		f.Cuts = differences(before, after)
	default:
		f.Whole = squeeze(before)
	}
	m.files[path] = f
}

func cutsOf(before []byte, edits []edit) []cut {
	cuts := make([]cut, 0, len(edits))
	shift := 0
	for _, e := range edits {
		cuts = append(cuts, cut{e.start + shift, len(e.with), bytes.Clone(before[e.start:e.end])})
		shift += len(e.with) - (e.end - e.start)
	}
	return cuts
}

func differences(before, after []byte) []cut {
	var cuts []cut
	for i := 0; i < len(before); i++ {
		if before[i] == after[i] {
			continue
		}
		end := i + 1
		for same := 0; end < len(before) && same < 8; end++ {
			if before[end] == after[end] {
				same++
			} else {
				same = 0
			}
		}
		cuts = append(cuts, cut{i, end - i, bytes.Clone(before[i:end])})
		i = end - 1
	}
	return cuts
}

// Map gives what [Map.Reveal] needs: the values learned until now and the addresses that
// were replaced, without files.
func (r *Redactor) Map() *Map {
	m := &Map{names: map[string]string{}, files: map[string]restoration{}}
	twice := map[string]bool{}
	put := func(with, value string) {
		with = strings.ToLower(with)
		if old, ok := m.names[with]; ok && !strings.EqualFold(old, value) {
			twice[with] = true
		}
		m.names[with] = value
	}
	r.mu.Lock()
	for _, k := range r.sorted() {
		put(r.replacement(k), k.value)
		if k.rule == RuleMAC && !r.options.KeepMACs {
			put(grouped(r.replacement(k)), grouped(k.value))
			with := r.replacement(k)
			put(with[:4]+"."+with[4:8]+"."+with[8:], k.value[:4]+"."+k.value[4:8]+"."+k.value[8:])
		}
	}
	r.mu.Unlock()
	r.mails.Range(func(with, value any) bool {
		put(with.(string), value.(string)) //nolint:forcetypeassert // nothing else is stored
		return true
	})
	r.addresses.mu.RLock()
	for ip, out := range r.addresses.cache {
		put(out.String(), ip.String())
	}
	lens := r.addresses.lens
	r.addresses.mu.RUnlock()
	for ip, bits := range lens {
		put(r.addresses.network(ip, bits).String(), ip.String())
	}
	for with := range twice {
		delete(m.names, with) // says nothing rather than the wrong thing
	}
	return m
}

// Reveal puts the real names back into a text that holds pseudonyms, such as a vendor's
// answer. What stands for two values, as short ones may, stays.
func (m *Map) Reveal(text string) string {
	var values []known
	for with := range m.names {
		values = append(values, known{value: with, rule: RuleMAC, fold: true})
	}
	slices.SortFunc(values, func(a, b known) int { return strings.Compare(a.value, b.value) })
	d := compile(values, func(k known) string { return m.names[k.value] }, nil)
	data := []byte(text)
	var edits []edit
	for i := range data {
		if !wordAt(data, i) || !bordered(data, i) {
			continue
		}
		end := i
		for wordAt(data, end) {
			end++
		}
		if e, at, ok := d.at(hashRun(string(data[i:end])), data, i); ok {
			edits = append(edits, edit{start: at, end: at + len(e.match), with: e.with})
		}
	}
	// A match that begins earlier is the longer one.
	return string(apply(data, tidy(edits)))
}
