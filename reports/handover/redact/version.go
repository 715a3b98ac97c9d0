package redact

import (
	"bytes"
	"net/netip"
	"strings"
)

// versionWords stand before version numbers that look like addresses. The products among them are
// the drivers' (a test of the program asks for each of their names).
//
//nolint:gochecknoglobals // a table that is only read
var versionWords = set(`version ver release image img bootrom boot software firmware rev revision build v uboot diag fpga cpld package exos extremexos extremeware voss boss xiq-se
	engine patch kernel linux sw fw hw ios nxos eos junos frr bird bird2 keepalived openvswitch openvswitch-common openvswitch-switch vswitch ovs lldpd upgrade downgrade os code firmware-version software-version sw-version version-string img-version`)

// plainVersion are those of them that mean nothing else.
//
//nolint:gochecknoglobals // a table that is only read
var plainVersion = set("version ver release firmware software build rev revision firmware-version software-version sw-version version-string img-version")

// programs are what a version of them follows, and no address.
//
//nolint:gochecknoglobals // a table that is only read
var programs = set(`frrouting quagga openssl openssh dropbear gnutls wolfssl tcpdump wireshark tshark libpcap libc glibc musl busybox systemd iproute2 iproute ethtool nftables iptables
	lldpd net-snmp wireguard freeradius mstpd teamd hostapd wpa_supplicant qemu libvirt containerd runc buildkit python python3 perl ruby nodejs openjdk php golang gcc clang cmake
	napalm netmiko paramiko scapy postgresql mariadb sqlite grub u-boot coreboot cumulus debian ubuntu alpine fedora rhel centos asic sdk driver microcode bios uefi`)

// agents name themselves and their version with a slash between, as programs do in requests.
//
//nolint:gochecknoglobals // a table that is only read
var agents = set("curl wget nginx apache httpd haproxy squid chrome chromium edg edge firefox safari mozilla opera python-requests python-urllib go-http-client okhttp nghttp2 openssl openssh zlib")

// actions stand between a device and the version that it runs.
//
//nolint:gochecknoglobals // a table that is only read
var actions = set("running runs run installed installs installing install loaded loads loading booted boots booting activated activating upgraded downgraded downgrading upgrading")

// sections stand before the number of a part of a document.
//
//nolint:gochecknoglobals // a table that is only read
var sections = set("section sections sect sec chapter chapters chap clause clauses appendix annex paragraph para figure fig step steps §")

// isVersion tells a version of four numbers from an address: by the word before, by the name
// of an image around it, by the head of its column, or because the same four numbers are a
// version elsewhere.
func (s *scanner) isVersion(start, end int, ip netip.Addr) bool {
	strong := s.saysVersion(start, end, ip)
	if s.learn && strong {
		s.r.noteVersion(ip)
	}
	return strong || s.numbered(start, end, ip) || s.prefixLength(end, 32) < 0 && s.r.isVersion(ip)
}

// noteVersion remembers four numbers that are a version.
func (r *Redactor) noteVersion(ip netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.versions[ip] = true
	r.anyVersion.Store(true)
}

func (r *Redactor) isVersion(ip netip.Addr) bool {
	if !r.anyVersion.Load() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.versions[ip]
}

// versionEnds follow a version after a dash.
//
//nolint:gochecknoglobals // a table that is only read
var versionEnds = []string{"patch", "ga", "rc", "sp", "beta", "alpha", "rel", "build", "b0", "b1", "hotfix", "hf", "svn", "generic", "amd64", "arm", "x86"}

// saysVersion tells a version that is one wherever it stands again.
func (s *scanner) saysVersion(start, end int, ip netip.Addr) bool {
	data := s.data
	if end < len(data)-1 && data[end] == '-' && data[end+1] != ' ' && !ip.IsPrivate() && smallNumbers(ip) { // core-10.1.1.9-old.cfg has an address
		if start > 0 && data[start-1] == '-' {
			return true // summitX-33.1.1.6-patch1-1.xos
		}
		after := lower(string(data[end+1 : min(len(data), end+10)]))
		for _, e := range versionEnds {
			if rest, ok := strings.CutPrefix(after, e); ok && (rest == "" || !letter(rest[0])) {
				return true
			}
		}
	}
	word := s.wordBefore(start, " \t:=\"'(\\-_")
	last := word[strings.LastIndexByte(word, '-')+1:]
	if strings.HasSuffix(word, "version") || strings.HasSuffix(word, "-ver") || word == "ver" {
		return true
	}
	if versionWords[word] || versionWords[last] {
		// A firewall is called fw too, and a switch sw: behind such words only what looks like one is a version.
		return !ip.IsPrivate() && (plainVersion[word] || plainVersion[last] || smallNumbers(ip))
	}
	if ip.IsPrivate() {
		return false
	}
	if s.ofModel(start, end) && smallNumbers(ip) {
		return true
	}
	if !smallNumbers(ip) && !isBuild(ip) || s.prefixLength(end, 32) >= 0 {
		return false
	}
	if !smallNumbers(ip) {
		return s.upgraded(start, end)
	}
	return actions[word] || s.upgraded(start, end) || s.columnOfVersions(start) || partitions[word] && hasVersionWord(s.data[max(s.line, start-longestWord):start])
}

