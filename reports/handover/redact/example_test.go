package redact_test

import (
	"fmt"
	"strings"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

func Example() {
	key, err := redact.ParseKey(strings.Repeat("5a17", 16)) // redact.NewKey() but for this page
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := redact.New(key, redact.Options{Names: []string{"Acme"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	config := []byte("hostname zurich-core-07\nsnmp-server community Hidden-77 RO\nip address 10.44.10.1 255.255.255.0\n")
	log := []byte("zurich-core-07: SNMP with Hidden-77 from 10.44.10.9, says Acme\n")
	r.Learn("r1.cfg", config) // everything first
	r.Learn("r1.log", log)
	out := string(r.Text("r1.cfg", config)) + string(r.Text("r1.log", log))
	fmt.Println(len(out) == len(config)+len(log), strings.Contains(out, "zurich"), strings.Contains(out, "Hidden"))
	fmt.Println(strings.Count(out, r.Words("zurich-core-07")), "times the same name")
	fmt.Println(r.Map().Reveal(r.Words("zurich-core-07")))
	// Output:
	// false false false
	// 2 times the same name
	// zurich-core-07
}
