package containers

import (
	"maps"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
)

func TestAbandoned(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	alive, err := ownership(topologies.Options{Run: "r", Lab: 1, Owner: os.Getpid(), TTL: time.Hour}, now)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		want   bool
		change map[string]string
		at     time.Duration
	}{
		{"owner alive", false, nil, 0},
		{"owner alive, past its time", true, nil, 2 * time.Hour},
		{"owner gone", true, map[string]string{LabelOwner: strconv.Itoa(1 << 22)}, 0},
		{"pid recycled", true, map[string]string{LabelOwnerStart: "another boot/1"}, 0},
		{"owner gone but kept", false, map[string]string{LabelOwnerStart: "x", LabelKeep: "true"}, 0},
		{"kept, past its time", true, map[string]string{LabelKeep: "true"}, 2 * time.Hour},
		{"another machine's", false, map[string]string{LabelOwnerStart: "x", LabelHost: "elsewhere"}, 0},
		{"unreadable", false, map[string]string{LabelOwner: "?", LabelExpires: "?"}, 2 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			labels := maps.Clone(alive)
			maps.Copy(labels, tt.change)
			if got := abandoned(labels, alive[LabelHost], now.Add(tt.at)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"sleep infinity", []string{"sleep", "infinity"}},
		{`sh -c "echo 'a b'"`, []string{"sh", "-c", "echo 'a b'"}},
		{`a\ b '' "c\"d"`, []string{"a b", "", `c"d`}},
	}
	for _, tt := range tests {
		got, err := words(tt.text)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("words(%q): %v %s", tt.text, err, diff)
		}
	}
	if _, err := words(`a "b`); err == nil {
		t.Error("an open quotation was taken")
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		memory string
		want   int64
	}{{"", 0}, {"512MB", 512_000_000}, {"1GiB", 1 << 30}, {"1gib", 1 << 30}}
	for _, tt := range tests {
		got, err := limitsOf(topologies.Node{Memory: tt.memory, CPU: 0.5})
		if err != nil || got.memory != tt.want || got.nanoCPUs != 500_000_000 {
			t.Errorf("limitsOf(%q) = %+v, %v; want %d", tt.memory, got, err, tt.want)
		}
	}
}

func TestPublish(t *testing.T) {
	tests := []struct{ text, port, ip, host string }{
		{"8080:80", "80/tcp", "invalid IP", "8080"},
		{"127.0.0.1:8080:80/tcp", "80/tcp", "127.0.0.1", "8080"},
		{"[::1]:161:161/udp", "161/udp", "::1", "161"},
		{"22", "22/tcp", "invalid IP", ""},
	}
	for _, tt := range tests {
		got, err := publish([]string{tt.text})
		if err != nil || len(got) != 1 {
			t.Errorf("publish(%q) = %v, %v", tt.text, got, err)
			continue
		}
		if p := got[0]; p.port.String() != tt.port || p.at.HostIP.String() != tt.ip || p.at.HostPort != tt.host {
			t.Errorf("publish(%q) = %+v", tt.text, p)
		}
	}
	for _, bad := range []string{"x", "1:2:3:4", "a:1:2"} {
		if _, err := publish([]string{bad}); err == nil {
			t.Errorf("publish(%q) was taken", bad)
		}
	}
}
