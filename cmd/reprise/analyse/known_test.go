package analyse

import (
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
	"github.com/reprise-lab/reprise/harness/known"
	"github.com/reprise-lab/reprise/topologies/recipe"
)

// The bugs of the corpus. Each has an entry that comes with the program, in our words, and
// most have one in the words of the project itself: the title of a pull request or commit, or
// a line of NEWS. For the two of Open vSwitch and one of BIRD no such line is known.
var corpusBugs = map[string]struct{ ours, theirs string }{
	"bird-case-empty-crash":          {"filter with a case option", "case option had an empty block"},
	"bird-frr-linklocal-nexthop":     {"link-local next hop", ""},
	"bird-role-no-capability":        {"Role check fails", "role check when no capability"},
	"frr-bgp-no-shutdown":            {"bgp shutdown taken back", "Fix bgp no shutdown"},
	"frr-default-originate-slash1":   {"default-originate withdraws", "shouldn't withdraw non-default routes"},
	"frr-isis-type-flap":             {"after is-type was switched", "switches IS-IS type several times"},
	"frr-ospf-default-metric":        {"default-metric change is not applied", "fix default-metric change"},
	"frr-suppress-fib-network":       {"suppress-fib-pending holds back", "Ensure suppress-fib-pending works with network"},
	"keepalived-prefixlen-vip":       {"deleted address is taken", "check prefix length when checking"},
	"keepalived-startup-delay-crash": {"during vrrp_startup_delay", "transitioning from down to up during vrrp_startup_delay"},
	"lldpd-netlink-race":             {"One netlink socket", "Use a different Netlink socket"},
	"ovs-packetout-meter-crash":      {"metered flow", ""},
	"ovs-rstp-patch-deadlock":        {"RSTP on patch ports", ""},
}

// corpusDB holds what comes with the program, lists of changes, and titles of the projects:
// those of the bugs, among others that are close to them.
func corpusDB(t *testing.T) *known.DB {
	t.Helper()
	told, err := cli.Products()
	if err != nil {
		t.Fatal(err)
	}
	db, err := known.Open(t.Context(), filepath.Join(t.TempDir(), "known.db"), told)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // a temporary file
	folder := filepath.Join("..", "..", "..", "harness", "known", "testdata")
	for _, name := range []string{"upstream.csv", "documents/bird-NEWS", "documents/lldpd-NEWS", "documents/ovs-NEWS", "documents/keepalived-ChangeLog", "documents/frr-changelog.Debian"} {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		d, err := known.ReadDocument(name, data, known.ReadOptions{Products: told})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Import(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// rankOf is the place of an entry in a list, 0 where it is not in it.
func rankOf(list []known.Candidate, title string) int {
	return 1 + slices.IndexFunc(list, func(c known.Candidate) bool { return strings.Contains(c.Title, title) })
}

// TestMatchCorpus matches every bug of the corpus. The right entry is to be among the first
// three for nine of ten: with everything that is known, and for the words of the projects
// alone, without what we wrote, for eight of ten.
func TestMatchCorpus(t *testing.T) {
	db := corpusDB(t)
	a := &cli.App{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, Quiet: true}
	all, allHits, theirs, theirHits := 0, 0, 0, 0
	for _, id := range slices.Sorted(maps.Keys(corpusBugs)) {
		want := corpusBugs[id]
		s, _, err := subjectOf(a, id)
		if err != nil {
			t.Fatal(err)
		}
		s.Images = recipe.KnownRefs()
		m, err := db.Match(t.Context(), s, 100)
		if err != nil {
			t.Fatal(err)
		}
		rank := rankOf(m.Candidates, want.ours)
		rest := slices.DeleteFunc(slices.Clone(m.Candidates), func(c known.Candidate) bool { return strings.HasPrefix(c.Source.Document, "builtin:") })
		all++
		if rank >= 1 && rank <= 3 {
			allHits++
			if c := m.Candidates[rank-1]; !c.FixedLater || !strings.HasPrefix(c.Verify, "reprise verify-fix "+id+" --image ") {
				t.Errorf("%s: fixed later %v, %q", id, c.FixedLater, c.Verify)
			}
		}
		upstream := "-"
		if want.theirs != "" {
			r := rankOf(rest, want.theirs)
			theirs++
			if r >= 1 && r <= 3 {
				theirHits++
			}
			upstream = strconv.Itoa(r)
		}
		t.Logf("%-32s rank %d, in the project's words alone %s; of %d issues of %s %s", id, rank, upstream, m.Looked, s.Product, s.Version)
	}
	t.Logf("among the first three: %d of %d; in the projects' words alone %d of %d", allHits, all, theirHits, theirs)
	if allHits*10 < all*9 {
		t.Errorf("%d of %d bugs have their entry among the first three; want nine of ten", allHits, all)
	}
	if theirHits*10 < theirs*8 {
		t.Errorf("in the projects' words alone %d of %d; want eight of ten", theirHits, theirs)
	}
}
