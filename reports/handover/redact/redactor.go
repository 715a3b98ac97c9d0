package redact

import (
	"bytes"
	"cmp"
	"errors"
	"math/big"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/unicode/norm"
)

// Options say what is replaced beside what the grammar of the platforms finds.
type Options struct {
	// Names are words of the owner: customer, sites, hosts, people. Found in any case.
	Names []string `json:"-"`
	// Secrets are values known to be secret.
	Secrets []string `json:"-"`
	// Forms and Patterns are added to the grammar, as [Rules] describe them.
	Forms    []string  `json:"-"`
	Patterns []Pattern `json:"-"`
	// Keep are words that stay though they stand where a name does, such as the names of
	// the lab's nodes.
	Keep []string `json:"-"`
	// KeepPrefixes and KeepAddresses stay, such as the lab's own management network.
	KeepPrefixes  []netip.Prefix `json:"keep-prefixes,omitempty"`
	KeepAddresses []netip.Addr   `json:"keep-addresses,omitempty"`
	// KeepMACs leaves MAC addresses as they are; else the vendor's half is kept.
	KeepMACs bool `json:"keep-macs,omitempty"`
	// ASNumbers replaces AS numbers in configurations, public ones by public ones and
	// private ones by private ones. Captures keep theirs, so captures are then refused.
	ASNumbers bool `json:"as-numbers,omitempty"`
	// KeepBinaries copies files whose format is not understood, and documents of office programs without what is found in them; else they
	// are dropped.
	KeepBinaries bool `json:"keep-binaries,omitempty"`
	// MaxMember bounds one member of an archive, in bytes; zero is 256 MiB. All that is unpacked of
	// one file may be sixteen times that.
	MaxMember int64 `json:"max-member,omitempty"`
}

// Redactor replaces. What it was taught by [Redactor.Learn] is replaced by value in all
// that it sees later, so that everything must be learned before anything is written.
// Safe for concurrent use.
type Redactor struct {
	options   Options
	key       Key
	shapes    *shapes
	addresses *addresses
	keepWords map[string]bool
	words     *dictionary // keywords only, to learn with

	grammar  map[string][]form
	patterns []compiledPattern

	made  sync.Map // replacements of secrets, by value
	mails sync.Map // addresses of mail, by what stands for them

	mu         sync.Mutex
	values     map[string]known
	macs       map[[6]byte]bool
	ips        map[netip.Addr]bool
	prefixes   map[netip.Prefix]bool // of two and three octets that have an IPv4 one
	versions   map[netip.Addr]bool   // four numbers that are the version of something
	anyVersion atomic.Bool
	hexed      [1 << 10]uint64 // of the IPv4 ones: the hashes that may be there
	hexedMACs  [1 << 10]uint64 // of the MACs
	dict       *dictionary     // of values; nil when there is something new
	pointed    Report
	left       []Left
}

// ErrNoKey refuses a zero key.
var ErrNoKey = errors.New("redaction needs a key: make one with NewKey")

// New makes a redactor.
func New(key Key, o Options) (*Redactor, error) {
	if key == (Key{}) {
		return nil, ErrNoKey
	}
	keep := slices.Clone(o.KeepPrefixes)
	for _, a := range o.KeepAddresses {
		keep = append(keep, netip.PrefixFrom(a, a.BitLen()))
	}
	r := &Redactor{
		options: o, key: key, addresses: newAddresses(key, keep), values: map[string]known{}, macs: map[[6]byte]bool{}, ips: map[netip.Addr]bool{}, prefixes: map[netip.Prefix]bool{}, versions: map[netip.Addr]bool{},
		shapes:    &shapes{key: prf{key.sub("shape")}, cache: map[string]string{}},
		keepWords: map[string]bool{}, pointed: newReport(o),
	}
	if err := r.ownRules(o); err != nil {
		return nil, err
	}
	r.words = compile(nil, nil, r.grammar)
	for _, w := range o.Keep {
		r.keepWords[strings.ToLower(w)] = true
	}
	for _, n := range o.Names {
		n = norm.NFC.String(n)
		for _, w := range append(latinSpellings(n), n) {
			delete(r.keepWords, strings.ToLower(w))
			r.put(known{value: w, rule: RuleName, fold: true, owner: true})
		}
	}
	for _, s := range o.Secrets {
		r.put(known{value: s, rule: RuleSecret})
	}
	return r, nil
}