// partitions are what a device keeps images in, behind the word for a release on a line.
//
//nolint:gochecknoglobals // a table that is only read
var partitions = set("primary secondary backup active alternate standby")

// isBuild tells a release of EXOS, whose last number counts builds: 32.6.3.126.
func isBuild(ip netip.Addr) bool {
	o := ip.As4()
	return o[0] >= 10 && o[0] <= 40 && o[1] < 10 && o[2] < 10
}

// ofModel tells the release in brackets behind a model of Extreme, as its SysDescr has it, VSP-8404C (8.10.1.0), or between it
// and the end of the name of an image, 5520.9.0.4.0.voss. The name of a host has its address in brackets: core-1 (10.1.1.1).
func (s *scanner) ofModel(start, end int) bool {
	data := s.data
	switch {
	case start > s.line+1 && data[start-1] == '(' && end < len(data) && data[end] == ')':
		stop := start - 1
		for stop > s.line && data[stop-1] == ' ' {
			stop--
		}
		from := stop
		for from > s.line && stop-from < longestWord && (wordClass(data[from-1]) || data[from-1] == '-' || data[from-1] == '+') {
			from--
		}
		return isModel(lower(string(data[from:stop])))
	case start > s.line && data[start-1] == '.':
		return bytes.HasPrefix(data[end:], []byte(".voss")) || bytes.HasPrefix(data[end:], []byte(".xos"))
	}
	return false
}

// isModel tells a model of Extreme's switches: VSP-8404C, ERS-4900, XA1400, 5520-24X-FabricEngine, 5520-24T.
func isModel(low string) bool {
	for _, family := range []string{"vsp", "ers", "xa"} {
		if rest, ok := strings.CutPrefix(low, family); ok {
			rest = strings.TrimPrefix(rest, "-")
			return len(rest)-len(strings.TrimLeft(rest, "0123456789")) == 4
		}
	}
	if strings.HasSuffix(low, "fabricengine") || strings.HasSuffix(low, "switchengine") {
		return true
	}
	digits := len(low) - len(strings.TrimLeft(low, "0123456789"))
	rest := strings.TrimPrefix(low[digits:], "m")
	return digits == 4 && len(rest) > 1 && rest[0] == '-' && isDigit(rest[1])
}

// wordBefore is the word before data[start:], in small letters; these bytes may stand between.
func (s *scanner) wordBefore(start int, between string) string {
	i := start
	for i > s.line && start-i < longestWord && strings.IndexByte(between, s.data[i-1]) >= 0 {
		i--
	}
	stop := i
	for i > s.line && stop-i < longestWord && (wordClass(s.data[i-1]) || s.data[i-1] == '-') {
		i--
	}
	return lower(string(s.data[i:stop]))
}

// numbered tells four small numbers that are no address here, whatever they are elsewhere:
// the version of a program, a part of a document, an object identifier.
func (s *scanner) numbered(start, end int, ip netip.Addr) bool {
	o := ip.As4()
	if o == [4]byte{1, 3, 6, 1} {
		return true
	}
	word := s.wordBefore(start, " \t:=\"'(_.")
	switch {
	case s.prefixLength(end, 32) >= 0:
		return false
	case start > 0 && s.data[start-1] == '/':
		return agents[s.wordBefore(start, "/")]
	case word == "oid" || word == "oids" || word == "identifier":
		return o[0] <= 2 && o[1] < 40
	case !smallNumbers(ip):
		return false
	case programs[word] || strings.HasPrefix(word, "lib") && len(word) > 5:
		return true
	case o[1] == 0 || o[2] == 0 || o[3] == 0:
		return false
	}
	return sections[word] || s.besideRFC(start, end)
}

