package server

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/reprise-lab/reprise/harness/fleet"
)

// TestManyComeTogether: who is let in stands on the disk by then, however many come at once; who cannot be written is not let in, and what
// was before is as it was.
func TestManyComeTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := loadState(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.alive = func(uint64) bool { return true }
	token := s.Tokens[fleet.RoleWorker]
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			key := "key-" + strconv.Itoa(i) + "-"
			role, err := s.admit(key, token, "w", uint64(i))
			data, readErr := os.ReadFile(s.path)
			if role != fleet.RoleWorker || err != nil || readErr != nil || !bytes.Contains(data, []byte(key)) {
				t.Errorf("%s is let in as %q, %v, and stands on the disk: %t, %v", key, role, err, bytes.Contains(data, []byte(key)), readErr)
			}
		})
	}
	wg.Wait()
	if n := len(s.list()); n != 64 {
		t.Errorf("%d members", n)
	}
	s.path = filepath.Join(dir, "no", "members.json")
	if role, err := s.admit("another", token, "w", 65); err == nil {
		t.Errorf("let in as %s, and stands nowhere", role)
	}
	if role, err := s.admit("key-1-", s.Tokens[fleet.RoleCoordinator], "w", 66); err == nil || s.role("key-1-") != fleet.RoleWorker {
		t.Errorf("let in as %s, %s from now on, and stands nowhere", role, s.role("key-1-"))
	}
	if role, err := s.admit("key-1-", token, "w", 67); role != fleet.RoleWorker || err != nil {
		t.Errorf("a member comes back as %q, %v", role, err)
	}
	if n := len(s.list()); n != 64 {
		t.Errorf("%d members", n)
	}
}