// keep adds words that stay; names given in the options win.
func (r *Redactor) keep(words ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range words {
		low := strings.ToLower(w)
		if !slices.ContainsFunc(r.options.Names, func(n string) bool { return strings.EqualFold(n, w) }) {
			r.keepWords[low] = true
		}
	}
}

func (r *Redactor) put(k known) {
	if k.value == "" || strings.TrimSpace(k.value) == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := k.value
	if k.fold {
		id = uncased(id)
	}
	if old, ok := r.values[id]; ok && (old.rule == RuleSecret || old.owner && k.rule == RuleName) {
		return
	}
	r.values[id] = k
	r.dict = nil
}

// byValue tells whether a value that the grammar found may be replaced wherever it
// stands, or only in its place because it is a word that means something else elsewhere.
func byValue(k known) bool {
	low := strings.ToLower(k.value)
	if wellKnown[low] || stops[low] || fillers[low] {
		return false
	}
	if _, ok := terms[low]; ok {
		return false
	}
	switch k.rule {
	case RuleName:
		return len(k.value) >= 3 && !isNumber(k.value) && (k.owner || !ordinary()[low])
	case RuleSerial:
		return len(k.value) >= 6
	default:
	}
	if plainWords(low) || ordinary()[low] {
		return false
	}
	return len(k.value) >= 8 || len(k.value) >= 6 && !isNumber(k.value) && strings.ToLower(strings.Trim(k.value, "abcdefghijklmnopqrstuvwxyz")) != ""
}

// plainWords tells whether a value is made of the words of the grammars, such as
// message-digest: it stands for more than a secret.
func plainWords(low string) bool {
	for _, w := range strings.FieldsFunc(low, func(c rune) bool { return c == '-' || c == '_' || c == ' ' }) {
		_, term := terms[w]
		if !term && !wellKnown[w] && !stops[w] && !fillers[w] {
			return false
		}
	}
	return true
}

// Learn collects what is secret in a file, by the grammar of the platforms. It replaces
// nothing. path decides what kind of file it is.
func (r *Redactor) Learn(path string, data []byte) {
	if from, to, ok := secretFile(path, data); ok {
		if k := (known{value: string(data[from:to]), rule: RuleSecret}); byValue(k) {
			r.put(k)
		}
	}
	for _, text := range r.texts(path, data) {
		r.learnText(text)
	}
}

func (r *Redactor) learnText(data []byte) {
	s := scanner{r: r, d: r.words, data: data, learn: true}
	s.whole()
	for _, k := range s.learned {
		if byValue(k) {
			r.put(k)
		}
	}
	for _, name := range promptNames(data) {
		if k := (known{value: name, rule: RuleName, fold: true}); byValue(k) && !r.kept(name) && !ordinary()[lower(name)] {
			r.put(k)
		}
	}
}

func (r *Redactor) kept(word string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keepWords[strings.ToLower(word)]
}

// prompt is a shape that a name has beside a prompt, or where a device tells it. It is within one line.
type prompt struct {
	begins bool   // the line begins with it
	in     string // what the line has in it
	re     *regexp.Regexp
}

