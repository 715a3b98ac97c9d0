package exos

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
)

// TechLacks implements drivers.TechReader.
func (Factory) TechLacks(text string) []string { return techMissing(text) }

// techMissing tells what a collection lacks. Release 22 and later begin with a line that
// names the command and end with the time that it took; release 12 has neither, but its
// last group is there. Every group has a command, and what every collection has is named.
func techMissing(text string) []string {
	var missing []string
	head := regexp.MustCompile(`(?m)^\*+ ?Executing "show tech`).MatchString(text)
	tail := regexp.MustCompile(`(?m)^Show Tech-Support Execution Time: `).MatchString(text)
	group := regexp.MustCompile(`(?m)^@@@ ?(\S.*?):?\s*$`)
	groups := group.FindAllStringSubmatchIndex(text, -1)
	switch {
	case len(groups) == 0:
		return []string{"every group (no line begins with @@@)"}
	case head && !tail:
		missing = append(missing, "the end marker (Show Tech-Support Execution Time)")
	case !head && tail:
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
