package redact

import "bytes"

// invisible are characters that a page or an editor puts into a text: blanks that do not
// break, and those of no width, which stand inside of words.
//
//nolint:gochecknoglobals // a table that is only read
var invisible = []struct {
	text string
	as   string
}{
	{"\u00a0", " "}, {"\u2009", " "}, {"\u202f", " "}, {"\u2007", " "}, {"\u200b", ""}, {"\u200c", ""}, {"\u200d", ""}, {"\u2060", ""}, {"\u00ad", ""}, {"\ufeff", ""},
}

// readBlanks reads a text with plain blanks, and without what cannot be seen.
func readBlanks(data []byte) (reading, bool) {
	if bytes.IndexByte(data, 0xa0) < 0 && !bytes.Contains(data, []byte("\xe2\x80")) && !bytes.Contains(data, []byte("\xe2\x81\xa0")) &&
		!bytes.Contains(data, []byte("\u00ad")) && !bytes.Contains(data, []byte("\ufeff")) {
		return reading{}, false
	}
	v := reading{end: len(data)}
next:
	for i := 0; i < len(data); {
		if data[i] >= 0x80 {
			for _, c := range invisible {
				if bytes.HasPrefix(data[i:], []byte(c.text)) {
					if c.as != "" {
						v.add(' ', i, i+len(c.text))
					}
					i += len(c.text)
					continue next
				}
			}
			if data[i] == 0xa0 && (i == 0 || data[i-1] < 0x80) { // Latin-1
				v.add(' ', i, i+1)
				i++
				continue
			}
		}
		v.add(data[i], i, i+1)
		i++
	}
	return v, true
}