// prompts are the shapes of EXOS (* sw1.3 #), VOSS (sw1:1>), IOS, EOS and FRR (sw1(config)#),
// IOS XR (RP/0/RP0/CPU0:sw1#), Junos (user@sw1>), SR OS (A:user@sw1#), PAN-OS (user@sw1(active)>),
// FortiOS (sw1 (vdom) #), ArubaOS ((sw1) [mynode] #) and VRP and Comware (<sw1>, [~sw1-aaa]), RouterOS ([user@sw1] > ),
// with a command after them.
//
//nolint:gochecknoglobals // compiled once
var prompts = sync.OnceValue(func() []prompt {
	return []prompt{
		{true, "", regexp.MustCompile(`(?m)^(?:\* )?(?:\([\w -]+\) )?(?:Slot-\d+ )?([A-Za-z][\w-]{2,63})\.\d+ [#>] \w`)},
		{true, "", regexp.MustCompile(`(?m)^([A-Za-z][\w.-]{2,63}):\d+(?:\([\w:/.-]+\))?[#>] ?\w`)},
		{true, "RP/", regexp.MustCompile(`(?m)^RP/\d+/\w+/CPU\d+:([A-Za-z][\w.-]{2,63})(?:\([\w./-]+\))?# ?\w`)},
		{true, "", regexp.MustCompile(`(?m)^([A-Za-z][\w.-]{2,63}) (?:\([\w. /-]{1,30}\) )?[#$] (?:show|get|set|config|edit|next|end|diag|diagnose|exec|execute|unset|fnsysctl)\b`)},
		{true, "(", regexp.MustCompile(`(?m)^\(([A-Za-z][\w.-]{2,63})\) (?:\[[\w/-]+\] )?(?:\([\w -]+\) )?[#>] ?(?:show|sh|conf|configure|no|exit|end|write|ping|enable|copy|reload|interface|ap|user)\b`)},
		{true, "@", regexp.MustCompile(`(?m)^([a-z_][\w.-]{1,31})@([A-Za-z][\w.-]{2,63})\([\w-]+\)[#>] ?\w`)},
		{true, "", regexp.MustCompile(`(?m)^\*?[A-D]:(?:([a-z_][\w.-]{1,31})@)?([A-Za-z][\w.-]{2,63})[#>] ?\w`)},
		{true, "<", regexp.MustCompile(`(?m)^<([A-Za-z][\w.-]{2,63})> ?(?:display|dis|system-view|sys|save|undo|reset|ping|tracert|screen-length|terminal|quit|dir|more|reboot|debugging)\b`)},
		{true, "[", regexp.MustCompile(`(?m)^\[[~*]?([A-Za-z][\w.-]{2,63}?)(?:-(?:\d*GE|[XM]?GigabitEthernet|(?:Ten|HundredGigE|FortyGigE|Twenty-FiveGigE)[\w-]*|Eth-Trunk|Vlanif|Vlan-interface|Bridge-Aggregation|Route-Aggregation|LoopBack|MEth|aaa|bgp|ospf|isis|vlan|ui|line|acl|radius|hwtacacs|mpls|diagnose)[\w/.-]*)?\] ?(?:display|dis|undo|quit|return|commit|interface|sysname|ip|port|vlan|description|local-user|snmp-agent|shutdown)\b`)},
		{true, "", regexp.MustCompile(`(?m)^([A-Za-z][\w.-]{2,63})(?:\([\w-]+\))?[#>] ?(?:sh|show|conf|configure|exit|end|en|enable|copy|write|ping|term|terminal|no|interface)\b`)},
		{true, ")#", regexp.MustCompile(`(?m)^([A-Za-z][\w.-]{2,63})\((?:conf|cfg|vlan|router|if)[\w./-]*\)# ?\w`)},
		{true, " uptime is ", regexp.MustCompile(`(?m)^([A-Za-z][\w.-]{2,63}) uptime is \d`)},
		{false, ": %", regexp.MustCompile(`(?m): ([A-Za-z][\w.-]{2,63}): %[A-Z][A-Z0-9_]+-\d-`)},
		{true, " : ", regexp.MustCompile(`(?m)^"?([A-Za-z][\w.-]{2,63})"?(?: %any%?)? : (?:EAP|XAUTH|NTLM) "`)},
		{true, "", regexp.MustCompile(`(?m)^([\w.-]{2,63})[ \t]+(?:(?:Cleartext|Crypt|NT|LM|MD5|SMD5|SHA|SSHA|User)-Password|Auth-Type|Password)[ \t]*(?::=|==)`)},
		{true, "@", regexp.MustCompile(`(?m)^([a-z_][\w.-]{1,31})@([A-Za-z][\w.-]{2,63})[#>%$] ?\w`)},
		{true, "@", regexp.MustCompile(`(?m)^\[([a-z_][\w.-]{1,31})@([A-Za-z][\w.-]{2,63}) [^\]\n]{1,80}\][#$] ?\w`)},
		{true, "@", regexp.MustCompile(`(?m)^\[([a-z_A-Z][\w.-]{1,31})@([A-Za-z][\w.-]{2,63})\] (?:/[\w /-]*)?> ?/?\w`)},
		{true, "@", regexp.MustCompile(`(?m)^([a-z_][\w.-]{1,31})@([A-Za-z][\w.-]{2,63}):[~/][^\n$#]{0,80}[#$] ?\w`)},
		{false, ".0 = ", regexp.MustCompile(`(?m)(?:sysName|\.1\.3\.6\.1\.2\.1\.1\.5|iso\.3\.6\.1\.2\.1\.1\.5)\.0 = (?:STRING: )?"?([A-Za-z][\w.-]{2,63})`)},
		{false, "uid=", regexp.MustCompile(`(?m)\buid=\d+\(([A-Za-z_][\w.-]{2,31})\) gid=`)},
		{true, "PING ", regexp.MustCompile(`(?m)^PING ([A-Za-z][\w.-]{2,63}) ?\(`)},
	}
})

