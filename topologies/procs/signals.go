package procs

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sending is a signal that a process sent another, by their numbers on the machine.
type sending struct {
	from, to int
	signal   int
	at       time.Time
}

// signals hears of every signal that a process of the machine sends another and that may end it, by the kernel's tracepoint
// signal:signal_generate (include/trace/events/signal.h), whose records it finds in rings that the kernel fills
// (perf_event_open(2)). Nothing is left when its files are closed.
type signals struct {
	rings  []ring
	fields map[string]int // offsets of sig, code and pid in a record
}

// ring is what the kernel has written for one processor.
type ring struct {
	fd     int
	memory []byte
}

// ringPages are the pages of a ring beside its head: room for some five hundred signals between two processes' ends.
const ringPages = 16

// sentByProcesses chooses the signals that may end a process and come of a process's wish (si_code of kill(2), sigqueue(3), tgkill(2):
// 0 and less), but for those of pipes and alarms.
const sentByProcesses = "code <= 0 && sig < 17 && sig != 13 && sig != 14"

// tracefs are where the kernel shows its tracepoints.
func tracefs() []string { return []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"} }

// openSignals begins to hear. It takes the rights of root, or CAP_PERFMON and the right to read tracefs.
func openSignals() (s *signals, err error) {
	id, fields, err := tracepoint()
	if err != nil {
		return nil, err
	}
	cpus, err := online()
	if err != nil {
		return nil, err
	}
	s = &signals{fields: fields}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("listen to the kernel's tracepoint of signals: %w", err), s.close())
		}
	}()
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Sample: 1, Clockid: unix.CLOCK_MONOTONIC, Bits: unix.PerfBitUseClockID,
		Sample_type: unix.PERF_SAMPLE_TID | unix.PERF_SAMPLE_TIME | unix.PERF_SAMPLE_RAW,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	for _, cpu := range cpus {
		fd, err := unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
		if err != nil {
			return s, err
		}
		s.rings = append(s.rings, ring{fd: fd})
		r := &s.rings[len(s.rings)-1]
		if err := unix.IoctlSetString(fd, unix.PERF_EVENT_IOC_SET_FILTER, sentByProcesses); err != nil {
			return s, err
		}
		if r.memory, err = unix.Mmap(fd, 0, (1+ringPages)*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
			return s, err
		}
	}
	return s, nil
}

// tracepoint reads what the kernel calls it by, and where its fields lie.
func tracepoint() (id uint64, fields map[string]int, err error) {
	var data, format []byte
	for _, dir := range tracefs() {
		dir += "/events/signal/signal_generate/"
		if data, err = os.ReadFile(dir + "id"); err != nil {
			continue
		}
		if format, err = os.ReadFile(dir + "format"); err == nil {
			break
		}
	}
	if err != nil {
		return 0, nil, err
	}
	if id, err = strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64); err != nil {
		return 0, nil, err
	}
	fields = fieldsOf(string(format))
	for _, name := range []string{"sig", "code", "pid"} {
		if _, ok := fields[name]; !ok {
			return 0, nil, fmt.Errorf("the kernel's tracepoint of signals has no field %s", name)
		}
	}
	return id, fields, nil
}

// fieldsOf reads the offsets of a tracepoint's numbers of four bytes, as "field:int sig;	offset:8;	size:4;	signed:1;".
func fieldsOf(format string) map[string]int {
	fields := map[string]int{}
	for line := range strings.Lines(format) {
		parts := strings.Split(strings.TrimSpace(line), ";")
		if len(parts) < 3 || !strings.HasPrefix(parts[0], "field:") || strings.TrimSpace(parts[2]) != "size:4" {
			continue
		}
		words := strings.Fields(parts[0])
		if at, err := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(parts[1]), "offset:")); err == nil {
			fields[words[len(words)-1]] = at
		}
	}
	return fields
}

