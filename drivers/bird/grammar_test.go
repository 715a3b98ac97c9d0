package bird_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/bird"
	"github.com/reprise-lab/reprise/drivers/drivertest"
)

func TestGrammar(t *testing.T) {
	got := drivertest.Outline(drivertest.Grammar(t, bird.Factory{}, []byte(sample)))
	if diff := cmp.Diff(strings.TrimPrefix(sampleOutline, "\n"), got); diff != "" {
		t.Error(diff)
	}
}

// TestGrammarCorpus reads every configuration of the corpus.
func TestGrammarCorpus(t *testing.T) {
	files, err := filepath.Glob("../../scenarios/corpus/*/*/*.conf")
	if err != nil || len(files) == 0 {
		t.Fatal("no configurations", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		drivertest.Grammar(t, bird.Factory{}, data)
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, config []byte) { drivertest.Grammar(t, bird.Factory{}, config) })
}

const sample = `# a comment with a {
router id 1.1.1.1;
filter f {
  if net = 10.0.0.0/8 then accept;
  reject;
}
template bgp T {
  local as 65001; /* } */
}
protocol static s4 {
  ipv4;
  route 192.0.2.0/24 blackhole;
}
protocol bgp r from T {
  neighbor 10.0.0.2 as 65002;
  ipv4 {
    import filter f;
    export all;
  };
}
protocol device {}
`

const sampleOutline = `
1-1 router id 1.1.1.1;
2-5 filter f { defines [filter:f]
6-8 template bgp T { defines [template:T]
  7-7 local as 65001; /* } */
9-12 protocol static s4 {
  10-10 ipv4;
  11-11 route 192.0.2.0/24 blackhole;
13-19 protocol bgp r from T { uses [template:T]
  14-14 neighbor 10.0.0.2 as 65002;
  15-18 ipv4 {
    16-16 import filter f; uses [filter:f]
    17-17 export all;
20-20 protocol device {}
`
