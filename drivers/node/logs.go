package node

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/reprise-lab/reprise/drivers"
	"github.com/reprise-lab/reprise/drivers/session"
)

// MarkLogs implements drivers.LogSource.
func (n *Node) MarkLogs(ctx context.Context) (drivers.LogMark, error) {
	times := drivers.LogMark{} // asked first: no line that comes behind the mark is of before, however fast the node's clock runs
	if err := n.markTime(ctx, times); err != nil {
		return nil, err
	}
	m, err := n.sizes(ctx, "mark logs")
	if err != nil {
		return nil, err
	}
	maps.Copy(m, times)
	var marked []string
	for _, path := range n.logPaths() {
		if m[path] > 0 {
			marked = append(marked, path)
		}
	}
	sums, err := n.sums(ctx, marked, m)
	if err != nil {
		return nil, err
	}
	var last []piece
	for i, path := range marked {
		m[sumOf(path)] = sums[i]
		size := min(m[path], mostKnown)
		last = append(last, piece{path: path, from: m[path] - size, size: size})
	}
	texts, err := n.read(ctx, last)
	if err != nil {
		return nil, err
	}
	for i, path := range marked {
		for line := range timed(texts[i]) {
			m[lineOf(path, line)] = 1
		}
	}
	return m, nil
}

// mostKnown bounds what a mark knows of a file's lines, in bytes: its last ones.
const mostKnown = 64 << 10

// lineOf is the key of a mark that tells that a file had a line.
func lineOf(path, line string) string {
	h := fnv.New64a()
	_, _ = io.WriteString(h, line)
	return fmt.Sprintf("line %x of %s", h.Sum64(), path)
}

// clock is a time of day.
var clock = regexp.MustCompile(`\d\d:\d\d:\d\d`)

// timed are the lines of a log that have a time of day where logs have it.
func timed(text string) iter.Seq[string] {
	const where = 48 // behind a date, and the head of syslog
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if line = strings.TrimRight(line, "\r\n"); clock.MatchString(line[:min(len(line), where)]) && !yield(line) {
				return
			}
		}
	}
}

// syslogFile is where syslog.sh puts what programs send to syslog(3).
const syslogFile = "/var/log/reprise/syslog.log"

// onlySyslog names the lines of syslogFile that are in no other log.
const onlySyslog = "syslog-alone.log"

// inodeOf is the key of a mark that tells which file a path was, beside how long it was.
func inodeOf(path string) string { return "inode of " + path }

// sumOf is the key of a mark that tells what a file had right before it, by a sum.
func sumOf(path string) string { return "sum of " + path }

// mostSummed bounds what a mark knows of a file's text, in bytes: its last ones.
const mostSummed = 4096

// sums are of what files had right before a mark, in their order.
func (n *Node) sums(ctx context.Context, paths []string, m drivers.LogMark) ([]int64, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	var script strings.Builder
	for _, path := range paths {
		size := min(m[path], mostSummed)
		fmt.Fprintf(&script, "tail -c +%d %s 2>/dev/null | head -c %d | cksum\n", m[path]-size+1, session.Quote(path), size)
	}
	out, err := n.Control(ctx, "sum up logs", script.String())
	if err != nil {
		return nil, err
	}
	var sums []int64
	for line := range strings.Lines(out) {
		sum, _, _ := strings.Cut(line, " ")
		v, err := strconv.ParseInt(sum, 10, 64)
		if err != nil {
			return nil, n.Fail("sum up logs", fmt.Errorf("unexpected %q", line))
		}
		sums = append(sums, v)
	}
	if len(sums) != len(paths) {
		return nil, n.Fail("sum up logs", fmt.Errorf("%d sums of %d files", len(sums), len(paths)))
	}
	return sums, nil
}

