package redact_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestKubernetesSecret: what is below data: of a Secret is another text in base64, and known
// elsewhere; what is beside it, and the data of other kinds, stays.
func TestKubernetesSecret(t *testing.T) {
	const plain = "Kiesel-1004q"
	enc := base64.StdEncoding.EncodeToString([]byte(plain))
	secret := "apiVersion: v1\ndata:\n  pin: " + enc + "\n  short: YWI=\nkind: Secret\nmetadata:\n  name: db\n"
	other := "---\nkind: ConfigMap\ndata:\n  port: ODA4MA==\n  mode: fast\n"
	r := newRedactor(t, redact.Options{})
	r.Learn("s.yaml", []byte(secret+other))
	out := string(r.Text("s.yaml", []byte(secret+other)))
	line, _, _ := strings.Cut(strings.SplitAfter(out, "  pin: ")[1], "\n")
	got, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(got) != len(plain) || string(got) == plain {
		t.Errorf("%q says %q (%v)", line, got, err)
	}
	if !strings.HasSuffix(out, other) || !strings.Contains(out, "kind: Secret\nmetadata:\n  name: db\n") || strings.Contains(out, "YWI=") {
		t.Errorf("became %q", out)
	}
	if log := string(r.Text("a.log", []byte("login with "+plain+" failed\n"))); strings.Contains(log, plain) || !strings.Contains(log, string(got)) {
		t.Errorf("the log became %q", log)
	}
}

// TestColumns: only the column below the name of a secret is replaced, and only in a table.
func TestColumns(t *testing.T) {
	for text, want := range map[string]bool{
		"id,password\n7,correcthorse\n":            true,
		"id,password\n7,correcthorse,9\n":          false,
		"id\tkey\n7\tZr4kd8aQ77\n":                 true,
		"id,key\n7,colour\n":                       false,
		"\xef\xbb\xbfid;secret\r\n7;Grünspan7\r\n": true,
		"id,mode\n7,correcthorse\n":                false,
		"Note||Password||x\njoe|a|b|c|d|e\n":       false,
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.csv", []byte(text))
		out := string(r.Text("a.csv", []byte(text)))
		if (out != text) != want || want && strings.Count(out, "\n") != 2 {
			t.Errorf("%q became %q", text, out)
		}
	}
}

// TestBars: of tables with bars the columns below the names of secrets are replaced, whatever is around the names and
// however long a row is.
func TestBars(t *testing.T) {
	for text, want := range map[string]string{
		"||Note||Password||\n|joe|a|b|c|d|e|f|g|\n":                                "",
		"||Note||Password||\n|joe|Kiesel77q|\n":                                    "Kiesel77q",
		"||Note||Password||\n| joe | Kiesel77q |\r\n| ann | Wiese88z |\n":          "Kiesel77q Wiese88z",
		"||Note||Password||\n|joe|Kiesel77q\n":                                     "Kiesel77q",
		"||Note||Password||\n||joe||Kiesel77q||\n":                                 "Kiesel77q",
		"||Note||Password||\n||joe|Kiesel77q\n":                                    "Kiesel77q",
		"||Note||Role||Password||\n|joe| |Kiesel77q|\n|ann||Wiese88z|\n":           "Kiesel77q Wiese88z",
		"||Note|Password|\n|joe|correcthorse|\n":                                   "correcthorse",
		"||Password||Note||\n|correcthorse|joe|\nwhich is old\n|Wiese88z|ann|\n":   "correcthorse Wiese88z",
		"||Note||Password||\n||joe||my-secret||\n||ann||Kiesel77q||\n":             "my-secret Kiesel77q",
		"||Id||Secret||\n|7|correcthorse|\n||Note||Role||Password||\n|j|x|Kies|\n": "correcthorse Kies",
		"|| note | password |\n|---|---|---|\n| 1 | joe | correcthorse |\n":        "correcthorse",
		"| a || password |\n|---|---|---|\n| 1 | joe | correcthorse |\n":           "correcthorse",
		"| a | password |\n|---|---|\n| 1 | correcthorse |\n\n| 1 | battery |\n":   "correcthorse",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		out := string(r.Text("a.txt", []byte(text)))
		for secret := range strings.FieldsSeq(want) {
			if strings.Contains(out, secret) {
				t.Errorf("%q kept %q: %q", text, secret, out)
			}
		}
		for _, kept := range []string{"joe", "ann", "which is old", "battery"} {
			if strings.Count(out, kept) != strings.Count(text, kept) {
				t.Errorf("%q lost %q: %q", text, kept, out)
			}
		}
	}
}

// TestHeads: what stands behind a word in the place of its value is a head of a column beside other heads alone, or
// where it is a word of the language. In a sentence of a log it is a name.
func TestHeads(t *testing.T) {
	for text, name := range map[string]string{
		"Hostname ACMECORE1 rebooted unexpectedly\n":          "ACMECORE1",
		"Username JSmith logged in from console\n":            "JSmith",
		"Sysname KLINIKUM-SW2 up 3 days\n":                    "KLINIKUM-SW2",
		"Hostname ACMECORE1 Rebooted\n":                       "ACMECORE1",
		"Hostname ACMECORE\n":                                 "ACMECORE",
		"Hostname    Address   Port\n":                        "",
		"IP   MAC-Address   Hostname   VCI   SSID   Expiry\n": "",
		"Username     Index\n":                                "",
		"Hostname Address was not told\n":                     "",
	} {
		r := newRedactor(t, redact.Options{})
		out := string(r.Text("a.log", []byte(text)))
		if name == "" && out != text || name != "" && (strings.Contains(out, name) || out == text) {
			t.Errorf("%q became %q", text, out)
		}
	}
}
