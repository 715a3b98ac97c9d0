package cases

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files without a text are told apart by what they hold, and nobody unpacks them.
func TestLogsWithoutText(t *testing.T) {
	dir := t.TempDir()
	whole := gz(t, []byte(strings.Repeat("\x7fELF\x00\x00", 1000)))
	f := Folder{Path: dir}
	for name, data := range map[string][]byte{
		"a.pcap": []byte("\xd4\xc3\xb2\xa1\x00\x00one"), "b.pcap": []byte("\xd4\xc3\xb2\xa1\x00\x00two"),
		"core.gz": whole[:len(whole)-12],
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		kind := "capture"
		if name == "core.gz" {
			kind = "core"
		}
		f.Case.Logs = append(f.Case.Logs, Log{File: name, Kind: kind, Taken: "2026-03-01T10:00:00Z"})
	}
	d := &Duty{}
	if f.logs(d, nil, Platforms{}); len(d.Missing) > 0 {
		t.Error(d.Missing)
	}
	f.Case.Logs = append(f.Case.Logs, f.Case.Logs[0])
	d = &Duty{}
	if f.logs(d, nil, Platforms{}); len(d.Missing) != 1 || !strings.Contains(d.Missing[0], "the same file") {
		t.Error(d.Missing)
	}
}
