package frr_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/drivers/drivertest"
	"github.com/reprise-lab/reprise/drivers/frr"
)

func TestGrammar(t *testing.T) {
	got := drivertest.Outline(drivertest.Grammar(t, frr.Factory{}, []byte(sample)))
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
		drivertest.Grammar(t, frr.Factory{}, data)
	}
}

func FuzzGrammar(f *testing.F) {
	f.Add([]byte(sample))
	f.Fuzz(func(t *testing.T, config []byte) { drivertest.Grammar(t, frr.Factory{}, config) })
}

const sample = `hostname r1
!
interface eth1
 ip address 10.0.0.1/24
 ip ospf authentication key-chain KC
exit
!
router bgp 65001
 neighbor G peer-group
 neighbor G remote-as 65002
 neighbor 10.0.0.2 peer-group G
 neighbor 10.0.0.3 remote-as 65003
 !
 address-family ipv4 unicast
  neighbor 10.0.0.3 route-map RM in
 exit-address-family
exit
ip prefix-list PL seq 5 permit any
route-map RM permit 10
 match ip address prefix-list PL
`

const sampleOutline = `
0-0 hostname r1
2-5 interface eth1 defines [interface:eth1]
  3-3 ip address 10.0.0.1/24
  4-4 ip ospf authentication key-chain KC uses [key-chain:KC]
7-16 router bgp 65001
  8-8 neighbor G peer-group defines [neighbor:G@router bgp 65001]
  9-9 neighbor G remote-as 65002 defines [neighbor:G@router bgp 65001]
  10-10 neighbor 10.0.0.2 peer-group G defines [neighbor:10.0.0.2@router bgp 65001] uses [neighbor:G@router bgp 65001]
  11-11 neighbor 10.0.0.3 remote-as 65003 defines [neighbor:10.0.0.3@router bgp 65001]
  13-15 address-family ipv4 unicast
    14-14 neighbor 10.0.0.3 route-map RM in uses [neighbor:10.0.0.3@router bgp 65001 route-map:RM]
17-17 ip prefix-list PL seq 5 permit any defines [prefix-list:PL]
18-19 route-map RM permit 10 defines [route-map:RM]
  19-19 match ip address prefix-list PL uses [prefix-list:PL]
`