// promptNames are the names in a text's prompts. An expression over a whole text takes long, and few lines can have
// what it looks for: it is asked about these alone.
func promptNames(data []byte) []string {
	var names []string
	first := linesWhere(data, beginsPrompt)
	for _, p := range prompts() {
		lines := data
		if p.begins {
			lines = first
		}
		if in := []byte(p.in); len(in) > 0 {
			lines = linesWhere(lines, func(line []byte) bool { return bytes.Contains(line, in) })
		}
		for _, m := range p.re.FindAllSubmatch(lines, 1000) {
			for _, name := range m[1:] {
				names = append(names, string(name))
			}
		}
	}
	return names
}

// linesWhere are the lines of a text of which it is true.
func linesWhere(data []byte, is func(line []byte) bool) []byte {
	var few []byte
	for line := range bytes.Lines(data) {
		if is(line) {
			few = append(few, line...)
		}
	}
	return few
}

// beginsPrompt reports whether a line may begin with a prompt, or with what tells a name.
func beginsPrompt(line []byte) bool {
	if c := line[0] | 0x20; (c < 'a' || c > 'z') && !isDigit(line[0]) && strings.IndexByte(`_.-*([<"`, line[0]) < 0 {
		return false
	}
	return bytes.ContainsAny(line, "#>%$=]") || bytes.Contains(line, []byte(" uptime is ")) || bytes.Contains(line, []byte("PING ")) || bytes.Contains(line, []byte(" : "))
}

func (r *Redactor) noteMAC(m [6]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.macs[m] {
		r.macs[m] = true
		h := bloomMAC(m)
		r.hexedMACs[h>>6] |= 1 << (h & 63)
		r.dict = nil
	}
}

func (r *Redactor) mapMAC(m *[6]byte) {
	if !r.options.KeepMACs {
		r.addresses.mac(m[:], false)
	}
}

// knownAddress tells whether an address was seen written as one.
func (r *Redactor) knownAddress(ip netip.Addr) bool {
	r.addresses.mu.RLock()
	defer r.addresses.mu.RUnlock()
	_, ok := r.addresses.cache[ip]
	return ok
}

