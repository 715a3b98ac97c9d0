package redact_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/reprise-lab/reprise/harness/evidence"
	"github.com/reprise-lab/reprise/reports/handover/redact"
)

func splitFields(s string) []string { return strings.Fields(s) }

func lower(s string) string { return strings.ToLower(s) }

// TestKept: what makes the case work reads the same after.
func TestKept(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, line := range []string{
		"ip address 255.255.255.0 netmask", "area 0.0.0.1 stub", "snmp-server community public RO", "switch software version 33.1.1.6",
		"Image   : ExtremeXOS version 33.1.1.6 by release-manager", "summitX-33.1.1.6-patch1-3.xos", "Primary ver:      8.10.1.0",
		`{"version": "33.1.1.6"}`, "vlan 10-20,30 tagged 1:1-1:24", "12:34:56.78 link up", "service password-encryption", "key 1", "key chain OSPF",
		"set policy-options community CUST members 65000:100", "ip community-list 1 permit 65000:1", "send-community both", "aaa authentication login default local",
		"ip ospf authentication message-digest", "password must be changed", "the secret is out", "Enter your password to continue",
		"1.3.6.1.2.1.1.5.0", "std::vector<int> at HAL::Port", "0x00374589 00000000", "router bgp 65001", "neighbor 224.0.0.5", "01:80:c2:00:00:0e lldp",
		"00:00:5e:00:01:0a vrrp", "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0bb2f6e4e4d6b7c4a1d0e1", "username admin privilege 15", "«secret»",
		"Sys-Pri  Key    MAC               Sys-Pri  Key     Count MAC", "ciphers and key exchanges", "the empty secret, which is",
		"crypto key generate rsa modulus 2048", "50% done", "a@b", "$HOME/x $1 $2", "no snmp-server community",
	} {
		if got := string(r.Text("x.cfg", []byte(line))); got != line {
			t.Errorf("%q became %q", line, got)
		}
	}
}

// TestSecretsOfWords: a secret at the end of its line is one, of whatever words it is made.
func TestSecretsOfWords(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, secret := range []string{"bgp-secret", "Bgp-Secret", "ab-cd", "my_key", "ospf-area-zero"} {
		for _, before := range []string{"neighbor 10.0.0.1 password ", "ip ospf message-digest-key 1 md5 ", "enable secret ", "username x1y password "} {
			if got := string(r.Text("x.cfg", []byte("router bgp 1\n "+before+secret+"\n"))); strings.Contains(got, secret) {
				t.Errorf("%q kept its secret: %q", before+secret, got)
			}
		}
	}
}

// TestSecretsPeopleChoose: a word of the language with a number is a secret where a sentence says so, a quoted one is
// whatever it is, and one may begin as a flag does.
func TestSecretsPeopleChoose(t *testing.T) {
	for text, secret := range map[string]string{
		"the password is Welcome123":                 "Welcome123",
		"the password is Router2024 on all switches": "Router2024",
		"the enable password is \"Network2024\"":     "Network2024",
		"the password is k9z2q":                      "k9z2q",
		"the password is Simple123":                  "Simple123",
		"the password is Key2024":                    "Key2024",
		"the password is \"SHA-256\"":                "SHA-256",
		"Password: 'ssh-7'":                          "ssh-7",
		"das Passwort ist \"Router24\"":              "Router24",
		"the password (Router2024) is old":           "Router2024",
		"set password -Xy77abc!":                     "-Xy77abc!",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text+"\n"))
		if got := string(r.Text("a.txt", []byte(text+"\n"))); strings.Contains(got, secret) {
			t.Errorf("%q kept its secret: %q", text, got)
		}
	}
}

// TestSentencesOfAnything: whatever stands behind a word for a secret, and wherever the text ends, it is read.
func TestSentencesOfAnything(t *testing.T) {
	for _, text := range []string{"password is \x00", "the pw for x", "pass phrase:", "Password (a", "key: radius", "Passwort für ", "密码", "密码：\"", "new password for : x", "| password |", "PIN =", "password from "} {
		r := newRedactor(t, redact.Options{})
		for _, c := range []byte("\x00\x01\x07\b\t\n\v\f\r\x1b !\"#$%&'()*+,-./0:;<=>?@Z[\\]^_`a{|}~\x7f\x80\xc3\xe5\xff") {
			for _, end := range []string{"", " ", " b", ": c", "="} {
				in := []byte(text + string([]byte{c}) + end)
				r.Learn("a.log", in)
				r.Text("a.log", in)
			}
		}
	}
}

