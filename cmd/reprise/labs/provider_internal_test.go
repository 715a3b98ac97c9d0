package labs

import (
	"fmt"
	"testing"

	"github.com/reprise-lab/reprise/topologies"
)

// TestEngineWouldDo: that there is no engine is said of what a lab of containers would have, and of nothing else.
func TestEngineWouldDo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"nothing", nil, false},
		{"no image", topologies.ErrNoImage, false},
		{"an ability", &topologies.MissingError{What: "ability of a lab of namespaces", Name: "network host"}, true},
		{"user namespaces", &topologies.MissingError{What: topologies.KernelAbility, Name: "user namespaces"}, true},
		{"a setting", &topologies.MissingError{What: topologies.KernelAbility, Name: "sysctl net.ipv4.ip_forwrd"}, false},
	} {
		err := tt.err
		if err != nil {
			err = fmt.Errorf("node a: %w", err)
		}
		if got := engineWouldDo(err); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
