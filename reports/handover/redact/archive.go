package redact

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/reprise-lab/reprise/reports/handover/redact/packet"
)

// format is what a file is, by its content.
type format int

const (
	formatText format = iota + 1
	formatUTF16
	formatGzip
	formatZstd
	formatZip
	formatTar
	formatCapture
	formatBinary
)

// Bounds of what is unpacked.
const (
	maxDepth      = 6
	defaultMember = 256 << 20
)

var errTooBig = errors.New("a member is larger than the bound")

func formatOf(data []byte) format {
	has := func(magic string) bool { return bytes.HasPrefix(data, []byte(magic)) }
	switch {
	case has("\x1f\x8b"):
		return formatGzip
	case has("\x28\xb5\x2f\xfd"):
		return formatZstd
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return formatZip
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return formatTar
	case packet.IsCapture(data):
		return formatCapture
	case packet.IsText(data), isOneByteText(data):
		return formatText
	case has("\xff\xfe"), has("\xfe\xff"):
		if text, ok := fromUTF16(data); ok && packet.IsText(text) {
			return formatUTF16
		}
	}
	return formatBinary
}

// isOneByteText allows the letters of Latin-1 and Windows-1252, and torn UTF-8.
func isOneByteText(data []byte) bool {
	odd, high := 0, 0
	for _, c := range data {
		switch {
		case c == 0:
			return false
		case c >= utf8.RuneSelf:
			high++
		case c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != 0x1b && c != '\b' && c != '\a' && c != '\f':
			odd++
		}
	}
	return odd*50 <= len(data) && high*2 <= len(data)
}

// member is one file inside of an archive.
type member struct {
	name string
	data []byte
}

// readMember reads with a bound.
func readMember(r io.Reader, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, errTooBig
	}
	return data, nil
}

// members unpacks an archive or a compressed file.
func members(f format, data []byte, most int64) ([]member, error) {
	switch f {
	case formatGzip:
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		text, err := readMember(z, most)
		return []member{{z.Name, text}}, err
	case formatZstd:
		z, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		text, err := readMember(z, most)
		return []member{{"", text}}, err
	case formatTar:
		return tarMembers(data, most)
	case formatZip:
		return zipMembers(data, most)
	default:
		return nil, nil
	}
}

func tarMembers(data []byte, most int64) ([]member, error) {
	var list []member
	for t := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		text, err := readMember(t, most)
		if err != nil {
			return list, err
		}
		list = append(list, member{h.Name, text})
	}
}

func zipMembers(data []byte, most int64) ([]member, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	var list []member
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return list, err
		}
		text, err := readMember(r, most)
		if err = errors.Join(err, r.Close()); err != nil {
			return list, err
		}
		list = append(list, member{f.Name, text})
	}
	return list, nil
}

// repack makes the archive again with change applied to each member. A member for which
// change says false is left out.
func (r *Redactor) repack(f format, data []byte, change func(member) ([]byte, bool)) (out []byte, kept bool, err error) {
	var b bytes.Buffer
	switch f {
	case formatGzip, formatZstd:
		list, err := members(f, data, r.maxMember())
		if err != nil {
			return nil, false, err
		}
		text, ok := change(list[0])
		if !ok {
			return nil, false, nil
		}
		if f == formatGzip {
			return squeeze(text), true, nil
		}
		z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, false, err
		}
		if _, err = z.Write(text); err != nil {
			return nil, false, err
		}
		return finish(&b, z)
	case formatTar:
		w := tar.NewWriter(&b)
		for t := tar.NewReader(bytes.NewReader(data)); ; {
			h, err := t.Next()
			if errors.Is(err, io.EOF) {
				return finish(&b, w)
			}
			if err != nil {
				return nil, false, err
			}
			text, err := readMember(t, r.maxMember())
			if err != nil {
				return nil, false, err
			}
			text, ok := change(member{h.Name, text})
			if !ok && h.Typeflag == tar.TypeReg {
				continue
			}
			clean := tar.Header{
				Typeflag: h.Typeflag, Name: r.Words(h.Name), Linkname: r.Words(h.Linkname), Mode: h.Mode, ModTime: h.ModTime, Size: int64(len(text)),
			}
			if h.Typeflag != tar.TypeReg {
				clean.Size = 0
			}
			if err := w.WriteHeader(&clean); err != nil {
				return nil, false, err
			}
			if clean.Size > 0 {
				if _, err := w.Write(text); err != nil {
					return nil, false, err
				}
			}
		}
	case formatZip:
		return r.repackZip(&b, data, change)
	default:
	}
	return nil, false, fmt.Errorf("format %d is no archive", f)
}

func finish(b *bytes.Buffer, w io.Closer) ([]byte, bool, error) {
	if err := w.Close(); err != nil {
		return nil, false, err
	}
	return b.Bytes(), true, nil
}

func (r *Redactor) repackZip(b *bytes.Buffer, data []byte, change func(member) ([]byte, bool)) ([]byte, bool, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, false, err
	}
	list, err := zipMembers(data, r.maxMember())
	if err != nil {
		return nil, false, err
	}
	w := zip.NewWriter(b)
	for i, m := range list {
		text, ok := change(m)
		folder := len(m.name) > 0 && m.name[len(m.name)-1] == '/'
		if !ok && !folder {
			continue
		}
		f, err := w.CreateHeader(&zip.FileHeader{Name: r.Words(m.name), Method: z.File[i].Method, Modified: z.File[i].Modified})
		if err != nil {
			return nil, false, err
		}
		if !folder {
			if _, err := f.Write(text); err != nil {
				return nil, false, err
			}
		}
	}
	return finish(b, w)
}

func (r *Redactor) maxMember() int64 {
	if r.options.MaxMember > 0 {
		return r.options.MaxMember
	}
	return defaultMember
}
