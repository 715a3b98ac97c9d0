package sim

import (
	"slices"
	"time"
)

// logEntry is one event.
type logEntry struct {
	Time     time.Time `json:"time"`
	Severity string    `json:"severity"` // Crit, Erro, Warn, Noti, Info, Debug
	Event    string    `json:"event"`    // Component.Sub.Condition
	Message  string    `json:"message"`
}

const (
	memorySize = 1000
	nvramSize  = 200
	// repeatWindow is how long equal messages are counted instead of written again.
	repeatWindow = 2 * time.Minute
)

// eventLog has the entries of this run, and the grave ones of all runs, oldest first.
type eventLog struct {
	memory []logEntry
	nvram  []logEntry
}

// journalEntry is one command in the command journal.
type journalEntry struct {
	time    time.Time
	session string
	user    string
	command string
}

// logLocked adds an event.
func (s *Switch) logLocked(severity, event, message string) logEntry {
	e := logEntry{time.Now(), severity, event, message}
	s.log.memory = append(s.log.memory, e)
	if over := len(s.log.memory) - memorySize; over > 0 {
		s.log.memory = slices.Delete(s.log.memory, 0, over)
	}
	if severity == "Crit" || severity == "Erro" || severity == "Warn" {
		s.log.nvram = append(s.log.nvram, e)
		if over := len(s.log.nvram) - nvramSize; over > 0 {
			s.log.nvram = slices.Delete(s.log.nvram, 0, over)
		}
	}
	return e
}

// same says whether b only repeats a.
func (e logEntry) same(b logEntry) bool {
	return e.Severity == b.Severity && e.Event == b.Event && e.Message == b.Message
}

// logRun is an event and its repetitions.
type logRun struct {
	first, last logEntry
	more        int
}

// compact joins neighbouring equal events, oldest first.
func compact(entries []logEntry) []logRun {
	var runs []logRun
	for _, e := range entries {
		if n := len(runs) - 1; n >= 0 && runs[n].first.same(e) && e.Time.Sub(runs[n].first.Time) < repeatWindow {
			runs[n].last, runs[n].more = e, runs[n].more+1
			continue
		}
		runs = append(runs, logRun{first: e, last: e})
	}
	return runs
}
