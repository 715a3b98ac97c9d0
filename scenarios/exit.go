package scenarios

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/reprise-lab/reprise/topologies/yamlpos"
)

// Statuses are the exit statuses that a command may end with: nil where nothing is said, which
// leaves it to who asks, and else those that are listed, or any.
type Statuses []int

// anyStatus stands alone in a list for every status of a command that could be run. No number that a
// file has makes it: those outside 0 to 255 are refused as they are read.
const anyStatus = -1

// A shell ends with these where it could not run a command at all (POSIX.1-2017, XCU 2.8.2).
const (
	StatusNotExecutable = 126
	StatusNotFound      = 127
)

// Any reports whether every command that could be run may end as it likes.
func (s Statuses) Any() bool { return len(s) == 1 && s[0] == anyStatus }

// Allows reports whether a status is one of those. That of a shell which could not run the command
// is one only where it is listed: the command has done nothing then.
func (s Statuses) Allows(status int) bool {
	if s.Any() {
		return status >= 0 && status != StatusNotFound && status != StatusNotExecutable
	}
	return slices.Contains(s, status)
}

// String lists them as the file does.
func (s Statuses) String() string {
	if s.Any() {
		return "any"
	}
	words := make([]string, len(s))
	for i, n := range s {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}

// DecodeYAML accepts one status, a list of them, or the word any.
func (s *Statuses) DecodeYAML(d *yamlpos.Doc, n *yaml.Node, path string) {
	if n.Kind == yaml.SequenceNode {
		*s = Statuses{}
		d.Value(n, (*[]int)(s), path)
		list := *s
		for i, status := range list {
			if refusesStatus(d, n.Content[i], status) {
				*s = nil
			}
		}
		return
	}
	if n.Kind == yaml.ScalarNode && n.Value == "any" {
		*s = Statuses{anyStatus}
		return
	}
	status, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		d.NodeFaultf(n, "exit: 0, exit: [0, 1], or exit: any", "%s: %q is no exit status", path, n.Value)
		return
	}
	if !refusesStatus(d, n, status) {
		*s = Statuses{status}
	}
}

// refusesStatus reports whether a number is no status, which it says where it stands.
func refusesStatus(d *yamlpos.Doc, at *yaml.Node, n int) bool {
	if n >= 0 && n <= 255 {
		return false
	}
	d.NodeFaultf(at, "0 to 255; 128 and the signal's number where one ended it", "%d is no exit status", n)
	return true
}

// MarshalJSON writes the form that scenarios use.
func (s Statuses) MarshalJSON() ([]byte, error) {
	if s.Any() {
		return []byte(`"any"`), nil
	}
	return json.Marshal([]int(s))
}

// JSONSchema describes the three forms.
func (Statuses) JSONSchema() *jsonschema.Schema {
	status := &jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: "255"}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		status, {Type: "array", Items: status}, enumSchema([]string{"any"}),
	}}
}
