package node

import (
	"fmt"
	"regexp"
)

// Service is how a daemon is run: in the foreground, as the supervisor wants it.
type Service struct {
	Name string
	Argv []string
	// Beside says that it is started beside the service before it, without waiting for that.
	Beside bool
	// Before are shell lines that prepare the start (directories, stale sockets).
	Before string
	// Ready is a shell condition that holds when the daemon answers; empty means that it
	// counts as ready when it has run for a short while.
	Ready string
	// Logs are the log files it writes itself; what it prints is logged anyhow.
	Logs []string
	// Own says that it logs everything at a destination of ours beside the user's own: Logs[0],
	// or what it prints where there is none.
	Own bool
	// Copies are further log files of its, whose lines are in the others too.
	Copies []string
	// Elsewhere says why it may not log where it is read; empty where it does.
	Elsewhere string
	// Quiet are shell lines that print why the daemon does not log everything now, however it
	// was started; nothing where it does, or where that cannot be asked.
	Quiet string
	// Dull matches lines of its logs, as grep -E does, that tell nothing of its death.
	Dull string
	// Children tell of the death of a process that the daemon itself restarts, by what
	// it logs.
	Children []ChildPattern
}

// ChildPattern finds deaths in a log. Two lines about the same pid are one death; the
// process is told with the name of its service before it. Pattern is matched on each line, with the named
// groups process, pid, signal (a number or a name) and status, each optional; the
// constant fields hold where the line does not say it.
type ChildPattern struct {
	Pattern *regexp.Regexp
	Process string
	Signal  string
	// Time is the layout of the group "time", in the node's zone, which is UTC.
	Time string
}

// stdoutLog is where the supervisor puts what a daemon prints.
func stdoutLog(service string) string { return "/var/log/reprise/" + service + ".log" }

// ExitedError says that a daemon ended while it was being started.
type ExitedError struct {
	Service string
	Exit    Exit
	LastLog string // what it said last
}

func (e *ExitedError) Error() string {
	how := fmt.Sprintf("exit status %d", e.Exit.Code)
	if s := e.Exit.Signal(); s != "" {
		how = s
	}
	return fmt.Sprintf("%s ended at its start (%s): %s", e.Service, how, e.LastLog)
}

// Crashed reports whether the daemon died by a signal rather than giving up.
func (e *ExitedError) Crashed() bool { return e.Exit.Signal() != "" }
