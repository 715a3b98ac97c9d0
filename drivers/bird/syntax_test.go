package bird_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

func TestCheckSyntax(t *testing.T) {
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			host := drivertest.StartContainer(t, image)
			for text, want := range map[string]string{
				// Without a router id, with an interface that is not there: the check's machine has no network.
				"protocol device {}\n": "",
				"protocol device {}\nprotocol bgp x {\n local as 1;\n neighbor 10.0.0.1 as 5;\n interface \"eth7\";\n ipv4 { import all; export all; };\n}\n": "",
				"device {}\n": "syntax error",
				"protocol bgp x {\n neighbor 10.0.0.1 as 5;\n}\n": "Local AS number must be set",
				"protocol bgp x {\n":                              "syntax error",
				"filter f { if net.len > 3 then accept\n":         "syntax error",
				"\xff\x00": "1:1",
			} {
				got, err := bird.Factory{}.CheckSyntax(t.Context(), host, []byte(text))
				if err != nil || !strings.Contains(got, want) || want == "" && got != "" {
					t.Errorf("%q: %q %v, want %q", text, got, err, want)
				}
			}
			// The parser of 2.0.12 crashes on an empty case: it has refused nothing.
			got, err := bird.Factory{}.CheckSyntax(t.Context(), host, []byte("router id 1.1.1.1;\nprotocol device {}\nfilter f {\n case source {\n RTS_STATIC: { }\n else: reject;\n }\n accept;\n}\nprotocol static s4 {\n ipv4 { import filter f; };\n}\n"))
			if err != nil || image == "reprise/debian:bookworm" && got != "" {
				t.Errorf("an empty case: %q %v", got, err)
			}
		})
	}
}
