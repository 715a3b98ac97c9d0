package voss_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/voss"
)

// What somebody else took is whole, or says what it lacks.
func TestFilesLack(t *testing.T) {
	const tech = "SysDescr : VSP-8404 (9.1.0.0)\n# software version 9.1.0.0\nCP1  [03/01/26 10:00:00.000:UTC] 0x0 INFO up\nlast line"
	const config = "#\n# software version 9.1.0.0\n#\nconfig terminal\nvlan create 10 type port\nend\n"
	for _, tt := range []struct {
		name, text, want string
		lacks            func(string) []string
	}{
		{"a collection", tech + "\n", "", voss.Factory{}.TechLacks},
		{"with the prompt behind it", tech + "\nSW:1#", "", voss.Factory{}.TechLacks},
		{"cut within a line", tech, "its last line is cut", voss.Factory{}.TechLacks},
		{"a configuration", config, "", voss.Factory{}.ConfigLacks},
		{"a configuration, cut", config[:len(config)-5], "the end", voss.Factory{}.ConfigLacks},
		{"its second half", config[40:], "the begin", voss.Factory{}.ConfigLacks},
	} {
		if got := strings.Join(tt.lacks(tt.text), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s lacks %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A collection is told from what lies beside it, be it whole or cut.
func TestTechBegins(t *testing.T) {
	const identity, config, log = "SysDescr : VSP-8404 (9.1.0.0)\n", "# software version 9.1.0.0\n", "CP1  [03/01/26 10:00:00.000:UTC] 0x0 INFO up\n"
	for text, want := range map[string]bool{identity + config + log: true, identity + config: true, config + log: true, identity: false, config: false, log: false, "": false} {
		if got := (voss.Factory{}).TechBegins(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
