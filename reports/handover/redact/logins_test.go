package redact_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/reprise-lab/reprise/reports/handover/redact"
	pt "github.com/reprise-lab/reprise/reports/handover/redact/packet/packettest"
)

// talked is a connection to a port: what the client sends, and, behind a <, what the server
// does. The client's parts are a segment each, or each byte is one.
func talked(port int, keys bool, parts ...string) [][]byte {
	const client, server = "10.44.7.1", "10.44.7.2"
	var frames [][]byte
	sent, answered := uint32(1000), uint32(5000)
	for _, p := range parts {
		if text, ok := strings.CutPrefix(p, "<"); ok {
			frames = append(frames, pt.Ether(pt.MACA(), pt.MACB(), 0x800, pt.TCP(server, client, port, 40000, answered, []byte(text))))
			answered += uint32(len(text))
			continue
		}
		pieces := []string{p}
		if keys {
			pieces = strings.Split(p, "")
		}
		for _, piece := range pieces {
			frames = append(frames, pt.Ether(pt.MACB(), pt.MACA(), 0x800, pt.TCP(client, server, 40000, port, sent, []byte(piece))))
			sent += uint32(len(piece))
		}
	}
	return frames
}

// carried is what the frames carry behind TCP's or UDP's addresses, joined in their order.
func carried(frames [][]byte) string {
	out := ""
	for _, f := range frames {
		switch {
		case len(f) > 54 && f[12] == 8 && f[23] == 6:
			if f[34] == 0x9c { // from the client, whose stream is looked at
				out += string(f[54:])
			}
		default:
			out += string(f)
		}
	}
	return out
}

// TestCaptureLogins: what somebody typed at a prompt, and what protocols carry in clear where
// somebody logs in, is a field of its own.
func TestCaptureLogins(t *testing.T) {
	const user, secret = "karlotto", "Kiesel4711x"
	in64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	datagram := func(port int, body []byte) [][]byte {
		return [][]byte{pt.Ether(pt.MACB(), pt.MACA(), 0x800, pt.UDP("10.44.7.1", "10.44.7.2", 40000, port, body))}
	}
	shell := []string{"<\xff\xfb\x01\r\nUsername: ", "\xff\xfd\x01" + user + "\r\n", "<\r\nPassword: ", secret + "\r\n", "<\r\nsw1#", "show clock\r\n"}
	snmp := pt.BER(0x30, pt.Cat(pt.BER(2, []byte{1}), pt.BER(4, []byte(secret)), pt.BER(0xa0, []byte{2, 1, 1, 2, 1, 0, 2, 1, 0, 0x30, 0})))
	hsrp := pt.Cat([]byte{0, 0, 16, 3, 10, 100, 1, 0}, []byte(secret)[:8], []byte{10, 44, 7, 9})
	bind := pt.BER(0x30, pt.Cat(pt.BER(2, []byte{1}), pt.BER(0x60, pt.Cat(pt.BER(2, []byte{3}), pt.BER(4, []byte(user)), pt.BER(0x80, []byte(secret))))))
	for _, tt := range []struct {
		name   string
		frames [][]byte
		gone   []string
		kept   string
	}{
		{"telnet", talked(23, false, shell...), []string{user, secret}, "show clock"},
		{"telnet, key by key", talked(23, true, shell...), []string{user, secret}, "show clock"},
		{"telnet with a key taken back", talked(23, true, "<Password: ", secret[:4]+"x\b"+secret[4:]+"\r"), []string{secret, secret[:4], secret[4:]}, ""},
		{"a console server", talked(2003, false, "<login: ", user+"\r", "<Password: ", secret+"\r"), []string{user, secret}, ""},
		{"enable", talked(23, false, "<sw1>", "enable\r\n", "<Password: ", secret+"\r\n"), []string{secret}, "enable"},
		{"FTP", talked(21, false, "<220 hi\r\n", "USER "+user+"\r\n", "<331 go on\r\n", "PASS "+secret+"\r\n"), []string{user, secret}, "USER "},
		{"IMAP", talked(143, false, "a1 LOGIN \""+user+"\" "+secret+"\r\n"), []string{user, secret}, "a1 LOGIN "},
		{"SMTP", talked(25, false, "AUTH LOGIN\r\n", "<334 VXNlcm5hbWU6\r\n", in64(user)+"\r\n", "<334 UGFzc3dvcmQ6\r\n", in64(secret)+"\r\n"), []string{in64(user), in64(secret)}, "AUTH LOGIN"},
		{"LDAP", talked(389, false, string(bind)), []string{user, secret}, ""},
		{"SNMP on another port", datagram(10161, snmp), []string{secret}, ""},
		{"HSRP", datagram(1985, hsrp), []string{secret[:8]}, ""},
		{"EAP", [][]byte{pt.Ether(pt.MACB(), pt.MACA(), 0x888e, pt.Cat([]byte{1, 0, 0, 13, 2, 1, 0, 13, 1}, []byte(user)))}, []string{user}, ""},
		{"a list, and no prompt", talked(80, false, "<user: ", "GET / HTTP/1.1\r\nHost: x\r\n"), nil, "HTTP/1.1\r\nHost: x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := pt.Pcapng("c", tt.frames)
			r := newRedactor(t, redact.Options{})
			r.LearnFile("a.pcapng", data)
			out, err := r.Capture("a.pcapng", data)
			if err != nil {
				t.Fatal(err)
			}
			text := carried(pt.Frames(out))
			if before := carried(pt.Frames(data)); len(before) != len(text) {
				t.Fatalf("%d bytes became %d", len(before), len(text))
			}
			for _, v := range tt.gone {
				if strings.Contains(text, v) {
					t.Errorf("%q is left in %q", v, text)
				}
			}
			if !strings.Contains(text, tt.kept) {
				t.Errorf("%q is gone from %q", tt.kept, text)
			}
		})
	}
}