// dictionary gives the dictionary of all that was learned until now.
func (r *Redactor) dictionary() *dictionary {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dict == nil {
		r.dict = compile(r.sorted(), r.replacement, r.grammar)
	}
	return r.dict
}

// sorted lists the learned values in an order that does not depend on how they came.
func (r *Redactor) sorted() []known {
	list := make([]known, 0, len(r.values)+len(r.macs))
	for _, k := range r.values {
		if !r.keepWords[strings.ToLower(k.value)] {
			list = append(list, k)
		}
	}
	for m := range r.macs {
		list = append(list, known{value: bareMAC(m), rule: RuleMAC, fold: true})
	}
	slices.SortFunc(list, func(a, b known) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), strings.Compare(a.value, b.value))
	})
	return list
}

func bareMAC(m [6]byte) string { return strings.ReplaceAll(grouped(hexOf(m[:])), ":", "") }

func hexOf(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
	}
	return string(out)
}

// replacement gives the pseudonym of a value. It depends on the key and the value only.
func (r *Redactor) replacement(k known) string {
	switch k.rule {
	case RuleName, RuleMail:
		return r.name(k.value)
	case RuleMAC:
		var m [6]byte
		for i := range m {
			m[i] = hexValue(k.value[2*i])<<4 | hexValue(k.value[2*i+1])
		}
		r.mapMAC(&m)
		return bareMAC(m)
	case RuleToken:
		n := 4
		for _, head := range tokenHeads {
			if strings.HasPrefix(k.value, head) {
				n = len(head)
			}
		}
		return k.value[:n] + r.shapes.forward(k.value[n:])
	case RuleKeyBlock:
		n := 0
		if strings.HasPrefix(k.value, "AAAA") { // keeps the type of an ssh key readable
			n = min(16, len(k.value)/2)
		}
		return k.value[:n] + r.shapes.forward(k.value[n:])
	case RuleSerial:
		return r.serial(k.value)
	default:
		return r.secret(k.value)
	}
}

// name is the pseudonym of a name, the same whatever its capitals. Labels are replaced one
// by one, so that a host is the same with and without its domain.
func (r *Redactor) name(v string) string {
	labels := strings.Split(v, ".")
	for i, l := range labels {
		labels[i] = asCased(r.small(uncased(l), r.shapes.forward), l)
	}
	return strings.Join(labels, ".")
}

// small permutes a name in small letters until it is one in small letters again, with
// capitals where they were, so that they can be told back.
func (r *Redactor) small(v string, step func(string) string) string {
	for out := v; ; {
		if out = step(out); isASCII(out) || uncased(out) == out && sameKinds(out, v) {
			return out
		}
	}
}

// serial maps the MAC in an SNMP engine id (RFC 3411: 80......03 and a MAC), so that it
// stays the MAC of its switch; other serials get another of their shape.
func (r *Redactor) serial(v string) string {
	out := []byte(v)
	var at []int
	for i, c := range out {
		if isHex(c) && (i != 0 || len(v) < 2 || v[1]|0x20 != 'x') {
			at = append(at, i)
		} else if !strings.ContainsRune(":-xX0", rune(c)) {
			return r.shapes.forward(v)
		}
	}
	if len(at) >= 18 && len(at)%2 == 0 && v[at[0]] == '8' && (len(at) < 22 || v[at[8]] != '0' || v[at[9]] != '3') {
		return r.shapes.hex(v, at[10:]) // an engine id: who made it, then what it is made of
	}
	if len(at) < 22 || v[at[0]] != '8' || v[at[1]] != '0' || v[at[8]] != '0' || v[at[9]] != '3' {
		return r.shapes.forward(v)
	}
	var m [6]byte
	for i := range m {
		m[i] = hexValue(v[at[10+2*i]])<<4 | hexValue(v[at[11+2*i]])
	}
	r.mapMAC(&m)
	text := bareMAC(m)
	if strings.ToUpper(v) == v {
		text = strings.ToUpper(text)
	}
	for i := range text {
		out[at[10+i]] = text[i]
	}
	return string(out)
}