// TestNumbersAreNoType7: of a PIN of six digits, which can be read as Cisco's type 7 too, nothing is left, and a type 7
// whose plain text is of signs is another one.
func TestNumbersAreNoType7(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, secret := range []string{"113727", "113722", "113724", "123456", "026066", "07085A"} {
		if got := string(r.Text("x.cfg", []byte("enable secret "+secret+"\n"))); strings.Contains(got, secret) {
			t.Errorf("%s is left: %q", secret, got)
		}
	}
}

// TestFormats: what is replaced keeps its form, and equal values stay equal.
func TestFormats(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, tt := range []struct{ name, in, keep string }{
		{"type 7", "enable password 7 0822455D0A16", "enable password 7 08"},
		{"crypt", "secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0", "secret 5 $1$"},
		{"rounds", "secret $5$rounds=5000$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyzABCDEF", "secret $5$rounds=5000$"},
		{"bcrypt", "password $2b$10$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234", "password $2b$10$"},
		{"columns", "10.1.2.3        up", ""},
		{"url", "copy ftp://joe:s3cr3t@host/x", "copy ftp://"},
		{"escaped dots", `match 10\.1\.2\.3$`, "match 10"},
		{"prefix", "ip route 10.1.0.0 255.255.0.0 null0", "ip route 10."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := string(r.Text("x.cfg", []byte(tt.in)))
			if got == tt.in || !strings.HasPrefix(got, tt.keep) {
				t.Errorf("%q became %q", tt.in, got)
			}
			if again := string(r.Text("y.cfg", []byte(tt.in))); again != got {
				t.Errorf("%q became %q and %q", tt.in, got, again)
			}
		})
	}
	if got := string(r.Text("x", []byte("10.1.2.3        up"))); strings.Index(got, "up") != 16 {
		t.Errorf("the column moved: %q", got)
	}
	if got := string(r.Text("x", []byte("ip route 10.1.0.0 255.255.0.0 null0"))); !strings.Contains(got, ".0.0 255.255.0.0") {
		t.Errorf("a network got host bits: %q", got)
	}
}

