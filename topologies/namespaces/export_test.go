package namespaces

import (
	"os"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/topologies/namespaces/cgroups"
)

// Divide has labs of a provider divide a control group, whatever its controllers.
func Divide(p *Provider, d cgroups.Delegation) {
	p.groups = func() (cgroups.Delegation, error) { return d, nil }
}

// FirstProcess gives the program of nodes' first processes, without their filter, and the
// arguments with which it mounts a /proc.
func FirstProcess(proc string) (*os.File, []string, error) {
	f, err := initProgram([]unix.SockFilter{answerOf(allow)})
	return f, initArguments(proc), err
}
