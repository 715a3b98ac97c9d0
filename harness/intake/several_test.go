package intake_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reprise-lab/reprise/harness/intake"
)

// heads are the parts of a file, in one line each.
func heads(f intake.File) (list []string) {
	for _, p := range f.Parts {
		list = append(list, said(p)[0])
	}
	return list
}

// TestConfigurationsInOneFile: configurations below each other, with no prompt between them, are those of as many devices,
// and two of one device are two.
func TestConfigurationsInOneFile(t *testing.T) {
	ios := func(name, area string) string {
		return "!\nversion 15.2\nhostname " + name + "\n!\ninterface GigabitEthernet0/1\n ip address 10.0.0.1 255.255.255.252\n!\nrouter ospf 1\n network 10.0.0.0 0.0.0.3 area " + area + "\n!\nend\n\n"
	}
	nxos := func(name string) string {
		return "!Command: show running-config\n!Time: Fri Mar  6 10:00:00 2026\n\nversion 9.3(8) Bios:version 05.45\nhostname " + name + "\nfeature lacp\ninterface Ethernet1/1\n  ip address 10.0.0.1/30\n\n"
	}
	eos := func(name string) string {
		return "! Command: show running-config\n! device: " + name + " (DCS-7050SX3, EOS-4.30.1F)\n!\nhostname " + name + "\n!\ninterface Ethernet1\n   no switchport\n!\nend\n"
	}
	junos := func(name string) string {
		return "set version 20.4R3.8\nset system host-name " + name + "\nset system services ssh\nset interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/30\n"
	}
	exos := func(name string) string {
		return "#\n# Module devmgr configuration.\n#\nconfigure snmp sysName \"" + name + "\"\n#\n# Module vlan configuration.\n#\ncreate vlan \"v1\"\nconfigure vlan v1 tag 10\n"
	}
	frr := func(name string) string {
		return "frr version 8.4.4\nfrr defaults traditional\nhostname " + name + "\n!\nrouter ospf\n network 10.0.0.0/30 area 0\nexit\n!\n"
	}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"IOS", ios("a", "0") + ios("b", "0"), []string{"config ios a 15.2", "config ios b 15.2"}},
		{"of one device", ios("a", "0") + ios("a", "1"), []string{"config ios a 15.2", "config ios a 15.2"}},
		{"NX-OS, which ends none", nxos("a") + nxos("b"), []string{"config nxos a 9.3(8)", "config nxos b 9.3(8)"}},
		{"EOS", eos("a") + eos("b"), []string{"config eos a 4.30.1F", "config eos b 4.30.1F"}},
		{"Junos, as commands", junos("a") + junos("b"), []string{"config junos a 20.4R3.8", "config junos b 20.4R3.8"}},
		{"Switch Engine", exos("a") + exos("b"), []string{"config exos a", "config exos b"}},
		{"FRR, which ends none", frr("a") + frr("b"), []string{"config frr a 8.4.4", "config frr b 8.4.4"}},
		{"three, of two systems", ios("a", "0") + eos("b") + ios("c", "0"), []string{"config ios a 15.2", "config eos b 4.30.1F", "config ios c 15.2"}},
		{"a name that comes twice in one", "!\nhostname a\n" + strings.TrimPrefix(ios("a", "0"), "!\n"), []string{"config ios a 15.2"}},
	} {
		f := imported(t, "f.txt", []byte(tt.text))
		if diff := cmp.Diff(tt.want, heads(f)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// TestRecordings: what a program recorded below what it recorded before is another session of the same device, of its own
// time, and a terminal's times tell how old one is that tells nothing itself.
func TestRecordings(t *testing.T) {
	session := func(state string) string {
		return "VSP-A:1#show virtual-ist\nPEER-IP         VLAN  ENABLE    IST\n10.99.0.2       4051  true      " + state + "\nVSP-A:1#\n"
	}
	putty := func(at string) string {
		return "=~=~=~=~=~=~=~=~=~=~=~= PuTTY log " + at + " =~=~=~=~=~=~=~=~=~=~=~=\r\n"
	}
	for name, tt := range map[string]struct {
		text string
		want []string // device, time and what tells it
	}{
		"PuTTY, appended": {
			putty("2026.03.01 14:03:11") + session("down") + putty("2026.03.01 15:03:11") + "VSP-A:1#\n" + session("up"),
			[]string{"VSP-A 2026-03-01 14:03:11 the header of PuTTY", "VSP-A 2026-03-01 15:03:11 the header of PuTTY"},
		},
		"script, of today": {
			"Script started on 2026-03-01 10:00:00+01:00 [TERM=\"xterm\"]\r\n" + session("down") + "\nScript done on 2026-03-01 10:03:00+01:00 [COMMAND_EXIT_CODE=\"0\"]\n",
			[]string{"VSP-A 2026-03-01 09:00:00 the header of script"},
		},
		"script, of old": {"Script started on Sun Mar  1 10:00:00 2026\n" + session("down"), []string{"VSP-A 2026-03-01 10:00:00 the header of script"}},
		"a terminal's times": {
			"[2026-03-01 10:00:00.523] " + strings.ReplaceAll(strings.TrimSuffix(session("down"), "\n"), "\n", "\n[2026-03-01 10:00:04.100] ") + "\n",
			[]string{"VSP-A 2026-03-01 10:00:00 the time that the terminal wrote before it"},
		},
		"no day in them": {"[10:00:00] " + strings.ReplaceAll(strings.TrimSuffix(session("down"), "\n"), "\n", "\n[10:00:04] ") + "\n", []string{"VSP-A 0001-01-01 00:00:00 "}},
	} {
		f := imported(t, "f.txt", []byte(tt.text))
		var got []string
		for _, p := range f.Parts {
			got = append(got, p.Device+" "+p.Taken.Format("2006-01-02 15:04:05 ")+p.From)
			if p.NotUnderstood > 0 || len(p.Cut) > 0 {
				t.Errorf("%s: not understood %v, cut %v", name, p.Examples, p.Cut)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestConfigurationOfASession: the answer of a session that is a configuration is asked whether it is whole, and a part of
// one is not.
func TestConfigurationOfASession(t *testing.T) {
	ask := func(command, end string) string {
		return "a# show version\nCisco IOS Software, X Software, Version 15.2(7)E3, RELEASE SOFTWARE (fc3)\na# " + command + "\nBuilding configuration...\n\nCurrent configuration : 100 bytes\n!\nhostname a\n!\ninterface GigabitEthernet0/1\n" + end + "a# show clock\n12:00:00.000 UTC Mon Jun 1 2026\na# \n"
	}
	for text, want := range map[string]string{
		ask("show running-config", "end\n"):                         "",
		ask("show running-config", ""):                              "the answer to show running-config at line 4 lacks the end of the configuration (a line with end)",
		ask("sh run", " ip addr"):                                   "the answer to sh run at line 4 lacks the end of the configuration (a line with end)",
		ask("show running-config interface GigabitEthernet0/1", ""): "",
		ask("show run | begin hostname", ""):                        "",
		"a# show version\n  NXOS: version 9.3(8)\na# show running-config\n!Command: show running-config\nversion 9.3(8)\nhostname a\na# \n": "",
		"* x1.1 # show configuration\n#\n# Module vlan configuration.\n#\ncreate vlan v1\nconfigure vlan v1 tag 7\n* x1.2 # \n":             "the begin (# Module devmgr configuration)",
	} {
		got := strings.Join(imported(t, "f.txt", []byte(text)).Parts[0].Cut, "\n")
		if !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%q: cut %q, want %q", text, got, want)
		}
	}
}

// TestDamagedWithin: an archive that is damaged in another is told by its name, and takes nothing of what is behind it.
func TestDamagedWithin(t *testing.T) {
	text := func(name string) []byte {
		return []byte(name + "#show version\nSoftware image version: 4.30.1F\n" + name + "#\n")
	}
	packed := gzipped(t, bytes.Repeat(text("cut"), 99))
	mail := tarred(t, "a.txt", text("a"))
	mail = append(mail[:len(mail)-1024], tarred(t, "b.txt.gz", packed[:len(packed)/2])...)
	mail = append(mail[:len(mail)-1024], tarred(t, "c.zip", zipped(t, "c.txt", text("c"))[:60])...)
	mail = append(mail[:len(mail)-1024], tarred(t, "d.xz", []byte("\xfd7zXZ\x00\x00\x04"))...)
	mail = append(mail[:len(mail)-1024], tarred(t, "e.txt", text("e"))...)
	f := imported(t, "mail.tgz", gzipped(t, mail))
	if diff := cmp.Diff([]string{"session eos a 4.30.1F", "session  c", "binary", "session eos e 4.30.1F"}, heads(f)); diff != "" {
		t.Error(diff)
	}
	want := "b.txt.gz: it is cut: the archive ends in the middle; c.zip: it is cut: the archive ends in the middle; d.xz: it is packed with xz, which is not read: send it unpacked, or as zip or tar.gz"
	if f.Error != want {
		t.Errorf("error %q, want %q", f.Error, want)
	}
}

// TestEncodingTurns: what another program appended to a file, in another encoding, is read as that.
func TestEncodingTurns(t *testing.T) {
	one, other := []byte("a#show version\r\nSoftware image version: 4.30.1F\r\n"), []byte("b#show version\r\nSoftware image version: 4.31.0F\r\n")
	bare := func(data []byte) []byte { return wide(binary.LittleEndian, data)[2:] }
	for name, data := range map[string][]byte{
		"bytes below UTF-16":               append(wide(binary.LittleEndian, one), other...),
		"bytes below UTF-16, BE":           append(wide(binary.BigEndian, one), other...),
		"UTF-16 below bytes":               append(bytes.Clone(one), bare(other)...),
		"UTF-16 with a mark below bytes":   append(bytes.Clone(one), wide(binary.LittleEndian, other)...),
		"Chinese in a line of UTF-16":      wide(binary.LittleEndian, append(append(bytes.Clone(one), "a#show hostname\r\n\u4e30\u4e31\u4e32\u4e33\u4e0a\u4e0b\r\n"...), other...)),
		"a log of it within, without turn": wide(binary.LittleEndian, append(append(bytes.Clone(one), "描述网络交换机端口配置说明文档\r\n"...), other...)),
	} {
		f := imported(t, "f.txt", data)
		if diff := cmp.Diff([]string{"session eos a 4.30.1F", "session eos b 4.31.0F"}, heads(f)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestVersionOfTheBootedImage: of two images a switch runs the one that it has booted.
func TestVersionOfTheBootedImage(t *testing.T) {
	for booted, want := range map[string]string{"primary": "32.7.1.9", "secondary": "31.7.1.4"} {
		text := "x1.1 # show switch\nSysName:          x1\nSystem Type:      5520-24T-SwitchEngine\nImage Selected:   primary\nImage Booted:     " + booted + "\nPrimary ver:      32.7.1.9\nSecondary ver:    31.7.1.4\nx1.2 # \n"
		if got := imported(t, "f.txt", []byte(text)).Parts[0].Version; got != want {
			t.Errorf("%s: version %q, want %q", booted, got, want)
		}
	}
}

// TestJournal: what journalctl writes between the lines of a log is none of them, and is understood.
func TestJournal(t *testing.T) {
	f := imported(t, "f.txt", []byte("-- Logs begin at Sun 2026-03-01 00:00:00 UTC, end at Sun 2026-03-01 11:00:00 UTC. --\nMar 01 10:00:03 leaf1 kernel: eth1: link down\n-- Reboot --\nMar 01 10:05:01 leaf1 systemd[1]: Started FRRouting.\n"))
	if diff := cmp.Diff([]string{"log linux leaf1"}, heads(f)); diff != "" || f.Parts[0].NotUnderstood > 0 || f.Parts[0].Commands[0].Lines != 2 {
		t.Errorf("%s%+v", diff, f.Parts[0])
	}
}
