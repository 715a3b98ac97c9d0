package known_test

import (
	"path/filepath"
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

// A record's ranges, changes and defaults say of each version what the schema has them say.
func TestCVEVersions(t *testing.T) {
	const head = `{"dataType":"CVE_RECORD","dataVersion":"5.1","cveMetadata":{"cveId":"CVE-2026-10001","state":"PUBLISHED"},"containers":{"cna":{` +
		`"descriptions":[{"lang":"en","value":"bgpd in FRRouting crashes."}],"affected":[{"vendor":"FRRouting","product":"frr",`
	tests := []struct {
		name, rest string
		want       map[string]known.Affected
		fixed      string
	}{
		{
			"an inclusive range behind the fix of another line",
			`"versions":[{"version":"9.0","status":"affected","lessThan":"9.1.3"},{"version":"10.0","lessThanOrEqual":"10.0.2","status":"affected"}]}]}}}`,
			map[string]known.Affected{"9.1.2": known.AffectedYes, "9.1.3": known.AffectedNo, "10.0": known.AffectedYes, "10.0.2": known.AffectedYes, "10.0.3": known.AffectedNo},
			"9.1.3",
		},
		{
			"what was never ill is no fix, and others may name more",
			`"versions":[{"version":"8.0.0","status":"affected","lessThan":"8.0.13"},{"version":"7.6","status":"unaffected"}]}]},` +
				`"adp":[{"affected":[{"vendor":"FRRouting","product":"FRRouting","versions":[{"version":"8.13","status":"affected"}]}]}]}}`,
			map[string]known.Affected{"7.6": known.AffectedNo, "8.0.2": known.AffectedYes, "8.0.14": known.AffectedNo, "8.13": known.AffectedYes},
			"8.0.13",
		},
		{
			"a fix named as unaffected",
			`"versions":[{"version":"0","status":"affected","lessThan":"10.0.2"},{"version":"9.1.3","status":"unaffected"}]}]}}}`,
			map[string]known.Affected{"9.1.2": known.AffectedYes, "9.1.3": known.AffectedNo, "9.1.4": known.AffectedUnknown, "9.2": known.AffectedYes, "10.0.2": known.AffectedNo},
			"10.0.2",
		},
		{
			"all that is not named is ill",
			`"defaultStatus":"affected","versions":[{"version":"9.3.0","status":"unaffected","lessThan":"*"}]}]}}}`,
			map[string]known.Affected{"9.2.8": known.AffectedYes, "9.3.0": known.AffectedNo, "9.3.3": known.AffectedNo},
			"9.3.0",
		},
		{
			"all from one on is ill",
			`"defaultStatus":"affected","versions":[{"version":"0","status":"unaffected","lessThan":"8.1"},{"version":"8.5.4","status":"unaffected","lessThanOrEqual":"8.5.*"},{"version":"9.0","status":"unaffected","lessThanOrEqual":"*"}]}]}}}`,
			map[string]known.Affected{"8.0.1": known.AffectedNo, "8.5.3": known.AffectedYes, "8.5.4": known.AffectedNo, "9.1": known.AffectedNo},
			"8.5.4, 9.0",
		},
		{
			"all is ill before what is well, and between two of these",
			`"defaultStatus":"affected","versions":[{"version":"9.0","status":"unaffected","lessThan":"9.0.5"},{"version":"10.0","status":"unaffected","lessThan":"*"}]}]}}}`,
			map[string]known.Affected{"8.0": known.AffectedYes, "9.0.3": known.AffectedNo, "9.0.5": known.AffectedYes, "9.1": known.AffectedYes, "10.1": known.AffectedNo},
			"9.0, 10.0",
		},
		{
			"the last that is well is named",
			`"defaultStatus":"affected","versions":[{"version":"0","status":"unaffected","lessThanOrEqual":"8.0.5"},{"version":"9.0","status":"unaffected","lessThanOrEqual":"9.0.5"},{"version":"10.0","status":"unaffected","lessThan":"*"}]}]}}}`,
			map[string]known.Affected{"7.0": known.AffectedNo, "8.0.5": known.AffectedNo, "8.0.6": known.AffectedYes, "9.0.5": known.AffectedNo, "9.0.6": known.AffectedYes, "10.1": known.AffectedNo},
			"9.0, 10.0",
		},
		{
			"all is ill before what is well, whatever is named as ill",
			`"defaultStatus":"affected","versions":[{"version":"9.0","status":"affected","lessThan":"9.1.3"},{"version":"9.1.3","status":"unaffected","lessThan":"*"}]}]}}}`,
			map[string]known.Affected{"8.0": known.AffectedYes, "9.0.3": known.AffectedYes, "9.1.3": known.AffectedNo},
			"9.1.3",
		},
		{
			"a version is ill again",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.5","changes":[{"at":"8.5.3","status":"unaffected"},{"at":"8.5.4","status":"affected"}]}]}]}}}`,
			map[string]known.Affected{"7.9": known.AffectedNo, "8.5.2": known.AffectedYes, "8.5.3": known.AffectedNo, "8.5.4": known.AffectedYes, "8.5.5": known.AffectedNo},
			"8.5.3, 8.5.5",
		},
		{
			"a version is ill again in a range without an end, in no order",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"*","changes":[{"at":"9.0","status":"affected"},{"at":"8.5.3","status":"unaffected"}]}]}]}}}`,
			map[string]known.Affected{"8.5.2": known.AffectedYes, "8.5.4": known.AffectedNo, "9.1": known.AffectedYes},
			"8.5.3",
		},
		{
			"a range of the well in which versions become ill",
			`"versions":[{"version":"8.0","status":"unaffected","lessThan":"9.0","changes":[{"at":"8.5","status":"affected"}]}]}]}}}`,
			map[string]known.Affected{"8.4": known.AffectedNo, "8.5.1": known.AffectedYes, "9.0": known.AffectedNo},
			"9.0",
		},
		{
			"a change at what has no order",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.5","changes":[{"at":"8.5.3","status":"unaffected"},{"at":"head","status":"affected"}]}]}]}}}`,
			map[string]known.Affected{"8.5.4": known.AffectedUnknown, "8.5.2": known.AffectedUnknown},
			"",
		},
		{
			"one version among the ill is well",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.5"},{"version":"8.4.2","status":"unaffected"}]}]}}}`,
			map[string]known.Affected{"8.4.1": known.AffectedYes, "8.4.2": known.AffectedNo, "8.4.4": known.AffectedUnknown, "8.5": known.AffectedYes, "8.5.5": known.AffectedNo},
			"8.5.5",
		},
		{
			"one among the ill is well, and what is behind them",
			`"versions":[{"version":"8.0","status":"affected","lessThanOrEqual":"8.5.4"},{"version":"8.4.3","status":"unaffected"},{"version":"8.5.5","status":"unaffected"}]}]}}}`,
			map[string]known.Affected{"8.4.2": known.AffectedYes, "8.4.3": known.AffectedNo, "8.4.4": known.AffectedUnknown, "8.5.5": known.AffectedNo, "8.5.6": known.AffectedNo},
			"8.5.5",
		},
		{
			"one alone is well where all is ill",
			`"defaultStatus":"affected","versions":[{"version":"8.4.4","status":"unaffected"}]}]}}}`,
			map[string]known.Affected{"8.4.3": known.AffectedYes, "8.4.4": known.AffectedNo, "8.4.5": known.AffectedUnknown, "8.5": known.AffectedYes},
			"",
		},
		{
			"a range of the well among the ill",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.5"},{"version":"8.4.2","status":"unaffected","lessThan":"8.4.4"}]}]}}}`,
			map[string]known.Affected{"8.4.1": known.AffectedYes, "8.4.3": known.AffectedNo, "8.4.4": known.AffectedUnknown, "8.5.1": known.AffectedYes},
			"8.5.5",
		},
		{
			"a range to the end of a line",
			`"versions":[{"version":"8.5","status":"affected","lessThan":"8.5.*"},{"version":"9.0.1","status":"affected","lessThanOrEqual":"9.0*"}]}]}}}`,
			map[string]known.Affected{"8.4": known.AffectedNo, "8.5.3": known.AffectedYes, "8.6": known.AffectedNo, "9.0.4": known.AffectedYes, "9.1": known.AffectedNo},
			"",
		},
		{
			"the last that is ill is a release, and not its line",
			`"versions":[{"version":"8.0","status":"affected","lessThanOrEqual":"8.5","versionType":"semver"}]}]}}}`,
			map[string]known.Affected{"8.5": known.AffectedYes, "8.5.1": known.AffectedUnknown, "8.6": known.AffectedNo},
			"",
		},
		{
			"what is said to be unknown is",
			`"defaultStatus":"unaffected","versions":[{"version":"9.0","status":"unknown","lessThan":"9.1"},{"version":"8.0","status":"affected","lessThan":"9.0"},{"version":"8.3","status":"unknown"}]}]}}}`,
			map[string]known.Affected{"7.5": known.AffectedNo, "8.2": known.AffectedYes, "8.3": known.AffectedUnknown, "9.0": known.AffectedUnknown, "9.0.2": known.AffectedUnknown, "9.1": known.AffectedNo},
			"9.0",
		},
		{
			"all that is not named is unknown",
			`"defaultStatus":"unknown","versions":[{"version":"9.0","status":"affected","lessThan":"9.1.2"},{"version":"10.0","status":"affected","lessThanOrEqual":"10.0.1"}]}]}}}`,
			map[string]known.Affected{"8.5": known.AffectedUnknown, "9.1.1": known.AffectedYes, "9.1.2": known.AffectedNo, "10.0.1": known.AffectedYes, "10.0.2": known.AffectedUnknown},
			"9.1.2",
		},
		{
			"one platform has its fix before the other",
			`"platforms":["arm"],"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.4"}]},{"vendor":"FRRouting","product":"frr","platforms":["x86"],"versions":[{"version":"8.0","status":"affected","lessThan":"8.6.1"}]}]}}}`,
			map[string]known.Affected{"8.5.3": known.AffectedYes, "8.5.4": known.AffectedUnknown, "8.6.0": known.AffectedUnknown, "8.6.1": known.AffectedNo},
			"8.6.1",
		},
		{
			"a range that holds nothing",
			`"versions":[{"version":"8.5.4","status":"affected","lessThan":"8.5.4"}]}]}}}`,
			map[string]known.Affected{"8.5.4": known.AffectedUnknown, "8.5.5": known.AffectedUnknown},
			"",
		},
		{
			"a range whose ends are changed over",
			`"versions":[{"version":"9.0","status":"affected","lessThan":"8.0"}]}]}}}`,
			map[string]known.Affected{"7.0": known.AffectedUnknown, "8.5": known.AffectedUnknown, "9.0": known.AffectedUnknown},
			"",
		},
		{
			"the end of a range within another is no fix",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"8.5.4"},{"version":"8.0","status":"affected","lessThanOrEqual":"9.0.3"}]}]}}}`,
			map[string]known.Affected{"8.5.3": known.AffectedYes, "8.5.5": known.AffectedYes, "9.0.3": known.AffectedYes, "9.1": known.AffectedNo},
			"",
		},
		{
			"a fix that the record itself says is not whole",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"9.0.2"}]}],"solutions":[{"lang":"en","value":"Upgrade to 9.0.3; 9.0.2 does not contain the complete fix."}]}}}`,
			map[string]known.Affected{"9.0.1": known.AffectedYes, "9.0.2": known.AffectedUnknown},
			"9.0.2",
		},
		{
			"the incomplete fix of another record",
			`"versions":[{"version":"8.0","status":"affected","lessThan":"9.0.2"}]}],"solutions":[{"lang":"en","value":"This is because of an incomplete fix for CVE-2025-10001 in 8.4.3."}]}}}`,
			map[string]known.Affected{"9.0.1": known.AffectedYes, "9.0.2": known.AffectedNo},
			"9.0.2",
		},
		{
			"a change holds to the end of its range",
			`"versions":[{"version":"9.0","status":"affected","lessThan":"9.1.3","changes":[{"at":"9.0.5","status":"unaffected"}]}]}]}}}`,
			map[string]known.Affected{"9.0.4": known.AffectedYes, "9.0.5": known.AffectedNo, "9.1.2": known.AffectedNo},
			"9.0.5",
		},
	}
	for _, tt := range tests {
		d, err := known.ReadDocument("CVE-2026-10001.json", []byte(head+tt.rest), known.ReadOptions{Products: products(t)})
		if err != nil || len(d.Issues) != 1 {
			t.Fatalf("%s: %v, %v", tt.name, err, d.Issues)
		}
		for v, want := range tt.want {
			if a := d.Issues[0].Affects("frr", v); a.Affected != want {
				t.Errorf("%s: %s: %+v, want %s (found %v, fixed %v)", tt.name, v, a, want, d.Issues[0].Found, d.Issues[0].Fixed)
			}
		}
		if got := joinStrings(d.Issues[0].Fixed); got != tt.fixed {
			t.Errorf("%s: fixed in %s, want %s", tt.name, got, tt.fixed)
		}
	}
}

