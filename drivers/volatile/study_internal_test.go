package volatile

import (
	"strings"
	"testing"
)

// patterns are of the kinds that drivers have.
func patterns() []string {
	return []string{
		`\b\d+w\dd\d\dh\b|\b\d+d\d\dh\d\dm\b`,
		`\b\d+(?:d\d\dh\d\dm|(?:\.\d+)? (?:u|m)?sec(?:s|onds?)?) ago`,
		`(?m)((?:due|expires|update) in:? +)\d[\w.:]*`,
		`(?m)^(\S+ +4 +\d+) +(\d+) +never\b`,
		`(?m)^( *LS age: )3600$`,
		`(?m)^    RX: +bytes *\n +\d+ +\d+ *$`,
		`(?m)^(\s*(?:SysUpTime|.*rpm.*?))\s*:.*$`,
		`\b(packets|bytes)[=:]\d+`,
		`\Aup|end\z`,
		`(?i)age|time`,
		`(?s)a.b`,
		`x*`,
		`[^:]\d\d:\d\d($|[^:])`,
		`(?:Tue|Thu) (?:Jan|Jun){2,} \d?`,
	}
}

// written writes runs as words, with a dot for what may be several characters.
func written(needs [][]run) string {
	var sets []string
	for _, runs := range needs {
		var words []string
		for _, r := range runs {
			var b strings.Builder
			for _, c := range r.classes {
				if c.size() == 1 {
					b.WriteByte(c.first())
				} else {
					b.WriteByte('.')
				}
			}
			words = append(words, b.String())
		}
		sets = append(sets, strings.Join(words, "|"))
	}
	return strings.Join(sets, "&")
}

func TestStudy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, needs string
		lines          bool
	}{
		{`\b\d+w\dd\d\dh\b|\b\d+d\d\dh\d\dm\b`, ".w.d..h|.d..h..m", true},
		{`(?m)^( *LS age: )3600$`, "LS age: 3600", true},
		{`\b(packets|bytes)[=:]\d+`, "packets|bytes", true},
		{`(?m)^RX: *\n +\d+$`, "RX:&\n & .", false},
		{`\d\d?:\d\d:\d\d`, ":..:..", true},
		{`\d{2}:\d{2,3}x`, "..:..&..x", true},
		{`\d{9}:`, "........:", true},
		{`(?:\d+,){2}a+`, ".,a&.,.&a", true},
		{`(?i)age`, "", true},
		{`[=:]\d+`, "", true},
		{`ü=[^x]`, "=", false},
		{`(?:word)*\s`, "", false},
		{`(?:word)+x`, "wordx&word", true},
		{`(?s)a.`, "a", false},
		{`end\z`, "end", false},
		{`(`, "", false},
	} {
		needs, lines := study(tt.pattern)
		if got := written(needs); got != tt.needs || lines != tt.lines {
			t.Errorf("%s: %q, %v; want %q, %v", tt.pattern, got, lines, tt.needs, tt.lines)
		}
	}
}

// FuzzApply: where a rule looks changes nothing in what it does.
func FuzzApply(f *testing.F) {
	for _, text := range []string{
		"r1 4 10 20 never\n3 secs ago\nexpires in 3:00\n    RX: bytes\n 1 2\n LS age: 3600\n",
		"up\nSysUpTime : 3\n 2000 rpm:1\npackets=4, bytes:5\na\nb 12:30\nup end", "\n\n", "1w2d03h\r\nTue JanJun 3\nAGE 12:3012:30\n", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, pattern := range patterns() {
			r := Rules(pattern, "<$1>")[0]
			if got, want := r.apply(text), r.see.ReplaceAllString(text, r.put); got != want {
				t.Errorf("%s: %q becomes %q, want %q", pattern, text, got, want)
			}
		}
	})
}
