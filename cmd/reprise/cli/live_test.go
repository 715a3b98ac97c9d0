package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/cmd/reprise/cli"
)

// terminal makes one of so many columns; what is written to far comes out of near (ptmx(4)).
func terminal(t *testing.T, columns uint16) (near, far *os.File) {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	number, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(near.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
	}
	if err != nil {
		t.Fatal(err)
	}
	if far, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return near, far
}

// TestRedraw: a line that is written anew never wraps, and none is where a line cannot be erased.
func TestRedraw(t *testing.T) {
	long := "  0/2 done, 3s; lab 1, trial 1: " + strings.Repeat("waiting ", 20)
	for _, tt := range []struct {
		name, term string
		columns    uint16
		want       int // characters
	}{
		{"a narrow terminal", "xterm", 40, 39},
		{"a very narrow one", "xterm", 12, 11},
		{"a wide one", "xterm", 120, 119},
		{"one that does not say how wide it is", "xterm", 0, 79},
		{"one that cannot erase", "dumb", 40, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TERM", tt.term)
			near, far := terminal(t, tt.columns)
			a := &cli.App{Err: cli.NewScreen(far)}
			a.Redraw(long)
			a.Progress(".")
			var said []byte
			for !bytes.HasSuffix(said, []byte(".\r\n")) {
				b := make([]byte, 1024)
				n, err := near.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				said = append(said, b[:n]...)
			}
			line, drawn := strings.CutPrefix(strings.TrimSuffix(string(said), ".\r\n"), cli.LineErase)
			if drawn != (tt.want > 0) || utf8.RuneCountInString(line) != tt.want {
				t.Errorf("written: %q", said)
			}
		})
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                         "",
		"an MTU  change":           "an MTU|change",
		"unbelievably long a b":    "unbelievably|long a b",
		"näher näher 12345678 x y": "näher|näher|12345678|x y",
	} {
		if got := strings.Join(cli.Wrap(text, 8), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
