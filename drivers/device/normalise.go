package device

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// LongTimeout is for answers that a switch needs minutes for.
const LongTimeout = 5 * time.Minute

// Rule replaces what changes by itself.
type Rule struct {
	See *regexp.Regexp
	Put string
}

// Normalise applies rules in their order and drops blanks at line ends.
func Normalise(output string, rules []Rule) string {
	for _, r := range rules {
		output = r.See.ReplaceAllString(output, r.Put)
	}
	lines := strings.Split(output, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r")
	}
	return strings.Join(lines, "\n")
}

// CheckPort refuses what is no single port: a list would be more than was asked for, and
// another word another command.
func CheckPort(port string) error {
	if !regexp.MustCompile(`^\d{1,3}(?:[:/]\d{1,3}){0,2}$`).MatchString(port) {
		return fmt.Errorf("%q is no port (1, 1:1 or 1/1)", port)
	}
	return nil
}

// Admin reads the administrative state of a port: Enabled or Disabled, however short the
// platform writes it.
func Admin(s string) string {
	switch strings.ToLower(s) {
	case "e", "enabled", "up", "true":
		return "Enabled"
	case "d", "disabled", "down", "false":
		return "Disabled"
	default:
		return s
	}
}

// NotSeen is the error of a change that the device accepted and does not show.
func NotSeen(what string, rows []map[string]string) error {
	return fmt.Errorf("the device took the command, but does not show that %s: %v", what, rows)
}