// rewritten marks what is longer than at the mark and does not go on from there: files that were cut, and have
// grown beyond the mark since, as by copytruncate.
func (n *Node) rewritten(ctx context.Context, news []piece, m drivers.LogMark) error {
	var paths []string
	var at []int
	for i, p := range news {
		if _, summed := m[sumOf(p.path)]; summed && !p.lost {
			paths, at = append(paths, p.path), append(at, i)
		}
	}
	sums, err := n.sums(ctx, paths, m)
	if err != nil {
		return err
	}
	for k, i := range at {
		if p := &news[i]; sums[k] != m[sumOf(p.path)] {
			p.from, p.size, p.lost = 0, p.from+p.size, true
		}
	}
	return nil
}

// LogsSince implements drivers.LogSource; of each file at most the newest MiB. One that is another than at
// the mark, was cut, or is gone may have had lines that nobody can read any more: it is marked Truncated. It
// may also have lines of before the mark, as one that sed -i wrote, or that was cut to its last lines: it is marked
// Anew.
func (n *Node) LogsSince(ctx context.Context, m drivers.LogMark) ([]drivers.LogFile, error) {
	now, err := n.sizes(ctx, "read logs")
	if err != nil {
		return nil, err
	}
	var news []piece
	for _, path := range n.logPaths() {
		size, there := now[path]
		from, marked := m[path]
		lost := marked && (now[inodeOf(path)] != m[inodeOf(path)] || size < from)
		if lost {
			from = 0
		}
		if lost || there && size > from {
			news = append(news, piece{path: path, from: from, size: size - from, lost: lost})
		}
	}
	if err := n.rewritten(ctx, news, m); err != nil {
		return nil, err
	}
	texts, err := n.read(ctx, news)
	if err != nil {
		return nil, err
	}
	copies := n.copies()
	var own []string
	for i, p := range news {
		if !slices.Contains(copies, p.path) {
			own = append(own, texts[i])
		}
	}
	var files []drivers.LogFile
	for i, p := range news {
		var again, older []string
		for line := range timed(texts[i]) {
			switch {
			case m[lineOf(p.path, line)] != 0:
				again = append(again, line)
			case outdated(line, m):
				older = append(older, line)
			}
		}
		f := drivers.LogFile{Again: again, Older: older, Path: p.path, Text: texts[i], Truncated: p.lost || p.size > maxLog, Anew: p.lost, Copy: slices.Contains(copies, p.path)}
		files = append(files, f)
		if p.path == syslogFile {
			f.Path, f.Text, f.Copy = onlySyslog, n.alone(texts[i], own), false
			files = append(files, f)
		}
	}
	return files, nil
}

// piece is what a log file has gained.
type piece struct {
	path       string
	from, size int64
	lost       bool // it does not go on from the mark: what there was since is not known, nor which of its lines are older
}

// command prints it, or the newest of it.
func (p piece) command() string {
	if p.size == 0 {
		return ":"
	}
	return fmt.Sprintf("tail -c +%[2]d %[1]s | head -c %[3]d | tail -c %[4]d", session.Quote(p.path), p.from+1, p.size, maxLog)
}

