// Package redact replaces secrets and identities in evidence by others of the same shape,
// so that a case can leave the house and still work.
//
//	key := redact.NewKey()
//	r, err := redact.New(key, redact.Options{Names: []string{"Acme"}})
//	result, err := r.Dir(ctx, "runs/20260301T101500Z-my-case-1f2e", "out")
//	hits, err := redact.NewGate(r.Known()...).Dir(ctx, "out") // refuse when there are any
//	err = result.Map.WriteFile("case.map", key)               // stays with the owner
//
// # Contract
//
// Every replacement depends on the key and on the value, and on nothing else: the same
// value is replaced by the same one in a configuration, a log, a transcript and a packet,
// in every file and every run with that key. It is a permutation over the values of one
// shape (a digit stays a digit, a letter keeps its case), so that different values stay
// different, and lengths, columns and the platforms' parsers are undisturbed.
//
//   - Addresses: prefix-preserving (Xu and others, Crypto-PAn), inside their own special
//     range, the last octet of IPv4 kept; masks, wildcards, multicast, loopback and
//     link-local prefixes kept. A network that is written with its length keeps its zero
//     host bits. Interface identifiers that hold a MAC follow the MAC.
//   - MACs: the vendor's half is kept, the rest permuted.
//   - Secrets: same format. Type 7 decodes to the replacement of what it hid, Junos $9$ too.
//   - Names: same length, the same in capitals and small letters. The owner's names of four
//     letters and more are replaced inside of words too (ACMEsw2), but not of ordinary ones.
//
// Finding comes in two passes. [Redactor.Learn] collects values by the platforms' grammar
// of secrets; [Redactor.Text] replaces them in their place and, by value, everywhere else.
// Values that are words of the grammar itself ("public", "10", "message-digest") are
// replaced in their place only, or kept when everybody knows them.
//
// The grammar is data: forms.txt has the forms of lines, by platform, and grammar.go the
// words that announce a value wherever they stand; structures (arrays and nested keys of
// JSON, also inside of a line of a log, blocks of YAML, name and value apart) are followed.
// [Rules] add words, forms and patterns of the owner.
//
// Texts are decoded before they are searched, each part within a bound: what a terminal
// wrapped, coloured or edited, percent, \x, octal and HTML escapes, quoted-printable, base64
// (wrapped, nested, of gzip), uuencode, ascii85 between <~ and ~>, base32, hex, dumps of xxd, hexdump and tcpdump, memory
// in groups of hex as devices and debuggers show it, of either order of bytes, numbers of OIDs,
// addresses in hex, with dashes or reversed. What is replaced is written back in the same
// manner. The [Gate] takes the same encodings off on its own. Where uuencode or ascii85 hold what is no text, known values
// are looked for, and [Result.Left] names it.
//
// TestCorpusRecall, TestCorpusPrecision and TestCorpusEncodings measure all that and print
// what was missed: go test -v -run Corpus ./reports/handover/redact.
//
// Evidence stays: versions that look like addresses, names of files, numbers of keys,
// communities of BGP, reserved prefixes, names of algorithms. [Result.Left] lists the lines
// that only a person can judge.
//
// Captures are rewritten in place, by package packet: no frame is dropped, no length and no time changes, and
// a checksum that was wrong stays wrong by as much, for it may be the bug.
//
// # Non-goals
//
// A topology is kept on purpose, so who knows a network will recognise it; fixed host
// octets and vendor halves of MACs tell a little too. Of free prose a secret is found behind
// a word for one ("the password for sw1 is …") where it is no word of the language, and beside
// that known words only: what no grammar and no option names is not found, and lines that are
// known to hold prose are listed for a person. VOSS nick-names, VLANs,
// port descriptions and AS numbers stay unless asked for. Zeros that replace an address in
// a packet's text (where a longer one does not fit) are not consistent with the rest.
// Payloads in unknown encodings are searched by value; encrypted ones stay as they are.
package redact
