package redact

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/harness/unpack"
	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// format is what a file is, by its content.
type format int

const (
	formatText format = iota + 1
	formatUTF16
	formatPacked
	formatCapture
	formatBinary
)

// Bounds of what is unpacked of one file: how deep, how many members, and how many times the
// bound of one member all may have.
const (
	maxDepth      = 6
	maxMembers    = 100_000
	defaultMember = 256 << 20
	membersInAll  = 16
)

func formatOf(data []byte) format {
	switch {
	case unpack.FormatOf(data) != unpack.Plain:
		return formatPacked
	case packet.IsCapture(data):
		return formatCapture
	case unpack.IsText(data), unpack.IsOneByteText(data):
		return formatText
	}
	if text, _, ok := fromUTF16(data); ok && unpack.IsText(text) {
		return formatUTF16
	}
	return formatBinary
}

// isDocument tells a document of an office program, whose formats part its texts within words: of Office Open XML (ECMA-376,
// part 2, 7.2.3), OpenDocument (part 2, 3.3) and EPUB by a member, and of RTF by what it begins with.
func isDocument(data []byte) bool {
	if unpack.FormatOf(data) != unpack.Zip {
		return bytes.HasPrefix(data, []byte(`{\rtf`))
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	return err == nil && slices.ContainsFunc(z.File, func(f *zip.File) bool { // one that cannot be read is no archive either
		return strings.EqualFold(f.Name, "[Content_Types].xml") || f.Name == "mimetype"
	})
}

// nesting is where a file lies: how deep in archives, and what may still be unpacked of the one
// that came.
type nesting struct {
	u     *unpack.Unpacker
	depth int
}

// outermost is the place of a file that lies in none, for members of at most so many bytes.
func outermost(member int64) nesting {
	return nesting{u: unpack.New(unpack.Limits{Depth: maxDepth, Members: maxMembers, Size: membersInAll * member, Member: member})}
}

// deeper is the place of what lies in the file.
func (p nesting) deeper() nesting { return nesting{p.u, p.depth + 1} }

// last is the place of a part of the file that is looked into once more and no deeper.
func (p nesting) last() nesting { return nesting{p.u, maxDepth - 1} }

// each goes over what lies in an archive.
func (p nesting) each(data []byte, do func(unpack.Member) error) error {
	return p.u.Each(data, p.depth, do)
}

// repack makes the archive again with change applied to each member. A member for which
// change says false is left out; so is the only one of what is but compressed.
func (r *Redactor) repack(in nesting, data []byte, change func(unpack.Member) ([]byte, bool)) (out []byte, kept bool, err error) {
	var b bytes.Buffer
	var w io.Closer
	var put func(unpack.Member) error
	kept = true
	switch f := unpack.FormatOf(data); f {
	case unpack.Tar:
		w, put = r.repackTar(&b, change)
	case unpack.Zip:
		w, put = r.repackZip(&b, change)
	case unpack.Gzip:
		w, put = recompress(gzip.NewWriter(&b), change, &kept)
	case unpack.Zstd:
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, false, err
		}
		w, put = recompress(z, change, &kept)
	default:
		return nil, false, fmt.Errorf("format %d is not written", f)
	}
	if err := errors.Join(in.each(data, put), w.Close()); err != nil || !kept {
		return nil, false, err
	}
	return b.Bytes(), true, nil
}

// recompress writes the one member of a compressed file.
func recompress(w io.WriteCloser, change func(unpack.Member) ([]byte, bool), kept *bool) (io.Closer, func(unpack.Member) error) {
	return w, func(m unpack.Member) error {
		text, ok := change(m)
		if *kept = ok; !ok {
			return nil
		}
		_, err := w.Write(text)
		return err
	}
}

// repackTar writes members of tar, without what their heads say of their owners.
func (r *Redactor) repackTar(b *bytes.Buffer, change func(unpack.Member) ([]byte, bool)) (io.Closer, func(unpack.Member) error) {
	w := tar.NewWriter(b)
	return w, func(m unpack.Member) error {
		text, ok := change(m)
		if !ok && m.Regular {
			return nil
		}
		clean := tar.Header{
			Typeflag: m.Tar.Typeflag, Name: r.Words(m.Name), Linkname: r.Words(m.Tar.Linkname), Mode: m.Tar.Mode, ModTime: m.Tar.ModTime, Size: int64(len(text)),
		}
		if !m.Regular {
			clean.Size = 0
		}
		if err := w.WriteHeader(&clean); err != nil || clean.Size == 0 {
			return err
		}
		_, err := w.Write(text)
		return err
	}
}

// repackZip writes members of zip.
func (r *Redactor) repackZip(b *bytes.Buffer, change func(unpack.Member) ([]byte, bool)) (io.Closer, func(unpack.Member) error) {
	w := zip.NewWriter(b)
	return w, func(m unpack.Member) error {
		text, ok := change(m)
		if !ok && m.Regular {
			return nil
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: r.Words(m.Name), Method: m.Zip.Method, Modified: m.Zip.Modified})
		if err != nil || !m.Regular {
			return err
		}
		_, err = f.Write(text)
		return err
	}
}

func (r *Redactor) maxMember() int64 {
	if r.options.MaxMember > 0 {
		return r.options.MaxMember
	}
	return defaultMember
}
