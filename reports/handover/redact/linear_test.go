package redact_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reprise-lab/reprise/reports/handover/redact"
	"github.com/reprise-lab/reprise/topologies/livetest"
)

// TestLongLinesAreLinear: the work for a byte is the same in a line sixteen times as long. Both
// are measured here and compared, so that the speed of the machine does not matter; work that
// grows with the square of the length has sixteen times as much. What is in between is the
// noise of a busy machine: the least of several tries counts.
func TestLongLinesAreLinear(t *testing.T) {
	livetest.Long(t, "measures long lines again and again")
	var sample []byte
	for _, name := range samples {
		sample = append(sample, bytes.ReplaceAll(read(t, name), []byte("\n"), []byte(" "))...)
	}
	for _, unit := range []string{
		string(sample), "snmp-server community Kiesel77q ro ", "password:", "password 'x ", "password a ", "password: | ", "set password {", "\"secrets\":{", "=\t", "user@host ", "ab cd ", "key 1 ", "Rev 1.0 ", "a/pass/", "10.1.1.1 upgrade ",
		"-----BEGIN X----- ", "://a@", "^[[0m", `\0121`, `\x41`, "\n0000000   a   b\n", "0x41, ", "\n" + strings.Repeat("ab", 30), "1 2 3 4 5 ", "\"password\": {", "x\r", "login: ", "81, ", "5175 ", "51.75.", "#033", "</password>", "<a:password x=1>",
		"||password||x||\n", "|password|x|\n|---|---|\n", "70 61 73 73 ", "0x70617373 ", "7061 7373 6173 7373\n", "begin 644 x\n", "M" + strings.Repeat("A", 60) + "\n", "<~", "<~AAAAA\n",
		"KNSWG4TFOQQGS4ZAKNSWG4TFOQQGS4ZA\n", "KNSWG4TFOQQGS4ZAKNSWG4TFOQQGS4ZA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	} {
		least := 16.0
		for range 6 {
			short, long := perByte(t, unit, 4<<10), perByte(t, unit, 64<<10)
			if least = min(least, long/short); least < 6 {
				break
			}
		}
		if least >= 6 {
			t.Errorf("%.20q: a byte of a line sixteen times as long takes %.1f times as long", unit, least)
		}
	}
}

// perByte is the least time of computing, whatever else runs on the machine, that a byte of a line of this size took of three.
func perByte(t *testing.T, unit string, size int) float64 {
	t.Helper()
	data := []byte(strings.Repeat(unit, size/len(unit)+1)[:size])
	least := time.Hour
	for range 3 {
		begin := computed(t)
		r := newRedactor(t, redact.Options{})
		r.Learn("a.log", data)
		out := r.Text("a.log", data)
		r.Gate().Data("a.log", out)
		least = min(least, computed(t)-begin)
	}
	return float64(least) / float64(size)
}

// computed is for how long this process has computed.
func computed(t *testing.T) time.Duration {
	t.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now); err != nil {
		t.Fatal(err)
	}
	return time.Duration(now.Nano())
}
