package exos_test

import (
	"os"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/exos"
)

// What somebody else took is whole, or says what it lacks.
func TestFilesLack(t *testing.T) {
	old, err := os.ReadFile("testdata/tech12.txt")
	if err != nil {
		t.Fatal(err)
	}
	tech := strings.TrimRight(string(old), "\n")
	config := "#\n# Module devmgr configuration.\n#\nconfigure snmp sysName \"sw1\"\n#\n# Module vlan configuration.\n#\ncreate vlan v1\n"
	for _, tt := range []struct {
		name, text, want string
		lacks            func(string) []string
	}{
		{"a collection of an old release", tech + "\n", "", exos.Factory{}.TechLacks},
		{"with the prompt behind it", tech + "\nsw1.5 # ", "", exos.Factory{}.TechLacks},
		{"cut within a line", tech, "its last line is cut", exos.Factory{}.TechLacks},
		{"a configuration", config, "", exos.Factory{}.ConfigLacks},
		{"a configuration and the prompt", config + "* sw1.7 # exit", "", exos.Factory{}.ConfigLacks},
		{"a configuration, cut", config + "configure vlan v1 ad", "its last line is cut", exos.Factory{}.ConfigLacks},
		{"its second half", config[40:], "the begin", exos.Factory{}.ConfigLacks},
		{"something else", "hostname r1\n", "every module", exos.Factory{}.ConfigLacks},
	} {
		if got := strings.Join(tt.lacks(tt.text), "; "); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s lacks %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A collection is told from what lies beside it, be it whole or cut.
func TestTechBegins(t *testing.T) {
	old, err := os.ReadFile("testdata/tech12.txt")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		string(old): true, string(old[:len(old)/2]): true, string(old[len(old)/2:]): true,
		"* Executing \"show tech": true, "Show Tech-Support Execution Time: 12 s\n": true,
		"": false, "03/01/2026 10:00:00.00 <Info:HAL> Port 1 link UP\n": false, "#\n# Module devmgr configuration.\n#\n": false,
		"sw1.1 # show version\nswitch : 800000-00-01\n": false,
	} {
		if got := (exos.Factory{}).TechBegins(text); got != want {
			t.Errorf("%.40q: %v, want %v", text, got, want)
		}
	}
}
