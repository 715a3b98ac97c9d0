package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// A file that holds nothing but a secret is told by its name, and the secret is replaced elsewhere too.
func TestSecretFiles(t *testing.T) {
	const secret = "Plum-tree9 of old"
	for name, hides := range map[string]bool{
		"psk.txt": true, "logs/wifi-psk.txt": true, "password": true, "site_a-passphrase.key": true, "sw1.psk": true, "snmp_community.txt": true,
		"notes.txt": false, "compass.txt": false, "tokens.md": false,
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn(name, []byte(secret+"\n"))
		got := string(r.Text(name, []byte(secret+"\n")))
		if strings.Contains(got, "Plum-tree9") == hides || !strings.HasSuffix(got, "\n") {
			t.Errorf("%s became %q", name, got)
		}
		if got := string(r.Text("x.log", []byte("he typed Plum-tree9 of old there\n"))); strings.Contains(got, "Plum-tree9") == hides {
			t.Errorf("the secret of %s elsewhere: %q", name, got)
		}
	}
	r := newRedactor(t, redact.Options{})
	for _, text := range []string{"${WIFI_PSK}\n", "no password is set here\nsee the vault\n"} {
		if got := string(r.Text("psk.txt", []byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
