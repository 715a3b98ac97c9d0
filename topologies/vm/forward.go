package vm

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

var forwarded = regexp.MustCompile(`TCP\[HOST_FORWARD\]\s+\S+\s+(\S+)\s+(\d+)\s+\S+\s+22\b`)

// sshAddress asks QEMU where it listens for the guest's ssh.
func (m *machine) sshAddress(ctx context.Context) (string, error) {
	out, err := m.qmp.Monitor(ctx, "info usernet")
	if err != nil {
		return "", err
	}
	return readForward(out)
}

func readForward(out string) (string, error) {
	found := forwarded.FindStringSubmatch(out)
	if found == nil {
		return "", fmt.Errorf("find the port for ssh: qemu says %q", out)
	}
	return found[1] + ":" + found[2], nil
}

// chardev is one entry of the answer to query-chardev.
type chardev struct {
	Label    string `json:"label"`
	Filename string `json:"filename"`
}

// consoleAddress asks QEMU where it listens for a vendor's console.
func (m *machine) consoleAddress(ctx context.Context) (string, error) {
	var list []chardev
	if err := m.qmp.Do(ctx, "query-chardev", nil, &list); err != nil {
		return "", err
	}
	return readConsole(list)
}

func readConsole(list []chardev) (string, error) {
	for _, c := range list {
		if c.Label != "console" {
			continue
		}
		_, at, ok := strings.Cut(c.Filename, "tcp:")
		at, _, _ = strings.Cut(at, ",")
		at, _, _ = strings.Cut(at, " ")
		if ok && at != "" {
			return at, nil
		}
	}
	return "", fmt.Errorf("find the port of the console: qemu says %v", list)
}
