package evidence

import "fmt"

// CoreQuality says how much of the way into a crash a [Core] knows. The zero value is invalid.
type CoreQuality string

// Qualities, from most to least.
const (
	// CoreFull is a stack that was unwound to its first frame.
	CoreFull CoreQuality = "full"
	// CorePartial is one whose unwinding stopped on the way: of its frames only the innermost is sure.
	CorePartial CoreQuality = "partial"
	// CorePlace is the place of the crash alone, for want of the program's files or of a debugger.
	CorePlace CoreQuality = "place"
	// CoreNone is a file that tells no place.
	CoreNone CoreQuality = "none"
)

// String is the quality for people.
func (q CoreQuality) String() string {
	switch q {
	case CoreFull:
		return "the whole stack"
	case CorePartial:
		return "a part of the stack"
	case CorePlace:
		return "the place alone"
	case CoreNone:
		return "no place"
	default:
		return "quality not known"
	}
}

// Core is what a core file tells of the end of a process: what its ELF notes say (elf(5), core(5)), and
// the stack of the thread that ended it where that could be unwound. Nothing of the process's memory is
// in it, and no argument of its command line.
type Core struct {
	File    string `json:"file"`
	Size    int64  `json:"size"` // bytes, unpacked
	Machine string `json:"machine"`
	Process string `json:"process,omitempty"` // as the kernel calls it, at most 15 bytes
	PID     int    `json:"pid,omitempty"`
	// Signal is the signal that ended it, and Code why it was sent (si_code of sigaction(2)), where the
	// file tells it.
	Signal string `json:"signal,omitempty"`
	Code   string `json:"code,omitempty"`
	// Threads is how many threads the process had. Thread is the one that was given the signal.
	Threads int          `json:"threads"`
	Thread  int          `json:"thread,omitempty"`
	Frames  []CoreFrame  `json:"frames,omitempty"` // of Thread, innermost first
	Modules []CoreModule `json:"modules,omitempty"`
	Quality CoreQuality  `json:"quality"`
	// Signature is the same for two crashes of one cause, and another for those of two: a hash of the
	// signal, the process and up to five frames that tell anything. Loose is that of the place of the first of
	// them alone, which is the same with a debugger and without. Both are empty where the file tells no place.
	Signature string `json:"signature,omitempty"`
	Loose     string `json:"loose,omitempty"`
	// Title says in words what Signature is made of: "SIGSEGV in bgp_attr_parse | bgp_update_receive".
	Title string `json:"title,omitempty"`
	// Cut says that the file ends before what it promises.
	Cut bool `json:"cut,omitempty"`
	// Missing says what could not be known, and why.
	Missing []string `json:"missing,omitempty"`
}

// CoreFrame is one frame of a stack. Function is empty where no symbol covers it, and Module then
// says where it is.
type CoreFrame struct {
	Function string `json:"function,omitempty"`
	Source   string `json:"source,omitempty"` // file and line, where there were debugging symbols
	Module   string `json:"module,omitempty"` // base name of the file
	// Offset is the address in the module's own numbers, as addr2line(1) takes it.
	Offset uint64 `json:"offset,omitempty"`
	// Signal marks the frame that the kernel put there to run a handler of the signal.
	Signal bool `json:"signal,omitempty"`
}

// String is the frame for people, as debuggers show one.
func (f CoreFrame) String() string {
	if f.Signal {
		return "(the handler of the signal was called)"
	}
	words := f.Function
	if words == "" {
		words = "??"
	}
	switch {
	case f.Source != "":
		return words + " at " + f.Source
	case f.Module != "":
		return fmt.Sprintf("%s in %s+%#x", words, f.Module, f.Offset)
	default:
		return fmt.Sprintf("%s at %#x, in no module", words, f.Offset)
	}
}

// CoreModule is a program or library that was mapped.
type CoreModule struct {
	Path    string `json:"path"`
	BuildID string `json:"build-id,omitempty"` // NT_GNU_BUILD_ID, in hexadecimal digits
}
