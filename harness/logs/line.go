package logs

import (
	"strings"
	"time"
)

// Format names how a line is written.
type Format string

// Formats. The zero value is a line that none of them fits.
const (
	RFC5424    Format = "rfc5424"
	RFC3164    Format = "rfc3164"
	EMS        Format = "exos-ems"
	VOSS       Format = "voss"
	FRR        Format = "frr"
	BIRD       Format = "bird"
	OVS        Format = "ovs"
	Keepalived Format = "keepalived"
	LLDPD      Format = "lldpd"
	Kernel     Format = "kernel"
)

// Formats are all formats.
func Formats() []Format {
	return []Format{RFC5424, RFC3164, EMS, VOSS, FRR, BIRD, OVS, Keepalived, LLDPD, Kernel}
}

// Severity is that of syslog, one more, so that the zero value is none: a line that does not
// say how bad it is has [NoSeverity].
type Severity int

// Severities, the worst first.
const (
	NoSeverity Severity = iota
	Emergency
	Alert
	Critical
	Error
	Warning
	Notice
	Info
	Debug
)

var severityNames = [...]string{"", "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"} //nolint:gochecknoglobals // a table of names

// String implements fmt.Stringer; empty for none.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return ""
	}
	return severityNames[s]
}

// Line is one line of a log.
type Line struct {
	File   string
	Number int   // from 1
	Offset int64 // of its first byte in the file; in an unpacked one, where that was packed
	Raw    string
	Cut    int // bytes of the line beyond the bound, which Raw lacks

	Format Format
	// Time is the device's own. Where it names no zone that is known, the text is taken as UTC and Local
	// is set; zero where the line has none. A kernel's is the time since its start, in Since.
	Time     time.Time
	Local    bool
	Since    time.Duration
	Severity Severity
	Host     string
	Program  string // or module
	PID      string
	Mnemonic string // the vendor's own name of the message
	Text     string
	// Repeats is how often the message before it came once more, where the line says only that.
	Repeats int
	// Times is how often a line says that its own message came; 0 is once.
	Times int

	after time.Time // where Times is set: they came after it; zero where that is not known
}

// Parsed reports whether a format fits the line.
func (l *Line) Parsed() bool { return l.Format != "" }

// OfCard reports whether the line names a card of a switch of VOSS for its host, as CP1 and IO2, and no switch.
func (l *Line) OfCard() bool {
	card := strings.TrimRight(l.Host, "0123456789")
	return l.Format == VOSS && (card == "CP" || card == "IO")
}
