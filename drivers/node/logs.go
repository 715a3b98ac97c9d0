package node

import (
	"context"
	"fmt"
	"regexp"
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

// syslogFile is where syslog.sh puts what programs send to syslog(3).
const syslogFile = "/var/log/reprise/syslog.log"

// onlySyslog names the lines of syslogFile that are in no other log.
const onlySyslog = "syslog-alone.log"

// LogsSince implements drivers.LogSource; of each file at most the newest MiB.
func (n *Node) LogsSince(ctx context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	now, err := n.sizes(ctx, "read logs")
	if err != nil {
		return nil, err
	}
	copies := n.copies()
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
		f := drivers.LogFile{Path: path, Text: text, Truncated: size-from > maxLog, Copy: slices.Contains(copies, path)}
		files = append(files, f)
		if path == syslogFile {
			f.Path, f.Text, f.Copy = onlySyslog, n.alone(text), false
			files = append(files, f)
		}
	}
	return files, nil
}

// alone leaves out the lines of syslog that a daemon of ours has sent, which it has in its
// own log too.
func (n *Node) alone(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(n.services, func(s Service) bool { return s.Own && sentBy(line, s.Name) }) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// sentBy reports whether a line of syslog is a program's: "2026-03-01 10:00:00 Mar  1
// 10:00:00 bird: …", the first stamp being the reader's.
func sentBy(line, program string) bool {
	i := strings.Index(line, " "+program)
	if i < 0 || i > len("2026-03-01 10:00:00 Mar  1 10:00:00") {
		return false
	}
	rest := line[i+1+len(program):]
	return strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "[")
}

// Unlogged implements drivers.LogTeller.
func (n *Node) Unlogged(ctx context.Context) (string, error) {
	var script strings.Builder
	script.WriteString("[ -s " + syslogFile + " ] && echo syslog\n")
	// Ours was started and is gone, stands still, or has lost its socket.
	script.WriteString(`if r=$(cat /run/reprise/syslog.reader 2>/dev/null); then
	grep -q '^State:.[RSD]' "/proc/$r/status" 2>/dev/null && [ -S /dev/log ] || echo deaf
fi
`)
	for i, s := range n.services {
		fmt.Fprintf(&script, "if p=$(cat /run/reprise/%s.pid 2>/dev/null); then\n", s.Name)
		if s.Own && len(s.Logs) > 0 {
			// Where its files cannot be looked at, nothing is said.
			fmt.Fprintf(&script, "\tl=$(ls -l /proc/$p/fd 2>/dev/null) && case $l in *'-> '*) case $l in *%[1]s' (deleted)'*) echo closed %[2]d;; *%[1]s*) ;; *) echo closed %[2]d;; esac;; esac\n", session.Quote(s.Logs[0]), i)
		} else {
			files := append([]string{stdoutLog(s.Name)}, s.Logs...)
			for k, f := range files {
				files[k] = "[ -s " + session.Quote(f) + " ]"
			}
			fmt.Fprintf(&script, "\t%s || echo silent %d\n", strings.Join(files, " || "), i)
		}
		if s.Quiet != "" {
			fmt.Fprintf(&script, "\tq=$(%s\n) && [ -n \"$q\" ] && printf '\\nquiet %d %%s\\n' \"$q\"\n", s.Quiet, i)
		}
		script.WriteString("fi\n")
	}
	script.WriteString("true")
	out, err := n.Control(ctx, "look at what is logged", script.String())
	if err != nil {
		return "", err
	}
	quiet := map[int]string{}
	for _, m := range regexp.MustCompile(`(?m)^quiet (\d+) (.*)$`).FindAllStringSubmatch(out, -1) {
		if i, err := strconv.Atoi(m[1]); err == nil {
			quiet[i] = m[2]
		}
	}
	said := strings.Fields(out)
	if slices.Contains(said, "deaf") {
		return "what read /dev/log for us has ended, or the socket is gone", nil
	}
	for i, s := range n.services {
		var state string
		for k := 0; k+1 < len(said); k++ {
			if said[k+1] == strconv.Itoa(i) {
				state = said[k]
			}
		}
		switch {
		case s.Elsewhere != "":
			return s.Name + " " + s.Elsewhere, nil
		case quiet[i] != "":
			return s.Name + " does not log everything: " + quiet[i], nil
		case state == "closed":
			return fmt.Sprintf("%s does not log to %s any more", s.Name, s.Logs[0]), nil
		case state == "silent" && !slices.Contains(said, "syslog"):
			return s.Name + " has logged nothing since it started, neither by printing nor to syslog", nil
		}
	}
	if len(n.services) == 0 && !slices.Contains(said, "syslog") {
		return "no daemon of this node logs anywhere that is read: it runs no services, and nothing came to syslog", nil
	}
	return "", nil
}

func (n *Node) logPaths() []string {
	paths := []string{}
	for _, s := range n.services {
		for _, f := range append(append([]string{stdoutLog(s.Name)}, s.Logs...), s.Copies...) {
			if !slices.Contains(paths, f) {
				paths = append(paths, f)
			}
		}
	}
	return append(paths, syslogFile)
}

// copies are the log files whose lines are in others too.
func (n *Node) copies() []string {
	all := []string{syslogFile}
	for _, s := range n.services {
		all = append(all, s.Copies...)
	}
	return all
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