// read reads pieces of logs: small ones in one exchange, where each is as long as it should be, and
// else one by one.
func (n *Node) read(ctx context.Context, pieces []piece) ([]string, error) {
	texts := make([]string, len(pieces))
	var all int64
	var commands []string
	for _, p := range pieces {
		all += p.size
		commands = append(commands, p.command())
	}
	if len(pieces) > 1 && all <= maxLog/2 {
		out, err := n.Control(ctx, "read logs", strings.Join(commands, "\n"))
		if err == nil && int64(len(out)) == all {
			for i, p := range pieces {
				texts[i], out = out[:p.size], out[p.size:]
			}
			return texts, nil
		}
	}
	for i, p := range pieces {
		var err error
		if texts[i], err = n.Control(ctx, "read "+p.path, p.command()); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// alone leaves out the lines of syslog that a daemon of ours has sent and has in its own log too, by what the logs have gained. A
// line of its name that none of them has is kept: the daemon sent it to syslog only, or another program did under that name.
func (n *Node) alone(text string, logs []string) string {
	sent := map[string]int{} // how often a daemon's message is in its log
	for line := range strings.Lines(text) {
		if said, ours := n.sentByOurs(line); ours {
			sent[said] = 0
		}
	}
	if len(sent) == 0 {
		return text
	}
	for _, log := range logs {
		countTails(sent, log)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if said, ours := n.sentByOurs(line); ours && sent[said] > 0 {
			sent[said]--
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

// countTails counts the lines of a log that end with a message, each once. A daemon writes another head into its own log
// (a time, a level, a name) than into syslog, so that every word of it may be the last.
func countTails(sent map[string]int, log string) {
	const mostHead = 64 // "2026/03/01 10:00:00.000000 OSPF: ", "2026-03-01 10:00:00.000 [0001] <INFO> "
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		for i := range min(len(line), mostHead) {
			if i > 0 && line[i-1] != ' ' && line[i-1] != '|' {
				continue
			}
			if _, asked := sent[line[i:]]; asked {
				sent[line[i:]]++
				break
			}
		}
	}
}

// sentByOurs gives what a daemon of ours has said in a line of syslog. Open vSwitch sends a word of its own before.
func (n *Node) sentByOurs(line string) (said string, ours bool) {
	for _, s := range n.services {
		if said, ours = sentBy(line, s.Name); ours && s.Own {
			return strings.TrimPrefix(said, "ovs|"), true
		}
	}
	return "", false
}

// sentBy gives what a program has said in a line of syslog, where it is its: "2026-03-01 10:00:00 Mar  1
// 10:00:00 bird: …", the first stamp being the reader's.
func sentBy(line, program string) (said string, its bool) {
	i := strings.Index(line, " "+program)
	if i < 0 || i > len("2026-03-01 10:00:00 Mar  1 10:00:00") {
		return "", false
	}
	rest := line[i+1+len(program):]
	if !strings.HasPrefix(rest, ":") && !strings.HasPrefix(rest, "[") {
		return "", false
	}
	_, said, _ = strings.Cut(rest, ":")
	return strings.TrimSpace(said), true
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
		if s.Own && len(s.Logs) > 0 {
			fmt.Fprintf(&script, byHand, session.Quote(s.Name[:min(len(s.Name), mostComm)]), session.Quote(s.Logs[0]), i)
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

// byHand tells of a daemon of ours that is not the one we have started, which has ended, whether it logs where that did.
const byHand = `else
	for c in /proc/[0-9]*/comm; do
		{ read -r x <"$c"; } 2>/dev/null && [ "$x" = %[1]s ] || continue
		l=$(ls -l "${c%%comm}fd" 2>/dev/null) && case $l in *%[2]s' (deleted)'*) echo closed %[3]d;; *%[2]s*) ;; *'-> '*) echo closed %[3]d;; esac
	done
`

// mostComm is how much of a process's name the kernel keeps (proc(5)).
const mostComm = 15

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
	script.WriteString("set --\n")
	for _, f := range paths {
		fmt.Fprintf(&script, "[ -f %[1]s ] && set -- \"$@\" %[1]s\n", session.Quote(f))
	}
	script.WriteString("[ $# -eq 0 ] || stat -c '%s %i %n' \"$@\"")
	out, err := n.Control(ctx, op, script.String())
	if err != nil {
		return nil, err
	}
	m := drivers.LogMark{}
	for line := range strings.Lines(out) {
		words := strings.SplitN(strings.TrimRight(line, "\n"), " ", 3)
		if len(words) < 3 || !slices.Contains(paths, words[2]) {
			return nil, n.Fail(op, fmt.Errorf("unexpected %q", line))
		}
		bytes, err := strconv.ParseInt(words[0], 10, 64)
		inode, ierr := strconv.ParseInt(words[1], 10, 64)
		if err != nil || ierr != nil {
			return nil, n.Fail(op, fmt.Errorf("unexpected %q", line))
		}
		m[words[2]], m[inodeOf(words[2])] = bytes, inode
	}
	return m, nil
}
