package sim

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// flash is the file system of a switch, and the few values that it keeps elsewhere. In a
// directory every change is on disk when the call returns.
type flash struct {
	dir   string
	files map[string]string
	kept  kept
}

// kept outlives a reboot.
type kept struct {
	BootCount int        `json:"boot-count"`
	Selected  string     `json:"selected,omitempty"` // configuration to boot from
	NVRAM     []logEntry `json:"nvram,omitempty"`
}

const (
	keptFile = "sim-state.json"
	keyFile  = "sim-host-key.pem"
)

func openFlash(dir string) (*flash, error) {
	f := &flash{dir: dir, files: map[string]string{}}
	if dir == "" {
		return f, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open flash: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open flash: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || strings.HasPrefix(e.Name(), "sim-") || !fileName(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("open flash: %w", err)
		}
		f.files[e.Name()] = string(data)
	}
	data, err := os.ReadFile(filepath.Join(dir, keptFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &f.kept)
	}
	if err != nil {
		return nil, fmt.Errorf("open flash: %w", err)
	}
	return f, nil
}

// fileName says whether name can be a file on flash: no path, nothing hidden.
func fileName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '.' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

func (f *flash) read(name string) (string, bool) {
	text, ok := f.files[name]
	return text, ok
}

func (f *flash) write(name, text string) error {
	if !fileName(name) || strings.HasPrefix(name, "sim-") {
		return fmt.Errorf("write %q: not a file name", name)
	}
	f.files[name] = text
	return f.toDisk(name, text)
}

func (f *flash) toDisk(name, text string) error {
	if f.dir == "" {
		return nil
	}
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path+"~", []byte(text), 0o600); err != nil {
		return fmt.Errorf("write flash: %w", err)
	}
	if err := os.Rename(path+"~", path); err != nil {
		return fmt.Errorf("write flash: %w", err)
	}
	return nil
}

func (f *flash) remove(name string) bool {
	if _, ok := f.files[name]; !ok {
		return false
	}
	delete(f.files, name)
	if f.dir != "" {
		_ = os.Remove(filepath.Join(f.dir, name))
	}
	return true
}

func (f *flash) names() []string {
	names := make([]string, 0, len(f.files))
	for n := range f.files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (f *flash) keep() error {
	data, err := json.Marshal(f.kept)
	if err != nil {
		return fmt.Errorf("keep state: %w", err)
	}
	return f.toDisk(keptFile, string(data))
}

// hostKey reads the ssh host key, or makes one.
func (f *flash) hostKey() (ssh.Signer, error) {
	if f.dir != "" {
		data, err := os.ReadFile(filepath.Join(f.dir, keyFile))
		if err == nil {
			key, err := ssh.ParsePrivateKey(data)
			if err != nil {
				return nil, fmt.Errorf("read host key: %w", err)
			}
			return key, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read host key: %w", err)
		}
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	if err := f.toDisk(keyFile, string(pem.EncodeToMemory(block))); err != nil {
		return nil, err
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("make host key: %w", err)
	}
	return key, nil
}
