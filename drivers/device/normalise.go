package device

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// LongTimeout is for answers that a switch needs minutes for.
const LongTimeout = 5 * time.Minute

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
