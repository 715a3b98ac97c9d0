package intake

import (
	"path"
	"slices"
	"strings"
)

// StartsFrom reports whether a command of a shell shows the file that FRR, BIRD or keepalived starts from.
func StartsFrom(command []string) bool {
	return len(command) == 2 && command[0] == "cat" && slices.Contains([]string{"bird.conf", "frr.conf", "keepalived.conf"}, path.Base(command[1]))
}

// ShowsConfig reports whether a command shows all of a configuration, and whether that is the one that the
// device starts from: a command of two words, and of pipes that only say how it is shown.
func ShowsConfig(command string) (whole, start bool) {
	stages := strings.Split(strings.ToLower(command), "|")
	f := strings.Fields(stages[0])
	if len(f) != 2 || slices.ContainsFunc(stages[1:], func(s string) bool {
		return !slices.Contains([]string{"no-more", "nomore", "display set"}, strings.Join(strings.Fields(s), " "))
	}) {
		return false, false
	}
	if StartsFrom(f) {
		return true, true
	}
	const least = 2 // letters of a word that is cut short
	for _, what := range []string{"running-config", "configuration", "startup-config"} {
		if len(f[0]) >= least && strings.HasPrefix("show", f[0]) && len(f[1]) >= least && strings.HasPrefix(what, f[1]) {
			return true, what == "startup-config"
		}
	}
	return false, false
}
