package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Format is how a file is packed, by its content.
type Format int

// Formats.
const (
	Plain Format = iota + 1 // not packed
	Gzip
	Zstd
	Bzip2
	Zip
	Tar
)

// formats are what packed files begin with; a tar file has it elsewhere. bzip2 begins its blocks,
// or its end, with digits of pi or of its root, so that no text that begins with BZh is one.
func formats() []magic {
	list := []magic{{"\x1f\x8b", Gzip}, {"\x28\xb5\x2f\xfd", Zstd}, {"PK\x03\x04", Zip}, {"PK\x05\x06", Zip}}
	for level := '1'; level <= '9'; level++ {
		for _, digits := range []string{"\x31\x41\x59\x26\x53\x59", "\x17\x72\x45\x38\x50\x90"} {
			list = append(list, magic{"BZh" + string(level) + digits, Bzip2})
		}
	}
	return list
}

type magic struct {
	bytes  string
	format Format
}

// Where a tar file has its magic (POSIX.1-1988, ustar).
const (
	tarMagicAt = 257
	tarMagic   = "ustar"
)

// FormatOf reports how a file is packed.
func FormatOf(data []byte) Format {
	for _, m := range formats() {
		if bytes.HasPrefix(data, []byte(m.bytes)) {
			return m.format
		}
	}
	if len(data) > tarMagicAt+len(tarMagic) && bytes.HasPrefix(data[tarMagicAt:], []byte(tarMagic)) {
		return Tar
	}
	return Plain
}

// Stream reports whether the format holds one file, which may have no name.
func (f Format) Stream() bool { return f == Gzip || f == Zstd || f == Bzip2 }

// Member is what one entry of an archive holds.
type Member struct {
	Name    string // as the archive has it; often empty in a stream
	Data    []byte
	Regular bool            // a file; else a folder, a link, a device
	Tar     *tar.Header     // of a tar archive
	Zip     *zip.FileHeader // of a zip archive
}

// Each unpacks one level of a file that lies depth levels deep, where zero is the file that
// came, and calls do with what is in it, one after the other. It ends at the first error.
func (u *Unpacker) Each(data []byte, depth int, do func(Member) error) error {
	f := FormatOf(data)
	if f != Plain && u.limits.Depth > 0 && depth >= u.limits.Depth {
		return fmt.Errorf("%w of %d", ErrDeep, u.limits.Depth)
	}
	r := bytes.NewReader(data)
	switch f {
	case Gzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			return broken(err)
		}
		return u.stream(z.Name, z, do)
	case Zstd:
		return u.zstandard(r, do)
	case Bzip2:
		return u.stream("", bzip2.NewReader(r), do)
	case Tar:
		return u.tar(r, do)
	case Zip:
		return u.zip(r, do)
	default:
		return nil
	}
}

func (u *Unpacker) stream(name string, r io.Reader, do func(Member) error) error {
	data, err := u.read(r, true)
	if err != nil {
		return err
	}
	return do(Member{Name: name, Data: data, Regular: true})
}

// maxWindow bounds how far back a stream of zstd may refer, in bytes: what zstd --long has, and
// what --ultra -22 has.
const maxWindow = 128 << 20

// zstandard reads a stream of zstd. The decoder is free again when do is called, which may come
// here with a stream in the stream.
func (u *Unpacker) zstandard(r io.Reader, do func(Member) error) error {
	if u.zstd == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return fmt.Errorf("make a decoder of zstd: %w", err)
		}
		u.zstd = z
	}
	if err := u.zstd.Reset(r); err != nil {
		return broken(err)
	}
	return u.stream("", u.zstd, do)
}

func (u *Unpacker) tar(r io.Reader, do func(Member) error) error {
	for archive := tar.NewReader(r); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(err)
		}
		regular := h.Typeflag == tar.TypeReg
		data, err := u.read(archive, regular)
		if err != nil {
			return err
		}
		if err := do(Member{Name: h.Name, Data: data, Regular: regular, Tar: h}); err != nil {
			return err
		}
	}
}

// zipEncrypted is a flag of a file (APPNOTE.TXT, 4.4.4).
const zipEncrypted = 1

func (u *Unpacker) zip(r *bytes.Reader, do func(Member) error) error {
	archive, err := zip.NewReader(r, r.Size())
	if errors.Is(err, zip.ErrFormat) { // its list of files is at its end
		return ErrCut
	}
	if err != nil {
		return broken(err)
	}
	for _, f := range archive.File {
		if f.Flags&zipEncrypted != 0 {
			return fmt.Errorf("%s in it is %w", f.Name, ErrEncrypted)
		}
		data, err := u.zipped(f)
		if err != nil {
			return err
		}
		if err := do(Member{Name: f.Name, Data: data, Regular: !f.FileInfo().IsDir(), Zip: &f.FileHeader}); err != nil {
			return err
		}
	}
	return nil
}

func (u *Unpacker) zipped(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, broken(err)
	}
	data, err := u.read(r, !f.FileInfo().IsDir())
	return data, errors.Join(err, r.Close())
}