// besideRFC tells "RFC 2328, 10.6.1.2" and "10.6.1.2 of RFC 2328".
func (s *scanner) besideRFC(start, end int) bool {
	after := lower(string(s.data[end:min(len(s.data), end+8)]))
	if strings.HasPrefix(after, " of rfc") || strings.HasPrefix(after, " in rfc") || strings.HasPrefix(after, " (rfc") {
		return true
	}
	before := strings.TrimRight(lower(string(s.data[max(s.line, start-12):start])), " ,:§")
	digits := strings.TrimRight(before, "0123456789")
	return digits != before && strings.HasSuffix(strings.TrimRight(digits, " "), "rfc")
}

// farUp bounds how far up the head of a column is looked for, in bytes.
const farUp = 4 << 10

// columnOfVersions tells whether the cell before in a table, or the head of the column, says
// that it holds versions.
func (s *scanner) columnOfVersions(start int) bool {
	row := s.data[max(s.line, start-farUp):start]
	if i := bytes.LastIndexByte(row, '|'); i >= 0 {
		cell := row[bytes.LastIndexByte(row[:i], '|')+1 : i]
		if hasVersionWord(cell) {
			return true
		}
	}
	bars := bytes.Count(row, []byte("|"))
	for end := s.line; end > 0 && s.line-end < farUp; {
		from := max(0, end-1-farUp)
		begin := from + bytes.LastIndexByte(s.data[from:end-1], '\n') + 1
		head := bytes.TrimRight(s.data[begin:end], "\r\n")
		if len(bytes.TrimSpace(head)) == 0 {
			return false
		}
		if hasVersionWord(headOver(head, bars, len(row))) {
			return true
		}
		end = begin
	}
	return false
}

// headOver is what stands in a line over a column: behind as many bars, or else within two
// letters of it.
func headOver(head []byte, bars, column int) []byte {
	if bars > 0 {
		cells := bytes.Split(head, []byte("|"))
		if bars < len(cells) {
			return cells[bars]
		}
		return nil
	}
	if bytes.IndexByte(head, '|') >= 0 || column < 4 || column >= len(head) {
		return nil
	}
	from := column
	for from > 0 && column-from < 3 && head[from-1] > ' ' {
		from--
	}
	if from > 0 && head[from-1] > ' ' {
		return nil
	}
	word, _, _ := bytes.Cut(bytes.TrimLeft(head[from:min(len(head), from+24)], " "), []byte("  "))
	return word
}

// hasVersionWord tells whether a short text names versions.
func hasVersionWord(text []byte) bool {
	if len(text) > longestWord {
		return false
	}
	for w := range bytes.FieldsFuncSeq(text, func(c rune) bool { return c < 'A' || c > 'z' || c > 'Z' && c < 'a' }) {
		switch lower(string(w)) {
		case "version", "versions", "release", "releases", "image", "images", "software", "firmware", "build", "fw", "sw":
			return true
		}
	}
	return false
}

// upgraded looks at "upgraded from 31.6.2.7 to 31.7.1.4": a version in a line about that,
// behind one of its words or beside another of the line.
func (s *scanner) upgraded(start, end int) bool {
	from, to := max(s.line, start-farUp), min(s.lineEnd(end), end+farUp)
	low := bytes.ToLower(s.data[from:to])
	grade := max(bytes.LastIndex(low[:start-from], []byte("grade")), bytes.LastIndex(low[:start-from], []byte("migrat")))
	if grade >= 0 {
		switch words := strings.Fields(string(low[grade : start-from])); {
		case len(words) > 6:
		case words[len(words)-1] == "from" || words[len(words)-1] == "to":
			return true
		}
	}
	if grade < 0 && !bytes.Contains(low, []byte("grade")) && !bytes.Contains(low, []byte("migrat")) && !bytes.Contains(low, []byte("instead of")) {
		return false
	}
	others := 0
	for at := from; at < to; at++ {
		if at > from && wordClass(s.data[at-1]) || !isDigit(s.data[at]) || at == start {
			continue
		}
		if other, _, _, n := readIPv4(s.data[at:to]); n > 0 {
			if !smallNumbers(other) && !isBuild(other) {
				return false
			}
			others++
			at += n
		}
	}
	return others > 0
}

func smallNumbers(ip netip.Addr) bool {
	o := ip.As4()
	return o[0] <= 60 && o[1] <= 30 && o[2] <= 30 && o[3] <= 60
}
