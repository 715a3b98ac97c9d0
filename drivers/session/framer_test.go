package session

import (
	"strings"
	"testing"
)

// FuzzFramer feeds an answer in pieces: whatever it holds, the frame gives it back.
func FuzzFramer(f *testing.F) {
	f.Add("early", "answer\n", 0, 3)
	f.Add("<0123", "a<0123b", 7, 1)
	f.Fuzz(func(t *testing.T, early, answer string, exit, piece int) {
		begin, end := "<0123456789abcdef", "0123456789abcdef>"
		if piece < 1 || exit < 0 || exit > 255 || strings.Contains(early, begin) || strings.Contains(answer, end) {
			t.Skip() //nolint:forbidigo // no input of interest
		}
		// Text that runs into a nonce makes it begin earlier; a real nonce cannot be foreseen.
		if strings.Contains(early+begin[:len(begin)-1], begin) || strings.Index(answer+end, end) != len(answer) || strings.Index(early+begin, begin) != len(early) {
			t.Skip() //nolint:forbidigo // no input of interest
		}
		fr := newFramer(begin, end, 1<<20)
		data := early + begin + answer + end + ":" + itoa(exit) + ":0\n" + "late"
		for len(data) > 0 {
			n := min(piece, len(data))
			fr.feed([]byte(data[:n]))
			data = data[n:]
		}
		select {
		case <-fr.done:
		default:
			t.Fatal("not framed")
		}
		if got := fr.out.String(); got != answer {
			t.Errorf("got %q, want %q", got, answer)
		}
		if got, busy, err := parseStatus(fr.status); err != nil || busy || got != exit {
			t.Errorf("status %d, %v, %v", got, busy, err)
		}
	})
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func FuzzCutEcho(f *testing.F) {
	f.Add("show x\r\nanswer", "show x")
	f.Add("noise show x \r y\n", "show xy")
	f.Fuzz(func(t *testing.T, text, line string) {
		after, _, ok := cutEcho(text, line)
		if ok && !strings.HasSuffix(text, after) {
			t.Errorf("%q is not the end of %q", after, text)
		}
		if line != "" && !strings.ContainsAny(line, "\r\n\b ") {
			if after, _, ok := cutEcho(line+"\nrest", line); !ok || after != "rest" {
				t.Errorf("plain echo of %q: %q, %v", line, after, ok)
			}
		}
	})
}
