package node

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
)

// Exit is one line of the supervisor's file that tells of an end.
type Exit struct {
	Name    string
	PID     int
	Code    int
	Ordered string // the signal that the driver sent on purpose, empty for none
	Core    string
	At      time.Time
}

// Record is the supervisor's file, read.
type Record struct {
	Exits []Exit
	// Started counts the starts of each daemon.
	Started map[string]int
	// Names are the daemons by their process numbers, of all that were started.
	Names map[int]string
	// Logs are the sizes of log files when supervision began.
	Logs map[string]int64
}

// known are the daemons of which no process can have died that the record does not tell of, where supervised were running
// before it was read. One that was told to end, by a step or by what is in the image, and was not started again under
// supervision, may run without it; so may one whose supervisor is gone.
func (r Record) known(supervised []string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(r.Started)) {
		var exits []Exit
		for _, x := range r.Exits {
			if x.Name == name {
				exits = append(exits, x)
			}
		}
		runs := r.Started[name] > len(exits)
		if runs && (r.Started[name] != len(exits)+1 || !slices.Contains(supervised, name)) {
			continue
		}
		untold := false
		for i, x := range exits {
			crashed := x.Ordered == "" && slices.Contains(drivers.FaultSignals(), x.Signal())
			restarted := runs || i < len(exits)-1
			inTurn := x.WasOrdered() && restarted // between two orders nobody else starts it
			untold = untold || !crashed && !inTurn
		}
		if !untold {
			names = append(names, name)
		}
	}
	return names
}

// ParseExits reads the supervisor's file. An unfinished last line (the supervisor is
// writing it) is left out; any other malformed line is an error.
//
//	log <path> <size>
//	start <name> <pid>
//	end <name> <pid> <code> <ordered|-> <core|-> <time>
func ParseExits(data string) (Record, error) {
	r := Record{Started: map[string]int{}, Names: map[int]string{}, Logs: map[string]int64{}}
	if i := strings.LastIndexByte(data, '\n'); i < len(data)-1 {
		data = data[:i+1]
	}
	n := 0
	for line := range strings.Lines(data) {
		n++
		f := strings.Fields(line)
		var err error
		switch {
		case len(f) == 3 && f[0] == "log":
			r.Logs[f[1]], err = strconv.ParseInt(f[2], 10, 64)
		case len(f) == 3 && f[0] == "start":
			r.Started[f[1]]++
			var pid int
			pid, err = strconv.Atoi(f[2])
			r.Names[pid] = f[1]
		case len(f) == 7 && f[0] == "end":
			var x Exit
			if x, err = parseEnd(f); err == nil {
				r.Exits = append(r.Exits, x)
			}
		default:
			err = fmt.Errorf("unexpected %q", strings.TrimSuffix(line, "\n"))
		}
		if err != nil {
			return Record{}, fmt.Errorf("read exits: line %d: %w", n, err)
		}
	}
	return r, nil
}

func parseEnd(f []string) (x Exit, err error) {
	x.Name = f[1]
	if x.PID, err = strconv.Atoi(f[2]); err != nil {
		return x, err
	}
	if x.Code, err = strconv.Atoi(f[3]); err != nil {
		return x, err
	}
	if f[4] != "-" {
		x.Ordered = f[4]
	}
	if f[5] != "-" {
		x.Core = f[5]
	}
	x.At, err = parseTime(f[6])
	return x, err
}

// parseTime reads seconds since the epoch with a fraction; a date command without
// nanoseconds prints "%N" or nothing for it.
func parseTime(s string) (time.Time, error) {
	s = strings.TrimSuffix(strings.TrimSuffix(s, "%N"), "N")
	sec, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(sec) || math.Abs(sec) > 1e11 {
		return time.Time{}, fmt.Errorf("time %q", s)
	}
	whole, frac := math.Modf(sec)
	return time.Unix(int64(whole), int64(frac*1e9)).UTC(), nil
}

// Signal is the name of the signal that the exit code speaks of, empty when none.
func (x Exit) Signal() string { return signalName(x.Code - 128) }

// WasOrdered reports whether the end is what the driver asked for. A daemon that was
// told to stop and crashed over it died unexpectedly.
func (x Exit) WasOrdered() bool {
	if x.Ordered == "" {
		return false
	}
	died := x.Signal()
	switch {
	case died == "SIG"+x.Ordered:
		return true
	case slices.Contains(drivers.FaultSignals(), "SIG"+x.Ordered):
		return died == "SIGABRT" // a handler that logs and then aborts
	default:
		return died == ""
	}
}

// death is the exit as the drivers tell it.
func (x Exit) death() drivers.Death {
	return drivers.Death{Process: x.Name, PID: x.PID, Exit: x.Code, Signal: x.Signal(), At: x.At, Core: x.Core}
}

// signalName names the signals of Linux that end a process, on every architecture we
// meet (signal(7)); empty for other numbers.
func signalName(n int) string {
	names := map[int]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 5: "SIGTRAP", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
		9: "SIGKILL", 10: "SIGUSR1", 11: "SIGSEGV", 12: "SIGUSR2", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM",
		16: "SIGSTKFLT", 24: "SIGXCPU", 25: "SIGXFSZ", 26: "SIGVTALRM", 27: "SIGPROF", 29: "SIGIO", 30: "SIGPWR", 31: "SIGSYS",
	}
	return names[n]
}
