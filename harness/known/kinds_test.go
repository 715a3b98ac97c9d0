package known_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/known"
)

// Kinds of documents that projects ship, and what in them is a fault of the product: product,
// found, fixed and title of each.
func TestKindsOfDocuments(t *testing.T) {
	for _, tt := range []struct {
		name, file, text string
		want             []string
	}{
		{"a CVE whose text includes its last version", "a.json", cveText(`"versions":[{"version":"n/a","status":"affected"}]`, "In FRRouting before and through 9.1, bgpd crashes.", ""), []string{"frr|to 9.1||In FRRouting before and through 9.1, bgpd crashes"}},
		{
			"a CVE of which somebody else says the versions", "a.json",
			cveText(`"versions":[{"version":"unspecified","status":"affected"}]`, "A crash of FRRouting.", `,"adp":[{"affected":[{"product":"frrouting","versions":[{"version":"0","lessThanOrEqual":"9.1","status":"affected"}]}]}]`),
			[]string{"frr|to 9.1||A crash of FRRouting"},
		},
		{
			"a CVE of which its author says the versions", "a.json",
			cveText(`"versions":[{"version":"8.0","lessThan":"9.1.1","status":"affected"}]`, "A crash of FRRouting.", `,"adp":[{"affected":[{"product":"frrouting","versions":[{"version":"0","lessThanOrEqual":"10","status":"affected"}]}]}]`),
			[]string{"frr|8.0 to before 9.1.1|9.1.1|A crash of FRRouting"},
		},
		{
			"a package's predecessor", "frr.changelog", "frr (8.4.4-1.1) unstable; urgency=medium\n\n  * Fix bgpd crash\n\n -- A <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n\nquagga (0.99.24.1-2) unstable; urgency=medium\n\n  * Fix ospfd crash\n",
			[]string{"frr||8.4.4-1.1|Fix bgpd crash", "quagga||0.99.24.1-2|Fix ospfd crash"},
		},
		{
			"a list in Markdown", "CHANGELOG.md", "# Changelog of FRR\n\n## [Unreleased]\n\n### Fixed\n\n- Crash of bgpd\n\n## [2.4.1] - 2025-03-02\n\n### Fixed\n\n- Peers flap when the hold time is 0\n\n### Added\n\n- Fix-up of route maps\n\n## 2.4.0 (2025-01-01)\n\n### Bug Fixes\n\n* **bgp:** Routes stay after withdrawal\n",
			[]string{"frr|||Crash of bgpd", "frr||2.4.1|Peers flap when the hold time is 0", "frr||2.4.0|Routes stay after withdrawal"},
		},
		{
			"a release page", "releases.md", "# FRR releases\n\n## v10.2.1\n\n## What's Changed\n\n* bgpd: fix crash on empty path by @one in #123\n* tests: fix a flaky test by @two in #124\n* doc: describe filters by @three in #125\n",
			[]string{"frr||10.2.1|fix crash on empty path by @one in #123"},
		},
		{
			"news", "NEWS", "lldpd (1.0.17)\n  * Fix:\n    + Fix a crash when an interface vanishes.\n    + Fix compilation with musl.\n  * Changes:\n    + Kernels older than 2.6 are no longer supported.\n    + New option to avoid loops on bridges.\n    + Validation of names can be turned off.\n    + Many fixes in the agent.\n    + No longer lose neighbours at reload.\n",
			[]string{"lldpd||1.0.17|Fix a crash when an interface vanishes", "lldpd||1.0.17|No longer lose neighbours at reload"},
		},
		{"a tool that manages a product", "CHANGELOG.md", "# Ansible collection extreme.voss\n\n## 9.4.0\n\n### Bugfixes\n\n- Fix crash at the prompt\n", []string{"||9.4.0|Fix crash at the prompt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := known.ReadDocument(tt.file, []byte(tt.text), known.ReadOptions{Products: products(t)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range d.Issues {
				got = append(got, strings.Join([]string{i.Product, joinStrings(i.Found), joinStrings(i.Fixed), i.Title}, "|"))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// cveText is a record of the CVE list.
func cveText(affected, text, more string) string {
	return fmt.Sprintf(`{"dataType":"CVE_RECORD","cveMetadata":{"cveId":"CVE-2026-0001"},"containers":{"cna":{"descriptions":[{"lang":"en","value":%q}],"affected":[{"vendor":"n/a","product":"n/a",%s}]}%s}}`, text, affected, more)
}
