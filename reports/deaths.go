package reports

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// deathWords says in words what a look at daemons that died saw, a line for each: the rows
// of the record are JSON. What is no list of such rows stays as it is.
func deathWords(text string) string {
	var rows []map[string]any
	if json.Unmarshal([]byte(text), &rows) != nil {
		return text
	}
	if len(rows) == 0 {
		return "nothing died"
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, deathLine(maps.Clone(row)))
	}
	return strings.Join(lines, "\n")
}

// deathLine is one row; what it does not know is told as it is.
func deathLine(row map[string]any) string {
	take := func(key string) string {
		v, ok := row[key]
		delete(row, key)
		if s, isText := v.(string); isText || !ok || v == nil {
			return s
		}
		return fmt.Sprint(v)
	}
	process := take("process")
	who := process
	if who == "" {
		who = "a process"
	}
	if pid := take("pid"); pid != "" && pid != "0" {
		who += " (pid " + pid + ")"
	}
	line := who + " ended"
	signal, exit := take("signal"), take("exit")
	switch {
	case signal != "":
		line = who + " died of " + signal
		if exit != "" && exit != "0" {
			line += ", status " + exit
		}
	case exit != "":
		line += " with status " + exit
	}
	if at := take("at"); at != "" {
		if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
			at = t.UTC().Format("15:04:05.000 UTC")
		}
		line += ", at " + at
	}
	title := take("title")
	take("kind")
	take("alt") // the title says more than either
	if title != "" && title != process+": "+signal && title != process+": exit status "+exit {
		line += "; it is " + title
	}
	if core := take("core"); core != "" {
		line += "; core file " + core
	}
	if words := take("last-log"); words != "" {
		line += "; last words: " + strings.Join(strings.Fields(words), " ")
	}
	for _, key := range slices.Sorted(maps.Keys(row)) {
		if v := take(key); v != "" {
			line += "; " + strings.ReplaceAll(key, "-", " ") + ": " + strings.Join(strings.Fields(v), " ")
		}
	}
	return line
}