// online are the numbers of the machine's processors, which it lists as 0-3,6.
func online() (cpus []int, err error) {
	data, err := os.ReadFile("/sys/devices/system/cpu/online")
	if err != nil {
		return nil, err
	}
	for span := range strings.SplitSeq(strings.TrimSpace(string(data)), ",") {
		first, last, several := strings.Cut(span, "-")
		low, err := strconv.Atoi(first)
		high := low
		if err == nil && several {
			high, err = strconv.Atoi(last)
		}
		if err != nil {
			return nil, fmt.Errorf("read the machine's processors, %q: %w", span, err)
		}
		for cpu := low; cpu <= high; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func (s *signals) close() error {
	var errs []error
	for _, r := range s.rings {
		if r.memory != nil {
			errs = append(errs, unix.Munmap(r.memory))
		}
		errs = append(errs, unix.Close(r.fd))
	}
	s.rings = nil
	return errors.Join(errs...)
}

// hear gives what was sent since it was asked last, oldest first. lost says that the kernel had no room for some.
func (s *signals) hear() (sent []sending, lost bool) {
	for _, r := range s.rings {
		more, some := s.take(r)
		sent, lost = append(sent, more...), lost || some
	}
	slices.SortStableFunc(sent, func(a, b sending) int { return a.at.Compare(b.at) })
	return sent, lost
}

// Where things are in the first page of a ring (struct perf_event_mmap_page), and in a record that the flags of openSignals ask for.
const (
	atHead     = 1024
	atTail     = 1032
	recordHead = 8 // struct perf_event_header
	recordRaw  = recordHead + 8 + 8 + 4
)

// take reads a ring, up to where the kernel has written it.
func (s *signals) take(r ring) (sent []sending, lost bool) {
	head := (*uint64)(unsafe.Pointer(&r.memory[atHead])) //nolint:gosec // the kernel's page has it there
	tail := (*uint64)(unsafe.Pointer(&r.memory[atTail])) //nolint:gosec // likewise
	from, to := atomic.LoadUint64(tail), atomic.LoadUint64(head)
	if from == to {
		return nil, false
	}
	data := r.memory[os.Getpagesize():]
	bytes := make([]byte, 0, to-from)
	for at := from; at < to; {
		i := at % uint64(len(data))
		n := min(to-at, uint64(len(data))-i)
		bytes = append(bytes, data[i:i+n]...)
		at += n
	}
	atomic.StoreUint64(tail, to)
	ne, now, here := binary.NativeEndian, time.Now(), monotonic()
	for len(bytes) >= recordHead {
		kind, size := ne.Uint32(bytes), int(ne.Uint16(bytes[6:]))
		if size < recordHead || size > len(bytes) {
			return sent, true
		}
		record := bytes[:size]
		bytes = bytes[size:]
		switch {
		case kind == unix.PERF_RECORD_LOST:
			lost = true
		case kind == unix.PERF_RECORD_SAMPLE && size > recordRaw:
			sent = append(sent, s.read(record, now, here)...)
		}
	}
	return sent, lost
}

// read reads a record; none where a process sends itself a signal.
func (s *signals) read(record []byte, now time.Time, here int64) []sending {
	ne, raw := binary.NativeEndian, record[recordRaw:]
	word := func(b []byte) int { return int(int32(ne.Uint32(b))) } //nolint:gosec // numbers of 32 bits
	field := func(name string) int {
		if at := s.fields[name]; at+4 <= len(raw) {
			return word(raw[at:])
		}
		return 0
	}
	from, thread := word(record[recordHead:]), word(record[recordHead+4:])
	to := field("pid")
	if from == to || thread == to || to == 0 {
		return nil
	}
	passed := here - int64(ne.Uint64(record[recordHead+8:])) //nolint:gosec // nanoseconds since the machine began
	return []sending{{from: from, to: to, signal: field("sig"), at: now.Add(-time.Duration(max(passed, 0)))}}
}

// monotonic is the clock of the records, in nanoseconds.
func monotonic() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) // which every kernel has
	return t.Nano()
}

// soonAfter is how soon after a signal a process ends that ends of it: one that is dumping core, or that has a handler, takes a while.
const soonAfter = 10 * time.Second

// mostSent bounds the processes of whose signals is kept what they were.
const mostSent = 4096

// listen takes in what was sent. The caller holds mu.
func (w *Watcher) listen() {
	if w.signals == nil {
		return
	}
	sent, lost := w.signals.hear()
	if lost || len(w.sent) > mostSent {
		w.deaf = "signals came faster than they could be read, and some were lost"
		clear(w.sent)
	}
	for _, s := range sent {
		w.sent[s.to] = append(w.sent[s.to], s)
	}
}

// ender is the last signal that another process sent one that ends now, but for what has it for its child. The caller holds mu.
func (w *Watcher) ender(pid int, p *process, at time.Time) (sending, bool) {
	for _, s := range slices.Backward(w.sent[pid]) {
		if at.Sub(s.at) < soonAfter && (s.from != p.parent || p.parent == 0) {
			return s, true
		}
	}
	return sending{}, false
}

// tell adds who sent a process what may have ended it. The caller holds mu.
func (w *Watcher) tell(end *End, p *process, s sending) {
	from := w.processes[s.from]
	if from == nil {
		from = w.past[s.from]
	}
	end.Sent = s.signal
	if from == nil || from.container != p.container || !from.inside() {
		name := ""
		if st, err := readStatus(s.from); err == nil {
			name = " (" + st.name + ")"
		}
		end.Sender = fmt.Sprintf("process %d%s of the machine, outside of the node", s.from, name)
		return
	}
	end.Sender = fmt.Sprintf("%s (process %d)", cmp.Or(from.end.Name, from.end.By, "a process without a name"), from.end.PID)
	end.SenderPID = from.end.PID
}

// leave keeps a process that has ended for who asks what it sent. The caller holds mu.
func (w *Watcher) leave(pid int, p *process) {
	if len(w.lately) == mostSent {
		delete(w.past, w.lately[0])
		w.lately = w.lately[1:]
	}
	w.past[pid] = p
	w.lately = append(w.lately, pid)
}

// Hears says why not every signal is heard that a process sends another; empty where each is.
func (w *Watcher) Hears() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deaf
}

// endsByWish reports whether a signal ends processes and is raised by nobody's fault.
func endsByWish(signal int) bool {
	switch unix.Signal(signal) {
	case unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGKILL, unix.SIGUSR1, unix.SIGUSR2, unix.SIGTERM:
		return true
	default:
		return false
	}
}
