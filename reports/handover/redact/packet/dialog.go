package packet

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// What is typed at a prompt stands alone: the word that says what it is came from the other
// side. The two directions of a connection are therefore read as the talk that they were, and
// what answers a prompt is a field of its own, also where each key is a segment (Telnet, RFC
// 854; FTP, RFC 959, section 4.1.1; POP3, RFC 1939, section 7; IMAP, RFC 9051, section 6.2.3;
// SMTP's LOGIN, whose prompts are in base64).

// answer is what one side typed: where it is in its flow, counted from the flow's base.
type answer struct {
	from, to int
	kind     Kind
	value    []byte // what is left of it where keys were taken back
}

// Bounds of a talk: of what is kept of a prompt, and of what answers it.
const (
	longestPrompt = 64
	longestAnswer = 256
)

// Telnet's commands among the data (RFC 854; RFC 855).
const (
	telnetIAC      = 0xff
	telnetSB       = 0xfa
	telnetSE       = 0xf0
	telnetWill     = 0xfb // and the three after it have an option behind them
	keyDelete      = 0x7f
	keyBackspace   = '\b'
	telnetOfOption = 3
)

// askFor lists what a prompt ends with, in small letters, and what answers it.
func askFor() map[string]Kind {
	return map[string]Kind{
		"password:": Secret, "passwd:": Secret, "passcode:": Secret, "passphrase:": Secret, "secret:": Secret, "334 ugfzc3dvcmq6": Secret,
		"login:": Name, "username:": Name, "user name:": Name, "user:": Name, "334 vxnlcm5hbwu6": Name,
	}
}

// commands lists lines that name who logs in, as the words before a user and a secret.
func commands() map[string][]Kind {
	return map[string][]Kind{"user": {Name}, "pass": {Secret}, "login": {Name, Secret}}
}

// said is a piece of a flow, in the order of the file.
type said struct {
	segment

	flow *flow
}

// dialogs finds the answers in all flows.
func (c *capture) dialogs() {
	prompts := askFor()
	for _, key := range slices.Sorted(maps.Keys(c.flows)) {
		f := c.flows[key]
		back := c.flows[f.back]
		if back == nil {
			back = &flow{}
		}
		pieces := make([]said, 0, len(f.segments)+len(back.segments))
		for _, s := range f.segments {
			pieces = append(pieces, said{s, f})
		}
		for _, s := range back.segments {
			pieces = append(pieces, said{s, back})
		}
		slices.SortStableFunc(pieces, func(a, b said) int { return cmp.Compare(a.at, b.at) })
		t := talk{prompts: prompts}
		next := map[*flow]int{}
		for _, p := range pieces {
			data, offset := c.old[p.at:p.end], p.offset
			if was, some := next[p.flow]; some && offset < was { // sent again
				data = data[min(len(data), was-offset):]
				offset = was
			}
			next[p.flow] = offset + len(data)
			if p.flow == f {
				t.typed(data, offset)
			} else {
				t.shown(data)
			}
		}
		slices.SortStableFunc(t.answers, func(a, b answer) int { return cmp.Compare(a.from, b.from) })
		f.answers = t.answers
	}
}

// talk is what one side typed and the other showed.
type talk struct {
	prompts map[string]Kind
	prompt  []byte // what was shown last
	line    []byte // what was typed since the last end of a line
	from    int
	last    int
	asked   Kind
	raw     bool // the line is too long to be an answer
	skip    telnetState
	answers []answer
}

// shown takes what the other side sent.
func (t *talk) shown(data []byte) {
	var skip telnetState
	for _, b := range data {
		if skip.command(b) || b == 0 {
			continue
		}
		t.prompt = append(t.prompt, b)
	}
	t.prompt = t.prompt[max(0, len(t.prompt)-longestPrompt):]
}

// typed takes what this side sent, which is at offset in its flow.
func (t *talk) typed(data []byte, offset int) {
	for i, b := range data {
		switch {
		case t.skip.command(b) || b == 0 || b == '\n' && len(t.line) == 0:
			continue
		case b == '\r' || b == '\n':
			t.ended()
			continue
		case len(t.line) == 0:
			t.from, t.asked = offset+i, t.askedFor()
		}
		t.last = offset + i + 1
		switch {
		case b == keyBackspace || b == keyDelete:
			t.line = t.line[:max(0, len(t.line)-1)]
		case len(t.line) >= longestAnswer:
			t.raw = true
		default:
			t.line = append(t.line, b)
		}
	}
}

// askedFor says what the other side asked for last.
func (t *talk) askedFor() Kind {
	low := bytes.ToLower(bytes.TrimRight(t.prompt, " \t\r\n"))
	for words, kind := range t.prompts {
		if bytes.HasSuffix(low, []byte(words)) {
			return kind
		}
	}
	return 0
}

// ended takes the line as an answer, where it is one.
func (t *talk) ended() {
	line := t.line
	switch {
	case t.raw || len(line) == 0:
	case t.asked == Secret || t.asked == Name && bytes.IndexByte(line, ' ') < 0:
		t.answers = append(t.answers, answer{t.from, t.last, t.asked, bytes.Clone(line)})
	case t.last-t.from == len(line):
		t.command(line)
	}
	t.line, t.raw, t.prompt, t.asked = t.line[:0], false, t.prompt[:0], 0
}

// command takes what a line names by itself: USER joe, and a1 LOGIN joe secret.
func (t *talk) command(line []byte) {
	words := bytes.Fields(line)
	if len(words) == 4 {
		words = words[1:] // the tag of IMAP
	}
	if len(words) < 2 {
		return
	}
	kinds := commands()[string(bytes.ToLower(words[0]))]
	if len(kinds) != len(words)-1 {
		return
	}
	at := bytes.Index(line, words[0]) + len(words[0])
	for i, kind := range kinds {
		w := bytes.Trim(words[i+1], `"`)
		at += bytes.Index(line[at:], w)
		t.answers = append(t.answers, answer{t.from + at, t.from + at + len(w), kind, w})
		at += len(w)
	}
}

// telnetState is how much of a command of Telnet was seen.
type telnetState struct {
	after int // bytes since IAC; 0 outside
	sub   bool
}

// command reports whether a byte is of a command.
func (s *telnetState) command(b byte) bool {
	switch {
	case s.after == 0 && b == telnetIAC:
		s.after = 1
	case s.sub: // until IAC SE
		s.after++
		if b == telnetSE {
			*s = telnetState{}
		}
	case s.after == 1 && b == telnetSB:
		s.sub = true
	case s.after == 1 && b >= telnetWill:
		s.after = telnetOfOption - 1
	case s.after > 0:
		s.after = 0
	default:
		return false
	}
	return true
}

// within gives the answers of a flow that begin in a part of it: a flow of many parts that have many answers each does
// not go over all for every one.
func (f *flow) within(from, to int) []answer {
	begin := func(a answer, at int) int { return cmp.Compare(a.from, at) }
	first, _ := slices.BinarySearchFunc(f.answers, from, begin)
	n, _ := slices.BinarySearchFunc(f.answers[first:], to, begin)
	return f.answers[first : first+n]
}

// answered replaces the answers of a flow that are in a part of it, which begins at offset.
func (c *capture) answered(f *flow, offset int) {
	for _, a := range f.within(offset, offset+len(c.old)) {
		from, to := a.from-offset, a.to-offset
		if to > len(c.old) {
			continue
		}
		if to-from == len(a.value) {
			c.bytes(a.kind, from, to)
			continue
		}
		c.m.Bytes(a.kind, a.value) // keys were taken back: the value is one all the same
		c.digest(from, to)
	}
}
