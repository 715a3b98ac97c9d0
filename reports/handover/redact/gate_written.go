package redact

import "bytes"

// written searches what a text says beneath what stands there: as a terminal shows it, with
// its lines joined, and with every encoding taken off. It finds the encoded parts on its
// own, by walking over the text, and so does not depend on what the redactor noticed.
func (g *Gate) written(name string, data []byte, in nesting) []Hit {
	var hits []Hit
	below := func(form string, at int, text []byte, deeper int) {
		for _, h := range g.data(name+"!"+form, text, nesting{in.u, max(in.depth+1, deeper)}) {
			if at >= 0 {
				h.Offset = at
			}
			if h.Form == "raw" {
				h.Form = form
			}
			hits = append(hits, h)
		}
	}
	if v, ok := readTerminal(data); ok {
		below("terminal", -1, v.text, 0)
	}
	for _, v := range markups(data) {
		below("markup", v.start, v.text, 0)
	}
	for _, v := range composed(data) {
		below("form D", v.start, v.text, 0)
	}
	hits = append(hits, g.acrossLines(name, data)...)
	for _, whole := range []struct {
		form, head string
		read       func(data []byte, at int) (reading, bool)
	}{
		{"octal", "\n0", readOctalLines},
		{"zero escape", `\0`, readZeroEscapes},
		{"caret", "^", readCarets},
		{"hash", "#0", readHashes},
		{"percent", "%", readPercent},
		{"escape", `\`, readEscapes},
		{"entity", "&", readEntities},
		{"quoted-printable", "=", readQuoted},
		{"encoded word", "=?", readEncodedWords},
		{"continued parameter", "*0=", readFirstPart},
		{"continued parameter", "*0*=", readFirstPart},
		{"uuencode", "begin ", readUU},
		{"ascii85", "<~", readASCII85},
	} {
		for at := 0; ; {
			n := bytes.Index(data[at:], []byte(whole.head))
			if n < 0 {
				break
			}
			at += n
			v, ok := whole.read(data, at)
			if ok {
				below(whole.form, v.start, v.text, 0)
			}
			at = max(at+1, v.end)
		}
	}
	return append(hits, g.runs(name, data, in)...)
}

// runs searches base64, hex, dumps, uuencode without its head, and OIDs.
func (g *Gate) runs(name string, data []byte, in nesting) []Hit {
	var hits []Hit
	var covered [kinds]int
	try := func(k kind, form string, at int) {
		if at < covered[k] {
			return
		}
		v, ok := readers[k](data, at)
		covered[k] = max(covered[k], at+1, v.end)
		if !ok {
			return
		}
		for _, h := range g.data(name+"!"+form, v.text, in.deeper()) {
			h.Offset = v.start
			if h.Form == "raw" {
				h.Form = form
			}
			hits = append(hits, h)
		}
	}
	line := 0
	for i := 0; i < len(data); {
		if data[i] == '\n' {
			line = i + 1
		}
		if i == line && data[i] == 'M' {
			try(kindUU, "uuencode", i)
		}
		if !wordClass(data[i]) {
			i++
			continue
		}
		start, hexa, decimals := i, true, true
		for i < len(data) && wordClass(data[i]) {
			hexa = hexa && isHex(data[i])
			decimals = decimals && data[i] >= '0' && data[i] <= '9'
			i++
		}
		n := i - start
		switch {
		case n >= shortestBase64 && !hexa:
			try(kindBase64, "base64", start)
			try(kindBase32, "base32", start)
			if data[start] == '0' && data[start+1] == 'x' {
				try(kindHex, "hex", start+2)
			}
		case n >= shortestHex && n%2 == 0:
			try(kindHex, "hex", start)
			try(kindBase64, "base64", start)
		case hexa && n == 2 && i+3 < len(data) && isHex(data[i+1]) || n == 4 && data[start] == '0' && data[start+1] == 'x':
			try(kindGroups, "hex", start)
		}
		if decimals && n <= 3 && i < len(data) && (data[i] == '.' || numbersAt(data, start)) {
			try(kindOID, "decimals", start)
		}
		if hexa && (n == 2 || n == 4) && pairsAt(data, start) {
			try(kindGroups, "hex", start)
		}
		if hexa && n%2 == 0 && start > line {
			try(kindDump, "dump", line)
		}
		if hexa && n%2 == 0 || n > 2 && n%2 == 0 && data[start] == '0' && data[start+1] == 'x' {
			try(kindRows, "dump", line)
			try(kindSwapped, "dump", line)
		}
	}
	return hits
}

// acrossLines searches for values that the end of a line cuts in two.
func (g *Gate) acrossLines(name string, data []byte) []Hit {
	text, ends := joined(data)
	var hits []Hit
	low := bytes.Clone(text)
	foldText(low)
	k := 0
	for _, h := range g.folded.search(name, low, nil) {
		for k < len(ends) && ends[k] <= h.Offset {
			k++
		}
		if h.Form == "raw" && h.length >= shortestSplit && k < len(ends) && ends[k] < h.Offset+h.length {
			h.Form = "across lines"
			hits = append(hits, h)
		}
	}
	return hits
}
