package known_test

import (
	"testing"

	"github.com/reprise-lab/reprise/harness/known"
)

// A record whose author left out the versions is of the product that it speaks of, whatever
// others who add to it name first.
func TestCVEOfWhatItSpeaksOf(t *testing.T) {
	const head = `{"dataType":"CVE_RECORD","dataVersion":"5.0","cveMetadata":{"cveId":"CVE-2023-1234","state":"PUBLISHED"},"containers":{"cna":{` +
		`"affected":[{"vendor":"n/a","product":"n/a","versions":[{"version":"n/a","status":"affected"}]}],"descriptions":[{"lang":"en","value":"`
	const adp = `"}]},"adp":[{"affected":[{"vendor":"debian","product":"debian_linux","versions":[{"version":"10.0","status":"affected"}]},` +
		`{"vendor":"frrouting","product":"frrouting","versions":[{"version":"0","lessThan":"8.5","status":"affected","versionType":"custom"}]}]}]}}`
	for _, text := range []string{"bgpd in FRRouting crashes on an empty path.", "A daemon crashes on an empty path."} {
		d, err := known.ReadDocument("CVE-2023-1234.json", []byte(head+text+adp), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 {
			t.Fatal(err, d.Issues)
		}
		i := d.Issues[0]
		if i.Product != "frr" || i.Affects("frr", "8.4").Affected != known.AffectedYes || i.Affects("frr", "8.5").Affected != known.AffectedNo {
			t.Errorf("%q: %s, %v, %v", text, i.Product, i.Found, i.Fixed)
		}
	}
}
