package bundle

import "fmt"

// Limits bound what is read. A zero field is the default.
type Limits struct {
	Entries    int   // files (200 000)
	FileBytes  int64 // of one file (8 GiB less one, which is the format's own bound)
	TotalBytes int64 // of all files (16 GiB)
	Manifest   int64 // of manifest.json (64 MiB)
	// Ratio bounds all files over the size of the bundle, where they are more than 1 GiB (1000).
	Ratio int64
}

const (
	maxFile       = 8<<30 - 1 // what the size field of a tar header holds
	maxSignature  = 64 << 10
	ratioFrom     = 1 << 30
	windowSize    = 4 << 20 // of the compression
	maxZip        = 1<<32 - 2
	maxZipEntries = 1<<16 - 2
)

func (l Limits) orDefault() Limits {
	if l.Entries == 0 {
		l.Entries = 200_000
	}
	if l.FileBytes == 0 {
		l.FileBytes = maxFile
	}
	if l.TotalBytes == 0 {
		l.TotalBytes = 16 << 30
	}
	if l.Manifest == 0 {
		l.Manifest = 64 << 20
	}
	if l.Ratio == 0 {
		l.Ratio = 1000
	}
	return l
}

// checkRatio compares what is announced with what is there.
func (l Limits) checkRatio(announced, packed int64) error {
	if announced > ratioFrom && announced/l.Ratio > packed {
		return &LimitError{fmt.Sprintf("it announces %d bytes in %d, which is more than %d to one", announced, packed, l.Ratio)}
	}
	return nil
}
