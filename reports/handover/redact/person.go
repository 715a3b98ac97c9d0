package redact

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Left is a line that only a person can judge: free words of the owner, in which names may
// stand that nobody declared. The report that leaves has no text.
type Left struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Kind string `json:"kind"`           // banner, description, vlan-name, remark, phone, encoded: data that was not searched
	Text string `json:"text,omitempty"` // as it is in the result
}

// mostLeft bounds how many are listed.
const mostLeft = 5000

// longestLeft bounds the text of one, in bytes.
const longestLeft = 160

// personalLine is a line that holds free words, by a word that must stand in it.
type personalLine struct {
	kind string
	word string
	re   *regexp.Regexp
}

// personal are all of them; a program that redacts nothing does not wait for them.
//
//nolint:gochecknoglobals // compiled once
var personal = sync.OnceValue(func() []personalLine {
	return []personalLine{
		{"banner", "banner", regexp.MustCompile(`(?i)^\s*(?:set system login |configure |conf |create )?banner\b(?:\s+\S)`)},
		{"banner", "message", regexp.MustCompile(`(?i)^\s*(?:set system )?login (?:message|announcement)\s+\S`)},
		{"banner", "announcement", regexp.MustCompile(`(?i)^\s*(?:set system login )?announcement\s+\S`)},
		{"description", "desc", regexp.MustCompile(`(?i)^\s*(?:set .*|configure .*|(?:\S+ ){1,4})?desc(?:ription)?(?:-string)?\s*[:=]?\s+["']?\S`)},
		{"description", "display-string", regexp.MustCompile(`(?i)\bdisplay-string\s+\S`)},
		{"description", "alias", regexp.MustCompile(`(?i)^\s*(?:interface )?alias\s+["']?\S+ \S`)},
		{"description", `"desc`, regexp.MustCompile(`(?i)"desc(?:ription)?"\s*:\s*"[^"]`)},
		{"description", "name", regexp.MustCompile(`(?i)^\s*name\s+".+"`)},
		{"vlan-name", "vlan", regexp.MustCompile(`(?i)^\s*(?:create vlan "?[A-Za-z]|vlan create \d+ name |vlan name \d+ |vlan \d+ name |set vlans [A-Za-z]|configure vlan "?\S+"? (?:name|tag|description) )`)},
		{"remark", "remark", regexp.MustCompile(`(?i)^\s*(?:access-list \S+ |\d+ )?remark\s+\S`)},
		{"phone", "", regexp.MustCompile(`(?:^|[\s:(>"'])\+[1-9]\d{0,2}[ ./()-]*\d[\d ./()-]{6,14}\d\b`)},
		{"phone", "", regexp.MustCompile(`(?i)\b(?:tel|phone|fax|mobile|telefon|handy)\b[\s.:=]*\+?[\d(][\d ./()-]{5,}\d`)},
	}
})

// vlanName is the name of the VLAN that the line before begins.
var vlanName = regexp.MustCompile(`(?i)^\s+name\s+\S`)

// leaveToPerson lists the lines of a redacted text that a person must look at.
func (r *Redactor) leaveToPerson(file string, text []byte) {
	var list []Left
	sealed, at := sealedArmour(text), 0
	line, before := 0, ""
	for row := range bytes.Lines(text) {
		line++
		if len(list) >= mostLeft {
			break
		}
		kind := personalKind(row, before)
		if at += len(row); len(sealed) > 0 && sealed[0] < at {
			kind, sealed = "encoded", sealed[1:]
		}
		if kind != "" {
			shown := strings.TrimSpace(string(row))
			if len(shown) > longestLeft {
				shown = strings.ToValidUTF8(shown[:longestLeft], "") + "…"
			}
			list = append(list, Left{File: file, Line: line, Kind: kind, Text: shown})
		}
		if len(row) < 64 && len(bytes.TrimSpace(row)) > 0 && row[0] > ' ' {
			before = lower(string(row))
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left = append(r.left, list[:min(len(list), max(0, mostLeft-len(r.left)))]...)
}

func personalKind(row []byte, before string) string {
	if len(row) > longestToken {
		row = row[:longestToken]
	}
	low := bytes.ToLower(row)
	if strings.HasPrefix(before, "vlan ") && vlanName.Match(row) {
		return "vlan-name"
	}
	for _, p := range personal() {
		switch {
		case p.word != "" && !bytes.Contains(low, []byte(p.word)):
		case p.word == "" && !bytes.ContainsAny(row, "+") && !bytes.Contains(low, []byte("tel")) && !bytes.Contains(low, []byte("phone")) && !bytes.Contains(low, []byte("fax")) && !bytes.Contains(low, []byte("mobile")) && !bytes.Contains(low, []byte("handy")):
		case p.re.Match(row):
			return p.kind
		}
	}
	return ""
}

// Left lists what is left to a person in all that was redacted until now, with the lines as
// they are in the result. Files are named as in the result.
func (r *Redactor) Left() []Left {
	r.mu.Lock()
	list := slices.Clone(r.left)
	r.mu.Unlock()
	for i := range list {
		list[i].File = r.publicPath(list[i].File)
	}
	return list
}
