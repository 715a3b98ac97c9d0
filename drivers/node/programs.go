package node

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/programs"
	"github.com/reprise-lab/reprise/drivers/session"
)

// seekTimeout bounds a look for programs.
const seekTimeout = 5 * time.Second

// Absent implements drivers.ProgramSeeker by the session of Shell, which finds what its lines find. A line of Run is another's.
func (n *Node) Absent(ctx context.Context, line string, shell bool) ([]string, error) {
	if !shell {
		return nil, nil
	}
	var unknown []string
	n.mu.Lock()
	for _, name := range programs.Of(line) {
		if !n.found[name] {
			unknown = append(unknown, name)
		}
	}
	n.mu.Unlock()
	if len(unknown) == 0 {
		return nil, nil
	}
	x, err := n.shell.Run(ctx, drivers.Command{Line: seek(unknown), Timeout: seekTimeout})
	if err != nil {
		return nil, n.Fail("look for programs", err)
	}
	lines := strings.Split(strings.TrimSuffix(x.Output, "\n"), "\n")
	if last := len(lines) - 1; x.Exit != 0 || x.Truncated || lines[last] != sought {
		return nil, n.Fail("look for programs", fmt.Errorf("exit status %d: %s", x.Exit, strings.TrimSpace(x.Output)))
	}
	var absent []string
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range unknown {
		if slices.Contains(lines, "absent "+name) {
			absent = append(absent, name)
			continue
		}
		if n.found == nil {
			n.found = map[string]bool{}
		}
		n.found[name] = true
	}
	return absent, nil
}

// Parts implements drivers.PartTeller for lines of Shell. A line of Run is another's.
func (n *Node) Parts(line string, shell bool) []drivers.HiddenPart {
	if !shell {
		return nil
	}
	var parts []drivers.HiddenPart
	for _, p := range programs.Hidden(line) {
		parts = append(parts, drivers.HiddenPart(p))
	}
	return parts
}

// ForgetPrograms implements drivers.ProgramSeeker.
func (n *Node) ForgetPrograms() {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.found)
}

// sought is the last line of a look that was carried out to its end.
const sought = "sought"

// seek is the script that tells of programs which the shell does not find, builtins among them. A path is looked at as such:
// a shell may take one for a program because it is a path.
func seek(names []string) string {
	var b strings.Builder
	for _, name := range names {
		q := session.Quote(name)
		if strings.Contains(name, "/") {
			fmt.Fprintf(&b, "{ [ -x %[1]s ] && [ ! -d %[1]s ]; } || echo %[2]s\n", q, session.Quote("absent "+name))
			continue
		}
		fmt.Fprintf(&b, "command -v %s >/dev/null 2>&1 || echo %s\n", q, session.Quote("absent "+name))
	}
	b.WriteString("echo " + sought)
	return b.String()
}
