package bundle_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"github.com/reprise-lab/reprise/reports/handover/bundle"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestSignersAsOpenSSH reads generated files of allowed signers as ssh-keygen does, and asks
// both the same questions.
func TestSignersAsOpenSSH(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		livetest.Missing(t, "ssh-keygen", err)
	}
	t.Setenv("TZ", "UTC")
	dir := t.TempDir()
	spaces := []string{bundle.Namespace, "reprise", "other"}
	var keys []ssh.PublicKey
	var texts []string
	run := func(in []byte, args ...string) error {
		c := exec.Command(keygen, args...)
		c.Stdin = strings.NewReader(string(in))
		return c.Run()
	}
	message := filepath.Join(dir, "message")
	if err := os.WriteFile(message, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	for k := range 2 {
		key := filepath.Join(dir, fmt.Sprint("key", k))
		if err := run(nil, "-q", "-t", "ed25519", "-N", "", "-C", "somebody", "-f", key); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(key + ".pub")
		if err != nil {
			t.Fatal(err)
		}
		pub, _, _, _, err := ssh.ParseAuthorizedKey(data)
		if err != nil {
			t.Fatal(err)
		}
		keys, texts = append(keys, pub), append(texts, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub))))
	}
	for _, ns := range spaces {
		_ = os.Remove(message + ".sig")
		if err := run(nil, "-q", "-Y", "sign", "-f", filepath.Join(dir, "key0"), "-n", ns, message); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(message+".sig", filepath.Join(dir, ns+".sig")); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "allowed")
	agreed := map[bool]int{}
	rapid.Check(t, func(r *rapid.T) {
		list := func(words ...string) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 4).Draw(r, "list"), ",")
		}
		names := func() string {
			return list("tac", "partner", "*", "t?c", "p*", "!tac", "!p*", "!*", "!", "*r", "tac@example", "?", "[a-z]*", "**")
		}
		option := func() string {
			switch rapid.IntRange(0, 13).Draw(r, "option") {
			case 0, 1, 2:
				return `namespaces="` + list("*", bundle.Namespace, "reprise*", "!reprise", "!other", "!*", "other", "reprise-?undle", "", "!"+bundle.Namespace, "[r]eprise", `a\"b`) + `"`
			case 3:
				return `NameSpaces="` + list("*", "!other", "reprise-bundle") + `"`
			case 4:
				return `namespaces=` + list("*", "other")
			case 5, 6:
				return `valid-after="` + rapid.SampledFrom([]string{"20260101", "20270101Z", "202603011200", "20260301120000Z", "20260231", "20260301120001Z", "soon", "19700101Z", "2026"}).Draw(r, "after") + `"`
			case 7, 8:
				return `valid-before="` + rapid.SampledFrom([]string{"20260101", "20270101Z", "202603011200", "20260301120000Z", "20260230", "20261301", "2026030112000Z", ""}).Draw(r, "before") + `"`
			case 9:
				return "cert-authority"
			case 10:
				return rapid.SampledFrom([]string{"no-pty", "cert-authorityx", `namespaces="open`, "namespaces", `valid-after=""`, `command="x"`, ""}).Draw(r, "odd")
			default:
				return ""
			}
		}
		line := func() string {
			principals := names()
			switch rapid.IntRange(0, 9).Draw(r, "quoting") {
			case 0:
				principals = `"` + principals + `"`
			case 1:
				principals = `"` + principals + `, tac"`
			case 2:
				principals = `pre"` + principals + `"`
			case 3:
				principals = `"` + principals
			}
			var options []string
			for range rapid.IntRange(0, 3).Draw(r, "options") {
				if o := option(); o != "" || rapid.IntRange(0, 9).Draw(r, "empty") == 0 {
					options = append(options, o)
				}
			}
			blank := func() string { return rapid.SampledFrom([]string{" ", " ", " ", "\t", "  "}).Draw(r, "blank") }
			out := rapid.SampledFrom([]string{"", "", "", " ", "\t"}).Draw(r, "indent") + principals + blank()
			if len(options) > 0 {
				out += strings.Join(options, ",") + blank()
			}
			key := texts[0]
			if rapid.IntRange(0, 3).Draw(r, "other key") == 0 {
				key = texts[1]
			}
			switch rapid.IntRange(0, 15).Draw(r, "damage") {
			case 0:
				key = strings.Replace(key, "ssh-ed25519", "ssh-rsa", 1)
			case 1:
				key = key[:len(key)-3]
			case 2:
				key = ""
			}
			return out + key + rapid.SampledFrom([]string{"", "", " a comment", "\t# x", " "}).Draw(r, "comment")
		}
		var text strings.Builder
		for range rapid.IntRange(1, 4).Draw(r, "lines") {
			if rapid.IntRange(0, 7).Draw(r, "remark") == 0 {
				text.WriteString(rapid.SampledFrom([]string{"# a remark", "", "   ", " # x"}).Draw(r, "remark"))
			} else {
				text.WriteString(line())
			}
			text.WriteString(rapid.SampledFrom([]string{"\n", "\n", "\r\n"}).Draw(r, "end"))
		}
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			r.Fatal(err)
		}
		ns, name := rapid.SampledFrom(spaces).Draw(r, "namespace"), rapid.SampledFrom([]string{"tac", "partner", "other", "tac@example", "p"}).Draw(r, "name")
		at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		theirs := run([]byte("words"), "-Y", "verify", "-f", file, "-I", name, "-n", ns, "-s", filepath.Join(dir, ns+".sig"), "-Overify-time=20260301120000Z") == nil
		signers, err := bundle.ParseSigners([]byte(text.String()))
		ours := err == nil && signers.Allows(name, ns, keys[0], at)
		if ours != theirs {
			r.Fatalf("ssh-keygen says %v and we %v (%v) of %s in %s by\n%s", theirs, ours, err, name, ns, text.String())
		}
		agreed[ours]++
	})
	if few := agreed[true] == 0 || agreed[false] == 0; few && !testing.Short() { // which draws a fifth as many
		t.Errorf("the files say little: %v", agreed)
	}
}