// plantedTree writes the samples into a run directory in many wrappings.
func plantedTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run, err := evidence.CreateDir(dir, "case", time.Unix(1772000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	input := read(t, "ios.cfg")
	put := func(name string, data []byte) {
		if err := evidence.WriteFile(run.File(filepath.FromSlash(name)), data); err != nil {
			t.Fatal(err)
		}
	}
	put("input/r1.cfg", input)
	if err := evidence.WriteJSON(run.File("run.json"), evidence.RunInfo{
		Reprise: evidence.Format, ID: run.ID(), Expected: evidence.Reproduced, Host: evidence.HostInfo{Name: "lab"}, Nodes: []evidence.NodeInfo{{Name: "r1", Platform: "ios"}},
		Inputs: []evidence.InputInfo{{Path: "r1.cfg", SHA256: evidence.SHA256(input), Size: len(input)}},
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range samples {
		put("trials/0001/files/r1/"+name, read(t, name))
	}
	put("trials/0001/logs/r1/zurich-core-07.log", read(t, "device.log"))
	put("trials/0001/logs/r1/all.tar.gz", tarGz(t, samples))
	put("trials/0001/captures/r1.pcapng", plantedCapture(t))
	put("trials/0001/cores/core.1", []byte("\x7fELF\x00\x00\x00"))
	page := []byte("<pre>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&#34;").Replace(string(read(t, "exos.cfg"))) + "</pre>")
	put("report.html", page)
	put("trials/0001/files/r1/page.html", page) // is no report of the run
	trial := run.Trial(1)
	tr, err := trial.NewTranscript("r1", time.Now(), evidence.Clock{}, evidence.Redactor{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range samples { // in pieces of seven bytes
		for rest := read(t, name); len(rest) > 0; {
			n := min(7, len(rest))
			if err := tr.Add(time.Now(), "cli", "in", rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
	}
	for _, c := range []string{"in:\r\nPassword: ", "out:typed-S3cret9\r", "in:\r\nfailed typed-S3cret9 \xff\r\n"} {
		way, text, _ := strings.Cut(c, ":")
		if err := tr.Add(time.Now(), "cli", way, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	lines, err := evidence.CreateLines(trial.File("observations.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range samples {
		if err := lines.Append(evidence.Observation{Seq: i + 1, Node: "r1", Probe: "text", Text: string(read(t, name))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		digest, err := trial.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if err := run.AppendLedger(evidence.Entry{Trial: 1, Verdict: evidence.Reproduced, Digest: digest, Reason: "neighbor 62.81.14.78 is down"}); err != nil {
			t.Fatal(err)
		}
	}
	return run.Path
}

// TestDir redacts a whole run and asks everything of it: nothing survives, the ledger
// holds, the map restores each byte, and a second time gives the same.
func TestDir(t *testing.T) {
	src := plantedTree(t)
	r := newRedactor(t, owner)
	dst := filepath.Join(t.TempDir(), "out")
	result, err := r.Dir(t.Context(), src, dst)
	if err != nil {
		t.Fatal(err)
	}
	planted := []string{"typed-S3cret9"}
	for _, m := range markers(t) {
		planted = append(planted, m.value)
	}
	gate := r.Gate(planted...)
	if before, err := gate.Dir(t.Context(), src); err != nil || len(before) < len(planted) {
		t.Fatalf("the gate finds %d places in the original of %d markers (%v)", len(before), len(planted), err)
	}
	if err := gate.Check(t.Context(), dst); err != nil {
		t.Error(err)
	}
	run, info, err := evidence.OpenDir(dst)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := run.Ledger()
	if err != nil || len(entries) != 2 {
		t.Fatalf("ledger: %d entries, %v", len(entries), err)
	}
	for _, e := range entries {
		if digest, err := run.Trial(1).Digest(); err != nil || digest != e.Digest {
			t.Errorf("the digest in the ledger is not the trial's (%v)", err)
		}
	}
	input, err := os.ReadFile(run.File("input", info.Inputs[0].Path))
	if err != nil || evidence.SHA256(input) != info.Inputs[0].SHA256 || len(input) != info.Inputs[0].Size {
		t.Errorf("run.json does not describe its input (%v)", err)
	}
	if info.Host.Name == "lab" || len(info.Host.Name) != len("lab") {
		t.Errorf("the machine's own name is %q", info.Host.Name)
	}
	if result.Report.LedgerHead["."] == "" || len(result.Report.Dropped) != 1 {
		t.Errorf("report: head %q, dropped %v", result.Report.LedgerHead, result.Report.Dropped)
	}
	if _, err := os.Stat(run.File("trials", "0001", "files", "r1")); err != nil {
		t.Error("the lab's own node name was replaced")
	}
	restoreAll(t, src, dst, result.Map)
	again := filepath.Join(t.TempDir(), "again")
	if _, err := newRedactor(t, owner).Dir(t.Context(), src, again); err != nil {
		t.Fatal(err)
	}
	if sumDir(t, dst) != sumDir(t, again) {
		t.Error("the same input gave two results")
	}
}

// TestMapKept: a map does not overwrite another, and takes addresses of mail back too.
func TestMapKept(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	in := "mail bob@quarz.de\n"
	r.Learn("a.txt", []byte(in))
	out := string(r.Text("a.txt", []byte(in)))
	m := r.Map()
	if got := m.Reveal(out); strings.Contains(out, "quarz") || got != in {
		t.Errorf("%q became %q, and that %q", in, out, got)
	}
	path := filepath.Join(t.TempDir(), "map")
	if err := m.WriteFile(path, testKey(t)); err != nil {
		t.Fatal(err)
	}
	if err := m.WriteFile(path, testKey(t)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a map is written over: %v", err)
	}
}

func restoreAll(t *testing.T, src, dst string, m *redact.Map) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "map")
	if err := m.WriteFile(path, testKey(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := redact.OpenMap(path, redact.NewKey()); !errors.Is(err, redact.ErrSeal) {
		t.Errorf("another key opens the map: %v", err)
	}
	m, err := redact.OpenMap(path, testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Files()) < 10 {
		t.Fatalf("%d files in the map", len(m.Files()))
	}
	for _, name := range m.Files() {
		data, err := os.ReadFile(filepath.Join(dst, name))
		if err != nil {
			t.Fatal(err)
		}
		was, back, err := m.Restore(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		if want, err := os.ReadFile(filepath.Join(src, was)); err != nil || !bytes.Equal(want, back) {
			t.Errorf("%s is not restored (%v)", name, err)
		}
		if _, _, err := m.Restore(name, append(data, 'x')); !errors.Is(err, redact.ErrRestored) {
			t.Errorf("an altered %s is restored: %v", name, err)
		}
	}
}

func sumDir(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	if err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		h.Write([]byte(p[len(dir):]))
		h.Write(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestReveal(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	text := "hostname zurich-core-07\nusername hmustermann password 7 0822455D0A16\nip address 10.44.10.1 255.255.255.0\nmac 00:04:96:ab:cd:01\n"
	r.Learn("a.cfg", []byte(text))
	out := string(r.Text("a.cfg", []byte(text)))
	name, ip := splitFields(out)[1], splitFields(out)[9]
	answer := "Please reload " + strings.ToUpper(name) + " at " + ip + ", then ask " + splitFields(out)[3] + "."
	if got, want := r.Map().Reveal(answer), "Please reload zurich-core-07 at 10.44.10.1, then ask hmustermann."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := r.Map().Reveal(out); got != text {
		t.Errorf("%q, want %q", got, text)
	}
}

// TestGate: each way to hide a value is found, and only that.
func TestGate(t *testing.T) {
	const value = "Planted-Value-77"
	g := redact.NewGate(redact.Marker{Value: value, Rule: redact.RuleSecret}, redact.Marker{Value: "bob", Rule: redact.RuleName}, redact.Marker{Value: "zurich-core", Rule: redact.RuleName})
	hexed := hex.EncodeToString([]byte(value))
	for _, tt := range []struct{ form, text string }{
		{"raw", "x " + value + " y"},
		{"raw", strings.ToUpper(value)},
		{"hex", hexed},
		{"hex", strings.ToUpper(hexed)},
		{"base64", base64.StdEncoding.EncodeToString([]byte("a" + value + "b"))},
		{"base64", base64.URLEncoding.EncodeToString([]byte("ab" + value))},
		{"base64", base64.StdEncoding.EncodeToString([]byte(value))},
		{"raw", "hostname ZURICH-CORE"},
	} {
		hits := g.Data("f", []byte(tt.text))
		if len(hits) == 0 || hits[0].Form != tt.form {
			t.Errorf("%q: %v, want %s", tt.text, hits, tt.form)
		}
	}
	if hits := g.Data("f", []byte("bobbin zurich-corex Planted-Value-7")); len(hits) != 0 {
		t.Errorf("%v in a text that has nothing", hits)
	}
	text, err := json.Marshal(g.Data("f", []byte(value)))
	if err != nil || bytes.Contains(text, []byte(value)) {
		t.Errorf("a hit tells the value: %s", text)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := g.Check(t.Context(), dir); !errors.Is(err, redact.ErrCanary) {
		t.Errorf("the gate lets it pass: %v", err)
	}
}

func TestResidue(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	text := read(t, "eos.cfg")
	r.Learn("eos.cfg", text)
	out := r.Text("eos.cfg", text)
	g := r.Gate()
	if hits := g.Residue("eos.cfg", out); len(hits) > 0 {
		t.Errorf("residue in our own result: %v", hits)
	}
	if hits := g.Residue("eos.cfg", text); len(hits) < 5 {
		t.Errorf("only %v in the original", hits)
	}
}

func TestKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k := redact.NewKey()
	if err := k.WriteKeyFile(path); err != nil {
		t.Fatal(err)
	}
	got, err := redact.ReadKeyFile(path)
	if err != nil || got != k {
		t.Errorf("read back: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := redact.ReadKeyFile(path); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a key that others may read is taken: %v", err)
	}
	if _, err := redact.New(redact.Key{}, redact.Options{}); !errors.Is(err, redact.ErrNoKey) {
		t.Errorf("no key is taken: %v", err)
	}
}

func TestDirRefuses(t *testing.T) {
	src, dst := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dst, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newRedactor(t, redact.Options{}).Dir(t.Context(), src, dst); !errors.Is(err, redact.ErrNotEmpty) {
		t.Errorf("mixes with what is there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := os.WriteFile(filepath.Join(src, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := newRedactor(t, redact.Options{}).Dir(ctx, src, filepath.Join(t.TempDir(), "o")); !errors.Is(err, context.Canceled) {
		t.Errorf("does not end: %v", err)
	}
}

func FuzzText(f *testing.F) {
	for _, name := range samples {
		f.Add(read(f, name))
	}
	f.Add([]byte("a.b.c.d 1.2.3 :: ::1 ff:: -----BEGIN X\npassword"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRedactor(t, owner)
		for _, name := range []string{"x.txt", "x.json", "x.ndjson"} {
			r.Learn(name, data)
			a := r.Text(name, data)
			if b := r.Text(name, data); !bytes.Equal(a, b) {
				t.Fatalf("%q became %q and %q", data, a, b)
			}
		}
	})
}

// An address that the owner keeps, such as that of whom the vendor calls, stays; others go.
func TestKeptMail(t *testing.T) {
	r, err := redact.New(redact.NewKey(), redact.Options{Keep: []string{"meier@partner.example"}})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("mail Meier@partner.example or doe@customer.example\n")
	r.Learn("a.txt", text)
	got := string(r.Text("a.txt", text))
	if !strings.Contains(got, "Meier@partner.example") || strings.Contains(got, "doe@") {
		t.Errorf("got %q", got)
	}
}

// A name in the folder of a run is in no part of the report, and neither is what is kept.
func TestReportNamesNobody(t *testing.T) {
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "out")
	run := evidence.Dir{Path: filepath.Join(src, "runs", "20260301T101500Z-acme-flap-0001")}
	if err := evidence.WriteJSON(run.File("run.json"), evidence.RunInfo{Reprise: evidence.Format, ID: run.ID()}); err != nil {
		t.Fatal(err)
	}
	if err := run.AppendLedger(evidence.Entry{Trial: 1, Verdict: evidence.Reproduced}); err != nil {
		t.Fatal(err)
	}
	r, err := redact.New(redact.NewKey(), redact.Options{Names: []string{"ACME"}, Keep: []string{"ACME-Partner"}})
	if err != nil {
		t.Fatal(err)
	}
	result, err := r.Dir(t.Context(), src, dst)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Gate().Check(t.Context(), dst); err != nil {
		t.Error(err)
	}
	as := result.Renamed["runs/"+run.ID()]
	if _, err := os.Stat(filepath.Join(dst, as, "run.json")); err != nil || as == "" || result.Renamed["runs"] != "" {
		t.Errorf("%v: renamed %v", err, result.Renamed)
	}
	if result.Report.Kept != 1 {
		t.Errorf("%d words kept, want 1", result.Report.Kept)
	}
	text, err := os.ReadFile(filepath.Join(dst, redact.ReportFile))
	if err != nil || strings.Contains(strings.ToLower(string(text)), "acme") {
		t.Errorf("%v: %s", err, text)
	}
}

// Names are found in any case, those with letters outside ASCII too, and short ones.
func TestUmlauts(t *testing.T) {
	names := []string{"Müller & Söhne GmbH", "Jörg Weiss", "Łódź", "Йожин", "Řeřicha", "KBÖ", "kbl"}
	r := newRedactor(t, redact.Options{Names: names})
	for _, name := range names {
		for _, text := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			text = "for " + text + ", thanks"
			got := r.Text("a.txt", []byte(text))
			if len(got) != len(text) || len(r.Gate().Data("a.txt", []byte(text))) == 0 || len(r.Gate().Data("a.txt", got)) > 0 {
				t.Errorf("%q became %q", text, got)
			}
		}
		as := r.Name(name)
		if up := r.Name(strings.ToUpper(name)); up != strings.ToUpper(as) || r.RealName(as) != name || r.RealName(up) != strings.ToUpper(name) {
			t.Errorf("%q is %q, in capitals %q", name, as, up)
		}
	}
	r, err := redact.New(redact.NewKey(), redact.Options{Names: []string{"Müller", "MÜLLER"}})
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("Müller MÜLLER müller at MüLLER\n")
	r.Learn("a.txt", text)
	got := r.Text("a.txt", text)
	if hits := r.Gate().Data("a.txt", text); len(hits) == 0 {
		t.Error("the gate finds nothing in the original")
	}
	if strings.Contains(string(got), "ller") || strings.Contains(string(got), "LLER") || len(r.Gate().Data("a.txt", got)) > 0 {
		t.Errorf("got %q", got)
	}
}

// TestEncodings: logs in old encodings and torn ones are texts, and come back exactly.
func TestEncodings(t *testing.T) {
	const text = "Welcome to Jörg Weiss, JÖRG WEISS\r\nusername bob secret Tr0ub4dor-zz\r\nfür Köln\r\n"
	wide := func(order binary.AppendByteOrder) string {
		out := order.AppendUint16(nil, 0xfeff)
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return string(out)
	}
	latin := strings.NewReplacer("ö", "\xf6", "Ö", "\xd6", "ü", "\xfc").Replace(text)
	files := map[string]string{
		"latin.log": latin, "torn.log": text + "a\xc3 b\xff\xfe c\x80", "le.log": wide(binary.LittleEndian), "be.log": wide(binary.BigEndian),
		"binary.bin": "\xde\xad\xbe\xef",
	}
	src, dst := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(src, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := newRedactor(t, redact.Options{Names: []string{"Jörg Weiss"}})
	result, err := r.Dir(t.Context(), src, dst)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Report.Dropped) != 1 || result.Report.Dropped[0].File != "binary.bin" {
		t.Errorf("dropped %v", result.Report.Dropped)
	}
	for _, name := range []string{"latin.log", "torn.log", "le.log", "be.log"} {
		got, err := os.ReadFile(filepath.Join(dst, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.Gate().Data(name, []byte(files[name]))); n < 3 || len(r.Gate().Data(name, got)) > 0 || len(got) != len(files[name]) {
			t.Errorf("%s: %d hits before, after %q", name, n, got)
		}
		if _, back, err := result.Map.Restore(name, got); err != nil || string(back) != files[name] {
			t.Errorf("%s comes back as %q, %v", name, back, err)
		}
	}
}

// TestInside: the owner's names are found in identifiers too, and ordinary words stay.
func TestInside(t *testing.T) {
	r := newRedactor(t, redact.Options{Names: []string{"ACME", "Core", "Terna", "Globex", "Müller", "Stern"}})
	for _, word := range []string{
		"ACMEsw2", "acmecore1", "sw2acme", "myACMEnet", "AcmeSwitch", "coreAcmeLab", "acme2", "acme_lab", "x-acme-y", "globexnet", "preGlobexes", "ternanet", "Müllers", "MÜLLERsw1", "coreSwitch", "TernaGlobex", "GlobexTerna",
		"core1", "Core2Sw", `a\nACMEsw2`,
	} {
		got := r.Words(word)
		if len(got) != len(word) || got == word || len(r.Gate().Data("a.txt", []byte(word))) == 0 || len(r.Gate().Data("a.txt", []byte(got))) > 0 {
			t.Errorf("%s became %s", word, got)
		}
	}
	for _, word := range []string{"corelist", "Score", "hardcore", "corelist2", "external", "External2", "isExternal", "alternate", "pattern", "western1", "acmeology", "AAAA" + strings.Repeat("xGlobexx", 9)} {
		if got := r.Words(word); got != word || len(r.Gate().Data("a.txt", []byte(word))) > 0 {
			t.Errorf("%s became %s", word, got)
		}
	}
}

// FuzzGate searches whatever there is, and takes readings back to their texts.
func FuzzGate(f *testing.F) {
	for _, text := range []string{
		"a%41%zz \\x41\\101\\u0041 &#65;&amp; =\n=41 \x1b[1mA\b\rB\x1b]0;t\aC", "QUJDREVGR0hJSktMTU5P\n  UFFSU1RVVldY", "H4sIAAAAAAAA", "0000: 4142 4344  ABCD\n0004: 41", "41:42:43:44:45:46:47:48:49",
		"1.3.6.1.4.1.65.66.67.68.69.70", "1.2.3.in-addr.arpa 1.0.ip6.arpa", "password:\n- a\n  b: |\n   c\n", `{"passwords":[{"value":"`, "<1>Nov 28 06:28:14 h x: ", "curl -u \\\n", "cookie: a=; b",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRedactor(t, redact.Options{Names: []string{"Quarzwerk"}, Secrets: []string{"Blaubeere7"}})
		r.LearnFile("a.txt", data)
		out, ok := r.File("a.txt", data)
		if again, _ := r.File("a.txt", data); ok && !bytes.Equal(out, again) {
			t.Fatalf("%q became %q and %q", data, out, again)
		}
		r.Gate().Data("a.txt", data)
	})
}

// TestBlocksOnALine: a certificate or key all on one line is cut, in JSON, YAML and a log, and what
// stands around and between two of them is not.
func TestBlocksOnALine(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	const body = "MIIFazCCA1OgAwIBAgIRAIIQz7DSQONZRGPgu2OCiwAwDQYJKoZIhvcNAQELBQAw"
	block := func(kind, sep string) string {
		return "-----BEGIN " + kind + "-----" + sep + body + sep + body[:40] + sep + "-----END " + kind + "-----"
	}
	for name, text := range map[string]string{
		"a.json": "{\"cert\": \"" + block("CERTIFICATE", `\n`) + "\",\n\"mode\": \"active\", \"list\": [\"one\", \"two\"],\n\"key\": \"" + block("PRIVATE KEY", `\n`) + "\"}\n",
		"a.yaml": "cert: \"" + block("CERTIFICATE", `\n`) + "\"\nmode: active\n",
		"a.log":  "Nov 28 06:28:14 lab x: got " + block("CERTIFICATE", " ") + " of peer\nmode active\n",
	} {
		r.Learn(name, []byte(text))
		out := string(r.Text(name, []byte(text)))
		if strings.Contains(out, body[:24]) || len(out) != len(text) || strings.Count(out, `\n`) != strings.Count(text, `\n`) || strings.Contains(text, "of peer") != strings.Contains(out, "of peer") {
			t.Errorf("%q became %q", text, out)
		}
		if name == "a.json" && (!json.Valid([]byte(out)) || !strings.Contains(out, `"mode": "active", "list": ["one", "two"],`)) {
			t.Errorf("%q became %q", text, out)
		}
	}
}

// TestBlocksBehind: the lines of a key are cut where something stands before each, as the head of a log or quotes, where
// its BEGIN was cut off, and where its END was; the lines around it are not.
func TestBlocksBehind(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	const body = "MIIFazCCA1OgAwIBAgIRAIIQz7DSQONZRGPgu2OCiwAwDQYJKoZIhvcNAQELBQAw"
	const head = "Nov 28 06:28:14 lab x: "
	for name, text := range map[string]string{
		"of a log":                 head + "-----BEGIN RSA PRIVATE KEY-----\n" + head + body + "\n" + head + body[:24] + "==\n" + head + "-----END RSA PRIVATE KEY-----\n" + head + "active\n",
		"of a log that was cut":    head + "-----BEGIN RSA PRIVATE KEY-----\n" + head + body + "\n" + head + "active\n",
		"of a program":             "k = (\"-----BEGIN RSA PRIVATE KEY-----\\n\"\n     \"" + body + "\\n\"\n     \"-----END RSA PRIVATE KEY-----\\n\")\nmode = \"active\"\n",
		"with a head of its own":   "> -----BEGIN RSA PRIVATE KEY-----\n> DEK-Info: AES-128-CBC,0102\n>\n> " + body + "\n> -----END RSA PRIVATE KEY-----\n> active\n",
		"whose begin was cut off":  "active\n" + body + "\n" + body[:24] + "==\n-----END PRIVATE KEY-----\n",
		"that is quoted in a diff": "+-----BEGIN RSA PRIVATE KEY-----\n+" + body + "\n+-----END RSA PRIVATE KEY-----\n active\n",
	} {
		r.Learn("a.txt", []byte(text))
		out := string(r.Text("a.txt", []byte(text)))
		if strings.Contains(out, body[:24]) || len(out) != len(text) || strings.Count(out, "active") != 1 || strings.Count(out, "06:28:14") != strings.Count(text, "06:28:14") {
			t.Errorf("%s: %q became %q", name, text, out)
		}
	}
}

// TestBasic: a user and a secret in base64, as registries keep them, are cut; other base64 at
// the same key is not.
func TestBasic(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	login := base64.StdEncoding.EncodeToString([]byte("karlotto:Kiesel4711x"))
	for _, form := range []string{`{"auths":{"registry":{"auth":"@"}}}`, `	"auth": "@"`, `//registry/:_auth = "@"`} {
		in := strings.ReplaceAll(form, "@", login)
		if out := string(r.Text("config.json", []byte(in))); strings.Contains(out, login) || len(out) != len(in) {
			t.Errorf("%q became %q", in, out)
		}
	}
	const kept = `{"auth": "c29tZSB0ZXh0IG9ubHk="}`
	if out := string(r.Text("x.json", []byte(kept))); out != kept {
		t.Errorf("%q became %q", kept, out)
	}
}

// TestSendersNames: the name beside an address of mail is somebody's, in quotes and without.
func TestSendersNames(t *testing.T) {
	for _, line := range []string{
		"Cc: Karl Zwingelmann <x@example.com>", "To: a@example.com,\n Karl Zwingelmann <x@example.com>", "From: \"Zwingelmann, Karl\" <x@example.com>",
		"Author: Karl Zwingelmann <x@example.com>", "    Signed-off-by: Karl Zwingelmann <x@example.com>",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(line+"\n"))
		if got := string(r.Text("a.txt", []byte(line+"\n"))); strings.Contains(got, "Zwingelmann") {
			t.Errorf("%q became %q", line, got)
		}
	}
}

// TestMarksOfKeysAreNoValues: where a key of YAML or JSON holds a block of PEM, its lines are the secret. Its marks were learned as one,
// and stood in every other file that has a key.
func TestMarksOfKeysAreNoValues(t *testing.T) {
	body := strings.Repeat("MIIEvgIBADANBgkqhkiG9w0BAQEFAASC", 2)
	texts := map[string]string{
		"a.yaml": "key: |\n  -----BEGIN PRIVATE KEY-----\n  " + body + "\n  -----END PRIVATE KEY-----\n",
		"b.json": `{"key":"-----BEGIN PRIVATE KEY-----\n` + body + `\n-----END PRIVATE KEY-----\n"}`,
		"c.log":  "10:00:00 sw1: -----BEGIN PRIVATE KEY-----\n10:00:00 sw1: " + body + "\n10:00:00 sw1: -----END PRIVATE KEY-----\n",
	}
	r := newRedactor(t, redact.Options{})
	for name, text := range texts {
		r.Learn(name, []byte(text))
	}
	for name, text := range texts {
		out := string(r.Text(name, []byte(text)))
		if strings.Contains(out, body) || !strings.Contains(out, "-----BEGIN PRIVATE KEY-----") || !strings.Contains(out, "-----END PRIVATE KEY-----") {
			t.Errorf("%s became %q", name, out)
		}
		if hits := r.Gate().Data(name, []byte(out)); len(hits) > 0 {
			t.Errorf("%s: the gate finds %v", name, hits)
		}
	}
}

// TestHexOfTextWithAddress: the hex of a text is read as a text also where a known MAC stands in it.
func TestHexOfTextWithAddress(t *testing.T) {
	r := newRedactor(t, redact.Options{Secrets: []string{"Zogise75guw"}})
	text := "mac-address 00:04:96:41:42:43\n" + hex.EncodeToString([]byte("at \x00\x04\x96ABC the value Zogise75guw is here and nowhere else")) + "\n"
	r.Learn("a.txt", []byte(text))
	out := r.Text("a.txt", []byte(text))
	if hits := r.Gate().Data("a.txt", out); len(hits) > 0 {
		t.Errorf("%q became %q, and the gate finds %v", text, out, hits)
	}
}

// TestIndexOfObjects: an address behind the number of a port is found in what snmpwalk prints of a table.
func TestIndexOfObjects(t *testing.T) {
	text := "ip address 81.14.99.37/24\nIP-MIB::ipNetToMediaPhysAddress.3.81.14.99.37 = STRING: x\noid ipAdEntAddr.4.81.14.99.37\nversion 3.81.14.99.37\n"
	r := newRedactor(t, redact.Options{})
	r.Learn("a.txt", []byte(text))
	out := string(r.Text("a.txt", []byte(text)))
	if strings.Contains(out, "Address.3.81.14") || strings.Contains(out, "Addr.4.81.14") || !strings.Contains(out, "Address.3.") || !strings.Contains(out, "Addr.4.") {
		t.Errorf("became %q", out)
	}
}
