package drivers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers"
)

func TestSecretIsNotPrinted(t *testing.T) {
	s := drivers.NewSecret("hunter2-of-the-lab")
	data, err := json.Marshal(struct{ S drivers.Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", s)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprintf("%+v", struct{ S drivers.Secret }{s}), string(data), log.String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s", text)
		}
	}
	if s.Reveal() != "hunter2-of-the-lab" {
		t.Error("the value is lost")
	}
}

func TestResolveSecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from-a-file\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SECRET_TEST", "from-the-environment")
	tests := []struct{ ref, want string }{{"", ""}, {"env:SECRET_TEST", "from-the-environment"}, {"file:" + file, "from-a-file"}}
	for _, tt := range tests {
		if got, err := drivers.ResolveSecret(tt.ref); err != nil || got.Reveal() != tt.want {
			t.Errorf("%s: %q, %v", tt.ref, got.Reveal(), err)
		}
	}
	for _, ref := range []string{"hunter2", "plain:hunter2", "env:SECRET_TEST_NOT_SET", "file:/no/such/file"} {
		if _, err := drivers.ResolveSecret(ref); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := drivers.ResolveSecret("hunter2"); !errors.Is(err, drivers.ErrLiteral) {
		t.Errorf("%v", err)
	}
}
