package scenarios

import "testing"

// TestPasted: a regular expression is told from a text with parentheses and brackets.
func TestPasted(t *testing.T) {
	for pattern, want := range map[string]bool{
		"neighbor 10.0.0.2(r2) Up":           true,
		"[YZRX4-ZXG0C][EC 100663315] Thread": true,
		"[Errno 111] refused":                true,
		`neighbor 10\.0\.0\.2(r2) Up`:        true,

		`neighbor 10\.0\.0\.2\(r2\) Up`:   false,
		"(Full|2-Way)":                    false,
		`(?mi)\b(Down)/.*\s10\.0\.0\.2\s`: false,
		"a{2}(b)":                         false,
		"[Ee]rror":                        false,
		"state [0-9]":                     false,
		"(?i)error":                       false,
		"peer (r[12])":                    false,
		"Full":                            false,
		"(Full)":                          false, // finds itself
		"[EC 33554]+":                     false,
	} {
		if why, _, _ := writtenOtherwise(pattern); (why != "") != want {
			t.Errorf("%s: told %q, want one: %v", pattern, why, want)
		}
	}
}
