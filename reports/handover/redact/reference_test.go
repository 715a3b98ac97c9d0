package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestDollarIsNoVariable: a password that begins with a $ and words is one, unless a word of
// it says what a variable holds.
func TestDollarIsNoVariable(t *testing.T) {
	for text, stays := range map[string]string{
		"enable password $winter\n": "", "password $snow_storm\n": "", "username joe password $snow_storm\n": "", "snmp-server community %summer_rain% ro\n": "",
		"password: $PASSWORD\n": "$PASSWORD", "password = ${db.password}\n": "${db.password}", "password: %DB_PASSWORD%\n": "%DB_PASSWORD%", "password: $1\n": "$1",
	} {
		r := newRedactor(t, redact.Options{})
		got := string(r.Text("a.cfg", []byte(text)))
		if stays != "" && got != text {
			t.Errorf("%q became %q: it names a variable", text, got)
		}
		if stays == "" && (got == text || strings.Contains(got, "winter") || strings.Contains(got, "storm") || strings.Contains(got, "rain")) {
			t.Errorf("%q became %q: the secret stays", text, got)
		}
	}
}
