package vm

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A copy of this program is brought whole or not at all, and one that is not whole is none.
func TestBringScript(t *testing.T) {
	t.Parallel()
	const program = "#!/bin/sh\nexit 0\n"
	for _, tt := range []struct {
		name, there, sent string
		want              bool
	}{
		{"new", "", program, true},
		{"there already", program, "", true},
		{"cut off on its way", "", program[:5], false},
		{"cut off where it is", program[:5], program, true},
		{"empty where it is", "-", program, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "folder", "program")
			if tt.there != "" {
				if err := errors.Join(os.Mkdir(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(strings.Trim(tt.there, "-")), 0o755)); err != nil {
					t.Fatal(err)
				}
			}
			c := exec.CommandContext(t.Context(), "sh", "-c", bringScript, "sh", file, "17")
			c.Stdin = strings.NewReader(tt.sent)
			said, err := c.CombinedOutput()
			if (err == nil) != tt.want || tt.want == (len(said) > 0) {
				t.Errorf("%v: %s", err, said)
			}
			data, _ := os.ReadFile(file)
			info, _ := os.Stat(file)
			if whole := string(data) == program && info.Mode()&0o111 != 0; whole != tt.want {
				t.Errorf("it is there: %v, %q", whole, data)
			}
			if _, err := os.Stat(file + ".new"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("half a copy is left: %v", err)
			}
		})
	}
}
