package redact_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
)

// TestXMLStays: a document of XML in which an element that names a secret has other elements in it is one after that too.
func TestXMLStays(t *testing.T) {
	for _, text := range []string{
		"<xos><snmpCommunity><snmpCommunityIndex>x</snmpCommunityIndex><snmpCommunityName>Wolkenbruch</snmpCommunityName></snmpCommunity></xos>",
		"<snmp><community><index>1</index><text-name>Wolkenbruch</text-name></community></snmp>",
		"<snmp><community><name>Wolkenbruch</name><authorization>read-only</authorization></community></snmp>",
		"<system>\n<user>\n  <name>joe</name>\n  <password>\n    Wolkenbruch\n  </password>\n</user>\n</system>",
		"<login><user><name>joe</name></user></login>",
		"<x xmlns:s='u'><s:community><s:name>Wolkenbruch</s:name></s:community><s:password><s:value>Regenbogen77</s:value></s:password><s:user><s:name>joe</s:name></s:user></x>",
		"<x><community><name changed='1'>Wolkenbruch</name></community><password><value type='a-b:c'>Regenbogen77</value></password><user><name a='1'>joe</name></user></x>",
	} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.xml", []byte(text))
		out := string(r.Text("a.xml", []byte(text)))
		if strings.Contains(out, "Wolkenbruch") || strings.Contains(out, "Regenbogen") || strings.Contains(out, ">joe<") {
			t.Errorf("%q became %q", text, out)
		}
		d := xml.NewDecoder(strings.NewReader(out))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%q became %q: %v", text, out, err)
				break
			}
		}
	}
}

// TestKeyWithoutBegin: the body of a private key is cut where a log was turned over within it, and both keys of what
// WireGuard prints for programs.
func TestKeyWithoutBegin(t *testing.T) {
	body := ""
	p := planter{}
	for range 12 {
		p.n++
		body += p.random(64) + "\n"
	}
	key := func() string { p.n++; return base64.StdEncoding.EncodeToString([]byte(p.random(32))) }
	for _, text := range []string{body + p.random(40) + "\n-----END RSA PRIVATE KEY-----\n", "wg0\t" + key() + "\t" + key() + "\t51820\toff\n"} {
		r := newRedactor(t, redact.Options{})
		r.Learn("a.log", []byte(text))
		out := string(r.Text("a.log", []byte(text)))
		for line := range strings.FieldsSeq(text) {
			if len(line) > 30 && strings.Contains(out, line) {
				t.Errorf("%q is left", line)
			}
		}
	}
}