// TestRecordOfSeveralProducts: a record of several products is found for each of them, also where it has no versions of it.
func TestRecordOfSeveralProducts(t *testing.T) {
	db, err := known.Open(t.Context(), filepath.Join(t.TempDir(), "known.db"), products(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	d := read(t, "a.json", `{"dataType":"CVE_RECORD","cveMetadata":{"cveId":"CVE-2026-0001"},"containers":{"cna":{"descriptions":[{"lang":"en","value":"A zebracrash."}],"affected":[`+
		`{"vendor":"FRRouting","product":"frr","versions":[{"version":"9.0","lessThan":"9.0.2","status":"affected"}]},`+
		`{"vendor":"Extreme Networks","product":"ExtremeXOS","versions":[{"version":"31.1","lessThan":"32.7.3","status":"affected"}]},`+
		`{"vendor":"Extreme Networks","product":"VOSS","versions":[{"version":"n/a","status":"affected"}]}]}}}`)
	if _, err := db.Import(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), read(t, "list.csv", "ID,Product,Summary,Found in\nL-1,\"FRR, BIRD\",zebracrash of both,9.0.1\n")); err != nil {
		t.Fatal(err)
	}
	for product, want := range map[string]int{"frr": 2, "bird": 1, "exos": 1, "ovs": 0} {
		if found, err := db.Search(t.Context(), known.Query{Words: "zebracrash", Product: product}); err != nil || len(found) != want {
			t.Errorf("%s: %d issues, want %d (%v)", product, len(found), want, err)
		}
	}
	for _, tt := range []struct {
		product, version, fixedAfter string
		want                         known.Affected // empty where it is not found
	}{
		{"frr", "9.0.1", "", known.AffectedYes},
		{"frr", "9.0.2", "", ""},
		{"exos", "32.7.2.19", "", known.AffectedYes},
		{"exos", "32.7.3.1", "", ""},
		{"voss", "9.1.0.0", "", known.AffectedUnknown},
		{"exos", "32.7.2.19", "32.7.2", known.AffectedYes},
		{"frr", "9.0.1", "10.0", ""},
	} {
		found, err := db.Search(t.Context(), known.Query{Words: "zebracrash", Product: tt.product, Version: tt.version, FixedAfter: tt.fixedAfter})
		if err != nil {
			t.Fatal(err)
		}
		var got known.Affected
		for _, f := range found {
			if f.Key == "CVE-2026-0001" && f.Affects != nil {
				got = f.Affects.Affected
			}
		}
		if got != tt.want {
			t.Errorf("%+v: %q of %+v", tt, got, found)
		}
	}
}
