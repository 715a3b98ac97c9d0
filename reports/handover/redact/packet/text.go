package packet

import "unicode/utf8"

// IsText reports whether data is a text. It allows the control characters of terminals and a
// few stray bytes.
func IsText(data []byte) bool {
	odd := 0
	for i := 0; i < len(data); {
		c := data[i]
		if c < utf8.RuneSelf {
			if c == 0 {
				return false
			}
			if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0x1b && c != '\b' && c != '\a' && c != '\f' {
				odd++
			}
			i++
			continue
		}
		_, n := utf8.DecodeRune(data[i:])
		if n == 1 {
			odd++
		}
		i += n
	}
	return odd*50 <= len(data)
}
