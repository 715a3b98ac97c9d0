package redact_test

import (
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestAddressesInNames: an address in the name of a file, behind and before a dash, is no version, and
// so is none wherever it stands; that of an image is one.
func TestAddressesInNames(t *testing.T) {
	for _, name := range []string{"zrh-10.44.7.1-old.cfg", "core-185.44.113.77-backup.log", "10.44.7.1-gateway", "172.20.3.4-spine", "a-9.44.7.1-relay1.txt"} {
		ip := strings.Trim(strings.TrimLeft(name, "zrhcoea-"), "-")
		ip, _, _ = strings.Cut(ip, "-")
		text := "copy " + name + " to flash\nneighbor " + ip + " remote-as 65001\n"
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		if got := string(r.Text("a.txt", []byte(text))); strings.Contains(got, ip) {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, before := range []string{"fw ", "sw-", "sw ", "linux ", "boot ", "image ", "os=", "bird ", "fpga "} {
		text := before + "185.44.113.77 is down\nneighbor 185.44.113.77 remote-as 65001\n"
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		if got := string(r.Text("a.txt", []byte(text))); strings.Contains(got, "185.44") {
			t.Errorf("%q became %q", text, got)
		}
	}
	for _, host := range []string{"vsp-1", "vsp7400-core", "ers1", "5520-24-1"} {
		text := "PING " + host + " (10.1.2.3) 56(84) bytes of data.\nneighbor 10.1.2.3 remote-as 65001\n"
		r := newRedactor(t, redact.Options{})
		r.Learn("a.txt", []byte(text))
		if got := string(r.Text("a.txt", []byte(text))); strings.Contains(got, "10.1.2.3") {
			t.Errorf("%q became %q", text, got)
		}
	}
	const image = "download image summitX-33.1.1.6-patch1-3.xos\nPrimary 33.1.1.6-patch1-3, was 31.7.1.4-ga\n"
	r := newRedactor(t, redact.Options{})
	r.Learn("a.txt", []byte(image))
	if got := string(r.Text("a.txt", []byte(image))); got != image {
		t.Errorf("%q became %q", image, got)
	}
}

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
