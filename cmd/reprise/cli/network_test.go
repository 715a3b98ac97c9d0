package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/infer"
)

// TestSecretlessStrings: of a network that is shown as JSON one string is no context of the next, so that it says what the
// file beside it does; a secret is in neither.
func TestSecretlessStrings(t *testing.T) {
	const told = "core1: core1-session.txt is not whole: the begin (# Module devmgr configuration)"
	n := infer.Network{
		Nodes: []infer.Node{{
			Name: "core1", Image: "reprise/frr:10.3", Likeness: infer.Substitute, TakenOut: []string{"password …"}, Sent: "neighbor 10.0.0.2 password Tr0ub4dor3x\n",
			Differs: []string{"neighbor 10.0.0.2 password Tr0ub4dor3x"},
		}},
		Unknown: []string{"the name cut", told},
	}
	clean, err := cli.Secretless(n)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	var shown infer.Network
	if err := json.Unmarshal(clean("network.json", data), &shown); err != nil {
		t.Fatal(err)
	}
	files, err := n.Files("lab", clean)
	if err != nil {
		t.Fatal(err)
	}
	notes := string(files[len(files)-1].Data)
	for _, line := range append(shown.Unknown, shown.Nodes[0].Differs...) {
		if !strings.Contains(notes, "  "+line+"\n") {
			t.Errorf("shown %q, and the file has\n%s", line, notes)
		}
	}
	if shown.Unknown[1] != told {
		t.Errorf("shown %q", shown.Unknown[1])
	}
	if got := shown.Nodes[0].Differs[0]; strings.Contains(got+notes, "Tr0ub4dor3x") || !strings.HasPrefix(got, "neighbor 10.0.0.2 password ") {
		t.Errorf("shown %q, and the file has\n%s", got, notes)
	}
}
