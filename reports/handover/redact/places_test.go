package redact_test

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestPlacesOfNone: what stands below a label or behind a form's last word and is no secret.
func TestPlacesOfNone(t *testing.T) {
	for _, text := range []string{
		"key chain K\n key 7\n  accept-lifetime\n",
		" no password 0\n!\ninterface Vlan10\n",
		"username joe secret 5\nexit\n",
		"failed logins with a wrong password 0\nshutdown\n",
		"Fields\nuser\npassword\nsnmp_user\nuptime\n",
		"password\n10.1.1.1/24\n",
		"Change the password\nGigabitEthernet1/0/1\n",
		"Reset password\nsw1#\n",
		"login with telnet / ssh is off\n",
		"pkcs12: enabled\nimport p12: done\n",
		"radius_shared = true\n",
		"BGP_SHARED_LIB\n",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("x.log", []byte(text))
		got := string(r.Text("x.log", []byte(text)))
		for _, w := range []string{"accept-lifetime", "Vlan10", "exit", "shutdown", "snmp_user", "GigabitEthernet1/0/1", "telnet / ssh", "enabled", "done", "true", "BGP_SHARED_LIB", "sw1#"} {
			if strings.Contains(text, w) && !strings.Contains(got, w) {
				t.Errorf("%q became %q", text, got)
			}
		}
	}
}

// TestArgumentsInHex: auditd writes a command's arguments in hex, parted by zeros.
func TestArgumentsInHex(t *testing.T) {
	const secret = "Zr8vKq24Tm"
	line := func(v string) string {
		return "type=PROCTITLE msg=audit(1700000000.123:456): proctitle=" + strings.ToUpper(hex.EncodeToString([]byte("sshpass\x00-p\x00"+v+"\x00ssh\x00joe@sw1")))
	}
	r := newRedactor(t, redact.Options{})
	r.Learn("audit.log", []byte(line(secret)))
	got := string(r.Text("audit.log", []byte(line(secret))))
	if strings.Contains(got, strings.ToUpper(hex.EncodeToString([]byte(secret)))) || len(got) != len(line(secret)) {
		t.Errorf("%s", got)
	}
}