// asNumber replaces an AS number by another of its block: public 16 bit, private 16 bit,
// public 32 bit, private 32 bit; reserved ones (RFC 7607, 5398, 7300) stay.
func (r *Redactor) asNumber(v string) (string, bool) {
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil {
		return "", false
	}
	for _, b := range [][2]uint64{{1, 23455}, {23457, 64495}, {64512, 65534}, {131072, 4199999999}, {4200000000, 4294967294}} {
		if n < b[0] || n > b[1] {
			continue
		}
		size := b[1] - b[0] + 1
		width := len(strconv.FormatUint(size, 10))
		at := new(big.Int).SetUint64(n - b[0]).Uint64()
		for { // walks until the result is inside of the block
			text := strconv.FormatUint(at, 10)
			text = strings.Repeat("0", width-len(text)) + text
			at, err = strconv.ParseUint(r.shapes.forward(text), 10, 64)
			if err != nil {
				return "", false
			}
			if at < size {
				return strconv.FormatUint(b[0]+at, 10), true
			}
		}
	}
	return "", false
}

// Text replaces in one file and gives the result. path decides what kind of file it is
// and under which name the report counts.
func (r *Redactor) Text(path string, data []byte) []byte {
	edits := r.edits(path, data)
	r.count(path, edits)
	return apply(data, edits)
}

// edits finds what to replace in a file of text.
func (r *Redactor) edits(name string, data []byte) []edit {
	switch strings.ToLower(path.Ext(name)) {
	case ".ndjson", ".jsonl":
		if isTranscript(data) {
			return r.transcriptEdits(data)
		}
		return r.jsonEdits(data)
	case ".json":
		return r.jsonEdits(data)
	}
	if from, to, ok := secretFile(name, data); ok {
		s := scanner{r: r, d: r.dictionary(), data: data}
		s.found(from, to, RuleSecret, r.shapes.forward(string(data[from:to])))
		return s.edits
	}
	return r.plainEdits(data)
}

func (r *Redactor) plainEdits(data []byte) []edit {
	s := scanner{r: r, d: r.dictionary(), data: data}
	s.whole()
	return s.edits
}

// Words replaces what was learned by value in a short text such as a file name.
func (r *Redactor) Words(text string) string {
	return string(apply([]byte(text), r.plainEdits([]byte(text))))
}

// apply makes the new text.
func apply(data []byte, edits []edit) []byte {
	if len(edits) == 0 {
		return slices.Clone(data)
	}
	out := make([]byte, 0, len(data)+len(data)/16)
	at := 0
	for _, e := range edits {
		out = append(out, data[at:e.start]...)
		out = append(out, e.with...)
		at = e.end
	}
	return append(out, data[at:]...)
}

func (r *Redactor) count(path string, edits []edit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 0; i < len(edits); {
		n := i + 1
		for n < len(edits) && edits[n].rule == edits[i].rule {
			n++
		}
		if edits[i].rule != "" { // a further part of the one before
			r.pointed.add(path, edits[i].rule, n-i)
		}
		i = n
	}
}

// Name gives the replacement of a name.
func (r *Redactor) Name(v string) string { return r.name(v) }

// RealName is the inverse of [Redactor.Name]: the key alone tells.
func (r *Redactor) RealName(v string) string {
	labels := strings.Split(v, ".")
	for i, l := range labels {
		labels[i] = asCased(r.small(uncased(l), r.shapes.backward), l)
	}
	return strings.Join(labels, ".")
}

// Addr gives the replacement of one address.
func (r *Redactor) Addr(ip netip.Addr) netip.Addr { return r.addresses.forward(ip) }

// RealAddr is the inverse of [Redactor.Addr]: the key alone tells.
func (r *Redactor) RealAddr(ip netip.Addr) netip.Addr { return r.addresses.backward(ip) }
