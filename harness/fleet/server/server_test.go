package server_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/harness/fleet"
	"github.com/reprise-lab/reprise/harness/fleet/server"
)

// TestDamagedState: a state that cannot be read says which file it is and what to do, and nothing is made anew behind its owner's back.
func TestDamagedState(t *testing.T) {
	for _, tt := range []struct{ name, file, content, want string }{
		{"certificate", "server.pem", "-----BEGIN CERTIFICATE-----\ncut", "remove the file"},
		{"members that are no JSON", "members.json", "{", "members.json"},
		{"members without tokens", "members.json", "{}", "remove the file"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, tt.file)
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := server.Start(t.Context(), server.Options{Dir: dir, Listen: "127.0.0.1:0"})
			if err == nil {
				_ = s.Close()
				t.Fatal("it starts")
			}
			if !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.file) {
				t.Errorf("the error says %q", err)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != tt.content {
				t.Errorf("the file was replaced: %q, %v", data, err)
			}
		})
	}
	for _, listen := range []string{"4222", "host:port", "127.0.0.1:99999"} {
		if _, err := server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: listen}); err == nil || !strings.Contains(err.Error(), listen) {
			t.Errorf("listening at %s: %v", listen, err)
		}
	}
}

// TestTakenAddress: an address that another program listens at is said at once.
func TestTakenAddress(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing is written
	began := time.Now()
	_, err = server.Start(t.Context(), server.Options{Dir: t.TempDir(), Listen: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "address already in use") || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestURL: what others join by stays the same over restarts, and names the address that they are told.
func TestURL(t *testing.T) {
	dir := t.TempDir()
	start := func(o server.Options) *server.Server {
		t.Helper()
		o.Dir = dir
		s, err := server.Start(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start(server.Options{Listen: "127.0.0.1:0"})
	first, listen := s.URL(fleet.RoleWorker), s.Addr()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(server.Options{Listen: listen})
	if got := s.URL(fleet.RoleWorker); got != first {
		t.Errorf("the URL was %s and is %s", first, got)
	}
	if s.URL(fleet.RoleCoordinator) == first {
		t.Error("both roles have one token")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for advertise, want := range map[string]string{"lab.example": "@lab.example:", "lab.example:99": "@lab.example:99?", "2001:db8::1": "@[2001:db8::1]:"} {
		s = start(server.Options{Listen: "127.0.0.1:0", Advertise: advertise})
		if got := s.URL(fleet.RoleWorker); !strings.Contains(got, want) {
			t.Errorf("advertised as %s, the URL is %s", advertise, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s = start(server.Options{Listen: "0.0.0.0:0"})
	defer func() { _ = s.Close() }()
	if got := s.URL(fleet.RoleWorker); strings.Contains(got, "0.0.0.0") {
		t.Errorf("listening everywhere, the URL is %s", got)
	}
}

// TestMembersBounded: the newest members are remembered, and those that are connected.
func TestMembersBounded(t *testing.T) {
	dir := t.TempDir()
	var members []server.Member
	for i := range 5000 {
		members = append(members, server.Member{Key: fmt.Sprint(i), Role: fleet.RoleWorker})
	}
	data, err := json.Marshal(map[string]any{"tokens": map[fleet.Role]string{fleet.RoleWorker: "w", fleet.RoleCoordinator: "c"}, "members": members})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "members.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := server.Start(t.Context(), server.Options{Dir: dir, Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	c, err := fleet.Dial(t.Context(), fleet.Access{URL: s.URL(fleet.RoleWorker)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got := s.Members()
	if len(got) != 4096 || got[len(got)-1].Key != c.PublicKey() || got[0].Key != "905" {
		t.Errorf("%d members, the first %s, the last %s", len(got), got[0].Key, got[len(got)-1].Key)
	}
}