// TestPlacesOfSecrets: places that no vendor's grammar has, as people, consoles and programs write them.
func TestPlacesOfSecrets(t *testing.T) {
	const secret = "Zr8vKq10Tm"
	for name, text := range map[string]string{
		"dots":              "Community String..... @\nAccess............... read-only\n",
		"dots, glued":       "Community String.....@\n",
		"dots, SNMP":        "SNMP Community Name........@\n",
		"login with":        "The box is reached with login with admin / @ from the jump host.\n",
		"log in as":         "You can log in as admin / @ (console).\n",
		"shared":            "RADIUS_SHARED=@\n",
		"shared, quoted":    `TACACS_SHARED="@"` + "\n",
		"PowerShell":        `$s = ConvertTo-SecureString "@" -AsPlainText -Force` + "\n",
		"PowerShell, first": `New-Object PSCredential("x", (ConvertTo-SecureString -AsPlainText -Force -String '@'))` + "\n",
		"PKCS 12":           `{"pkcs12": "MIIJqQIBAzCCCW8GCSqGSIb3DQEHAaCCCWAEgglcMIIJWDCCA@"}` + "\n",
		"PFX":               "pfx: MIIJqQIBAzCCCW8GCSqGSIb3DQEHAaCCCWAEgglcMIIJWDCCA@\n",
		"wrapped":           "username joe privilege 15 password 0\n@\n!\n",
		"wrapped, indented": "enable password 0 \n @\n!\n",
		"cut by a screen":   "tacacs-server host 10.1.1.1 key 7\r\n@\r\n",
		"label above":       "User name\nadmin\nPassword\n@\nPort\n22\n",
		"label, community":  "SNMP community\n@\n",
		"label, key":        "Pre-shared key\n\t@\n",
	} {
		text = strings.ReplaceAll(text, "@", secret)
		r := newRedactor(t, redact.Options{})
		r.Learn("x.log", []byte(text))
		if got := string(r.Text("x.log", []byte(text))); strings.Contains(got, secret) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestKnownValuesInPieces: a known name is found where a page has hyphenated it, where a script, gzip or a recording of
// a terminal has written it, and the rest stays.
func TestKnownValuesInPieces(t *testing.T) {
	const name, said = "Quarzwerk", "customer Quarzwerk reports a loop on core one of two"
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	if _, err := w.Write([]byte(said + "\n")); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	var strace, cast, percent strings.Builder
	cast.WriteString("{\"version\": 2}\n")
	for i, c := range said {
		fmt.Fprintf(&strace, "write(1, %q, 1)                  = 1\n", string(c))
		fmt.Fprintf(&cast, "[%d.25, \"o\", %q]\n", i, string(c))
		fmt.Fprintf(&percent, "%%u%04X", c)
	}
	quotes := regexp.MustCompile(`(?:o"|1), "(.*?)"`)
	unquoted := func(s string) string {
		var out strings.Builder
		for _, m := range quotes.FindAllStringSubmatch(s, -1) {
			out.WriteString(m[1])
		}
		return out.String()
	}
	for form, f := range map[string]struct {
		text string
		says func(string) string
	}{
		"hyphen":       {"the customer Quarz-\nwerk reports\n", func(s string) string { return strings.ReplaceAll(s, "-\n", "") }},
		"hyphen, CRLF": {"the customer Quarz-\r\n   werk reports\r\n", func(s string) string { return strings.ReplaceAll(s, "-\r\n   ", "") }},
		"%u": {"x=" + percent.String() + "\n", func(s string) string {
			s, _ = url.QueryUnescape(strings.ReplaceAll(s, "%u00", "%"))
			return s
		}},
		"hex of gzip": {"dump " + hex.EncodeToString(gz.Bytes()) + "\n", func(s string) string {
			b, _ := hex.DecodeString(strings.TrimSpace(strings.TrimPrefix(s, "dump ")))
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				return err.Error()
			}
			plain, _ := io.ReadAll(z)
			return string(plain)
		}},
		"strace":    {"execve()\n" + strace.String(), unquoted},
		"strace -t": {"execve()\n" + regexp.MustCompile(`(?m)^write`).ReplaceAllString(strace.String(), "15:51:25.123456 write"), unquoted},
		"strace -f": {"execve()\n" + regexp.MustCompile(`(?m)^write`).ReplaceAllString(strace.String(), "[pid 1717] 1732981234.123456 write"), unquoted},
		"od -t u1": {"head\n" + decimals(said+"\n"), func(s string) string {
			var out []byte
			for line := range strings.Lines(s) {
				for i, w := range strings.Fields(line) {
					if n, err := strconv.Atoi(w); err == nil && i > 0 {
						out = append(out, byte(n))
					}
				}
			}
			return string(out)
		}},
		"asciinema": {cast.String(), unquoted},
	} {
		r := newRedactor(t, redact.Options{Names: []string{name}})
		r.Learn("x.log", []byte(f.text))
		got := f.says(string(r.Text("x.log", []byte(f.text))))
		if strings.Contains(got, name) || !strings.Contains(got, "customer ") || !strings.Contains(got, " reports") {
			t.Errorf("%s: %q", form, got)
		}
	}
}

// decimals is a text as od -t u1 shows it.
func decimals(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i += 16 {
		fmt.Fprintf(&out, "%07o", i)
		for _, c := range []byte(text[i:min(i+16, len(text))]) {
			fmt.Fprintf(&out, " %3d", c)
		}
		out.WriteString("\n")
	}
	return out.String() + fmt.Sprintf("%07o\n", len(text))
}

// What is given to a call that connects is the host, the name and the password, by their place or by name.
func TestConnected(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, text := range []string{
		`ssh.connect("10.0.0.1", username="jdoe", password="Wq7tr0ub4d")`,
		`ssh.connect('10.0.0.1', 22, 'jdoe', 'Wq7tr0ub4d')`,
		`ssh.connect(host, 22, user, "Wq7tr0ub4d")`,
		`db = connect("sw1", "jdoe", "Wq7tr0ub4d", "inventory")`,
	} {
		if got := string(r.Text("x.py", []byte(text+"\n"))); strings.Contains(got, "Wq7tr0ub4d") || strings.Contains(got, "jdoe") {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, text := range []string{"socket.connect((host, 22))", `s.connect(host, port, timeout, retries)`, `signal.connect(window, "clicked")`} {
		if got := string(r.Text("x.py", []byte(text+"\n"))); got != text+"\n" {
			t.Errorf("%q became %q", text, got)
		}
	}
}
