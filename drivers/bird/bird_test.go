package bird

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

func TestLineOf(t *testing.T) {
	for line, want := range map[string]string{
		"show\tstatus ":                          "show status",
		`show route where net ~ [ 10.0.0.0/8+ ]`: `show route where net ~ [ 10.0.0.0/8+ ]`,
		"":                                       "", "e": "e", "enable all": "enable all", "?": "?", "-x": "-x",
	} {
		if got, err := lineOf(line); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"show status\nshow route", "show\x00", "show \x1b[A", "quit", "q", "ex", " help show"} {
		if got, err := lineOf(line); err == nil {
			t.Errorf("%q: got %q; want an error", line, got)
		}
	}
}

func TestOneShot(t *testing.T) {
	for timeout, want := range map[time.Duration]string{
		20 * time.Second:       `timeout 19.000 birdc -- 'eval "it'\''s"'`,
		500 * time.Millisecond: `timeout 0.400 birdc -- 'eval "it'\''s"'`,
	} {
		if got := oneShot(`eval "it's"`, timeout); got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}

func TestAnswer(t *testing.T) {
	const head = "BIRD 2.0.12 ready.\n"
	for _, c := range []struct {
		out  string
		exit int
		want string
		err  error
		says string
	}{
		{out: head + "Down\n", want: "Down\n"},
		{out: head, want: ""},
		{out: head + "Network not found\n", exit: 1, want: "Network not found\n"},
		{out: head + "BIRD 2.0.12 ready.\n", want: "BIRD 2.0.12 ready.\n"},
		{out: "", exit: 124, err: drivers.ErrTimeout},
		{out: head + "half", exit: 124, err: drivers.ErrTimeout},
		{out: "Unable to connect to server control socket (/run/bird/bird.ctl): Connection refused\n", exit: 1, err: drivers.ErrUnreachable, says: "BIRD is not running"},
		{out: "Server read error: Connection reset by peer\n", exit: 1, err: drivers.ErrClosed, says: "reset by peer"},
		{out: "Connection closed by server\n" + head + "half", exit: 1, err: drivers.ErrClosed},
		{out: head + "half\nConnection closed by server\n", exit: 1, err: drivers.ErrClosed},
		{out: "sh: birdc: not found\n", exit: 127, says: "not found"},
		{out: head + "half", exit: 143, says: "143"},
		{out: "", says: "no answer"},
	} {
		got, err := answer(c.out, c.exit)
		fails := c.err != nil || c.says != ""
		if got != c.want || (err != nil) != fails || c.err != nil && !errors.Is(err, c.err) || fails && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q, %d: got %q, %v", c.out, c.exit, got, err)
		}
	}
}
