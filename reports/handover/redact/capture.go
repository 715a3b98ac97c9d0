package redact

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/reprise-lab/reprise/harness/unpack"
	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// Errors of captures.
var (
	// ErrCapture says that a file is no capture that can be rewritten.
	ErrCapture = packet.ErrCapture
	// ErrASNumbers refuses a capture whose AS numbers would no longer be those of the texts.
	ErrASNumbers = errors.New("AS numbers are replaced in texts, and a capture keeps its own")
)

// Capture rewrites a pcap or pcapng file. The result has the same length, the same frames
// and the same times.
func (r *Redactor) Capture(name string, data []byte) ([]byte, error) {
	if r.options.ASNumbers {
		return nil, ErrASNumbers
	}
	out, edits, err := packet.Rewrite(data, &replacer{r: r, d: r.dictionary(), file: name})
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if edits > 0 {
		r.pointed.add(name, RuleRegion, edits)
	}
	r.mu.Unlock()
	return out, nil
}

// learnCapture teaches what packets say in places that protocols reserve for it.
func (r *Redactor) learnCapture(data []byte) { packet.Read(data, learner{r}) }

// learner takes in what captures hold. It answers with what it is asked for, but for
// addresses and MACs, which are known from then on.
type learner struct{ r *Redactor }

// Addr remembers the length of a network that is shorter than what is kept of each address.
func (l learner) Addr(ip netip.Addr, bits int) netip.Addr {
	if limit := keptFrom(ip); bits > 0 && bits < limit {
		if _, zero := hostFill(ip, bits); zero {
			l.r.addresses.note(ip, bits)
		}
	}
	return l.r.addresses.network(ip, bits)
}

// Seen is false: what only looks like an address teaches nothing.
func (learner) Seen(netip.Addr) bool { return false }

// MAC remembers an address of one station.
func (l learner) MAC(m [6]byte) [6]byte {
	if m[0]&1 == 0 && m != [6]byte{} {
		l.r.noteMAC(m)
	}
	return m
}

// Bytes learns from a text as from a file, and the value of a field.
func (l learner) Bytes(kind packet.Kind, b []byte) []byte {
	switch kind {
	case packet.Text, packet.Payload:
		l.r.learnText(b)
	case packet.Name, packet.Secret:
		k := valueOf(kind, b)
		if unpack.IsText(b) && !l.r.stays(k.value) && byValue(k) {
			l.r.put(k)
		}
	default:
	}
	return b
}

// Note is for nobody while learning: the same is said when the file is rewritten.
func (learner) Note(string) {}

// replacer replaces in one capture, with what was learned until it was made.
type replacer struct {
	r    *Redactor
	d    *dictionary
	file string
}

// Addr, Seen and MAC answer as in texts.
func (p *replacer) Addr(ip netip.Addr, bits int) netip.Addr { return p.r.addresses.network(ip, bits) }

// Seen reports whether an address was seen written as one.
func (p *replacer) Seen(ip netip.Addr) bool { return p.r.knownAddress(ip) }

// MAC keeps the vendor's half.
func (p *replacer) MAC(m [6]byte) [6]byte {
	p.r.mapMAC(&m)
	return m
}

// Bytes replaces by what the kind of bytes needs.
func (p *replacer) Bytes(kind packet.Kind, b []byte) []byte {
	switch kind {
	case packet.Text:
		return p.text(b)
	case packet.Payload:
		return p.payload(b)
	case packet.Name, packet.Secret:
		return p.value(valueOf(kind, b))
	case packet.Part:
		if begins(string(b)) {
			return b
		}
		return p.value(valueOf(packet.Secret, b))
	case packet.Digest:
		return p.digest(b)
	}
	return b
}

// Note names what a person should look at.
func (p *replacer) Note(what string) { p.r.region(p.file, what) }

// text replaces what the dictionary and the grammar find, keeping the length.
func (p *replacer) text(data []byte) []byte {
	s := scanner{r: p.r, d: p.d, data: data, sameLength: true}
	s.whole()
	out := slices.Clone(data)
	for _, e := range s.edits {
		with := e.with
		if len(with) != e.end-e.start {
			with = fitAddress(string(data[e.start:e.end]), with+string(data))
		}
		copy(out[e.start:e.end], with)
	}
	return out
}

// payload replaces by value in bytes of an unknown protocol: words, and known MACs.
func (p *replacer) payload(data []byte) []byte {
	out := p.text(data)
	if p.r.options.KeepMACs {
		return out
	}
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	for i := 0; i+6 <= len(out); i++ {
		m := [6]byte(data[i : i+6])
		if m[0]|m[1]|m[2] != 0 && p.r.macs[m] {
			p.r.mapMAC(&m)
			copy(out[i:], m[:])
			i += 5
		}
	}
	return out
}

// value replaces the whole of a field. What is no text was made with a secret.
func (p *replacer) value(k known) []byte {
	b := []byte(k.value)
	switch {
	case p.r.stays(k.value):
		return b
	case !unpack.IsText(b):
		return p.digest(b)
	}
	return []byte(p.r.replacement(k))
}

// begins tells the begin of a value that tells nothing.
func begins(v string) bool {
	for word := range wellKnown {
		if strings.HasPrefix(word, lower(v)) {
			return true
		}
	}
	return false
}

// digest cuts bytes that were made with a key, so that the key cannot be tried on them.
func (p *replacer) digest(b []byte) []byte {
	out := p.r.shapes.key.sum([]byte("digest"), b)
	return bytes.Repeat(out[:], len(b)/len(out)+1)[:len(b)]
}

// valueOf is the value of a field that holds nothing else.
func valueOf(kind packet.Kind, b []byte) known {
	if kind == packet.Name {
		return known{value: string(b), rule: RuleName, fold: true}
	}
	return known{value: string(b), rule: RuleSecret}
}

// stays reports whether the value of a field tells nothing, or is to be kept.
func (r *Redactor) stays(v string) bool { return wellKnown[lower(v)] || r.kept(v) }

// lower folds ASCII only, which keeps lengths.
func lower(s string) string {
	out := []byte(s)
	for i, c := range out {
		out[i] = byte(classes[c] & 0xff)
	}
	return string(out)
}
