package node

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// MarkLogs implements drivers.LogSource.
func (n *Node) MarkLogs(ctx context.Context) (drivers.LogMark, error) {
	return n.sizes(ctx, "mark logs")
}

// LogsSince implements drivers.LogSource; of each file at most the newest MiB.
func (n *Node) LogsSince(ctx context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	now, err := n.sizes(ctx, "read logs")
	if err != nil {
		return nil, err
	}
	var files []drivers.LogFile
	for _, path := range n.logPaths() {
		size, there := now[path]
		from := m[path]
		if !there || size == from {
			continue
		}
		if size < from {
			from = 0
		}
		text, err := n.Control(ctx, "read "+path, fmt.Sprintf("tail -c +%[2]d %[1]s | head -c %[3]d | tail -c %[4]d", session.Quote(path), from+1, size-from, maxLog))
		if err != nil {
			return nil, err
		}
		files = append(files, drivers.LogFile{Path: path, Text: text, Truncated: size-from > maxLog})
	}
	return files, nil
}

func (n *Node) logPaths() []string {
	var paths []string
	for _, s := range n.services {
		for _, f := range append([]string{stdoutLog(s.Name)}, s.Logs...) {
			if !slices.Contains(paths, f) {
				paths = append(paths, f)
			}
		}
	}
	return paths
}

func (n *Node) sizes(ctx context.Context, op string) (drivers.LogMark, error) {
	paths := n.logPaths()
	var script strings.Builder
	for i, f := range paths {
		fmt.Fprintf(&script, "[ -f %[1]s ] && echo \"%[2]d $(stat -c %%s %[1]s)\"\n", session.Quote(f), i)
	}
	script.WriteString("true")
	out, err := n.Control(ctx, op, script.String())
	if err != nil {
		return nil, err
	}
	m := drivers.LogMark{}
	for line := range strings.Lines(out) {
		i, size, ok := strings.Cut(strings.TrimSpace(line), " ")
		at, err := strconv.Atoi(i)
		bytes, err2 := strconv.ParseInt(size, 10, 64)
		if !ok || err != nil || err2 != nil || at < 0 || at >= len(paths) {
			return nil, n.Fail(op, fmt.Errorf("unexpected %q", line))
		}
		m[paths[at]] = bytes
	}
	return m, nil
}
