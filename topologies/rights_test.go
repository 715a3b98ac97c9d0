package topologies_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/topologies"
)

func TestExceptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		node topologies.Node
		want []string
	}{
		{"none", topologies.Node{Image: "x", NetworkMode: "none", CapAdd: []string{"NET_ADMIN", "cap_sys_admin"}}, nil},
		{"rights", topologies.Node{Rights: topologies.Rights()}, []string{"right namespaces", "right bpf"}},
		{"capabilities", topologies.Node{CapAdd: []string{"SYS_MODULE", "ALL", "CAP_SYS_TIME"}}, []string{"capability SYS_MODULE", "capability ALL", "capability CAP_SYS_TIME"}},
		{"folders", topologies.Node{Binds: []string{"/:/host"}}, []string{"folder of this machine /:/host"}},
		{"ports", topologies.Node{Ports: []string{"8080:80"}}, []string{"port of this machine 8080:80"}},
		{"networks", topologies.Node{NetworkMode: "host"}, []string{"network host"}},
		{"another's network", topologies.Node{NetworkMode: "container:x"}, []string{"network container:x"}},
		{"the engine's network", topologies.Node{NetworkMode: "bridge"}, []string{"network bridge"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.node.Exceptions()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRights(t *testing.T) {
	t.Parallel()
	got, err := topologies.ParseRights(" bpf, namespaces,bpf ")
	if diff := cmp.Diff([]topologies.Right{"bpf", "namespaces"}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if _, err := topologies.ParseRights("mount"); err == nil || !strings.Contains(err.Error(), "namespaces") {
		t.Errorf("got %v", err)
	}
}
