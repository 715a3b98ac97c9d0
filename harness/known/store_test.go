package known_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/harness/known"
)

func open(tb testing.TB) *known.DB {
	tb.Helper()
	db, err := known.Open(tb.Context(), filepath.Join(tb.TempDir(), "known.db"), products(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func read(tb testing.TB, name, text string) known.Document {
	tb.Helper()
	d, err := known.ReadDocument(name, []byte(text), known.ReadOptions{Products: products(tb)})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func TestBuiltin(t *testing.T) {
	docs, err := known.Builtin(products(t))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, d := range docs {
		counts[d.Name] = len(d.Issues)
		if len(d.Unparsed) > 0 {
			t.Errorf("%s: %+v", d.Name, d.Unparsed)
		}
		for _, i := range d.Issues {
			if i.Source.Note == "" || i.Title == "" || i.Product == "" {
				t.Errorf("%s: %s has no source, title or product: %+v", d.Name, i.Key, i)
			}
		}
	}
	if counts["builtin:extreme.csv"] != 52 {
		t.Errorf("%v, want 52 entries of Extreme", counts)
	}
	db := open(t)
	list, err := db.Show(t.Context(), "fn-2025-519")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if a := list[0].Affects("exos", "33.5.1.6"); a.Affected != known.AffectedYes || a.FixedIn != "33.5.2" {
		t.Errorf("%+v", a)
	}
}

func TestImportAgain(t *testing.T) {
	db := open(t)
	steps := []struct {
		name, text string
		want       known.Imported
	}{
		{"a.csv", "id,summary,fixed in\nxos0000001,one,32.1\nxos0000002,two,32.1\n", known.Imported{Document: "a.csv", Added: 2}},
		{"a.csv", "id,summary,fixed in\nxos0000001,one,32.1\nxos0000002,two,32.1\n", known.Imported{Document: "a.csv", Same: 2}},
		{"a.csv", "id,summary,fixed in\nxos0000002,two more,32.2\nxos0000003,three,32.1\n", known.Imported{Document: "a.csv", Added: 1, Changed: 1, Removed: 1}},
		{"b.csv", "id,summary,fixed in\nxos0000002,two more,32.2\nxos0000003,three,32.1\n", known.Imported{Document: "b.csv", Same: 2, Renamed: "a.csv"}},
		{"c.csv", "id,summary\nxos0000002,the same elsewhere\n", known.Imported{Document: "c.csv", Added: 1}},
	}
	for _, s := range steps {
		got, err := db.Import(t.Context(), read(t, s.name, s.text))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s.want, got); d != "" {
			t.Errorf("%s: %s", s.name, d)
		}
	}
	for id, want := range map[string]int{"xos0000001": 0, "XOS0000002": 2, "xos0000003": 1} {
		if list, err := db.Show(t.Context(), id); err != nil || len(list) != want {
			t.Errorf("%s: %d issues, want %d, %v", id, len(list), want, err)
		}
	}
	if found, err := db.Search(t.Context(), known.Query{Words: "one"}); err != nil || slices.ContainsFunc(found, func(f known.Found) bool { return f.Key == "xos0000001" }) {
		t.Errorf("what was removed is still found: %v", err)
	}
	if ok, err := db.Remove(t.Context(), "c.csv"); !ok || err != nil {
		t.Error(ok, err)
	}
	if ok, err := db.Remove(t.Context(), "builtin:open.csv"); ok || err != nil {
		t.Error("what comes with the program was removed", err)
	}
}

// A broken-off import leaves what was there.
func TestImportBrokenOff(t *testing.T) {
	db := open(t)
	if _, err := db.Import(t.Context(), read(t, "a.csv", "id,summary\nxos0000001,one\n")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	doc := big(5000, "a.csv")
	time.AfterFunc(5*time.Millisecond, cancel)
	if _, err := db.Import(ctx, doc); !errors.Is(err, context.Canceled) {
		t.Fatalf("the import was not broken off: %v", err)
	}
	list, err := db.Show(t.Context(), "xos0000001")
	if err != nil || len(list) != 1 {
		t.Errorf("the old content is gone: %d, %v", len(list), err)
	}
	docs, err := db.Documents(t.Context())
	if err != nil || docs[len(docs)-1].Issues != 1 {
		t.Errorf("%+v, %v", docs, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "not.db")
	if err := os.WriteFile(file, []byte("this is a text and no database, for sure and long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below.db")} {
		if db, err := known.Open(t.Context(), path, products(t)); !errors.Is(err, known.ErrNoDatabase) {
			t.Errorf("%s: %v, %v", path, db, err)
		}
	}
	if data, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(data), "this is") {
		t.Error("somebody else's file was changed")
	}
}

func TestSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known.db")
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			db, err := known.Open(t.Context(), path, products(t))
			if err != nil {
				t.Error(err)
				return
			}
			defer db.Close() //nolint:errcheck // what was written is looked at below
			if _, err := db.Import(t.Context(), big(200, fmt.Sprintf("doc%d", n))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db, err := known.Open(t.Context(), path, products(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // read only
	docs, err := db.Documents(t.Context())
	if err != nil || len(docs) != 6 {
		t.Errorf("%d documents, want 6: %v", len(docs), err)
	}
}

func TestSearch(t *testing.T) {
	db := open(t)
	for _, name := range []string{"exos-layout.txt", "voss-notes.html", "lldpd-NEWS"} {
		data, err := os.ReadFile("testdata/documents/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Import(t.Context(), read(t, name, string(data))); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		q    known.Query
		want string // the first, by its id
		n    int    // at least
	}{
		{"words", known.Query{Words: "kernel memory leak"}, "xos0072100", 1},
		{"a phrase", known.Query{Words: `"illegal message age"`, Limit: 5}, "PD2-159834201", 2},
		{"a beginning", known.Query{Words: "advert*", Product: "Switch Engine"}, "EXOS-20114", 1},
		{"an id", known.Query{Words: "VOSS-31010"}, "VOSS-31010", 1},
		{"a message", known.Query{Words: "<Erro:STP.OutBPDU.Drop>"}, "PD2-159834201", 1},
		{"a product", known.Query{Words: "ssh logins", Product: "voss"}, "VOSS-31010", 1},
		{"a later fix", known.Query{Words: "lldp", Product: "exos", FixedAfter: "32.7.1.9"}, "xos0072100", 1},
		{"no later fix", known.Query{Words: "lldp", Product: "exos", FixedAfter: "32.7.2"}, "", 0},
		{"a version that has it", known.Query{Words: "ssh snmp", Product: "voss", Version: "9.2.0.0"}, "VOSS-32171", 2},
		{"a version that is healed", known.Query{Words: "ssh snmp", Product: "voss", Version: "9.3.0.0"}, "", 0},
		{"a feature", known.Query{Feature: "eaps"}, "1-B1O4L", 2},
		{"words of the search language", known.Query{Words: `NEAR( OR "x`}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := db.Search(t.Context(), tt.q)
			if err != nil {
				t.Fatal(err)
			}
			if len(found) < tt.n || tt.n == 0 && len(found) > 0 {
				t.Fatalf("%d results, want %d: %+v", len(found), tt.n, found)
			}
			if tt.want != "" && !slices.Contains(found[0].IDs, tt.want) {
				t.Errorf("the first is %s, want %s", found[0].ID(), tt.want)
			}
		})
	}
	if _, err := db.Search(t.Context(), known.Query{Version: "latest"}); err == nil {
		t.Error("a version that cannot be ordered was taken")
	}
}

func TestMatchRun(t *testing.T) {
	db := open(t)
	d, err := evidence.CreateDir(t.TempDir(), "stp", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	info := evidence.RunInfo{Reprise: evidence.Format, Expected: evidence.Reproduced, ID: d.ID(), Scenario: evidence.ScenarioInfo{ID: "my-stp", Title: "Links flap and the log fills", Product: "extremeware 7.1.1", What: "Ports drop BPDUs"}}
	info.Nodes = []evidence.NodeInfo{{Name: "sw1", Role: "dut", Platform: "extremeware", Image: "lab/ew:7.1.1"}}
	for path, text := range map[string]string{
		"input/sw1.conf":                "create stpd s1\n",
		"trials/0001/logs/sw1/show.log": "01/02/2026 10:00:00.00 <Erro:STP.OutBPDU.Drop> Port=1: Illegal message age (21)\n",
	} {
		if err := evidence.WriteFile(d.File(path), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := evidence.WriteJSON(d.File("run.json"), info); err != nil {
		t.Fatal(err)
	}
	var s known.Subject
	if err := s.AddRun(d.Path); err != nil {
		t.Fatal(err)
	}
	if s.Features["stp"] == "" || s.Mnemonics["STP.OutBPDU.Drop"] == "" || s.Version != "7.1.1" {
		t.Fatalf("%+v", s)
	}
	m, err := db.Match(t.Context(), s, 3)
	if err != nil {
		t.Fatal(err)
	}
	best := m.Candidates[0]
	if best.Key != "PD2-159834201" || best.Affects.Affected != known.AffectedYes {
		t.Errorf("%+v", best)
	}
	sum := 0.0
	for _, r := range best.Reasons {
		sum += r.Points
	}
	if diff := sum - best.Score; diff > 0.01 || diff < -0.01 {
		t.Errorf("the reasons add up to %.1f, the score is %.1f", sum, best.Score)
	}
	again, err := db.Match(t.Context(), s, 3)
	if d := cmp.Diff(m, again); d != "" || err != nil {
		t.Errorf("the second time it is another list: %s %v", d, err)
	}
}

func TestMatchProposals(t *testing.T) {
	db := open(t)
	s := known.Subject{Products: products(t), Product: "voss", Version: "9.2.0.0", Name: "case"}
	s.Say("title", "SSH does not answer since it was configured with SNMP, see VOSS-32171", 1)
	m, err := db.Match(t.Context(), s, 2)
	if err != nil || len(m.Candidates) == 0 {
		t.Fatal(err, m)
	}
	if c := m.Candidates[0]; c.Key != "VOSS-32171" || !c.FixedLater || !strings.HasPrefix(c.Verify, "ask the vendor for an image of voss 9.2.1.0") {
		t.Errorf("%+v", c)
	}
	s.Scenario, s.Node, s.Image = "my case", "sw1", "lab/voss:9.2.0.0"
	for _, tt := range []struct {
		images []string
		want   string
	}{
		{nil, "get an image of voss 9.2.1.0 first, for there is none here; then: reprise verify-fix 'my case' --image sw1=lab/voss:9.2.1.0"},
		{[]string{"lab/voss:9.2.0.0", "lab/exos:33.1.1", "lab/voss:latest"}, "get an image of voss 9.2.1.0 first, for there is none here; then: reprise verify-fix 'my case' --image sw1=lab/voss:9.2.1.0"},
		{[]string{"lab/voss:9.3.1.0", "lab/voss:9.2.1.0"}, "reprise verify-fix 'my case' --image sw1=lab/voss:9.2.1.0"},
		{[]string{"lab/voss:9.10.0.0", "lab/voss:9.3.1.0", "lab/voss:9.2.0.0"}, "reprise verify-fix 'my case' --image sw1=lab/voss:9.3.1.0  # the first after 9.2.1.0 that there is an image of"},
	} {
		s.Images = tt.images
		if m, err = db.Match(t.Context(), s, 1); err != nil || m.Candidates[0].Verify != tt.want {
			t.Errorf("with %v: %q, %v", tt.images, m.Candidates[0].Verify, err)
		}
	}
	none, err := db.Match(t.Context(), known.Subject{Products: products(t), Product: "junos"}, 3)
	if err != nil || len(none.Candidates) != 0 || len(none.Hints) != 2 {
		t.Errorf("%+v, %v", none, err)
	}
}

// big makes a document of n issues of words that repeat as a language's do (Zipf and
// Mandelbrot): the first words are each in four issues of ten, the last in one of a thousand.
func big(n int, name string) known.Document {
	r := rand.New(rand.NewPCG(1, 2))
	vocabulary := strings.Fields("ospf bgp isis vrrp mlag lacp stp rstp elrp eaps lldp neighbor adjacency session port link flap crash reboot memory leak route prefix metric advertised withdrawn timer hello interval dead process kernel hang loop storm broadcast multicast filter policy access list table entry age flush master backup failover stack slot module fan power optics transceiver speed duplex negotiation snmp ssh telnet web radius tacacs login user password certificate log message counter statistics display wrong missing stale duplicate order config save load upgrade downgrade image boot watchdog")
	for i := range 4000 {
		vocabulary = append(vocabulary, fmt.Sprintf("word%d", i))
	}
	d := known.Document{Name: name, SHA256: evidence.SHA256([]byte(name)), Format: "test", Shape: "test"}
	products := []string{"exos", "voss", "frr"}
	zipf := rand.NewZipf(r, 1.0001, 20, uint64(len(vocabulary)-1))
	word := func() string { return vocabulary[zipf.Uint64()] }
	for i := range n {
		var text []string
		for range 60 {
			text = append(text, word())
		}
		product := products[i%len(products)]
		id := fmt.Sprintf("%s-%06d", name, i)
		d.Issues = append(d.Issues, known.Issue{
			Key: id, IDs: []string{id}, Product: product, Feature: word(), Title: strings.Join(text[:8], " "), Text: strings.Join(text, " "),
			Status: known.StatusOpen, Kind: known.ReleaseNote, Found: []known.Range{{From: fmt.Sprintf("%d.%d.1", 20+i%13, i%8), Point: true}},
			Fixed: []known.Fix{{Version: fmt.Sprintf("%d.%d.2", 21+i%13, i%8)}},
		})
	}
	return d
}

func bench(b *testing.B) *known.DB {
	b.Helper()
	db := open(b)
	if _, err := db.Import(b.Context(), big(50_000, "big")); err != nil {
		b.Fatal(err)
	}
	return db
}

func BenchmarkSearch50k(b *testing.B) {
	db := bench(b)
	for _, q := range []known.Query{
		{Words: "ospf metric"},
		{Words: "crash memory leak", Product: "exos"},
		{Words: "route", Product: "frr", FixedAfter: "30.1"},
		{Words: `"word17" port*`},
	} {
		b.Run(strings.ReplaceAll(q.Words, " ", "_"), func(b *testing.B) {
			for b.Loop() {
				if found, err := db.Search(b.Context(), q); err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
			}
		})
	}
}

func BenchmarkMatch(b *testing.B) {
	db := bench(b)
	s := known.Subject{Products: products(b), Name: "case", Product: "exos", Version: "30.7.1"}
	s.Say("title", "OSPF routes keep the old metric after default-metric was changed on the master", 1)
	s.Say("what", "External prefixes stay at metric 20 in the whole area; neighbor word17 loses its adjacency, and the log shows a stale entry", 1)
	s.Say("when", "After an upgrade of the image with a failover of the stack and a reboot of slot 2, word400 word1200", 0.8)
	for i := range 30 {
		s.Say("step", fmt.Sprintf("word%d word%d port link flap timer hello", i*7, i*31), 0.5)
	}
	s.AddConfig("sw1", "configure ospf add vlan v1\nenable sharing 1 grouping 1,2\ncreate vrrp vlan v1 vrid 1\n")
	for b.Loop() {
		if m, err := db.Match(b.Context(), s, 10); err != nil || len(m.Candidates) == 0 {
			b.Fatal(len(m.Candidates), err)
		}
	}
}
