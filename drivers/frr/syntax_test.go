package frr_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/frr"
	"github.com/reprise-lab/reprise/scenarios/corpus"
)

func TestCheckSyntax(t *testing.T) {
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, image := range drivertest.Images() {
		t.Run(image, func(t *testing.T) {
			host := drivertest.StartContainer(t, image)
			refused := func(text string) string {
				t.Helper()
				words, err := frr.Factory{}.CheckSyntax(t.Context(), host, []byte(text))
				if err != nil {
					t.Fatal(err)
				}
				return words
			}
			for text, want := range map[string]string{
				"":                                 "",
				config:                             "",
				"router bgp 65001\n nonsense\n":    "nonsense",
				"ip route 10.0.0.0/33 blackhole\n": "10.0.0.0/33",
			} {
				if got := refused(text); !strings.Contains(got, want) || want == "" && got != "" {
					t.Errorf("%q: %q, want %q", text, got, want)
				}
			}
			if image != "reprise/debian:bookworm" {
				return // lines of the corpus are for that version
			}
			// What boots is not refused.
			for _, e := range entries {
				if !strings.HasPrefix(e.ID, "frr-") && e.Family != "isolate" {
					continue
				}
				files, err := fs.Glob(e.Files, "*.conf")
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					text, err := fs.ReadFile(e.Files, f)
					if err != nil {
						t.Fatal(err)
					}
					if !strings.Contains(string(text), "{") {
						if got := refused(string(text)); got != "" {
							t.Errorf("%s/%s: %s", e.ID, f, got)
						}
					}
				}
			}
		})
	}
}
