package bird_test

import (
	"testing"

	"github.com/reprise-lab/reprise/drivers/bird"
)

// TestRefusal: what birdc 2.0.7 says with status 0 where BIRD did not take a line is told from answers.
func TestRefusal(t *testing.T) {
	for _, tt := range []struct {
		command, answer, want string
		shell                 bool
	}{
		{"birdc show rote", "BIRD 2.0.7 ready.\nNo such command. Press `?' for help.\n", "No such command. Press `?' for help.", true},
		{"birdc disable x", "BIRD 2.0.7 ready.\nsyntax error, unexpected CF_SYM_UNDEFINED\n", "syntax error, unexpected CF_SYM_UNDEFINED", true},
		{"birdc show route", "BIRD 2.0.7 ready.\nTable master4:\n", "", true},
		{"birdc show rote; birdc show route", "BIRD 2.0.7 ready.\nNo such command.\nBIRD 2.0.7 ready.\nTable master4:\n", "", true},
		{"birdc show route", "BIRD 2.0.7 ready.\n", "", true},
		{"birdc configure", "BIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\n/tmp/b.conf:3:10 syntax error, unexpected CF_SYM_UNDEFINED\n", "/tmp/b.conf:3:10 syntax error, unexpected CF_SYM_UNDEFINED", true},
		{"birdc configure soft", "BIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\n/tmp/b.conf:2:10 Unable to open included file /tmp/x: No such file or directory\n", "/tmp/b.conf:2:10 Unable to open included file /tmp/x: No such file or directory", true},
		{"birdc configure '\"/tmp/x\"'", "BIRD 2.0.7 ready.\nReading configuration from /tmp/x\n/tmp/x: No such file or directory\n", "/tmp/x: No such file or directory", true},
		{"birdc configure", "BIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\nReconfigured\n", "", true},
		{"birdc configure check", "BIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\nConfiguration OK\n", "", true},
		{"birdc configure; birdc configure", "BIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\n/tmp/b.conf:3:10 syntax error\nBIRD 2.0.7 ready.\nReading configuration from /tmp/b.conf\nReconfigured\n", "", true},
		{"birdc show route", "BIRD 2.0.7 ready.\nfe80::1: x\n", "", true},
		{"cat /tmp/x", "No such command.\n", "", true},
		{"show ospf neighbors", "There is no OSPF protocol running\n", "There is no OSPF protocol running", false},
		{"show ospf neighbors b1", "b1: Not a OSPF protocol\n", "b1: Not a OSPF protocol", false},
		{"show protocols nosuch*", "No protocols match\n", "No protocols match", false},
		{"show ospf neighbors o1", "o1:\nRouter ID   \tPri\t     State     \tDTime\tInterface  Router IP\n", "", false},
		{"show route for 192.0.2.1", "Network not found\n", "", false},
		{"configure undo", "Undo requested\nNothing to do\n", "Nothing to do", false},
	} {
		if got := (&bird.Driver{}).Refusal(tt.command, tt.shell, tt.answer); got != tt.want {
			t.Errorf("%s: %q: %q, want %q", tt.command, tt.answer, got, tt.want)
		}
	}
}
