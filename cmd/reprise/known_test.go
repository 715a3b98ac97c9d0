package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/harness/known"
	knownversion "github.com/reprise-lab/reprise/harness/known/version"
	"github.com/reprise-lab/reprise/scenarios/corpus"
	"github.com/reprise-lab/reprise/topologies/lab"
)

// The bugs of the corpus, and words of the title under which an entry about each is known.
var corpusBugs = map[string]string{
	"bird-case-empty-crash":          "case option",
	"bird-frr-linklocal-nexthop":     "link-local next hop",
	"bird-role-no-capability":        "ole check",
	"frr-bgp-no-shutdown":            "bgp shutdown taken back",
	"frr-default-originate-slash1":   "default-originate withdraws",
	"frr-isis-type-flap":             "after is-type was switched",
	"frr-ospf-default-metric":        "default-metric change",
	"frr-suppress-fib-network":       "suppress-fib-pending holds back",
	"keepalived-prefixlen-vip":       "deleted address",
	"keepalived-startup-delay-crash": "vrrp_startup_delay",
	"lldpd-netlink-race":             "etlink socket",
	"ovs-packetout-meter-crash":      "metered flow",
	"ovs-rstp-patch-deadlock":        "RSTP on patch ports",
}

// TestMatchCorpus matches every bug of the corpus, with what comes with the program and with
// lists of changes around it, and wants the right entry among the first three for nine of ten.
func TestMatchCorpus(t *testing.T) {
	db, err := known.Open(t.Context(), filepath.Join(t.TempDir(), "known.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	documents := filepath.Join("..", "..", "harness", "known", "testdata", "documents")
	for _, name := range []string{"bird-NEWS", "lldpd-NEWS", "ovs-NEWS", "keepalived-ChangeLog", "frr-changelog.Debian"} {
		data, err := os.ReadFile(filepath.Join(documents, name))
		if err != nil {
			t.Fatal(err)
		}
		d, err := known.ReadDocument(name, data, known.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Import(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := corpus.List()
	if err != nil {
		t.Fatal(err)
	}
	a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard, quiet: true}
	hits, all := 0, 0
	for _, e := range entries {
		want, ok := corpusBugs[e.ID]
		if !ok {
			continue
		}
		all++
		s, _, err := a.subjectOf(e.ID)
		if err != nil {
			t.Fatal(err)
		}
		m, err := db.Match(context.Background(), s, 3)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(m.Candidates, func(c known.Candidate) bool { return strings.Contains(c.Title, want) })
		t.Logf("%-32s rank %d of %d issues of %s %s", e.ID, at+1, m.Looked, s.Product, s.Version)
		if at < 0 {
			continue
		}
		hits++
		if c := m.Candidates[at]; !c.FixedLater || !strings.HasPrefix(c.Verify, "reprise verify-fix "+e.ID+" --image ") {
			t.Errorf("%s: fixed later %v, %q", e.ID, c.FixedLater, c.Verify)
		}
	}
	t.Logf("%d of %d among the first three", hits, all)
	if all != len(corpusBugs) || hits*10 < all*9 {
		t.Errorf("%d of %d bugs have their entry among the first three; want nine of ten of %d", hits, all, len(corpusBugs))
	}
}

// TestVersionsAgree holds the order of versions of known issues against that of inventories:
// on what both read, they agree.
func TestVersionsAgree(t *testing.T) {
	some := rapid.OneOf(
		rapid.StringMatching(`[1-3][0-9](\.[0-9]{1,2}){1,3}`),
		rapid.StringMatching(`[1-3][0-9](\.[0-9]){2,3}-[pP]atch[1-3]-[1-9][0-9]?`),
		rapid.StringMatching(`v[1-3][0-9]{3}b[1-9](-patch[1-3]-[1-9])?`),
		rapid.StringMatching(`[6-9](\.[0-9]){3}(_B0[1-9][0-9])?`),
		rapid.StringMatching(`VOSS8K\.[6-9](\.[0-9]){3}\.GA`),
	)
	rapid.Check(t, func(t *rapid.T) {
		x, y := some.Draw(t, "x"), some.Draw(t, "y")
		a, errA := knownversion.Parse(x)
		b, errB := knownversion.Parse(y)
		la, errLA := lab.ParseRelease(x)
		lb, errLB := lab.ParseRelease(y)
		if errA != nil || errB != nil || errLA != nil || errLB != nil {
			t.Fatalf("%s, %s: %v %v %v %v", x, y, errA, errB, errLA, errLB)
		}
		if got, want := a.Compare(b), la.Compare(lb); got != want {
			t.Fatalf("%s and %s: %d, and in an inventory %d", x, y, got, want)
		}
	})
}
