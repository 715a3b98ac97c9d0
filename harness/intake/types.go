package intake

import "time"

// Bounds of what is held at once.
const (
	// MaxAnswer is how many bytes of an answer are held, and given to a visitor.
	MaxAnswer = 8 << 20
	// MaxWhole is how many bytes of a part are held to ask whether it is whole.
	MaxWhole = 32 << 20
	// MaxCommands is how many commands of a file are listed; those beyond are counted.
	MaxCommands = 20_000
	// maxExamples is how many places of one kind are shown.
	maxExamples = 5
)

// Kind is what sort of text a part is. The zero value is what was not understood.
type Kind string

// Kinds.
const (
	TechSupport   Kind = "tech-support"
	SupportBundle Kind = "support-bundle"
	Session       Kind = "session" // a capture of a terminal, or answers by themselves
	Config        Kind = "config"
	Log           Kind = "log"
	Capture       Kind = "capture"
	Core          Kind = "core"
	Binary        Kind = "binary" // neither a text nor anything that is known
)

// Import is what files came to.
type Import struct {
	Files   []File   `json:"files"`
	Devices []Device `json:"devices"`
	Missing []Need   `json:"missing,omitempty"`
}

// File is one file as it was sent.
type File struct {
	Name   string  `json:"name"`
	Bytes  int64   `json:"bytes"`
	SHA256 string  `json:"sha256"`
	Packed string  `json:"packed,omitempty"` // gzip, zstd, bzip2, zip or tar
	Parts  []*Part `json:"parts"`
	// Error is why it was not read, or not further than its parts tell.
	Error string `json:"error,omitempty"`
}

// Part is what one device said on one occasion: a collection, a session, a configuration, a log.
type Part struct {
	Name     string   `json:"name,omitempty"` // of its file, within archives
	Kind     Kind     `json:"kind,omitempty"`
	Platform string   `json:"platform,omitempty"`
	Device   string   `json:"device,omitempty"`
	Hosts    []string `json:"hosts,omitempty"` // of a log in which several are named: no device is that of all
	Version  string   `json:"version,omitempty"`
	Model    string   `json:"model,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	Units    []string `json:"units,omitempty"` // of a stack

	Line   int   `json:"line,omitempty"` // that it begins at, from 1
	Offset int64 `json:"offset"`         // in bytes
	Lines  int   `json:"lines"`

	// Taken is the device's own time; Local where it names no zone, or only Zone, which is not known to be one alone, and
	// is taken for UTC. From says what tells it. Age is since then.
	Taken time.Time     `json:"taken,omitzero"`
	Local bool          `json:"local,omitempty"`
	Zone  string        `json:"zone,omitempty"`
	From  string        `json:"taken-from,omitempty"`
	Age   time.Duration `json:"age,omitempty"`
	// First and Last are of lines of logs in it, or of frames.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Frames is how many frames a capture has.
	Frames int `json:"frames,omitempty"`

	Commands []Command `json:"commands,omitempty"`
	// More is how many commands there are beyond MaxCommands.
	More int `json:"more-commands,omitempty"`
	// Cut is what is not whole, in words; Unknown why nobody can tell.
	Cut     []string `json:"cut,omitempty"`
	Unknown string   `json:"whole-unknown,omitempty"`
	// Digest is the SHA-256 of its text as it is read, in hexadecimal: the same for the same text in any file.
	Digest string `json:"-"`
	// SameAs is where the same text was before.
	SameAs         string   `json:"same-as,omitempty"`
	Contradictions []string `json:"contradictions,omitempty"`
	Cleaned        Cleaned  `json:"cleaned,omitzero"`
	// NotUnderstood counts the lines that no pattern explains, and shows some.
	NotUnderstood int     `json:"lines-not-understood,omitempty"`
	Examples      []Place `json:"examples,omitempty"`
}

// Cleaned counts what was taken out of a text.
type Cleaned struct {
	Colours     int `json:"colours,omitempty"`     // lines with sequences of a terminal
	Pagers      int `json:"pagers,omitempty"`      // lines with what a pager left
	Overwritten int `json:"overwritten,omitempty"` // lines that were written over
	Interleaved int `json:"interleaved,omitempty"` // lines of a log within other answers
	Long        int `json:"long,omitempty"`        // lines of which a part was left out
}

// Place is a line of a file.
type Place struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Status is how a command was answered.
type Status string

// Statuses.
const (
	Answered Status = "answered"
	Empty    Status = "empty"
	Refused  Status = "refused"
	Absent   Status = "absent" // of a slot that is not there
	CutOff   Status = "cut"    // it is not whole, or may not be: Cut says why
)

// Command is one command and where its answer stands.
type Command struct {
	Command string `json:"command"`
	// Implied tells that neither a line nor the name of the file names it: its answer is known by what it looks like.
	Implied bool   `json:"implied,omitempty"`
	Group   string `json:"group,omitempty"`
	Slot    string `json:"slot,omitempty"`
	Status  Status `json:"status"`
	Line    int    `json:"line"`   // of the first line of the answer, or the command's own
	Offset  int64  `json:"offset"` // of that line
	Lines   int    `json:"lines"`
	Bytes   int64  `json:"bytes"`
	// Again tells that the same command had the same answer before in the part.
	Again bool `json:"again,omitempty"`
	// Beyond is how many bytes of the answer are beyond MaxAnswer.
	Beyond int64 `json:"beyond,omitempty"`
	// Cut is why the answer is not whole, or nobody can tell: of what it does not list nothing is known.
	Cut string `json:"cut,omitempty"`
	// Half tells that the last line of the answer has no end.
	Half bool `json:"half-line,omitempty"`
}

// Device is what all parts of one device tell together.
type Device struct {
	Device   string   `json:"device"`
	Platform string   `json:"platform,omitempty"`
	Version  string   `json:"version,omitempty"`
	Model    string   `json:"model,omitempty"`
	Serial   string   `json:"serial,omitempty"`
	Units    []string `json:"units,omitempty"`
	Files    []string `json:"files"`
	Commands int      `json:"commands"`
	// Newest is the time of its newest part.
	Newest         time.Time `json:"newest,omitzero"`
	Contradictions []string  `json:"contradictions,omitempty"`
}

// Need is what a class of problem asks of a device and is not there.
type Need struct {
	Device   string   `json:"device"`
	Platform string   `json:"platform"`
	Class    string   `json:"class"`
	Commands []string `json:"commands"`
	// Refused are those of them that the device refused.
	Refused []string `json:"refused,omitempty"`
}
