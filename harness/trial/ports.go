package trial

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/harness/plan"
	"github.com/reprise-lab/reprise/topologies"
)

var portPlace = regexp.MustCompile(`\{\{ *([A-Za-z0-9_.\-/:]+) *\}\}`)

// withPorts puts a device's ports where text names interfaces of the topology: {{p1}}. A
// name that is no interface of the node is an error. ports is nil where the lab chose none:
// the interfaces' own names are put then.
func withPorts(text string, ports map[string]string, interfaces []string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	var unknown []string
	out := portPlace.ReplaceAllStringFunc(text, func(place string) string {
		name := portPlace.FindStringSubmatch(place)[1]
		if p, ok := plan.PortsOf(ports, interfaces)[name]; ok {
			return p
		}
		unknown = append(unknown, name)
		return place
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("{{%s}} is no interface of the node (it has %s)", unknown[0], strings.Join(interfaces, ", "))
	}
	return out, nil
}

// place puts the ports of this lab's node into text of the scenario.
func (l *Lab) place(n *labNode, text string) (string, error) {
	out, err := withPorts(text, n.ports, l.plan.Topology.Interfaces(n.Name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", n.Name, err)
	}
	return out, nil
}

func (l *Lab) placeAll(n *labNode, lines []string) ([]string, error) {
	out := make([]string, len(lines))
	for i, line := range lines {
		var err error
		if out[i], err = l.place(n, line); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// portMap asks the lab which ports it chose for a node.
func (l *Lab) portMap(node string) map[string]string {
	if m, ok := topologies.As[topologies.PortMapper](l.res); ok {
		return m.Ports(node)
	}
	return nil
}
