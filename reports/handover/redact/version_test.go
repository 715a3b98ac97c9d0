package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestVersionsOfMoreLines: a version is told by the head of its column and by the name of its
// field, and what refers to a secret by the lines above it.
func TestVersionsOfMoreLines(t *testing.T) {
	for _, text := range []string{
		"| switch | version |\n|---|---|\n| exos | 31.7.1.4 |\n",
		"| field | |\n|---|---|\n| software version | 31.7.1.4 |\n",
		"Slot  Image Version   Partition\n----  --------------  ---------\n1     31.7.1.4        primary\n2     31.7.1.4        primary\n",
		"secretKeyRef:\n  name: store\n  key: bar\n",
		"valueFrom:\n  secretKeyRef:\n    name: store\n    key: db_pass\n",
		"configMapKeyRef:\n  key: settings1\n",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		if got := string(r.Text("a.txt", []byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{
		"| switch | address |\n|---|---|\n| exos | 31.7.1.4 |\n", "| 31.7.1.4 | up |\n", "running on 31.7.1.4\n", "curl 31.7.1.4\n", "section 185.44.113.77\n",
		"Switch  Address    Uptime\n------  -------    ------\nsw1     31.7.1.4   3 days\n", "upgraded by 31.7.1.4\n", "openssl s_client 10.3.0.1\n",
	} {
		r := newRedactor(t, redact.Options{})
		if got := string(r.Text("a.txt", []byte(text))); strings.Contains(got, "31.7.1.4") || strings.Contains(got, "185.44") || strings.Contains(got, "10.3.0.1") {
			t.Errorf("the address in %q stays", text)
		}
	}
}
