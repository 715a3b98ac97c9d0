package exos

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/device"
)

// TechLacks implements drivers.TechReader.
func (Factory) TechLacks(text string) []string {
	return append(techMissing(text), device.Cut(text, promptEnd)...)
}

// TechBegins implements drivers.TechReader: a collection begins with a line that names the
// command, or is of groups.
func (Factory) TechBegins(text string) bool {
	begun, _, ended := collections(text)
	return begun > 0 || ended || regexp.MustCompile(`(?m)^@@@ ?\S`).MatchString(text)
}

// ConfigLacks implements drivers.ConfigReader: every configuration names its modules, and the first
// of them is the device manager's.
func (Factory) ConfigLacks(text string) []string {
	var missing []string
	if !regexp.MustCompile(`(?m)^# Module \S+ configuration`).MatchString(text) {
		return []string{"every module (no line says # Module … configuration)"}
	}
	if !regexp.MustCompile(`(?m)^# Module devmgr configuration`).MatchString(text) {
		missing = append(missing, "the begin (# Module devmgr configuration)")
	}
	return append(missing, device.Cut(text, promptEnd)...)
}

// promptEnd is how a prompt ends a capture.
var promptEnd = regexp.MustCompile(`\.\d{1,9} [#>]( ?\w[\w ]{0,20})?$`)

// techMissing tells what a collection lacks. Release 22 and later begin with a line that
// names the command and end with the time that it took; release 12 has neither, but its
// last group is there. Every group has a command, and what every collection has is named.
func techMissing(text string) []string {
	var missing []string
	begun, cut, ended := collections(text)
	group := regexp.MustCompile(`(?m)^@@@ ?(\S.*?):?\s*$`)
	groups := group.FindAllStringSubmatchIndex(text, -1)
	switch {
	case len(groups) == 0:
		return []string{"every group (no line begins with @@@)"}
	case cut > 0 && begun > 1:
		missing = append(missing, fmt.Sprintf("the end marker (Show Tech-Support Execution Time) of %d of %d collections", cut, begun))
	case cut > 0:
		missing = append(missing, "the end marker (Show Tech-Support Execution Time)")
	case begun == 0 && ended:
		missing = append(missing, "the begin (Executing show tech-support)")
	}
	section := regexp.MustCompile(`(?m)^-> ?\S`)
	seen := map[string]bool{}
	for i, g := range groups {
		end := len(text)
		if i+1 < len(groups) {
			end = groups[i+1][0]
		}
		name := strings.ToLower(text[g[2]:g[3]])
		seen[name] = true
		if !section.MatchString(text[g[1]:end]) {
			missing = append(missing, "the commands of group "+name)
		}
	}
	for _, name := range []string{"general", "log"} {
		if !seen[name] {
			missing = append(missing, "group "+name)
		}
	}
	return missing
}

// Cores implements drivers.CoreLister with "show debug system-dump".
func (d *Driver) Cores(ctx context.Context) ([]drivers.Core, error) {
	out, err := d.Ask(ctx, "list core files", "show debug system-dump")
	if err != nil {
		return nil, err
	}
	cores, err := parseCores(out)
	return cores, d.Fail("list core files", err)
}

// parseCores reads the listing. Only the clean text is confirmed by a public source; what is
// neither that nor a line that names a core is an error, so that a core is never overlooked.
func parseCores(out string) ([]drivers.Core, error) {
	clean := regexp.MustCompile(`^No core dump information found on \S+?\.?$`)
	noise := regexp.MustCompile(`^(?:Please wait\..*|=+|-+|Core dump.*:|.*\bdirectory\b.*:)?$`)
	core := regexp.MustCompile(`(\bcore[.\w\-]+|[\w.\-]+\.(?:core|dump|gz))\b(?:\s+(\d+))?`)
	var cores []drivers.Core
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if clean.MatchString(line) || noise.MatchString(line) {
			continue
		}
		m := core.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("unexpected %q", line)
		}
		c := drivers.Core{Name: m[1]}
		_, _ = fmt.Sscan(m[2], &c.Size) // not every release tells it
		cores = append(cores, c)
	}
	return cores, nil
}

// collections counts those that begin in a text, and those of them that do not end; ended says that
// some end marker is there.
func collections(text string) (begun, cut int, ended bool) {
	open := false
	for _, m := range regexp.MustCompile(`(?m)^(?:\*+ ?Executing "show tech|(Show Tech-Support Execution Time: ))`).FindAllStringSubmatch(text, -1) {
		begins := m[1] == ""
		if begins && open {
			cut++ // the next one begins within it
		}
		if begins {
			begun++
		} else {
			ended = true
		}
		open = begins
	}
	if open {
		cut++
	}
	return begun, cut, ended
}
